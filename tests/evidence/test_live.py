"""A host that is asked now."""

import errno
import os
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from nimdoctor.evidence import live
from nimdoctor.evidence.catalog import CLIENT, Catalog, Kind, Row
from nimdoctor.evidence.live import LiveHost
from nimdoctor.system.command import CommandResult

NONE: Dict[str, str] = {}
CERT = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n"


def row(name: str, **more: Any) -> Row:
    kind = Kind.PATHS if more.pop("paths", False) else Kind.FILE if name.startswith("/") else Kind.COMMAND
    return Row(name, kind, ("Fact",), **more)


def program(root: Path, name: str, script: str, directory: str = "usr/bin") -> Path:
    place = root / directory
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text("#!/bin/sh\n" + script)
    (place / name).chmod(0o755)
    return place / name


def test_a_command_is_the_roots_program_and_knows_the_root(tmp_path: Path) -> None:
    program(tmp_path, "lsnim", 'echo "$NIMDOCTOR_ROOT $*"')
    host = LiveHost(str(tmp_path))
    (text,) = host.texts(row("lsnim -l"), NONE)
    assert text.read() == f"{tmp_path} -l\n"
    assert (text.source, text.name, text.command, text.status) == ("lsnim -l", "lsnim -l", True, 0)
    assert host.live and host.host is None and host.roles == () and host.target == f"root:{tmp_path}"


def test_usr_sbin_comes_before_usr_bin(tmp_path: Path) -> None:
    program(tmp_path, "lsnim", "echo bin")
    program(tmp_path, "lsnim", "echo sbin", "usr/sbin")
    assert LiveHost(str(tmp_path)).texts(row("lsnim -l"), NONE)[0].read() == "sbin\n"


