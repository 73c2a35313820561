"""Makes a client fetch its certificate anew; the master stays as it is."""

from typing import Iterator, Optional

from nimdoctor.facts import NimshMode
from nimdoctor.model import OnClient, Role
from nimdoctor.planning.client_crypto import crypto_off, crypto_on
from nimdoctor.planning.fix import FixContext, PlanItem, fix


@fix(
    "refresh-client-certificate",
    title="Fetch the client's certificate anew",
    where=Role.CLIENT,
    risk="between nimclient -C and the end of nimclient -c the client takes no secured push; if the fetch fails it stays so",
    source="isg3T1024615, Known Issues 1",
    needs=("allow-tftp", "enable-tftp"),
    classic=True,
    fetches=True,
)
def refresh_client_certificate(case: FixContext, mode: Optional[OnClient[NimshMode]]) -> Iterator[PlanItem]:
    """`nimclient -C; nimclient -c`: the smallest cure of a handshake that no longer fits."""
    why = "the client's certificate must be one of its master's"
    if mode is None or mode.secure:
        yield crypto_off(case, why)
    yield crypto_on(case, mode, why)
