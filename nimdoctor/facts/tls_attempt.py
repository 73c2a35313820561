"""The newest session of nimsh.log that loaded certificates, placed in time.

A session speaks only up to its own time: what was changed after it makes the state "not tried
since". Stamps in the log are the daemon's local time, so ages rest on the log's time of change
against `date -u`, and stamps serve to tell how much earlier than the last line the session ended.
"""

from datetime import datetime, timezone
from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.facts.certificates import CERTS
from nimdoctor.facts.clock import HostClock
from nimdoctor.facts.lslpp_history import FilesetHistory
from nimdoctor.facts.netstat import Sockets
from nimdoctor.facts.niminfo import NimInfo
from nimdoctor.facts.nimsh_log import NimshLog
from nimdoctor.facts.nimsh_mode import NimshMode
from nimdoctor.facts.nimsh_session import Session, SessionEnd
from nimdoctor.facts.paths import Paths
from nimdoctor.facts.ps import PROCESSES, Processes
from nimdoctor.facts.resolution import Resolution
from nimdoctor.model.rows import fact
from nimdoctor.model.text import Quote

LOG = "/var/adm/ras/nimsh.log"
NIMSH_PORT = 3901
PRIVILEGED = 1024
"""Ports below it are root's: a push comes from one of them."""
HISTORY = "lslpp -hc openssl.base bos.sysmgt.nim.client bos.sysmgt.nim.master"
_SLACK = 120
_GRAIN = 1
"""Seconds to which times of change and stamps are known."""
_SUMMER_TIME = 3600
_EAST, _WEST = 15 * 3600, -13 * 3600
"""Bounds of a time zone's offset, an hour wider than any in use."""


class SettingChange(NamedTuple):
    """Something that happened after the session: what, and the line that shows it."""

    what: str
    at: Quote


@fact()
class TlsAttempt(NamedTuple):
    """`session` is the newest one that loaded certificates; None when the log has none.

    `utc` is when its last line was written (epoch seconds), `age` how many seconds before the
    evidence was taken; each None where it cannot be known, `why` then says the reason. `changes`
    came after it; `unseen` names evidence that was not collected and may show more such changes (times
    of change stand in the optional manifest alone, so they are not asked for). `witness` shows a push
    that is still open; it is not `sure` where it is a connection of which nobody knows that the master made it.
    `cut` names evidence of which only a part was given, in which such a change may not be shown. `rival` stands at `create BIO`, and may be the session that went on in the place of this one.
    """

    source: str
    log: NimshLog
    session: Optional[Session]
    utc: Optional[int] = None
    age: Optional[int] = None
    why: str = ""
    changes: Tuple[SettingChange, ...] = ()
    witness: Optional[Quote] = None
    unseen: Tuple[str, ...] = ()
    sure: bool = False
    rival: Optional[Session] = None
    cut: Tuple[str, ...] = ()

    @classmethod
    def derive(
        cls,
        log: NimshLog,
        paths: Optional[Paths],
        clock: Optional[HostClock],
        mode: Optional[NimshMode],
        history: Optional[FilesetHistory],
        sockets: Optional[Sockets],
        processes: Optional[Processes],
        info: Optional[NimInfo],
        resolution: Optional[Resolution],
    ) -> "TlsAttempt":
        """Places the newest session that loaded certificates."""
        session = log.newest_loaded()
        if session is None:
            return cls(log.source, log, None)
        state = paths.get(LOG) if paths else None
        mtime = state.mtime if state else None
        utc = time_of(session.ended, log, mtime, clock)
        age, why = age_of(utc, log, mtime, clock)
        changes = _changes(session, utc, age, log, paths, mode, history, clock)
        row = history.installed_at("openssl.base") if history else None
        # an installed fileset has its row; a row whose date cannot be read tells nothing of its time
        unseen = [] if row and row.when else [HISTORY]
        unseen += [] if processes else [PROCESSES]
        witness, sure = _witness(mode, sockets, _addresses_of_master(info, resolution))
        rival = log.rival(session)
        cut = [HISTORY] if history and not history.coverage.of("openssl.base") else []
        cut += [PROCESSES] if processes and not processes.shows("nimsh") else []
        return cls(
            log.source, log, session, utc, age, why, tuple(changes), witness, tuple(unseen), sure, rival, tuple(cut)
        )

    @property
    def what_changed(self) -> str:
        """What came after it, in words; empty when nothing is known to have."""
        return " and ".join(dict.fromkeys(change.what for change in self.changes))

    @property
    def hangs(self) -> bool:
        """Whether it stopped at `create BIO`, and nothing is known to have changed since."""
        return self.session is not None and self.session.end is SessionEnd.HUNG and not self.changes

    @property
    def sure_of_age(self) -> bool:
        """Whether the session is known to be a minute old or more."""
        return self.age is not None and self.age >= 60


def time_of(
    stamp: Optional[datetime], log: NimshLog, mtime: Optional[int], clock: Optional[HostClock]
) -> Optional[int]:
    """Epoch seconds of a stamp in the log: from the log's time of change, else from the host's zone."""
    if mtime is not None and stamp and log.last_time:
        return mtime - int((log.last_time - stamp).total_seconds())
    if (
        mtime is not None
        and log.last_time is None
        and next(log.newest_first(), None) is log.newest_loaded() is not None
    ):
        return mtime
    if clock and stamp:
        return clock.to_utc(stamp)
    return None