def test_no_program_of_this_host_serves_a_root(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/uname").symlink_to("/usr/bin/uname")
    host = LiveHost(str(tmp_path))
    for name in ("uname -m", "hostname"):
        assert host.texts(row(name), NONE) == []
        assert host.problems[name] in ("no such command on this host",) or "symbolic links" in host.problems[name]


def test_an_absolute_link_to_a_program_is_resolved_inside(tmp_path: Path) -> None:
    program(tmp_path, "real", "echo inside", "opt")
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/lsnim").symlink_to("/opt/real")
    assert LiveHost(str(tmp_path)).texts(row("lsnim -l"), NONE)[0].read() == "inside\n"


def test_a_program_keeps_the_name_it_is_called_by(tmp_path: Path) -> None:
    program(tmp_path, "all", 'basename "$0"')
    (tmp_path / "usr/bin/lsnim").symlink_to("all")
    assert LiveHost(str(tmp_path)).texts(row("lsnim -l"), NONE)[0].read() == "lsnim\n"


def test_a_command_runs_once(tmp_path: Path) -> None:
    program(tmp_path, "date", f"echo x >> {tmp_path}/count; echo now")
    host = LiveHost(str(tmp_path))
    first, second = host.texts(row("date -u"), NONE), host.texts(row("date -u"), NONE)
    assert first[0].read() == second[0].read() == "now\n"
    assert (tmp_path / "count").read_text() == "x\n"


def test_text_only_on_stderr_is_the_output(tmp_path: Path) -> None:
    program(tmp_path, "emgr", 'echo "There is no efix data on this system." >&2; exit 1')
    (text,) = LiveHost(str(tmp_path)).texts(row("emgr -lv3"), NONE)
    assert "no efix data" in text.read() and text.status == 1


def test_status_249_with_text_is_output(tmp_path: Path) -> None:
    program(tmp_path, "instfix", "echo Not all filesets for IJ1 were found.; exit 249")
    (text,) = LiveHost(str(tmp_path)).texts(row("instfix -ik {APARS}"), {"APARS": "IJ1 IJ2"})
    assert text.status == 249 and text.name == 'instfix -ik "IJ1 IJ2"'


def test_no_output_at_all_is_still_a_text(tmp_path: Path) -> None:
    program(tmp_path, "lsitab", "exit 1")
    (text,) = LiveHost(str(tmp_path)).texts(row("lsitab nimsh"), NONE)
    assert text.read() == "" and text.status == 1


def test_a_hang_is_named_and_the_program_not_tried_again(tmp_path: Path) -> None:
    program(tmp_path, "lssrc", f"echo x >> {tmp_path}/count; sleep 100")
    host = LiveHost(str(tmp_path), timeout=0.2)
    assert host.texts(row("lssrc -a"), NONE) == [] == host.texts(row("lssrc -ls inetd"), NONE)
    assert host.problems["lssrc -a"] == "hung and was ended after 0.2 s"
    assert host.problems["lssrc -ls inetd"] == "not run: lssrc hung before"
    assert (tmp_path / "count").read_text() == "x\n"


def test_all_commands_together_get_ten_times_the_timeout(tmp_path: Path) -> None:
    program(tmp_path, "a", "echo a")
    program(tmp_path, "b", "echo b")
    times = iter([0.0, 300.0])
    host = LiveHost(str(tmp_path), timeout=30, clock=lambda: next(times))
    assert host.texts(row("a"), NONE) and host.texts(row("b"), NONE) == []
    assert host.problems == {"b": "not run: the scan's time was used up"}


def test_what_a_plans_condition_asks_is_bound_by_the_scan_like_its_own_commands(tmp_path: Path) -> None:
    program(tmp_path, "rpm", f"echo x >> {tmp_path}/count; sleep 100")
    program(tmp_path, "lslpp", "echo a")
    host = LiveHost(str(tmp_path), timeout=0.2)
    result, why = host.run(["rpm", "-qf", "/a"])
    assert result is not None and result.timed_out and why == "hung and was ended after 0.2 s"
    assert host.run(["rpm", "-qf", "/b"]) == (None, "not run: rpm hung before")
    assert (tmp_path / "count").read_text() == "x\n"
    times = iter([0.0, 300.0])
    host = LiveHost(str(tmp_path), timeout=30, clock=lambda: next(times))
    assert host.run(["lslpp", "-w", "/a"])[0] is not None
    assert host.run(["lslpp", "-w", "/a"]) == (None, "not run: the scan's time was used up")


def test_a_flood_keeps_its_beginning(tmp_path: Path) -> None:
    program(tmp_path, "netstat", "exec yes")
    host = LiveHost(str(tmp_path))
    (text,) = host.texts(row("netstat -an"), NONE)
    assert len(text.read()) == 16 * 1024 * 1024
    assert host.problems["netstat -an"] == "printed more than 16 MiB; the first 16 MiB were used"


def test_a_file_without_x_is_no_program(tmp_path: Path) -> None:
    program(tmp_path, "lsnim", "echo").chmod(0o644)
    host = LiveHost(str(tmp_path))
    assert host.texts(row("lsnim -l"), NONE) == []
    assert host.problems == {"lsnim -l": "cannot be run: Permission denied: run as root"}


def test_a_name_out_of_a_file_cannot_become_an_option(tmp_path: Path) -> None:
    program(tmp_path, "nimclient", f"touch {tmp_path}/ran")
    host = LiveHost(str(tmp_path))
    line = row("nimclient -l -l {NIM_NAME}")
    assert host.texts(line, {"NIM_NAME": "-P"}) == []
    assert host.problems["nimclient -l -l NIM_NAME"] == "not run: '-P' is no name"
    assert host.texts(line, NONE) == []
    assert host.problems["nimclient -l -l NIM_NAME"] == "not run: NIM_NAME is not known"
    assert not (tmp_path / "ran").exists()
    assert host.texts(line, {"NIM_NAME": "lpar7"})[0].name == "nimclient -l -l lpar7"
    assert host.problems == {}


def test_progress_is_told(tmp_path: Path) -> None:
    program(tmp_path, "lsnim", "echo")
    said: List[str] = []

    class Screen:
        def start(self, label: str) -> None:
            said.append(label)

        def end(self) -> None:
            said.append("end")

    LiveHost(str(tmp_path), progress=Screen()).texts(row("lsnim -l"), NONE)
    assert said == ["lsnim -l", "end"]


def test_rows_that_are_only_ever_recorded_do_not_run(tmp_path: Path) -> None:
    program(tmp_path, "nimclient", f"touch {tmp_path}/ran")
    host = LiveHost(str(tmp_path))
    assert host.texts(row("nimclient -c", live=False), NONE) == [] and not (tmp_path / "ran").exists()


def test_a_file_is_named_by_its_path_on_the_host(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/inetd.conf").write_bytes(b"a\0\xff\r\n")
    host = LiveHost(str(tmp_path))
    (text,) = host.texts(row("/etc/inetd.conf"), NONE)
    assert text.source == text.name == "/etc/inetd.conf" and not text.command
    with text.open() as stream:
        assert stream.read() == b"a\0\xff\r\n"


def test_an_absent_file_is_no_problem(tmp_path: Path) -> None:
    host = LiveHost(str(tmp_path))
    assert host.texts(row("/etc/niminfo"), NONE) == [] and host.problems == {}
    assert host.file_absent("/etc/niminfo") is True
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/niminfo").touch()
    assert host.file_absent("/etc/niminfo") is False


def test_what_cannot_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = LiveHost(str(tmp_path))
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("/loop")
    (tmp_path / "dangling").symlink_to("/nowhere")
    for path in ("/fifo", "/loop", "/dangling"):
        assert host.texts(row(path), NONE) == []
    assert host.problems["/fifo"] == "cannot be read: not a regular file"
    assert host.problems["/loop"].startswith("cannot be read: Too many levels")
    assert host.problems["/dangling"] == "is a link that leads nowhere"

    def denied(path: str, root: Optional[str] = None) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(live, "open_regular", denied)
    assert host.texts(row("/etc/hosts"), NONE) == []
    assert host.problems["/etc/hosts"] == "cannot be read: Permission denied: run as root"


def test_private_keys_stay_where_they_are(tmp_path: Path) -> None:
    certs, keys = tmp_path / "ssl_nimsh/certs", tmp_path / "ssl_nimsh/keys"
    certs.mkdir(parents=True)
    keys.mkdir()
    (certs / "client.pem").write_bytes(KEY + CERT)
    (certs / "linked.pem").symlink_to("../keys/serverkey.pem")
    (keys / "serverkey.pem").write_bytes(KEY)
    (certs / "sub").mkdir()
    host = LiveHost(str(tmp_path))
    texts = host.texts(row("/ssl_nimsh/certs/*"), NONE)
    assert [text.name for text in texts] == ["/ssl_nimsh/certs/client.pem"], "a link into keys is not followed"
    for text in texts:
        assert "SECRET" not in text.read() and "PRIVATE KEY REMOVED" in text.read()
    assert "MIIB" in texts[0].read()
    assert host.texts(row("/ssl_nimsh/keys/*"), NONE) == [] and host.problems == {}


def test_a_directory_of_many_files_is_cut_at_200(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for number in range(201):
        (tmp_path / "d" / str(number)).touch()
    host = LiveHost(str(tmp_path))
    assert len(host.texts(row("/d/*"), NONE)) == 200
    assert host.problems["/d/*"] == "has more than 200 files; the first 200 were read"


def test_a_streamed_file_is_read_when_asked(tmp_path: Path) -> None:
    (tmp_path / "nimsh.log").write_text("one\n")
    (text,) = LiveHost(str(tmp_path)).texts(row("/nimsh.log", streamed=True), NONE)
    (tmp_path / "nimsh.log").write_text("two\n")
    assert text.read() == "two\n"


def test_a_file_beyond_16_mib_is_cut_and_said(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    host = LiveHost(str(tmp_path))
    (text,) = host.texts(row("/big"), NONE)
    assert len(text.read()) == 16 * 1024 * 1024
    assert host.problems["/big"] == "is larger than 16 MiB; the first 16 MiB were used"


def test_paths_know_what_is_absent(tmp_path: Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/libssl.so.0.9.8").write_text("123")
    (tmp_path / "usr/lib/libc.a").write_text("")
    host = LiveHost(str(tmp_path))
    rows = [row("/usr/lib/libssl.so*", paths=True), row("/ssl_nimsh/**", paths=True), row("/.rhosts", paths=True)]
    record = host.paths(rows)
    assert record.complete == ("/usr/lib/libssl.so*", "/ssl_nimsh/**", "/.rhosts")
    assert set(record.states) == {"/usr/lib/libssl.so.0.9.8", "/ssl_nimsh", "/.rhosts"}
    assert record.states["/.rhosts"] is None and record.states["/ssl_nimsh"] is None
    state = record.states["/usr/lib/libssl.so.0.9.8"]
    assert state and state.size == 3


def test_a_listing_that_fails_is_not_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: str, root: Optional[str] = None) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(live, "list_directory", denied)
    host = LiveHost(str(tmp_path))
    assert host.paths([row("/usr/lib/libssl.so*", paths=True)]).complete == ()
    assert host.problems == {"/usr/lib/libssl.so*": "cannot be listed: Permission denied: run as root"}


def test_psutil_serves_this_host_and_never_a_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def table(fact: str) -> Any:
        return ("psutil: processes", "PID\n") if fact == "Processes" else None

    monkeypatch.setattr(live, "table_for", table)
    ps = Row("ps -eo pid,ppid,etime,args", Kind.COMMAND, ("Processes",))
    (text,) = LiveHost().texts(ps, NONE)
    assert text.source == "psutil: processes" and text.read() == "PID\n"
    program(tmp_path, "ps", "echo from ps")
    assert LiveHost(str(tmp_path)).texts(ps, NONE)[0].read() == "from ps\n"


def test_this_host_answers() -> None:
    host = LiveHost(timeout=5)
    assert host.live and host.target == ""
    assert host.texts(row("no-such-command-here -l"), NONE) == []
    assert host.problems == {"no-such-command-here -l": "no such command on this host"}


@pytest.mark.parametrize(
    ("answer", "system", "remark"),
    [
        (CommandResult(0, b"AIX\n"), "AIX", ""),
        (CommandResult(0, b"Linux\n"), "Linux", "this host runs Linux, not AIX"),
        (None, "", "this host runs something of which uname -s does not tell"),
    ],
)
def test_what_system_this_host_is_its_uname_says(
    answer: Any, system: str, remark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def execute(host: LiveHost, argv: Any, timeout: float, stdin: bytes = b"") -> Any:
        asked.append(list(argv))
        return answer, "no such command on this host" if answer is None else ""

    monkeypatch.setattr(LiveHost, "execute", execute)
    host = LiveHost(timeout=5)
    assert (host.system, asked) == (system, [["uname", "-s"]])
    assert any(one.startswith(remark) for one in host.remarks) is bool(remark)


def test_the_whole_catalog_over_an_empty_root_raises_nothing(tmp_path: Path) -> None:
    host = LiveHost(str(tmp_path))
    for found in Catalog():
        texts = host.texts(found, {"NIM_NAME": "x"})
        if found.kind is Kind.REHEARSAL:
            assert "there is no /ssl_nimsh/certs" in texts[0].read()
        else:
            assert texts == []
    assert host.paths(list(Catalog())).states
    assert CLIENT


@pytest.mark.parametrize("name", ["/etc/inetd.conf", "/etc/niminfo", "/.rhosts"])
def test_a_file_that_is_a_link_into_keys_is_not_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "ssl_nimsh/keys").mkdir(parents=True)
    (tmp_path / "ssl_nimsh/keys/k.pem").write_bytes(KEY)
    place = tmp_path / name.lstrip("/")
    place.parent.mkdir(exist_ok=True)
    place.symlink_to("/ssl_nimsh/keys/k.pem")
    assert LiveHost(str(tmp_path)).texts(row(name), NONE) == []
