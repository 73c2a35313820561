"""Adds the rows of NIM's ports that /etc/services lacks."""

from typing import Dict, Iterator, List, Optional

from nimdoctor.facts import Filesets, NimInfo, Services
from nimdoctor.facts.lslpp import CLIENT_FILESET
from nimdoctor.facts.services import ports_of_nim
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.model.wording import count
from nimdoctor.planning.client_crypto import at_rest
from nimdoctor.planning.conditions import Condition, RoleIs
from nimdoctor.planning.fix import Advice, FixContext, PlanItem, fix
from nimdoctor.planning.steps import Change, Phase, Step, last_line, make_edit, unchanged, written

PATH = "/etc/services"
_WORDS = {
    "nimsh": "NIM Service Handler",
    "nimaux": "NIM Service Handler, stderr",
    "nim": "NIM master, nimesis",
    "nimreg": "NIM master, registration",
}


@fix(
    "add-services",
    title="Add the rows of NIM's ports to /etc/services",
    where=Role.BOTH,
    risk="a port that a program uses without a row of its own gets NIM's name in listings; no row that is there changes",
    source="IBM isg3T1011808 (ports)",
)
def add_services(
    case: FixContext,
    client: Optional[OnClient[Services]],
    master: Optional[OnMaster[Services]],
    client_info: Optional[OnClient[NimInfo]],
    master_info: Optional[OnMaster[NimInfo]],
    client_filesets: Optional[OnClient[Filesets]],
    master_filesets: Optional[OnMaster[Filesets]],
) -> Iterator[PlanItem]:
    """Adds `nimsh 3901/tcp` and its like at the end of /etc/services where no row has the name yet."""
    ends = (
        (Role.MASTER, master, master_info, master_filesets),
        (Role.CLIENT, client, client_info, client_filesets),
    )
    for where, services, info, filesets in ends:
        if where is Role.CLIENT and client is master:
            # one host that is both ends has one file
            continue
        if case.given(where) and services and not (filesets and filesets.installed(CLIENT_FILESET) is False):
            yield from _rows(case, where, services, info)


def _rows(case: FixContext, where: Role, services: Services, info: Optional[NimInfo]) -> Iterator[PlanItem]:
    lacking = [(name, port) for name, port in ports_of_nim(info) if not services.named(name)]
    if lacking and (services.partial or not services.raw):
        yield Advice(f"only part of {PATH} was read", f"vi {PATH}", where)
        return
    added: Dict[str, str] = {}
    for name, port in lacking:
        others = services.others_on(port, name)
        if others:
            yield Advice(
                f"{port}/tcp is {others[0].name} in {PATH}: find out first who needs the port; moving nimsh is not supported",
                f"grep -w {port}/tcp {PATH}",
                where,
                (name,),
            )
        else:
            # with a remark behind it, since the C library may pass over a last row that ends in neither # nor newline
            added[name] = f"{name:<16} {f'{port}/tcp':<16} # {_WORDS[name]}"
    if not added:
        return
    end = last_line(services.raw)
    edit = make_edit(PATH, services.raw, [Change(end, None, row) for row in added.values()])
    before: List[Condition] = [*at_rest(case, where), unchanged(where, edit)]
    before += [RoleIs(where, "master")] if where is Role.MASTER else []
    yield Step(
        where=where,
        phase=Phase.SERVICES,
        title=f"add {count(len(added), 'row')} to {PATH}",
        do=edit,
        why="nimsh and the master ask for their ports by name",
        effect=f"{', '.join(added)} can be looked up by name",
        before=tuple(before),
        verify=(written(where, edit),),
        undo="the file's former bytes go back",
        impact="none: a nimsh that runs keeps its socket, and is not restarted",
        risk="low",
    )
