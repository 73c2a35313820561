"""Reading a nimsh.log of any size in bounded memory: the newest part whole, the older part counted.

A line-by-line loop in Python takes 18 s on 200 MB, so what is older than the newest thousand
sessions is counted by byte patterns, and line numbers by counting newlines.
"""

import errno
import re
from collections import deque
from typing import BinaryIO, Deque, Dict

CHUNK = 1 << 20
WINDOW = 4 << 20
"""Bytes of the newest part that are kept: room for a thousand sessions of four kilobytes."""

LARGEST = 2 << 30
"""Bytes from which on a log is not read: at 150 MB a second it would hold up the scan."""

SESSIONS = 1000
"""The newest sessions that become objects."""

_LOADED = b"Loading certificates"
_STARTS = (b"file descriptor is", b"Service Handler started", _LOADED)
_START = re.compile(b"|".join(_STARTS))
_HUNG = re.compile(
    rb"create BIO[ \t\r.]*\n(?:[ \t\r]*\n)*"
    rb"(?=[^\n]{0,40}?(?:file descriptor is|source addr is|[A-Z ]*Service Handler started|Loading certificates)|\Z)"
)
_OBJECT_ERROR = b"Error connecting to SSL object"
_PLAIN = b"etting is 0"
_CARRY = 256 * 1024


class OlderPart:
    """What lies before the kept part: its size in bytes and lines, its sessions by outcome."""

    def __init__(self) -> None:
        self.size = 0
        self.lines = 0
        self.head = b""
        self.tail = b""
        self.counts: Dict[str, int] = {}
        self._carry = b""

    def add(self, chunk: bytes) -> None:
        """Counts one more chunk; a session that may go on in the next one is carried over."""
        if not self.size:
            self.head = chunk[:4096]
        self.size += len(chunk)
        self.lines += chunk.count(b"\n")
        self.tail = chunk[-4096:]
        data = self._carry + chunk
        start = max(data.rfind(word, max(0, len(data) - _CARRY)) for word in _STARTS)
        # the whole line that starts the last session stays behind, for the pattern looks ahead at it
        cut = data.rfind(b"\n", 0, start) + 1 if start >= 0 else len(data)
        self._carry = data[cut:]
        self._count(data[: cut + 256], cut)

    def finish(self, following: bytes) -> None:
        """Counts what was carried; `following` is the beginning of the kept part."""
        if self._carry:
            self._count(self._carry + following[:256], len(self._carry))
            self._carry = b""

    def _count(self, data: bytes, end: int) -> None:
        loaded = data.count(_LOADED, 0, end)
        hung = sum(1 for match in _HUNG.finditer(data) if match.start() < end)
        errors = data.count(_OBJECT_ERROR, 0, end)
        self._more("hung", hung)
        self._more("object-error", errors)
        self._more("went-on", max(0, loaded - hung - errors))
        self._more("plain", data.count(_PLAIN, 0, end))

    def _more(self, outcome: str, count: int) -> None:
        if count:
            self.counts[outcome] = self.counts.get(outcome, 0) + count


def newest_part(stream: BinaryIO, older: OlderPart) -> bytes:
    """The newest part of the log, at most `WINDOW` and a chunk, beginning at a line's start.

    What comes before it goes into `older`. Raises OSError for a log larger than `LARGEST`.
    """
    window: Deque[bytes] = deque()
    held = 0
    total = 0
    while True:
        chunk = stream.read(CHUNK)
        if not chunk:
            break
        window.append(chunk)
        held += len(chunk)
        total += len(chunk)
        if total > LARGEST:
            raise OSError(errno.EFBIG, "larger than 2 GiB: give its newest part, made with tail")
        while held - len(window[0]) >= WINDOW:
            gone = window.popleft()
            held -= len(gone)
            older.add(gone)
    part = b"".join(window)
    window.clear()
    cut = _cut(part, whole=not older.size)
    if cut:
        older.add(part[:cut])
        part = part[cut:]
    older.finish(part)
    return part


def _cut(part: bytes, *, whole: bool) -> int:
    # a session has up to two of the starting lines, so twice as many starts hold a thousand sessions
    recent: Deque[int] = deque(maxlen=2 * SESSIONS + 1)
    for match in _START.finditer(part):
        recent.append(match.start())
    if whole and len(recent) <= 2 * SESSIONS:
        return 0
    # the kept part may begin in the middle of a line: the first start with a whole line counts
    for start in recent:
        before = part.rfind(b"\n", 0, start)
        if before >= 0:
            return before + 1
    return 0 if whole else part.find(b"\n") + 1
