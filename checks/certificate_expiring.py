"""Certificates that run out soon."""

from typing import Iterator, Optional

from nimdoctor.facts import CertificateValidity
from nimdoctor.facts.certificate_validity import DAY
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)
from nimdoctor.model.wording import REFRESH, as_utc, count

SOON, EARLY = 30, 90
"""Days before the end at which it is medium, and low."""


@check(
    "certificate-expiring",
    title="A certificate for NIMSH over SSL runs out soon",
    role=Role.BOTH,
    severity=Severity.MEDIUM,
    source="isg3T1024615, Certificates and Keys on the NIM Master; the days are nimdoctor's own",
    cause=Inferred("nimconfig -c likely made it for a limited time"),
    cure=Inferred(
        "new certificates should hold longer; choose a day for them: nimdoctor fix --only recycle-certificates on the "
        "master shows the plan. Not planned by itself, since every secured client loses its push until it has followed"
    ),
    breaks=(Traffic.PUSH,),
)
def certificate_expiring(
    subject: Subject, validity: CertificateValidity, masters: Optional[OnMaster[CertificateValidity]]
) -> Iterator[Verdict]:
    """New certificates must be made, and fetched by every client, before the old ones run out."""
    if not validity.used:
        yield NotApplicable("there is no certificate below /ssl_nimsh/certs")
        return
    if validity.unused:
        yield Passed(f"{validity.why_unused}, so its certificates are not used", [validity.unused])
        return
    expiring = validity.expiring(EARLY)
    if not expiring:
        holding = [one for one in validity.used if one.x509.not_after > validity.time.utc]
        if not holding:
            yield NotApplicable("none holds any more: see certificate-expired")
            return
        first = min(holding, key=lambda one: one.x509.not_after)
        yield Passed(f"the first to run out holds until {as_utc(first.x509.not_after)}", validity.quotes((first,)))
        return
    first = expiring[0]
    days = (first.x509.not_after - validity.time.utc) // DAY
    renewed = subject.where is Role.CLIENT and masters is not None and masters.holds(EARLY)
    yield Finding(
        f"{first.words} runs out at {as_utc(first.x509.not_after)}, in {count(days, 'day')}{validity.time.words}",
        evidence=validity.quotes(expiring),
        objects=validity.paths(expiring),
        severity=Severity.MEDIUM if days < SOON else Severity.LOW,
        confidence=Confidence.LIKELY if validity.sure else Confidence.POSSIBLE,
        missing=validity.time.missing,
        impact="after that day a handshake that checks the dates fails, and with it every secured push",
        fix="refresh-client-certificate" if renewed else None,
        cure=Inferred(f"a new fetch should do: {REFRESH}; the master's certificates hold longer") if renewed else None,
    )
