"""Certificates that have run out."""

from typing import Iterator, Optional

from nimdoctor.facts import CertificateValidity
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    Note,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)
from nimdoctor.model.wording import REFRESH, ago, as_utc


@check(
    "certificate-expired",
    title="A certificate for NIMSH over SSL has run out",
    subject="certificates",
    role=Role.BOTH,
    severity=Severity.HIGH,
    fix="recycle-certificates",
    source="isg3T1024615, Certificates and Keys on the NIM Master; that nimsh refuses it is inferred",
    cause=Inferred("it was made for a limited time, and likely nobody has made new ones since"),
    impact="a handshake that checks the dates fails, and with it every secured push",
    cure=Inferred(
        "new certificates should end it: recycle the master's, then on each secured client nimclient -C; nimclient -c"
    ),
    explains=("handshake-fails", "create-bio-hang", "ssl-object-error"),
    breaks=(Traffic.PUSH,),
)
def certificate_expired(
    subject: Subject, validity: CertificateValidity, masters: Optional[OnMaster[CertificateValidity]]
) -> Iterator[Verdict]:
    """Once a certificate has run out a handshake that checks its dates fails.

    Of several files on one end the newest count, with the issuers they rest on; an old one beside them is left over.
    """
    if not validity.used:
        yield NotApplicable("there is no certificate below /ssl_nimsh/certs")
        return
    if validity.unused:
        yield Passed(f"{validity.why_unused}, so its certificates are not used", [validity.unused])
        return
    expired = validity.expired()
    if not expired:
        old = tuple(one for one in validity.left_over if one.x509.not_after < validity.time.utc)
        if old:
            names = ", ".join(validity.paths(old))
            yield Note(f"left over and run out, but not the newest: {names}", validity.quotes(old))
            return
        first = min(validity.used, key=lambda one: one.x509.not_after)
        yield Passed(f"the first to run out holds until {as_utc(first.x509.not_after)}", validity.quotes((first,)))
        return
    worst = min(expired, key=lambda one: one.x509.not_after)
    on_client = subject.where is Role.CLIENT
    good = masters is not None and masters.holds()
    when = f"{as_utc(worst.x509.not_after)}, {ago(validity.time.utc - worst.x509.not_after)} ago"
    yield Finding(
        f"{worst.words} ran out at {when}{validity.time.words}",
        evidence=validity.quotes(expired),
        objects=validity.paths(expired),
        confidence=Confidence.LIKELY if validity.sure else Confidence.POSSIBLE,
        missing=validity.time.missing,
        fix="refresh-client-certificate" if on_client and (good or masters is None) else "recycle-certificates",
        cure=_clients_cure(good, masters is not None) if on_client else None,
        impact=f"a handshake with {subject.name} that checks the dates fails, and with it every secured push"
        if on_client
        else "a handshake that checks the dates fails, and with it every secured push of this master",
    )


def _clients_cure(good: bool, known: bool) -> Optional[str]:
    fetch = f"a new fetch should end it: {REFRESH}"
    if good:
        return Inferred(f"{fetch}; the master's certificates hold, so the master stays as it is")
    return None if known else Inferred(f"{fetch}. Whether the master's have run out too is not known: give --master")
