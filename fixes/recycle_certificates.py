"""Makes new certificates on the master, then has the client fetch its own."""

from typing import Iterator, List, Optional, Tuple

from nimdoctor.facts import Certificates, NimIdentity, NimObjects, NimshMode, Paths, SslConfigs, SslSamples
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model import Confidence, OnClient, OnMaster, Role
from nimdoctor.planning.client_crypto import FOR_THE_OTHERS, at_rest, below_g2, crypto_off, crypto_on, fetch_proof
from nimdoctor.planning.conditions import (
    AuditingOff,
    CertificatesAre,
    CertificateServed,
    CertificatesRenewed,
    Condition,
    FileAbsent,
    Renamable,
    RoleIs,
    SecuredClientsAre,
    SslSupport,
    TftpAllowed,
    TftpServed,
    TreeComplete,
)
from nimdoctor.planning.conditions.certificates import TREE, block_checksums
from nimdoctor.planning.fix import Advice, Affects, Caution, FixContext, PlanItem, fix
from nimdoctor.planning.steps import NIMCONFIG_DEADLINE, RUN, Move, Phase, RunCommand, Step

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
    needs=("allow-tftp", "enable-tftp"),
    doubted_by_push=True,
    classic=True,
    fetches=True,
    apart=(
        (Role.MASTER, "nimdoctor fix --only recycle-certificates --apply --affects N"),
        (Role.CLIENT, "nimdoctor fix --master MASTER --only refresh-client-certificate --apply"),
    ),
)
def recycle_certificates(
    case: FixContext,
    objects: Optional[OnMaster[NimObjects]],
    certificates: Optional[OnMaster[Certificates]],
    paths: Optional[OnMaster[Paths]],
    configs: Optional[OnMaster[SslConfigs]],
    samples: Optional[OnMaster[SslSamples]],
    mode: Optional[OnClient[NimshMode]],
    identity: Optional[OnClient[NimIdentity]],
) -> Iterator[PlanItem]:
    """`nimconfig -C`, /ssl_nimsh renamed to a name that carries the run, `nimconfig -c`; then the client."""
    if not case.given(Role.MASTER) or objects is None:
        yield Advice("the master must be given: --master TARGET, or run it on the master", where=Role.MASTER)
        return
    # what is only inferred of the master's files is refuted by a push that works
    damaged = any(found.where is Role.MASTER and found.confidence is Confidence.CERTAIN for found in case.findings)
    if case.pushed_well and case.findings and not damaged and case.given(Role.CLIENT):
        yield from _client(
            case, mode, f"{case.pushed_well} is pushed well with SSL, so it is not the master's certificates", False
        )
        return
    own, unknown = identity.object_in(objects) if identity else (None, "")
    if unknown:
        yield Caution(f"{unknown}: if it is secured, it is counted among the other clients")
    besides = (own.name,) if own else ()
    others = tuple(sorted(found.name for found in objects.connected(SECURE) if found.name not in besides))
    if others:
        yield Affects(
            others, "they hold certificates of the old set until they have fetched one of the new", FOR_THE_OTHERS
        )
    if objects.cut:
        yield Caution("only a part of lsnim -l was given: there may be other clients that lose push")
    for text in _lost(configs, samples):
        yield Caution(text)
    for state, word in (("is prepared and may start any time", "has been enabled"), ("runs", "is being performed")):
        named = [found.name for found in objects.machines() if word in (found.get("Cstate") or "")]
        if named:
            yield Caution(f"an operation {state} on: {', '.join(named)}")
    yield from _leg(case, objects, certificates, paths, others, besides)
    if case.given(Role.CLIENT):
        yield from _client(case, mode, "the client must hold a certificate of the new set", True)


def _client(case: FixContext, mode: Optional[NimshMode], why: str, renewed: bool) -> Iterator[Step]:
    if mode is None or mode.secure:
        yield crypto_off(case, why)
    yield crypto_on(case, mode, why, renewed=renewed)


def _leg(
    case: FixContext,
    objects: NimObjects,
    certificates: Optional[Certificates],
    paths: Optional[Paths],
    others: Tuple[str, ...],
    besides: Tuple[str, ...],
) -> Iterator[Step]:
    known = tuple(sorted(certificates.identities())) if certificates else ()
    guards = (*below_g2(), RoleIs(Role.MASTER, "master"), *at_rest(case, Role.MASTER))
    unchanged = (
        CertificatesAre(Role.MASTER, known, block_checksums(certificates)),
        SecuredClientsAre(Role.MASTER, others, besides),
    )
    there = not (paths and paths.absent(TREE))
    rename: Tuple[Condition, ...] = (
        (Renamable(Role.MASTER, TREE, OLD), FileAbsent(Role.MASTER, HALF))
        if there
        else (FileAbsent(Role.MASTER, TREE),)
    )
    # the certificate that the plan's last step fetches is made by the leg, so only what hinders a fetch is asked before
    can_fetch: Tuple[Condition, ...] = (
        tuple(one for one in fetch_proof(case) if not isinstance(one, (CertificateServed, SslSupport)))
        if case.given(Role.CLIENT)
        else (TftpServed(Role.MASTER), TftpAllowed(Role.MASTER), AuditingOff(Role.MASTER))
    )
    why = "the master's certificates likely no longer serve; IBM's cure is to make new ones"
    first = (*guards, *unchanged, *rename, *can_fetch)
    if objects.ssl_support() is not False:
        yield Step(
            where=Role.MASTER,
            phase=Phase.MASTER_SSL,
            title="switch SSL off on the master",
            do=RunCommand(("nimconfig", "-C"), NIMCONFIG_DEADLINE),
            why=why,
            effect="lsnim -l master no longer shows ssl_support; no secured push works until nimconfig -c is done",
            before=first,
            verify=(SslSupport(Role.MASTER, False),),
            no_undo=_NO_WAY_BACK,
            impact="secured pushes stop for every client of this master",
            risk="high: from here to nimconfig -c no secured push works",
            leg=LEG,
        )
        first = ()
    if there:
        yield Step(
            where=Role.MASTER,
            phase=Phase.MASTER_SSL,
            title="rename the old certificates' tree",
            do=Move(TREE, OLD),
            why="nimconfig -c is known to make new keys only where no tree is; a new name, since mv would move into an old one",
            effect=f"{TREE} is now {OLD}; nothing in it is changed or copied",
            before=first or rename,
            verify=(FileAbsent(Role.MASTER, TREE),),
            no_undo=_NO_WAY_BACK,
            impact="none beyond the step before",
            risk="low",
            leg=LEG,
        )
        first = ()
    yield Step(
        where=Role.MASTER,
        phase=Phase.MASTER_SSL,
        title="make new certificates on the master",
        do=RunCommand(("nimconfig", "-c"), NIMCONFIG_DEADLINE, half_made=HALF),
        why=why,
        effect=f"a new {TREE} with new keys and certificates, and ssl_support = yes",
        before=first,
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
