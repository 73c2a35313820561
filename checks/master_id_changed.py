"""The machine id of its master that a client keeps must be the master's own."""

import re
from typing import Iterator, Optional

from nimdoctor.facts import HostName, Hosts, MachineId, NimIdentity, NimInfo, NimObjects, RefusedIds, VirtualIoServer
from nimdoctor.facts.host_names import known_as, same_host
from nimdoctor.facts.nim_identity import on_vios
from nimdoctor.facts.refused_ids import RefusedId
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
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
from nimdoctor.model.ruling import NO_PUSH
from nimdoctor.model.wording import REMOTE_MANAGEMENT, configure_client


def _cure(vios: bool) -> Inferred:
    return Inferred(
        f"on the client: {configure_client(vios)}; that should ask the master for its id. Not done by itself: the id is "
        "what tells the master from a host that took its name, so a person must say that the move was meant; and every "
        "client of that master needs it"
    )


MACHINE_ID = "uname -m"


@check(
    "master-id-changed",
    title="The client keeps another machine id of its master",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    source="IBM docs, NIMSH authentication process (third test); niminit",
    cause=Inferred(
        "the master was likely moved to other hardware (Live Partition Mobility), rebuilt or restored elsewhere"
    ),
    cure=_cure(False),
    rules_out=NO_PUSH,
    breaks=(Traffic.PUSH,),
    messages=("0042-008",),
    log_lines=("remote value passed",),
)
def master_id_changed(
    subject: Subject,
    machine: Optional[OnMaster[MachineId]],
    info: Optional[NimInfo],
    refused: Optional[RefusedIds],
    identity: NimIdentity,
    own: Optional[MachineId],
    name: Optional[OnMaster[HostName]],
    objects: Optional[OnMaster[NimObjects]],
    hosts: Optional[Hosts],
    masters_hosts: Optional[OnMaster[Hosts]],
    ios: Optional[VirtualIoServer],
) -> Iterator[Verdict]:
    """nimsh compares the machine id that a push brings with NIM_MASTERID, and refuses any other.

    Without the master's own id nimsh.log may tell: a line of its refusal is known from memory only.
    """
    stored = info.get("NIM_MASTERID") if info else None
    if machine is None or machine is own:
        # one host's evidence may stand for both ends: an alternate master scanned alone, or loose files
        refusal = refused.of(stored) if refused and stored else None
        if info and refusal and _is_of_its_master(refusal, info, hosts):
            yield _by_the_log(
                refusal, info, subject, Push(identity.nim_name or (subject.name if subject.named else None))
            )
        elif machine is not None or not subject.master_named:
            yield NotApplicable("about the master: give --master")
        else:
            raise Missing(MACHINE_ID, message="the machine id of the master is not known")
        return
    if info is None:
        raise Missing("/etc/niminfo")
    if stored is None:
        raise Missing("/etc/niminfo", message=f"{info.source} has no NIM_MASTERID")
    at = info.quote("NIM_MASTERID")
    if not re.fullmatch("[0-9A-Fa-f]{12}", stored):
        yield Unknown("NIM_MASTERID is no machine id of twelve hexadecimal digits", ["/etc/niminfo"], [at])
        return
    if stored.upper() == machine.machine_id:
        yield Passed("NIM_MASTERID is the master's machine id", [at, machine.at])
        return
    stanza = objects.master() if objects else None
    names = [*(stanza.host_names() if stanza else ()), *([name.name] if name else [])]
    meant = known_as(info.master_names(), hosts, masters_hosts)
    if names and not same_host(meant, known_as(names, hosts, masters_hosts)):
        yield Unknown(
            f"NIM_MASTERID is that of {info.get('NIM_MASTER_HOSTNAME')}, and the master that was given is {names[0]}",
            (),
            [at, info.quote("NIM_MASTER_HOSTNAME"), machine.at],
        )
        return
    refusal = refused.of(stored) if refused else None
    lines = [refusal.at] if refusal and refusal.passed == machine.machine_id else []
    vios = on_vios(ios, identity.object_in(objects)[0])
    yield Finding(
        f"NIM_MASTERID is {stored}, the master's machine id {machine.machine_id}",
        evidence=[at, machine.at, *lines],
        impact=f"nimsh likely refuses every push to {subject.name}",
        cure=_cure(vios),
        fix=None,
        run=REMOTE_MANAGEMENT if vios else "smitty niminit",
        missing=[] if names else ["lsnim -l", "hostname"],
    )


def _is_of_its_master(refusal: RefusedId, info: NimInfo, hosts: Optional[Hosts]) -> bool:
    """Whether the push came from the NIM master of this host: any other is refused as it should be."""
    return refusal.master is None or same_host(known_as(info.master_names(), hosts), known_as([refusal.master], hosts))


def _by_the_log(refusal: RefusedId, info: NimInfo, subject: Subject, push: Settlement) -> Verdict:
    at = info.quote("NIM_MASTERID")
    if refusal.changes:
        return Unknown(
            f"not tried since {refusal.what_changed}; before, nimsh refused a push from a master of id {refusal.passed}",
            (),
            [refusal.at, at, *(change.at for change in refusal.changes)],
            settled_by=push,
        )
    return Finding(
        f"nimsh.log says that a push brought the id {refusal.passed}, and NIM_MASTERID is {refusal.own}",
        evidence=[refusal.at, at],
        confidence=Confidence.POSSIBLE,
        cause=Inferred(
            "the master likely has another machine id than before (Live Partition Mobility, a rebuild), or the push was "
            "another host's"
        ),
        impact=f"nimsh likely refuses every push to {subject.name}, if the push was the master's",
        fix=None,
        run=f"on the master: {MACHINE_ID}",
    )
