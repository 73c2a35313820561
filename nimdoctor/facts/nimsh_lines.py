"""The lines of nimsh.log: when each was written, and what it says of its session.

Public text of this log is four lines of IBM's isg3T1024615, their dates cut to the year, and lines of a NIM manual that
name the commands of a push; every other pattern here is remembered or inferred, so patterns are lenient, and unknown lines
are kept.
"""

import enum
import re
from datetime import datetime
from functools import lru_cache
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.text import LINE_LIMIT, Quote, Text, decode

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_STAMP = re.compile(
    r"\s*(?:[A-Z][a-z]{2}\s+)?([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d\d):(\d\d):(\d\d)(?:\s+[A-Z]{3,5})?\s+(\d{4})(?:\s+|$)"
)
# a date that was cut, to its year or wholly; whoever cut it may have put dots there
_CUT = re.compile(r"\s*(?:(?:\.{2,3}|\u2026)\s*(?:(?:19|20)\d\d\s+)?|(?:19|20)\d\d\s+)(?=\S)")
_SETTING = re.compile(r"open\s?ssl setting (?:is|will be)?[ :']*([01])\b")
_SHORT = 200
"""Characters of a message that is remembered with what it says: the same few come again and again."""
_QUERY = re.compile(r"write query is[ :']*(\d+)")


class SessionStep(enum.IntEnum):
    """What a line says of its session; bits, so that the steps of a session are one number."""

    SERVICE = 1 << 0
    CONNECT = 1 << 1
    """A connection was accepted."""
    PORT = 1 << 2
    """A second port was asked for."""
    DIALOG = 1 << 3
    """What the master writes to authenticate itself, and which command it asks for."""
    ACK = 1 << 4
    LOAD = 1 << 5
    """Certificates are loaded."""
    CONTEXT = 1 << 6
    """An SSL_CTX is negotiated."""
    KEY = 1 << 7
    """A private key is loaded."""
    BIO = 1 << 8
    COMMAND = 1 << 9
    """A command of the push was run."""
    OBJECT_ERROR = 1 << 10
    ERROR = 1 << 11
    OTHER = 1 << 12


_STEPS: Tuple[Tuple[str, SessionStep], ...] = (
    ("loading certificates", SessionStep.LOAD),
    ("negotiating ssl_ctx", SessionStep.CONTEXT),
    ("loading private key", SessionStep.KEY),
    ("create bio", SessionStep.BIO),
    ("command to exec", SessionStep.COMMAND),
    ("error connecting to ssl object", SessionStep.OBJECT_ERROR),
    ("service handler started", SessionStep.SERVICE),
    ("file descriptor is", SessionStep.CONNECT),
    ("source addr is", SessionStep.CONNECT),
    ("source hostname is", SessionStep.CONNECT),
    ("does not match environment value", SessionStep.ERROR),
    ("sending ack", SessionStep.ACK),
    ("2nd port", SessionStep.PORT),
    ("write query is", SessionStep.DIALOG),
    ("2nd write local id", SessionStep.DIALOG),
    ("3rd write remote id", SessionStep.DIALOG),
    ("4th write command", SessionStep.DIALOG),
    ("5th write master hostname", SessionStep.DIALOG),
    ("6th write openssl setting", SessionStep.DIALOG),
    ("openssl setting", SessionStep.DIALOG),
)
TLS_STEPS = SessionStep.CONTEXT | SessionStep.KEY | SessionStep.BIO
"""What a session does after loading its certificates, each once."""


class Words(NamedTuple):
    """What a message says: `setting` is the OpenSSL setting passed, `query` whether a query was asked for, `word` what a
    connection line names.
    """

    step: SessionStep
    setting: Optional[int] = None
    query: Optional[int] = None
    word: str = ""


class Line(NamedTuple):
    """One line of a part: how many lines and bytes stand before it there, what it says, `prefixed`: whether something stands
    before that.
    """

    lines_before: int
    offset: int
    words: Words
    prefixed: bool


def stamp(line: str) -> Tuple[Optional[datetime], str]:
    """The local time at a line's start, None where it has none, and the message after it.

    >>> stamp("Fri Mar 14 10:05:04 2025        create BIO")
    (datetime.datetime(2025, 3, 14, 10, 5, 4), 'create BIO')
    >>> stamp("2017 create BIO"), stamp("... 2017 create BIO")
    ((None, 'create BIO'), (None, 'create BIO'))
    """
    match = _STAMP.match(line)
    month = _MONTHS.get(match.group(1)) if match else None
    if match and month:
        year, day, hour, minute, second = (int(match.group(group)) for group in (6, 2, 3, 4, 5))
        try:
            return datetime(year, month, day, hour, minute, second), _message(line)
        except ValueError:
            pass  # the thirtieth of February
    return None, _message(line)


