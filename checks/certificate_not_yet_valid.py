"""Certificates whose time has not come by this host's clock."""

from typing import Iterator

from nimdoctor.facts import CertificateValidity
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)
from nimdoctor.model.wording import as_utc


@check(
    "certificate-not-yet-valid",
    title="A certificate for NIMSH over SSL is not valid yet",
    role=Role.BOTH,
    severity=Severity.HIGH,
    source="isg3T1024615, Certificates and Keys on the NIM Master; that nimsh refuses it is inferred",
    cause=Inferred("this host's clock is likely behind, or the master's was ahead when it made the certificate"),
    cure=Inferred(
        "compare `date -u` of both ends; the wrong clock set by ntp should end it. Not done here, since a clock that is "
        "stepped breaks running work. Where the certificate was made under a wrong clock: make new ones"
    ),
    explains=("handshake-fails", "create-bio-hang", "ssl-object-error"),
    breaks=(Traffic.PUSH,),
)
def certificate_not_yet_valid(subject: Subject, validity: CertificateValidity) -> Iterator[Verdict]:
    """A handshake that checks the dates fails until the certificate's time begins by this host's clock."""
    if not validity.used:
        yield NotApplicable("there is no certificate below /ssl_nimsh/certs")
        return
    if validity.unused:
        yield Passed(f"{validity.why_unused}, so its certificates are not used", [validity.unused])
        return
    future = validity.future()
    if not future:
        last = max(validity.used, key=lambda one: one.x509.not_before)
        yield Passed(f"all are valid since {as_utc(last.x509.not_before)}", validity.quotes((last,)))
        return
    worst = max(future, key=lambda one: one.x509.not_before)
    yield Finding(
        f"{worst.words} is valid from {as_utc(worst.x509.not_before)} on, and it is {as_utc(validity.time.utc)}"
        f"{validity.time.words}",
        evidence=validity.quotes(future),
        objects=validity.paths(future),
        confidence=Confidence.LIKELY if validity.sure else Confidence.POSSIBLE,
        missing=validity.time.missing,
        impact=f"a handshake with {subject.name} that checks the dates fails, and with it every secured push",
        run="date -u",
    )
