"""/var/adm/ras/nimsh.log: the sessions of the client's nimsh and how each ended.

The only text of this log in public is four lines of IBM's isg3T1024615; every other pattern here
is remembered or inferred, so patterns are lenient, unknown lines are kept, and none is fatal. Lines
carry no process id, so sessions of concurrent pushes interleave.
"""

import enum
from datetime import datetime
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.facts.nimsh_stream import SESSIONS, OlderPart, newest_part
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import LINE_LIMIT, BadEvidence, Pattern, Quote, Text, Unreadable, decode
from nimdoctor.model.unreadable import refused

SAME_SESSION = 120
"""Seconds after which a further line is not taken for the answer to `create BIO`: a handshake that
goes on does so at once, one that was ended by hand after hours did hang."""

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_STAMP = Pattern(
    r"\s*(?:[A-Z][a-z]{2}\s+)?([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d\d):(\d\d):(\d\d)(?:\s+[A-Z]{3,5})?\s+(\d{4})(?:\s+|$)"
)
_YEAR = Pattern(r"\s*(?:19|20)\d\d\s+(?=\S)")
_SETTING = Pattern(r"open\s?ssl setting (?:is|will be)?[ :']*([01])\b")
_MASTER = Pattern(r"(?i)write master hostname is[ :']*([A-Za-z0-9][\w.-]{0,254})")
_QUERY = Pattern(r"write query is[ :']*(\d+)")


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
    OBJECT_ERROR = "error connecting to ssl object"
    ERROR = "error"
    OTHER = "other"


