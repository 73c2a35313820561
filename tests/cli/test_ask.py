"""`nimdoctor ask`: what is still needed, as a mail."""

import re
import shutil
import subprocess


def test_what_is_missing_is_a_mail_with_each_command_once(doctor, evidence, niminfo):
    ended = doctor("ask", evidence({"/etc/niminfo": niminfo}))
    assert (ended.status, ended.err) == (0, "")
    commands = re.findall(r"(?m)^    ([a-z]+ .*)$", ended.out)
    assert len(commands) == len(set(commands)) and {"lssrc -a", "cat /etc/services"} <= set(commands)
    assert "nimdoctor collect" in ended.out and "nimdoctor collect --script" in " ".join(ended.out.split())
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "INCONCLUSIVE" not in ended.out


def test_what_the_mail_has_a_shell_do_is_read_as_it_stands(doctor, evidence, niminfo):
    out = doctor("ask", evidence({"/etc/niminfo": niminfo})).out
    script = out[out.index("    (\n") : out.index("2>&1")] + "2>&1"
    shell = shutil.which("ksh") or shutil.which("sh")
    assert subprocess.run([shell, "-n", "-c", script], timeout=20).returncode == 0


def test_private_keys_are_not_asked_for(doctor, evidence, niminfo):
    out = doctor("ask", evidence({"/etc/niminfo": niminfo})).out
    assert not re.search(r"cat /ssl_nimsh", out)
    assert "sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' /ssl_nimsh/certs/*" in out


def test_only_a_push_is_asked_for_where_only_a_push_can_tell(doctor, hosts):
    out = doctor("ask", hosts / "stale-ssl-libs" / "client").out
    assert "nim -o lslpp lpar7" in out and "set -x" not in out


def test_where_nothing_is_missing_the_other_end_is_named(doctor, hosts):
    ended = doctor("ask", hosts / "healthy" / "client")
    assert ended.status == 0 and ended.out.startswith("Nothing more is needed of lpar7")
    assert "--master" in ended.out


def test_a_target_that_cannot_be_read_is_2(doctor, tmp_path):
    ended = doctor("ask", tmp_path / "none")
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.said) == 1
