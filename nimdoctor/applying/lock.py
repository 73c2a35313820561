"""One run at a time on a state directory, for this program and for the change packages it writes.

Two locks are held together: `lockf` on STATE/lock, which falls with its process and so decides
between two of us, and the directory STATE/lock.d with a file `pid`, the only kind that ksh can take.
"""

import contextlib
import errno
import fcntl
import os
import re
import stat
import time
from typing import Callable, Iterator, Optional, Set, Tuple

from nimdoctor.system.refused import Refused

NAMELESS = 10.0
"""Seconds after which a lock.d without a pid is taken for left behind: its maker died before writing it."""

_CALM = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)

_held: Set[Tuple[int, int, int]] = set()
"""What this process holds, by pid, device and inode. The kernel keeps lockf locks by process as
well: opening the file a second time would succeed, and closing it again would drop the lock."""


class Locked(Exception):
    """Somebody holds the lock. `pid` is None where it is not written down yet."""

    def __init__(self, pid: Optional[int], directory: str, *, twice: bool = False) -> None:
        self.pid = pid
        self.directory = directory
        if twice:
            words = f"this process holds {directory} already: one state directory serves one end"
        else:
            who = "another process" if pid is None else f"process {pid}"
            look = "" if pid is None else f" (ps -fp {pid})"
            words = f"{who}{look} holds {directory}: wait for its end, or remove that if nothing of nimdoctor runs"
        super().__init__(words)


@contextlib.contextmanager
def lock(state_directory: str, clock: Callable[[], float] = time.time) -> Iterator[None]:
    """Holds the lock of a state directory, which exists; never waits.

    Raises Locked at once where somebody alive has it, Refused where one of its names is something
    else, OSError. What a killed process left is taken over.
    """
    directory = os.path.join(state_directory, "lock.d")
    found = os.stat(state_directory)
    mine = (os.getpid(), found.st_dev, found.st_ino)
    if mine in _held:
        raise Locked(os.getpid(), directory, twice=True)
    _held.add(mine)
    try:
        descriptor = _open(os.path.join(state_directory, "lock"))
        try:
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as problem:
                if problem.errno in (errno.EACCES, errno.EAGAIN):
                    raise Locked(holder(state_directory), directory) from None
                raise
            _take(directory, descriptor, clock)
            try:
                yield
            finally:
                if os.getpid() == mine[0]:  # a forked child holds nothing
                    _give_back(directory, descriptor)
        finally:
            os.close(descriptor)
    finally:
        _held.discard(mine)


def holder(state_directory: str) -> Optional[int]:
    """The process that holds the lock, without taking it; None when nobody alive does."""
    pid = _pid(os.path.join(state_directory, "lock.d"))
    return pid if pid is not None and _alive(pid) else None


def _open(path: str) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _CALM, 0o600)
    except OSError as problem:
        if problem.errno in (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO):
            raise Refused(f"{path} is no regular file: look at it, then remove it") from None
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise Refused(f"{path} is no regular file of one name: look at it, then remove it")
    os.fchmod(descriptor, 0o600)
    return descriptor


def _take(directory: str, descriptor: int, clock: Callable[[], float]) -> None:
    """Makes lock.d, with lockf held, so that only a script can be in the way."""
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        _put_away(directory, _last(descriptor), clock)
        try:
            os.mkdir(directory, 0o700)
        except FileExistsError:
            raise Locked(_pid(directory), directory) from None
    try:
        os.chmod(directory, 0o700)
        pid = os.open(os.path.join(directory, "pid"), os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CALM, 0o600)
        try:
            os.fchmod(pid, 0o600)
            os.write(pid, b"%d\n" % os.getpid())
        finally:
            os.close(pid)
        # by this the next of us knows a lock.d as ours, even when another process has our number by then
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    except BaseException:
        _remove(directory)
        raise


def _put_away(directory: str, last: Optional[int], clock: Callable[[], float]) -> None:
    """Removes a lock.d whose holder is gone. `last` is the latest of us that had lockf: it has it no more."""
    try:
        found = os.lstat(directory)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        raise Refused(f"{directory} is no directory: look at it, then remove it")
    pid = _pid(directory)
    if pid is None:
        if clock() - found.st_mtime < NAMELESS:
            raise Locked(None, directory)
    elif pid != last and _alive(pid):
        raise Locked(pid, directory)
    away = f"{directory}.stale.{os.getpid()}"
    _remove(away)
    try:
        os.rename(directory, away)
    except FileNotFoundError:
        return
    moved = os.lstat(away)
    if (moved.st_dev, moved.st_ino) != (found.st_dev, found.st_ino) or _pid(away) != pid:
        # a script was faster in taking it over: what was moved is its fresh lock
        with contextlib.suppress(OSError):
            os.rename(away, directory)
        raise Locked(_pid(directory), directory)
    _remove(away)


def _give_back(directory: str, descriptor: int) -> None:
    if _pid(directory) == os.getpid():
        _remove(directory)
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)


def _remove(directory: str) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(os.path.join(directory, "pid"))
    with contextlib.suppress(FileNotFoundError):
        try:
            os.rmdir(directory)
        except OSError as problem:
            if problem.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise Refused(f"{directory} holds more than a lock's pid: look at it, then remove it") from None
            raise


def _last(descriptor: int) -> Optional[int]:
    return _number(os.pread(descriptor, 32, 0))


def _pid(directory: str) -> Optional[int]:
    try:
        descriptor = os.open(os.path.join(directory, "pid"), os.O_RDONLY | _CALM)
    except OSError:
        return None
    try:
        return _number(os.read(descriptor, 32))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _number(content: bytes) -> Optional[int]:
    found = re.match(rb"\s*([1-9][0-9]{0,9})\s", content)
    return int(found.group(1)) if found else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
