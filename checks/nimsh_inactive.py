"""nimsh must run and listen, on clients and on the master."""

from typing import Iterator, Optional

from nimdoctor.facts import Filesets, Sockets, Subsystems
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

PORT = 3901
CLIENT_FILESET = "bos.sysmgt.nim.client"


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
    subject: Subject, subsystems: Subsystems, sockets: Optional[Sockets], filesets: Optional[Filesets]
) -> Iterator[Verdict]:
    """No push can reach a host whose nimsh does not run or does not listen on 3901."""
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
    if not active:
        status = row.status if row else "unknown"
        yield Finding(
            f"SRC says nimsh is {status}", evidence=[subsystems.quote("nimsh")], impact=impact, run="startsrc -s nimsh"
        )
        return
    listening = sockets.listening(PORT) if sockets else ()
    if sockets is not None and not listening:
        yield Finding(
            f"SRC says nimsh is active, but nothing listens on {PORT}",
            evidence=[subsystems.quote("nimsh"), sockets.whole()],
            confidence=Confidence.LIKELY,
            impact=impact,
            cause="nimsh lost its listening socket, or hangs at its start",
            cure="stopsrc -s nimsh; startsrc -s nimsh",
            run="stopsrc -s nimsh; startsrc -s nimsh",
        )
        return
    said = f"nimsh is active and listens on {PORT}" if listening else "nimsh is active; whether it listens is not known"
    yield Passed(said, [subsystems.quote("nimsh"), *(socket.at for socket in listening[:1])])
