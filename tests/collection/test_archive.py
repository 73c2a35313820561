"""An archive of a tree: the same bytes each time, whole or not at all, through no link."""

import gzip
import os
import resource
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hosts import MemoryTree

from nimdoctor.collection.archive import archive_name, manifest_of, write_archive
from nimdoctor.evidence import open_target
from nimdoctor.evidence.tree import DirectoryTree

MOMENT = 1741946704
FILES = {
    "manifest.json": b'{"schema": "nimdoctor.evidence/1", "host": "lpar7", "redacted": false}',
    "files/etc/hosts": b"10.1.1.7 lpar7\n",
    "commands/" + "x" * 200: b"long\n",
    "commands/hostname": b"lpar7\n",
}


class Shrinking(MemoryTree):
    """A tree whose files are shorter than it says."""

    def size(self, name: str) -> int:
        return super().size(name) + 1


class Failing(MemoryTree):
    """A tree of which one file cannot be read."""

    def open(self, name: str) -> BinaryIO:
        if name == "files/etc/hosts":
            raise OSError(5, "Input/output error")
        return super().open(name)


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tgz"])
def test_it_is_read_back(ending: str, tmp_path: Path) -> None:
    path = str(tmp_path / f"x{ending}")
    write_archive(MemoryTree(FILES), path, MOMENT)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    evidence = open_target(path)
    assert evidence.host == "lpar7"
    evidence.close()
    with tarfile.open(path) as archive:
        assert archive.getnames() == sorted([*FILES, "files", "files/etc", "commands"])
        for member in archive:
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert member.mtime == MOMENT and member.mode == (0o700 if member.isdir() else 0o600)
        for name, content in FILES.items():
            assert archive.extractfile(name).read() == content  # type: ignore[union-attr]


def test_it_is_the_same_whenever_and_wherever_it_is_made(tmp_path: Path) -> None:
    write_archive(MemoryTree(FILES), str(tmp_path / "one.tar.gz"), MOMENT)
    for name, content in reversed(FILES.items()):
        place = tmp_path / "tree" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        os.utime(place, (1, 1))
    write_archive(DirectoryTree(str(tmp_path / "tree")), str(tmp_path / "other.tar.gz"), MOMENT)
    one = (tmp_path / "one.tar.gz").read_bytes()
    assert one == (tmp_path / "other.tar.gz").read_bytes()
    assert one[3] == 0 and one[4:8] == b"\0\0\0\0", "neither a name nor a time in the header"
    assert gzip.decompress(one).startswith(b"commands/\0")


def test_below_a_folder(tmp_path: Path) -> None:
    path = str(tmp_path / "x.tar")
    write_archive(MemoryTree(FILES), path, MOMENT, folder="lpar7")
    with tarfile.open(path) as archive:
        assert archive.getnames()[0] == "lpar7" and "lpar7/manifest.json" in archive.getnames()
    assert open_target(path).host == "lpar7"


def test_a_link_in_its_place_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("kept")
    path = tmp_path / "x.tar.gz"
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic link"):
        write_archive(MemoryTree(FILES), str(path), MOMENT)
    assert target.read_text() == "kept" and path.is_symlink()


def test_a_directory_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tar").mkdir()
    with pytest.raises(IsADirectoryError):
        write_archive(MemoryTree(FILES), str(tmp_path / "x.tar"), MOMENT)


def test_a_file_in_its_place_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_text("old")
    write_archive(MemoryTree(FILES), str(path), MOMENT)
    assert tarfile.is_tarfile(path)


@pytest.mark.parametrize("tree", [Shrinking(FILES), Failing(FILES)])
def test_what_cannot_be_read_whole_leaves_no_archive(tree: MemoryTree, tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write_archive(tree, str(tmp_path / "x.tar.gz"), MOMENT)
    assert os.listdir(tmp_path) == []


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.tar, \.tar\.gz, \.tgz"):
        write_archive(MemoryTree(FILES), str(tmp_path / "x.zip"), MOMENT)


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "large").write_bytes(os.urandom(300_000))
    (tmp_path / "out").mkdir()
    program = (
        "import sys\n"
        "from nimdoctor.collection.archive import write_archive\n"
        "from nimdoctor.evidence.tree import DirectoryTree\n"
        "try:\n"
        "    write_archive(DirectoryTree(sys.argv[1]), sys.argv[2], 0)\n"
        "except OSError as error:\n"
        "    sys.exit(error.errno)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "tree"), str(tmp_path / "out" / "x.tar.gz")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert ended.returncode == 27 and os.listdir(tmp_path / "out") == []


def test_names() -> None:
    assert archive_name(None, 0) == "host.nimdoctor.19700101T000000Z.tar.gz"
    assert "/" not in archive_name("../../x", 0)


def test_what_the_manifest_says() -> None:
    assert manifest_of(MemoryTree(FILES)).redacted is False
    assert manifest_of(MemoryTree({})).redacted is None
