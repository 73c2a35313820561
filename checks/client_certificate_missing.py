"""A client that is to use crypto and has no certificate."""

from typing import Iterator, Optional

from nimdoctor.facts import CertificateDetails, NimGeneration, NimIdentity, NimObjects, NimshMode, Paths
from nimdoctor.facts.certificates import CERTS
from nimdoctor.facts.hardening import Hardening
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_PUSH


@check(
    "client-certificate-missing",
    title="The client has no certificate",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    fix="refresh-client-certificate",
    confidence=Confidence.LIKELY,
    source="isg3T1024615, Configuring OpenSSL on the NIM Client; that nimsh then fails is inferred",
    cause=Inferred("nimclient -c was likely broken off before its certificate came, or somebody removed it"),
    cure=Inferred("nimclient -C; nimclient -c should bring it, once the certificate can be fetched by tftp"),
    explains=("handshake-fails", "create-bio-hang", "ssl-object-error"),
    rules_out=NO_PUSH,
    breaks=(Traffic.PUSH,),
)
def client_certificate_missing(
    subject: Subject,
    mode: Optional[NimshMode],
    details: Optional[CertificateDetails],
    paths: Optional[Paths],
    identity: Optional[NimIdentity],
    objects: Optional[OnMaster[NimObjects]],
    generation: Optional[NimGeneration],
    masters_generation: Optional[OnMaster[NimGeneration]],
) -> Iterator[Verdict]:
    """nimsh with crypto on needs the certificate that `nimclient -c` fetches from the master."""
    if details and details.certificates:
        one = details.in_use()[0]
        yield Passed(f"{one.words} is there", [one.quote()])
        return
    own = identity.object_in(objects)[0] if identity and objects else None
    connect = own is not None and own.connect == SECURE
    secure = mode.secure if mode else None
    if not secure and not connect:
        if secure is None and own is None:
            raise Missing("ps -eo pid,ppid,etime,args", CERTS, message="how nimsh runs is not known")
        why = "nimsh runs without crypto" if secure is False else "connect is not `nimsh (secure)`"
        yield NotApplicable(f"{why}, so no certificate is needed")
        return
    if details is None or details.uncollected or details.unread:
        raise Missing(f"{CERTS}/*")
    quotes = [mode.at] if mode and secure else []
    quotes += [own.quote("connect")] if own and connect else []
    quotes += [paths.quote(CERTS)] if paths else [details.whole()]
    hardening = Hardening.of(generation, masters_generation)
    if hardening:
        yield Unknown(
            f"{CERTS} holds no certificate, but {hardening.why}",
            hardening.missing,
            quotes,
            settled_by=hardening.settled_by,
        )
        return
    shown = "nimsh runs with crypto on (-c)" if secure else "connect is `nimsh (secure)`"
    yield Finding(
        f"{shown}, and no certificate is below {CERTS}",
        evidence=quotes,
        objects=[CERTS],
        impact=f"likely no secured push to {subject.name} can end its handshake",
    )
