"""Client and master whose certificates have nothing in common."""

from typing import Dict, FrozenSet, Iterator, Optional, Sequence

from nimdoctor.facts import CertificateDetails, CertificateState, NimGeneration, NimshMode, TlsAttempt
from nimdoctor.facts.certificate_details import CertificateDetail
from nimdoctor.facts.hardening import Hardening
from nimdoctor.facts.nimsh_session import SessionEnd
from nimdoctor.model import (
    Confidence,
    File,
    Finding,
    Inferred,
    NotApplicable,
    OnMaster,
    Passed,
    Quote,
    Role,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_PUSH

_CERTS = "/ssl_nimsh/certs/*"


@check(
    "certificate-mismatch",
    title="The client's certificate is not of its master's set",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    fix="refresh-client-certificate",
    confidence=Confidence.LIKELY,
    source="isg3T1024615, Known Issues 1; the comparison is inferred",
    cause=Inferred(
        "the master's certificates were likely made anew, and this client has not fetched one of the new set"
    ),
    cure=Inferred("a new fetch likely suffices: nimclient -C; nimclient -c on the client; the master stays as it is"),
    explains=("handshake-fails", "create-bio-hang", "ssl-object-error"),
    rules_out=NO_PUSH,
    breaks=(Traffic.PUSH,),
)
def certificate_mismatch(
    subject: Subject,
    own: CertificateDetails,
    masters: OnMaster[CertificateDetails],
    mode: Optional[NimshMode],
    attempt: Optional[TlsAttempt],
    masters_state: Optional[OnMaster[CertificateState]],
    generation: Optional[NimGeneration],
    masters_generation: Optional[OnMaster[NimGeneration]],
) -> Iterator[Verdict]:
    """A handshake needs one certificate, or one issuer's key, that both ends know."""
    if not own.certificates:
        yield NotApplicable("there is no certificate on the client to compare")
        return
    if mode and not mode.secure:
        yield Passed("nimsh runs without crypto, so its certificate is not used", [mode.at])
        return
    if not masters.certificates:
        yield Unknown(
            f"the master shows no certificate below {_CERTS[:-2]}", [_CERTS], settled_by=File(_CERTS, Role.MASTER)
        )
        return
    used, masters_used = own.in_use(), masters.in_use()
    same = _held_by_both(used, masters_used)
    if same:
        yield Passed(f"both ends hold {same.words}", [same.quote()])
        return
    own_keys = _keys(own)
    theirs = frozenset().union(*_keys(masters).values())
    issued = next((found for found in used if own_keys[found] & theirs), None)
    if issued:
        yield Passed(f"{issued.words} has an issuer that the master's certificates have too", [issued.quote()])
        return
    quotes = [found.quote() for found in (*used, *masters_used)]
    good = _handshake_since(attempt, masters_state)
    if good:
        yield Passed(
            "both ends share no certificate and no issuer's key, yet a handshake after both were written went on past "
            "'create BIO': it needs nothing of what was compared",
            [good, *quotes],
        )
        return
    hardening = Hardening.of(generation, masters_generation, "what must fit")
    if hardening:
        yield Unknown(
            f"both ends share no certificate and no issuer's key; {hardening.why}",
            hardening.missing,
            quotes,
            settled_by=hardening.settled_by,
        )
        return
    unread = own.uncollected + masters.uncollected + tuple(found.path for found in own.unread + masters.unread)
    if unread:
        yield Unknown(
            f"those that could be read share nothing; not read: {', '.join(dict.fromkeys(unread))}", unread, quotes
        )
        return
    old = _held_by_both(own.certificates, masters.certificates)
    if old:
        yield Unknown(
            f"the newest certificates of the two ends have nothing in common; {old.words}, which both hold, is older at "
            "one of them, and which one nimsh takes is not known",
            [],
            [old.quote(), *quotes],
        )
        return
    yield Finding(
        "client and master share no certificate and no issuer's key",
        evidence=quotes,
        objects=list(dict.fromkeys(found.path for found in used)),
        impact=f"a handshake with {subject.name} likely cannot end well: secured pushes hang or fail",
    )


def _handshake_since(attempt: Optional[TlsAttempt], masters: Optional[CertificateState]) -> Optional[Quote]:
    """The end of a handshake that went on after the certificates of both ends were written."""
    session = attempt.session if attempt else None
    if attempt is None or session is None or session.end is not SessionEnd.WENT_ON or attempt.rival:
        return None
    if attempt.changes or attempt.utc is None or masters is None or masters.newest is None:
        return None
    return session.last if attempt.utc > masters.newest[1] else None


def _held_by_both(
    own: Sequence[CertificateDetail], masters: Sequence[CertificateDetail]
) -> Optional[CertificateDetail]:
    theirs = {one.x509.fingerprint for one in masters if one.x509.fingerprint}
    return next((one for one in own if one.x509.fingerprint in theirs), None)


def _keys(details: CertificateDetails) -> Dict[CertificateDetail, FrozenSet[str]]:
    """By certificate in use the keys it rests on: its issuer's where that is there or named, its own where it may issue others."""
    signers = details.issuer_keys()
    found = {}
    for one in details.in_use():
        own = (one.x509.key_identity, one.x509.key_id) if one.x509.is_ca else ()
        found[one] = frozenset(key for key in (signers.get(one), one.x509.issuer_key_id, *own) if key)
    return found
