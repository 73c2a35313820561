"""The CPU id that the master keeps of a client must be the client's own."""

from typing import Iterator

from nimdoctor.facts import MachineId, NimIdentity, NimObjects
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model import (
    Confidence,
    Finding,
    Missing,
    NotApplicable,
    Note,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Verdict,
    check,
)


@check(
    "cpuid-changed",
    title="The master keeps another CPU id of the client",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    source="IBM docs, Managing client CPU ID validation; NIMSH authentication process (second test)",
    cause="the client was moved to other hardware (Live Partition Mobility), restored elsewhere, or its object was "
    "made for another machine",
)
def cpuid_changed(
    subject: Subject, machine: MachineId, identity: NimIdentity, objects: OnMaster[NimObjects]
) -> Iterator[Verdict]:
    """A push brings the CPU id that the master keeps of its client, and nimsh refuses one that is not its machine's."""
    own, why = identity.object_in(objects)
    if own is None:
        raise Missing("lsnim -l", message=why)
    stored = own.get("cpuid")
    if stored is None:
        if own.partial:
            raise Missing("lsnim -l", message=f"{objects.source} does not show the cpuid of {own.name}")
        yield NotApplicable(f"the object {own.name} has no cpuid: the master keeps none of this client")
        return
    evidence = [own.quote("cpuid"), machine.at]
    if stored.upper() == machine.machine_id:
        yield Passed("the master keeps this machine's id", evidence)
        return
    differ = f"the object {own.name} has cpuid {stored}, and this machine's id is {machine.machine_id}"
    for who in (own, objects.master()):
        if who and (who.get("validate_cpuid") or "").lower() == "no":
            yield Note(f"{differ}; {who.name} has validate_cpuid = no", [*evidence, who.quote("validate_cpuid")])
            return
    if own.connect == SECURE:
        yield Note(f"{differ}; by {SECURE} the client is known by its certificate", [*evidence, own.quote("connect")])
        return
    by_rsh = own.connect == "shell"
    name = own.name if not own.name.startswith("-") else "NAME"
    change = f"nim -Fo change -a cpuid={machine.machine_id} {name}"
    yield Finding(
        differ,
        evidence=[*evidence, own.quote("connect")],
        objects=[own.name],
        severity=Severity.MEDIUM if by_rsh else Severity.HIGH,
        # of loose files nobody knows on which end `uname -m` was typed
        confidence=Confidence.POSSIBLE if subject.loose else Confidence.LIKELY,
        impact="nimclient is refused (0042-008)"
        if by_rsh
        else f"nimsh refuses every push to {subject.name}, and the master every nimclient of it (0042-008)",
        cure=f"on the master {change}, then on the client stopsrc -s nimsh; startsrc -s nimsh. Not done by itself: the "
        "id guards against a host that took this one's name, and where one object serves several machines it must "
        "not be changed (IBM: validate_cpuid=no)",
    )
