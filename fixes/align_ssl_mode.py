"""Brings client and master to the same setting: with SSL."""

from typing import Iterator, Optional

from nimdoctor.facts import NimIdentity, NimObjects, NimshMode
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.planning.client_crypto import crypto_off, crypto_on
from nimdoctor.planning.fix import Advice, FixContext, PlanItem, fix


@fix(
    "align-ssl-mode",
    title="Bring master and client to the same setting, with SSL",
    where=Role.CLIENT,
    risk="between nimclient -C and the end of nimclient -c the client takes no secured push",
    source="isg3T1024615; IBM docs, NIMSH authentication process",
    needs=("allow-tftp", "enable-tftp"),
    classic=True,
    fetches=True,
)
def align_ssl_mode(
    case: FixContext,
    mode: Optional[OnClient[NimshMode]],
    identity: Optional[OnClient[NimIdentity]],
    objects: Optional[OnMaster[NimObjects]],
) -> Iterator[PlanItem]:
    """Towards secure: `nimclient -C; nimclient -c`, or only the latter where crypto is off already."""
    if not case.findings:
        own = identity.object_in(objects)[0] if identity else None
        if mode is None or own is None:
            yield Advice(
                "whether master and client agree is not known: it needs nimsh's arguments and the master's object of "
                "this client (--master TARGET)",
                where=Role.CLIENT,
            )
            return
        if (own.connect == SECURE) == mode.secure:
            return
    why = "nimsh refuses a push whose cryptographic setting is not its own"
    if mode is None or mode.secure:
        yield crypto_off(case, why)
    yield crypto_on(case, mode, why)
