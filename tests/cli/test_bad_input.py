"""Bad input ends in a clear error or an `unknown`: nothing lost, never a traceback, never exit 4."""

import gzip
import io
import json
import os
import shutil
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from scenarios import ON_DISK

HANG = (Path(__file__).resolve().parents[2] / "fixtures" / "logs" / "hang.log").read_bytes()
LOG = "/var/adm/ras/nimsh.log"


RUBBISH = [
    ("empty", b""),
    ("blank", b"\n\n  \n"),
    ("binary", bytes(range(256)) * 64),
    ("zeros", b"\0" * 4096),
    ("one long line", b"x" * 1_000_000),
    ("not found", b"ksh: nothing:  not found.\n"),
    ("no such file", b"cat: 0652-050 Cannot open x: No such file or directory\n"),
    ("half a UTF-8 letter", b"\xc3"),
    ("UTF-16", "nothing to see".encode("utf-16")),
]


def refused(ended):
    """The single line of a target that cannot be read."""
    assert (ended.status, ended.out) == (2, "")
    (line,) = ended.said
    return line


# -- files of an evidence directory


@pytest.mark.parametrize(
    ("end", "check", "content"),
    [pytest.param("client", "create-bio-hang", content, id=f"client-{name}") for name, content in RUBBISH]
    + [pytest.param("master", "tftp-disabled", content, id=f"master-{name}") for name, content in RUBBISH],
)
def test_a_host_whose_every_text_is_rubbish_is_unknown_and_never_healthy(doctor, tmp_path, end, check, content):
    place = tmp_path / "evidence"
    shutil.copytree(ON_DISK / "healthy" / end, place)
    for path in place.rglob("*"):
        if path.is_file() and path.name != "manifest.json":
            path.write_bytes(content)
    ended = doctor("scan", place, json=True)
    assert ended.status == 3, ended.outcomes()
    assert ended.outcomes()[check] == "unknown"
    assert not {"error", "fail"} & set(ended.outcomes().values()), ended.outcomes()


@pytest.mark.parametrize("end", ["client", "master"])
def test_cutting_every_text_short_breaks_no_check(doctor, tmp_path, end):
    for part in (0.9, 0.5, 0.1):
        place = tmp_path / f"evidence-{part}"
        shutil.copytree(ON_DISK / "create-bio-hang" / end, place)
        for path in place.rglob("*"):
            if path.is_file() and path.name != "manifest.json":
                raw = path.read_bytes()
                path.write_bytes(raw[: int(len(raw) * part)])
        assert "error" not in doctor("scan", place, json=True).outcomes().values()


@pytest.mark.parametrize("end", ["client", "master"])
@pytest.mark.parametrize("scenario", ["healthy", "create-bio-hang", "tftp-disabled", "openssl-missing"])
def test_cr_lf_line_ends_change_no_outcome(doctor, tmp_path, scenario, end):
    place = tmp_path / "evidence"
    shutil.copytree(ON_DISK / scenario / end, place)
    for path in place.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert doctor("scan", place, json=True).outcomes() == doctor("scan", ON_DISK / scenario / end, json=True).outcomes()


@pytest.mark.parametrize("mangled", [b"\0", b"\xe9", "\u00e9".encode()])
def test_a_log_with_nul_bytes_or_either_encoding_is_still_judged(doctor, evidence, mangled):
    place = evidence({LOG: b"Fri Mar  7 12:05:03 2025 source hostname is : h" + mangled + b"te\n" + HANG})
    result = doctor("scan", place, "--check", "create-bio-hang", json=True).result("create-bio-hang")
    assert (result["outcome"], result["evidence"][-1]["text"][-10:]) == ("fail", "create BIO")


def test_a_single_line_of_100_mb_is_survived_and_the_rest_of_the_log_judged(doctor, evidence):
    place = evidence({LOG: b"x" * 100_000_000 + b"\n" + HANG})
    ended = doctor("scan", place, "--check", "create-bio-hang", json=True)
    assert ended.result("create-bio-hang")["outcome"] == "fail"
    assert len(ended.out) < 100_000


