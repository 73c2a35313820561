"""A name in a directory that is held open, and what is there: looked at and opened so that no link is followed."""

import contextlib
import errno
import hashlib
import os
import stat
from typing import Iterator, NamedTuple, Optional, Tuple

from nimdoctor.system.refused import NoSuchFile, Refused
from nimdoctor.system.stat_result import identity, in_words, same_file

RESTORING = "restore"
"""The label in the temporary name of a file that is brought back."""

NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
CALM = NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
DIRECTORY = os.O_RDONLY | CALM | getattr(os, "O_DIRECTORY", 0)
GONE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EMLINK, errno.ENXIO)


class Entry(NamedTuple):
    """A name in a directory that is held open; `path` is what the host calls it."""

    directory: int
    name: str
    path: str

    def stat(self) -> Optional[os.stat_result]:
        """What is there now; None when nothing is."""
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def beside(self, label: str) -> "Entry":
        """The temporary name of that label in the same directory."""
        name = f".nimdoctor-{label}-{self.name}"
        return Entry(self.directory, name, f"{self.path[: len(self.path) - len(self.name)]}{name}")

    def unlink(self) -> None:
        """Removes the name."""
        os.unlink(self.name, dir_fd=self.directory)


@contextlib.contextmanager
def entered(entry: Entry) -> Iterator[int]:
    """A descriptor of a directory, not of one that took its place. Raises NoSuchFile, Refused, OSError."""
    before = entry.stat()
    if before is None:
        raise NoSuchFile(f"{entry.path} is not there")
    if not stat.S_ISDIR(before.st_mode):
        raise Refused(f"{entry.path} is {in_words(before)}, not a directory: nothing is done through it")
    try:
        descriptor = os.open(entry.name, DIRECTORY, dir_fd=entry.directory)
    except OSError as problem:
        raise _swapped(entry, problem) from None
    try:
        if not same_file(before, os.fstat(descriptor)):
            raise Refused(f"{entry.path} was replaced just now: nothing was done, try again")
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def opened(entry: Entry) -> Iterator[Tuple[int, os.stat_result]]:
    """A descriptor of a regular file with one name, for reading. Raises NoSuchFile, Refused, OSError."""
    # looked at before, since opening a device may already do something to it
    before = plain(entry)
    try:
        descriptor = os.open(entry.name, os.O_RDONLY | CALM, dir_fd=entry.directory)
    except OSError as problem:
        raise _swapped(entry, problem) from None
    try:
        found = os.fstat(descriptor)
        if not same_file(before, found) or not stat.S_ISREG(found.st_mode) or links(entry, found) != 1:
            raise Refused(f"{entry.path} was replaced just now: nothing was done, try again")
        yield descriptor, found
    finally:
        os.close(descriptor)


def _swapped(entry: Entry, problem: OSError) -> Exception:
    """What to raise when something that was looked at cannot be opened."""
    if problem.errno in GONE:
        return Refused(f"{entry.path} was replaced just now: nothing was done, try again")
    return OSError(problem.errno, problem.strerror, entry.path)


def plain(entry: Entry) -> os.stat_result:
    """The stat result of a regular file with one name. Raises NoSuchFile, Refused."""
    found = entry.stat()
    if found is None:
        raise NoSuchFile(f"{entry.path} is not there")
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"{entry.path} is {in_words(found)}, not a regular file: it is neither read nor changed")
    names = links(entry, found)
    if names != 1:
        raise Refused(f"{entry.path} has {names} hard links: it is neither read nor changed, find the others first")
    return found


def links(entry: Entry, found: os.stat_result) -> int:
    """Names of a file, without the one that a killed `create` had no time to remove."""
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 2:
        left = entry.beside(RESTORING).stat()
        if left is not None and same_file(found, left):
            return 1
    return found.st_nlink


def blocks(descriptor: int, found: os.stat_result, path: str) -> Iterator[bytes]:
    """The bytes of an open file. Raises Refused where it is changed meanwhile."""
    total = 0
    while True:
        block = os.read(descriptor, 1 << 20)
        total += len(block)
        if not block:
            break
        if total > found.st_size:
            break
        yield block
    if total != found.st_size or identity(os.fstat(descriptor)) != identity(found):
        raise Refused(f"{path} was changed while it was read: try again")


def hashed(entry: Entry) -> Tuple[os.stat_result, str]:
    """Its stat result and the sha256 of its bytes, in hex. Raises NoSuchFile, Refused, OSError."""
    with opened(entry) as (descriptor, found):
        digest = hashlib.sha256()
        for block in blocks(descriptor, found, entry.path):
            digest.update(block)
        return found, digest.hexdigest()


def settle(directory: int) -> None:
    """Brings a directory to the disk as far as the system does that."""
    # AIX cannot fsync a directory
    with contextlib.suppress(OSError):
        os.fsync(directory)
