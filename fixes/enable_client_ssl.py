"""Switches crypto on at a client whose master has SSL."""

from typing import Iterator, Optional

from nimdoctor.facts import NimshMode
from nimdoctor.model import OnClient, Role
from nimdoctor.planning.client_crypto import crypto_on
from nimdoctor.planning.fix import FixContext, PlanItem, fix


@fix(
    "enable-client-ssl",
    title="Switch crypto on at the client",
    where=Role.CLIENT,
    risk="a fetch that fails is undone: nimsh runs as before",
    source="isg3T1024615, Configuring OpenSSL on the NIM Client",
    needs=("allow-tftp", "enable-tftp"),
    classic=True,
    fetches=True,
)
def enable_client_ssl(case: FixContext, mode: Optional[OnClient[NimshMode]]) -> Iterator[PlanItem]:
    """`nimclient -c`, which fetches the certificate and starts nimsh with -c."""
    if mode is not None and mode.secure and not case.findings:
        return
    yield crypto_on(case, mode, "the master offers SSL and this client does not use it")
