"""The report for people: what stands first, what is quoted, and what a terminal is sent."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CHECKS

REPOSITORY = Path(__file__).resolve().parents[2]
HANG = (REPOSITORY / "fixtures" / "logs" / "hang.log").read_bytes()
LOG = "/var/adm/ras/nimsh.log"
NOT_EXPOSED = ("--skip", "nim-vulnerable", "--skip", "openssl-unsupported")
"""AIX 7.1 never got the fixes of NIM, and OpenSSL 1.0.2 has no support: every host of the fixtures is exposed."""


def fields(out):
    """The head of a report: field to words, its verdict line as `verdict`."""
    head = out.split("\n\n")[0].splitlines()
    found, last = {"verdict": head[0]}, ""
    for line in head[1:]:
        match = re.match(r"([A-Z][a-z]+): +(.*)", line)
        if match:
            last = match.group(1)
            found[last] = match.group(2)
        else:
            found[last] += " " + line.strip()
    return found


def test_the_first_lines_are_the_verdict_the_cause_the_next_command_and_whom_it_touches(doctor, hosts):
    scenario = hosts / "create-bio-hang"
    ended = doctor("scan", scenario / "client", "--master", scenario / "master", *NOT_EXPOSED)
    head = fields(ended.out)
    assert list(head) == ["verdict", "Host", "Cause", "Next", "Touches", "Changed"]
    assert head["verdict"] == f"PROBLEMS ({CHECKS - 2} of {CHECKS} checks asked): 1 critical problem"
    assert "lpar7" in head["Host"] and "nim1" in head["Host"]
    assert "create-bio-hang" in head["Cause"]
    first, then = head["Next"].index("on the master nim1: "), head["Next"].index("then on the client lpar7: ")
    assert first < head["Next"].index("nimconfig -C") < then < head["Next"].index("nimclient -C")
    assert head["Touches"] == "2 other hosts"
    assert "nim1: openssl.base 1.0.2.2002 installed 2025-03-12 22:10" in head["Changed"]
    for event in ("last good push 2025-03-10", "first failure 2025-03-14"):
        assert event in head["Changed"]
    # openssl.base of the client is older than the last good push
    assert "1.0.2.1800" not in head["Changed"]


def test_a_healthy_host_is_told_so_with_nothing_to_do(doctor, hosts):
    head = fields(doctor("scan", hosts / "healthy" / "client", *NOT_EXPOSED).out)
    assert head["verdict"] == f"HEALTHY ({CHECKS - 2} of {CHECKS} checks asked)"
    assert head["Next"] == "nothing to do"
    assert "Touches" not in head


def test_a_low_finding_leaves_a_host_healthy_and_says_what_to_do(doctor, hosts):
    ended = doctor("scan", hosts / "rhosts-left-over" / "client", *NOT_EXPOSED)
    head = fields(ended.out)
    assert (ended.status, head["verdict"]) == (0, f"HEALTHY ({CHECKS - 2} of {CHECKS} checks asked): 1 low problem")
    assert head["Next"] != "nothing to do"


def test_what_is_open_to_others_stands_in_the_first_line_and_in_a_section_of_its_own(doctor, hosts):
    ended = doctor("scan", hosts / "rhosts-left-over" / "client", "--all")
    first = "HEALTHY, BUT EXPOSED: 1 low problem; 10 known vulnerabilities are open, the worst 10.0"
    assert (ended.status, " ".join(ended.out.split("\nHost:")[0].split())) == (0, first)
    operation, _, exposures = ended.out.partition("\n\nExposures: 10 known vulnerabilities are open, the worst 10.0\n")
    assert "1. LOW rhosts-left-over" in operation and "nim-vulnerable" not in operation
    assert exposures.index("2. HIGH nim-vulnerable") < exposures.index("3. LOW openssl-unsupported")
    table = exposures.partition("\nOutcome ")[2]
    assert table.index("rhosts-left-over") < table.index("create-bio-hang") < table.index("nim-vulnerable")


def test_an_exposure_that_is_not_known_is_told_in_that_section_and_moves_nothing(doctor, evidence, hosts):
    place = evidence({"/etc/niminfo": (hosts / "healthy/client/files/etc/niminfo").read_text()})
    ended = doctor("scan", place, "--all")
    section, _, undecided = ended.out.partition("\n\nExposures\n")[2].partition("\n\nCould not be checked\n")
    assert "- low nim-vulnerable, openssl-unsupported on lpar7 (client): lslpp -lc was not collected" in " ".join(
        section.split()
    )
    assert "nim-vulnerable" not in undecided.partition("\nWhat to send")[0]
    results = doctor("scan", place, json=True).report["results"]
    number = sum(1 for one in results if one["outcome"] == "unknown" and one["topic"] == "operation")
    assert fields(ended.out)["verdict"] == f"INCONCLUSIVE: {number} checks undecided"


def test_an_inconclusive_report_says_what_would_settle_it(doctor, evidence, niminfo):
    out = doctor("scan", evidence({"/etc/niminfo": niminfo})).out
    head = fields(out)
    assert head["verdict"].startswith("INCONCLUSIVE")
    wanted = out.partition("\nWhat to send\n")[2]
    assert f"\n      cat {LOG}  " in wanted and "What to send" in head["Next"]
    assert re.search(r"(?m)^      lssrc -a +# nimsh-inactive, port-taken", wanted)


def test_the_quoted_line_stands_there_with_its_file_and_number(doctor, hosts):
    out = doctor("scan", hosts / "create-bio-hang" / "client").out
    assert f"{LOG} line 58: Fri Mar 14 12:05:04 2025 create BIO" in out


def test_each_finding_says_what_is_wrong_what_it_breaks_and_what_to_do(doctor, hosts):
    out = doctor("scan", hosts / "create-bio-hang" / "client", "--all").out
    finding = out[out.index("1. CRITICAL create-bio-hang") :]
    for field in ("Wrong:", "Breaks:", "Cause:", "Evidence:", "Do:", "Read:"):
        assert f"\n   {field}" in finding
    assert "isg3T1024615" in finding


def test_a_finding_leaves_out_what_the_first_lines_say_of_it(doctor, hosts):
    out = doctor("scan", hosts / "create-bio-hang" / "client").out
    head, _, finding = out.partition("\n\n1. CRITICAL create-bio-hang")
    finding = finding.partition("\n\n")[0]
    for field in ("Wrong:", "Breaks:", "Evidence:", "Read:"):
        assert f"\n   {field}" in finding
    for field in ("Cause:", "Next:"):
        assert f"\n{field}" in head
    for field in ("Cause:", "Do:", "Run:", "Fix:"):
        assert f"\n   {field}" not in finding


def test_the_table_has_a_row_for_every_result(doctor, hosts):
    words = ["scan", hosts / "create-bio-hang" / "client", "--master", hosts / "create-bio-hang" / "master"]
    table = doctor(*words, "--all").out.split("\n---")[-1]
    for result in doctor(*words, json=True).report["results"]:
        outcome = "n/a" if result["outcome"] == "not-applicable" else result["outcome"]
        row = rf"(?m)^{outcome} +{result['severity']} +{result['check']} +{result['where']} "
        assert re.search(row, table), result["check"]


def test_three_hundred_clients_are_one_finding_and_few_lines(doctor, hosts):
    out = doctor("scan", hosts / "rsh-many" / "master", *NOT_EXPOSED).out
    assert len(re.findall(r"(?m)^\d+\. ", out)) == 1
    assert "more lines" in out and len(out.splitlines()) < 40
    # one row an entry, whatever the number of clients
    table = doctor("scan", hosts / "rsh-many" / "master", *NOT_EXPOSED, "--all").out.partition("\nOutcome ")[2]
    results = json.loads(doctor("scan", hosts / "rsh-many" / "master", *NOT_EXPOSED, "--format", "json").out)["results"]
    assert len(re.findall(r"(?m)^(?:fail|pass|unknown|n/a) ", table)) == len(results)


# -- terminals


def test_nothing_but_printable_ascii_is_sent_to_what_is_no_terminal(doctor, installed, hosts):
    sent = {
        f"{scenario} {end}": doctor("scan", hosts / scenario / end).out
        for scenario in ("healthy", "create-bio-hang", "french-master", "rsh-many")
        for end in ("client", "master")
    }
    sent["through a pipe"] = installed("scan", hosts / "french-master" / "master").out
    for name, out in sent.items():
        assert out and not re.sub(r"[\n\x20-\x7e]", "", out), name


def on_a_terminal(words, **environment):
    """What arrives at a terminal, and the exit status."""
    main, secondary = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "PYTHONIOENCODING")}
    process = subprocess.Popen(
        [sys.executable, "-m", "nimdoctor", *map(str, words)],
        stdin=secondary,
        stdout=secondary,
        stderr=subprocess.PIPE,
        env={**kept, "TERM": "xterm", **environment},
        cwd=REPOSITORY,
    )
    os.close(secondary)
    seen = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    os.close(main)
    process.stderr.close()
    return process.wait(30), seen


def test_a_terminal_gets_colour(hosts):
    status, seen = on_a_terminal(["scan", hosts / "create-bio-hang" / "client"])
    assert status == 1
    assert seen.startswith(b"\x1b[1m\x1b[31mPROBLEMS\x1b[0m")


def test_no_color_is_obeyed(hosts):
    assert b"\x1b" not in on_a_terminal(["scan", hosts / "create-bio-hang" / "client"], NO_COLOR="1")[1]


def test_json_has_no_colour_on_a_terminal(hosts):
    assert b"\x1b" not in on_a_terminal(["scan", hosts / "healthy" / "client", "--format", "json"])[1]


def test_a_file_gets_no_colour(hosts, tmp_path):
    on_a_terminal(["scan", hosts / "create-bio-hang" / "client", "--output", tmp_path / "report"])
    assert b"\x1b" not in (tmp_path / "report").read_bytes()


@pytest.mark.parametrize("encoding", ["iso8859-1", "ascii", "utf-8"])
@pytest.mark.parametrize("kind", ["text", "json"])
def test_it_prints_on_any_terminal_encoding(installed, evidence, niminfo, encoding, kind):
    mixed = niminfo.replace("lpar7", "h\u00f4te\u20ac7") + "# \u2192\n"
    log = b"Fri Mar  7 12:05:03 2025 source hostname is : h\xf4te\n" + HANG.replace(b"create BIO", b"create BIO")
    place = evidence({"/etc/niminfo": mixed, LOG: log})
    ended = installed("scan", place, "--format", kind, env={"PYTHONIOENCODING": encoding})
    assert (ended.status, ended.err) == (1, "")
    assert "create-bio-hang" in ended.out


def test_control_characters_in_evidence_are_shown_and_never_sent(doctor, evidence, tmp_path):
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\x08"
    inetd = f"#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n {evil}\n"
    manifest = {"schema": "nimdoctor.evidence/1", "role": "master", "host": f"nim1{evil}"}
    place = evidence(
        {"/etc/inetd.conf": inetd, f"lsnim -l {evil}": "x", "oslevel -s": f"7200-05{evil}\n"}, manifest=manifest
    )
    out = doctor("scan", place).out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)
    assert "\\x1b" in out


def test_control_characters_in_names_of_loose_files_are_shown_and_never_sent(doctor, tmp_path):
    (tmp_path / "nimsh\x1b[2J.log").write_bytes(HANG)
    (tmp_path / "other\x1b[2J\n.txt").write_text("nothing\n")
    out = doctor("scan", tmp_path).out
    assert "create BIO" in out and "\x1b" not in out


def test_a_host_with_a_very_long_name_does_not_break_the_table(doctor, evidence):
    name = "h" * 300
    manifest = {"schema": "nimdoctor.evidence/1", "role": "client", "host": name}
    out = doctor("scan", evidence({LOG: HANG}, manifest=manifest), "--all").out
    assert max(map(len, out.splitlines())) <= 80


def test_a_client_with_a_very_long_name_is_quoted_cut(doctor, evidence):
    name = "c" * 3000
    text = f"{name}:\n   class          = machines\n   type           = standalone\n   connect        = shell\n"
    place = evidence({"lsnim -l": text}, manifest={"schema": "nimdoctor.evidence/1", "role": "master"})
    out = doctor("scan", place).out
    quoted = [line for line in out.splitlines() if "lsnim -l line" in line]
    assert quoted and max(map(len, out.splitlines())) <= 80


def test_a_narrow_terminal_wraps_the_text(installed, hosts):
    out = installed("scan", hosts / "create-bio-hang" / "client", env={"COLUMNS": "60"}).out
    assert max(map(len, out.splitlines())) <= 60


def test_a_slow_command_is_named_on_stderr_and_not_on_stdout(capsys):
    from nimdoctor.cli.waiting import Waiting

    said = []
    waiting = Waiting(said.append, clock=iter([0.0, 100.0, 100.0]).__next__)
    waiting.start("lslpp -lc")
    waiting._timer.join(2)
    waiting.close()
    assert said == ["nimdoctor: waiting for lslpp -lc ..."]


def test_a_quick_scan_says_nothing_while_it_works(installed, root):
    ended = installed("scan", f"root:{root(commands={'lssrc': 'exit 0'})}", "--role", "client")
    assert ended.err == ""


@pytest.mark.skipif(sys.platform.startswith("aix"), reason="this is AIX")
def test_on_a_host_without_nim_it_says_where_to_run_it(doctor):
    lines = doctor("scan").out.splitlines()
    assert lines[0].startswith("INCONCLUSIVE")
    assert "not AIX: neither NIM nor its commands are there" in lines[2]
    assert "run it on the NIM client or master" in lines[3]
