"""Makes new certificates on the master, then has the client fetch its own."""

from typing import Iterator, List, Optional

from nimdoctor.facts import Certificates, NimIdentity, NimObjects, NimshMode, Paths, SslConfigs, SslSamples
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.plan.client_crypto import FOR_THE_OTHERS, crypto_off, crypto_on, fetch_proof
from nimdoctor.plan.conditions import (
    AuditingOff,
    CertificatesAre,
    CertificateServed,
    CertificatesRenewed,
    Condition,
    FileAbsent,
    MasterIdle,
    NotHardened,
    Renamable,
    RoleIs,
    SecuredClientsAre,
    SslSupport,
    TftpAllowed,
    TreeComplete,
)
from nimdoctor.plan.conditions.certificates import TREE, block_checksums
from nimdoctor.plan.fix import Advice, Affects, Case, Caution, Said, fix
from nimdoctor.plan.steps import NIMCONFIG_DEADLINE, RUN, Move, Phase, Run, Step

OLD = f"/ssl_nimsh_old.{RUN}"
HALF = f"/ssl_nimsh_half.{RUN}"
LEG = "recycle"
_NO_WAY_BACK = "undoing it alone would leave the master with SSL off and no secured push anywhere"


@fix(
    "recycle-certificates",
    title="Make new certificates on the master",
    where=Role.MASTER,
    risk="every other secured client loses its push until it has fetched its certificate too; once begun the only way is forward",
    source="isg3T1024615, Known Issues 1",
    needs=("enable-tftp",),
    classic=True,
)
def recycle_certificates(
    case: Case,
    objects: Optional[OnMaster[NimObjects]],
    certificates: Optional[OnMaster[Certificates]],
    paths: Optional[OnMaster[Paths]],
    configs: Optional[OnMaster[SslConfigs]],
    samples: Optional[OnMaster[SslSamples]],
    mode: Optional[OnClient[NimshMode]],
    identity: Optional[OnClient[NimIdentity]],
) -> Iterator[Said]:
    """`nimconfig -C`, /ssl_nimsh renamed to a name that carries the run, `nimconfig -c`; then the client."""
    if not case.given(Role.MASTER) or objects is None:
        yield Advice("the master must be given: --master TARGET, or run it on the master", where=Role.MASTER)
        return
    own = identity.object_in(objects)[0] if identity else None
    besides = (own.name,) if own else ()
    others = tuple(sorted(found.name for found in objects.connected(SECURE) if found.name not in besides))
    if others:
        yield Affects(
            others, "they hold certificates of the old set until they have fetched one of the new", FOR_THE_OTHERS
        )
    for text in _lost(configs, samples):
        yield Caution(text)
    enabled = [found.name for found in objects.machines() if "has been enabled" in (found.get("Cstate") or "")]
    if enabled:
        yield Caution(f"an operation is prepared and may start any time on: {', '.join(enabled)}")
    yield from _leg(case, certificates, paths, others, besides)
    if case.given(Role.CLIENT):
        why = "the client must hold a certificate of the new set"
        if mode is None or mode.secure:
            yield crypto_off(case, why)
        yield crypto_on(case, mode, why)


def _leg(
    case: Case,
    certificates: Optional[Certificates],
    paths: Optional[Paths],
    others: "tuple[str, ...]",
    besides: "tuple[str, ...]",
) -> Iterator[Step]:
    known = tuple(sorted(certificates.identities())) if certificates else ()
    guards: tuple[Condition, ...] = (
        NotHardened(Role.CLIENT),
        NotHardened(Role.MASTER),
        RoleIs(Role.MASTER, "master"),
        MasterIdle(Role.MASTER, besides, case.options.accept_hung if case.accepts_hung else ""),
    )
    unchanged = (
        CertificatesAre(Role.MASTER, known, block_checksums(certificates)),
        SecuredClientsAre(Role.MASTER, others, besides),
    )
    there = not (paths and paths.absent(TREE))
    rename: tuple[Condition, ...] = (
        (Renamable(Role.MASTER, TREE, OLD), FileAbsent(Role.MASTER, HALF))
        if there
        else (FileAbsent(Role.MASTER, TREE),)
    )
    # the certificate that the plan's last step fetches is made by the leg, so only what hinders a fetch is asked before
    can_fetch: tuple[Condition, ...] = (
        tuple(one for one in fetch_proof(case) if not isinstance(one, (CertificateServed, SslSupport)))
        if case.given(Role.CLIENT)
        else (TftpAllowed(Role.MASTER), AuditingOff(Role.MASTER))
    )
    why = "the master's certificates no longer serve; IBM's cure is to make new ones"
    yield Step(
        where=Role.MASTER,
        phase=Phase.MASTER_SSL,
        title="switch SSL off on the master",
        do=Run(("nimconfig", "-C"), NIMCONFIG_DEADLINE),
        why=why,
        effect="lsnim -l master no longer shows ssl_support; no secured push works until nimconfig -c is done",
        before=(*guards, *unchanged, *rename, *can_fetch),
        verify=(SslSupport(Role.MASTER, False),),
        no_undo=_NO_WAY_BACK,
        impact="secured pushes stop for every client of this master",
        risk="high: from here to nimconfig -c no secured push works",
        leg=LEG,
    )
    if there:
        yield Step(
            where=Role.MASTER,
            phase=Phase.MASTER_SSL,
            title="rename the old certificates' tree",
            do=Move(TREE, OLD),
            why="nimconfig -c is known to make new keys only where no tree is; a new name, since mv would move into an old one",
            effect=f"{TREE} is now {OLD}; nothing in it is changed or copied",
            before=rename,
            verify=(FileAbsent(Role.MASTER, TREE),),
            no_undo=_NO_WAY_BACK,
            impact="none beyond the step before",
            risk="low",
            leg=LEG,
        )
    yield Step(
        where=Role.MASTER,
        phase=Phase.MASTER_SSL,
        title="make new certificates on the master",
        do=Run(("nimconfig", "-c"), NIMCONFIG_DEADLINE, half_made=HALF),
        why=why,
        effect=f"a new {TREE} with new keys and certificates, and ssl_support = yes",
        then=(FileAbsent(Role.MASTER, TREE),),
        verify=(
            SslSupport(Role.MASTER, True),
            TreeComplete(Role.MASTER),
            CertificatesRenewed(Role.MASTER, known, block_checksums(certificates)),
            CertificateServed(Role.MASTER),
        ),
        no_undo=_NO_WAY_BACK,
        impact="every secured client must fetch a certificate of the new set",
        risk="high: other secured clients have no push until they have followed" if others else "medium",
        leg=LEG,
    )


def _lost(configs: Optional[SslConfigs], samples: Optional[SslSamples]) -> List[str]:
    """What a changed SSL_*.cnf would lose, as diffs from the samples."""
    if configs is None or samples is None:
        return []
    return [
        f"a recycle makes {change.path} anew from /usr/samples/nim/ssl; these changes would be lost:\n"
        + "\n".join(change.diff)
        for change in configs.changed_from(samples)
    ]
