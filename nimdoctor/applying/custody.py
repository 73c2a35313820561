"""What stands in a state directory is believed only where root alone, or who runs this, could have written it.

A run is resumed and taken back as root, so its plan, journal and backups are commands to root. Each directory and
file is opened below the one before it, no link is followed, and what was opened is looked at: not a path, which may
name something else a moment later.
"""

import contextlib
import os
import stat
from typing import Iterator

from nimdoctor.system.directory_entry import CALM, GONE
from nimdoctor.system.read_only_files import ReadOnlyFiles
from nimdoctor.system.refused import NoSuchFile, Refused
from nimdoctor.system.stat_result import has_access_list


class Suspicious(Refused):
    """Somebody else could have written it, or it is not what was written down: where, and what is the matter."""


def doubt(found: os.stat_result) -> str:
    """Why somebody else than root, or the user who runs this, could have written it; empty when nobody else could."""
    if stat.S_ISLNK(found.st_mode):
        return "is a symbolic link"
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to user {found.st_uid}, not to {os.geteuid()}"
    if stat.S_IMODE(found.st_mode) & 0o022:
        return f"may be written by others (mode {stat.S_IMODE(found.st_mode):04o})"
    if has_access_list(found):
        return "has an access control list (aclget), by which others may write"
    if stat.S_ISREG(found.st_mode) and found.st_nlink != 1:
        return f"has {found.st_nlink} hard links"
    return ""


class Custody(ReadOnlyFiles):
    """A directory of nimdoctor's own and what is below it, for reading; paths are absolute within it.

    Methods raise Suspicious beside what those of `ReadOnlyFiles` raise.
    """

    root: str

    def __init__(self, directory: str) -> None:
        above, name = os.path.split(os.path.abspath(directory))
        super().__init__(above)
        self.root = os.path.join(self.root, name)

    def open(self, path: str, flags: int) -> int:
        """A descriptor of a regular file; a new one is of mode 0600. Raises FileNotFoundError too."""
        with self._at(path) as entry:
            found = entry.stat()
            if found is not None:
                # before it is opened as well, since opening a device may already do something to it
                self._admit_file(path, found)
            try:
                descriptor = os.open(entry.name, flags | CALM, 0o600, dir_fd=entry.directory)
            except FileNotFoundError:
                raise
            except OSError as error:
                if error.errno in GONE:
                    raise Suspicious(f"{self._real(path)} was replaced just now") from None
                raise OSError(error.errno, error.strerror, self._real(path)) from None
            try:
                self._admit_file(path, os.fstat(descriptor))
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

    def _admit_file(self, path: str, found: os.stat_result) -> None:
        self._admit(path, found)
        if not stat.S_ISREG(found.st_mode):
            raise Suspicious(f"{self._real(path)} is no regular file")

    def _admit(self, path: str, found: os.stat_result) -> None:
        why = doubt(found)
        if why:
            raise Suspicious(f"{self._real(path)} {why}")

    def _real(self, path: str) -> str:
        return self.root if path == "/" else super()._real(path)

    def _called(self, path: str) -> str:
        return self._real(path)

    @contextlib.contextmanager
    def _inside(self, path: str) -> Iterator[int]:
        try:
            self._admit("/", os.lstat(self.root))
        except FileNotFoundError:
            raise NoSuchFile(f"{self.root} is not there") from None
        self._look_above()
        with super()._inside(path) as descriptor:
            yield descriptor

    def _look_above(self) -> None:
        """What is above may be its group's, as /var/adm is adm's on AIX: a directory that was put in the place of this
        one still had to be root's. It may not be everybody's."""
        above = os.path.dirname(self.root)
        while True:
            mode = os.lstat(above).st_mode
            if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
                raise Suspicious(
                    f"{above}, above {self.root}, may be written by everybody (mode {stat.S_IMODE(mode):04o})"
                )
            if above == os.path.dirname(above):
                return
            above = os.path.dirname(above)
