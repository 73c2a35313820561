"""The CPU id that the master keeps of a client must be the client's own."""

from typing import Iterator, Optional

from nimdoctor.facts import MachineId, NimIdentity, NimObjects, RefusedIds
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.facts.refused_ids import RefusedId
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    Note,
    OnMaster,
    Passed,
    Push,
    Role,
    Settlement,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_FETCH, NO_PUSH


@check(
    "cpuid-changed",
    title="The master keeps another CPU id of the client",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    source="IBM docs, Managing client CPU ID validation; NIMSH authentication process (second test)",
    cause=Inferred(
        "the client was likely moved to other hardware (Live Partition Mobility), restored elsewhere, or its object was "
        "made for another machine"
    ),
    breaks=(Traffic.PUSH,),
    messages=("0042-008",),
    log_lines=("remote value passed",),
    marks="C B",
)
def cpuid_changed(
    subject: Subject,
    machine: MachineId,
    identity: NimIdentity,
    objects: Optional[OnMaster[NimObjects]],
    refused: Optional[RefusedIds],
) -> Iterator[Verdict]:
    """A push brings the CPU id that the master keeps of its client, and nimsh refuses one that is not its machine's.

    Without the client's object nimsh.log may tell: a line of its refusal is known from memory only.
    """
    own, why = identity.object_in(objects)
    if objects is None or own is None:
        refusal = refused.of(machine.machine_id) if refused else None
        if refusal:
            yield _by_the_log(
                refusal, machine, subject, Push(identity.nim_name or (subject.name if subject.named else None))
            )
            return
        if objects is None and not subject.master_named:
            yield NotApplicable("about the master: give --master")
            return
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
    if objects.cut and own.connect != SECURE:
        raise Missing("lsnim -l", message=f"{differ}; {objects.source} does not show all attributes of either object")
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
        rules_out=NO_FETCH if by_rsh else (*NO_FETCH, *NO_PUSH),
    )


def _by_the_log(refusal: RefusedId, machine: MachineId, subject: Subject, push: Settlement) -> Verdict:
    if refusal.changes:
        return Unknown(
            f"not tried since {refusal.what_changed}; before, nimsh refused a push for the CPU id {refusal.passed}",
            (),
            [refusal.at, machine.at, *(change.at for change in refusal.changes)],
            settled_by=push,
        )
    return Finding(
        f"nimsh.log says that a push brought the CPU id {refusal.passed}, and this machine's is {refusal.own}",
        evidence=[refusal.at, machine.at],
        confidence=Confidence.POSSIBLE,
        cause=Inferred(
            "the master likely keeps the CPU id of other hardware, as before Live Partition Mobility or a restore"
        ),
        impact=f"nimsh likely refuses every push to {subject.name}",
        cure="look at the object of this client on the master: lsnim -l NAME, its cpuid; not done by itself: the id guards "
        "against a host that took this one's name",
    )
