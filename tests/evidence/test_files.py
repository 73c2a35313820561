"""Reading files without being led astray."""

import errno
import os
from pathlib import Path

import pytest

from nimdoctor.evidence.files import list_directory, open_regular, path_state, resolve_inside, walk_below


def contents(path: str, root: Path) -> bytes:
    with open_regular(path, str(root)) as stream:
        return stream.read()


def test_a_link_to_a_file_is_read_on_this_host(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to("real")
    with open_regular(str(tmp_path / "link")) as stream:
        assert stream.read() == b"x"


def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(str(tmp_path / "fifo"))
    with pytest.raises(OSError, match="not a regular file"):
        open_regular("/fifo", str(tmp_path))


@pytest.mark.parametrize("path", ["/dev/null", "/dev"])
def test_devices_and_directories_are_refused(path: str) -> None:
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(path)


def test_absolute_links_are_relative_to_the_root(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "hosts").write_text("inside")
    (tmp_path / "link").symlink_to("/etc/hosts")
    (tmp_path / "dir").symlink_to("/etc")
    assert contents("/link", tmp_path) == b"inside"
    assert contents("/dir/hosts", tmp_path) == b"inside"


def test_dots_do_not_climb_out_of_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("outside")
    (root / "climb").symlink_to("../../../../secret")
    with pytest.raises(FileNotFoundError):
        open_regular("/climb", str(root))
    with pytest.raises(FileNotFoundError):
        open_regular("/../secret", str(root))
    (root / "secret").write_text("inside")
    assert contents("/climb", root) == b"inside"


def test_a_loop_of_links_is_eloop(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/b")
    (tmp_path / "b").symlink_to("/a")
    with pytest.raises(OSError) as caught:
        open_regular("/a", str(tmp_path))
    assert caught.value.errno == errno.ELOOP
    with pytest.raises(OSError) as caught:
        open_regular(str(tmp_path / "a"))
    assert isinstance(caught.value, OSError)


def test_forty_links_are_followed_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "l0").write_text("end")
    for number in range(1, 42):
        (tmp_path / f"l{number}").symlink_to(f"l{number - 1}")
    assert contents("/l40", tmp_path) == b"end"
    with pytest.raises(OSError) as caught:
        resolve_inside(str(tmp_path), "/l41")
    assert caught.value.errno == errno.ELOOP


def test_state_of_a_link_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("12345")
    (tmp_path / "file").chmod(0o640)
    os.utime(tmp_path / "file", (1000, 2000))
    (tmp_path / "link").symlink_to("nowhere")
    state = path_state("/file", str(tmp_path))
    assert state and (state.kind, state.mode, state.size, state.mtime) == ("file", 0o640, 5, 2000)
    link = path_state("/link", str(tmp_path))
    assert link and link.kind == "link"
    assert path_state("/none", str(tmp_path)) is None
    assert path_state("/file/below", str(tmp_path)) is None
    assert path_state(str(tmp_path / "none")) is None


def test_unknown_owners_are_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    state = path_state("/", str(tmp_path))
    assert state and state.owner == str(os.getuid())


def test_a_permission_error_is_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr("nimdoctor.evidence.files.os.lstat", denied)
    with pytest.raises(PermissionError):
        path_state("/etc/hosts")


def test_walk_lists_everything_below(tmp_path: Path) -> None:
    (tmp_path / "ssl_nimsh" / "certs").mkdir(parents=True)
    (tmp_path / "ssl_nimsh" / "certs" / "a.pem").write_text("")
    (tmp_path / "ssl_nimsh" / "loose").symlink_to("certs/a.pem")
    walk = walk_below("/ssl_nimsh", str(tmp_path))
    assert walk.unseen == {}
    assert {path: state and state.kind for path, state in walk.states.items()} == {
        "/ssl_nimsh": "dir",
        "/ssl_nimsh/certs": "dir",
        "/ssl_nimsh/certs/a.pem": "file",
        "/ssl_nimsh/loose": "link",
    }


def test_walk_of_nothing_is_a_complete_answer(tmp_path: Path) -> None:
    assert walk_below("/ssl_nimsh", str(tmp_path)) == ({"/ssl_nimsh": None}, {})


def test_walk_follows_a_link_at_its_top_only(tmp_path: Path) -> None:
    (tmp_path / "real" / "certs").mkdir(parents=True)
    (tmp_path / "ssl_nimsh").symlink_to("/real")
    walk = walk_below("/ssl_nimsh", str(tmp_path))
    assert walk.unseen == {} and "/ssl_nimsh/certs" in walk.states
    (tmp_path / "real" / "again").symlink_to("/real")
    walk = walk_below("/ssl_nimsh", str(tmp_path))
    assert walk.unseen == {"/ssl_nimsh/again": "not listed: it is a link to a directory"}


def test_walk_stops_at_its_limit(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).write_text("")
    walk = walk_below("/", str(tmp_path), limit=10)
    assert len(walk.states) == 10 and walk.unseen == {"/": "not listed completely: more than 10 paths"}


def test_listing_is_sorted_and_says_when_it_cannot(tmp_path: Path) -> None:
    for name in "bca":
        (tmp_path / name).write_text("")
    assert list_directory("/", str(tmp_path)) == ["a", "b", "c"]
    with pytest.raises(FileNotFoundError):
        list_directory("/none", str(tmp_path))
