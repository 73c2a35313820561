"""Which bundles paths name: what is one, what is passed over, and of what it is told that it cannot be one."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.fleet.bundles import Bundle, bundles, listed, path_of, written
from nimdoctor.library.errors import UsageError
from nimdoctor.report.scan_report import Failure


def put(place: Path, *names: str) -> None:
    for name in names:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(*paths: object) -> "list[str]":
    """The paths of bundles; a failure as its message."""
    return [one.path if isinstance(one, Bundle) else f"! {one.message}" for one in bundles(map(str, paths))]


def below(place: Path) -> "list[str]":
    return [one.replace(f"{place}/", "") for one in found(place)]


def test_a_directory_holds_archives_evidence_directories_and_what_is_named_for_nims_own_texts(tmp_path):
    put(
        tmp_path, "b.tar.gz", "a.ZIP", "c/d.tgz", "e/manifest.json", "e/files/etc/niminfo", "f/nimsh.log", "f/lslpp.txt"
    )
    put(tmp_path, "README.txt", "sums.sha256", "c/notes.md", "g/readme", "h/commands/lsnim_-l", "niminfo")
    assert below(tmp_path) == ["a.ZIP", "b.tar.gz", "c/d.tgz", "e", "f", "h", "niminfo"]


def test_an_archive_of_a_kind_that_is_not_read_is_not_passed_over(tmp_path):
    put(tmp_path, "a.7z", "b.tar.xz")
    assert below(tmp_path) == ["a.7z", "b.tar.xz"]


@pytest.mark.parametrize("name", ["files", "commands", "manifest.json"])
def test_a_directory_of_archives_is_no_evidence_directory_whatever_its_names_are(tmp_path, name):
    put(tmp_path, f"{name}/lpar7.tgz" if "." not in name else name, "others/lpar8.tgz")
    wanted = [] if "." in name else [f"{name}/lpar7.tgz"]
    assert below(tmp_path) == [*wanted, "others/lpar8.tgz"]


def test_an_archive_that_lies_in_an_evidence_directory_is_a_bundle_beside_it(tmp_path):
    put(tmp_path, "lpar7/files/etc/niminfo", "lpar7/commands/lsnim_-l", "lpar7/lpar8.tgz", "lpar7/d/lpar9.tgz")
    assert below(tmp_path) == ["lpar7", "lpar7/lpar8.tgz"]


def test_directories_of_such_names_that_hold_something_else_are_gone_into(tmp_path):
    put(tmp_path, "files/list.csv", "commands/run.py", "cases/lpar7.tgz", "lpar8.tgz")
    assert below(tmp_path) == ["cases/lpar7.tgz", "lpar8.tgz"]


def test_what_report_makes_is_one_bundle_when_it_is_unpacked(tmp_path):
    put(tmp_path, "TS1/manifest.json", "TS1/report.html", "TS1/client/manifest.json", "TS1/master/manifest.json")
    assert below(tmp_path) == ["TS1"]


def test_a_path_that_is_named_itself_is_a_bundle_whatever_it_is_called(tmp_path):
    put(tmp_path, "lsl.txt", "d/some.txt")
    (tmp_path / "empty").mkdir()
    assert found(tmp_path / "lsl.txt", tmp_path / "d", tmp_path / "empty") == [
        str(tmp_path / name) for name in ("lsl.txt", "d", "empty")
    ]


def test_each_path_is_given_once_however_often_it_is_named(tmp_path, monkeypatch):
    put(tmp_path, "d/a.tgz")
    monkeypatch.chdir(tmp_path)
    assert found("d/a.tgz", "./d//a.tgz", "d", tmp_path / "d") == ["d/a.tgz"]


def test_bundles_come_as_they_are_asked_for(tmp_path):
    put(tmp_path, "a.tgz")

    def paths():
        yield str(tmp_path / "a.tgz")
        raise AssertionError("the next path is not asked for yet")

    assert next(bundles(paths())).path == str(tmp_path / "a.tgz")


def test_an_evidence_directory_is_another_one_once_a_file_in_it_was_changed(tmp_path):
    put(tmp_path, "lpar7/manifest.json", "lpar7/files/etc/niminfo")
    (before,) = bundles([str(tmp_path)])
    changed = tmp_path / "lpar7/files/etc/niminfo"
    changed.write_bytes(b"yy")
    os.utime(changed, ns=(1, before.mtime_ns + 5))
    (after,) = bundles([str(tmp_path)])
    assert after == (before.path, before.size + 1, before.mtime_ns + 5)


# -- what cannot be one


def test_nothing_but_directories_is_opened(tmp_path, monkeypatch):
    put(tmp_path, "a.tgz", "e/manifest.json", "nimsh.log")
    monkeypatch.setattr("builtins.open", lambda *_, **__: pytest.fail("a file is opened"))
    assert len(below(tmp_path)) == 3


def test_a_fifo_is_told_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.tgz")
    os.mkfifo(tmp_path / "queue")
    put(tmp_path, "b.tgz")
    assert below(tmp_path) == ["! a.tgz: neither a directory nor a regular file", "b.tgz"]
    assert found(tmp_path / "queue") == [f"! {tmp_path}/queue: neither a directory nor a regular file"]


def test_a_link_is_followed_only_where_it_was_named(tmp_path):
    put(tmp_path, "here/lpar7.tgz", "elsewhere/lpar8.tgz")
    here = tmp_path / "here"
    (here / "latest.tgz").symlink_to("lpar7.tgz")
    (here / "away.tgz").symlink_to("../elsewhere/lpar8.tgz")
    (here / "loop").symlink_to(".")
    (here / "all").symlink_to("../elsewhere")
    (here / "gone.tgz").symlink_to("nowhere")
    (here / "notes.txt").symlink_to("/etc/hosts")
    told = below(here)
    assert [one for one in told if not one.startswith("!")] == ["lpar7.tgz"]
    assert [one[2:].split(":")[0] for one in told if one.startswith("!")] == ["all", "away.tgz", "gone.tgz"]
    assert f"give {tmp_path}/elsewhere/lpar8.tgz itself" in " ".join(told)
    assert found(here / "away.tgz") == [str(here / "away.tgz")]


def test_what_is_not_there_and_what_no_system_takes_is_told(tmp_path):
    gone, odd = bundles([str(tmp_path / "gone.tgz"), "a\0b"])
    assert (gone.message, odd.message) == (
        f"{tmp_path}/gone.tgz: no such file or directory",
        "a\0b: no path has a NUL in it",
    )


def test_a_directory_that_cannot_be_listed_is_told_and_the_others_go_on(tmp_path, monkeypatch):
    put(tmp_path, "a/x.tgz", "b/y.tgz")
    scandir = os.scandir

    def refuses(path):
        if str(path).endswith("/a"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuses)
    assert below(tmp_path) == ["! a: cannot be listed: Permission denied: run as root", "b/y.tgz"]


# -- names


@given(st.binary(min_size=1, max_size=30).filter(lambda raw: b"\0" not in raw))
def test_a_name_in_a_record_is_utf_8_and_no_other_name_is_written_so(raw):
    path = os.fsdecode(raw)
    assert written(path).encode("utf-8") and path_of(written(path)) == path


def test_a_name_that_is_no_utf_8_is_a_bundle(tmp_path):
    raw = os.fsencode(str(tmp_path)) + b"/caf\xe9\n.tgz"
    with open(raw, "wb"):
        pass
    (one,) = bundles([str(tmp_path)])
    assert os.fsencode(one.path) == raw and written(one.path) == f"{tmp_path}/caf\\xe9\n.tgz"


# -- lists


class Pipe(io.RawIOBase):
    """Gives what it holds in the pieces in which it was written, and then waits for ever."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self.pieces = list(pieces)

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else pytest.fail("it is read on before it is asked for")


def test_a_list_is_read_no_further_than_it_is_asked_for():
    paths = listed(Pipe(b"a.tgz\nb.t", b"gz\n"))
    assert [next(paths), next(paths)] == ["a.tgz", "b.tgz"]


@given(st.lists(st.binary(min_size=1, max_size=9).filter(lambda raw: b"\0" not in raw and raw.strip()), min_size=1))
def test_a_list_parted_by_nuls_gives_every_name(names):
    assert list(listed(io.BytesIO(b"\0".join(names) + b"\0"))) == [os.fsdecode(name) for name in names]


def test_a_list_of_lines_may_end_without_one():
    assert list(listed(io.BytesIO(b"a b.tgz\n\n  \nc.tgz"))) == ["a b.tgz", "c.tgz"]
    assert list(listed(io.BytesIO(b""))) == []


def test_what_is_no_list_is_said():
    with pytest.raises(UsageError, match="no list of paths"):
        list(listed(io.BytesIO(b"x" * 200_000)))


def test_a_failure_of_a_path_is_one_of_a_scan():
    (one,) = bundles(["/no/such/bundle.tgz"])
    assert isinstance(one, Failure) and one.exit_status == 2
