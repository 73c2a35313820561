"""The newest part of a log that may be too large to take whole."""

from collections import deque
from typing import BinaryIO, Deque, NamedTuple

from nimdoctor.evidence.shell import BLOCK, BLOCKS


class NewestPart(NamedTuple):
    """Lines from `first_line` of the file on, before which are `bytes_left_out` bytes."""

    content: bytes
    first_line: int = 1
    bytes_left_out: int = 0


def newest(stream: BinaryIO) -> NewestPart:
    r"""At most 8 MiB of what the stream holds, from the first line that begins in its last eight blocks on.

    Raises OSError.

    >>> import io
    >>> newest(io.BytesIO(b"one\ntwo\n")).first_line
    1
    >>> part = newest(io.BytesIO(b"0123456\n" * (9 * BLOCK // 8)))
    >>> part.bytes_left_out == BLOCK + 8, part.first_line == part.bytes_left_out // 8 + 1, part.content[:8]
    (True, True, b'0123456\n')
    """
    blocks: Deque[bytes] = deque()
    lines = left_out = 0
    while True:
        block = _block(stream)
        if not block:
            break
        blocks.append(block)
        if len(blocks) > BLOCKS:
            gone = blocks.popleft()
            lines += gone.count(b"\n")
            left_out += len(gone)
    content = b"".join(blocks)
    if not left_out:
        return NewestPart(content)
    # the first line may have begun before the cut; it goes, so that what is left are whole lines
    cut = content.find(b"\n") + 1 or len(content)
    return NewestPart(content[cut:], lines + 2, left_out + cut)


def _block(stream: BinaryIO) -> bytes:
    """A whole block, but for the last one."""
    parts = []
    wanted = BLOCK
    while wanted:
        part = stream.read(wanted)
        if not part:
            break
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)
