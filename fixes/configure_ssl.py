"""Switches SSL on at the master."""

from typing import Iterator, Optional

from nimdoctor.facts import Filesets, NimObjects, Paths
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model import OnMaster, Role
from nimdoctor.plan.conditions import (
    CertificateServed,
    FilesetsInstalled,
    MasterIdle,
    NotHardened,
    RoleIs,
    SslSupport,
    TreeComplete,
)
from nimdoctor.plan.fix import Advice, Case, Caution, Said, fix
from nimdoctor.plan.steps import NIMCONFIG_DEADLINE, RUN, Phase, Run, Step

TREE = "/ssl_nimsh"
HALF = f"/ssl_nimsh_half.{RUN}"


@fix(
    "configure-ssl",
    title="Switch SSL on at the master",
    where=Role.MASTER,
    risk="clients whose certificates are of an older set must fetch theirs anew",
    source="isg3T1024615, Configuring OpenSSL on the NIM Master",
    classic=True,
)
def configure_ssl(
    case: Case,
    objects: Optional[OnMaster[NimObjects]],
    paths: Optional[OnMaster[Paths]],
    filesets: Optional[OnMaster[Filesets]],
) -> Iterator[Said]:
    """`nimconfig -c`: keys, certificates and ssl_support = yes."""
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
    if paths is not None and paths.absent(TREE) is False:
        yield Caution(
            f"{TREE} exists already; whether nimconfig -c keeps its keys is not known. If it makes new ones, these "
            f"clients must run nimclient -C; nimclient -c: {', '.join(secured) or 'none'}"
        )
    elif secured:
        yield Caution(f"new certificates are made: nimclient -C; nimclient -c is due on {', '.join(secured)}")
    yield Step(
        where=Role.MASTER,
        phase=Phase.MASTER_SSL,
        title="switch SSL on at the master",
        do=Run(("nimconfig", "-c"), NIMCONFIG_DEADLINE, half_made=HALF if paths and paths.absent(TREE) else ""),
        why="secured clients refuse a master without SSL",
        effect=f"{TREE} holds keys and certificates, and lsnim -l master shows ssl_support = yes",
        before=(
            NotHardened(Role.CLIENT),
            NotHardened(Role.MASTER),
            RoleIs(Role.MASTER, "master"),
            MasterIdle(Role.MASTER, (), case.options.accept_hung if case.accepts_hung else ""),
            SslSupport(Role.MASTER, False),
            FilesetsInstalled(Role.MASTER, ("openssl.base",)),
        ),
        verify=(SslSupport(Role.MASTER, True), TreeComplete(Role.MASTER), CertificateServed(Role.MASTER)),
        no_undo="the keys it makes are not copied or removed; by hand: nimconfig -C",
        impact="none for clients without SSL",
        risk="low",
    )
