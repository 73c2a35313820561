"""nimsh must run and listen, on clients and on the master."""

from typing import Iterator, Optional

from nimdoctor.facts import Filesets, Services, Sockets, Subsystems
from nimdoctor.facts.lslpp import CLIENT_FILESET
from nimdoctor.facts.services import NIMSH_PORTS
from nimdoctor.model import (
    Confidence,
    Finding,
    Missing,
    NotApplicable,
    Passed,
    Role,
    Severity,
    Subject,
    Verdict,
    check,
)

PORT = NIMSH_PORTS["nimsh"]


@check(
    "nimsh-inactive",
    title="nimsh is not running",
    role=Role.BOTH,
    severity=Severity.HIGH,
    fix="start-nimsh",
    confidence=Confidence.CERTAIN,
    source="isg3T1024615, Requirements 2",
    cause="the subsystem was stopped, never started, or died",
    cure="startsrc -s nimsh",
)
def nimsh_inactive(
    subject: Subject,
    subsystems: Subsystems,
    sockets: Optional[Sockets],
    filesets: Optional[Filesets],
    services: Optional[Services],
) -> Iterator[Verdict]:
    """No push can reach a host whose nimsh does not run or does not listen on its port."""
    if filesets and filesets.installed(CLIENT_FILESET) is False:
        yield NotApplicable(f"{CLIENT_FILESET} is not installed")
        return
    row = subsystems.get("nimsh")
    active = subsystems.active("nimsh")
    impact = f"no push reaches {subject.name}"
    if active is None:
        raise Missing("lssrc -a")
    if not active and row is None:
        yield Finding(
            "SRC does not know a nimsh subsystem",
            evidence=[subsystems.quote("nimsh")],
            cause="NIM was never configured on this host, or its SRC definition was removed",
            impact=impact,
            cure="configure the NIM client: niminit (smitty niminit) defines and starts nimsh",
            fix=None,
            run="smitty niminit",
        )
        return
    # a site may have moved it in /etc/services; what listens on the usual port counts then too
    port = (services.port("nimsh") if services else None) or PORT
    listening = (sockets.listening(port) or sockets.listening(PORT)) if sockets else ()
    if listening:
        port = listening[0].local_port or port
    if not active:
        status = row.status if row else "unknown"
        said = Finding(f"SRC says nimsh is {status}", evidence=[subsystems.quote("nimsh")], impact=impact)
        if listening:
            said = said._replace(
                message=f"SRC says nimsh is {status}, but something listens on {port}",
                against=[listening[0].at],
                confidence=Confidence.LIKELY,
                cause="what listens there keeps nimsh from starting: see port-taken",
                cure=f"find out who listens on {port} (netstat -Aan); nimsh can start once it is gone",
            )
        yield said
        return
    if sockets is not None and not listening:
        yield Finding(
            f"SRC says nimsh is active, but nothing listens on {port}",
            evidence=[subsystems.quote("nimsh"), sockets.whole()],
            confidence=Confidence.LIKELY,
            impact=impact,
            cause="nimsh lost its listening socket, or hangs at its start",
            cure="stopsrc -s nimsh; startsrc -s nimsh",
        )
        return
    known = (
        f"nimsh is active and listens on {port}" if listening else "nimsh is active; whether it listens is not known"
    )
    yield Passed(known, [subsystems.quote("nimsh"), *(socket.at for socket in listening[:1])])
