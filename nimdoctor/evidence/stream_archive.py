"""tar and cpio archives, plain, of gzip or of compress: streams in which each member stands behind its header."""

import gzip
import io
import stat
import tarfile
import zlib
from typing import Any, BinaryIO, Callable, Dict, Set

from nimdoctor.evidence.archive_limits import MEMBERS, TOTAL_SIZE, Breach, Limits, shown
from nimdoctor.evidence.archive_tree import ArchiveTree, MemberStream
from nimdoctor.evidence.cpio import Member, begins_cpio, members, stands_behind
from nimdoctor.evidence.files import open_regular
from nimdoctor.evidence.uncompressed import uncompressed

IN_MEMORY = 4 * 1024 * 1024
MEMORY_MEMBER = 1024 * 1024
MEMORY_TOTAL = 64 * 1024 * 1024
_HEADER = 1024 * 1024
_WHOLE = TOTAL_SIZE + 4 * 512 * MEMBERS
"""Bytes of a tar or cpio: each member may take two blocks for header and padding, two more for a long name."""
_CPIO_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "FIFO",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
    stat.S_IFSOCK: "socket",
}


def read_stream(path: str, kind: str) -> ArchiveTree:
    """The members of an archive of such a kind. Raises Breach, what `uncompressed` raises, and one of DAMAGE."""
    stream = _stream(path, kind)
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


def _stream(path: str, kind: str) -> Any:
    """The archive's bytes. Raises what `uncompressed` raises, and OSError."""
    if kind == "Z":
        return uncompressed(path, _WHOLE)
    return _decompressed(path) if kind.endswith(".gz") else open_regular(path)


def _decompressed(path: str) -> Any:
    """What is in a gzip: a little of it whole, since going about in memory costs nothing. Damage shows when it is read."""
    try:
        with gzip.open(path) as stream:
            content = stream.read(IN_MEMORY + 1)
    except (EOFError, OSError, zlib.error):
        return gzip.open(path)
    return io.BytesIO(content) if len(content) <= IN_MEMORY else gzip.open(path)


class _Measured:
    """The tar's bytes for tarfile, which trusts the sizes of long-name and pax headers: a read of
    more than a megabyte is refused, and so is going beyond what the members may hold in all.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.mode = "rb"

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _HEADER:
            raise Breach(f"a header of more than {_HEADER:,} bytes")
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
            raise Breach("more than 1 GiB in all, as decompressed")


def _opener(tree: ArchiveTree, measured: Any, start: int, size: int, packed: bool) -> Callable[[], BinaryIO]:
    """How to read a member; a small one of a `packed` archive is read now, since there is no way back in it."""
    if not packed or size > MEMORY_MEMBER or tree.memory + size > MEMORY_TOTAL:
        return _streamed(measured.stream, start, size)
    measured.seek(start)
    content = measured.read(size)
    if len(content) < size:
        raise EOFError("it ends inside a member")
    tree.memory += len(content)
    return lambda: io.BytesIO(content)


def _streamed(stream: Any, start: int, size: int) -> Callable[[], BinaryIO]:
    return lambda: io.BufferedReader(MemberStream(stream, start, size), 65536)


def _read_cpio(tree: ArchiveTree, measured: Any, packed: bool) -> None:
    limits = Limits()
    unfilled: Dict[Any, str] = {}
    filled: Set[Any] = set()
    for member in members(measured):
        # pax drops the slash at the beginning as well; what leads outside is refused
        name = limits.admit(member.name.lstrip("/"), member.size)
        kind = _CPIO_KINDS.get(stat.S_IFMT(member.mode), "special member")
        if kind == "folder" and not member.size:
            tree.add_directory(name)
            continue
        if kind != "file":
            raise Breach(f"a {kind}, only plain files may be inside: {shown(member.name)}")
        if not name:
            raise Breach(f"a file without a name: {shown(member.name)}")
        if member.links > 1:
            _note_link(member, unfilled, filled)
        tree.add_file(name, member.size, _opener(tree, measured, member.content, member.size, packed))
    for inode, name in unfilled.items():
        if inode in filled:
            raise Breach(f"a link, only plain files may be inside: {shown(name)}")
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


def begins_tar(start: bytes) -> bool:
    """Whether the first block of a file is a header of tar."""
    if len(start) < 512:
        return False
    try:
        tarfile.TarInfo.frombuf(start, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _read_tar(tree: ArchiveTree, measured: Any, packed: bool) -> None:
    limits, end = Limits(), 0
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
            raise Breach(f"a {_tar_kind(member)}, only plain files may be inside: {shown(member.name)}")
        if not name:
            raise Breach(f"a file without a name: {shown(member.name)}")
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
