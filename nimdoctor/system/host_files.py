"""The file system of one end, changed as root without being led astray.

Every directory on the way is opened relative to the one above it and no link is followed, so that
nobody who may write in one of them decides where a change lands. A file is changed only when it is
regular, has one name and still holds what the plan saw.
"""

import contextlib
import errno
import hashlib
import os
import re
import stat
import sys
from typing import Iterator, List, NamedTuple, Optional, Tuple

LIMIT = 16 * 1024 * 1024
"""Bytes that `read` takes unless told otherwise: the files that a plan edits have a few thousand."""

RESTORING = "restore"
"""The label in the temporary name that `create` uses."""

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
CALM = _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_DIRECTORY = os.O_RDONLY | CALM | getattr(os, "O_DIRECTORY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW
GONE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EMLINK, errno.ENXIO)
_NO_RENAME = (errno.EBUSY, errno.EXDEV, errno.EINVAL, errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR, errno.ENOTDIR)
_LABEL = re.compile(r"[A-Za-z0-9._-]+")
_EXTENDED_ACL = 0x02000000
"""S_IXACL in AIX's <sys/mode.h>: the file has an access control list, which its copy would lack."""


class Refused(Exception):
    """Something was not done, to be on the safe side: one line of what, where, what to do."""


class NoSuchFile(Refused):
    """What is asked for, or a directory on the way to it, is not there."""


class Stat(NamedTuple):
    """What stands at a path, a link itself and not what it names. `mode` holds the permission bits
    with setuid, setgid and sticky; `size` is in bytes, `mtime_ns` in nanoseconds since 1970 UTC.
    """

    kind: str
    """file, dir, link or other"""
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    ino: int
    dev: int
    nlink: int
    access_list: bool = False


class _Spot(NamedTuple):
    """A name in a directory that is held open; `path` is what the host calls it."""

    directory: int
    name: str
    path: str

    def look(self) -> Optional[os.stat_result]:
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def beside(self, label: str) -> "_Spot":
        name = f".nimdoctor-{label}-{self.name}"
        return _Spot(self.directory, name, f"{self.path[: len(self.path) - len(self.name)]}{name}")

    def unlink(self) -> None:
        os.unlink(self.name, dir_fd=self.directory)


