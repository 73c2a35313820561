"""cpio archives as pax and IBM's snap write them: POSIX odc (070707) and newc (070701, with sums 070702).

Only headers are read here. Every number must be of the digits its form prescribes, so that neither a sign
nor a blank nor an underscore can make one of what is none. The old binary form is known by its magic number
and not read.
"""

import re
import struct
from typing import Iterator, List, NamedTuple, Protocol, Tuple

TRAILER = "TRAILER!!!"
_ODC, _NEWC = b"070707", (b"070701", b"070702")
_ODC_LENGTH, _NEWC_LENGTH, _BINARY_LENGTH = 76, 110, 26
_BINARY = {b"\xc7\x71": "<", b"\x71\xc7": ">"}
_LONGEST_NAME = 1024
_AFTER = 64 * 1024
"""Bytes looked at behind the trailer; blocks of pax are shorter."""


class Stream(Protocol):
    """What the reader needs of a stream."""

    def read(self, size: int) -> bytes:
        """At most that many bytes."""

    def seek(self, position: int) -> int:
        """Moves to that place from the beginning."""


class Member(NamedTuple):
    """One header. `mode` has the file's type, `content` is where its `size` bytes begin.

    `inode` (device and number) tells names of one file from each other where `links` is more than one;
    a newc archive holds the content of such a file only with the last of them.
    """

    name: str
    mode: int
    size: int
    content: int
    links: int
    inode: Tuple[int, ...]


def begins_cpio(start: bytes) -> bool:
    """Whether these first bytes (512 of them, or all there are) are a header, of the old binary form included.

    >>> begins_cpio(b"070707" + b"0" * 70), begins_cpio(b"070707 is the magic number of cpio"), begins_cpio(b"")
    (True, False, False)
    """
    if start.startswith(_ODC):
        return bool(re.fullmatch(rb"[0-7]{76}", start[:_ODC_LENGTH]))
    if start.startswith(_NEWC):
        return bool(re.fullmatch(rb"[0-9A-Fa-f]{110}", start[:_NEWC_LENGTH]))
    return is_binary_form(start)


def is_binary_form(start: bytes) -> bool:
    """Whether these first bytes are a header of the old binary form, of either byte order."""
    order = _BINARY.get(start[:2])
    if order is None or len(start) < _BINARY_LENGTH:
        return False
    (length,) = struct.unpack(order + "H", start[20:22])
    name = start[_BINARY_LENGTH : _BINARY_LENGTH + length]
    return 2 <= length <= _LONGEST_NAME and (len(name) < length or (name.endswith(b"\0") and b"\0" not in name[:-1]))


def members(stream: Stream) -> Iterator[Member]:
    """The headers from the stream's beginning up to the trailer, which is not among them.

    A member is handed out before its content is passed over, so that whoever asks can refuse its size
    first. Raises ValueError for what is no header, EOFError where the archive ends before its trailer.
    """
    at = 0
    while True:
        stream.seek(at)
        member, following = _member(stream, at)
        if member.name == TRAILER:
            if member.size:
                raise ValueError(f"its trailer at byte {at:,} has content")
            stream.seek(member.content)
            return
        yield member
        at = following


def stands_behind(stream: Stream) -> bool:
    """Whether anything but padding stands behind the trailer, where `members` left the stream."""
    left = _AFTER
    while left > 0:
        block = stream.read(min(left, 4096))
        if not block:
            return False
        if block.strip(b"\0"):
            return True
        left -= len(block)
    return False


def _member(stream: Stream, at: int) -> Tuple[Member, int]:
    """The member whose header stands at that byte, and where the next one stands."""
    magic = _exactly(stream, 6, at)
    if magic == _ODC:
        head = _exactly(stream, _ODC_LENGTH - 6, at)
        device, inode, mode, _, _, links, _, _, length, size = _numbers(head, (6,) * 7 + (11, 6, 11), 8, at)
        name = _name(_exactly(stream, length, at), at)
        content = at + _ODC_LENGTH + length
        return Member(name, mode, size, content, links, (device, inode)), content + size
    if magic in _NEWC:
        numbers = _numbers(_exactly(stream, _NEWC_LENGTH - 6, at), (8,) * 13, 16, at)
        inode, mode, _, _, links, _, size, major, minor, _, _, length, _ = numbers
        name = _name(_exactly(stream, length, at), at)
        content = _aligned(at + _NEWC_LENGTH + length)
        return Member(name, mode, size, content, links, (major, minor, inode)), _aligned(content + size)
    if at == 0 and magic[:2] in _BINARY:
        raise ValueError("the old binary form of cpio is not read, only odc (070707) and newc (070701, 070702)")
    raise ValueError(f"what stands at byte {at:,} is no cpio header")


def _exactly(stream: Stream, size: int, at: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError(f"it ends without its trailer, at or behind byte {at:,}")
    return found


def _numbers(head: bytes, widths: Tuple[int, ...], base: int, at: int) -> List[int]:
    # int() alone would take "+7", " 7" and "0_7" as well
    if not re.fullmatch(rb"[0-7]+" if base == 8 else rb"[0-9A-Fa-f]+", head):
        raise ValueError(f"the header at byte {at:,} holds what is no number")
    found, place = [], 0
    for width in widths:
        found.append(int(head[place : place + width], base))
        place += width
    return found


def _name(raw: bytes, at: int) -> str:
    if len(raw) < 2 or raw[-1:] != b"\0" or b"\0" in raw[:-1]:
        raise ValueError(f"the header at byte {at:,} has no proper name")
    return raw[:-1].decode("utf-8", "surrogateescape")


def _aligned(place: int) -> int:
    return (place + 3) // 4 * 4
