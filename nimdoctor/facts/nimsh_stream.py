"""Reading a nimsh.log of any size in bounded memory: its newest part from the tail, what lies before only when it is asked
for, and then by byte patterns.

A line-by-line loop in Python takes 18 s on 200 MB, so what is older than the newest thousand sessions is counted by
patterns, and line numbers by counting newlines.
"""

import re
from datetime import datetime
from typing import BinaryIO, Iterator, List, Mapping, NamedTuple, Optional

from nimdoctor.facts.nimsh_lines import first_time, stamp
from nimdoctor.model.text import decode

SESSIONS = 1000
"""The newest sessions that are told apart."""


class Limits(NamedTuple):
    """How much of a log is read, in bytes.

    `window` is what the newest part has at most: room for a thousand sessions of four kilobytes. `first` is what of its end
    is looked at first: some fifty sessions, and as many before by which they are sure. What stands before the newest part
    is read in chunks, where it is not more than `largest`: each GiB takes half a second, and what a disk adds.
    """

    window: int = 4 << 20
    first: int = 32 * 1024
    chunk: int = 1 << 20
    largest: int = 2 << 30


LIMITS = Limits()

_LOADED = b"Loading certificates"
_STARTS = (b"file descriptor is", b"Service Handler started", _LOADED)
# what nearly always follows is looked for first: it goes twice as fast
_HUNG = re.compile(
    rb"create BIO[ \t\r.]*\n(?![^\n]{0,40}?success: )(?:[ \t\r]*\n)*"
    rb"(?=[^\n]{0,40}?(?:file descriptor is|source addr is|Service Handler started|Loading certificates)|\Z)"
)
_BIO = b"create BIO"
_OBJECT_ERROR = b"Error connecting to SSL object"
_PLAIN = b"etting is 0"
_CARRY = 256 * 1024
_LONGEST_WORD = 64
"""Bytes that no word which is counted is longer than."""
_AHEAD = 256
_HEAD = 4096
_BLOCKS = 16
"""Blocks in which some line has a time, or it is taken that none has."""
_STAMPED = 200
"""Bytes of a line in which its time stands, if it has one."""


class NewestPart(NamedTuple):
    """The end of a log, from a line's start on, before which `begins` bytes stand."""

    content: bytes
    begins: int


def newest_part(stream: BinaryIO, window: int, sessions: int = SESSIONS) -> NewestPart:
    """The end of a log with that many sessions, as far as so many bytes hold them; nothing else of it is read.

    Raises OSError.
    """
    begins = max(0, stream.seek(0, 2) - window)
    stream.seek(begins)
    content = _exactly(stream, window)
    cut = _cut(content, sessions, whole=not begins)
    return NewestPart(content[cut:], begins + cut)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """So many bytes, or all there are."""
    parts: List[bytes] = []
    while size > 0:
        part = stream.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _cut(content: bytes, sessions: int, *, whole: bool) -> int:
    # a session has up to two of the starting lines, so twice as many starts hold as many sessions
    most = 2 * sessions + 1
    starts = sorted(start for word in _STARTS for start in _places(content, word, most))[-most:]
    if whole and len(starts) < most:
        return 0
    # the content may begin in the middle of a line: the first start with a whole line counts
    for start in starts:
        before = content.rfind(b"\n", 0, start)
        if before >= 0:
            return before + 1
    return 0 if whole else content.find(b"\n") + 1


def _places(content: bytes, word: bytes, most: int) -> Iterator[int]:
    """The last places of a word, the last first."""
    place = content.rfind(word)
    while place >= 0 and most:
        yield place
        place, most = content.rfind(word, 0, place), most - 1


def lines_before(stream: BinaryIO, end: int, chunk: int) -> int:
    """How many lines end before that byte. Raises OSError."""
    return sum(part.count(b"\n") for part in _chunks(stream, 0, end, chunk))


def _chunks(stream: BinaryIO, start: int, end: int, size: int) -> Iterator[bytes]:
    stream.seek(start)
    while start < end:
        part = stream.read(min(size, end - start))
        if not part:
            raise EOFError("it has become shorter")
        start += len(part)
        yield part