class HostFiles:
    """The file system of this host, or the one that a directory holds.

    Paths are absolute, as the host names them, without `.` and `..`. Every method raises Refused
    where something is not as it must be, and OSError where the system fails.
    """

    def __init__(self, root: Optional[str] = None) -> None:
        self.root = None if root is None else os.path.realpath(root)

    # -- reading

    def look(self, path: str) -> Optional[Stat]:
        """What stands there; None when nothing does or a directory on the way is absent."""
        try:
            with self._at(path) as spot:
                found = spot.look()
                if found is None:
                    return None
                return Stat(
                    kind=_kind(found),
                    mode=stat.S_IMODE(found.st_mode),
                    uid=found.st_uid,
                    gid=found.st_gid,
                    size=found.st_size,
                    mtime_ns=found.st_mtime_ns,
                    ino=found.st_ino,
                    dev=found.st_dev,
                    nlink=_links(spot, found),
                    access_list=has_access_list(found),
                )
        except NoSuchFile:
            return None

    def read(self, path: str, limit: int = LIMIT) -> bytes:
        """The bytes of a regular file with one name and at most `limit` bytes."""
        with self._at(path) as spot, _opened(spot) as (descriptor, found):
            self._admit(path, found)
            if found.st_size > limit:
                raise Refused(f"{path} has {found.st_size} bytes, more than the {limit} that are read: look at it")
            return b"".join(_blocks(descriptor, found, path))

    def fingerprint(self, path: str) -> str:
        """The sha256, in hex, of a regular file with one name, of any size."""
        with self._at(path) as spot:
            found, current = _hashed(spot)
            self._admit(path, found)
            return current

    def names(self, directory: str) -> List[str]:
        """The names in a directory, sorted."""
        with self._inside(directory) as descriptor:
            return sorted(os.listdir(descriptor))

    def free_bytes(self, path: str) -> int:
        """Bytes that may still be written where `path` is or, when it is absent, would be."""
        while True:
            try:
                with self._at(path) as spot:
                    found = spot.look()
                    if found is not None and stat.S_ISDIR(found.st_mode):
                        with self._inside(path) as descriptor:
                            free = os.fstatvfs(descriptor)
                    else:
                        free = os.fstatvfs(spot.directory)
                    return free.f_bavail * (free.f_frsize or free.f_bsize)
            except NoSuchFile:
                path = os.path.dirname(path)

    # -- changing

    def replace(self, path: str, content: bytes, *, expected: str, label: str) -> None:
        """Gives a file new content in one stroke; mode, owner and group stay.

        The file must hold bytes of the sha256 `expected`, at the beginning and again just before
        the new file takes its name. Where it holds `content` already nothing is written. What an
        earlier call of the same label left behind when it was killed is removed.
        """
        with self._at(path) as spot:
            self.sweep(path, label)
            found, current = _hashed(spot)
            if current == hashlib.sha256(content).hexdigest():
                return
            _must_be(path, current, expected)
            _no_access_list(path, found)
            temporary = spot.beside(label)
            with _written(temporary, content, found.st_mode, found.st_uid, found.st_gid):
                now, current = _hashed(spot)
                # AIX may show times in whole seconds, so the bytes are compared as well
                if _identity(now) != _identity(found) or current != expected:
                    raise Refused(f"{path} was changed by somebody else just now: nothing was written, plan again")
                os.rename(temporary.name, spot.name, src_dir_fd=spot.directory, dst_dir_fd=spot.directory)
            _settle(spot.directory)

    def create(self, path: str, content: bytes, *, mode: int, uid: int, gid: int, mtime_ns: int) -> None:
        """Brings a removed file back, whole or not at all; never over something that is there.

        A call that was killed after the file had its name, and before the temporary one was gone,
        is finished by the next call.
        """
        with self._at(path) as spot:
            temporary = spot.beside(RESTORING)
            found, left = spot.look(), temporary.look()
            self.sweep(path, RESTORING, uid)
            if found is not None:
                if left is None or not _same(found, left) or _hashed(spot)[1] != hashlib.sha256(content).hexdigest():
                    raise Refused(f"{path} is there already: it is not overwritten, move it away first")
                return
            with _written(temporary, content, mode, uid, gid, mtime_ns):
                try:
                    # unlike a rename, a link fails when somebody was faster
                    os.link(
                        temporary.name,
                        spot.name,
                        src_dir_fd=spot.directory,
                        dst_dir_fd=spot.directory,
                        follow_symlinks=False,
                    )
                except FileExistsError:
                    raise Refused(f"{path} is there already: it is not overwritten, move it away first") from None
                temporary.unlink()
            _settle(spot.directory)

    def remove(self, path: str, *, expected: str) -> None:
        """Removes a regular file with one name that holds bytes of the sha256 `expected`."""
        with self._at(path) as spot:
            self.sweep(path, RESTORING)
            found, current = _hashed(spot)
            _must_be(path, current, expected)
            _no_access_list(path, found)
            now = spot.look()
            if now is None or _identity(now) != _identity(found):
                raise Refused(f"{path} was changed by somebody else just now: it was not removed, plan again")
            spot.unlink()
            _settle(spot.directory)

    def rename(self, path: str, to: str) -> None:
        """Gives a file or a directory another name on the same file system, which must be free.

        A link, a file with several names, a mount point and what is neither file nor directory stay.
        """
        with self._at(path) as source, self._at(to) as target:
            found = source.look()
            if found is None:
                raise Refused(f"{path} is not there: it cannot be renamed")
            if stat.S_ISREG(found.st_mode):
                _plain(source)
                self.sweep(path, RESTORING)
            elif not stat.S_ISDIR(found.st_mode):
                raise Refused(f"{path} is {_called(found)}, not a file or directory: it is not renamed")
            above = os.fstat(source.directory)
            if self._mounted(path, found, above):
                raise Refused(f"{path} is a mount point: it cannot be renamed, move what it holds by hand")
            if os.fstat(target.directory).st_dev != above.st_dev:
                raise Refused(f"{to} is on another file system than {path}: a rename cannot cross that")
            if target.look() is not None:
                raise Refused(f"{to} is there already: {path} was not renamed, move that away first")
            try:
                os.rename(source.name, target.name, src_dir_fd=source.directory, dst_dir_fd=target.directory)
            except OSError as problem:
                if problem.errno in _NO_RENAME:
                    raise Refused(f"{path} cannot be renamed to {to}: {problem.strerror}") from None
                raise
            _settle(source.directory)
            _settle(target.directory)

    def mount_point(self, path: str) -> bool:
        """Whether something is mounted there; False where nothing is. What is above it must exist."""
        with self._at(path) as spot:
            found = spot.look()
            return found is not None and self._mounted(path, found, os.fstat(spot.directory))

    def make_directory(self, path: str, mode: int = 0o700) -> None:
        """A new directory of exactly this mode; what is above it must exist."""
        with self._at(path) as spot:
            try:
                os.mkdir(spot.name, 0o700, dir_fd=spot.directory)
            except FileExistsError:
                raise Refused(f"{path} is there already: it was not made") from None
            with _entered(spot) as made:
                os.fchmod(made, mode)
            _settle(spot.directory)

    def remove_directory(self, path: str) -> None:
        """Removes a real directory that is empty."""
        with self._at(path) as spot:
            with _entered(spot):
                pass
            try:
                os.rmdir(spot.name, dir_fd=spot.directory)
            except OSError as problem:
                if problem.errno in _NO_RENAME:
                    raise Refused(f"{path} cannot be removed: {problem.strerror}") from None
                raise
            _settle(spot.directory)

    def sweep(self, path: str, label: str, uid: Optional[int] = None) -> None:
        """Removes the temporary file that a killed `replace` of this label, or `create`, left there.

        Only a regular file is removed that is ours or belongs to the owner of `path` (to `uid`).
        """
        if not _LABEL.fullmatch(label):
            raise Refused(f"{label!r} is no label for a temporary file: letters, digits, dot, dash and underscore")
        with self._at(path) as spot:
            found = spot.look()
            owners = {os.geteuid(), uid, None if found is None else found.st_uid}
            for word in sorted({label, RESTORING}):
                temporary = spot.beside(word)
                left = temporary.look()
                if left is None:
                    continue
                same = found is not None and _same(found, left)
                if not stat.S_ISREG(left.st_mode) or (left.st_nlink != 1 and not same) or left.st_uid not in owners:
                    raise Refused(f"{temporary.path} is in the way and not ours: look at it, then remove it")
                temporary.unlink()

    def flush(self, path: str) -> None:
        """Brings a file and its directory to the disk as far as the system does that; never raises."""
        with contextlib.suppress(OSError, Refused), self._at(path) as spot:
            found = spot.look()
            if found is not None and stat.S_ISREG(found.st_mode):
                with contextlib.suppress(OSError):
                    # AIX: fsync wants a descriptor that is open for writing
                    descriptor = os.open(spot.name, os.O_WRONLY | CALM, dir_fd=spot.directory)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)
            _settle(spot.directory)

    # -- the way there

    def _admit(self, path: str, found: os.stat_result) -> None:
        """Raises Refused for a directory that was entered, or a file that was opened for reading, which is not to be used."""

    def _called(self, path: str) -> str:
        """The path in messages: as the host names it."""
        return path

    def _mounted(self, path: str, found: os.stat_result, above: os.stat_result) -> bool:
        return found.st_dev != above.st_dev or _same(found, above) or os.path.ismount(self._real(path))

    def _real(self, path: str) -> str:
        return path if self.root is None else self.root.rstrip("/") + path

    @contextlib.contextmanager
    def _inside(self, path: str) -> Iterator[int]:
        """A directory, opened one component after the other."""
        if not path.startswith("/") or "\0" in path:
            raise Refused(f"{path!r} is not an absolute path")
        parts = path[1:].split("/") if path != "/" else []
        if any(part in ("", ".", "..") for part in parts):
            raise Refused(f"{path} has an empty part, `.` or `..` in it: name the place itself")
        try:
            descriptor = os.open(self.root or "/", _DIRECTORY)
        except PermissionError:
            raise
        except OSError as problem:
            raise Refused(f"{self.root or '/'} cannot be opened as a directory: {problem.strerror}") from None
        try:
            self._admit("/", os.fstat(descriptor))
            for count, part in enumerate(parts, 1):
                inner_path = "/" + "/".join(parts[:count])
                with _entered(_Spot(descriptor, part, self._called(inner_path))) as inner:
                    self._admit(inner_path, os.fstat(inner))
                    above, descriptor = descriptor, os.dup(inner)
                os.close(above)
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _at(self, path: str) -> Iterator[_Spot]:
        directory, slash, name = path.rpartition("/")
        if path == "/":
            name = "."
        elif not slash or name in ("", ".", ".."):
            raise Refused(f"{path!r} does not end in a name")
        with self._inside(directory or "/") as descriptor:
            yield _Spot(descriptor, name, self._called(path))


