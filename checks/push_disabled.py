"""A nimsh that runs with -P refuses pushes that are not forced."""

from typing import Iterator, List, Optional

from nimdoctor.facts import NimshDefinition, NimshMode
from nimdoctor.facts.ps import PROCESSES
from nimdoctor.model import (
    Confidence,
    Finding,
    Missing,
    Passed,
    Quote,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_PUSH

DEFINITION = "lssrc -S -s nimsh"


@check(
    "push-disabled",
    title="nimsh refuses pushes (-P)",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    fix="allow-push",
    confidence=Confidence.CERTAIN,
    source="IBM docs, nimclient command (-P, -p)",
    cause="somebody ran nimclient -P, perhaps on purpose",
    cure="ask who switched pushes off, and why; where nobody meant it: nimclient -p",
    rules_out=NO_PUSH,
    breaks=(Traffic.PUSH,),
    marks="A A",
)
def push_disabled(
    subject: Subject, mode: Optional[NimshMode], definition: Optional[NimshDefinition]
) -> Iterator[Verdict]:
    """Pushes are refused while they are switched off, unless the master forces one; what the host pulls itself still works."""
    if mode is None:
        raise Missing(PROCESSES, DEFINITION)
    later = definition.push_disabled if definition else None
    defined: List[Quote] = [definition.at] if definition and mode.running else []
    if mode.push_disabled:
        yield Finding(
            "nimsh runs with -P" if mode.running else "nimsh would be started with -P",
            evidence=[mode.at, *(defined if later else ())],
            against=defined if later is False else (),
            # what is only defined says nothing of a process that was not seen
            confidence=None if mode.running else Confidence.LIKELY,
            impact=f"every push to {subject.name} is refused, unless the master forces it (nim -F)",
            missing=() if mode.running else (PROCESSES,),
        )
    elif later and definition:
        yield Finding(
            "nimsh takes pushes now, but SRC would start it with -P",
            evidence=[definition.at],
            against=[mode.at],
            severity=Severity.MEDIUM,
            impact=f"from the next start of nimsh on, every push to {subject.name} is refused, unless the master forces it "
            "(nim -F)",
            rules_out=(),
        )
    else:
        yield Passed(f"nimsh {'runs' if mode.running else 'would be started'} without -P", [mode.at, *defined])
