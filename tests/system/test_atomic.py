"""A file appears whole or not at all, and nobody else says where."""

import os

import pytest

from nimdoctor.system.atomic import write_whole


def planted(link, target, monkeypatch):
    """A link that belongs to somebody else."""
    link.symlink_to(target)
    if os.geteuid() == 0:
        os.lchown(link, 65534, 65534)
    else:
        mine = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: mine + 1)


@pytest.fixture
def shared(tmp_path):
    """A directory like /tmp."""
    files = tmp_path / "shared"
    files.mkdir()
    files.chmod(0o1777)
    return files


def test_another_users_link_in_a_shared_directory_is_not_gone_through(shared, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    planted(shared / "out", tmp_path / "mine", monkeypatch)
    with pytest.raises(OSError, match="link of another user"):
        write_whole(str(shared / "out" / "report.html"), b"x")
    assert os.listdir(tmp_path / "mine") == []


def test_nor_where_an_own_link_leads_to_it(shared, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "way").symlink_to("shared/out")
    planted(shared / "out", tmp_path / "mine", monkeypatch)
    with pytest.raises(OSError, match="link of another user"):
        write_whole(str(tmp_path / "way" / "report.html"), b"x")


def test_own_links_and_those_in_own_directories_are_followed(shared, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (shared / "own").symlink_to("../mine")
    write_whole(str(shared / "own" / "a"), b"x")
    planted(tmp_path / "other", tmp_path / "mine", monkeypatch)
    if os.geteuid() == 0:
        write_whole(str(tmp_path / "other" / "b"), b"y")
    assert (tmp_path / "mine" / "a").read_bytes() == b"x"


def test_a_link_in_the_place_of_the_file_is_replaced_whoever_put_it_there(shared, tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("kept")
    planted(shared / "report.html", tmp_path / "mine", monkeypatch)
    write_whole(str(shared / "report.html"), b"x")
    assert (tmp_path / "mine").read_text() == "kept" and not (shared / "report.html").is_symlink()


def test_links_that_lead_in_a_circle_are_an_error(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError):
        write_whole(str(tmp_path / "a" / "x"), b"x")


def test_nothing_is_written_among_devices_but_in_memory_and_where_the_name_only_begins_alike():
    from nimdoctor.system.atomic import _of_devices

    assert [
        path for path in ("/dev", "/dev/pts/0", "/dev/shm", "/dev/shm/lab", "/development", "/") if _of_devices(path)
    ] == [
        "/dev",
        "/dev/pts/0",
    ]
