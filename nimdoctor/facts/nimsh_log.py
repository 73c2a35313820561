"""/var/adm/ras/nimsh.log: the sessions of the client's nimsh and how each ended."""

from datetime import datetime
from typing import Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.nimsh_lines import SessionStep, first_time, lines_of, stamp
from nimdoctor.facts.nimsh_session import Session, SessionBuilder, SessionEnd, apart
from nimdoctor.facts.nimsh_stream import SESSIONS, OlderPart, newest_part
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Extent, OnlyAPart, Quote, Text, Unreadable
from nimdoctor.model.unreadable import refused


@fact(Row("/var/adm/ras/nimsh.log", Kind.FILE, streamed=True), reads_parts=True)
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
        """Raises BadEvidence for an empty or unreadable log, or when no line of it is recognised; OnlyAPart for one whose
        end, or whose lines in between, were not given: how its newest session went on is not in it.
        """
        if text.extent < Extent.TAIL:
            raise OnlyAPart(f"only a part of {text.name} was given, in which no session is known to be whole")
        older = OlderPart()
        try:
            with text.open() as stream:
                part = without_private_keys(newest_part(stream, older))
        except (OSError, EOFError) as error:
            reason = refused(error) if isinstance(error, OSError) else error
            raise Unreadable(f"{text.source} cannot be read: {reason}") from error
        if not part.strip() and not older.size:
            raise BadEvidence(f"{text.source} is empty")
        lines = lines_of(part, text, older.lines)
        builder = SessionBuilder()
        known = dated = 0
        earliest = latest = None
        total = older.lines + part.count(b"\n") + (not part.endswith(b"\n"))
        for line in lines:
            known += line.step is not SessionStep.OTHER
            if line.time:
                dated += 1
                earliest, latest = earliest or line.time, line.time
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
            first_time(older.head) or earliest,
            latest,
            counts,
            first_time(older.head),
            first_time(older.tail, last=True),
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

    def turn(self) -> Tuple[Optional[Session], Optional[Session]]:
        """The last session that went on, and the first after it that hung or met a broken SSL object; None where there
        is none.
        """
        good = failed = None
        for session in self.sessions:
            if session.end is SessionEnd.WENT_ON:
                good, failed = session, None
            elif session.end in (SessionEnd.HUNG, SessionEnd.OBJECT_ERROR):
                failed = failed or session
        return good, failed

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
            if found.end is SessionEnd.HUNG and not apart(found.ended, when):
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
        pushes = (SessionEnd.PLAIN, SessionEnd.COMMANDS, SessionEnd.WENT_ON)
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