@pytest.mark.parametrize("source", ["/etc/niminfo", "/etc/inetd.conf", "lslpp -lc", "lsnim -l", "lssrc -a"])
def test_a_single_line_of_20_mb_in_what_is_read_whole_is_an_unknown(doctor, evidence, source):
    ended = doctor("scan", evidence({source: b"x" * 20_000_000}), json=True)
    assert ended.status == 3 and "error" not in ended.outcomes().values()
    assert any("16 MiB" in entry["reason"] for entry in ended.report["unread"])


def test_an_unreadable_file_is_said_and_makes_an_unknown(doctor, evidence, niminfo):
    place = evidence({"/etc/niminfo": niminfo, LOG: HANG})
    log = place / "files" / LOG[1:]
    log.chmod(0)
    if os.access(log, os.R_OK):
        # root reads everything; a directory in the file's place cannot be read by anybody
        log.unlink()
        (place / "files" / "var/adm/ras/nimsh.log").symlink_to("/etc/hostname")
    ended = doctor("scan", place, json=True)
    assert ended.result("create-bio-hang")["outcome"] == "unknown"
    assert ended.status == 3


def test_a_link_out_of_the_evidence_is_not_followed(doctor, evidence, tmp_path):
    (tmp_path / "secret").write_text("export NIM_NAME=stolen\nexport NIM_CONFIGURATION=standalone\n")
    place = evidence({LOG: HANG})
    (place / "files" / "etc").mkdir()
    (place / "files" / "etc" / "niminfo").symlink_to(tmp_path / "secret")
    ended = doctor("scan", place, json=True)
    assert "stolen" not in ended.out
    assert any("symbolic link" in remark for remark in ended.report["remarks"])


def test_a_fifo_in_the_evidence_is_not_waited_for(doctor, evidence):
    place = evidence({LOG: HANG})
    (place / "files" / "etc").mkdir()
    os.mkfifo(place / "files" / "etc" / "niminfo")
    assert doctor("scan", place, json=True).result("create-bio-hang")["outcome"] == "fail"


