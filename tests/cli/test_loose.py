"""Loose files: whatever a customer attached, judged as one host."""

from pathlib import Path

import pytest
from scenarios import ON_DISK

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"

LSNIM = """master:
   class               = machines
   type                = master
   ssl_support         = yes
   if1                 = net_10_1 nim1 0
   cpuid               = 00F6A1B14C00
   serves              = boot
   serves              = nim_script
net_10_1:
   class      = networks
   type       = ent
   net_addr   = 10.1.1.0
lpar7:
   class          = machines
   type           = standalone
   connect        = {connect}
   platform       = chrp
   if1            = net_10_1 lpar7 0
   Cstate         = ready for a NIM operation
   prev_state     = ready for a NIM operation
   Mstate         = currently running
   cpuid          = 00F6A1B24C00
"""
INETD = """## Internet server configuration
ftp     stream  tcp6    nowait  root    /usr/sbin/ftpd   ftpd
{mark}tftp    dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n
"""
GOOD_FETCH = """# nimclient -c
x - /usr/lib/libssl.so.0.9.8
x - /usr/lib/libcrypto.so.0.9.8
Received 2788 Bytes in 0.0 Seconds
0513-044 The nimsh Subsystem was requested to stop.
0513-077 Subsystem has been changed.
0513-059 The nimsh Subsystem has been started. Subsystem PID is 6685140.
"""


def quotes(result):
    return [(quote["source"], quote["line"], quote["text"].strip()) for quote in result["evidence"]]


# -- nimsh.log alone


@pytest.mark.parametrize(
    ("name", "outcome", "confidence"),
    [
        ("hang", "fail", "possible"),
        ("hang-then-query", "fail", "possible"),
        ("hang-then-port-scan", "fail", "possible"),
        ("hang-then-plain-push", "fail", "possible"),
        ("hang-then-service-handler", "unknown", None),
        ("recovered", "pass", None),
        ("interleaved", "fail", "possible"),
        ("undated", "fail", "possible"),
        ("year-only", "fail", "possible"),
        ("crlf", "fail", "possible"),
        ("iso8859-1", "fail", "possible"),
        ("object-error", "pass", None),
        ("plain-only", "unknown", None),
        ("truncated", "unknown", None),
        ("young-hang", "fail", "possible"),
    ],
)
def test_a_nimsh_log_alone_is_judged(doctor, logs, name, outcome, confidence):
    result = doctor("scan", logs / f"{name}.log", "--check", "create-bio-hang", json=True).result("create-bio-hang")
    assert (result["outcome"], result["confidence"]) == (outcome, confidence)
    assert {source for source, _, _ in quotes(result)} == {f"{name}.log"}
    lines = (logs / f"{name}.log").read_bytes().decode("iso8859-1").splitlines()
    for _, number, text in quotes(result):
        if number is not None:
            assert lines[number - 1].strip() == text


def test_every_log_sample_is_covered(logs):
    assert len(list(logs.glob("*.log"))) == 16  # these fifteen, and the empty one


def test_an_empty_log_alone_is_nothing_that_could_be_recognised(doctor, logs):
    ended = doctor("scan", logs / "empty.log")
    assert (ended.status, ended.out, len(ended.said)) == (2, "", 1)


def test_a_log_alone_makes_the_host_a_client_and_never_healthy(doctor, logs):
    ended = doctor("scan", logs / "recovered.log", json=True)
    assert ended.report["host"]["role"] == "client"
    assert ended.status == 3


@pytest.mark.parametrize("name", ["hang-then-service-handler", "plain-only", "truncated"])
def test_the_push_that_would_settle_it_does_not_name_a_path_as_the_client(doctor, logs, name):
    result = doctor("scan", logs / f"{name}.log", "--check", "create-bio-hang", json=True).result("create-bio-hang")
    # the client's NIM name is not known, so there is a push, and no command of it
    assert result["settled_by"] == {"where": "master", "kind": "push", "argv": None, "path": None}
    assert "nim -o lslpp and its NIM name" in doctor("scan", logs / f"{name}.log", "--check", "create-bio-hang").out


def test_rotated_logs_are_read_in_order_of_time_whatever_their_names(doctor, logs, tmp_path):
    lines = (logs / "recovered.log").read_text().splitlines(keepends=True)
    (tmp_path / "a-newer.log").write_text("".join(lines[60:]))
    (tmp_path / "z-older.log").write_text("".join(lines[:60]))
    result = doctor("scan", tmp_path, "--check", "create-bio-hang", json=True).result("create-bio-hang")
    assert result["outcome"] == "pass"
    assert {source for source, _, _ in quotes(result)} == {"a-newer.log"}


