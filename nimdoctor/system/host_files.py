"""The file system of one end, changed as root without being led astray.

A file is changed only when it is regular, has one name and still holds what the plan saw. No link is
followed, so that nobody who may write in a directory on the way decides where a change lands.
"""

import contextlib
import errno
import hashlib
import os
import re
import stat
from typing import Iterator, Optional

from nimdoctor.system.directory_entry import CALM, NOFOLLOW, RESTORING, Entry, entered, hashed, plain, settle
from nimdoctor.system.read_only_files import ReadOnlyFiles
from nimdoctor.system.refused import Refused
from nimdoctor.system.stat_result import has_access_list, identity, in_words, same_file

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW
_NO_RENAME = (errno.EBUSY, errno.EXDEV, errno.EINVAL, errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR, errno.ENOTDIR)
_LABEL = re.compile(r"[A-Za-z0-9._-]+")


class HostFiles(ReadOnlyFiles):
    """A file system that is changed, too; every method raises what those for reading raise."""

    def replace(self, path: str, content: bytes, *, expected: str, label: str) -> None:
        """Gives a file new content in one stroke; mode, owner and group stay.

        The file must hold bytes of the sha256 `expected`, at the beginning and again just before
        the new file takes its name. Where it holds `content` already nothing is written. What an
        earlier call of the same label left behind when it was killed is removed.
        """
        with self._at(path) as entry:
            self.sweep(path, label)
            found, current = hashed(entry)
            if current == hashlib.sha256(content).hexdigest():
                return
            _must_be(path, current, expected)
            _no_access_list(path, found)
            temporary = entry.beside(label)
            with _written(temporary, content, found.st_mode, found.st_uid, found.st_gid):
                now, current = hashed(entry)
                # AIX may show times in whole seconds, so the bytes are compared as well
                if identity(now) != identity(found) or current != expected:
                    raise Refused(f"{path} was changed by somebody else just now: nothing was written, plan again")
                os.rename(temporary.name, entry.name, src_dir_fd=entry.directory, dst_dir_fd=entry.directory)
            settle(entry.directory)

    def create(self, path: str, content: bytes, *, mode: int, uid: int, gid: int, mtime_ns: int) -> None:
        """Brings a removed file back, whole or not at all; never over something that is there.

        A call that was killed after the file had its name, and before the temporary one was gone,
        is finished by the next call.
        """
        with self._at(path) as entry:
            temporary = entry.beside(RESTORING)
            found, left = entry.stat(), temporary.stat()
            self.sweep(path, RESTORING, uid)
            if found is not None:
                if (
                    left is None
                    or not same_file(found, left)
                    or hashed(entry)[1] != hashlib.sha256(content).hexdigest()
                ):
                    raise Refused(f"{path} is there already: it is not overwritten, move it away first")
                return
            with _written(temporary, content, mode, uid, gid, mtime_ns):
                try:
                    # unlike a rename, a link fails when somebody was faster
                    os.link(
                        temporary.name,
                        entry.name,
                        src_dir_fd=entry.directory,
                        dst_dir_fd=entry.directory,
                        follow_symlinks=False,
                    )
                except FileExistsError:
                    raise Refused(f"{path} is there already: it is not overwritten, move it away first") from None
                temporary.unlink()
            settle(entry.directory)

    def remove(self, path: str, *, expected: str) -> None:
        """Removes a regular file with one name that holds bytes of the sha256 `expected`."""
        with self._at(path) as entry:
            self.sweep(path, RESTORING)
            found, current = hashed(entry)
            _must_be(path, current, expected)
            _no_access_list(path, found)
            now = entry.stat()
            if now is None or identity(now) != identity(found):
                raise Refused(f"{path} was changed by somebody else just now: it was not removed, plan again")
            entry.unlink()
            settle(entry.directory)

    def rename(self, path: str, to: str) -> None:
        """Gives a file or a directory another name on the same file system, which must be free.

        A link, a file with several names, a mount point and what is neither file nor directory stay.
        """
        with self._at(path) as source, self._at(to) as target:
            found = source.stat()
            if found is None:
                raise Refused(f"{path} is not there: it cannot be renamed")
            if stat.S_ISREG(found.st_mode):
                plain(source)
                self.sweep(path, RESTORING)
            elif not stat.S_ISDIR(found.st_mode):
                raise Refused(f"{path} is {in_words(found)}, not a file or directory: it is not renamed")
            above = os.fstat(source.directory)
            if self._mounted(path, found, above):
                raise Refused(f"{path} is a mount point: it cannot be renamed, move what it holds by hand")
            if os.fstat(target.directory).st_dev != above.st_dev:
                raise Refused(f"{to} is on another file system than {path}: a rename cannot cross that")
            if target.stat() is not None:
                raise Refused(f"{to} is there already: {path} was not renamed, move that away first")
            try:
                os.rename(source.name, target.name, src_dir_fd=source.directory, dst_dir_fd=target.directory)
            except OSError as problem:
                if problem.errno in _NO_RENAME:
                    raise Refused(f"{path} cannot be renamed to {to}: {problem.strerror}") from None
                raise
            settle(source.directory)
            settle(target.directory)

    def remove_directory(self, path: str) -> None:
        """Removes a real directory that is empty."""
        with self._at(path) as entry:
            with entered(entry):
                pass
            try:
                os.rmdir(entry.name, dir_fd=entry.directory)
            except OSError as problem:
                if problem.errno in _NO_RENAME:
                    raise Refused(f"{path} cannot be removed: {problem.strerror}") from None
                raise
            settle(entry.directory)

    def sweep(self, path: str, label: str, uid: Optional[int] = None) -> None:
        """Removes the temporary file that a killed `replace` of this label, or `create`, left there.

        Only a regular file is removed that is ours or belongs to the owner of `path` (to `uid`).
        """
        if not _LABEL.fullmatch(label):
            raise Refused(f"{label!r} is no label for a temporary file: letters, digits, dot, dash and underscore")
        with self._at(path) as entry:
            found = entry.stat()
            owners = {os.geteuid(), uid, None if found is None else found.st_uid}
            for word in sorted({label, RESTORING}):
                temporary = entry.beside(word)
                left = temporary.stat()
                if left is None:
                    continue
                same = found is not None and same_file(found, left)
                if not stat.S_ISREG(left.st_mode) or (left.st_nlink != 1 and not same) or left.st_uid not in owners:
                    raise Refused(f"{temporary.path} is in the way and not ours: look at it, then remove it")
                temporary.unlink()

    def flush(self, path: str) -> None:
        """Brings a file and its directory to the disk as far as the system does that; never raises."""
        with contextlib.suppress(OSError, Refused), self._at(path) as entry:
            found = entry.stat()
            if found is not None and stat.S_ISREG(found.st_mode):
                with contextlib.suppress(OSError):
                    # AIX: fsync wants a descriptor that is open for writing
                    descriptor = os.open(entry.name, os.O_WRONLY | CALM, dir_fd=entry.directory)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)
            settle(entry.directory)


