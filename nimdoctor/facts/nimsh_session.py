"""The sessions of nimsh.log: one connection to nimsh each, put together from its lines.

Lines carry no process id, so sessions of concurrent pushes interleave.
"""

import enum
import re
from datetime import datetime
from functools import cached_property
from typing import Iterator, List, Optional

from nimdoctor.facts.nimsh_lines import TLS_STEPS, Line, PartLines, SessionStep, stamp, step_of
from nimdoctor.model.text import Quote

SAME_SESSION = 120
"""Seconds after which a further line is not taken for the answer to `create BIO`: a handshake that
goes on does so at once, one that was ended by hand after hours did hang."""

_MASTER = re.compile(r"(?i)write master hostname is[ :']*([A-Za-z0-9][\w.-]{0,254})")


class SessionEnd(str, enum.Enum):
    """How a session ended, as far as the log tells."""

    HUNG = "hung"
    """It loaded certificates and its last line is `create BIO`."""
    WENT_ON = "went-on"
    """It loaded certificates and a line came after `create BIO`, or a command of the push was run."""
    OBJECT_ERROR = "object-error"
    """It says `Error connecting to SSL object`."""
    STOPPED_EARLY = "stopped-early"
    """It loaded certificates and stops before `create BIO`."""
    REFUSED = "refused"
    """An error line that names another reason."""
    PLAIN = "plain"
    """A push without TLS."""
    COMMANDS = "commands"
    """A push whose commands were run; how it was let in, the log does not show."""
    QUERY = "query"
    """A nimquery, not a push."""
    SERVICE = "service"
    """nimsh was started."""
    OTHER = "other"
    """A port scan, or lines nobody has described."""


class SessionRow:
    """One connection to nimsh, as the lines that were given to it.

    `cut` says that its beginning is not there: it is the first of the text. `overlapped` says that another session was
    still open when this one loaded its certificates, or while it ran, so that lines may be attributed wrongly.
    """

    def __init__(self, line: Line, overlapped: bool = False, cut: bool = False) -> None:
        self.lines: List[Line] = []
        self.steps = 0
        self.cut = cut
        self.overlapped = overlapped
        self.queried = False
        self.unencrypted = False
        self.add(line)

    def add(self, *lines: Line) -> None:
        """Takes further lines."""
        self.lines += lines
        for line in lines:
            words = line.words
            self.steps |= words.step
            self.queried = self.queried or bool(words.query)
            self.unencrypted = self.unencrypted or words.setting == 0

    def split(self, position: int) -> "SessionRow":
        """Takes the lines from that position on into a session of their own."""
        first, *rest = self.lines[position:]
        kept, self.lines, self.steps, self.queried, self.unencrypted = self.lines[:position], [], 0, False, False
        self.add(*kept)
        separate = SessionRow(first)
        separate.add(*rest)
        return separate

    def first_of(self, steps: int) -> Optional[Line]:
        """The first line of any of these steps."""
        return next((line for line in self.lines if line.words.step & steps), None)

    @property
    def loaded(self) -> bool:
        """Whether it loaded certificates, by its lines or by what it did after that."""
        return self.cut or bool(self.steps & SessionStep.LOAD)

    @property
    def setting(self) -> Optional[Line]:
        """The last line that says which OpenSSL setting was passed."""
        return next((line for line in reversed(self.lines) if line.words.setting is not None), None)

    @property
    def waits(self) -> bool:
        """Whether it stands at `create BIO`."""
        return self.loaded and self.lines[-1].words.step is SessionStep.BIO

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        return bool(self.steps & _LAST) or self.queried or self.unencrypted

    @property
    def end(self) -> SessionEnd:
        """How it ended."""
        steps = self.steps
        if steps & SessionStep.SERVICE:
            return SessionEnd.SERVICE
        if steps & SessionStep.OBJECT_ERROR:
            return SessionEnd.OBJECT_ERROR
        if self.loaded:
            if self.waits:
                return SessionEnd.HUNG
            if steps & SessionStep.ERROR:
                return SessionEnd.REFUSED
            went_on = steps & (SessionStep.BIO | SessionStep.COMMAND)
            return SessionEnd.WENT_ON if went_on else SessionEnd.STOPPED_EARLY
        if steps & SessionStep.ERROR:
            return SessionEnd.REFUSED
        if self.queried:
            return SessionEnd.QUERY
        if steps & (SessionStep.DIALOG | SessionStep.ACK):
            return SessionEnd.PLAIN
        return SessionEnd.COMMANDS if steps & SessionStep.COMMAND else SessionEnd.OTHER