def test_a_fifo_as_target_is_refused(doctor, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "regular file" in refused(doctor("scan", tmp_path / "pipe"))


# -- manifest


def test_a_manifest_of_another_schema_is_refused(doctor, evidence):
    place = evidence({LOG: HANG}, manifest={"schema": "nimdoctor.evidence/2"})
    assert "nimdoctor.evidence/2" in refused(doctor("scan", place))


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{", b"[]", b"\xff\xfe\0", b"[" * 100_000, b'{"schema": "nimdoctor.evidence/1", "comm', b"null", b"17"],
)
def test_a_damaged_manifest_is_said_and_done_without(doctor, evidence, manifest):
    ended = doctor("scan", evidence({LOG: HANG}, manifest=manifest), json=True)
    assert ended.result("create-bio-hang")["outcome"] == "fail"
    assert any("manifest.json" in remark for remark in ended.report["remarks"])


def test_a_manifest_whose_every_value_is_of_the_wrong_kind_is_survived(doctor, evidence):
    wrong = {
        "schema": "nimdoctor.evidence/1",
        "host": ["lpar7"],
        "role": {"client": 1},
        "collected": [2025],
        "commands": {"lssrc -a": 3, "oslevel -s": {"file": "../../../../etc/hostname", "status": "0", "stderr": 1}},
        "paths": {"/ssl_nimsh": "yes", "relative": None, "/usr/lib/libssl.so": {"mode": 755, "size": "1", "mtime": {}}},
    }
    ended = doctor("scan", evidence({LOG: HANG}, manifest=wrong), json=True)
    assert ended.result("create-bio-hang")["outcome"] == "fail"
    assert any("leaves the directory" in remark for remark in ended.report["remarks"])


def test_a_command_that_hung_when_it_was_collected_is_named(doctor, evidence, niminfo):
    manifest = {
        "schema": "nimdoctor.evidence/1",
        "role": "client",
        "commands": {"lssrc -a": {"file": "commands/lssrc_-a", "status": None, "timed_out": True}},
    }
    ended = doctor("scan", evidence({"/etc/niminfo": niminfo, "lssrc -a": ""}, manifest=manifest), json=True)
    assert "hung" in ended.result("nimsh-inactive")["message"]
    assert {"lssrc -a"} <= {entry["source"] for entry in ended.report["unread"]}


# -- archives


def packed(place, members, mode="w:gz"):
    """A tar of (name or TarInfo, content) pairs."""
    with tarfile.open(place, mode) as tar:
        for name, content in members:
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(name, str):
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return place


def special(name, kind, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_a_healthy_archive_is_read_and_nothing_is_written_beside_it(doctor, tmp_path):
    place = packed(tmp_path / "host.tar.gz", [("host/files" + LOG, HANG)])
    ended = doctor("scan", place, json=True)
    assert ended.result("create-bio-hang")["outcome"] == "fail"
    assert os.listdir(tmp_path) == ["host.tar.gz"]


@pytest.mark.parametrize("kind", ["tar.gz", "tar", "zip"])
@pytest.mark.parametrize("name", ["/etc/niminfo", "../outside", "host/../../outside", "host/files/../../../x"])
def test_an_archive_with_a_name_that_leads_outside_is_refused_whole(doctor, tmp_path, kind, name):
    place = tmp_path / f"host.{kind}"
    members = [("host/files" + LOG, HANG), (name, b"x")]
    if kind == "zip":
        with zipfile.ZipFile(place, "w") as archive:
            for member, content in members:
                archive.writestr(member, content)
    else:
        packed(place, members, "w:gz" if kind == "tar.gz" else "w")
    assert "leads outside" in refused(doctor("scan", place))


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (special("host/files/etc/niminfo", tarfile.SYMTYPE, "/etc/shadow"), "link"),
        (special("host/files/etc/niminfo", tarfile.LNKTYPE, "host/files" + LOG), "link"),
        (special("host/files/etc/niminfo", tarfile.CHRTYPE), "device"),
        (special("host/files/etc/niminfo", tarfile.BLKTYPE), "device"),
        (special("host/files/etc/niminfo", tarfile.FIFOTYPE), "FIFO"),
    ],
)
def test_an_archive_with_links_devices_or_fifos_is_refused_whole(doctor, tmp_path, member, said):
    place = packed(tmp_path / "host.tar.gz", [("host/files" + LOG, HANG), (member, b"")])
    assert said in refused(doctor("scan", place))


def test_a_zip_with_a_link_is_refused_whole(doctor, tmp_path):
    member = zipfile.ZipInfo("host/files/etc/niminfo")
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "host.zip", "w") as archive:
        archive.writestr("host/files" + LOG, HANG)
        archive.writestr(member, "/etc/shadow")
    assert "link" in refused(doctor("scan", tmp_path / "host.zip"))


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_an_archive_of_20_001_members_is_refused_with_the_limit(doctor, tmp_path, kind):
    place = tmp_path / f"host.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(place, "w") as archive:
            for number in range(20_001):
                archive.writestr(f"f/{number}", b"")
    else:
        header = [tarfile.TarInfo(f"f/{number}").tobuf() for number in range(20_001)]
        with gzip.open(place, "wb", 1) as stream:
            stream.write(b"".join(header) + b"\0" * 1024)
    assert "20,000 members" in refused(doctor("scan", place))