@contextlib.contextmanager
def _written(
    entry: Entry, content: bytes, mode: int, uid: int, gid: int, mtime_ns: Optional[int] = None
) -> Iterator[None]:
    """A new file, whole and on the disk; it goes again when the body fails."""
    descriptor = os.open(entry.name, _NEW, 0o600, dir_fd=entry.directory)
    try:
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            # in this order: writing and a new owner both take setuid away
            os.fchown(descriptor, uid, gid)
            os.fchmod(descriptor, stat.S_IMODE(mode))
            if mtime_ns is not None:
                os.utime(entry.name, ns=(mtime_ns, mtime_ns), dir_fd=entry.directory, follow_symlinks=False)
            os.fsync(descriptor)
            made = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if (stat.S_IMODE(made.st_mode), made.st_uid, made.st_gid) != (stat.S_IMODE(mode), uid, gid):
            raise Refused(f"{entry.path} does not take mode {stat.S_IMODE(mode):04o}, owner {uid} and group {gid}")
        yield
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            entry.unlink()
        raise


def _must_be(path: str, current: str, expected: str) -> None:
    if current != expected:
        raise Refused(
            f"{path} is no longer as it was (sha256 {current[:12]}, expected {expected[:12]}): left alone, plan again"
        )


def _no_access_list(path: str, found: os.stat_result) -> None:
    if has_access_list(found):
        raise Refused(f"{path} has an access control list (aclget), which would be lost: change it by hand")
