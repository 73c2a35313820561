"""The clocks of master and client must agree: certificates hold from one moment to another."""

from typing import Iterator, List, Optional, Sequence, Tuple

from nimdoctor.facts import CertificateValidity
from nimdoctor.facts.certificate_details import CertificateDetail
from nimdoctor.facts.clock_skew import ClockSkew
from nimdoctor.model import (
    BadEvidence,
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    Note,
    OnClient,
    Passed,
    Quote,
    Role,
    RuledOut,
    Severity,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.host_readers import ClockReader
from nimdoctor.model.wording import ago

DATE = "date -u +%Y-%m-%dT%H:%M:%SZ"
TELLING = 60
"""Seconds from which on a difference is told at all."""
WRONG = 300
"""Seconds from which on it is a fault: a client fetches its certificate within minutes after a recycle."""


@check(
    "clock-skew",
    title="The clocks of master and client differ",
    role=Role.MASTER,
    severity=Severity.MEDIUM,
    source="inferred: a handshake that checks dates takes each end's own clock; IBM man page of nimclient (-d)",
    cause=Inferred("one of the hosts likely does not follow ntp, or its clock was set by hand"),
    cure="compare both with your time server (ntpq -p; lssrc -s xntpd) to see which one is wrong, and let ntp bring it "
    "back slowly. Not done by itself: nimclient -d and date step a clock that running work and logs rest on",
    precedes=("recycle-certificates", "configure-ssl"),
    marks="C A",
)
def clock_skew(
    masters: ClockReader,
    clients: OnClient[ClockReader],
    own: Optional[CertificateValidity],
    theirs: Optional[OnClient[CertificateValidity]],
) -> Iterator[Verdict]:
    """A certificate may have run out, or not begun, by one end's clock while the other takes it for good.

    Told only where both hosts are asked now: the master's date is taken between two of the client's.
    """
    if masters.is_of(clients):
        yield NotApplicable("one host stands for both ends")
        return
    if not (masters.live and clients.live):
        yield NotApplicable(
            "the dates of two collections tell nothing of their clocks: both hosts must be asked in one live run"
        )
        return
    texts, problem = clients.around(masters)
    try:
        skew = ClockSkew.of(texts) if texts else None
    except BadEvidence as error:
        skew, problem = None, str(error)
    if skew is None:
        yield Unknown(f"the clocks could not be compared: {problem}", [DATE], severity=Severity.LOW)
        return
    apart = abs(skew.least)
    if apart < TELLING:
        yield Passed(f"the clocks agree to a minute, as far as {skew.within + 2} s of asking tell", skew.evidence)
        return
    before, inner, after = (quote.text.strip() for quote in skew.evidence)
    words = (
        f"the master's clock is at least {ago(apart)} {'ahead of' if skew.least > 0 else 'behind'} the client's: "
        f"{inner}, between the client's {before} and {after}"
    )
    at_odds, explained = _at_odds(((own, -skew.least), (theirs, skew.least)))
    in_use = any(one and one.used and not one.unused for one in (own, theirs))
    if not at_odds and apart < WRONG:
        yield Note(f"{words}: too little to matter yet", skew.evidence)
        return
    if at_odds:
        severity = Severity.HIGH
        impact = (
            f"by one end's clock {at_odds[0].words} holds, by the other's it does not: a handshake that checks the "
            "dates fails, and with it every secured push"
        )
    elif in_use:
        severity = Severity.MEDIUM
        impact = f"a certificate made by nimconfig -c may be refused for {ago(apart)}, and it runs out so much too early or late"
    else:
        severity = Severity.LOW
        impact = "no certificate is in use there; once one is, it may be refused. Times in logs of both ends do not fit"
    quotes: List[Quote] = [*skew.evidence, *(one.quote() for one in at_odds)]
    yield Finding(
        words,
        evidence=quotes,
        severity=severity,
        confidence=Confidence.LIKELY,
        impact=impact,
        run="ntpq -p",
        explains=explained,
        rules_out=(RuledOut(Role.MASTER, ("nimconfig",)),) if at_odds or in_use else (),
    )


def _at_odds(
    ends: Sequence[Tuple[Optional[CertificateValidity], int]],
) -> Tuple[List[CertificateDetail], Tuple[str, ...]]:
    """Certificates that hold by one end's clock and not by the other's, and the checks whose findings that explains.

    A check is explained where every certificate that it would name is one of these.
    """
    at_odds: List[CertificateDetail] = []
    explained: List[str] = []
    seen: List[str] = []
    for validity, seconds in ends:
        if validity is None or validity.unused:
            continue
        other = validity.later(seconds)
        for check_id, mine, by_the_other in (
            ("certificate-expired", validity.expired(), other.expired()),
            ("certificate-not-yet-valid", validity.future(), other.future()),
        ):
            at_odds += [one for one in validity.used if (one in mine) != (one in by_the_other) and one not in at_odds]
            if mine:
                seen.append(check_id)
                if not set(mine) & set(by_the_other):
                    explained.append(check_id)
    return at_odds, tuple(dict.fromkeys(one for one in explained if explained.count(one) == seen.count(one)))