def age_of(
    utc: Optional[int], log: NimshLog, mtime: Optional[int], clock: Optional[HostClock]
) -> Tuple[Optional[int], str]:
    """Seconds between a moment of the log (epoch seconds) and the evidence; None, and why, where that is not known."""
    if clock is None:
        return None, "the host's own time was not recorded (date -u)"
    if utc is None:
        return None, "the log's time of change was not recorded"
    age = clock.utc - utc
    if age < 0:
        return None, "by the host's clock the log's last line lies in the future"
    if mtime is not None and log.last_time and not _fits(log.last_time, mtime, clock, age):
        return None, "the log's time of change and its stamps do not fit each other"
    return age, ""


def _fits(stamp: datetime, mtime: int, clock: HostClock, age: int) -> bool:
    if clock.offset is None:
        offset = int(stamp.replace(tzinfo=timezone.utc).timestamp()) - mtime
        return _WEST <= offset <= _EAST
    expected = clock.to_utc(stamp)
    if expected is None:
        return False
    apart = abs(mtime - expected)
    # summer time may have begun or ended between the line and the collection
    return apart <= _SLACK or (abs(apart - _SUMMER_TIME) <= _SLACK and age > 2 * _SUMMER_TIME)


def _changes(
    session: Session,
    utc: Optional[int],
    age: Optional[int],
    log: NimshLog,
    paths: Optional[Paths],
    mode: Optional[NimshMode],
    history: Optional[FilesetHistory],
    clock: Optional[HostClock],
) -> List[SettingChange]:
    started = started_after(session, age, log, mode)
    changes = [started] if started else []
    if utc is not None and paths:
        for path, what in _written_after(paths, utc):
            changes.append(SettingChange(what, paths.quote(path)))
    installed = history.installed_at("openssl.base") if history else None
    if installed and installed.when and _is_later(installed.when, session, utc, clock):
        changes.append(SettingChange(f"openssl.base {installed.level} was installed", installed.at))
    return changes


def started_after(
    session: Session, age: Optional[int], log: NimshLog, mode: Optional[NimshMode]
) -> Optional[SettingChange]:
    """The start of nimsh after a session of that age in seconds, where there was one."""
    if mode and mode.running and mode.elapsed is not None and age is not None:
        # the process itself is the better witness: the log's line is known from memory only
        return SettingChange("nimsh was started", mode.at) if mode.elapsed < age - 5 else None
    restart = log.restarted_after(session)
    return SettingChange("nimsh was started", restart.first) if restart else None


def _is_later(when: datetime, session: Session, utc: Optional[int], clock: Optional[HostClock]) -> bool:
    """Whether a local time is after the session: by its stamps, else by the log's time of change and the zone."""
    if session.ended:
        return when > session.ended
    time = clock.to_utc(when) if clock else None
    return utc is not None and time is not None and time > utc


def _written_after(paths: Paths, utc: int) -> List[Tuple[str, str]]:
    found = []
    places = [(path, state, "a certificate was written") for path, state in paths.below(CERTS).items()]
    for pattern in ("/usr/lib/libssl.so*", "/usr/lib/libcrypto.so*"):
        places += [(path, state, "a library was written") for path, state in paths.matching(pattern).items()]
    for path, state, what in sorted(places, key=lambda place: place[0]):
        if state.mtime is not None and state.mtime > utc + _GRAIN and state.kind not in ("dir", "link"):
            found.append((path, what))
    return found


def _witness(
    mode: Optional[NimshMode], sockets: Optional[Sockets], master: Tuple[str, ...]
) -> Tuple[Optional[Quote], bool]:
    """A line that shows a push that is still open, and whether it is sure to be one.

    The master connects from a privileged port of its own address; any other host may hold a connection to nimsh.
    """
    for child in mode.children if mode else ():
        if child.elapsed is not None and child.elapsed >= 60:
            return child.at, True
    for row in sockets.established(NIMSH_PORT) if sockets else ():
        privileged = row.remote_port is not None and row.remote_port < PRIVILEGED
        if privileged and (not master or row.remote_address.lower().replace("::ffff:", "") in master):
            return row.at, bool(master)
    return None, False


def _addresses_of_master(info: Optional[NimInfo], resolution: Optional[Resolution]) -> Tuple[str, ...]:
    """Where this host knows its master to be: what NIM_HOSTS and its own resolution say."""
    name = info.get("NIM_MASTER_HOSTNAME") if info else None
    if info is None or name is None:
        return ()
    answer = resolution.forward(name) if resolution else None
    found = (info.address_of(name), answer.address if answer else None)
    return tuple(address.lower() for address in found if address)


def newest_certificate(paths: Paths) -> Optional[Tuple[str, int]]:
    """Path and time of change of the newest file below /ssl_nimsh/certs; None when none is known."""
    found = [
        (state.mtime, path)
        for path, state in paths.below(CERTS).items()
        if state.mtime is not None and state.kind not in ("dir", "link")
    ]
    return (max(found)[1], max(found)[0]) if found else None