_STEPS: Tuple[Tuple[str, SessionStep], ...] = (
    ("loading certificates", SessionStep.LOAD),
    ("negotiating ssl_ctx", SessionStep.CONTEXT),
    ("loading private key", SessionStep.KEY),
    ("create bio", SessionStep.BIO),
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
_TLS_STEPS = (SessionStep.CONTEXT, SessionStep.KEY, SessionStep.BIO)


class SessionEnd(str, enum.Enum):
    """How a session ended, as far as the log tells."""

    HUNG = "hung"
    """It loaded certificates and its last line is `create BIO`."""
    WENT_ON = "went-on"
    """It loaded certificates and a line came after `create BIO`."""
    OBJECT_ERROR = "object-error"
    """It says `Error connecting to SSL object`."""
    STOPPED_EARLY = "stopped-early"
    """It loaded certificates and stops before `create BIO`."""
    REFUSED = "refused"
    """An error line that names another reason."""
    PLAIN = "plain"
    """A push without TLS."""
    QUERY = "query"
    """A nimquery, not a push."""
    SERVICE = "service"
    """nimsh was started."""
    OTHER = "other"
    """A port scan, or lines nobody has described."""


class Session(NamedTuple):
    """One connection to nimsh. Times are the daemon's local time, None where undated.

    `overlapped` says that another session was still open when this one loaded its certificates,
    or while it ran, so that lines may be attributed wrongly. `setting` is the OpenSSL setting passed, `master` the
    host name by which the master called itself, `went_on` the first line after `create BIO`.
    """

    end: SessionEnd
    first: Quote
    last: Quote
    started: Optional[datetime]
    ended: Optional[datetime]
    loaded: Optional[Quote] = None
    bio: Optional[Quote] = None
    error: Optional[Quote] = None
    setting: Optional[int] = None
    setting_line: Optional[Quote] = None
    overlapped: bool = False
    master: Optional[str] = None
    went_on: Optional[Quote] = None


@fact(Row("/var/adm/ras/nimsh.log", Kind.FILE, streamed=True))
class NimshLog(NamedTuple):
    """The log: the newest thousand sessions, oldest first; older ones only as counts by outcome.

    >>> log = NimshLog.parse(Text.of('''Fri Mar 14 10:05:03 2025  Loading certificates..
    ... Fri Mar 14 10:05:03 2025  Negotiating SSL_CTX object using SSLv23_method
    ... Fri Mar 14 10:05:04 2025  Loading private key file..
    ... Fri Mar 14 10:05:04 2025  create BIO
    ... ''', "/var/adm/ras/nimsh.log"))
    >>> log.newest_loaded().end.value, log.newest_loaded().last.line
    ('hung', 4)
    """

    source: str
    sessions: Tuple[Session, ...]
    lines: int
    first_time: Optional[datetime]
    last_time: Optional[datetime]
    older: Mapping[str, int] = {}
    older_first: Optional[datetime] = None
    older_last: Optional[datetime] = None

    @classmethod
    def parse(cls, text: Text) -> "NimshLog":
        """Raises BadEvidence for an empty or unreadable log, or when no line of it is recognised."""
        older = OlderPart()
        try:
            with text.open() as stream:
                kept = without_private_keys(newest_part(stream, older))
        except (OSError, EOFError) as error:
            reason = refused(error) if isinstance(error, OSError) else error
            raise Unreadable(f"{text.source} cannot be read: {reason}") from error
        if not kept.strip() and not older.size:
            raise BadEvidence(f"{text.source} is empty")
        lines = _lines(kept, text.source, text.first_line + older.lines)
        builder = _Sessions()
        known = dated = 0
        first_time = last_time = None
        total = older.lines + kept.count(b"\n") + (not kept.endswith(b"\n"))
        for line in lines:
            known += line.step is not SessionStep.OTHER
            if line.time:
                dated += 1
                first_time, last_time = first_time or line.time, line.time
            builder.add(line)
        if not known and not older.counts:
            raise BadEvidence(f"{text.source}: no line of it is one nimsh is known to write")
        sessions = builder.finish()
        counts = dict(older.counts)
        for session in sessions[:-SESSIONS]:
            counts[session.end.value] = counts.get(session.end.value, 0) + 1
        return cls(
            text.source,
            tuple(sessions[-SESSIONS:]),
            total,
            _first_time(older.head) or first_time,
            last_time,
            counts,
            _first_time(older.head),
            _first_time(older.tail, last=True),
        )

    @classmethod
    def combine(cls, parts: Sequence["NimshLog"]) -> "NimshLog":
        """One log of several, rotated ones first."""
        if len(parts) == 1:
            return parts[0]
        counts: Dict[str, int] = {}
        for part in parts:
            for outcome, count in part.older.items():
                counts[outcome] = counts.get(outcome, 0) + count
        sessions = [session for part in parts for session in part.sessions]
        for session in sessions[:-SESSIONS]:
            counts[session.end.value] = counts.get(session.end.value, 0) + 1
        newest = parts[-1]
        return newest._replace(
            sessions=tuple(sessions[-SESSIONS:]),
            lines=sum(part.lines for part in parts),
            first_time=next((part.first_time for part in parts if part.first_time), None),
            older=counts,
            older_first=parts[0].older_first,
        )

    def newest_loaded(self) -> Optional[Session]:
        """The newest session that loaded certificates: the one a verdict on TLS rests on."""
        return next((session for session in reversed(self.sessions) if session.loaded), None)

    def rival(self, session: Session) -> Optional[Session]:
        """Of a session that went on, one that stands at `create BIO` and may be the one that did so in its place.

        Lines carry no process id: of two sessions of which one goes on within a moment, nobody knows which.
        """
        if session.went_on is None:
            return None
        when, _ = stamp(session.went_on.text)
        for found in reversed(self.sessions[: self.sessions.index(session)]):
            if found.end is SessionEnd.SERVICE:
                break
            if found.end is SessionEnd.HUNG and not _apart(found.ended, when):
                return found
        return None

    def after(self, session: Session) -> Tuple[Session, ...]:
        """Sessions that began after that one."""
        return self.sessions[self.sessions.index(session) + 1 :]

    def restarted_after(self, session: Session) -> Optional[Session]:
        """The newest start of nimsh after that session, where the log shows one."""
        return next((found for found in reversed(self.after(session)) if found.end is SessionEnd.SERVICE), None)

    def newest_push(self) -> Optional[Session]:
        """The newest push that came through, with TLS or plain: the kind that renews `connect` on the master."""
        pushes = (SessionEnd.PLAIN, SessionEnd.WENT_ON)
        return next((found for found in reversed(self.sessions) if found.end in pushes), None)

    def newest_setting(self) -> Optional[Session]:
        """The newest session that says which OpenSSL setting was passed, or that loaded certificates."""
        return next((found for found in reversed(self.sessions) if found.setting is not None or found.loaded), None)

    def counts(self) -> Dict[SessionEnd, int]:
        """Sessions by outcome, older ones included."""
        result: Dict[SessionEnd, int] = {}
        for session in self.sessions:
            result[session.end] = result.get(session.end, 0) + 1
        for outcome, count in self.older.items():
            result[SessionEnd(outcome)] = result.get(SessionEnd(outcome), 0) + count
        return result

    def whole(self) -> Quote:
        """A quote that means the whole log."""
        return Quote(self.source, None, "")


class _Line(NamedTuple):
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
    >>> stamp("2017 create BIO")
    (None, 'create BIO')
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
    match = _YEAR.match(line)
    return None, (line[match.end() :] if match else line).strip()


def step_of(message: str) -> SessionStep:
    """What a message says of its session, matched by keyword."""
    lowered = message.lower()
    for keyword, step in _STEPS:
        if keyword in lowered:
            return step
    return SessionStep.ERROR if lowered.startswith(("error", "0042-", "0509-")) else SessionStep.OTHER


def _lines(kept: bytes, source: str, number: int) -> Iterator[_Line]:
    start = 0
    while start < len(kept):
        end = kept.find(b"\n", start)
        if end < 0:
            end = len(kept)
        raw = decode(kept[start : min(end, start + LINE_LIMIT)]).rstrip("\r")
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
            yield _Line(Quote(source, number, raw), when, step, setting, query, word, prefixed)
        number += 1


def _apart(earlier: Optional[datetime], later: Optional[datetime]) -> bool:
    """Whether so much time lies between that a line is not the answer to the other."""
    return bool(earlier and later and (later - earlier).total_seconds() > SAME_SESSION)


def _first_time(raw: bytes, *, last: bool = False) -> Optional[datetime]:
    times = [when for when, _ in map(stamp, decode(raw).splitlines()) if when]
    return (times[-1] if last else times[0]) if times else None


class _Open:
    """A session while its lines come in."""

    def __init__(self, line: _Line, overlapped: bool = False) -> None:
        self.lines: List[_Line] = []
        self.steps: Set[SessionStep] = set()
        self.overlapped = overlapped
        self.add(line)

    def add(self, *lines: _Line) -> None:
        self.lines += lines
        self.steps.update(line.step for line in lines)

    def split(self, position: int) -> "_Open":
        """Takes the lines from that position on into a session of their own."""
        rest = self.lines[position:]
        self.lines = self.lines[:position]
        self.steps = {line.step for line in self.lines}
        separate = _Open(rest[0])
        separate.add(*rest[1:])
        return separate

    def has(self, *steps: SessionStep) -> bool:
        return not self.steps.isdisjoint(steps)

    def find(self, *steps: SessionStep) -> Optional[_Line]:
        return next((line for line in self.lines if line.step in steps), None)

    @property
    def last(self) -> _Line:
        return self.lines[-1]

    @property
    def waits(self) -> bool:
        """Whether it stands at `create BIO`."""
        return self.has(SessionStep.LOAD) and self.last.step is SessionStep.BIO

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        if self.has(SessionStep.ACK, SessionStep.SERVICE, SessionStep.OBJECT_ERROR, SessionStep.ERROR):
            return True
        return any(line.setting == 0 or line.query for line in self.lines)

    def close(self) -> Session:
        loaded, bio = self.find(SessionStep.LOAD), self.find(SessionStep.BIO)
        error = self.find(SessionStep.OBJECT_ERROR) or self.find(SessionStep.ERROR)
        setting = next((line for line in reversed(self.lines) if line.setting is not None), None)
        times = [line.time for line in self.lines if line.time]
        named = next((found for line in self.lines if (found := _MASTER.search(line.at.text))), None)
        after = self.lines[self.lines.index(bio) + 1 :] if bio else []
        return Session(
            self._end(),
            self.lines[0].at,
            self.last.at,
            times[0] if times else None,
            times[-1] if times else None,
            loaded.at if loaded else None,
            bio.at if bio else None,
            error.at if error else None,
            setting.setting if setting else None,
            setting.at if setting else None,
            self.overlapped,
            named.group(1) if named else None,
            after[0].at if after and self._end() is SessionEnd.WENT_ON else None,
        )

    def _end(self) -> SessionEnd:
        if self.has(SessionStep.SERVICE):
            return SessionEnd.SERVICE
        if self.has(SessionStep.OBJECT_ERROR):
            return SessionEnd.OBJECT_ERROR
        if self.has(SessionStep.LOAD):
            if self.waits:
                return SessionEnd.HUNG
            if self.has(SessionStep.ERROR):
                return SessionEnd.REFUSED
            return SessionEnd.WENT_ON if self.has(SessionStep.BIO) else SessionEnd.STOPPED_EARLY
        if self.has(SessionStep.ERROR):
            return SessionEnd.REFUSED
        if any(line.query for line in self.lines):
            return SessionEnd.QUERY
        if self.has(SessionStep.DIALOG, SessionStep.ACK):
            return SessionEnd.PLAIN
        return SessionEnd.OTHER


def _lacks(session: _Open, step: SessionStep) -> bool:
    return session.has(SessionStep.LOAD) and not session.has(step)


class _Sessions:
    """Assigns each line to a session."""

    def __init__(self) -> None:
        self.all: List[_Open] = []

    def add(self, line: _Line) -> None:
        current = self.all[-1] if self.all else None
        if current and line.step is SessionStep.OTHER and not line.prefixed and current.last.prefixed:
            # among dated lines it is the rest of a wrapped one, or a remark in a mail: no line nimsh wrote
            return
        if current is None or self._begins(current, line):
            unended = current is not None and any(found.waits for found in self._since_service())
            self.all.append(
                _Open(line, overlapped=line.step is SessionStep.LOAD and (unended or self._unfinished(current)))
            )
            return
        if line.step in _TLS_STEPS and (current.has(line.step) or not current.has(SessionStep.LOAD)):
            # a session does each TLS step once, after loading: this one belongs to a concurrent session
            other = next((found for found in reversed(self._since_service()) if _lacks(found, line.step)), None)
            if other or current.has(line.step):
                current.overlapped = True
                (other or current).overlapped = True
            (other or current).add(line)
            return
        if line.step is SessionStep.LOAD and any(found.waits for found in self._since_service()):
            current.overlapped = True
        current.add(line)
        if current.has(SessionStep.BIO) and (line.setting == 0 or line.query):
            self._part(current)

    def _since_service(self) -> List[_Open]:
        recent: List[_Open] = []
        for found in reversed(self.all[-50:]):
            if found.has(SessionStep.SERVICE):
                break
            recent.append(found)
        return recent

    @staticmethod
    def _unfinished(current: Optional[_Open]) -> bool:
        return (
            current is not None
            and current.has(SessionStep.LOAD)
            and not current.has(SessionStep.BIO)
            and not current.over
        )

    @staticmethod
    def _begins(current: _Open, line: _Line) -> bool:
        if line.step is SessionStep.SERVICE:
            return True
        if line.step is SessionStep.CONNECT:
            # fd, address and name of one connection follow each other
            same = all(found.step is SessionStep.CONNECT for found in current.lines)
            return not same or any(found.word == line.word for found in current.lines)
        if line.step is SessionStep.LOAD:
            return current.has(SessionStep.LOAD) or current.over
        if current.waits and line.step not in _TLS_STEPS:
            return _apart(current.last.time, line.time)
        if line.step in (SessionStep.DIALOG, SessionStep.PORT):
            return current.over
        return current.has(SessionStep.SERVICE)

    def _part(self, current: _Open) -> None:
        # a dialog that turns out plain, or a query, cannot be the answer to a TLS handshake
        position = max(index for index, found in enumerate(current.lines) if found.step is SessionStep.BIO) + 1
        rest = current.lines[position:]
        if all(
            found.step in (SessionStep.PORT, SessionStep.DIALOG, SessionStep.OTHER, SessionStep.ACK) for found in rest
        ):
            self.all.append(current.split(position))

    def finish(self) -> List[Session]:
        return [found.close() for found in self.all]
