"""The sessions of nimsh.log: one connection to nimsh each, put together from its lines.

Lines carry no process id, so sessions of concurrent pushes interleave.
"""

import enum
import re
from datetime import datetime
from typing import List, NamedTuple, Optional, Set

from nimdoctor.facts.nimsh_lines import TLS_STEPS, Line, SessionStep, stamp, step_of
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


class Session(NamedTuple):
    """One connection to nimsh. Times are the daemon's local time, None where undated.

    `overlapped` says that another session was still open when this one loaded its certificates,
    or while it ran, so that lines may be attributed wrongly. `cut` says that its beginning is not there: it is the first of
    the text, and `loaded` the first of its TLS lines. `setting` is the OpenSSL setting passed, `master` the
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
    cut: bool = False

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


class _Open:
    """A session while its lines come in."""

    def __init__(self, line: Line, overlapped: bool = False, cut: bool = False) -> None:
        self.lines: List[Line] = []
        self.steps: Set[SessionStep] = set()
        self.cut = cut
        self.overlapped = overlapped
        self.add(line)

    def add(self, *lines: Line) -> None:
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

    def find(self, *steps: SessionStep) -> Optional[Line]:
        return next((line for line in self.lines if line.step in steps), None)

    @property
    def last(self) -> Line:
        return self.lines[-1]

    @property
    def waits(self) -> bool:
        """Whether it stands at `create BIO`."""
        return (self.cut or self.has(SessionStep.LOAD)) and self.last.step is SessionStep.BIO

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        if self.has(SessionStep.ACK, SessionStep.SERVICE, SessionStep.OBJECT_ERROR, SessionStep.ERROR):
            return True
        return any(line.setting == 0 or line.query for line in self.lines)

    def close(self) -> Session:
        loaded, bio = self.find(SessionStep.LOAD, *(TLS_STEPS if self.cut else ())), self.find(SessionStep.BIO)
        error = self.find(SessionStep.OBJECT_ERROR) or self.find(SessionStep.ERROR)
        setting = next((line for line in reversed(self.lines) if line.setting is not None), None)
        times = [line.time for line in self.lines if line.time]
        named = next((found for line in self.lines if (found := _MASTER.search(line.at.text))), None)
        after = (
            self.lines[self.lines.index(bio) + 1 :]
            if bio
            else [line for line in self.lines if line.step is SessionStep.COMMAND]
        )
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
            self.cut,
        )

    def _end(self) -> SessionEnd:
        if self.has(SessionStep.SERVICE):
            return SessionEnd.SERVICE
        if self.has(SessionStep.OBJECT_ERROR):
            return SessionEnd.OBJECT_ERROR
        if self.cut or self.has(SessionStep.LOAD):
            if self.waits:
                return SessionEnd.HUNG
            if self.has(SessionStep.ERROR):
                return SessionEnd.REFUSED
            went_on = self.has(SessionStep.BIO, SessionStep.COMMAND)
            return SessionEnd.WENT_ON if went_on else SessionEnd.STOPPED_EARLY
        if self.has(SessionStep.ERROR):
            return SessionEnd.REFUSED
        if any(line.query for line in self.lines):
            return SessionEnd.QUERY
        if self.has(SessionStep.DIALOG, SessionStep.ACK):
            return SessionEnd.PLAIN
        if self.has(SessionStep.COMMAND):
            return SessionEnd.COMMANDS
        return SessionEnd.OTHER


def _lacks(session: _Open, step: SessionStep) -> bool:
    return (session.cut or session.has(SessionStep.LOAD)) and not session.has(step)


class SessionBuilder:
    """Assigns each line to a session."""

    def __init__(self) -> None:
        self.all: List[_Open] = []
        self._any_known = False

    def add(self, line: Line) -> None:
        """Takes the next line."""
        current = self.all[-1] if self.all else None
        if current and line.step is SessionStep.OTHER and not line.prefixed and current.last.prefixed:
            # among dated lines it is the rest of a wrapped one, or a remark in a mail: no line nimsh wrote
            return
        # what a session does after loading, before any other line that is known: its beginning was cut off
        cut = line.step in TLS_STEPS and not self._any_known
        self._any_known = self._any_known or line.step is not SessionStep.OTHER
        if current is None or cut or self._begins(current, line):
            unended = current is not None and any(found.waits for found in self._since_service())
            overlapped = line.step is SessionStep.LOAD and (unended or self._unfinished(current))
            self.all.append(_Open(line, overlapped, cut))
            return
        if line.step in TLS_STEPS and (current.has(line.step) or not (current.cut or current.has(SessionStep.LOAD))):
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
    def _begins(current: _Open, line: Line) -> bool:
        if line.step is SessionStep.SERVICE:
            return True
        if line.step is SessionStep.CONNECT:
            # fd, address and name of one connection follow each other
            same = all(found.step is SessionStep.CONNECT for found in current.lines)
            return not same or any(found.word == line.word for found in current.lines)
        if line.step is SessionStep.LOAD:
            return current.cut or current.has(SessionStep.LOAD, SessionStep.COMMAND) or current.over
        if current.waits and line.step not in TLS_STEPS:
            return apart(current.last.time, line.time)
        if line.step is SessionStep.COMMAND:
            refused = current.has(SessionStep.SERVICE, SessionStep.ERROR, SessionStep.OBJECT_ERROR)
            return refused or apart(current.last.time, line.time)
        if line.step in (SessionStep.DIALOG, SessionStep.PORT):
            return current.over or current.has(SessionStep.COMMAND)
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
        """All sessions, in the order in which they began."""
        return [found.close() for found in self.all]