class OlderPart(NamedTuple):
    """What stands before the newest part: its sessions by outcome, the first and the last time in it."""

    counts: Mapping[str, int] = {}
    first: Optional[datetime] = None
    last: Optional[datetime] = None


def older_part(stream: BinaryIO, start: int, end: int, following: bytes, chunk: int) -> OlderPart:
    """What stands from one byte to another; `following` is what comes next. Raises OSError, EOFError."""
    counted = _Counted()
    head = tail = b""
    for part in _chunks(stream, start, end, chunk):
        head = head if len(head) >= _HEAD else head + part[:_HEAD]
        tail = (tail + part)[-_HEAD:]
        counted.add(part)
    return OlderPart(counted.finish(following), first_time(head), first_time(tail, last=True))


class _Counted:
    """Sessions of chunks that follow each other."""

    def __init__(self) -> None:
        self._carry = b""
        self._loaded = self._hung = self._errors = self._plain = 0

    def add(self, chunk: bytes) -> None:
        """Counts one more chunk; a session that may go on in the next one is carried over."""
        data = self._carry + chunk
        start = max(data.rfind(word, max(0, len(data) - _CARRY)) for word in (*_STARTS, _BIO))
        # the whole line that starts the last session stays behind, for the pattern looks ahead at it
        cut = data.rfind(b"\n", 0, start if start >= 0 else len(data)) + 1
        if len(data) - cut > _CARRY:
            cut = len(data) - _LONGEST_WORD  # within a line that is too long to be carried
        self._carry = data[cut:]
        self._count(data[: cut + _AHEAD], cut)

    def finish(self, following: bytes) -> Mapping[str, int]:
        """By outcome; `following` is what stands behind the last chunk."""
        self._count(self._carry + following[:_AHEAD], len(self._carry))
        went_on = max(0, self._loaded - self._hung - self._errors)
        counts = {"hung": self._hung, "object-error": self._errors, "went-on": went_on, "plain": self._plain}
        return {outcome: count for outcome, count in counts.items() if count}

    def _count(self, data: bytes, end: int) -> None:
        self._loaded += _begun(data, _LOADED, end)
        self._errors += _begun(data, _OBJECT_ERROR, end)
        self._plain += _begun(data, _PLAIN, end)
        self._hung += sum(1 for match in _HUNG.finditer(data) if match.start() < end)


def _begun(data: bytes, word: bytes, end: int) -> int:
    """How often that word begins before that byte."""
    return data.count(word, 0, end + len(word) - 1)


def first_since(stream: BinaryIO, when: datetime, end: int, block: int = 64 * 1024) -> int:
    """Where the first line of that time or later stands, found by halving; `end` where none before it is.

    Stamps are taken to grow. Where the clock was put back it is one of the places where the log passes that time.
    Raises OSError, EOFError.
    """
    low, high = 0, end
    while high - low > block:
        middle = (low + high) // 2
        found = _dated(stream, middle, min(end, middle + _BLOCKS * block), block)
        if found is None or found.time >= when:
            high = middle
        else:
            low = found.start
    near = _dated_lines(stream, low, min(end, high + _BLOCKS * block), block)
    return next((line.start for line in near if line.time >= when), end)


class _DatedLine(NamedTuple):
    start: int
    time: datetime


def _dated(stream: BinaryIO, start: int, end: int, block: int) -> Optional[_DatedLine]:
    """The first line that begins behind `start` and has a time."""
    # what stands at the place itself may be the rest of a line
    return next((line for line in _dated_lines(stream, start, end, block) if line.start > start), None)


def _dated_lines(stream: BinaryIO, start: int, end: int, block: int) -> Iterator[_DatedLine]:
    """Lines with a time that begin before `end`; what stands at `start` counts as the beginning of a line."""
    rest = b""
    for part in _chunks(stream, start, end, block):
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            when, _ = stamp(decode(line[:_STAMPED]))
            if when:
                yield _DatedLine(start, when)
            start += len(line) + 1
    when, _ = stamp(decode(rest[:_STAMPED]))
    if when:
        yield _DatedLine(start, when)
