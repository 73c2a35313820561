"""Changing files as root, killed at any call: nothing is lost or left, and the same call again ends it."""

import os
import signal

import pytest
from host_trees import CONF, NEW, OLD, USES, conf, tree


def killed(use, call, when):
    """A child process that is killed for good before or after the first such call."""
    child = os.fork()
    if child == 0:
        try:
            real = getattr(os, call)

            def last(*words, **more):
                if when == "after":
                    real(*words, **more)
                os.kill(os.getpid(), signal.SIGKILL)

            setattr(os, call, last)
            use()
        finally:
            os._exit(9)
    status = os.waitpid(child, 0)[1]
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["write", "fchown", "fchmod", "fsync", "rename"])
def test_a_replace_killed_anywhere_leaves_the_old_or_the_new_file_and_ends_when_repeated(root, files, call, when):
    os.chmod(conf(root), 0o4640)
    replace = USES["replace"]
    assert killed(lambda: replace(files), call, when)
    assert conf(root).read_bytes() == (NEW if (call, when) == ("rename", "after") else OLD)
    assert files.stat(CONF).mode == 0o4640
    replace(files)
    assert tree(root).keys() == {"etc", "etc/inetd.conf"}
    assert (conf(root).read_bytes(), files.stat(CONF).mode) == (NEW, 0o4640)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["write", "fchown", "fchmod", "utime", "fsync", "link", "unlink"])
def test_a_create_killed_anywhere_ends_when_repeated(root, files, call, when):
    conf(root).unlink()

    def create():
        files.create(CONF, OLD, mode=0o4640, uid=os.getuid(), gid=os.getgid(), mtime_ns=10**18)

    assert killed(create, call, when)
    seen = files.stat(CONF)
    if (call, when) == ("unlink", "after"):  # nothing of it is left to finish
        assert seen is not None
    else:
        create()
    assert tree(root).keys() == {"etc", "etc/inetd.conf"}
    seen = files.stat(CONF)
    assert (files.read(CONF), seen.mode, seen.mtime_ns, seen.nlink) == (OLD, 0o4640, 10**18, 1)
    assert conf(root).stat().st_nlink == 1
