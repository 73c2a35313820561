"""Changing files as root: what is refused, what is kept, what is left behind (nothing)."""

import contextlib
import errno
import os
import stat

import pytest
from host_trees import CONF, NEW, OLD, PARENTS, USES, WRONG, conf, put, sha, tree

from nimdoctor.system import directory_entry, host_files, stat_result
from nimdoctor.system.host_files import HostFiles
from nimdoctor.system.refused import Refused


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("use", sorted(USES))
def test_what_is_no_regular_file_of_one_name_is_refused_and_stays(root, files, what, use):
    words = put(root, what)
    if (use, what) == ("rename", "directory"):
        return  # a directory is renamed like a file
    before = tree(root)
    with pytest.raises(Refused, match=words) as refusal:
        USES[use](files)
    assert CONF in str(refusal.value) and "\n" not in str(refusal.value)
    assert tree(root) == before


@pytest.mark.parametrize("what", [one for one in WRONG if one != "nothing"])
def test_nothing_is_created_over_what_is_there(root, files, what):
    put(root, what)
    before = tree(root)
    with pytest.raises(Refused, match="is there already"):
        files.create(CONF, NEW, mode=0o644, uid=os.getuid(), gid=os.getgid(), mtime_ns=0)
    assert tree(root) == before


@pytest.mark.parametrize("use", sorted(PARENTS))
@pytest.mark.parametrize(
    ("what", "words"), [("link", "a symbolic link"), ("file", "a regular file"), ("FIFO", "a FIFO")]
)
def test_a_parent_that_is_no_directory_is_never_gone_through(root, files, use, what, words):
    (root / "kept").write_bytes(OLD)
    os.rename(root / "etc", root / "real")
    if what == "link":
        (root / "etc").symlink_to("real")
    elif what == "file":
        (root / "etc").write_bytes(b"")
    else:
        os.mkfifo(root / "etc")
    before = tree(root)
    with pytest.raises(Refused, match=f"/etc is {words}, not a directory"):
        PARENTS[use](files)
    assert tree(root) == before


def test_without_a_root_paths_are_those_of_this_host(root):
    here = os.path.realpath(str(conf(root)))
    files = HostFiles()
    files.replace(here, NEW, expected=sha(OLD), label="run")
    assert files.read(here) == NEW
    assert files.stat("/").kind == "dir"


# -- replacing


@pytest.mark.parametrize("mode", [0o644, 0o444, 0o4755, 0o2711, 0o1600, 0o000, 0o7777])
def test_a_replaced_file_keeps_mode_owner_and_group(root, files, mode):
    owner = (7, 8) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    os.chown(conf(root), *owner)
    os.chmod(conf(root), mode)
    if os.geteuid() != 0 and not mode & 0o400:
        pytest.skip("only root reads such a file")
    files.replace(CONF, NEW, expected=sha(OLD), label="run")
    state = conf(root).lstat()
    assert (stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid) == (mode, *owner)
    assert conf(root).read_bytes() == NEW
    assert os.listdir(root / "etc") == ["inetd.conf"]


def test_the_umask_changes_no_mode(root, files):
    before = os.umask(0o777 if os.geteuid() == 0 else 0o077)
    try:
        files.replace(CONF, NEW, expected=sha(OLD), label="run")
        files.create("/etc/new", NEW, mode=0o664, uid=os.getuid(), gid=os.getgid(), mtime_ns=10**18 + 1)
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE((root / "etc" / name).stat().st_mode) for name in ("inetd.conf", "new")}
    assert modes == {"inetd.conf": 0o644, "new": 0o664}
    assert (root / "etc" / "new").stat().st_mtime_ns == 10**18 + 1


def test_a_file_that_is_not_as_expected_is_not_replaced(root, files):
    before = tree(root)
    with pytest.raises(Refused, match="no longer as it was"):
        files.replace(CONF, NEW, expected=sha(b"planned"), label="run")
    assert tree(root) == before


def test_content_that_is_there_already_is_not_written_again(root, files):
    before = conf(root).lstat()
    files.replace(CONF, OLD, expected=sha(OLD), label="run")
    files.replace(CONF, OLD, expected=sha(b"as it was before the first time"), label="run")
    after = conf(root).lstat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


