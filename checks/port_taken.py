"""nimsh can start only where nothing else has its port."""

from typing import Iterator, List, Optional

from nimdoctor.facts import Filesets, Processes, Services, Sockets, Subsystems
from nimdoctor.facts.host_names import is_loopback
from nimdoctor.facts.lslpp import CLIENT_FILESET
from nimdoctor.facts.lssrc import stopping
from nimdoctor.facts.ps import PROCESSES
from nimdoctor.facts.services import NIMSH_PORTS
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    Passed,
    Quote,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_NIMSH
from nimdoctor.model.wording import named

PORT = NIMSH_PORTS["nimsh"]
_WHO = f"netstat -Aan | grep {PORT}"
_MESSAGE_SERVER = "ms.sap"
_ANOTHER = f"another program listens on {PORT}; SAP's message servers use 39NN"


@check(
    "port-taken",
    title=f"Port {PORT} is held while nimsh is down",
    role=Role.BOTH,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    source="IBM isg3T1011808 (ports); SAP: the message server of instance NN listens on 39NN",
    cause=_ANOTHER,
    cure=(
        f"find out who listens on {PORT} (netstat -Aan shows the socket, lsof -i :{PORT} its process where lsof is "
        "installed), give that program another port, then startsrc -s nimsh. Moving nimsh is not supported. Never run "
        "rmsock: it removes a socket that has no owner"
    ),
    explains=("nimsh-inactive",),
    breaks=(Traffic.PUSH,),
    marks="A A",
)
def port_taken(
    subject: Subject,
    subsystems: Subsystems,
    sockets: Optional[Sockets],
    processes: Optional[Processes],
    services: Optional[Services],
    filesets: Optional[Filesets],
) -> Iterator[Verdict]:
    """nimsh cannot start while something else listens on its port, so no push reaches the host."""
    if filesets and filesets.installed(CLIENT_FILESET) is False:
        yield NotApplicable(f"{CLIENT_FILESET} is not installed")
        return
    active = subsystems.active("nimsh")
    state = subsystems.quote("nimsh")
    if active is None:
        raise Missing("lssrc -a")
    if subsystems.get("nimsh") is None:
        yield NotApplicable("SRC knows no nimsh that could listen there")
        return
    if active:
        yield Passed(f"nimsh is active: what listens on {PORT} is taken for it", [state])
        return
    if stopping(subsystems):
        yield Passed(f"SRC has not ended nimsh yet: what listens on {PORT} is taken for it", [state])
        return
    if sockets is None:
        raise Missing("netstat -an")
    listening = sockets.listening(PORT)
    if not listening and not sockets.tells(PORT):
        raise Missing("netstat -an", message=f"what listens on {PORT} is not in the part of netstat that was given")
    if not listening:
        yield Passed(f"nimsh is down, and nothing listens on {PORT}", [state, sockets.whole()])
        return
    evidence = [listening[0].at, state]
    own = processes.named("nimsh") if processes else ()
    if own:
        pids = named([str(row.pid) for row in own])
        yield Finding(
            f"a nimsh that SRC does not know of (process {pids}) may hold port {PORT}, and SRC says nimsh is down",
            evidence=[*evidence, *(row.at for row in own)],
            objects=[str(PORT)],
            severity=Severity.MEDIUM,
            confidence=Confidence.LIKELY,
            cause=Inferred("it was likely started past SRC, or a push that hangs went on when nimsh was stopped"),
            impact=f"nimsh cannot be started by SRC, nor by nimclient -c, on {subject.name}; pushes may go through or not",
            cure=f"look at it (ps -fp {own[0].pid}); when no push needs it, end it, then startsrc -s nimsh",
            run=f"ps -fp {own[0].pid}",
            rules_out=NO_NIMSH,
        )
        return
    hints: List[Quote] = [row.at for row in services.others_on(PORT, "nimsh")] if services else []
    hints += [row.at for row in processes.rows if row.program.startswith(_MESSAGE_SERVER)] if processes else []
    confidence = Confidence.CERTAIN if processes else Confidence.LIKELY
    if all(is_loopback(row.local_address) for row in listening):
        # a socket of the loopback address alone need not keep nimsh from the others
        confidence = Confidence.POSSIBLE
    yield Finding(
        f"something other than nimsh listens on {PORT}, and SRC says nimsh is down"
        if processes
        else f"something listens on {PORT} while SRC says nimsh is down",
        evidence=[*evidence, *hints],
        objects=[str(PORT)],
        confidence=confidence,
        cause=None if processes else Inferred(f"{_ANOTHER}: likely one of these, or a nimsh that SRC does not know of"),
        impact=f"nimsh cannot start, so no push reaches {subject.name}",
        missing=() if processes else (PROCESSES,),
        run=_WHO,
        rules_out=() if confidence is Confidence.POSSIBLE else NO_NIMSH,
    )
