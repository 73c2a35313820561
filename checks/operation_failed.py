"""An operation of the master that somebody recorded, and that failed for a reason of its own."""

from typing import Iterator, List, Optional

from nimdoctor.facts import RecordedOperations
from nimdoctor.facts.message_numbers import explained, numbered
from nimdoctor.facts.operation_lines import Failure, OperationError
from nimdoctor.facts.operations import Operation
from nimdoctor.model import Confidence, Finding, Inferred, NotApplicable, Passed, Role, Severity, Verdict, check

_ELSEWHERE = ("0042-137",)
"""Told by niminfo-broken."""
_BY_MARK = {"A": Confidence.CERTAIN, "B": Confidence.LIKELY}
_REACHED = ("0042-175", "1831-008", "1831-011")
_UNKNOWN = "NIM did not do what it was asked for"


@check(
    "operation-failed",
    title="A recorded operation of the NIM master failed",
    role=Role.MASTER,
    severity=Severity.MEDIUM,
    source="IBM docs, NIM error and warning messages",
    impact="that operation was not done",
    messages=(
        "0042-001",
        "0042-032",
        "0042-052",
        "0042-053",
        "0042-081",
        "0042-154",
        "0042-175",
        "0042-207",
        "0503-420",
        "1831-008",
        "1831-011",
    ),
    marks="B C",
)
def operation_failed(own: Optional[RecordedOperations]) -> Iterator[Verdict]:
    """The master did not do what it was asked for, and its number says whether a client had to do with it.

    What did not reach a client, or was refused there, is told by push-failed; of several errors of one number in one
    output the first is told.
    """
    every = own.all if own else ()
    failed = [
        (one, error)
        for one in every
        for error in one.errors
        if error.failure is Failure.OTHER and error.number and error.number not in _ELSEWHERE and not one.pulled
    ]
    told: List[str] = []
    for one, error in failed:
        if error.words not in told:
            told.append(error.words)
            yield _finding(one, error)
    back = [one.came_back for one in every if one.came_back and not one.errors]
    if not told and back:
        yield Passed("a recorded operation came through", back)
    elif not told:
        yield NotApplicable("no operation that failed for a reason of its own was recorded")


def _finding(one: Operation, error: OperationError) -> Finding:
    row = numbered(error.number)
    program = f" ({error.program.rsplit('/', 1)[-1]})" if error.program else ""
    clears = row.clears if row else ""
    look = "; ".join(row.look) if row else ""
    client = one.client_of(error)
    return Finding(
        f"{one.label} failed: {error.words}",
        evidence=list(error.lines),
        objects=[client] if client and error.number in _REACHED else [],
        confidence=_BY_MARK.get(row.sure, Confidence.POSSIBLE) if row else Confidence.LIKELY,
        cause=f"{explained(error.number)}{program}",
        impact=clears or _UNKNOWN,
        cure=Inferred(f"the cause likely shows here: {look}" if look else "the lines below the number may tell more"),
        references=[f"NIM message {error.number}"],
        explained_by=("interim-fix-unstable", "fileset-broken", "filesystem-full")
        if error.number in ("0042-175", "0503-420")
        else (),
    )