def just_before_the_rename(monkeypatch, happens):
    """Lets something happen between writing the new file and giving it its name."""
    real = os.fsync

    def fsync(descriptor):
        real(descriptor)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            monkeypatch.setattr(os, "fsync", real)
            happens()

    monkeypatch.setattr(os, "fsync", fsync)


def edited(path):
    path.write_bytes(b"somebody\n")


def edited_within_the_same_tick(path):
    state = path.stat()
    path.write_bytes(OLD.swapcase())
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def renamed_over(path):
    other = path.with_name("other")
    other.write_bytes(OLD)
    os.replace(other, path)


def swapped(what):
    return lambda path: put(path.parents[1], what)


@pytest.mark.parametrize(
    "happens",
    [edited, edited_within_the_same_tick, renamed_over, lambda path: path.chmod(0o600), *map(swapped, WRONG)],
    ids=["edited", "same size and time", "renamed over", "other mode", *WRONG],
)
def test_a_change_between_reading_and_renaming_is_refused_and_kept(root, files, monkeypatch, happens):
    seen = []

    def then():
        happens(conf(root))
        seen.append({name: state for name, state in tree(root).items() if ".nimdoctor" not in name})

    just_before_the_rename(monkeypatch, then)
    with pytest.raises(Refused):
        files.replace(CONF, NEW, expected=sha(OLD), label="run")
    assert tree(root) == seen[0]


@pytest.mark.parametrize("call", ["write", "fchown", "fchmod", "fsync", "rename"])
def test_a_failure_anywhere_leaves_no_temporary_file(root, files, monkeypatch, call):
    before = tree(root)

    def fails(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(OSError, match="No space"):
        files.replace(CONF, NEW, expected=sha(OLD), label="run")
    monkeypatch.undo()
    assert tree(root) == before


def test_a_disk_that_fills_up_leaves_the_old_file(root, files, monkeypatch):
    real, before = os.write, tree(root)

    def filling(descriptor, content):
        if len(content) < 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, bytes(content)[:5])

    monkeypatch.setattr(os, "write", filling)
    with pytest.raises(OSError, match="No space"):
        files.replace(CONF, b"0123456789", expected=sha(OLD), label="run")
    monkeypatch.undo()
    assert tree(root) == before


def test_short_writes_are_continued(root, files, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, bytes(content)[:3]))
    files.replace(CONF, NEW, expected=sha(OLD), label="run")
    assert conf(root).read_bytes() == NEW


