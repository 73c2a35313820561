"""nimsh must run and listen, on clients and on the master."""

from typing import Iterator, Optional

from nimdoctor.facts import Filesets, Services, Sockets, Subsystems, VirtualIoServer
from nimdoctor.facts.lslpp import CLIENT_FILESET
from nimdoctor.facts.lssrc import stopping
from nimdoctor.facts.services import NIMSH_PORTS
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
from nimdoctor.model.ruling import NO_PUSH
from nimdoctor.model.wording import REMOTE_MANAGEMENT

PORT = NIMSH_PORTS["nimsh"]


@check(
    "nimsh-inactive",
    title="nimsh is not running",
    subject="nimsh",
    role=Role.BOTH,
    severity=Severity.HIGH,
    fix="start-nimsh",
    confidence=Confidence.CERTAIN,
    source="isg3T1024615, Requirements 2",
    cause=Inferred("the subsystem was likely stopped, or died"),
    cure="startsrc -s nimsh",
    breaks=(Traffic.PUSH,),
    messages=("0042-006", "0513-004", "0513-036", "0513-044", "0513-059", "0513-071", "0513-085"),
    log_lines=("service handler started",),
    marks="C A",
)
def nimsh_inactive(
    subject: Subject,
    subsystems: Subsystems,
    sockets: Optional[Sockets],
    filesets: Optional[Filesets],
    services: Optional[Services],
    ios: Optional[VirtualIoServer],
) -> Iterator[Verdict]:
    """No push can reach a host whose nimsh does not run or does not listen on its port."""
    if filesets and filesets.installed(CLIENT_FILESET) is False:
        yield NotApplicable(f"{CLIENT_FILESET} is not installed")
        return
    row = subsystems.get("nimsh")
    active = subsystems.active("nimsh")
    impact = f"no push reaches {subject.name}"
    ruled_out = NO_PUSH if subject.where is Role.CLIENT else ()
    if active is None:
        raise Missing("lssrc -a")
    if not active and row is None:
        yield Finding(
            "SRC does not know a nimsh subsystem",
            evidence=[subsystems.quote("nimsh")],
            cause=Inferred("NIM was likely never configured on this host, or its SRC definition was removed"),
            impact=impact,
            rules_out=ruled_out,
            cure=f"configure the NIM client, which defines and starts nimsh: {REMOTE_MANAGEMENT} as padmin, since it is a VIOS"
            if ios
            else "configure the NIM client: niminit (smitty niminit; connect=nimsh) defines and starts nimsh",
            fix=None,
            run=REMOTE_MANAGEMENT if ios else "smitty niminit",
        )
        return
    # a site may have moved it in /etc/services; what listens on the usual port counts then too
    port = (services.port("nimsh") if services else None) or PORT
    listening = (sockets.listening(port) or sockets.listening(PORT)) if sockets else ()
    if listening:
        port = listening[0].local_port or port
    if stopping(subsystems):
        yield Finding(
            f"SRC says nimsh is {row.status if row else 'stopping'}: it was told to stop and has not ended",
            evidence=[subsystems.quote("nimsh"), *(socket.at for socket in listening[:1])],
            cause=Inferred(
                "it was stopped, and a push that is still open, as one that hangs, likely keeps it from ending"
            ),
            impact=impact,
            cure="look at it again (lssrc -s nimsh); once it is inoperative, startsrc -s nimsh. Where it stays, a person "
            "must look at the push that it still does",
            fix=None,
            run="lssrc -s nimsh",
        )
        return
    if not active:
        status = row.status if row else "unknown"
        finding = Finding(
            f"SRC says nimsh is {status}",
            evidence=[subsystems.quote("nimsh")],
            impact=impact,
            rules_out=ruled_out,
        )
        if listening:
            finding = finding._replace(
                message=f"SRC says nimsh is {status}, but something listens on {port}",
                against=[listening[0].at],
                confidence=Confidence.LIKELY,
                cause=Inferred("what listens there likely keeps nimsh from starting: see port-taken"),
                cure=f"find out who listens on {port} (netstat -Aan); nimsh can start once it is gone",
            )
        yield finding
        return
    if sockets is not None and not listening and sockets.tells(port) and sockets.tells(PORT):
        yield Finding(
            f"SRC says nimsh is active, but nothing listens on {port}",
            evidence=[subsystems.quote("nimsh"), sockets.whole()],
            confidence=Confidence.LIKELY,
            impact=impact,
            rules_out=ruled_out,
            cause=Inferred("nimsh likely lost its listening socket, or hangs at its start"),
            cure=Inferred("a restart likely helps: stopsrc -s nimsh; startsrc -s nimsh"),
        )
        return
    known = (
        f"nimsh is active and listens on {port}" if listening else "nimsh is active; whether it listens is not known"
    )
    yield Passed(known, [subsystems.quote("nimsh"), *(socket.at for socket in listening[:1])])
