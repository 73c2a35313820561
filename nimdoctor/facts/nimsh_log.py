"""/var/adm/ras/nimsh.log: the sessions of the client's nimsh and how each ended."""

from datetime import datetime
from itertools import takewhile
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.nimsh_lines import stamp
from nimdoctor.facts.nimsh_newest import NewestSessions
from nimdoctor.facts.nimsh_part import LogPart
from nimdoctor.facts.nimsh_session import Session, SessionEnd, apart
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import Extent, OnlyAPart, Quote, Text

_PUSHES = frozenset({SessionEnd.PLAIN, SessionEnd.COMMANDS, SessionEnd.WENT_ON})
_FAILED = frozenset({SessionEnd.HUNG, SessionEnd.OBJECT_ERROR})


@fact(Row("/var/adm/ras/nimsh.log", Kind.FILE, streamed=True), reads_parts=True)
class NimshLog(NamedTuple):
    """The log: the newest thousand sessions, each made when it is asked for; older ones only as counts by outcome.

    >>> log = NimshLog.parse(Text.of('''Fri Mar 14 10:05:03 2025  Loading certificates..
    ... Fri Mar 14 10:05:03 2025  Negotiating SSL_CTX object using SSLv23_method
    ... Fri Mar 14 10:05:04 2025  Loading private key file..
    ... Fri Mar 14 10:05:04 2025  create BIO
    ... ''', "/var/adm/ras/nimsh.log"))
    >>> log.newest_loaded().end.value, log.newest_loaded().last.line
    ('hung', 4)
    """

    source: str
    parts: Tuple[LogPart, ...]
    newest: NewestSessions

    @classmethod
    def of(cls, parts: Sequence[LogPart]) -> "NimshLog":
        """The log that these texts are, the oldest first."""
        return cls(parts[-1].text.source, tuple(parts), NewestSessions(parts))

    @classmethod
    def parse(cls, text: Text) -> "NimshLog":
        """Raises BadEvidence for an empty or unreadable log, or when no line of it is recognised; OnlyAPart for one whose
        end, or whose lines in between, were not given: how its newest session went on is not in it.
        """
        if text.extent < Extent.TAIL:
            raise OnlyAPart(f"only a part of {text.name} was given, in which no session is known to be whole")
        return cls.of([LogPart(text)])

    @classmethod
    def combine(cls, parts: Sequence["NimshLog"]) -> "NimshLog":
        """One log of several, rotated ones first."""
        return parts[0] if len(parts) == 1 else cls.of([part for log in parts for part in log.parts])

    @property
    def sessions(self) -> Tuple[Session, ...]:
        """The newest thousand, oldest first."""
        return tuple(self.newest_first())[::-1]

    def newest_first(self, before: Optional[Session] = None) -> Iterator[Session]:
        """The same from the newest on, or from the one before that session on, each made when it comes."""
        return self.newest.first_to_last(before)

    @property
    def lines(self) -> Optional[int]:
        """All of them; None where they could not be counted."""
        counts = [part.lines for part in self.parts]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    @property
    def first_time(self) -> Optional[datetime]:
        """The first local time in it."""
        return next(filter(None, (part.first_time for part in self.parts)), None)

    @property
    def last_time(self) -> Optional[datetime]:
        """The last local time in it."""
        return self.parts[-1].last_time

    @property
    def older(self) -> Mapping[str, int]:
        """Sessions before the newest thousand, by outcome."""
        counts: Dict[str, int] = {}
        for part in self.parts:
            for outcome, count in part.older.counts.items() if part.older else ():
                counts[outcome] = counts.get(outcome, 0) + count
        for outcome in (row.end.value for row in self.newest.dropped()):
            counts[outcome] = counts.get(outcome, 0) + 1
        return counts

    @property
    def all_counted(self) -> bool:
        """Whether `older` has all that were asked for: of what is too large only the newest part is read."""
        return all(part.older is not None for part in self.parts)

    @property
    def has_no_times(self) -> bool:
        """Whether what came before a time that was asked for could not be left out."""
        return not any(part.dated for part in self.parts)

    @property
    def not_tried(self) -> str:
        """In words, that no session loaded certificates."""
        since = self.parts[-1].text.since
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
        return self.newest.find(lambda row: row.loaded)

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
        return self.newest.may_show_starts and any(one.end is SessionEnd.SERVICE for one in self.newest_first(session))

    def starts(self) -> List[Session]:
        """The starts of nimsh, oldest first."""
        if not self.newest.may_show_starts:
            return []
        return [session for session in self.sessions if session.end is SessionEnd.SERVICE]

    def newest_push(self) -> Optional[Session]:
        """The newest push that came through, with TLS or plain: the kind that renews `connect` on the master."""
        return self.newest.find(lambda row: row.end in _PUSHES)

    def newest_setting(self) -> Optional[Session]:
        """The newest session that says which OpenSSL setting was passed, or that loaded certificates."""
        return self.newest.find(lambda row: row.loaded or row.setting is not None)

    def counts(self) -> Dict[SessionEnd, int]:
        """Sessions by outcome, older ones included."""
        result: Dict[SessionEnd, int] = {}
        for row in self.newest.rows():
            result[row.end] = result.get(row.end, 0) + 1
        for outcome, count in self.older.items():
            result[SessionEnd(outcome)] = result.get(SessionEnd(outcome), 0) + count
        return result

    def whole(self) -> Quote:
        """A quote that means the whole log."""
        return Quote(self.source, None, "")
