"""The steps that most cures end with: crypto off and on at the client, and the proof that its fetch will work."""

import posixpath
from typing import List, Optional, Tuple

from nimdoctor.facts import NimshMode
from nimdoctor.facts.services import NIMSH_PORTS
from nimdoctor.model import Role
from nimdoctor.model.ruling import LIBRARIES
from nimdoctor.planning.conditions import (
    AuditingOff,
    CanExtract,
    CertificateNew,
    CertificateServed,
    ClientIdle,
    Condition,
    CryptoIs,
    FetchUnproved,
    FileAbsent,
    FilesetsInstalled,
    LibraryCopyIs,
    MasterIdle,
    MemberKept,
    NotHardened,
    NotInWpar,
    NotOwned,
    NotSecureMaster,
    PortFor,
    SharesCertificate,
    SslSupport,
    SubsystemIs,
    TftpAllowed,
    TftpAnswers,
    TftpServed,
)
from nimdoctor.planning.fix import FixContext
from nimdoctor.planning.steps import NIMCLIENT_DEADLINE, Phase, Remove, RunCommand, Step, Undo

CRYPTO_OFF, CRYPTO_ON = ("nimclient", "-C"), ("nimclient", "-c")
FOR_THE_OTHERS = (CRYPTO_OFF, CRYPTO_ON)
"""What every other secured client must run after the master was recycled."""
HAS_OPENSSL = FilesetsInstalled(Role.CLIENT, ("openssl.base",))
"""Without it nimclient -c has nothing to extract."""
NIMSH_CAN_START = PortFor(Role.CLIENT, NIMSH_PORTS["nimsh"], "nimsh")
"""What stops and starts nimsh would leave it down where another program has its port."""


def below_g2() -> Tuple[Condition, ...]:
    """Both ends, as far as they were given, are below generation G2."""
    return (NotHardened(Role.CLIENT), NotHardened(Role.MASTER))


def at_rest(case: FixContext, where: Role) -> Tuple[Condition, ...]:
    """Nobody is at work on the plan's client: seen on the end itself and, for the client, on a master that can be asked."""
    master = MasterIdle(Role.MASTER, case.machines, case.accepted)
    if where is Role.MASTER:
        return (master,)
    own = ClientIdle(Role.CLIENT, case.accepts_hung)
    return (own, master) if Role.MASTER in case.ends and Role.MASTER not in case.recorded else (own,)


def classic_guards(case: FixContext) -> Tuple[Condition, ...]:
    """Both ends are below generation G2 and the client is at rest."""
    return (*below_g2(), *at_rest(case, Role.CLIENT))


def fetch_proof(case: FixContext) -> Tuple[Condition, ...]:
    """What shows that the client can fetch a certificate, and extract its libraries; the planner defers what the plan
    itself brings about. What a probe has just been told counts more than what somebody recorded.
    """
    probed = (TftpAnswers(Role.CLIENT, *case.tftp_address),) if case.tftp_address else ()
    known: Tuple[Condition, ...] = ()
    if case.given(Role.MASTER) and not (probed and Role.MASTER in case.recorded):
        known = (
            TftpServed(Role.MASTER),
            TftpAllowed(Role.MASTER),
            AuditingOff(Role.MASTER),
            CertificateServed(Role.MASTER),
            SslSupport(Role.MASTER, True),
            *case.rests_on_master,
        )
    return (
        CanExtract(Role.CLIENT, case.extractor_cured_at),
        *((*known, *probed) or (FetchUnproved(Role.CLIENT),)),
    )


def remove_copy(case: FixContext, path: str, size: int, why: str, *, after_install: bool = False) -> Step:
    """Removal of one extracted copy that nobody owns and that can be extracted again.

    `after_install` says that a step before it replaces the archive, so that its members are asked for only then.
    """
    name = posixpath.basename(path)
    members = (MemberKept(Role.CLIENT, name.split(".")[0] + ".a", name),)
    before: Tuple[Condition, ...] = (
        *classic_guards(case),
        NotInWpar(Role.CLIENT),
        NotSecureMaster(Role.CLIENT),
        LibraryCopyIs(Role.CLIENT, path, size),
        NotOwned(Role.CLIENT, path),
        HAS_OPENSSL,
        *(() if after_install else members),
        *fetch_proof(case),
    )
    return Step(
        where=Role.CLIENT,
        phase=Phase.LIBRARIES,
        title=f"remove {path}",
        do=Remove(path),
        why=why,
        effect=f"{path} is gone until nimclient -c extracts it anew; a process that has it mapped keeps its own",
        before=before,
        then=members if after_install else (),
        verify=(FileAbsent(Role.CLIENT, path),),
        undo="the copy goes back: bytes, mode, owner and time",
        impact="a nimsh started before nimclient -c is done would not find the library",
        risk="low: a backup is kept",
    )


def crypto_off(case: FixContext, why: str) -> Step:
    """`nimclient -C`, only where the fetch that must follow it is proved."""
    return Step(
        where=Role.CLIENT,
        phase=Phase.CRYPTO_OFF,
        title="switch crypto off at the client",
        do=RunCommand(CRYPTO_OFF, NIMCLIENT_DEADLINE, repair=(Undo(start="nimsh"),)),
        why=why,
        effect="nimsh runs without -c; no secured push works until the next step is done",
        before=(*classic_guards(case), NotSecureMaster(Role.CLIENT), NIMSH_CAN_START, HAS_OPENSSL, *fetch_proof(case)),
        verify=(CryptoIs(Role.CLIENT, False),),
        no_undo="its inverse is nimclient -c, which needs the fetch from the master",
        impact="nimsh is stopped and started; secured pushes to this client are refused meanwhile",
        risk="medium: without the next step the client has no secured push",
    )


def crypto_on(case: FixContext, mode: Optional[NimshMode], why: str, *, renewed: bool = False) -> Step:
    """`nimclient -c`; it can be undone only where crypto was off before and no certificate is written over.

    `renewed` says that the master's certificates are made anew before it.
    """
    was_off = mode is not None and not mode.secure
    undoable = was_off and not (renewed or case.fetch_replaces)
    verify: List[Condition] = [
        CertificateNew(Role.CLIENT),
        CryptoIs(Role.CLIENT, True),
        SubsystemIs(Role.CLIENT, "nimsh", True),
    ]
    if case.given(Role.MASTER) and case.comparable:
        verify.append(SharesCertificate(Role.CLIENT))
    fetched = ("/ssl_nimsh/certs/*", *LIBRARIES)
    undo = (Undo(argv=CRYPTO_OFF), Undo(new=fetched), Undo(start="nimsh")) if undoable else ()
    return Step(
        where=Role.CLIENT,
        phase=Phase.CRYPTO_ON,
        title="fetch the certificate and switch crypto on at the client",
        do=RunCommand(CRYPTO_ON, NIMCLIENT_DEADLINE, undo, (Undo(new=fetched), Undo(start="nimsh"))),
        why=why,
        effect="the client holds a new certificate of its master and nimsh runs with -c",
        before=(*classic_guards(case), NotSecureMaster(Role.CLIENT), NIMSH_CAN_START, HAS_OPENSSL, *fetch_proof(case)),
        verify=tuple(verify),
        undo="nimclient -C, and the files that it brought are removed" if undoable else "",
        no_undo="" if undoable else "the certificate it replaces is not kept, since it may hold a private key",
        impact="nimsh is stopped and started; pushes to this client fail for some seconds",
        risk="medium: a fetch that fails leaves the client without a secured push",
    )
