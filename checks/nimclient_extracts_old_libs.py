"""`nimclient -c` must extract the members that the installed OpenSSL has."""

from typing import Iterator, List, Optional, Sequence

from nimdoctor.facts import (
    CryptoSetup,
    Extractor,
    Filesets,
    LibraryArchives,
    NimIdentity,
    RecordedPush,
)
from nimdoctor.facts.ar import ArchiveMember
from nimdoctor.facts.level import Level
from nimdoctor.facts.loader import LoaderComplaint
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    OnMaster,
    Passed,
    Quote,
    Role,
    Severity,
    Traffic,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_WAY_BACK

_CLIENT, _BASE = "bos.sysmgt.nim.client", "openssl.base"
_ARCHIVE, _MEMBER = "libssl.a", "libssl.so.0.9.8"
_COPIES = (_MEMBER, "libcrypto.so.0.9.8")
_LISTING, _AR = "lslpp -lc", "ar -X32_64 -tv /usr/lib/libssl.a"
_FIRST_LINE = Level((1, 0))
_WITHOUT_MEMBER = Level((3, 0))
"""The first line of OpenSSL whose libssl.a has no 0.9.8 member (3.0.8.1000 by its README, the others inferred)."""

_RENEW = "then renew the copies as stale-ssl-libs says"


@check(
    "nimclient-extracts-old-libs",
    title="nimclient -c extracts libraries of OpenSSL 0.9.8",
    subject="levels",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    source="IBM isg1fixinfo181111; IBM READMEs of openssl.base for the members of libssl.a",
    cause="bos.sysmgt.nim.client is older than the OpenSSL of the host: it looks for the member libssl.so.0.9.8 only",
    impact="crypto likely cannot be enabled again once it is off, and pushes to a secured client may fail",
    cure="update bos.sysmgt.nim.client to the level named, then renew the copies as stale-ssl-libs says",
    explains=("stale-ssl-libs", "ssl-object-error"),
    rules_out=NO_WAY_BACK,
    breaks=(Traffic.PUSH,),
    messages=("0509-136", "0509-150", "0509-152"),
    marks="A A",
)
def nimclient_extracts_old_libs(
    filesets: Filesets,
    extractor: Optional[Extractor],
    archives: Optional[LibraryArchives],
    setup: Optional[CryptoSetup],
    push: Optional[OnMaster[RecordedPush]],
    identity: Optional[NimIdentity],
) -> Iterator[Verdict]:
    """An old nim.client takes libssl.so.0.9.8 out of libssl.a, and cannot where OpenSSL has it no more.

    While the member is there that is latent: a healthy client of the guide has both 0.9.8 copies.
    """
    for name in (_CLIENT, _BASE):
        if filesets.installed(name) is False:
            yield NotApplicable(f"{name} is not installed")
            return
    openssl = filesets.vrmf(_BASE)
    if extractor is None or openssl is None:
        raise Missing(_LISTING, message=f"the levels of {_CLIENT} and {_BASE} cannot be told from this listing")
    levels = [filesets.quote(_CLIENT), filesets.quote(_BASE)]
    if openssl.openssl() < _FIRST_LINE:
        yield Passed(f"{_BASE} is {openssl}, of which libssl.so.0.9.8 is the current member", levels)
        return
    levels += extractor.evidence
    if extractor.cured:
        yield Passed(extractor.says, levels)
        return
    finding = _behind(extractor, levels)
    refused = _refused(setup, push, identity)
    there = archives.members_named(_ARCHIVE, _MEMBER) if archives else ()
    if refused:
        yield finding._replace(
            message=f"{finding.message}, and the loader refuses what it extracted", evidence=[*levels, *refused]
        )
    elif not there and archives and archives.listed(_ARCHIVE):
        yield finding._replace(
            message=f"{finding.message}, and {_ARCHIVE} of {_BASE} {openssl} has no member {_MEMBER}",
            evidence=[*levels, archives.whole()],
            confidence=None,
        )
    elif not there and openssl.openssl() >= _WITHOUT_MEMBER:
        yield finding._replace(
            message=f"{finding.message}, and {_ARCHIVE} of {_BASE} {openssl} should have no member {_MEMBER}",
            confidence=Confidence.POSSIBLE,
            missing=[_AR],
        )
    else:
        yield _latent(finding, there, extractor.row is not None)


def _behind(extractor: Extractor, levels: Sequence[Quote]) -> Finding:
    """What is the matter with nim.client, and the update that cures it: certain where the tables know it."""
    if extractor.row:
        cause, cure = None, f"update {_CLIENT} to {extractor.row.text('level')} or later, {_RENEW}"
    else:
        cause = Inferred(f"{_CLIENT} is older than the OpenSSL of the host, and likely looks for {_MEMBER} only")
        cure = Inferred(f"move to a technology level that has the cure, {_CLIENT} with it, which should do; {_RENEW}")
    sure = Confidence.CERTAIN if extractor.row else Confidence.LIKELY
    return Finding(extractor.says, evidence=levels, confidence=sure, cause=cause, cure=cure)


def _refused(
    setup: Optional[CryptoSetup], push: Optional[RecordedPush], identity: Optional[NimIdentity]
) -> List[Quote]:
    """Lines by which the loader refuses a copy of 0.9.8, in an attempt here or in a push to this client."""
    names = [identity.nim_name, *identity.names] if identity else []
    pushes = [one for one in push.every() if one.may_be_to(names)] if push else []
    complaints = [*(setup.loader if setup else ()), *(complaint for one in pushes for complaint in one.loader)]
    return [line for complaint in complaints if _names_a_copy(complaint) for line in complaint.lines]


def _latent(finding: Finding, there: Sequence[ArchiveMember], known: bool) -> Finding:
    """The same while nothing shows that the member is gone: it breaks nothing yet."""
    still = f", which {_ARCHIVE} still has" if there else f"; whether {_ARCHIVE} still has it is not known"
    cure = finding.cure or ""
    return finding._replace(
        message=f"{finding.message}: nimclient -c extracts {_MEMBER}{still}",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN if known else Confidence.POSSIBLE,
        impact="none while libssl.a has that member: the client uses code of OpenSSL 0.9.8. An OpenSSL without it "
        "(3.0) likely leaves the client unable to enable crypto",
        cure=type(cure)(f"before the next update of OpenSSL: {cure}"),
        against=[member.at for member in there],
        missing=() if there else (_AR,),
        explains=(),
        rules_out=(),
    )


def _names_a_copy(complaint: LoaderComplaint) -> bool:
    """Whether the loader speaks of a copy of 0.9.8; of what a program lacks in it, 0509-136 speaks."""
    return any(name in complaint.words for name in _COPIES)
