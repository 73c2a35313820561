"""Moves a client from rsh to nimsh."""

import re
from typing import Callable, Iterator, List, Optional, Tuple

from nimdoctor.facts import Hosts, Interfaces, NimIdentity, NimInfo, NimObjects, NimshMode, VirtualIoServer
from nimdoctor.facts.nim_identity import on_vios
from nimdoctor.facts.niminfo import PORTS
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.model.wording import REMOTE_MANAGEMENT
from nimdoctor.planning.client_crypto import NIMSH_CAN_START, classic_guards, crypto_on
from nimdoctor.planning.conditions import (
    FileAbsent,
    NimInfoSays,
    NotSecureMaster,
    ObjectIsHosts,
    Renamable,
    SubsystemIs,
)
from nimdoctor.planning.fix import Advice, Caution, FixContext, PlanItem, fix, is_nim_name
from nimdoctor.planning.steps import NIMCLIENT_DEADLINE, RUN, Move, Phase, RunCommand, Step, Undo

NIMINFO = "/etc/niminfo"
OLD = f"/etc/niminfo.old.{RUN}"
MOST_ATTRIBUTES = 5
"""What niminit takes by IBM's page."""
_PORT = re.compile(r"[0-9]{1,5}\Z")
_NO_INTERFACE = "the interface of this host's NIM name is not known (netstat -in, /etc/hosts)"
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
    fetches=True,
)
def switch_to_nimsh(
    case: FixContext,
    info: Optional[OnClient[NimInfo]],
    identity: Optional[OnClient[NimIdentity]],
    objects: Optional[OnMaster[NimObjects]],
    hosts: Optional[OnClient[Hosts]],
    interfaces: Optional[OnClient[Interfaces]],
    mode: Optional[OnClient[NimshMode]],
    ios: Optional[OnClient[VirtualIoServer]] = None,
) -> Iterator[PlanItem]:
    """Keeps /etc/niminfo under another name, then `niminit -a connect=nimsh` with the old name, master and ports."""
    own = identity.object_in(objects)[0] if identity else None
    vios = on_vios(ios, own)
    if info is None and not vios:
        yield Advice(
            "/etc/niminfo was not read, and niminit needs its values: if it was moved away by hand, move it back and "
            "plan again; else configure the client anew",
            "smitty niminit",
            Role.CLIENT,
        )
        return
    if info and (info.get("NIM_SHELL") or "").lower() != "shell" and not (own and own.connect == "shell"):
        return
    if vios or info is None:
        yield Advice(
            "this client is a VIOS, which niminit is not for: as padmin, and then as root nimclient -c where the master has "
            "SSL on",
            REMOTE_MANAGEMENT,
            Role.CLIENT,
        )
        return
    words, lacking = _arguments(info, hosts, interfaces)
    if lacking:
        yield Advice(f"/etc/niminfo has no {', '.join(lacking)} that niminit could take", "smitty niminit", Role.CLIENT)
        return
    name = info.get("NIM_NAME") or ""
    hostnames = tuple(dict.fromkeys((info.get("NIM_HOSTNAME") or name, *(identity.names if identity else ()))))
    if not any(word.startswith("pif_name=") for word in words):
        why = "two ports of its own leave no room for it" if _interface(info, hosts, interfaces) else _NO_INTERFACE
        yield Caution(
            f"niminit gets no pif_name: {why}. IBM's page says it needs one, IBM's own code gives none; if it fails, the old "
            "/etc/niminfo returns"
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
        why="niminit likely refuses a host that is configured already; IBM's guide moves the file away first",
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
        do=RunCommand(tuple(words), NIMCLIENT_DEADLINE, repair=(Undo(new=(NIMINFO,)),)),
        why="pushes go by rsh, which is not encrypted, and which host names alone authenticate",
        effect="a new /etc/niminfo with NIM_SHELL=nimsh, nimsh is started, and the master's object says connect = nimsh",
        before=(*guards, NIMSH_CAN_START),
        then=(FileAbsent(Role.CLIENT, NIMINFO),),
        verify=(
            NimInfoSays(Role.CLIENT, "NIM_SHELL", "nimsh"),
            NimInfoSays(Role.CLIENT, "NIM_NAME", name),
            SubsystemIs(Role.CLIENT, "nimsh", True),
        ),
        no_undo="it changes the object on the master too; by hand: niminit with the same values and connect=shell",
        impact="pushes go by nimsh from now on",
        risk="medium: variables of the old file may be lost, which shows only afterwards",
    )
    if objects is not None and objects.ssl_support():
        yield crypto_on(case, mode, "the master has SSL on, so the client is secured at once")


def _arguments(info: NimInfo, hosts: Optional[Hosts], interfaces: Optional[Interfaces]) -> Tuple[List[str], List[str]]:
    """niminit with the old file's values, and the variables that are missing or could be read as something else.

    Of more than five attributes a port that is the default goes first, then the interface: without a port that is
    not the default niminit cannot reach the master, while IBM's own code (xCAT, Ansible) runs it without pif_name.
    """
    wanted: List[Tuple[str, str, Callable[[str], object]]] = [
        ("name", "NIM_NAME", is_nim_name),
        ("master", "NIM_MASTER_HOSTNAME", _HOST.match),
        ("master_port", "NIM_MASTER_PORT", _PORT.match),
        ("registration_port", "NIM_REGISTRATION_PORT", _PORT.match),
    ]
    given, usual, lacking = [], [], []
    for attribute, variable, fits in wanted:
        value = info.get(variable) or ""
        if not fits(value):
            lacking.append(variable)
        given.append(f"{attribute}={value}")
        usual += given[-1:] if value == str(PORTS.get(variable)) else []
    interface = _interface(info, hosts, interfaces)
    given += [f"pif_name={interface}"] if interface else []
    given.append("connect=nimsh")
    for one in (*reversed(usual), f"pif_name={interface}"):
        if len(given) > MOST_ATTRIBUTES and one in given:
            given.remove(one)
    return ["niminit", *(word for one in given for word in ("-a", one))], lacking


def _interface(info: NimInfo, hosts: Optional[Hosts], interfaces: Optional[Interfaces]) -> Optional[str]:
    """The interface of the host's NIM name; None where the evidence does not have it."""
    if interfaces is None or hosts is None:
        return None
    addresses = hosts.addresses(info.get("NIM_HOSTNAME") or "")
    return next(filter(None, map(interfaces.of_address, addresses)), None)