def test_a_member_of_100_gb_of_zeros_is_refused_by_what_it_declares(doctor, tmp_path):
    member = tarfile.TarInfo("host/files" + LOG)
    member.size = 100 * 1024**3
    with gzip.open(tmp_path / "host.tar.gz", "wb") as stream:
        stream.write(member.tobuf(tarfile.GNU_FORMAT) + b"\0" * 65536)
    assert "256 MiB" in refused(doctor("scan", tmp_path / "host.tar.gz"))


def test_members_that_together_declare_more_than_a_gib_are_refused(doctor, tmp_path):
    with open(tmp_path / "host.tar", "wb") as stream:
        for number in range(6):
            member = tarfile.TarInfo(f"host/files/{number}")
            member.size = 200 * 1024**2
            stream.write(member.tobuf())
            stream.seek(member.size, os.SEEK_CUR)  # a hole: takes no room on the disk
        stream.write(b"\0" * 1024)
    assert "1 GiB" in refused(doctor("scan", tmp_path / "host.tar"))


def test_a_gzip_bomb_behind_a_small_header_is_refused(doctor, tmp_path):
    # a long-name header whose size says 200 MB: tarfile would read it into memory
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 200_000_000
    with gzip.open(tmp_path / "host.tar.gz", "wb", 1) as stream:
        stream.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(4):
            stream.write(b"\0" * 1_000_000)
    refused(doctor("scan", tmp_path / "host.tar.gz"))


