"""Moves a client from rsh to nimsh."""

import re
from typing import Callable, Iterator, List, Optional, Tuple

from nimdoctor.facts import Hosts, Interfaces, NimIdentity, NimInfo, NimObjects, NimshMode
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.plan.client_crypto import NIMSH_CAN_START, classic_guards, crypto_on
from nimdoctor.plan.conditions import (
    FileAbsent,
    NimInfoSays,
    NotSecureMaster,
    ObjectIsHosts,
    Renamable,
    SubsystemIs,
)
from nimdoctor.plan.fix import Advice, Case, Caution, Said, fix, is_nim_name
from nimdoctor.plan.steps import NIMCLIENT_DEADLINE, RUN, Move, Phase, Run, Step, Undo

NIMINFO = "/etc/niminfo"
OLD = f"/etc/niminfo.old.{RUN}"
_PORT = re.compile(r"[0-9]{1,5}\Z")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*\Z")
_WRITTEN = (
    "NIM_NAME", "NIM_HOSTNAME", "NIM_CONFIGURATION", "NIM_MASTER_HOSTNAME", "NIM_MASTER_PORT", "NIM_REGISTRATION_PORT",
    "NIM_SHELL", "NIM_MASTERID", "NIM_HOSTS", "NIM_BOS_FORMAT", "NIM_BOS_IMAGE", "ROUTES",
)  # fmt: skip
"""Variables that NIM itself writes; any other one is a site's and may be lost."""


@fix(
    "switch-to-nimsh",
    title="Have pushes go by nimsh instead of rsh",
    where=Role.CLIENT,
    risk="niminit writes /etc/niminfo anew: a site's own variables in it are lost, and it may create a machine object",
    source="isg3T1024615, Quick Command Reference 2; IBM docs, niminit",
    needs=("allow-tftp", "enable-tftp"),
    classic=True,
)
def switch_to_nimsh(
    case: Case,
    info: Optional[OnClient[NimInfo]],
    identity: Optional[OnClient[NimIdentity]],
    objects: Optional[OnMaster[NimObjects]],
    hosts: Optional[OnClient[Hosts]],
    interfaces: Optional[OnClient[Interfaces]],
    mode: Optional[OnClient[NimshMode]],
) -> Iterator[Said]:
    """Keeps /etc/niminfo under another name, then `niminit -a connect=nimsh` with the old name, master and ports."""
    if info is None:
        yield Advice(
            "/etc/niminfo was not read, and niminit needs its values: if it was moved away by hand, move it back and "
            "plan again; else configure the client anew",
            "smitty niminit",
            Role.CLIENT,
        )
        return
    own = identity.object_in(objects)[0] if identity else None
    if (info.get("NIM_SHELL") or "").lower() != "shell" and not (own and own.connect == "shell"):
        return
    words, lacking = _arguments(info, hosts, interfaces)
    if lacking:
        yield Advice(f"/etc/niminfo has no {', '.join(lacking)} that niminit could take", "smitty niminit", Role.CLIENT)
        return
    name = info.get("NIM_NAME") or ""
    hostnames = tuple(dict.fromkeys((info.get("NIM_HOSTNAME") or name, *(identity.names if identity else ()))))
    if not any(word.startswith("pif_name=") for word in words):
        yield Caution(
            "the interface of this host's NIM name is not known (netstat -in, /etc/hosts), so niminit gets no pif_name; "
            "IBM's page says it needs one. If it fails, the old /etc/niminfo returns"
        )
    lost = [variable for variable in info.values if variable not in _WRITTEN]
    if lost:
        yield Caution(
            f"niminit writes {NIMINFO} anew; what is not NIM's own in it may be lost:\n--- {NIMINFO}\n"
            f"+++ {NIMINFO} as niminit writes it\n" + "\n".join(f"-{info.quote(name).text}" for name in lost)
        )
    guards = (
        *classic_guards(case),
        NotSecureMaster(Role.CLIENT),
        ObjectIsHosts(Role.CLIENT, name, hostnames),
        *case.rests_on_master,
    )
    yield Step(
        where=Role.CLIENT,
        phase=Phase.IDENTITY,
        title=f"keep {NIMINFO} under another name",
        do=Move(NIMINFO, OLD),
        why="niminit refuses a host that is configured already",
        effect=f"{NIMINFO} is now {OLD}",
        before=(*guards, NimInfoSays(Role.CLIENT, "NIM_NAME", name), Renamable(Role.CLIENT, NIMINFO, OLD)),
        verify=(FileAbsent(Role.CLIENT, NIMINFO),),
        undo="the file is renamed back",
        impact="the host is no NIM client until the next step is done",
        risk="low",
    )
    yield Step(
        where=Role.CLIENT,
        phase=Phase.IDENTITY,
        title="configure the client for nimsh",
        do=Run(tuple(words), NIMCLIENT_DEADLINE, repair=(Undo(new=(NIMINFO,)),)),
        why="pushes go by rsh, which is neither encrypted nor authenticated",
        effect="a new /etc/niminfo with NIM_SHELL=nimsh, nimsh is started, and the master's object says connect = nimsh",
        before=(*guards, NIMSH_CAN_START),
        then=(FileAbsent(Role.CLIENT, NIMINFO),),
        verify=(
            NimInfoSays(Role.CLIENT, "NIM_SHELL", "nimsh"),
            NimInfoSays(Role.CLIENT, "NIM_NAME", name),
            SubsystemIs(Role.CLIENT, "nimsh", True),
        ),
        no_undo="it changes the object on the master too; by hand: niminit -a connect=shell",
        impact="pushes go by nimsh from now on",
        risk="medium: variables of the old file may be lost, which shows only afterwards",
    )
    if objects is not None and objects.ssl_support():
        yield crypto_on(case, mode, "the master has SSL on, so the client is secured at once")


def _arguments(info: NimInfo, hosts: Optional[Hosts], interfaces: Optional[Interfaces]) -> Tuple[List[str], List[str]]:
    """niminit with the old file's values, and the variables that are missing or could be read as something else."""
    wanted: List[Tuple[str, str, Callable[[str], object]]] = [
        ("name", "NIM_NAME", is_nim_name),
        ("master", "NIM_MASTER_HOSTNAME", _HOST.match),
        ("master_port", "NIM_MASTER_PORT", _PORT.match),
        ("registration_port", "NIM_REGISTRATION_PORT", _PORT.match),
    ]
    words, lacking = ["niminit"], []
    for attribute, variable, fits in wanted:
        value = info.get(variable) or ""
        if not fits(value):
            lacking.append(variable)
        words += ["-a", f"{attribute}={value}"]
    host = info.get("NIM_HOSTNAME") or ""
    interface = None
    if interfaces and hosts:
        interface = next(filter(None, map(interfaces.of_address, hosts.addresses(host))), None)
    if interface:
        words += ["-a", f"pif_name={interface}"]
    return [*words, "-a", "connect=nimsh"], lacking
