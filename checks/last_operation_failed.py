"""What the master keeps of the last operation on each of its machines."""

import re
from typing import Iterator, List, Optional, Sequence, Tuple

from nimdoctor.facts import NimIdentity, NimObjects, PushSince, RecordedOperations
from nimdoctor.facts.lsnim import ERROR, READY, NimObject
from nimdoctor.facts.message_numbers import numbered
from nimdoctor.facts.operation_lines import Failure, OperationError, operation_errors
from nimdoctor.facts.operations import may_be
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    OnClient,
    Passed,
    Quote,
    Role,
    Severity,
    Verdict,
    check,
)
from nimdoctor.model.wording import named

RESULT, FAILED = "Cstate_result", "failure"
_WORSE = (
    Failure.REFUSED,
    Failure.NO_ANSWER,
    Failure.SECOND_CHANNEL,
    Failure.NO_CONNECTION,
    Failure.DENIED,
    Failure.TLS,
)
"""Those after which the next push may fail as well."""
_CAUSES = {
    Failure.TLS: ("ssl-object-error", "create-bio-hang", "stale-ssl-libs", "certificate-mismatch"),
    Failure.DENIED: ("cpuid-changed", "master-id-changed", "niminfo-wrong-master", "name-resolution"),
    Failure.OTHER: ("fileset-broken", "interim-fix-unstable", "filesystem-full"),
}
_UNREACHED = ("nimsh-inactive", "port-taken", "services-missing", "name-resolution")
_ATTRIBUTE = rf"^{ERROR} *= *"
_SHOWLOG = "nim -o showlog and the machine's name shows the whole output of the last operation"


@check(
    "last-operation-failed",
    title="The last operation on a machine failed",
    role=Role.MASTER,
    severity=Severity.LOW,
    source="IBM's Ansible collection for AIX and its issues, for Cstate_result and err_info; IBM docs, nim Command, showlog",
    impact="what that operation was to do was not done on that machine, or not all of it",
    messages=("0042-006", "0042-008", "0042-175"),
    marks="C C",
)
def last_operation_failed(
    objects: Optional[NimObjects],
    recorded: Optional[RecordedOperations],
    client: Optional[OnClient[NimIdentity]],
    since: Optional[OnClient[PushSince]],
) -> Iterator[Verdict]:
    """The master's object of a machine keeps how its last operation ended, and the error, though the machine be ready.

    Neither carries a time, so that by itself it is no sign that the next one fails.
    """
    machines = objects.machines() if objects else ()
    shown = [found for found in machines if found.get(RESULT) is not None or found.get(ERROR) is not None]
    if objects is None or not shown:
        yield NotApplicable("no machine object shows how its last operation ended")
        return
    failed = [found for found in shown if (found.get(RESULT) or FAILED).strip().lower() == FAILED]
    own = client.object_in(objects)[0] if client else None
    silent: List[NimObject] = []
    told = False
    for found in failed:
        errors = operation_errors(row.at for row in found.attributes if row.name == ERROR)
        if not errors:
            silent.append(found)
            continue
        told = True
        yield _finding(found, errors[-1], _against(found, recorded, since if found is own else None))
    if silent:
        told = True
        names = [found.name for found in silent]
        yield Finding(
            f"{named(names)}: {RESULT} = {FAILED}, the last operation failed some day; why is not kept there",
            [quote for found in silent for quote in (found.quote(RESULT), found.quote("Cstate"))],
            objects=names,
            confidence=Confidence.POSSIBLE,
            cause=Inferred("not told: it may have been any operation, and need not be a fault of nimsh or of TLS"),
            cure=Inferred(f"{_SHOWLOG}, which likely tells why"),
        )
    if not told:
        if objects.cut:
            raise Missing(
                "lsnim -l", message=f"{objects.source} does not show how every machine's last operation ended"
            )
        yield Passed("no last operation failed", [found.quote(RESULT) for found in shown[:5]])


def _against(
    machine: NimObject, recorded: Optional[RecordedOperations], since: Optional[PushSince]
) -> Tuple[Quote, ...]:
    """Pushes to that machine that came through, when is not known."""
    pushes = [
        one.came_back
        for one in (recorded.all if recorded else ())
        if one.came_back and one.typed.client and may_be(one.typed.client, [machine.name, *machine.host_names()])
    ]
    if since and since.push and since.start:
        pushes.append(since.push.last)
    return tuple(pushes)


def _finding(machine: NimObject, error: OperationError, against: Sequence[Quote]) -> Finding:
    row = numbered(error.number)
    program = f" ({error.program.rsplit('/', 1)[-1]})" if error.program else ""
    worse = error.failure in _WORSE and not against
    state = [machine.quote(name) for name in (RESULT, "Cstate") if machine.get(name) is not None]
    clears = f"; what it rules out: {row.clears}" if row and row.clears else ""
    ready = "" if machine.state[0] != READY else ", though the machine is ready now"
    return Finding(
        f"{machine.name}: the last operation failed{ready}: {re.sub(_ATTRIBUTE, '', error.words)}",
        evidence=[*error.lines, *state],
        objects=[machine.name],
        severity=Severity.MEDIUM if worse else Severity.LOW,
        # err_info bears no time
        confidence=Confidence.POSSIBLE,
        cause=Inferred(_cause(error) + program),
        impact=(
            "the next push to it may fail in the same way"
            if worse
            else "what it was to do there was not done, or not all"
        )
        + clears,
        cure=Inferred(f"{_SHOWLOG}, which likely tells why" + (f"; {'; '.join(row.look)}" if row and row.look else "")),
        against=against,
        references=[f"NIM message {error.number}"] if error.number else [],
        explained_by=_CAUSES.get(error.failure, _UNREACHED),
    )


def _cause(error: OperationError) -> str:
    row = numbered(error.number)
    why = f": {error.failure.value}" if error.failure in _WORSE else ""
    return f"likely as {error.number} says: {row.says}{why}" if row else "likely as its last line says"
