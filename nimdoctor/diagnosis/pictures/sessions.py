"""The sessions of a host's nimsh in time, by how they ended."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Optional, Tuple

from nimdoctor.diagnosis.host import Host
from nimdoctor.facts import FilesetHistory, HostClock, LocalDate, NimshLog, Paths
from nimdoctor.facts.tls_attempt import newest_certificate

if TYPE_CHECKING:
    from nimdoctor.facts import HostClock

ENDS = {
    "hung": "stops at create BIO",
    "object-error": "SSL object error",
    "refused": "refused",
    "stopped-early": "stops before BIO",
    "went-on": "TLS push, went on",
    "plain": "push without TLS",
    "query": "nimquery",
    "service": "nimsh started",
    "other": "other",
}
"""Outcomes of a session in words, the worst first."""


class Mark(NamedTuple):
    """One session: its last line's local time where it is dated, how it ended (a key of `ENDS`), that line's number."""

    when: Optional[datetime]
    end: str
    line: Optional[int]


class Timeline(NamedTuple):
    """The newest sessions of a log, oldest first; `older` counts the rest by outcome.

    `verdict` is the newest session that loaded certificates, by which TLS is judged. `events` are what changed
    on the host, in its local time; `read` is that time when the evidence was taken, where it is known.
    """

    host: str
    source: str
    marks: Tuple[Mark, ...]
    older: Tuple[Tuple[str, int], ...] = ()
    verdict: Optional[Mark] = None
    events: Tuple[Tuple[datetime, str], ...] = ()
    read: Optional[datetime] = None

    def counts(self) -> List[Tuple[str, int]]:
        """Sessions by outcome, older ones included, the worst outcome first."""
        found = dict(self.older)
        for mark in self.marks:
            found[mark.end] = found.get(mark.end, 0) + 1
        return [(end, found[end]) for end in ENDS if found.get(end)]


def timeline_of(host: Host, other: Optional[Host] = None) -> Iterator[Timeline]:
    """One where the host's log is there and has more than starts of nimsh; `other` is the end whose changes count too."""
    log = host.optional(NimshLog)
    if not log or all(one.end.value == "service" for one in log.sessions):
        return
    marks = [Mark(one.ended or one.started, one.end.value, one.last.line) for one in log.sessions]
    newest = log.newest_loaded()
    date = host.optional(LocalDate)
    yield Timeline(
        host.name or host.evidence.target,
        log.source,
        tuple(marks),
        tuple(sorted(log.older.items())),
        next((mark for mark, one in zip(marks, log.sessions) if one is newest), None),
        tuple(sorted([*_events(host, host), *(_events(other, host) if other else ())])),
        date.naive if date else None,
    )


def _events(host: Host, by: Host) -> Iterator[Tuple[datetime, str]]:
    """What changed on a host, in the local time of `by`; of another host only where both zones are known."""
    own, clock = host.optional(HostClock), by.optional(HostClock)
    where = "" if host is by else f"{host.name or 'the other end'}: "
    history = host.optional(FilesetHistory)
    installed = history.installed_at("openssl.base") if history else None
    if installed and installed.when:
        words = f"{where}openssl.base {installed.level} installed"
        if host is by:
            yield installed.when, words
        else:
            yield from _at(own.to_utc(installed.when) if own else None, clock, words)
    paths = host.optional(Paths)
    newest = newest_certificate(paths) if paths else None
    if newest:
        yield from _at(newest[1], clock, f"{where}certificate written")


def _at(utc: Optional[int], clock: "Optional[HostClock]", words: str) -> Iterator[Tuple[datetime, str]]:
    if utc is not None and clock and clock.offset is not None:
        try:
            yield datetime(1970, 1, 1) + timedelta(seconds=utc + clock.offset), words
        except OverflowError:
            pass  # a time of change that no calendar has
