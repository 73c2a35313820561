"""The step that brings a daemon up which the SRC says is down, and what keeps it from being planned."""

from typing import Iterator, List, NamedTuple, Optional

from nimdoctor.facts import Sockets, Subsystems
from nimdoctor.model import Role
from nimdoctor.planning.client_crypto import at_rest
from nimdoctor.planning.conditions import Condition, PortFree, RoleIs, SubsystemIs
from nimdoctor.planning.fix import Advice, FixContext, PlanItem
from nimdoctor.planning.steps import Phase, Step, Subsystem


class Daemon(NamedTuple):
    """A subsystem that listens on a port. `defines` is the command that makes SRC know it, and `unknown` says so;
    `taken` ends the sentence of a port that another program has; `restarts` that it is stopped and
    started where it runs and does not listen.
    """

    name: str
    port: int
    phase: Phase
    defines: str
    unknown: str
    taken: str
    why: str
    impact: str
    restarts: bool = False


def bring_up(
    case: FixContext, where: Role, daemon: Daemon, subsystems: Subsystems, sockets: Optional[Sockets]
) -> Iterator[PlanItem]:
    """Its start, its restart, what a person must do instead; nothing where it runs, or where it cannot be told."""
    active = subsystems.active(daemon.name)
    if active is None:
        return
    if subsystems.get(daemon.name) is None:
        yield Advice(f"SRC knows no {daemon.name} here: {daemon.unknown}", daemon.defines, where)
        return
    listening = bool(sockets.listening(daemon.port)) if sockets else None
    if active and (listening is not False or not daemon.restarts):
        return
    if not active and listening:
        yield Advice(
            f"port {daemon.port} is taken, so {daemon.name} cannot start; {daemon.taken}",
            f"netstat -Aan | grep {daemon.port}",
            where,
        )
        return
    before: List[Condition] = [*at_rest(case, where), SubsystemIs(where, daemon.name, active)]
    before += [RoleIs(where, "master")] if where is Role.MASTER else []
    before += [] if active else [PortFree(where, daemon.port)]
    yield Step(
        where=where,
        phase=daemon.phase,
        title=f"{'restart' if active else 'start'} {daemon.name}",
        do=Subsystem(daemon.name, "restart" if active else "start"),
        why=f"{daemon.name} is active but nothing listens on {daemon.port}" if active else daemon.why,
        effect=f"{daemon.name} is active and listens on {daemon.port}",
        before=tuple(before),
        verify=(SubsystemIs(where, daemon.name, True),),
        undo="" if active else f"stopsrc -s {daemon.name}, its former state",
        no_undo=f"its former state was that of a {daemon.name} nobody could reach" if active else "",
        impact=daemon.impact,
        risk="low",
    )
