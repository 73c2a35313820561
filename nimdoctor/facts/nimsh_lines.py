"""The lines of nimsh.log: when each was written, and what it says of its session.

Public text of this log is four lines of IBM's isg3T1024615, their dates cut to the year, and lines of a NIM manual that
name the commands of a push; every other pattern here is remembered or inferred, so patterns are lenient, and unknown lines
are kept.
"""

import enum
import re
from datetime import datetime
from typing import Iterator, NamedTuple, Optional, Tuple

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
_QUERY = re.compile(r"write query is[ :']*(\d+)")


class SessionStep(enum.Enum):
    """What a line says of its session."""

    SERVICE = "service handler started"
    CONNECT = "connection accepted"
    PORT = "second port asked for"
    DIALOG = "authentication dialog"
    ACK = "acknowledged"
    LOAD = "loading certificates"
    CONTEXT = "negotiating ssl_ctx"
    KEY = "loading private key"
    BIO = "create bio"
    COMMAND = "command run"
    OBJECT_ERROR = "error connecting to ssl object"
    ERROR = "error"
    OTHER = "other"


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
TLS_STEPS = (SessionStep.CONTEXT, SessionStep.KEY, SessionStep.BIO)


class Line(NamedTuple):
    """One line: `word` is what a connection line names, `prefixed` says that something stood before its message."""

    at: Quote
    time: Optional[datetime]
    step: SessionStep
    setting: Optional[int] = None
    query: Optional[int] = None
    word: str = ""
    prefixed: bool = True


def stamp(line: str) -> Tuple[Optional[datetime], str]:
    """The local time at a line's start, None where it has none, and the message after it.

    >>> stamp("Fri Mar 14 10:05:04 2025        create BIO")
    (datetime.datetime(2025, 3, 14, 10, 5, 4), 'create BIO')
    >>> stamp("2017 create BIO"), stamp("... 2017 create BIO")
    ((None, 'create BIO'), (None, 'create BIO'))
    """
    match = _STAMP.match(line)
    if match:
        month = _MONTHS.get(match.group(1))
        try:
            if month:
                year, day, hour, minute, second = (int(match.group(group)) for group in (6, 2, 3, 4, 5))
                when = datetime(year, month, day, hour, minute, second)
                return when, line[match.end() :].strip()
        except ValueError:
            pass
    match = _CUT.match(line)
    return None, (line[match.end() :] if match else line).strip()


def step_of(message: str) -> SessionStep:
    """What a message says of its session, matched by keyword."""
    lowered = message.lower()
    for keyword, step in _STEPS:
        if keyword in lowered:
            return step
    return SessionStep.ERROR if lowered.startswith(("error", "0042-", "0509-")) else SessionStep.OTHER


def lines_of(part: bytes, text: Text, before: int) -> Iterator[Line]:
    """The lines with anything in them, of a part of that text before which so many lines stand."""
    start = 0
    while start < len(part):
        end = part.find(b"\n", start)
        if end < 0:
            end = len(part)
        raw = decode(part[start : min(end, start + LINE_LIMIT)]).rstrip("\r")
        start = end + 1
        if raw.strip():
            when, message = stamp(raw)
            step = step_of(message)
            setting = query = None
            if step is SessionStep.DIALOG:
                lowered = message.lower()
                found = _SETTING.search(lowered)
                setting = int(found.group(1)) if found else None
                found = _QUERY.search(lowered)
                query = int(found.group(1)[:9]) if found else None
            word = message.split(" is", 1)[0].lower() if step is SessionStep.CONNECT else ""
            prefixed = message != raw.strip()
            yield Line(Quote(text.source, text.number(before), raw), when, step, setting, query, word, prefixed)
        before += 1


def first_time(raw: bytes, *, last: bool = False) -> Optional[datetime]:
    """The first time in a piece of the log, or the last; None where none of its lines has one."""
    times = [when for when, _ in map(stamp, decode(raw).splitlines()) if when]
    return (times[-1] if last else times[0]) if times else None