@contextlib.contextmanager
def _entered(spot: _Spot) -> Iterator[int]:
    before = spot.look()
    if before is None:
        raise NoSuchFile(f"{spot.path} is not there")
    if not stat.S_ISDIR(before.st_mode):
        raise Refused(f"{spot.path} is {_called(before)}, not a directory: nothing is done through it")
    try:
        descriptor = os.open(spot.name, _DIRECTORY, dir_fd=spot.directory)
    except OSError as problem:
        raise _swapped(spot, problem) from None
    try:
        if not _same(before, os.fstat(descriptor)):
            raise Refused(f"{spot.path} was replaced just now: nothing was done, try again")
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _opened(spot: _Spot) -> Iterator[Tuple[int, os.stat_result]]:
    """A regular file with one name, for reading."""
    # looked at before, since opening a device may already do something to it
    before = _plain(spot)
    try:
        descriptor = os.open(spot.name, os.O_RDONLY | CALM, dir_fd=spot.directory)
    except OSError as problem:
        raise _swapped(spot, problem) from None
    try:
        found = os.fstat(descriptor)
        if not _same(before, found) or not stat.S_ISREG(found.st_mode) or _links(spot, found) != 1:
            raise Refused(f"{spot.path} was replaced just now: nothing was done, try again")
        yield descriptor, found
    finally:
        os.close(descriptor)


