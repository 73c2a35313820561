"""Starts nimesis on the master."""

from typing import Iterator, Optional

from nimdoctor.facts import Filesets, NimInfo, Sockets, Subsystems
from nimdoctor.facts.lslpp import MASTER_FILESET
from nimdoctor.facts.niminfo import PORTS
from nimdoctor.model import OnMaster, Role
from nimdoctor.planning.daemons import Daemon, bring_up
from nimdoctor.planning.fix import FixContext, PlanItem, fix
from nimdoctor.planning.steps import Phase


@fix(
    "start-nimesis",
    title="Start nimesis on the master",
    where=Role.MASTER,
    risk="clients that waited for the master may all pull at once",
    source="IBM docs, nimesis daemon",
)
def start_nimesis(
    case: FixContext,
    subsystems: Optional[OnMaster[Subsystems]],
    sockets: Optional[OnMaster[Sockets]],
    info: Optional[OnMaster[NimInfo]],
    filesets: Optional[OnMaster[Filesets]],
) -> Iterator[PlanItem]:
    """`startsrc -s nimesis` where SRC says that it is down."""
    if not case.given(Role.MASTER) or subsystems is None or (filesets and filesets.installed(MASTER_FILESET) is False):
        return
    nimesis = Daemon(
        name="nimesis",
        port=(info.port("NIM_MASTER_PORT") if info else None) or PORTS["NIM_MASTER_PORT"],
        # before niminit, which registers the client with it
        phase=Phase.MASTER_SSL,
        defines="smitty nimconfig",
        unknown="configuring the NIM master defines it",
        taken="find out whose it is, or whether nimesis was started past SRC",
        why="nimesis is not running, so no client can pull from this master or register",
        impact="clients can pull and register again",
    )
    yield from bring_up(case, Role.MASTER, nimesis, subsystems, sockets)
