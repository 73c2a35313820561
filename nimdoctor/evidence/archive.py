"""tar, cpio (plain, of gzip, of compress) and zip archives as trees of files: checked whole before use.

Nothing is unpacked to disk but the content of a .Z file as a whole, into a file without a name.

An archive comes from somebody else's mail. What it declares is believed only as a reason to
refuse it: the declared sizes are looked at before anything is decompressed.
"""

import errno
import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from typing import Any, BinaryIO, Callable, Dict, List, Optional, Sequence, Set

from nimdoctor.evidence import ARCHIVE_NAMES
from nimdoctor.evidence.cpio import Member, begins_cpio, members, stands_behind
from nimdoctor.evidence.files import open_regular
from nimdoctor.evidence.manifest import stays_inside
from nimdoctor.evidence.source import TargetError
from nimdoctor.evidence.uncompressed import NotUncompressed, TooMuch, uncompressed

MEMBERS = 20_000
NAME_LENGTH = 1_023
"""The longest path AIX has."""
DEPTH = 100
MEMBER_SIZE = 256 * 1024 * 1024
TOTAL_SIZE = 1024 * 1024 * 1024
KEPT_MEMBER = 1024 * 1024
KEPT_TOTAL = 64 * 1024 * 1024
REPEATED = 20
"""Names that are in an archive twice and are told."""
_HEADER = 1024 * 1024
_WHOLE = TOTAL_SIZE + 4 * 512 * MEMBERS
"""Bytes of a tar or cpio: each member may take two blocks for header and padding, two more for a long name."""
_ZIP_DIRECTORY = 16 * 1024 * 1024

_DAMAGE = (EOFError, OSError, ValueError, RecursionError, struct.error, zlib.error, tarfile.TarError)


class _Breach(Exception):
    """A limit is broken; the message names it."""


def archive_kind(path: str) -> Optional[str]:
    """`tar`, `tar.gz` or `zip` by the file's first bytes, by its name where these say nothing.

    `cpio`, `cpio.gz` and `Z` (of compress, known by its name) are what pax and snap write. None for what is
    no archive. Raises OSError.
    """
    with open_regular(path) as stream:
        start = stream.read(512)
    name = path.lower()
    promised = name.endswith(ARCHIVE_NAMES)
    if start.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    if start.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as inner:
                inside = inner.read(512)
        except (EOFError, OSError, zlib.error):
            inside = b""
        if begins_cpio(inside):
            return "cpio.gz"
        return "tar.gz" if _begins_tar(inside) or promised else None
    if promised and (start.startswith(b"\x1f\x9d") or name.endswith(".z")):
        return "Z"
    if begins_cpio(start):
        return "cpio"
    if _begins_tar(start):
        return "tar"
    if not promised:
        return None
    return "zip" if name.endswith(".zip") else "tar.gz" if name.endswith("gz") else "tar"


def open_archive(path: str, kind: str, target: str) -> "ArchiveTree":
    """The archive's members. Raises TargetError, one line, for a breach of a limit or damage."""
    try:
        if kind == "zip":
            return _read_zip(path)
        return _read_stream(_stream(path, kind), kind)
    except _Breach as breach:
        raise TargetError(f"{target}: refused, {breach}") from None
    except TooMuch:
        raise TargetError(f"{target}: refused, more than 1 GiB in all, as decompressed") from None
    except NotUncompressed as error:
        raise TargetError(f"{target}: {error}") from None
    except PermissionError as error:
        raise TargetError(f"{target}: {error.strerror}") from None
    except (zipfile.BadZipFile, NotImplementedError, *_DAMAGE) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error) or type(error).__name__
        todo = ": unpack it and give the directory" if kind == "Z" else ""
        raise TargetError(f"{target}: is damaged: {_shown(said)}{todo}") from None


class ArchiveTree:
    """Members by name, in the archive's order, so that a reader of all goes through it once.

    The archive stays open until `close`; small members of a tar.gz are kept in memory.
    """

    def __init__(self, held: Any) -> None:
        self._held = held
        self.remarks: List[str] = []
        self.kept = 0
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
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, *_DAMAGE) as error:
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
                raise _Breach(f"more than {MEMBERS:,} folders: {_shown(name)}")
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
            self.remarks.append(f"{_shown(name)} is in the archive more than once; the last one counts")
        elif self._repeated == REPEATED + 1:
            self.remarks.append("other names are in the archive more than once, too; the last one counts")


