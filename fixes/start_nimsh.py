"""Starts nimsh, or restarts one that does not listen."""

from typing import Iterator, List, Optional

from nimdoctor.facts import Filesets, Sockets, Subsystems
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.plan.client_crypto import at_rest
from nimdoctor.plan.conditions import Condition, PortFree, RoleIs, SubsystemIs
from nimdoctor.plan.fix import Advice, Case, Said, fix
from nimdoctor.plan.steps import Phase, Step, Subsystem

PORT = 3901
CLIENT_FILESET = "bos.sysmgt.nim.client"


@fix(
    "start-nimsh",
    title="Start nimsh",
    where=Role.BOTH,
    risk="none known: pushes to the host work again",
    source="isg3T1024615, Requirements 2",
)
def start_nimsh(
    case: Case,
    client: Optional[OnClient[Subsystems]],
    master: Optional[OnMaster[Subsystems]],
    client_sockets: Optional[OnClient[Sockets]],
    master_sockets: Optional[OnMaster[Sockets]],
    client_filesets: Optional[OnClient[Filesets]],
    master_filesets: Optional[OnMaster[Filesets]],
) -> Iterator[Said]:
    """`startsrc -s nimsh` on the end where it is down; stopped first where it runs and does not listen."""
    ends = (
        (Role.MASTER, master, master_sockets, master_filesets),
        (Role.CLIENT, client, client_sockets, client_filesets),
    )
    for where, subsystems, sockets, filesets in ends:
        if case.given(where) and subsystems and not (filesets and filesets.installed(CLIENT_FILESET) is False):
            yield from _start(case, where, subsystems, sockets)


def _start(case: Case, where: Role, subsystems: Subsystems, sockets: Optional[Sockets]) -> Iterator[Said]:
    active = subsystems.active("nimsh")
    if active is None:
        return
    if subsystems.get("nimsh") is None:
        yield Advice("SRC knows no nimsh here: configuring the NIM client defines it", "smitty niminit", where)
        return
    listening = bool(sockets.listening(PORT)) if sockets else None
    if active and listening is not False:
        return
    if not active and listening:
        yield Advice(
            f"port {PORT} is taken by another program, so nimsh cannot start; moving nimsh is not supported",
            f"netstat -Aan | grep {PORT}",
            where,
        )
        return
    before: List[Condition] = [*at_rest(case, where), SubsystemIs(where, "nimsh", active)]
    before += [RoleIs(where, "master")] if where is Role.MASTER else []
    before += [] if active else [PortFree(where, PORT)]
    yield Step(
        where=where,
        phase=Phase.DAEMON,
        title="restart nimsh" if active else "start nimsh",
        do=Subsystem("nimsh", "restart" if active else "start"),
        why=f"nimsh is active but nothing listens on {PORT}"
        if active
        else "nimsh is not running, so no push can reach the host",
        effect=f"nimsh is active and listens on {PORT}",
        before=tuple(before),
        verify=(SubsystemIs(where, "nimsh", True),),
        undo="" if active else "stopsrc -s nimsh, its former state",
        no_undo="its former state was that of a nimsh nobody could reach" if active else "",
        impact="none: nobody could reach it",
        risk="low",
    )