def test_a_directory_that_cannot_be_synced_is_no_failure(root, files, monkeypatch):
    real = os.fsync

    def as_on_aix(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", as_on_aix)
    files.replace(CONF, NEW, expected=sha(OLD), label="run")
    files.remove(CONF, expected=sha(NEW))
    assert os.listdir(root / "etc") == []


def test_what_a_killed_replace_left_is_removed_first(root, files):
    left = root / "etc" / ".nimdoctor-run-inetd.conf"
    left.write_bytes(b"half")
    files.replace(CONF, NEW, expected=sha(OLD), label="run")
    assert tree(root).keys() == {"etc", "etc/inetd.conf"}
    left.write_bytes(b"half")
    files.sweep(CONF, "run")
    assert tree(root).keys() == {"etc", "etc/inetd.conf"}


@pytest.mark.parametrize("what", ["link", "FIFO", "directory", "hard link", "somebody else's"])
def test_what_is_not_ours_is_not_removed_from_the_temporary_name(root, files, what):
    left = root / "etc" / ".nimdoctor-run-inetd.conf"
    if what == "link":
        left.symlink_to("/etc/passwd")
    elif what == "FIFO":
        os.mkfifo(left)
    elif what == "directory":
        left.mkdir()
    else:
        (root / "other").write_bytes(b"")
        os.link(root / "other", left)
        if what == "somebody else's":
            os.unlink(root / "other")
            if os.geteuid() != 0:
                pytest.skip("only root gives files away")
            os.chown(left, 99, 99)
    before = tree(root)
    with pytest.raises(Refused, match="in the way and not ours"):
        files.replace(CONF, NEW, expected=sha(OLD), label="run")
    assert tree(root) == before


def test_a_label_stays_in_the_directory(files):
    with pytest.raises(Refused, match="no label"):
        files.replace(CONF, NEW, expected=sha(OLD), label="../x")


def test_a_file_with_an_access_control_list_is_left_alone_on_aix(root, files, monkeypatch):
    monkeypatch.setattr(stat_result.sys, "platform", "aix")
    monkeypatch.setattr(stat_result, "_EXTENDED_ACL", stat.S_IWUSR)  # a bit that the file has here
    for use in ("replace", "remove"):
        with pytest.raises(Refused, match="access control list"):
            USES[use](files)
    assert conf(root).read_bytes() == OLD
    assert files.stat(CONF).access_list


# -- removing and bringing back


def test_a_removed_file_comes_back_byte_mode_owner_and_time_equal(root, files):
    os.chmod(conf(root), 0o4555)
    before, seen = tree(root), files.stat(CONF)
    files.remove(CONF, expected=sha(OLD))
    assert files.stat(CONF) is None
    files.create(CONF, OLD, mode=seen.mode, uid=seen.uid, gid=seen.gid, mtime_ns=seen.mtime_ns)
    assert tree(root) == before
    assert files.stat(CONF).mtime_ns == seen.mtime_ns


def test_a_file_of_other_bytes_is_not_removed(root, files):
    with pytest.raises(Refused, match="no longer as it was"):
        files.remove(CONF, expected=sha(NEW))
    assert conf(root).read_bytes() == OLD


def test_a_file_replaced_just_before_it_is_removed_stays(root, files, monkeypatch):
    real = host_files._must_be

    def slow(*words):
        real(*words)
        edited(conf(root))

    monkeypatch.setattr(host_files, "_must_be", slow)
    with pytest.raises(Refused, match="just now"):
        files.remove(CONF, expected=sha(OLD))
    assert conf(root).read_bytes() == b"somebody\n"


def test_whoever_is_faster_than_create_keeps_the_file(root, files, monkeypatch):
    conf(root).unlink()
    just_before_the_rename(monkeypatch, lambda: edited(conf(root)))
    with pytest.raises(Refused, match="is there already"):
        files.create(CONF, NEW, mode=0o644, uid=os.getuid(), gid=os.getgid(), mtime_ns=0)
    assert conf(root).read_bytes() == b"somebody\n"
    assert os.listdir(root / "etc") == ["inetd.conf"]


def test_a_create_that_was_killed_between_its_two_names_is_finished(root, files):
    left = root / "etc" / ".nimdoctor-restore-inetd.conf"
    os.link(conf(root), left)
    assert files.stat(CONF).nlink == 1
    assert files.read(CONF) == OLD
    files.create(CONF, OLD, mode=0o644, uid=os.getuid(), gid=os.getgid(), mtime_ns=0)
    assert conf(root).stat().st_nlink == 1
    for use in ("replace", "rename"):
        left.unlink(missing_ok=True)
        os.link(conf(root), left)
        USES[use](files)
    assert files.read("/etc/inetd.conf.old") == NEW
    os.link(root / "etc/inetd.conf.old", root / "etc/.nimdoctor-restore-inetd.conf.old")
    files.remove("/etc/inetd.conf.old", expected=sha(NEW))
    assert os.listdir(root / "etc") == []


def test_a_file_is_not_created_where_its_directory_is_absent(files):
    with pytest.raises(Refused, match="/gone is not there"):
        files.create("/gone/file", NEW, mode=0o644, uid=0, gid=0, mtime_ns=0)


def test_an_owner_that_cannot_be_given_back_is_an_error_and_leaves_nothing(root, files, monkeypatch):
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    with pytest.raises(Refused, match="does not take mode"):
        files.create("/etc/new", NEW, mode=0o644, uid=4321, gid=4321, mtime_ns=0)
    assert os.listdir(root / "etc") == ["inetd.conf"]


# -- renaming


def test_a_directory_is_renamed_with_what_it_holds(root, files):
    before = files.stat("/etc")
    files.rename("/etc", "/etc_old.RUN")
    after = files.stat("/etc_old.RUN")
    assert (after.ino, after.mode) == (before.ino, before.mode)
    assert files.read("/etc_old.RUN/inetd.conf") == OLD
    assert files.stat("/etc") is None


@pytest.mark.parametrize("what", ["file", "directory", "full directory", "link to nowhere", "FIFO"])
@pytest.mark.parametrize("source", ["/etc/inetd.conf", "/tree"])
def test_a_name_that_is_taken_is_never_moved_over_or_into(root, files, what, source):
    (root / "tree").mkdir()
    target = root / "taken"
    if what == "file":
        target.write_bytes(b"")
    elif what == "link to nowhere":
        target.symlink_to("nowhere")
    elif what == "FIFO":
        os.mkfifo(target)
    else:
        target.mkdir()
        if what == "full directory":
            (target / "x").touch()
    before = tree(root)
    with pytest.raises(Refused, match="/taken is there already"):
        files.rename(source, "/taken")
    assert tree(root) == before


def test_a_mount_point_is_not_renamed(root, files, monkeypatch):
    monkeypatch.setattr(os.path, "ismount", lambda path: path == str(root / "etc"))
    with pytest.raises(Refused, match="/etc is a mount point"):
        files.rename("/etc", "/etc_old")
    assert files.stat("/etc") is not None


def test_a_mount_point_shows_by_its_device(root, files, monkeypatch):
    real = os.fstat

    def fstat(descriptor):
        found = real(descriptor)
        same = (found.st_dev, found.st_ino) == (root.stat().st_dev, root.stat().st_ino)
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:10])) if same else found

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(Refused, match="/etc is a mount point"):
        files.rename("/etc", "/etc_old")