class _Limits:
    """Counts what the members declare, each before its bytes are looked at."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0

    def admit(self, name: str, size: int) -> str:
        """The member's plain name; empty for the archive's own top. Raises _Breach."""
        self.count += 1
        self.total += max(0, size)
        if self.count > MEMBERS:
            raise _Breach(f"more than {MEMBERS:,} members: {_shown(name)}")
        if len(name) > NAME_LENGTH or name.count("/") > DEPTH:
            # every folder of a name is kept, so that one deep name could fill the memory
            raise _Breach(f"a name of more than {NAME_LENGTH:,} characters or {DEPTH} folders: {_shown(name)}")
        if not stays_inside(name):
            raise _Breach(f"a name that leads outside: {_shown(name)}")
        if size < 0 or size > MEMBER_SIZE:
            raise _Breach(f"a member of more than 256 MiB: {_shown(name)}")
        if self.total > TOTAL_SIZE:
            raise _Breach(f"more than 1 GiB in all: {_shown(name)}")
        return "/".join(part for part in name.split("/") if part not in ("", "."))


def _shown(name: str) -> str:
    return ascii(name)[1:-1][:200]


# -- tar and cpio: streams of members


def _stream(path: str, kind: str) -> Any:
    """The archive's bytes. Raises what `uncompressed` raises, and OSError."""
    if kind == "Z":
        return uncompressed(path, _WHOLE)
    return gzip.open(path) if kind.endswith(".gz") else open_regular(path)


def _read_stream(stream: Any, kind: str) -> ArchiveTree:
    tree = ArchiveTree(stream)
    try:
        if kind == "Z":
            start = stream.read(512)
            stream.seek(0)
            kind = "cpio" if begins_cpio(start) else "tar"
        read = _read_cpio if kind.startswith("cpio") else _read_tar
        read(tree, _Measured(stream), kind.endswith(".gz"))
    except BaseException:
        tree.close()
        raise
    return tree


def _opener(tree: ArchiveTree, measured: Any, start: int, size: int, packed: bool) -> Callable[[], BinaryIO]:
    """How to read a member; a small one of a `packed` archive is read now, since there is no way back in it."""
    if not packed or size > KEPT_MEMBER or tree.kept + size > KEPT_TOTAL:
        return _streamed(measured.stream, start, size)
    measured.seek(start)
    content = measured.read(size)
    if len(content) < size:
        raise EOFError("it ends inside a member")
    tree.kept += len(content)
    return _kept(content)


def _read_cpio(tree: ArchiveTree, measured: Any, packed: bool) -> None:
    limits = _Limits()
    unfilled: Dict[Any, str] = {}
    filled: Set[Any] = set()
    for member in members(measured):
        # pax drops the slash at the beginning as well; what leads outside is refused
        name = limits.admit(member.name.lstrip("/"), member.size)
        said = _CPIO_KINDS.get(stat.S_IFMT(member.mode), "special member")
        if said == "folder" and not member.size:
            tree.add_directory(name)
            continue
        if said != "file":
            raise _Breach(f"a {said}, only plain files may be inside: {_shown(member.name)}")
        if not name:
            raise _Breach(f"a file without a name: {_shown(member.name)}")
        if member.links > 1:
            _note_link(member, unfilled, filled)
        tree.add_file(name, member.size, _opener(tree, measured, member.content, member.size, packed))
    for inode, name in unfilled.items():
        if inode in filled:
            raise _Breach(f"a link, only plain files may be inside: {_shown(name)}")
    if stands_behind(measured):
        tree.remarks.append("more stands behind the archive's end mark; it was not read")
    if not limits.count:
        raise EOFError("it holds no members")


def _note_link(member: Member, empty: Dict[Any, str], filled: Set[Any]) -> None:
    """One of several names of a file. With content it is a file like any other; without, it is a link."""
    if member.size:
        filled.add(member.inode)
    else:
        empty.setdefault(member.inode, member.name)


_CPIO_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "FIFO",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
    stat.S_IFSOCK: "socket",
}


