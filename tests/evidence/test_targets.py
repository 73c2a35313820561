"""What a TARGET on the command line names."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

from nimdoctor.evidence import TargetError, hosts_of, open_host, open_target
from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.recorded import RecordedEvidence


class Loose:
    """Stands for LooseEvidence."""

    def __init__(self, target: str, pieces: List[Any], catalog: object = None) -> None:
        self.target, self.pieces, self.remarks = target, pieces, list[str]()


@pytest.fixture(autouse=True)
def loose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nimdoctor.evidence.loose.read_loose", Loose)


def refusal(target: str) -> str:
    with pytest.raises(TargetError) as caught:
        open_target(target)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_target_is_this_host() -> None:
    assert hosts_of([]) == [("",)]
    found = open_host([""])
    assert isinstance(found, LiveHost) and found.root is None
    assert isinstance(open_target(""), LiveHost)


def test_root_is_a_live_host_below_a_directory(tmp_path: Path) -> None:
    found = open_target(f"root:{tmp_path}", timeout=3)
    assert isinstance(found, LiveHost) and found.root == str(tmp_path) and found.timeout == 3
    assert refusal(f"root:{tmp_path}/none") == f"root:{tmp_path}/none: no such file or directory"
    (tmp_path / "file").touch()
    assert refusal(f"root:{tmp_path}/file") == f"root:{tmp_path}/file: not a directory"


def test_ssh_takes_no_option_for_a_host() -> None:
    assert "names no host" in refusal("ssh:-oProxyCommand=true")


def test_what_does_not_exist_is_said_in_one_line(tmp_path: Path) -> None:
    assert refusal(str(tmp_path / "none")) == f"{tmp_path}/none: no such file or directory"
    assert refusal("nul\0byte").endswith("no path has a NUL in it")
    (tmp_path / "loop").symlink_to("loop")
    assert "Too many levels" in refusal(str(tmp_path / "loop"))


def test_fifos_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert "neither a directory nor a regular file" in refusal(str(tmp_path / "fifo"))
    assert "neither a directory nor a regular file" in refusal("/dev/null")


def test_unreadable_targets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()

    def denied(path: Any, *_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", denied)
    assert refusal(str(tmp_path / "file")) == f"{tmp_path}/file: Permission denied"
    monkeypatch.setattr(os, "listdir", denied)
    assert refusal(str(tmp_path)) == f"{tmp_path}: Permission denied"


@pytest.mark.parametrize("mark", ["manifest.json", "files/etc/hosts", "commands/lssrc_-a"])
def test_a_directory_with_one_mark_is_recorded_evidence(tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / mark).write_text("{}")
    found = open_target(str(tmp_path))
    assert isinstance(found, RecordedEvidence) and found.target == str(tmp_path)


def test_another_directory_is_loose_files(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/nimsh.log").write_bytes(b"x")
    (tmp_path / "link").symlink_to("/etc/passwd")
    found: Any = open_target(str(tmp_path))
    assert [(name, size) for name, _, size in found.pieces] == [("mail/nimsh.log", 1)]
    assert found.pieces[0][1]().read() == b"x" and found.remarks == ["link is a symbolic link and was skipped"]


def test_of_many_links_the_first_are_named(tmp_path: Path) -> None:
    (tmp_path / "nimsh.log").write_bytes(b"x")
    for number in range(25):
        (tmp_path / f"link{number}").symlink_to("/etc/passwd")
    found: Any = open_target(str(tmp_path))
    assert len(found.remarks) == 21 and found.remarks[-1] == "5 more are no regular files and were skipped"


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    assert refusal(str(tmp_path)) == f"{tmp_path}: holds no files"


def test_plain_files_together_are_one_host(tmp_path: Path) -> None:
    case, one, two = tmp_path / "case", tmp_path / "nimsh.log", tmp_path / "b" / "nimsh.log"
    (case / "commands").mkdir(parents=True)
    two.parent.mkdir()
    one.write_text("1")
    two.write_text("22")
    (tmp_path / "x.txt").write_text("")
    hosts = hosts_of([str(one), str(case), str(two), str(tmp_path / "none"), str(tmp_path / "x.txt")])
    assert hosts == [(str(one), str(two), str(tmp_path / "x.txt")), (str(case),), (str(tmp_path / "none"),)]
    found: List[Any] = [open_host(host) for host in hosts[:2]]
    assert isinstance(found[0], Loose) and isinstance(found[1], RecordedEvidence) and len(found) == 2
    assert [(name, size) for name, _, size in found[0].pieces] == [(str(one), 1), (str(two), 2), ("x.txt", 0)]
    assert found[0].pieces[1][1]().read() == b"22"


def test_a_binary_file_is_loose(tmp_path: Path) -> None:
    (tmp_path / "core").write_bytes(os.urandom(4000) + bytes(100))
    found: Any = open_target(str(tmp_path / "core"))
    assert isinstance(found, Loose)


def test_archives_of_other_kinds_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.tar.bz2").write_bytes(b"BZh9")
    assert "unpack it" in refusal(str(tmp_path / "a.tar.bz2"))


def test_an_archive_without_evidence_is_loose_files(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "mail.zip", "w") as made:
        made.writestr("nimsh.log", "abc")
    found: Any = open_target(str(tmp_path / "mail.zip"))
    assert isinstance(found, Loose) and found.pieces[0][1]().read() == b"abc"


def test_importing_is_cheap() -> None:
    # json is no such thing: every scan reads a manifest or tables of levels
    heavy = ("tarfile", "zipfile", "subprocess", "psutil", "socket")
    code = f"import sys, nimdoctor.evidence; print([name for name in {heavy!r} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert out.stdout.strip() == b"[]"
