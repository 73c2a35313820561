"""Switches SSL on at the master."""

from typing import Iterator, List, Optional

from nimdoctor.facts import Filesets, NimObjects, NimshMode, Paths
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.planning.client_crypto import at_rest, below_g2, crypto_off, crypto_on
from nimdoctor.planning.conditions import CertificateServed, FilesetsInstalled, RoleIs, SslSupport, TreeComplete
from nimdoctor.planning.conditions.certificates import PARTS, TREE
from nimdoctor.planning.fix import Advice, Caution, FixContext, PlanItem, fix
from nimdoctor.planning.steps import NIMCONFIG_DEADLINE, RUN, Phase, RunCommand, Step

HALF = f"/ssl_nimsh_half.{RUN}"


@fix(
    "configure-ssl",
    title="Switch SSL on at the master",
    where=Role.MASTER,
    risk="clients whose certificates are of an older set must fetch theirs anew",
    source="isg3T1024615, Configuring OpenSSL on the NIM Master",
    needs=("allow-tftp", "enable-tftp"),
    classic=True,
)
def configure_ssl(
    case: FixContext,
    objects: Optional[OnMaster[NimObjects]],
    paths: Optional[OnMaster[Paths]],
    filesets: Optional[OnMaster[Filesets]],
    mode: Optional[OnClient[NimshMode]],
) -> Iterator[PlanItem]:
    """`nimconfig -c`: keys, certificates and ssl_support = yes; a client whose certificate is then of an older set follows."""
    if not case.given(Role.MASTER) or objects is None or objects.ssl_support() is not False:
        return
    if filesets is not None and filesets.installed("openssl.base") is False:
        yield Advice(
            "openssl.base is missing on the master: install it first, from an lpp_source at its level",
            "installp -acgXY -d LPP_SOURCE_DIRECTORY openssl.base openssl.license openssl.man.en_US",
            Role.MASTER,
        )
        return
    secured = [found.name for found in objects.connected(SECURE)]
    others = [name for name in secured if name != case.client]
    anew = paths is not None and paths.absent(TREE) is True
    damaged = _incomplete(paths) if paths is not None and not anew else []
    if damaged:
        yield Advice(
            f"{TREE} is there, and {', '.join(damaged)} in it is missing or empty: make the certificates anew",
            "nimdoctor fix --only recycle-certificates",
            Role.MASTER,
        )
        return
    if not anew:
        yield Caution(
            f"{TREE} exists already; whether nimconfig -c keeps its keys is not known. If it makes new ones, these "
            f"clients must run nimclient -C; nimclient -c: {', '.join(secured) or 'none'}"
        )
    elif others:
        yield Caution(f"new certificates are made: nimclient -C; nimclient -c is due on {', '.join(others)}")
    yield Step(
        where=Role.MASTER,
        phase=Phase.MASTER_SSL,
        title="switch SSL on at the master",
        do=RunCommand(("nimconfig", "-c"), NIMCONFIG_DEADLINE, half_made=HALF if anew else ""),
        why="secured clients refuse a master without SSL",
        effect=f"{TREE} holds keys and certificates, and lsnim -l master shows ssl_support = yes",
        before=(
            *below_g2(),
            RoleIs(Role.MASTER, "master"),
            *at_rest(case, Role.MASTER),
            SslSupport(Role.MASTER, False),
            FilesetsInstalled(Role.MASTER, ("openssl.base",)),
        ),
        verify=(SslSupport(Role.MASTER, True), TreeComplete(Role.MASTER), CertificateServed(Role.MASTER)),
        no_undo="the keys it makes are not copied or removed; by hand: nimconfig -C",
        impact="none for clients without SSL",
        risk="low",
    )
    if anew and mode is not None and mode.secure and case.given(Role.CLIENT):
        why = "the client must hold a certificate of the new set"
        yield crypto_off(case, why)
        yield crypto_on(case, mode, why, renewed=True)


def _incomplete(paths: Paths) -> List[str]:
    """Parts of the tree that are known to be missing or empty."""
    parts = [f"{TREE}/{part}" for part in PARTS]
    return [part for part in parts if paths.absent(part) or (paths.listed(f"{part}/*") and not paths.below(part))]