def _begins_tar(start: bytes) -> bool:
    if len(start) < 512:
        return False
    try:
        tarfile.TarInfo.frombuf(start, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


class _Measured:
    """The tar's bytes for tarfile, which trusts the sizes of long-name and pax headers: a read of
    more than a megabyte is refused, and so is going beyond what the members may hold in all.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.mode = "rb"

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _HEADER:
            raise _Breach(f"a header of more than {_HEADER:,} bytes")
        self._check(self.stream.tell() + size)
        data: bytes = self.stream.read(size)
        return data

    def seek(self, position: int) -> int:
        self._check(position)
        place: int = self.stream.seek(position)
        return place

    def tell(self) -> int:
        place: int = self.stream.tell()
        return place

    def _check(self, position: int) -> None:
        if position > _WHOLE:
            raise _Breach("more than 1 GiB in all, as decompressed")


def _read_tar(tree: ArchiveTree, measured: Any, packed: bool) -> None:
    limits, end = _Limits(), 0
    tar = tarfile.TarFile(fileobj=measured, mode="r", errors="surrogateescape")
    while True:
        member = tar.next()
        if member is None:
            break
        # tarfile keeps every header it has read, with whatever pax records came with it
        tar.members.clear()  # type: ignore[attr-defined]
        name = limits.admit(member.name, member.size if member.isreg() else 0)
        if member.isdir():
            tree.add_directory(name)
            end = member.offset_data
            continue
        if not member.isreg() or member.issparse():
            raise _Breach(f"a {_tar_kind(member)}, only plain files may be inside: {_shown(member.name)}")
        if not name:
            raise _Breach(f"a file without a name: {_shown(member.name)}")
        end = member.offset_data + member.size
        tree.add_file(name, member.size, _opener(tree, measured, member.offset_data, member.size, packed))
    _check_end(measured, end, tar.offset, tree)
    if not limits.count:
        raise EOFError("it holds no members")


def _check_end(measured: Any, data_end: int, offset: int, tree: ArchiveTree) -> None:
    """Whether tarfile stopped at the end mark, or silently at something else."""
    if data_end:
        measured.seek(data_end - 1)
        if not measured.read(1):
            raise EOFError("it ends inside its last member")
    measured.seek(offset)
    block = measured.read(512)
    if block.strip(b"\0"):
        raise EOFError(f"what stands at byte {offset:,} is no header")
    if not block:
        tree.remarks.append("the archive has no end mark: it may have been cut short")


def _tar_kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "link"
    if member.isfifo():
        return "FIFO"
    if member.isdev():
        return "device"
    return "sparse file" if member.issparse() else "special member"


def _kept(content: bytes) -> Callable[[], BinaryIO]:
    return lambda: io.BytesIO(content)


def _streamed(stream: Any, start: int, size: int) -> Callable[[], BinaryIO]:
    return lambda: io.BufferedReader(_Part(stream, start, size), 65536)


class _Part(io.RawIOBase):
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


# -- zip


def _read_zip(path: str) -> ArchiveTree:
    stream = open_regular(path)
    tree = ArchiveTree(stream)
    try:
        _check_zip_directory(stream)
        _read_zip_members(tree, zipfile.ZipFile(stream))
    except BaseException:
        tree.close()
        raise
    return tree


def _read_zip_members(tree: ArchiveTree, archive: zipfile.ZipFile) -> None:
    limits = _Limits()
    for member in archive.infolist():
        # zipfile cuts a name at NUL; the name as it stands in the archive is what is judged
        name = limits.admit(member.orig_filename, member.file_size)
        kind = stat.S_IFMT(member.external_attr >> 16) if member.create_system in (3, 19) else 0
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            said = "link" if kind == stat.S_IFLNK else "special file"
            raise _Breach(f"a {said}, only plain files may be inside: {_shown(name)}")
        if member.is_dir():
            tree.add_directory(name)
            continue
        if not name:
            raise _Breach(f"a file without a name: {_shown(member.orig_filename)}")
        if member.flag_bits & 1:
            raise _Breach(f"a member is encrypted: {_shown(name)}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _Breach(f"compression method {member.compress_type} is not read: {_shown(name)}")
        tree.add_file(name, member.file_size, _inflated(archive, member))
    if not limits.count:
        raise EOFError("it holds no members")


def _check_zip_directory(stream: BinaryIO) -> None:
    """The directory's size, before zipfile reads it whole."""
    length = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, length - 65_557))
    tail = stream.read()
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) < found + 22:
        raise EOFError("its directory is missing, it may have been cut short")
    count, size = struct.unpack("<HL", tail[found + 10 : found + 16])
    if count > MEMBERS or size > _ZIP_DIRECTORY:
        raise _Breach(f"more than {MEMBERS:,} members")
    # a directory of 64 bits, where there is one, is what zipfile reads instead
    if tail[max(0, found - 20) : found].startswith(b"PK\6\7"):
        wide = tail[max(0, found - 76) : found - 20]
        if len(wide) < 56 or not wide.startswith(b"PK\6\6"):
            raise EOFError("its directory of 64 bits is missing")
        count, size = struct.unpack("<QQ", wide[32:48])
        if count > MEMBERS or size > _ZIP_DIRECTORY:
            raise _Breach(f"more than {MEMBERS:,} members")


def _inflated(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: io.BufferedReader(_Part(archive.open(member), 0, member.file_size, owned=True), 65536)