def step_of(message: str) -> SessionStep:
    """What a message says of its session, matched by keyword."""
    lowered = message.lower()
    for keyword, step in _STEPS:
        if keyword in lowered:
            return step
    return SessionStep.ERROR if lowered.startswith(("error", "0042-", "0509-")) else SessionStep.OTHER


def words_of(message: str) -> Words:
    """What a message says of its session."""
    return _remembered(message) if len(message) <= _SHORT else _words_of(message)


@lru_cache(maxsize=4096)
def _remembered(message: str) -> Words:
    return _words_of(message)


def _words_of(message: str) -> Words:
    step = step_of(message)
    if step is SessionStep.CONNECT:
        return Words(step, word=message.split(" is", 1)[0].lower())
    if step is not SessionStep.DIALOG:
        return Words(step)
    lowered = message.lower()
    setting, query = _SETTING.search(lowered), _QUERY.search(lowered)
    return Words(step, int(setting.group(1)) if setting else None, int(query.group(1)[:9]) if query else None)


class PartLines:
    """The lines of a part of a text, of which one becomes a quote when it is asked for.

    `before` gives how many lines of the text stand before the part; None where nobody can tell.
    """

    def __init__(self, part: bytes, text: Text, before: Callable[[], Optional[int]]) -> None:
        self._part = part
        self._text = text
        self._before = before

    def all(self) -> List[Line]:
        """Those with anything in them."""
        found = []
        part, at, index, end = self._part, 0, 0, len(self._part)
        while at < end:
            stop = part.find(b"\n", at)
            stop = end if stop < 0 else stop
            raw = self._decoded(at, stop)
            bare = raw.strip()
            if bare:
                message = _message(raw)
                found.append(Line(index, at, words_of(message), message != bare))
            at, index = stop + 1, index + 1
        return found

    def _decoded(self, start: int, stop: int) -> str:
        return decode(self._part[start : min(stop, start + LINE_LIMIT)]).rstrip("\r")

    def words(self, line: Line) -> str:
        """The line as it stands, without its end."""
        stop = self._part.find(b"\n", line.offset)
        return self._decoded(line.offset, len(self._part) if stop < 0 else stop)

    def time(self, line: Line) -> Optional[datetime]:
        """The local time at its start."""
        return stamp(self.words(line))[0]

    def last_of(self, lines: Sequence[Line]) -> Optional[datetime]:
        """The last time in some of them."""
        return next(filter(None, map(self.time, reversed(lines))), None)

    def first_time(self) -> Optional[datetime]:
        """The first time in it."""
        at = 0
        while at < len(self._part):
            stop = self._part.find(b"\n", at)
            stop = len(self._part) if stop < 0 else stop
            when, _ = stamp(self._decoded(at, stop))
            if when:
                return when
            at = stop + 1
        return None

    def last_time(self) -> Optional[datetime]:
        """The last time in it."""
        stop = len(self._part)
        while stop >= 0:
            at = self._part.rfind(b"\n", 0, stop) + 1
            when, _ = stamp(self._decoded(at, stop))
            if when:
                return when
            stop = at - 1
        return None

    def count(self) -> int:
        """How many there are, the last one with or without its end."""
        return self._part.count(b"\n") + bool(self._part and not self._part.endswith(b"\n"))

    def quote(self, line: Line) -> Quote:
        """With its number in the text."""
        before = self._before()
        number = None if before is None else self._text.number(before + line.lines_before)
        return Quote(self._text.source, number, self.words(line))


def _message(line: str) -> str:
    match = _STAMP.match(line)
    if match and match.group(1) in _MONTHS:
        return line[match.end() :].strip()
    match = _CUT.match(line)
    return (line[match.end() :] if match else line).strip()


def first_time(raw: bytes, *, last: bool = False) -> Optional[datetime]:
    """The first time in a piece of the log, or the last; None where none of its lines has one."""
    lines = decode(raw).splitlines()
    times = (when for when, _ in map(stamp, reversed(lines) if last else lines) if when)
    return next(times, None)
