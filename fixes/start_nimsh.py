"""Starts nimsh, or restarts one that does not listen."""

from typing import Iterator, Optional

from nimdoctor.facts import Filesets, Sockets, Subsystems, VirtualIoServer
from nimdoctor.facts.lslpp import CLIENT_FILESET
from nimdoctor.facts.services import NIMSH_PORTS
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.model.wording import REMOTE_MANAGEMENT
from nimdoctor.planning.daemons import Daemon, bring_up
from nimdoctor.planning.fix import FixContext, PlanItem, fix
from nimdoctor.planning.steps import Phase

NIMSH = Daemon(
    name="nimsh",
    port=NIMSH_PORTS["nimsh"],
    phase=Phase.DAEMON,
    defines="smitty niminit",
    unknown="configuring the NIM client defines it",
    taken="find out whose it is, or whether nimsh was started past SRC; moving nimsh is not supported",
    why="nimsh is not running, so no push can reach the host",
    impact="none: nobody could reach it",
    restarts=True,
)


@fix(
    "start-nimsh",
    title="Start nimsh",
    where=Role.BOTH,
    risk="none known: pushes to the host work again",
    source="isg3T1024615, Requirements 2",
)
def start_nimsh(
    case: FixContext,
    client: Optional[OnClient[Subsystems]],
    master: Optional[OnMaster[Subsystems]],
    client_sockets: Optional[OnClient[Sockets]],
    master_sockets: Optional[OnMaster[Sockets]],
    client_filesets: Optional[OnClient[Filesets]],
    master_filesets: Optional[OnMaster[Filesets]],
    ios: Optional[OnClient[VirtualIoServer]] = None,
) -> Iterator[PlanItem]:
    """`startsrc -s nimsh` on the end where it is down; stopped first where it runs and does not listen."""
    ends = (
        (Role.MASTER, master, master_sockets, master_filesets),
        (Role.CLIENT, client, client_sockets, client_filesets),
    )
    for where, subsystems, sockets, filesets in ends:
        if case.given(where) and subsystems and not (filesets and filesets.installed(CLIENT_FILESET) is False):
            vios = where is Role.CLIENT and ios is not None
            nimsh = NIMSH._replace(defines=REMOTE_MANAGEMENT) if vios else NIMSH
            yield from bring_up(case, where, nimsh, subsystems, sockets)
