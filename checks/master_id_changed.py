"""The machine id of its master that a client keeps must be the master's own."""

import re
from typing import Iterator, Optional

from nimdoctor.facts import HostName, Hosts, MachineId, NimInfo, NimObjects
from nimdoctor.facts.host_names import known_as, same_host
from nimdoctor.model import (
    Confidence,
    Finding,
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
from nimdoctor.ruling import NO_PUSH


@check(
    "master-id-changed",
    title="The client keeps another machine id of its master",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    source="IBM docs, NIMSH authentication process (third test); niminit",
    cause="the master was moved to other hardware (Live Partition Mobility), rebuilt or restored elsewhere",
    cure="on the client: keep /etc/niminfo under another name, then niminit -a name=CLIENT -a master=MASTER "
    "-a master_port=1058, which asks the master for its id. Not done by itself: the id is what tells the master from "
    "a host that took its name, so a person must say that the move was meant; and every client of that master needs it",
    rules_out=NO_PUSH,
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
    yield Finding(
        f"NIM_MASTERID is {stored}, the master's machine id {machine.machine_id}",
        evidence=[at, machine.at],
        impact=f"nimsh refuses every push to {subject.name}",
        fix=None,
        run="smitty niminit",
        missing=[] if names else ["lsnim -l", "hostname"],
    )