# -- inetd.conf and lsnim


def test_an_inetd_conf_alone_tells_that_its_tftp_row_is_commented_out(doctor, tmp_path):
    (tmp_path / "inetd.conf").write_text(INETD.format(mark="#"))
    ended = doctor("scan", tmp_path / "inetd.conf", json=True)
    assert ended.status == 1
    result = ended.result("tftp-disabled")
    assert (result["outcome"], result["severity"]) == ("fail", "high")
    assert quotes(result) == [("inetd.conf", 3, INETD.format(mark="#").splitlines()[2].strip())]


def test_a_hash_and_a_blank_is_commented_out_as_well(doctor, tmp_path):
    (tmp_path / "attachment.txt").write_text(INETD.format(mark="# "))
    ended = doctor("scan", tmp_path / "attachment.txt", json=True)
    assert ended.result("tftp-disabled")["outcome"] == "fail"


def test_an_inetd_conf_alone_with_an_active_row_has_no_tftp_fault(doctor, tmp_path):
    (tmp_path / "inetd.conf").write_text(INETD.format(mark=""))
    ended = doctor("scan", tmp_path / "inetd.conf", json=True)
    assert ended.result("tftp-disabled")["outcome"] == "pass"
    assert "fail" not in ended.outcomes().values()


@pytest.mark.parametrize(("connect", "status", "outcome"), [("shell", 1, "fail"), ("nimsh (secure)", 3, "pass")])
def test_lsnim_text_alone_tells_who_is_reached_by_rsh(doctor, tmp_path, connect, status, outcome):
    (tmp_path / "mail.txt").write_text(LSNIM.format(connect=connect))
    ended = doctor("scan", tmp_path / "mail.txt", json=True)
    result = ended.result("client-uses-rsh")
    assert (result["outcome"], ended.status) == (outcome, status)
    assert ended.report["host"]["role"] == "master"
    if outcome == "fail":
        assert result["objects"] == ["lpar7"]
        assert ("mail.txt", 16, f"connect        = {connect}") in quotes(result)


# -- several things together


def test_a_log_and_lsnim_together_judge_the_hang(doctor, logs, tmp_path):
    (tmp_path / "nimsh.log").write_bytes((logs / "hang-then-query.log").read_bytes())
    (tmp_path / "lsnim.txt").write_text(LSNIM.format(connect="nimsh (secure)"))
    for words in ([tmp_path], [tmp_path / "nimsh.log", tmp_path / "lsnim.txt"]):
        ended = doctor("scan", *words, json=True)
        assert ended.status == 1
        result = ended.result("create-bio-hang")
        assert result["outcome"] == "fail"
        assert {source for source, _, _ in quotes(result)} == {"nimsh.log"}
        assert ended.result("ssl-not-configured")["outcome"] == "pass"


def test_several_files_of_one_directory_are_one_host(doctor, logs, tmp_path, niminfo):
    (tmp_path / "nimsh.log").write_bytes((logs / "hang.log").read_bytes())
    (tmp_path / "niminfo").write_text(niminfo)
    (tmp_path / "lssrc.out").write_text(
        "Subsystem         Group            PID          Status\n"
        " inetd            tcpip            4653402      active\n"
        " nimsh            nimclient                     inoperative\n"
    )
    ended = doctor("scan", tmp_path, json=True)
    assert ended.report["host"]["name"] == "lpar7"
    assert ended.result("create-bio-hang")["outcome"] == "fail"
    assert ended.result("nimsh-inactive")["outcome"] == "fail"
    assert ("lssrc.out", 3, "nimsh            nimclient                     inoperative") in quotes(
        ended.result("nimsh-inactive")
    )


def test_a_mail_with_several_prompts_is_taken_apart_with_true_line_numbers(doctor, logs, tmp_path):
    log = (logs / "hang.log").read_text()
    mail = (
        "Hello,\nsince Friday pushes hang, see below.\n\n"
        "root@lpar7:/ # lssrc -s nimsh\n"
        "Subsystem         Group            PID          Status\n"
        " nimsh            nimclient        6685140      active\n"
        "root@lpar7:/ # cat /var/adm/ras/nimsh.log\n" + log + "root@lpar7:/ # grep tftp /etc/inetd.conf\n"
        "#tftp    dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n"
    )
    (tmp_path / "mail.txt").write_text(mail)
    ended = doctor("scan", tmp_path / "mail.txt", json=True)
    result = ended.result("create-bio-hang")
    assert result["outcome"] == "fail"
    lines = mail.splitlines()
    found = quotes(result)
    assert found and all((source, lines[number - 1].strip()) == ("mail.txt", text) for source, number, text in found)
    assert found[-1][2].endswith("create BIO")


