"""The machine id of its master that a client keeps must be the master's own."""

import re
from typing import Iterator, Optional

from nimdoctor.facts import HostName, Hosts, IosLevel, MachineId, NimIdentity, NimInfo, NimObjects
from nimdoctor.facts.host_names import known_as, same_host
from nimdoctor.facts.nim_identity import on_vios
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.wording import REMOTE_MANAGEMENT, configure_client


def _cure(vios: bool) -> Inferred:
    return Inferred(
        f"on the client: {configure_client(vios)}; that should ask the master for its id. Not done by itself: the id is "
        "what tells the master from a host that took its name, so a person must say that the move was meant; and every "
        "client of that master needs it"
    )


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
)
def master_id_changed(
    subject: Subject,
    machine: OnMaster[MachineId],
    info: NimInfo,
    own: Optional[MachineId],
    name: Optional[OnMaster[HostName]],
    objects: Optional[OnMaster[NimObjects]],
    hosts: Optional[Hosts],
    masters_hosts: Optional[OnMaster[Hosts]],
    identity: Optional[NimIdentity],
    ios: Optional[IosLevel],
) -> Iterator[Verdict]:
    """nimsh compares the machine id that a push brings with NIM_MASTERID, and refuses any other."""
    if machine is own:
        # one host's evidence stands for both ends: an alternate master scanned alone, or loose files
        yield NotApplicable("about the master: give --master")
        return
    stored = info.get("NIM_MASTERID")
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
    vios = on_vios(ios, identity.object_in(objects)[0] if identity else None)
    yield Finding(
        f"NIM_MASTERID is {stored}, the master's machine id {machine.machine_id}",
        evidence=[at, machine.at],
        impact=f"nimsh likely refuses every push to {subject.name}",
        cure=_cure(vios),
        fix=None,
        run=REMOTE_MANAGEMENT if vios else "smitty niminit",
        missing=[] if names else ["lsnim -l", "hostname"],
    )
