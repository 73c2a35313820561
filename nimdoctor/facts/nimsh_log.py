"""/var/adm/ras/nimsh.log: the sessions of the client's nimsh and how each ended."""

from datetime import datetime
from functools import cached_property
from itertools import islice, takewhile
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from nimdoctor.facts.nimsh_lines import PartLines, stamp
from nimdoctor.facts.nimsh_part import LogPart
from nimdoctor.facts.nimsh_session import Session, SessionEnd, SessionRow, apart
from nimdoctor.facts.nimsh_stream import SESSIONS
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import Extent, OnlyAPart, Quote, Text

_PUSHES = frozenset({SessionEnd.PLAIN, SessionEnd.COMMANDS, SessionEnd.WENT_ON})
_FAILED = frozenset({SessionEnd.HUNG, SessionEnd.OBJECT_ERROR})


@fact(Row("/var/adm/ras/nimsh.log", Kind.FILE, streamed=True), reads_parts=True)
class NimshLog:
    """The log: the newest thousand sessions, each made when it is asked for; older ones only as counts by outcome.

    >>> log = NimshLog.parse(Text.of('''Fri Mar 14 10:05:03 2025  Loading certificates..
    ... Fri Mar 14 10:05:03 2025  Negotiating SSL_CTX object using SSLv23_method
    ... Fri Mar 14 10:05:04 2025  Loading private key file..
    ... Fri Mar 14 10:05:04 2025  create BIO
    ... ''', "/var/adm/ras/nimsh.log"))
    >>> log.newest_loaded().end.value, log.newest_loaded().last.line
    ('hung', 4)
    """

    def __init__(self, parts: Sequence[LogPart]) -> None:
        self._parts = tuple(parts)
        self.source = parts[-1].text.source
        self._made: Dict[int, Session] = {}

    @classmethod
    def parse(cls, text: Text) -> "NimshLog":
        """Raises BadEvidence for an empty or unreadable log, or when no line of it is recognised; OnlyAPart for one whose
        end, or whose lines in between, were not given: how its newest session went on is not in it.
        """
        if text.extent < Extent.TAIL:
            raise OnlyAPart(f"only a part of {text.name} was given, in which no session is known to be whole")
        return cls([LogPart(text)])

    @classmethod
    def combine(cls, parts: Sequence["NimshLog"]) -> "NimshLog":
        """One log of several, rotated ones first."""
        return parts[0] if len(parts) == 1 else cls([part for log in parts for part in log._parts])

    @cached_property
    def sessions(self) -> Tuple[Session, ...]:
        """The newest thousand, oldest first."""
        return tuple(self.newest_first())[::-1]

    def newest_first(self, before: Optional[Session] = None) -> Iterator[Session]:
        """The same from the newest on, or from the one before that session on, each made when it comes."""
        for place, lines, row in self._rows():
            if before is None or place > before.place:
                yield self._session(place, lines, row)

    def _rows(self) -> Iterator[Tuple[int, PartLines, SessionRow]]:
        """The newest thousand, the newest first, with their places."""
        rows = (pair for part in reversed(self._parts) for pair in part.newest_first())
        for place, (lines, row) in zip(range(SESSIONS), rows):
            yield place, lines, row

    def _session(self, place: int, lines: PartLines, row: SessionRow) -> Session:
        if place not in self._made:
            self._made[place] = Session(row, lines, place)
        return self._made[place]

    def _newest(self, wanted: Callable[[SessionRow], bool]) -> Optional[Session]:
        return next((self._session(*found) for found in self._rows() if wanted(found[-1])), None)

    @property
    def lines(self) -> Optional[int]:
        """All of them; None where they could not be counted."""
        counts = [part.lines for part in self._parts]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    @property
    def first_time(self) -> Optional[datetime]:
        """The first local time in it."""
        return next(filter(None, (part.first_time for part in self._parts)), None)

    @cached_property
    def last_time(self) -> Optional[datetime]:
        """The last local time in it."""
        return self._parts[-1].last_time

    @cached_property
    def older(self) -> Mapping[str, int]:
        """Sessions before the newest thousand, by outcome."""
        counts: Dict[str, int] = {}
        for part in self._parts:
            for outcome, count in part.older.counts.items() if part.older else ():
                counts[outcome] = counts.get(outcome, 0) + count
        ends = (row.end.value for part in reversed(self._parts) for _, row in part.newest_first())
        for outcome in islice(ends, SESSIONS, None):
            counts[outcome] = counts.get(outcome, 0) + 1
        return counts

    @property
    def all_counted(self) -> bool:
        """Whether `older` has all that were asked for: of what is too large only the newest part is read."""
        return all(part.older is not None for part in self._parts)

    @property
    def has_no_times(self) -> bool:
        """Whether what came before a time that was asked for could not be left out."""
        return not any(part.dated for part in self._parts)

    @property
    def not_tried(self) -> str:
        """In words, that no session loaded certificates."""
        since = self._parts[-1].text.since
        if since is None or self.has_no_times:
            return "no session in the log loaded certificates: not tried yet"
        return f"no session since {since:%Y-%m-%d %H:%M:%S} loaded certificates, and older ones were not looked at"

    def turn(self) -> Tuple[Optional[Session], Optional[Session]]:
        """The last session that went on, and the first after it that hung or met a broken SSL object; None where there
        is none.
        """
        failed = None
        for session in self.newest_first():
            if session.end is SessionEnd.WENT_ON:
                return session, failed
            failed = session if session.end in _FAILED else failed
        return None, failed

    def newest_loaded(self) -> Optional[Session]:
        """The newest session that loaded certificates: the one a verdict on TLS rests on."""
        return self._newest(lambda row: row.loaded)

    def rival(self, session: Session) -> Optional[Session]:
        """Of a session that went on, one that stands at `create BIO` and may be the one that did so in its place.

        Lines carry no process id: of two sessions of which one goes on within a moment, nobody knows which.
        """
        if session.went_on is None:
            return None
        when, _ = stamp(session.went_on.text)
        for found in self.newest_first(session):
            if found.end is SessionEnd.SERVICE:
                break
            if found.end is SessionEnd.HUNG and not apart(found.ended, when):
                return found
        return None

    def restarted_after(self, session: Session) -> Optional[Session]:
        """The newest start of nimsh after that session, where the log shows one."""
        later = takewhile(lambda one: one is not session, self.newest_first())
        return next((one for one in later if one.end is SessionEnd.SERVICE), None)

    def started_before(self, session: Session) -> bool:
        """Whether the log shows a start of nimsh before that session."""
        return self._may_show_starts and any(one.end is SessionEnd.SERVICE for one in self.newest_first(session))

    def starts(self) -> List[Session]:
        """The starts of nimsh, oldest first."""
        if not self._may_show_starts:
            return []
        return [session for session in self.sessions if session.end is SessionEnd.SERVICE]

    @cached_property
    def _may_show_starts(self) -> bool:
        # most logs show none, and all sessions would be gone through for that
        return any(part.may_hold(b"service handler started") for part in self._parts)

    def newest_push(self) -> Optional[Session]:
        """The newest push that came through, with TLS or plain: the kind that renews `connect` on the master."""
        return self._newest(lambda row: row.end in _PUSHES)

    def newest_setting(self) -> Optional[Session]:
        """The newest session that says which OpenSSL setting was passed, or that loaded certificates."""
        return self._newest(lambda row: row.loaded or row.setting is not None)

    def counts(self) -> Dict[SessionEnd, int]:
        """Sessions by outcome, older ones included."""
        result: Dict[SessionEnd, int] = {}
        for _, _, row in self._rows():
            result[row.end] = result.get(row.end, 0) + 1
        for outcome, count in self.older.items():
            result[SessionEnd(outcome)] = result.get(SessionEnd(outcome), 0) + count
        return result

    def whole(self) -> Quote:
        """A quote that means the whole log."""
        return Quote(self.source, None, "")
