"""Reading files as root: what is seen of them, and what is refused."""

import os

import pytest
from host_trees import CONF, OLD, conf, sha

from nimdoctor.system.host_files import HostFiles
from nimdoctor.system.refused import Refused


@pytest.mark.parametrize(
    "path", ["etc/inetd.conf", "", "/etc/../etc/inetd.conf", "/etc/./x", "/etc//x", "/etc/", "/etc/.."]
)
def test_a_path_that_is_not_plain_is_refused(files, path):
    with pytest.raises(Refused):
        files.stat(path)


def test_a_root_that_is_no_directory_is_refused(root):
    with pytest.raises(Refused, match="cannot be opened as a directory"):
        HostFiles(str(root / "nowhere")).stat("/etc")


def test_a_look_shows_kind_mode_owner_and_links(root, files):
    os.chmod(conf(root), 0o4751)
    (root / "etc" / "link").symlink_to("inetd.conf")
    os.mkfifo(root / "etc" / "fifo")
    seen = files.stat(CONF)
    state = conf(root).lstat()
    assert (seen.kind, seen.mode, seen.uid, seen.gid, seen.size) == (
        "file",
        0o4751,
        state.st_uid,
        state.st_gid,
        len(OLD),
    )
    assert (seen.mtime_ns, seen.ino, seen.dev, seen.nlink) == (state.st_mtime_ns, state.st_ino, state.st_dev, 1)
    assert [files.stat(f"/etc/{name}").kind for name in ("link", "fifo")] == ["link", "other"]
    assert files.stat("/etc").kind == files.stat("/").kind == "dir"


def test_what_is_absent_looks_like_nothing(files):
    assert files.stat("/etc/none") is None
    assert files.stat("/none/at/all") is None


def test_a_file_larger_than_the_limit_is_not_read(root, files):
    conf(root).write_bytes(b"x" * 101)
    with pytest.raises(Refused, match="101 bytes, more than the 100"):
        files.read(CONF, limit=100)
    assert len(files.read(CONF, limit=101)) == 101
    assert files.fingerprint(CONF) == sha(b"x" * 101)


def test_a_file_that_grows_while_it_is_read_is_refused(root, files, monkeypatch):
    real = os.read

    def growing(descriptor, count):
        with conf(root).open("ab") as stream:
            stream.write(b"more\n")
        return real(descriptor, count)

    monkeypatch.setattr(os, "read", growing)
    for use in (files.read, files.fingerprint):
        with pytest.raises(Refused, match="changed while it was read"):
            use(CONF)


def test_names_are_sorted_and_free_space_is_that_of_the_nearest_directory(root, files):
    (root / "etc" / "aaa").touch()
    assert files.names("/etc") == ["aaa", "inetd.conf"]
    assert files.free_bytes("/not/yet/made") > 0
    assert files.free_bytes(CONF) > 0
    assert files.free_bytes("/") > 0
    with pytest.raises(Refused, match="/none is not there"):
        files.names("/none")
