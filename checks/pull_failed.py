"""A command of NIM on the client that somebody recorded, and that its master did not answer or refused."""

from typing import Dict, Iterator, List, Optional, Tuple

from nimdoctor.facts import NimclientObjects, RecordedOperations
from nimdoctor.facts.message_numbers import explained, numbered
from nimdoctor.facts.operation_lines import REACHED_NOBODY, Failure, OperationError
from nimdoctor.facts.operations import Operation
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    Passed,
    Role,
    Severity,
    Traffic,
    Verdict,
    check,
)

_ELSEWHERE = ("0042-137",)
"""Told by niminfo-broken."""
_NOT_REACHED = (
    "the master was not reached: likely nimesis does not run there, the master's name leads to another address, or a "
    "firewall keeps 1058 and 1059 closed"
)
_LOOK = (
    "on the master lssrc -s nimesis (nimesis-inactive); on the client host and the name in NIM_MASTER_HOSTNAME "
    "(name-resolution, niminfo-wrong-master); NIM_MASTER_PORT in its /etc/niminfo (services-missing)"
)
_REFUSED = (
    "the master answered and refused: likely it keeps another CPU id of this client, or is not this client's master "
    "(cpuid-changed, niminfo-wrong-master)"
)
_LOOK_REFUSED = (
    "compare uname -m on the client with the cpuid that lsnim -l and its name show on the master (cpuid-changed), and "
    "NIM_MASTER_HOSTNAME in /etc/niminfo with the master (niminfo-wrong-master, name-resolution)"
)
_CAUSES: Dict[Failure, Tuple[str, ...]] = {
    **dict.fromkeys(
        REACHED_NOBODY, ("nimesis-inactive", "name-resolution", "niminfo-wrong-master", "services-missing")
    ),
    Failure.DENIED: ("cpuid-changed", "niminfo-wrong-master", "name-resolution"),
}


@check(
    "pull-failed",
    title="A recorded nimclient or niminit failed",
    role=Role.CLIENT,
    severity=Severity.MEDIUM,
    source="IBM docs, NIM error and warning messages",
    impact="the client did not get from its master what it asked for; pushes go another way and may still work",
    breaks=(Traffic.PULL,),
    messages=("0042-006", "0042-008", "0042-053"),
    marks="C C",
)
def pull_failed(own: Optional[RecordedOperations], objects: Optional[NimclientObjects]) -> Iterator[Verdict]:
    """What the client asked of its master was not answered, or refused.

    A pull goes to nimesis on the master, never to nimsh, and no part of it is encrypted.
    """
    told: List[str] = []
    for one in own.all if own else ():
        for error in one.errors if one.pulled else ():
            if error.number and error.number not in _ELSEWHERE and error.words not in told:
                told.append(error.words)
                yield _finding(one, error)
    if not told and objects:
        yield Passed("the master answered a pull", [objects.whole()])
    elif not told:
        yield NotApplicable("no pull that failed was recorded")


def _finding(one: Operation, error: OperationError) -> Finding:
    row = numbered(error.number)
    cause, look = explained(error.number), "; ".join(row.look) if row else ""
    if error.failure in REACHED_NOBODY:
        cause, look = f"{error.number}: {_NOT_REACHED}", _LOOK
    elif error.failure is Failure.DENIED:
        cause, look = f"{error.number}: {_REFUSED}", _LOOK_REFUSED
    return Finding(
        f"{one.label} failed: {error.words}",
        evidence=list(error.lines),
        confidence=Confidence.LIKELY if row and row.sure in "AB" else Confidence.POSSIBLE,
        cause=Inferred(cause if "likely" in cause else f"likely what the number says: {cause}"),
        cure=Inferred(f"the cause likely shows here: {look or 'the lines below the number'}"),
        references=[f"NIM message {error.number}"],
        explained_by=_CAUSES.get(error.failure, ()),
    )
