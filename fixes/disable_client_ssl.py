"""Switches crypto off at a client: only when somebody asks for it by name."""

from typing import Iterator, Optional

from nimdoctor.facts import NimshMode
from nimdoctor.model import OnClient, Role
from nimdoctor.planning.client_crypto import CRYPTO_OFF, NIMSH_CAN_START, classic_guards
from nimdoctor.planning.conditions import CryptoIs, NotSecureMaster, SubsystemIs
from nimdoctor.planning.fix import Caution, FixContext, PlanItem, fix
from nimdoctor.planning.steps import NIMCLIENT_DEADLINE, Phase, RunCommand, Step, Undo


@fix(
    "disable-client-ssl",
    title="Switch crypto off at the client",
    where=Role.CLIENT,
    risk="the authentication of pushes to this client is no longer encrypted",
    source="isg3T1024615",
    classic=True,
    named_only=True,
)
def disable_client_ssl(case: FixContext, mode: Optional[OnClient[NimshMode]]) -> Iterator[PlanItem]:
    """`nimclient -C`: pushes are authenticated in clear text from then on."""
    if mode is not None and not mode.secure:
        return
    push = f" (nim -o lslpp {case.client})" if case.client else ""
    yield Caution(f"until the next push{push} the master goes on showing connect = nimsh (secure): see ssl-one-sided")
    yield Step(
        where=Role.CLIENT,
        phase=Phase.CRYPTO_OFF,
        title="switch crypto off at the client",
        do=RunCommand(CRYPTO_OFF, NIMCLIENT_DEADLINE, repair=(Undo(start="nimsh"),)),
        why="asked for by --only disable-client-ssl",
        effect="nimsh runs without -c",
        before=(*classic_guards(case), NotSecureMaster(Role.CLIENT), NIMSH_CAN_START),
        verify=(CryptoIs(Role.CLIENT, False), SubsystemIs(Role.CLIENT, "nimsh", True)),
        no_undo="its inverse is nimclient -c, which needs the fetch from the master",
        impact="nimsh is stopped and started; pushes work without SSL afterwards",
        risk="medium: the authentication dialog is in clear text",
    )
