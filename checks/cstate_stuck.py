"""An operation that the master takes for running although nothing runs."""

from typing import Iterator, List, Optional, Sequence, Tuple

from nimdoctor.facts import NimIdentity, NimObjects, NimshMode, Processes
from nimdoctor.facts.lsnim import ENABLED, PERFORMED, NimObject
from nimdoctor.facts.ps import ProcessRow
from nimdoctor.model import (
    Command,
    Confidence,
    Finding,
    Inferred,
    Missing,
    Note,
    OnClient,
    Passed,
    Quote,
    Role,
    Severity,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_INSTALLATION
from nimdoctor.model.wording import count, named

PS = "ps -eo pid,ppid,etime,args"
_NETWORK_INSTALLATION = ("base operating system", "bos")


@check(
    "cstate-stuck",
    title="The master takes an operation for running that does not run",
    role=Role.MASTER,
    severity=Severity.MEDIUM,
    source="IBM docs, Using the NIM reset operation",
    cause=Inferred(
        "the operation was likely broken off: its nim command was ended, a host went down, or a push hung and was ended"
    ),
    impact="NIM refuses the next operation on that machine until its state is reset",
    marks="C A",
)
def cstate_stuck(
    objects: NimObjects,
    processes: Optional[Processes],
    client: Optional[OnClient[NimIdentity]],
    clients: Optional[OnClient[Processes]],
    mode: Optional[OnClient[NimshMode]],
) -> Iterator[Verdict]:
    """A machine whose state says "is being performed" takes no other operation, though nothing runs any more.

    "has been enabled" is a prepared operation, which may wait for days.
    """
    machines = [found for found in objects.machines() if found.get("Cstate")]
    processes = processes if processes and processes.shows("nim") else None
    if not machines:
        if not objects.machines() and objects.complete:
            yield Passed("the master has no machine object", [objects.whole()])
            return
        raise Missing("lsnim -l", message=f"{objects.source} shows no Cstate")
    performed = [found for found in machines if found.state[0] == PERFORMED]
    if not performed:
        if objects.cut:
            raise Missing("lsnim -l", message=f"{objects.source} does not show the Cstate of every machine")
        yield from _nothing_performed(machines)
        return
    if processes is None:
        words = f"{_listed(performed)}: said to be under way; whether it is shows in the master's ps alone"
        raise Missing(PS, message=words)
    own = client.object_in(objects)[0] if client else None
    names = {found.name for found in objects.machines()}
    running: List[Tuple[NimObject, ProcessRow]] = []
    looked_at: List[NimObject] = []
    unseen: List[NimObject] = []
    installed: List[NimObject] = []
    for found in performed:
        here = found is own and clients is not None and clients.coverage.is_whole
        row = _works_for(found.name, processes, names) or (_works(clients, mode) if here and clients else None)
        if row:
            running.append((found, row))
        elif here:
            looked_at.append(found)
        else:
            (installed if _by_network(found) else unseen).append(found)
    if looked_at:
        quotes = [*_states(looked_at), processes.whole(), *([clients.whole()] if clients else [])]
        finding = _finding(looked_at, quotes, "neither on the master nor on the client does anything of NIM run")
        yield finding._replace(rules_out=NO_INSTALLATION)
    if unseen:
        quotes = [*_states(unseen), processes.whole()]
        yield _finding(unseen, quotes, "no nim command for it runs on the master", (f"{PS} of {_listed(unseen)}",))
    if installed:
        yield Unknown(
            f"{_listed(installed)}: an installation over the network needs no process on the master; its console, or "
            f"lsnim -a info {installed[0].name}, tells whether it goes on",
            [f"{PS} of {_listed(installed)}"],
            _states(installed),
            severity=Severity.LOW,
            settled_by=Command("lsnim", "-a", "info", installed[0].name, where=Role.MASTER)
            if not installed[0].name.startswith("-")
            else None,
        )
    if running:
        said = [f"{found.name} (process {row.pid}: {row.args[:60]})" for found, row in running]
        yield Passed(f"what is said to run does: {', '.join(said)}", [row.at for _, row in running])


def _nothing_performed(machines: Sequence[NimObject]) -> Iterator[Verdict]:
    strange = [found for found in machines if not found.state[0]]
    enabled = [found for found in machines if found.state[0] == ENABLED]
    if strange:
        yield Unknown(
            f"{_listed(strange)}: no state that is known here, or in another language: LC_ALL=C lsnim -l",
            ["lsnim -l"],
            _states(strange),
            severity=Severity.LOW,
        )
    elif enabled:
        yield Note(f"{_listed(enabled)}: prepared, and starts when the machine boots", _states(enabled))
    else:
        which = "its" if len(machines) == 1 else "their"
        yield Passed(f"{count(len(machines), 'machine')} ready by {which} Cstate", _states(machines[:5]))


def _finding(stuck: Sequence[NimObject], quotes: Sequence[Quote], why: str, missing: Sequence[str] = ()) -> Finding:
    names = [found.name for found in stuck]
    # a name out of a listing must not be read as an option
    first = names[0] if not names[0].startswith("-") else "NAME"
    sure = not missing and all(found.state[1] for found in stuck)
    return Finding(
        f"{_listed(stuck)}: {(stuck[0].get('Cstate') or '').strip()}"
        + (" (and the like)" if len(stuck) > 1 else "")
        + f", but {why}",
        evidence=quotes,
        objects=names,
        confidence=Confidence.LIKELY if sure else Confidence.POSSIBLE,
        missing=missing,
        cure="look at the machine's console and scan once more in a few minutes: a reset cuts off an operation that "
        "still runs there, so it is not done by itself. Then on the master, one by one: "
        f"nim -Fo reset {first}; what was allocated stays so: nim -Fo deallocate -a subclass=all {first}",
    )


def _works_for(name: str, processes: Processes, machines: "set[str]") -> Optional[ProcessRow]:
    """A process of the master that works for that machine, or for no machine by name: then for a group it may be in."""
    for row in processes.rows:
        if row.operates and (name in row.words or not machines.intersection(row.words)):
            return row
    return None


def _works(processes: Processes, mode: Optional[NimshMode]) -> Optional[ProcessRow]:
    """What of NIM runs on the client: a push, an operation it pulled, an installation."""
    pushed = mode.children if mode else ()
    return next(iter((*pushed, *(row for row in processes.rows if row.operates or row.installs))), None)


def _by_network(machine: NimObject) -> bool:
    state = (machine.get("Cstate") or "").lower()
    return "install" in state and any(word in state for word in _NETWORK_INSTALLATION)


def _states(machines: Sequence[NimObject]) -> List[Quote]:
    return [found.quote("Cstate") for found in machines]


def _listed(machines: Sequence[NimObject]) -> str:
    return named([found.name for found in machines])
