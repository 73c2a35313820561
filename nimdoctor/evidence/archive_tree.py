"""An archive's members as a tree of files, read where they stand: nothing is unpacked to disk."""

import errno
import io
import struct
import tarfile
import zipfile
import zlib
from typing import Any, BinaryIO, Callable, Dict, List, Sequence, Set

from nimdoctor.evidence.archive_limits import MEMBERS, Breach, shown

REPEATED = 20
"""Names that are in an archive twice and are told."""

DAMAGE = (EOFError, OSError, ValueError, RecursionError, struct.error, zlib.error, tarfile.TarError)


class ArchiveTree:
    """Members by name, in the archive's order, so that a reader of all goes through it once.

    The archive stays open until `close`; small members of a tar.gz are kept in memory.
    """

    def __init__(self, held: Any) -> None:
        self._held = held
        self.remarks: List[str] = []
        self.memory = 0
        self._repeated = 0
        self._openers: Dict[str, Callable[[], BinaryIO]] = {}
        self._sizes: Dict[str, int] = {}
        self._directories: Set[str] = set()

    def names(self) -> Sequence[str]:
        """All files."""
        return list(self._openers)

    def directories(self) -> Sequence[str]:
        """All directories, those included that only show in the names of files."""
        return sorted(self._directories)

    def open(self, name: str) -> BinaryIO:
        """Raises OSError, also while reading a member that proves damaged."""
        if name not in self._openers:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", name)
        try:
            return self._openers[name]()
        except OSError:
            raise
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, *DAMAGE) as error:
            raise OSError(errno.EIO, f"damaged in the archive: {error}", name) from None

    def size(self, name: str) -> int:
        """Raises OSError."""
        if name not in self._sizes:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", name)
        return self._sizes[name]

    def close(self) -> None:
        """Closes the archive; members still being read end with an OSError."""
        self._openers.clear()
        self._held.close()

    def add_directory(self, name: str) -> None:
        """Notes a directory and those above it."""
        while name and name not in self._directories:
            if len(self._directories) >= MEMBERS:
                raise Breach(f"more than {MEMBERS:,} folders: {shown(name)}")
            self._directories.add(name)
            name = name.rpartition("/")[0]

    def add_file(self, name: str, size: int, opener: Callable[[], BinaryIO]) -> None:
        """Adds a file; a second one of that name replaces the first, with a remark."""
        if name in self._openers:
            self._repeat(name)
        self._openers[name] = opener
        self._sizes[name] = size
        self.add_directory(name.rpartition("/")[0])

    def _repeat(self, name: str) -> None:
        self._repeated += 1
        if self._repeated <= REPEATED:
            self.remarks.append(f"{shown(name)} is in the archive more than once; the last one counts")
        elif self._repeated == REPEATED + 1:
            self.remarks.append("other names are in the archive more than once, too; the last one counts")


class MemberStream(io.RawIOBase):
    """`size` bytes of a stream from `start` on, which others may be moving about in as well; `owned`
    is closed with it. Damage met while reading is an OSError.
    """

    def __init__(self, stream: Any, start: int, size: int, owned: bool = False) -> None:
        super().__init__()
        self._stream, self._start, self._size, self._at = stream, start, size, 0
        self._owned = owned

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        try:
            if self._stream.tell() != self._start + self._at:
                self._stream.seek(self._start + self._at)
            data = self._stream.read(wanted)
        except (zipfile.BadZipFile, EOFError, ValueError, zlib.error) as error:
            raise OSError(errno.EIO, f"damaged in the archive: {error}") from None
        if not data:
            raise OSError(errno.EIO, "damaged in the archive: it ends early")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if self._owned and not self.closed:
            self._stream.close()
        super().close()
