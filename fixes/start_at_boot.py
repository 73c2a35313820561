"""Has init start nimsh at boot: only when somebody asks for it by name."""

from typing import Iterator, Optional

from nimdoctor.facts import Inittab
from nimdoctor.facts.inittab import ROW
from nimdoctor.model import OnClient, Role
from nimdoctor.planning.client_crypto import at_rest
from nimdoctor.planning.conditions import BootRow
from nimdoctor.planning.fix import Advice, FixContext, PlanItem, fix
from nimdoctor.planning.steps import SRC_DEADLINE, Phase, RunCommand, Step, Undo
from nimdoctor.planning.typed import as_typed


@fix(
    "start-at-boot",
    title="Have nimsh started at boot",
    where=Role.CLIENT,
    risk="where something else starts nimsh at boot it is started twice, and SRC refuses the second",
    source="the row as hosts and public scripts have it; no page of IBM that was seen shows it",
    named_only=True,
    runs=(("mkitab", ROW), ("rmitab", "nimsh")),
)
def start_at_boot(case: FixContext, inittab: Optional[OnClient[Inittab]]) -> Iterator[PlanItem]:
    """`mkitab` with the row that NIM itself writes, where /etc/inittab has no row of nimsh at all."""
    if inittab is None or (inittab.at_boot and inittab.starts_nimsh):
        return
    if inittab.present:
        yield Advice(
            "/etc/inittab has a row of nimsh that somebody changed: change it back by hand, where nobody meant it",
            as_typed(("chitab", ROW)),
            Role.CLIENT,
        )
        return
    yield Step(
        where=Role.CLIENT,
        phase=Phase.DAEMON,
        title="have nimsh started at boot",
        do=RunCommand(("mkitab", ROW), SRC_DEADLINE, undo=(Undo(argv=("rmitab", "nimsh")),)),
        why="/etc/inittab has no row of nimsh, so that the next boot leaves it down",
        effect="init starts nimsh at every boot",
        before=(*at_rest(case, Role.CLIENT), BootRow(Role.CLIENT, False)),
        verify=(BootRow(Role.CLIENT, True),),
        undo="rmitab nimsh",
        impact="none before the next boot",
        risk="low",
    )
