"""What nimsh.log says of pushes that nimsh refused for a machine id: known from memory only, so never more than possible."""

import re
from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.clock import HostClock
from nimdoctor.facts.nimsh_log import NimshLog
from nimdoctor.facts.nimsh_mode import NimshMode
from nimdoctor.facts.nimsh_session import Session, SessionEnd
from nimdoctor.facts.paths import Paths
from nimdoctor.facts.ps import PROCESSES, Processes
from nimdoctor.facts.tls_attempt import LOG, SettingChange, age_of, started_after, time_of
from nimdoctor.model.rows import fact
from nimdoctor.model.text import BadEvidence, Quote

NIMINFO = "/etc/niminfo"
_REFUSAL = re.compile(
    r"(?i)remote value passed, *'([0-9A-F]{12})', *does not match environment value *'([0-9A-F]{12})'"
)
_BEYOND = (
    SessionEnd.PLAIN,
    SessionEnd.COMMANDS,
    SessionEnd.WENT_ON,
    SessionEnd.HUNG,
    SessionEnd.OBJECT_ERROR,
    SessionEnd.STOPPED_EARLY,
)
"""Ends of sessions that got past the ids: nimsh looks at these before it comes to the cryptographic setting."""


class RefusedId(NamedTuple):
    """A push that brought the machine id `passed` where nimsh has `own`; both in capitals. `master` is the host name by
    which the pushing master called itself, where the log has it. `changes` came after it.
    """

    passed: str
    own: str
    master: Optional[str]
    at: Quote
    changes: Tuple[SettingChange, ...]

    @property
    def what_changed(self) -> str:
        """What came after it, in words; empty when nothing is known to have."""
        return " and ".join(dict.fromkeys(change.what for change in self.changes))


@fact()
class RefusedIds(NamedTuple):
    """The refusals that no later push has superseded, the newest first.

    >>> from nimdoctor.model.text import Text
    >>> log = NimshLog.parse(Text.of(
    ...     "error: remote value passed, '00F6A1B24C00', does not match environment value '00C0FFEE4C00'\\n", LOG))
    >>> RefusedIds.derive(log, None, None, None).of("00c0ffee4c00").passed
    '00F6A1B24C00'
    """

    source: str
    refusals: Tuple[RefusedId, ...]

    @classmethod
    def derive(
        cls,
        log: NimshLog,
        paths: Optional[Paths],
        clock: Optional[HostClock],
        mode: Optional[NimshMode],
        processes: Optional[Processes] = None,
    ) -> "RefusedIds":
        """From the newest session back to the newest push that came past the ids. Raises BadEvidence for a part of `ps`,
        which need not show when nimsh was started.
        """
        if processes and not processes.shows("nimsh"):
            raise BadEvidence(f"of {processes.source} only a part was given, which need not show nimsh", PROCESSES)
        found = []
        for session in log.newest_first():
            if session.end in _BEYOND:
                break
            match = _REFUSAL.search(session.error.text) if session.error else None
            if match and session.error:
                passed, own = (word.upper() for word in match.groups())
                changes = _changes(session, log, paths, clock, mode)
                found.append(RefusedId(passed, own, session.master, session.error, changes))
        return cls(log.source, tuple(found))

    def of(self, machine_id: str) -> Optional[RefusedId]:
        """The newest refusal by the id that nimsh has, which is this machine's or its master's."""
        return next((one for one in self.refusals if re.fullmatch(one.own, machine_id, re.IGNORECASE)), None)


def _changes(
    session: Session,
    log: NimshLog,
    paths: Optional[Paths],
    clock: Optional[HostClock],
    mode: Optional[NimshMode],
) -> Tuple[SettingChange, ...]:
    state = paths.get(LOG) if paths else None
    mtime = state.mtime if state else None
    utc = time_of(session.ended, log, mtime, clock)
    age, _ = age_of(utc, log, mtime, clock)
    started = started_after(session, age, log, mode)
    changes = [started] if started else []
    info = paths.get(NIMINFO) if paths else None
    if paths and info and info.mtime is not None and utc is not None and info.mtime > utc + 1:
        changes.append(SettingChange(f"{NIMINFO} was written", paths.quote(NIMINFO)))
    return tuple(changes)
