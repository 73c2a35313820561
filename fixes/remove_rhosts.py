"""Takes the NIM master out of /.rhosts."""

from typing import Iterator, Optional

from nimdoctor.facts import NimIdentity, NimInfo, NimObjects, Rhosts
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.plan.conditions import NimInfoSays
from nimdoctor.plan.fix import Advice, Case, Said, fix
from nimdoctor.plan.steps import Change, Phase, Step, make_edit, unchanged, written

PATH = "/.rhosts"


@fix(
    "remove-rhosts",
    title="Take the NIM master out of /.rhosts",
    where=Role.CLIENT,
    risk="whatever else root on the master does here by rsh (backups, copies) stops working",
    source="isg3T1024615, Quick Command Reference 2",
)
def remove_rhosts(
    case: Case,
    rhosts: Optional[OnClient[Rhosts]],
    info: Optional[OnClient[NimInfo]],
    identity: Optional[OnClient[NimIdentity]],
    objects: Optional[OnMaster[NimObjects]],
) -> Iterator[Said]:
    """Drops the lines of /.rhosts that name this master; every other line stays as it is."""
    if rhosts is None or info is None or not rhosts.raw:
        return
    left = rhosts.naming(info.master_names())
    own = identity.object_in(objects)[0] if identity else None
    connect = (own.connect if own else None) or (info.get("NIM_SHELL") or "").lower()
    if not left:
        return
    if not connect.startswith("nimsh"):
        yield Advice("pushes go by rsh, which needs these lines: switch to nimsh first", where=Role.CLIENT)
        return
    lines = rhosts.raw.decode("iso8859-1").split("\n")
    changes = []
    for row in left:
        if row.at.line is not None:
            old = lines[row.at.line - 1]
            changes.append(Change(row.at.line, old[:-1] if old.endswith("\r") else old, None))
    edit = make_edit(PATH, rhosts.raw, changes)
    yield Step(
        where=Role.CLIENT,
        phase=Phase.TIDY,
        title=f"drop {len(changes)} line{'' if len(changes) == 1 else 's'} of {PATH}",
        do=edit,
        why="pushes go by nimsh, so root's trust in the master by rsh is no longer needed",
        effect="root on the master can no longer log in by rsh without a password",
        before=(unchanged(Role.CLIENT, edit), *_still_nimsh(info)),
        verify=(written(Role.CLIENT, edit),),
        undo="the file's former bytes go back",
        impact="rsh and rcp from the master to this client stop working for root",
        risk="medium: something else may use rsh",
    )


def _still_nimsh(info: NimInfo) -> "tuple[NimInfoSays, ...]":
    shell = info.get("NIM_SHELL")
    return (NimInfoSays(Role.CLIENT, "NIM_SHELL", shell),) if shell and shell.lower().startswith("nimsh") else ()