class Session:
    """One session as it is quoted, its lines read when they are asked for. Times are the daemon's local time, None where
    undated. `place` is how many newer ones there are; `overlapped` and `cut` are as in `SessionRow`.
    """

    def __init__(self, row: SessionRow, lines: PartLines, place: int) -> None:
        self._row = row
        self._lines = lines
        self.place = place
        self.end = row.end
        self.overlapped = row.overlapped
        self.cut = row.cut

    def _quote(self, line: Optional[Line]) -> Optional[Quote]:
        return self._lines.quote(line) if line else None

    @cached_property
    def first(self) -> Quote:
        """Its first line."""
        return self._lines.quote(self._row.lines[0])

    @cached_property
    def last(self) -> Quote:
        """Its last line."""
        return self._lines.quote(self._row.lines[-1])

    @cached_property
    def started(self) -> Optional[datetime]:
        """The first time in it."""
        return next(filter(None, map(self._lines.time, self._row.lines)), None)

    @cached_property
    def ended(self) -> Optional[datetime]:
        """The last time in it."""
        return self._lines.last_of(self._row.lines)

    @cached_property
    def loaded(self) -> Optional[Quote]:
        """Where it loads certificates; of a session that was cut the first of its TLS lines."""
        return self._quote(self._row.first_of(SessionStep.LOAD | (TLS_STEPS if self.cut else 0)))

    @cached_property
    def bio(self) -> Optional[Quote]:
        """The line `create BIO`."""
        return self._quote(self._row.first_of(SessionStep.BIO))

    @cached_property
    def error(self) -> Optional[Quote]:
        """Its error: that of the SSL object before any other."""
        row = self._row
        return self._quote(row.first_of(SessionStep.OBJECT_ERROR) or row.first_of(SessionStep.ERROR))

    @property
    def setting(self) -> Optional[int]:
        """The OpenSSL setting passed."""
        line = self._row.setting
        return line.words.setting if line else None

    @cached_property
    def setting_line(self) -> Optional[Quote]:
        """The line that says so."""
        return self._quote(self._row.setting)

    @cached_property
    def master(self) -> Optional[str]:
        """The host name by which the master called itself."""
        named = (_MASTER.search(self._lines.words(line)) for line in self._row.lines)
        return next((found.group(1) for found in named if found), None)

    @cached_property
    def went_on(self) -> Optional[Quote]:
        """The first line after `create BIO` of a session that went on; without that one, the first command."""
        if self.end is not SessionEnd.WENT_ON:
            return None
        bio = self._row.first_of(SessionStep.BIO)
        if bio is None:
            return self._quote(self._row.first_of(SessionStep.COMMAND))
        after = self._row.lines[self._row.lines.index(bio) + 1 :]
        return self._quote(after[0]) if after else None

    @property
    def may_be_a_remark(self) -> bool:
        """Whether the line by which it went on is no line that nimsh is known to write, without a date among such lines:
        what somebody wrote below a pasted log looks the same.
        """
        if self.went_on is None:
            return False
        when, message = stamp(self.went_on.text)
        return when is None and message == self.went_on.text.strip() and step_of(message) is SessionStep.OTHER


def apart(earlier: Optional[datetime], later: Optional[datetime]) -> bool:
    """Whether so much time lies between that a line is not the answer to the other."""
    return bool(earlier and later and (later - earlier).total_seconds() > SAME_SESSION)


_LAST = SessionStep.ACK | SessionStep.SERVICE | SessionStep.OBJECT_ERROR | SessionStep.ERROR
_REFUSED = SessionStep.SERVICE | SessionStep.ERROR | SessionStep.OBJECT_ERROR
_OF_A_DIALOG = SessionStep.PORT | SessionStep.DIALOG | SessionStep.OTHER | SessionStep.ACK
_LOOKED_BACK = 50
"""Sessions back that a line may belong to, or that may still be open."""