def _swapped(spot: _Spot, problem: OSError) -> Exception:
    """What to raise when something that was looked at cannot be opened."""
    if problem.errno in GONE:
        return Refused(f"{spot.path} was replaced just now: nothing was done, try again")
    return OSError(problem.errno, problem.strerror, spot.path)


def _plain(spot: _Spot) -> os.stat_result:
    found = spot.look()
    if found is None:
        raise NoSuchFile(f"{spot.path} is not there")
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"{spot.path} is {_called(found)}, not a regular file: it is neither read nor changed")
    names = _links(spot, found)
    if names != 1:
        raise Refused(f"{spot.path} has {names} hard links: it is neither read nor changed, find the others first")
    return found


def _links(spot: _Spot, found: os.stat_result) -> int:
    """Names of a file, without the one that a killed `create` had no time to remove."""
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 2:
        left = spot.beside(RESTORING).look()
        if left is not None and _same(found, left):
            return 1
    return found.st_nlink


def _blocks(descriptor: int, found: os.stat_result, path: str) -> Iterator[bytes]:
    total = 0
    while True:
        block = os.read(descriptor, 1 << 20)
        total += len(block)
        if not block:
            break
        if total > found.st_size:
            break
        yield block
    if total != found.st_size or _identity(os.fstat(descriptor)) != _identity(found):
        raise Refused(f"{path} was changed while it was read: try again")


def _hashed(spot: _Spot) -> Tuple[os.stat_result, str]:
    with _opened(spot) as (descriptor, found):
        digest = hashlib.sha256()
        for block in _blocks(descriptor, found, spot.path):
            digest.update(block)
        return found, digest.hexdigest()


@contextlib.contextmanager
def _written(
    spot: _Spot, content: bytes, mode: int, uid: int, gid: int, mtime_ns: Optional[int] = None
) -> Iterator[None]:
    """A new file, whole and on the disk; it goes again when the body fails."""
    descriptor = os.open(spot.name, _NEW, 0o600, dir_fd=spot.directory)
    try:
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            # in this order: writing and a new owner both take setuid away
            os.fchown(descriptor, uid, gid)
            os.fchmod(descriptor, stat.S_IMODE(mode))
            if mtime_ns is not None:
                os.utime(spot.name, ns=(mtime_ns, mtime_ns), dir_fd=spot.directory, follow_symlinks=False)
            os.fsync(descriptor)
            made = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if (stat.S_IMODE(made.st_mode), made.st_uid, made.st_gid) != (stat.S_IMODE(mode), uid, gid):
            raise Refused(f"{spot.path} does not take mode {stat.S_IMODE(mode):04o}, owner {uid} and group {gid}")
        yield
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            spot.unlink()
        raise


def _must_be(path: str, current: str, expected: str) -> None:
    if current != expected:
        raise Refused(
            f"{path} is no longer as it was (sha256 {current[:12]}, expected {expected[:12]}): left alone, plan again"
        )


def has_access_list(found: os.stat_result) -> bool:
    """Whether AIX keeps an access control list beside the mode."""
    return sys.platform.startswith("aix") and bool(found.st_mode & _EXTENDED_ACL)


def _no_access_list(path: str, found: os.stat_result) -> None:
    if has_access_list(found):
        raise Refused(f"{path} has an access control list (aclget), which would be lost: change it by hand")


def _settle(directory: int) -> None:
    # AIX cannot fsync a directory
    with contextlib.suppress(OSError):
        os.fsync(directory)


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def _identity(found: os.stat_result) -> Tuple[int, ...]:
    return (
        found.st_dev,
        found.st_ino,
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )


def _kind(found: os.stat_result) -> str:
    for test, word in ((stat.S_ISREG, "file"), (stat.S_ISDIR, "dir"), (stat.S_ISLNK, "link")):
        if test(found.st_mode):
            return word
    return "other"


def _called(found: os.stat_result) -> str:
    for test, words in (
        (stat.S_ISREG, "a regular file"),
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if test(found.st_mode):
            return words
    return "a device"