def test_a_zip_member_that_holds_more_than_it_declares_is_survived(doctor, tmp_path):
    place = tmp_path / "host.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("host/files" + LOG, HANG + b"\n" * 5_000_000)
    raw = bytearray(place.read_bytes())
    directory = raw.index(b"PK\1\2")
    raw[directory + 24 : directory + 28] = struct.pack("<L", 100)
    place.write_bytes(raw)
    ended = doctor("scan", place, json=True)
    assert ended.status == 3 and "Bad CRC-32" in ended.out


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.8])
@pytest.mark.parametrize("kind", ["tar.gz", "tar", "zip"])
def test_a_truncated_archive_is_refused_or_said(doctor, tmp_path, kind, part):
    place = tmp_path / f"host.{kind}"
    members = [("host/files/etc/niminfo", os.urandom(20_000)), ("host/files" + LOG, HANG)]
    if kind == "zip":
        with zipfile.ZipFile(place, "w") as archive:
            for name, content in members:
                archive.writestr(name, content)
    else:
        packed(place, members, "w:gz" if kind == "tar.gz" else "w")
    place.write_bytes(place.read_bytes()[: int(place.stat().st_size * part)])
    ended = doctor("scan", place)
    # of a tar without compression whole members may be left
    whole = (kind, part) == ("tar", 0.8)
    assert (ended.status, "cut short" in ended.out) == ((1, True) if whole else (2, False))


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.zip", "x.tgz"])
@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"\x1f\x8b\x08", b"\0" * 10240, b"hello\n" * 200])
def test_what_only_calls_itself_an_archive_is_refused(doctor, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert name in refused(doctor("scan", tmp_path / name))


def test_archives_of_an_unsupported_kind_say_what_to_do(doctor, tmp_path):
    for name, content in (("case.tar.xz", b"\xfd7zXZ"), ("case.7z", b"7z\xbc\xaf"), ("snap.pax.Z", b"\x1f\x9d\x90")):
        (tmp_path / name).write_bytes(content)
        assert "unpack" in refused(doctor("scan", tmp_path / name))


# -- commands of a live host


def scan_root(doctor, place, *words, check="nimsh-inactive"):
    return doctor("scan", f"root:{place}", "--role", "client", "--check", check, *words, json=True)


def test_absent_commands_are_unknown_and_named(doctor, root):
    ended = scan_root(doctor, root())
    assert ended.status == 3
    assert "lssrc -a" in ended.result("nimsh-inactive")["missing"]
    assert "no such command" in ended.result("nimsh-inactive")["message"]


@pytest.mark.parametrize(
    "script",
    [
        "exit 0\n",
        "exit 249\n",
        "echo lssrc: 0513-001 The System Resource Controller daemon is not active. >&2\nexit 1\n",
        "echo 'ksh: lssrc:  not found.' >&2\nexit 127\n",
        "echo 'cat: cannot open: No such file or directory'\n",
        "echo 'cat: cannot open: No such file or directory' >&2\nexit 2\n",
        "head -c 100000 /dev/urandom\n",
        "kill -SEGV $$\n",
        "kill -KILL $$\n",
    ],
)
def test_a_command_that_gives_no_evidence_is_an_unknown(doctor, root, script):
    ended = scan_root(doctor, root(commands={"lssrc": script}))
    assert (ended.status, ended.outcomes()) == (3, {"nimsh-inactive": "unknown"})


def test_exit_249_with_text_is_normal_for_instfix(doctor, root, niminfo):
    says = 'echo "    There was no data for IJ53757 in the fix database."\nexit 249\n'
    place = root({"/etc/niminfo": niminfo}, {"instfix": says})
    ended = scan_root(doctor, place, check="create-bio-hang")
    assert "instfix" not in json.dumps(ended.report["unread"])


def test_what_is_printed_only_to_stderr_still_counts_as_its_output(doctor, root):
    script = """cat >&2 <<END
Subsystem         Group            PID          Status
 nimsh            nimclient                     inoperative
END
exit 1
"""
    ended = scan_root(doctor, root(commands={"lssrc": script}))
    assert ended.result("nimsh-inactive")["outcome"] == "fail"


def test_a_command_that_asks_on_stdin_gets_no_answer_and_does_not_wait(doctor, root):
    script = "echo 'Continue? (y/n)' >&2\nread answer || exit 3\nwhile :; do read answer; done\n"
    ended = scan_root(doctor, root(commands={"lssrc": script}))
    assert ended.result("nimsh-inactive")["outcome"] == "unknown"
    assert "hung" not in ended.result("nimsh-inactive")["message"]


def test_a_flood_is_cut_and_said(doctor, root):
    ended = scan_root(doctor, root(commands={"lssrc": "exec cat /dev/zero\n"}))
    assert ended.result("nimsh-inactive")["outcome"] == "unknown"
    assert any("16 MiB" in entry["reason"] for entry in ended.report["unread"])


def test_a_hanging_command_is_ended_with_its_children_and_the_scan_goes_on(doctor, root, tmp_path, gone, niminfo):
    pids = tmp_path / "pids"
    hanging = f"sleep 60 &\nfirst=$!\n(trap '' TERM; sleep 60) &\necho $$ $first $! > {pids}\nwait\n"
    log = HANG.decode()
    place = root({"/etc/niminfo": niminfo, LOG: log}, {"lssrc": hanging, "oslevel": "echo 7200-05-03-2136\n"})
    ended = doctor("scan", f"root:{place}", "--timeout", "0.4", json=True)
    assert gone(pids)
    hung = {entry["source"]: entry["reason"] for entry in ended.report["unread"]}
    assert any(name.startswith("lssrc") and "hung and was ended after 0.4 s" in hung[name] for name in hung)
    assert "hung" in hung["lssrc -a"]
    assert ended.report["host"]["oslevel"] == "7200-05-03-2136"
    assert ended.result("create-bio-hang")["outcome"] in ("fail", "unknown")
    assert "hung" in ended.result("nimsh-inactive")["message"]


def test_a_child_that_left_the_session_is_ended_as_well(doctor, root, tmp_path, gone):
    pids = tmp_path / "pids"
    # in a session of its own, and no longer a child of what was started
    script = (
        f"setsid sh -c 'echo $$ >> {pids}; exec sleep 60' </dev/null >/dev/null 2>&1 &\necho $$ >> {pids}\nsleep 60\n"
    )
    scan_root(doctor, root(commands={"lssrc": script}), "--timeout", "0.5")
    assert gone(pids)


def test_the_text_report_names_what_hung(doctor, root):
    place = root(commands={"lssrc": "sleep 60\n"})
    ended = doctor("scan", f"root:{place}", "--role", "client", "--check", "nimsh-inactive", "--timeout", "0.2")
    assert ended.status == 3
    assert "lssrc -a" in ended.out and "hung and was ended after 0.2 s" in ended.out


def test_a_program_that_hung_once_is_not_run_again_with_other_words(doctor, root, tmp_path):
    runs = tmp_path / "runs"
    place = root(commands={"lssrc": f"echo $* >> {runs}\nsleep 60\n"})
    doctor("scan", f"root:{place}", "--role", "client", "--timeout", "0.2")
    assert len(runs.read_text().splitlines()) == 1


def test_commands_outside_of_the_root_are_never_run(doctor, root, tmp_path):
    (tmp_path / "outside").write_text(f"#!/bin/sh\necho ran > {tmp_path}/ran\n")
    (tmp_path / "outside").chmod(0o755)
    place = root()
    (place / "usr/bin/lssrc").symlink_to(tmp_path / "outside")
    scan_root(doctor, place)
    assert not (tmp_path / "ran").exists()


def test_names_from_niminfo_never_become_options_or_shell_words(doctor, root, tmp_path):
    seen = tmp_path / "seen"
    log = f'for word in "$@"; do echo "[$word]" >> {seen}; done\n'
    for evil in ("-P", "x; touch ran", "$(touch ran)", "a b\x1b"):
        place = root(
            {"/etc/niminfo": f'export NIM_NAME="{evil}"\nexport NIM_CONFIGURATION=standalone\n'}, {"nimclient": log}
        )
        ended = doctor("scan", f"root:{place}", json=True)
        assert ended.status == 1
    words = seen.read_text().splitlines() if seen.exists() else []
    assert not [word for word in words if word not in ("[-l]", "[master]")], words


def test_commands_of_a_root_are_told_where_it_is(doctor, root, tmp_path):
    place = root(commands={"lssrc": f'echo "$NIMDOCTOR_ROOT|$LC_ALL" > {tmp_path}/seen\n'})
    scan_root(doctor, place)
    assert (tmp_path / "seen").read_text() == f"{place}|C\n"


# -- loose


def test_a_loose_file_of_another_kind_beside_a_good_one_is_said_not_fatal(doctor, tmp_path):
    (tmp_path / "nimsh.log").write_bytes(HANG)
    (tmp_path / "core").write_bytes(bytes(range(256)) * 16)
    (tmp_path / "empty.txt").write_bytes(b"")
    ended = doctor("scan", tmp_path, json=True)
    assert ended.result("create-bio-hang")["outcome"] == "fail"
    said = " ".join(ended.report["remarks"])
    assert "core" in said and "empty.txt" in said


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, bytes(range(256)) * 40, b"\xff" * 300, b"x" * 3_000_000])
def test_a_loose_file_of_rubbish_alone_is_refused(doctor, tmp_path, content):
    (tmp_path / "attachment.txt").write_bytes(content)
    assert "attachment.txt" in refused(doctor("scan", tmp_path / "attachment.txt"))


@pytest.mark.parametrize("content", [b"\xff" * 300, b"x" * 3_000_000, b"nothing of the kind\n"])
def test_rubbish_that_is_called_nimsh_log_is_at_most_inconclusive(doctor, tmp_path, content):
    (tmp_path / "nimsh.log").write_bytes(content)
    assert doctor("scan", tmp_path / "nimsh.log").status == 3


def test_an_unreadable_directory_or_file_as_target_is_refused(doctor, tmp_path):
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked").chmod(0)
    try:
        if os.access(tmp_path / "locked", os.R_OK):
            pytest.skip("root reads everything")
        assert "locked" in refused(doctor("scan", tmp_path / "locked"))
    finally:
        (tmp_path / "locked").chmod(0o700)
