"""The sessions of a host's nimsh in time, by how they ended."""

from datetime import datetime
from typing import Iterator, List, NamedTuple, Optional, Tuple

from nimdoctor.diagnosis.host import Host
from nimdoctor.diagnosis.timeline import changes
from nimdoctor.facts import LocalDate, NimshLog

ENDS = {
    "hung": "stops at create BIO",
    "object-error": "SSL object error",
    "refused": "refused",
    "stopped-early": "stops before BIO",
    "went-on": "TLS push, went on",
    "plain": "push without TLS",
    "commands": "commands were run",
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
    all_counted: bool = True
    """Whether `older` has all of the rest: of a log that is too large for that only the newest part is read."""

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
        log.all_counted,
    )


def _events(host: Host, by: Host) -> Iterator[Tuple[datetime, str]]:
    """What changed on a host, in the local time of `by`."""
    for change in changes(host, by):
        yield change.when, change.what if host is by else f"{change.host}: {change.what}"
