"""Takes the NIM master out of /.rhosts."""

from typing import Iterator, Optional

from nimdoctor.facts import NimIdentity, NimInfo, NimObjects, Rhosts
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.planning.client_crypto import at_rest
from nimdoctor.planning.conditions import NimInfoSays
from nimdoctor.planning.fix import Advice, FixContext, PlanItem, fix, line_as_it_is
from nimdoctor.planning.steps import Change, Phase, Step, make_edit, unchanged, written

PATH = "/.rhosts"


@fix(
    "remove-rhosts",
    title="Take the NIM master out of /.rhosts",
    where=Role.CLIENT,
    risk="whatever else root on the master does here by rsh (backups, copies) stops working",
    source="isg3T1024615, Quick Command Reference 2",
)
def remove_rhosts(
    case: FixContext,
    rhosts: Optional[OnClient[Rhosts]],
    info: Optional[OnClient[NimInfo]],
    identity: Optional[OnClient[NimIdentity]],
    objects: Optional[OnMaster[NimObjects]],
) -> Iterator[PlanItem]:
    """Drops the lines of /.rhosts that name this master; every other line stays as it is."""
    if rhosts is None or info is None or not rhosts.rows:
        return
    left = rhosts.naming(info.master_names())
    own = identity.object_in(objects)[0] if identity else None
    connect = (own.connect if own else None) or (info.get("NIM_SHELL") or "").lower()
    if not left:
        return
    if not connect.startswith("nimsh"):
        known = "pushes go by rsh, which needs these lines: switch to nimsh first"
        yield Advice(known if connect else "whether pushes go by nimsh is not known", where=Role.CLIENT)
        return
    lines = [(row.at.line, line_as_it_is(rhosts.raw, row.at)) for row in left]
    changes = [Change(number, old, None) for number, old in lines if number is not None and old is not None]
    if rhosts.partial or len(changes) < len(left):
        yield Advice(f"only part of {PATH} was collected", f"vi {PATH}", Role.CLIENT)
        return
    edit = make_edit(PATH, rhosts.raw, changes)
    yield Step(
        where=Role.CLIENT,
        phase=Phase.TIDY,
        title=f"drop {len(changes)} line{'' if len(changes) == 1 else 's'} of {PATH}",
        do=edit,
        why="pushes go by nimsh, so root's trust in the master by rsh is no longer needed",
        effect="root on the master can no longer log in by rsh without a password",
        before=(
            *at_rest(case, Role.CLIENT),
            unchanged(Role.CLIENT, edit),
            *_still_nimsh(info),
            *(case.rests_on_master if own else ()),
        ),
        verify=(written(Role.CLIENT, edit),),
        undo="the file's former bytes go back",
        impact="rsh and rcp from the master to this client stop working for root",
        risk="medium: something else may use rsh",
    )


def _still_nimsh(info: NimInfo) -> "tuple[NimInfoSays, ...]":
    shell = info.get("NIM_SHELL")
    return (NimInfoSays(Role.CLIENT, "NIM_SHELL", shell),) if shell and shell.lower().startswith("nimsh") else ()
