"""The file system of one end, read as root without being led astray.

Every directory on the way is opened relative to the one above it and no link is followed.
"""

import contextlib
import os
import stat
from typing import Iterator, List, Optional

from nimdoctor.system.directory_entry import DIRECTORY, Entry, blocks, entered, hashed, links, opened
from nimdoctor.system.refused import NoSuchFile, Refused
from nimdoctor.system.stat_result import Stat, has_access_list, kind_of, same_file

LIMIT = 16 * 1024 * 1024
"""Bytes that `read` takes unless told otherwise: the files that a plan edits have a few thousand."""


class ReadOnlyFiles:
    """The file system of this host, or the one that a directory holds.

    Paths are absolute, as the host names them, without `.` and `..`. Every method raises Refused
    where something is not as it must be, and OSError where the system fails.
    """

    def __init__(self, root: Optional[str] = None) -> None:
        self.root = None if root is None else os.path.realpath(root)

    def stat(self, path: str) -> Optional[Stat]:
        """What stands there; None when nothing does or a directory on the way is absent."""
        try:
            with self._at(path) as entry:
                found = entry.stat()
                if found is None:
                    return None
                return Stat(
                    kind=kind_of(found),
                    mode=stat.S_IMODE(found.st_mode),
                    uid=found.st_uid,
                    gid=found.st_gid,
                    size=found.st_size,
                    mtime_ns=found.st_mtime_ns,
                    ino=found.st_ino,
                    dev=found.st_dev,
                    nlink=links(entry, found),
                    access_list=has_access_list(found),
                )
        except NoSuchFile:
            return None

    def read(self, path: str, limit: int = LIMIT) -> bytes:
        """The bytes of a regular file with one name and at most `limit` bytes."""
        with self._at(path) as entry, opened(entry) as (descriptor, found):
            self._admit(path, found)
            if found.st_size > limit:
                raise Refused(f"{path} has {found.st_size} bytes, more than the {limit} that are read: look at it")
            return b"".join(blocks(descriptor, found, path))

    def fingerprint(self, path: str) -> str:
        """The sha256, in hex, of a regular file with one name, of any size."""
        with self._at(path) as entry:
            found, current = hashed(entry)
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
                with self._at(path) as entry:
                    found = entry.stat()
                    if found is not None and stat.S_ISDIR(found.st_mode):
                        with self._inside(path) as descriptor:
                            free = os.fstatvfs(descriptor)
                    else:
                        free = os.fstatvfs(entry.directory)
                    return free.f_bavail * (free.f_frsize or free.f_bsize)
            except NoSuchFile:
                path = os.path.dirname(path)

    def mount_point(self, path: str) -> bool:
        """Whether something is mounted there; False where nothing is. What is above it must exist."""
        with self._at(path) as entry:
            found = entry.stat()
            return found is not None and self._mounted(path, found, os.fstat(entry.directory))

    def _admit(self, path: str, found: os.stat_result) -> None:
        """Raises Refused for a directory that was entered, or a file that was opened for reading, which is not to be used."""

    def _called(self, path: str) -> str:
        """The path in messages: as the host names it."""
        return path

    def _mounted(self, path: str, found: os.stat_result, above: os.stat_result) -> bool:
        return found.st_dev != above.st_dev or same_file(found, above) or os.path.ismount(self._real(path))

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
            descriptor = os.open(self.root or "/", DIRECTORY)
        except PermissionError:
            raise
        except OSError as problem:
            raise Refused(f"{self.root or '/'} cannot be opened as a directory: {problem.strerror}") from None
        try:
            self._admit("/", os.fstat(descriptor))
            for count, part in enumerate(parts, 1):
                inner_path = "/" + "/".join(parts[:count])
                with entered(Entry(descriptor, part, self._called(inner_path))) as inner:
                    self._admit(inner_path, os.fstat(inner))
                    above, descriptor = descriptor, os.dup(inner)
                os.close(above)
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _at(self, path: str) -> Iterator[Entry]:
        directory, slash, name = path.rpartition("/")
        if path == "/":
            name = "."
        elif not slash or name in ("", ".", ".."):
            raise Refused(f"{path!r} does not end in a name")
        with self._inside(directory or "/") as descriptor:
            yield Entry(descriptor, name, self._called(path))