def test_a_rename_does_not_cross_file_systems(root, files, monkeypatch):
    (root / "other").mkdir()
    real, other = os.fstat, (root / "other").stat().st_ino

    def fstat(descriptor):
        found = real(descriptor)
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:10])) if found.st_ino == other else found

    monkeypatch.setattr(os, "fstat", fstat)
    monkeypatch.setattr(directory_entry, "same_file", lambda one, two: one.st_ino == two.st_ino)
    with pytest.raises(Refused, match="another file system"):
        files.rename(CONF, "/other/inetd.conf")


def test_what_the_kernel_refuses_to_rename_is_refused(root, files, monkeypatch):
    with pytest.raises(Refused, match="cannot be renamed"):
        files.rename("/etc", "/etc/inside")

    def busy(*_, **__):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(os, "rename", busy)
    with pytest.raises(Refused, match="busy"):
        files.rename("/etc", "/etc_old")


# -- directories, descriptors


def test_directories_are_removed_empty(root, files):
    (root / "etc/.nimdoctor-RUN").mkdir()
    with pytest.raises(Refused, match="cannot be removed"):
        files.remove_directory("/etc")
    files.remove_directory("/etc/.nimdoctor-RUN")
    with pytest.raises(Refused, match="is not there"):
        files.remove_directory("/etc/.nimdoctor-RUN")
    (root / "link").symlink_to("etc")
    with pytest.raises(Refused, match="a symbolic link"):
        files.remove_directory("/link")


def test_flush_never_raises(root, files):
    put(root, "FIFO")
    for path in (CONF, "/etc", "/none/x", "relative", "/"):
        files.flush(path)


def test_a_directory_swapped_for_a_link_while_it_is_opened_is_not_followed(root, files, monkeypatch):
    outside = root / "outside"
    outside.mkdir()
    (outside / "inetd.conf").write_bytes(OLD)
    inside = HostFiles(str(root / "host"))
    (root / "host").mkdir()
    os.rename(root / "etc", root / "host" / "etc")
    real = os.open

    def swapping(path, flags, *rest, **more):
        if path == "etc":
            monkeypatch.setattr(os, "open", real)
            os.rename(root / "host" / "etc", root / "host" / "gone")
            (root / "host" / "etc").symlink_to(outside)
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", swapping)
    with pytest.raises(Refused, match="replaced just now"):
        inside.replace(CONF, NEW, expected=sha(OLD), label="run")
    assert (outside / "inetd.conf").read_bytes() == OLD


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors cannot be counted here")
def test_no_descriptor_stays_open(root, files):
    before = len(os.listdir("/proc/self/fd"))
    for use in [*USES.values(), *PARENTS.values()]:
        with contextlib.suppress(Refused):
            use(files)
    assert len(os.listdir("/proc/self/fd")) == before