class SessionTable:
    """The sessions of a part of the log, in the order in which they began.

    Where the part is `continued`, lines stand before it that were not looked at, and the first rows need not be what they
    are in the whole. From a row on whose beginning is sure, as many rows later as one is ever looked back by, they are.
    """

    def __init__(self, lines: PartLines, *, continued: bool = False) -> None:
        self.rows: List[SessionRow] = []
        self.any_known = False
        """Whether any line is one that nimsh is known to write."""
        self.sure: Optional[int] = None if continued else 0
        """The place of the first row that is as it is in the whole; None where there is none."""
        self._begun: Optional[int] = None
        self._may_begin = False
        self._continued = continued
        self._lines = lines
        for line in lines.all():
            if self.sure is None:
                self._look_for_a_beginning(line.words.step)
            self._add(line)

    def _look_for_a_beginning(self, step: SessionStep) -> None:
        place = len(self.rows)
        if step is SessionStep.SERVICE or (self._begun is not None and place - self._begun >= _LOOKED_BACK):
            self.sure = place
        elif step is SessionStep.CONNECT:
            # whatever the session before it is, it has more than connection lines
            self._begun = place if self._begun is None and self._may_begin else self._begun
            self._may_begin = False
        elif not step & (TLS_STEPS | SessionStep.OTHER):
            # it belongs to the session that is under way, which a TLS line or one that is skipped need not
            self._may_begin = True

    def _add(self, line: Line) -> None:
        current = self.rows[-1] if self.rows else None
        step = line.words.step
        if current and step is SessionStep.OTHER and not line.prefixed and current.lines[-1].prefixed:
            # among dated lines it is the rest of a wrapped one, or a remark in a mail: no line nimsh wrote
            return
        # what a session does after loading, before any other line that is known: its beginning was cut off
        cut = bool(step & TLS_STEPS) and not (self.any_known or self._continued)
        self.any_known = self.any_known or step is not SessionStep.OTHER
        if current is None or cut or self._begins(current, line):
            self.rows.append(SessionRow(line, self._overlaps(current, step), cut))
            return
        if step & TLS_STEPS and (current.steps & step or not current.loaded):
            # a session does each TLS step once, after loading: this one belongs to a concurrent session
            if self.sure is None:
                self._begun = None  # which may stand before what was looked at
            lacking = [found for found in self._since_service() if found.loaded and not found.steps & step]
            other = lacking[-1] if lacking else None
            if other or current.steps & step:
                current.overlapped = True
                (other or current).overlapped = True
            (other or current).add(line)
            return
        if step is SessionStep.LOAD and self._any_waits():
            current.overlapped = True
        current.add(line)
        if current.steps & SessionStep.BIO and (line.words.setting == 0 or line.words.query):
            self._part(current)

    def _overlaps(self, current: Optional[SessionRow], step: SessionStep) -> bool:
        """Whether a session that begins with this step begins while another is still open."""
        if current is None or step is not SessionStep.LOAD:
            return False
        steps = current.steps
        unfinished = steps & SessionStep.LOAD and not steps & SessionStep.BIO and not current.over
        return bool(unfinished) or self._any_waits()

    def _any_waits(self) -> bool:
        return any(found.waits for found in self._since_service())

    def _since_service(self) -> Iterator[SessionRow]:
        """The last sessions, the newest first, back to the last start of nimsh."""
        for found in reversed(self.rows[-_LOOKED_BACK:]):
            if found.steps & SessionStep.SERVICE:
                return
            yield found

    def _begins(self, current: SessionRow, line: Line) -> bool:
        step = line.words.step
        if step is SessionStep.SERVICE:
            return True
        if step is SessionStep.CONNECT:
            # fd, address and name of one connection follow each other
            same = current.steps == SessionStep.CONNECT
            return not same or any(found.words.word == line.words.word for found in current.lines)
        if step is SessionStep.LOAD:
            return current.cut or current.over or bool(current.steps & (SessionStep.LOAD | SessionStep.COMMAND))
        if current.waits and not step & TLS_STEPS:
            return self._apart(current, line)
        if step is SessionStep.COMMAND:
            return bool(current.steps & _REFUSED) or self._apart(current, line)
        if step in (SessionStep.DIALOG, SessionStep.PORT):
            return current.over or bool(current.steps & SessionStep.COMMAND)
        return bool(current.steps & SessionStep.SERVICE)

    def _apart(self, current: SessionRow, line: Line) -> bool:
        return apart(self._lines.time(current.lines[-1]), self._lines.time(line))

    def _part(self, current: SessionRow) -> None:
        # a dialog that turns out plain, or a query, cannot be the answer to a TLS handshake
        steps = [line.words.step for line in current.lines]
        position = max(at for at, step in enumerate(steps) if step is SessionStep.BIO) + 1
        if all(step & _OF_A_DIALOG for step in steps[position:]):
            self.rows.append(current.split(position))
