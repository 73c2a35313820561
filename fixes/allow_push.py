"""Lets a client take pushes again: only when somebody asks for it by name."""

from typing import Iterator, Optional

from nimdoctor.facts import NimshDefinition, NimshMode
from nimdoctor.model import OnClient, Role
from nimdoctor.planning.client_crypto import NIMSH_CAN_START, at_rest
from nimdoctor.planning.conditions import PushIs, SubsystemIs
from nimdoctor.planning.fix import FixContext, PlanItem, fix
from nimdoctor.planning.steps import NIMCLIENT_DEADLINE, Phase, RunCommand, Step, Undo

ALLOW, REFUSE = ("nimclient", "-p"), ("nimclient", "-P")


@fix(
    "allow-push",
    title="Let the client take pushes again",
    where=Role.CLIENT,
    risk="whoever switched pushes off may have wanted to keep the NIM master from this host",
    source="IBM docs, nimclient command (-P, -p)",
    named_only=True,
)
def allow_push(
    case: FixContext, mode: Optional[OnClient[NimshMode]], definition: Optional[OnClient[NimshDefinition]]
) -> Iterator[PlanItem]:
    """`nimclient -p` where nimsh runs, or would be started, with -P."""
    if mode is None or not (mode.push_disabled or (definition and definition.push_disabled)):
        return
    former = Undo(start="nimsh")
    yield Step(
        where=Role.CLIENT,
        phase=Phase.DAEMON,
        title="let the client take pushes again",
        do=RunCommand(ALLOW, NIMCLIENT_DEADLINE, undo=(Undo(argv=REFUSE), former), repair=(former,)),
        why="nimsh refuses every push (-P)",
        effect="nimsh runs without -P",
        before=(*at_rest(case, Role.CLIENT), NIMSH_CAN_START),
        verify=(PushIs(Role.CLIENT, True), SubsystemIs(Role.CLIENT, "nimsh", True)),
        undo="nimclient -P, and nimsh in its former state",
        impact="nimsh is stopped and started; the master can work on this host again",
        risk="low, where nobody meant it",
    )