def test_a_quoted_mail_is_read_through_its_quoting_marks(doctor, logs, tmp_path):
    mail = "> # cat nimsh.log\n" + "".join(f"> {line}\n" for line in (logs / "hang.log").read_text().splitlines())
    (tmp_path / "mail.txt").write_text("On Monday support wrote:\n" + mail)
    result = doctor("scan", tmp_path / "mail.txt", json=True).result("create-bio-hang")
    assert result["outcome"] == "fail"
    assert quotes(result)[-1][1] == 2 + 58


def test_a_transcript_of_a_good_nimclient_c_accuses_nobody(doctor, tmp_path):
    (tmp_path / "transcript.txt").write_text(GOOD_FETCH)
    ended = doctor("scan", tmp_path / "transcript.txt", json=True)
    assert ended.status == 3
    assert "fail" not in ended.outcomes().values()


def test_a_transcript_of_nimclient_c_that_fetched_nothing_points_at_tftp(doctor, tmp_path):
    text = "# nimclient -c\nx - /usr/lib/libssl.so.0.9.8\nx - /usr/lib/libcrypto.so.0.9.8\ntftp: timeout\n"
    (tmp_path / "transcript.txt").write_text(text)
    ended = doctor("scan", tmp_path / "transcript.txt", json=True)
    result = ended.result("tftp-disabled")
    assert (result["outcome"], result["missing"]) == ("unknown", ["/etc/inetd.conf"])
    assert "fetched no certificate" in result["message"]
    assert {source for source, _, _ in quotes(result)} == {"transcript.txt"}


def test_a_failed_push_that_prints_the_object_error_is_found(doctor, tmp_path):
    text = (
        "nim1:/ # nim -o lslpp lpar7\n"
        '0042-001 nim: processing error encountered on "master":\n'
        "   0042-006 m_lslpp: (From_Master) connect Error 0\n"
        "Error connecting to SSL object\n"
    )
    (tmp_path / "push.txt").write_text(text)
    ended = doctor("scan", tmp_path / "push.txt", json=True)
    result = ended.result("ssl-object-error")
    assert result["outcome"] == "fail"
    assert ("push.txt", 4, "Error connecting to SSL object") in quotes(result)


def test_a_piece_that_is_not_recognised_is_said(doctor, logs, tmp_path):
    (tmp_path / "nimsh.log").write_bytes((logs / "hang.log").read_bytes())
    (tmp_path / "letter.txt").write_text("Dear support,\nit hangs.\n")
    ended = doctor("scan", tmp_path, json=True)
    assert any("letter.txt" in remark for remark in ended.report["remarks"])


# -- two hosts


def test_two_hosts_files_are_refused_with_how_to_part_them(doctor, tmp_path, niminfo):
    for name in ("lpar7", "lpar8"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "niminfo").write_text(niminfo.replace("lpar7", name))
    for words in ([tmp_path], [tmp_path / "lpar7" / "niminfo", tmp_path / "lpar8" / "niminfo"]):
        ended = doctor("scan", *words)
        assert (ended.status, ended.out) == (2, "")
        (line,) = ended.said
        assert "directory of its own" in line and "lpar8" in line


def test_the_same_files_in_directories_of_their_own_are_two_hosts(doctor, tmp_path, niminfo):
    for name in ("lpar7", "lpar8"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "niminfo").write_text(niminfo.replace("lpar7", name))
    ended = doctor("scan", tmp_path / "lpar7", tmp_path / "lpar8", json=True)
    assert ended.status == 3
    import json

    assert [json.loads(line)["host"]["name"] for line in ended.out.splitlines()] == ["lpar7", "lpar8"]


@pytest.mark.parametrize("end", ["client", "master"])
def test_each_file_of_a_host_is_recognised_alone(doctor, end):
    """By its content: what says nothing, and a manifest without its directory, are all that is refused."""
    paths = sorted(path for path in (ON_DISK / "healthy" / end).rglob("*") if path.is_file())
    assert len(paths) > 25
    status = {path.name: doctor("scan", path).status for path in paths}
    empty = {path.name for path in paths if not path.read_bytes().strip()}
    assert {name for name, found in status.items() if found == 2} == {"manifest.json", *empty}
    assert empty == {"emgr_-lv3"}


def test_the_recorded_samples_are_recognised_one_by_one(doctor):
    if not SAMPLES.is_dir():
        pytest.skip("../shared/samples is not here")
    status = {path.name: doctor("scan", path).status for path in sorted(SAMPLES.rglob("*")) if path.is_file()}
    assert len(status) > 8 and {name for name, found in status.items() if found != 3} == {"README.md"}
    assert status["README.md"] == 2
