"""What changed when: on both ends, in the client's local time, and of that what came between its last good push and the
first that failed.
"""

from datetime import datetime, timedelta
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple

from nimdoctor.diagnosis.host import Host
from nimdoctor.facts import FilesetHistory, HostClock, NimshLog, NimshMode, Paths
from nimdoctor.facts.nimsh_session import Session
from nimdoctor.facts.tls_attempt import newest_certificate
from nimdoctor.model import Quote

FILESETS = ("openssl.base", "bos.sysmgt.nim.client", "bos.sysmgt.nim.master")


class Change(NamedTuple):
    """Something that changed on a host: `when` in the local time of the host whose pushes are looked at."""

    when: datetime
    host: str
    what: str
    at: Quote

    def as_dict(self) -> Dict[str, Any]:
        """As JSON values."""
        source, line, _ = self.at
        return {"when": self.when.isoformat(), "host": self.host, "what": self.what, "source": source, "line": line}

    def words(self) -> str:
        """With its host, its time and where it stands."""
        return f"{self.host}: {self.what} {self.when:%Y-%m-%d %H:%M} ({_place(self.at)})"


class Turn(NamedTuple):
    """When pushes ceased to go well: the last good one, the first after it that failed, and what changed in between.

    Without `failed` nothing has been tried since the changes.
    """

    good: Optional[Session]
    failed: Optional[Session]
    changes: Tuple[Change, ...]
    both: bool = True
    """Whether both ends were looked at."""

    def words(self) -> Optional[str]:
        """In one line; None where there is no change to tell of."""
        if not self.changes and not (self.good and self.failed):
            return None
        good = f"last good push {self.good.ended:%Y-%m-%d %H:%M} ({_place(self.good.last)})" if self.good else ""
        failed = f"first failure {self.failed.started:%Y-%m-%d %H:%M} ({self._of_failed()})" if self.failed else ""
        if good and failed:
            when = f"between the {good} and the {failed}"
        else:
            when = f"since the {good}, and not tried after it" if good else f"before the {failed or 'scan'}"
        nothing = "nothing that is known" if self.both else "nothing that is known of this end (give --master)"
        return f"{'; '.join(change.words() for change in self.changes) or nothing}; {when}"

    def _of_failed(self) -> str:
        """Where the failure stands; in the log of the good push the line tells it."""
        if self.failed is None:
            return ""
        at = self.failed.last
        return f"line {at.line}" if self.good and self.good.last.source == at.source else _place(at)


def turn_of(host: Host, other: Optional[Host]) -> Optional[Turn]:
    """None where the log holds neither a good push nor a failed one that is dated, or nothing is known to have changed."""
    log = host.optional(NimshLog)
    good, failed = log.turn() if log else (None, None)
    good = good if good and good.ended else None
    failed = failed if failed and failed.started else None
    if good is None and failed is None:
        return None
    found = [*changes(host, host), *_restarts(host), *(changes(other, host) if other else ())]
    found.sort(key=lambda change: change.when)
    since, until = good.ended if good else None, failed.started if failed else None
    between = [one for one in found if (not since or one.when > since) and (not until or one.when <= until)]
    # of what came before the first push that is known only the last can have to do with it
    return Turn(good, failed, tuple(between if good else between[-1:]), other is not None)


def changes(host: Host, by: Host) -> Iterator[Change]:
    """What was installed and written on a host, in the local time of `by`; of another host only where both zones are known."""
    own, clock = host.optional(HostClock), by.optional(HostClock)
    name = host.name or ("this host" if host is by else "the other end")
    history = host.optional(FilesetHistory)
    for fileset in FILESETS:
        row = history.installed_at(fileset) if history else None
        if not row or not row.when:
            continue
        when = row.when if host is by else _local(own.to_utc(row.when) if own else None, clock)
        if when:
            yield Change(when, name, f"{fileset} {row.level} installed", row.at)
    paths = host.optional(Paths)
    newest = newest_certificate(paths) if paths else None
    when = _local(newest[1], clock) if newest else None
    if newest and paths and when:
        yield Change(when, name, "certificate written", paths.quote(newest[0]))


def _restarts(host: Host) -> Iterator[Change]:
    """When nimsh was started: by its log, else by its process."""
    log, mode, clock = host.optional(NimshLog), host.optional(NimshMode), host.optional(HostClock)
    name = host.name or "this host"
    seen = [one for one in (log.starts() if log else ()) if one.started]
    for session in seen:
        if session.started:
            yield Change(session.started, name, "nimsh started", session.first)
    if not seen and mode and mode.running and mode.elapsed is not None and clock:
        when = _local(clock.utc - mode.elapsed, clock)
        if when:
            yield Change(when, name, "nimsh started", mode.at)


def _local(utc: Optional[int], clock: Optional[HostClock]) -> Optional[datetime]:
    if utc is None or clock is None or clock.offset is None:
        return None
    try:
        return datetime(1970, 1, 1) + timedelta(seconds=utc + clock.offset)
    except OverflowError:
        return None  # a time of change that no calendar has


def _place(at: Quote) -> str:
    # of a command the words that tell it from others do
    source = at.source if at.source.startswith("/") else " ".join(at.source.split()[:2])
    return source if at.line is None else f"{source} line {at.line}"
