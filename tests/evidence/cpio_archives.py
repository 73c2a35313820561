"""A small writer of cpio archives for the tests, which can also write what no tool would."""

import stat
from typing import List, NamedTuple, Sequence


class Entry(NamedTuple):
    """One member as it is written; `size` and `name_length` say what the header declares where that is a lie."""

    name: str
    content: bytes = b""
    mode: int = stat.S_IFREG | 0o644
    links: int = 1
    inode: int = 0
    size: int = -1
    name_length: int = -1


FORMS = ("odc", "newc", "crc")


def make_cpio(entries: Sequence[Entry], form: str = "odc", trailer: bool = True, block: int = 512) -> bytes:
    """The archive; `block` is what its length is filled up to."""
    end: List[Entry] = [Entry("TRAILER!!!", mode=0)] if trailer else []
    raw = b""
    for number, entry in enumerate([*entries, *end], 1):
        raw += _odc(entry, number) if form == "odc" else _newc(entry, number, form)
    return raw + bytes(-len(raw) % block)


def _declared(entry: Entry, number: int) -> "tuple[bytes, int, int, int]":
    name = entry.name.encode("utf-8", "surrogateescape") + b"\0"
    size = len(entry.content) if entry.size < 0 else entry.size
    length = len(name) if entry.name_length < 0 else entry.name_length
    return name, size, length, entry.inode or number


def _odc(entry: Entry, number: int) -> bytes:
    name, size, length, inode = _declared(entry, number)
    short = (1, inode, entry.mode, 0, 0, entry.links, 0)
    head = "070707" + "".join(f"{each:06o}" for each in short) + f"{1741860000:011o}{length:06o}{size:011o}"
    return head.encode() + name + entry.content


def _newc(entry: Entry, number: int, form: str) -> bytes:
    name, size, length, inode = _declared(entry, number)
    total = sum(entry.content) & 0xFFFFFFFF if form == "crc" else 0
    numbers = (inode, entry.mode, 0, 0, entry.links, 1741860000, size, 0, 1, 0, 0, length, total)
    raw = ("07070" + ("2" if form == "crc" else "1") + "".join(f"{each:08X}" for each in numbers)).encode() + name
    raw += bytes(-len(raw) % 4) + entry.content
    return raw + bytes(-len(raw) % 4)
