"""Reading text in pieces of whole lines, without keys, certificates and other PEM blocks, in bounded memory."""

import re
from typing import BinaryIO, Iterator, List

from nimdoctor.model.private_keys import REMOVED, lines_of, without_private_keys
from nimdoctor.model.text import LINE_LIMIT

CHUNK = 1 << 20
BLOCK_REMOVED = b"-----%s REMOVED-----"
"""Stands in the place of a PEM block, with its name."""
_LONGEST_BLOCK = 256 * 1024
_LONGEST_NAME = 4096

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_END = re.compile(rb"-----END [A-Z0-9 ]{1,40}-----")
_BODY = re.compile(rb"""[\s>#|;*!"'\\]*(?![\s>#|;*!"'\\])(?:[\w.-]+:\s)?[A-Za-z0-9+/=,:\s"'\\.-]*\Z""")


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """The text piece by piece, each of whole lines; no block is parted, and lines keep their numbers."""
    rest = b""
    dropping = False
    while True:
        chunk = stream.read(CHUNK)
        if not chunk:
            break
        if dropping:
            # what a line has beyond its limit
            end = chunk.find(b"\n")
            if end < 0:
                continue
            chunk, dropping = chunk[end:], False
        data = rest + chunk
        cut = _whole_lines(data)
        if not cut and len(data) > max(CHUNK, _LONGEST_BLOCK):
            if b"\n" in data:
                cut = data.rfind(b"\n") + 1
            else:
                rest, dropping = data[: 2 * LINE_LIMIT], True
                continue
        rest = data[cut:]
        if cut:
            yield _clean(data[:cut])
    if rest:
        yield _clean(rest)


def _whole_lines(data: bytes) -> int:
    """Where to cut: behind the last line that does not belong to a block still open."""
    cut = data.rfind(b"\n") + 1
    begins = data.rfind(b"-----BEGIN ", 0, cut)
    if begins >= 0 and cut - begins < _LONGEST_BLOCK and data.find(b"-----END ", begins, cut) < 0:
        return data.rfind(b"\n", 0, begins) + 1
    return cut


def _clean(data: bytes) -> bytes:
    if b"\0" in data:
        data = without_nul(data)
    if _has_long_line(data):
        data = b"\n".join(_cut_line(line) for line in data.split(b"\n"))
    if b"-" not in data:
        # no key and no block is without one
        return data
    if b"PRIVATE KEY" in data.upper():
        data = without_private_keys(data)
    return without_blocks(data) if b"-----BEGIN " in data or b"-----END " in data else data


def _has_long_line(data: bytes) -> bool:
    # a line of twice the limit covers one of these windows whole
    return any(data.find(b"\n", at, at + LINE_LIMIT) < 0 for at in range(0, len(data) - LINE_LIMIT, LINE_LIMIT))


def without_nul(data: bytes) -> bytes:
    r"""Names are not hidden by NULs between their letters (UTF-16); one a line stays, for a parser to see that it is binary.

    >>> without_nul(b"l\0p\0a\0r\0" + b"7\0\n")
    b'lpar7\x00\n'
    """
    return b"\n".join(
        line.replace(b"\0", b"").rstrip(b"\r") + b"\0" if b"\0" in line else line for line in data.split(b"\n")
    )


def _cut_line(line: bytes) -> bytes:
    """What is read of a line at most; no name is parted."""
    if len(line) <= LINE_LIMIT:
        return line
    part = line[:LINE_LIMIT]
    words = re.split(rb"\s", part[-_LONGEST_NAME:])
    return part[: len(part) - len(words[-1])]


def without_blocks(raw: bytes) -> bytes:
    r"""The text without its PEM blocks, certificates among them; lines keep their numbers.

    >>> without_blocks(b"see\n> -----BEGIN CERTIFICATE-----\n> MAMC\n> -----END CERTIFICATE-----\nabove\n")
    b'see\n-----CERTIFICATE REMOVED-----\n\n\nabove\n'
    """
    lines: List[bytes] = []
    inside = False
    for line in lines_of(raw):
        begin, end = _BEGIN.search(line), _END.search(line)
        if begin:
            inside = not (end and end.start() > begin.start())
            lines.append(BLOCK_REMOVED % begin.group(1) + b"\n")
        elif end:
            lines.append(b"\n" if inside else BLOCK_REMOVED % b"BLOCK" + b"\n")
            inside = False
        else:
            inside = inside and REMOVED not in line and bool(_BODY.match(line))
            lines.append(b"\n" if inside else line)
    found = b"".join(lines)
    return found if raw.endswith(b"\n") else found[:-1]
