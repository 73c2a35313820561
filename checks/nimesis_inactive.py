"""nimesis must run on the master: clients pull from it."""

from typing import Iterator, Optional

from nimdoctor.facts import Filesets, NimInfo, Sockets, Subsystems
from nimdoctor.facts.lslpp import MASTER_FILESET
from nimdoctor.facts.niminfo import PORTS
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)


@check(
    "nimesis-inactive",
    title="nimesis is not running on the NIM master",
    subject="nimesis",
    role=Role.MASTER,
    severity=Severity.MEDIUM,
    fix="start-nimesis",
    confidence=Confidence.CERTAIN,
    source="isg3T1024615: pulls go to nimesis on 1058/tcp and 1059/tcp; IBM docs, nimesis daemon",
    cause=Inferred("the subsystem was likely stopped, or died"),
    impact="no client can pull from this master, ask it anything (nimclient -l) or register (niminit)",
    cure="startsrc -s nimesis",
    precedes=("switch-to-nimsh",),
    breaks=(Traffic.PULL,),
    marks="C A",
)
def nimesis_inactive(
    subject: Subject,
    subsystems: Subsystems,
    sockets: Optional[Sockets],
    info: Optional[NimInfo],
    filesets: Optional[Filesets],
) -> Iterator[Verdict]:
    """Pull operations and registration fail until nimesis runs; pushes themselves do not need it."""
    if filesets and filesets.installed(MASTER_FILESET) is False:
        yield NotApplicable(f"{MASTER_FILESET} is not installed")
        return
    active = subsystems.active("nimesis")
    lines = [subsystems.quote("nimesis")]
    if active is None:
        raise Missing("lssrc -a")
    if active:
        yield Passed("nimesis is active", lines)
        return
    row = subsystems.get("nimesis")
    if row is None and not (subject.roles or (filesets and filesets.installed(MASTER_FILESET))):
        # what only a master has makes nobody a master by being absent
        yield NotApplicable("SRC knows no nimesis, and nothing else shows that this host is a NIM master")
        return
    if row is None:
        yield Finding(
            "SRC does not know a nimesis subsystem",
            evidence=lines,
            cause=Inferred("this host was likely never configured as a NIM master, or its SRC definition was removed"),
            cure="configure the NIM master: nimconfig (smitty nimconfig) defines and starts nimesis",
            fix=None,
            run="smitty nimconfig",
        )
        return
    port = (info.port("NIM_MASTER_PORT") if info else None) or PORTS["NIM_MASTER_PORT"]
    listening = sockets.listening(port) if sockets else ()
    if listening:
        yield Finding(
            f"SRC says nimesis is {row.status}, but something listens on {port}",
            evidence=lines,
            against=[listening[0].at],
            confidence=Confidence.LIKELY,
            cause=Inferred("another program likely has the port, or nimesis was started past SRC"),
            cure=f"find out who listens on {port} (netstat -Aan), end it, then startsrc -s nimesis",
            run=f"netstat -Aan | grep {port}",
        )
        return
    yield Finding(f"SRC says nimesis is {row.status}", evidence=lines)
