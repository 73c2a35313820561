"""Certificates whose keys or signatures today's OpenSSL calls weak."""

from typing import Iterator, List, Tuple

from nimdoctor.facts import CertificateDetails
from nimdoctor.facts.certificate_details import CertificateDetail
from nimdoctor.model import Confidence, Finding, Inferred, NotApplicable, Passed, Role, Severity, Verdict, check

SMALLEST_RSA = 2048
OLD_DIGESTS = ("md2", "md4", "md5", "sha1")


@check(
    "certificate-weak",
    title="A certificate for NIMSH over SSL is weak",
    role=Role.BOTH,
    severity=Severity.LOW,
    confidence=Confidence.LIKELY,
    source="OpenSSL's security levels; isg3T1024615, Certificates and Keys on the NIM Master",
    cause=Inferred("the samples in /usr/samples/nim/ssl likely ask for it, as every old default set is so"),
    impact="nimsh accepts it, as far as is known; a newer OpenSSL may refuse it one day, and a scanner will report it",
    cure=Inferred(
        "on the master set default_bits = 2048 or more and default_md = sha256 in /usr/samples/nim/ssl/SSL_*.cnf, then "
        "recycle the certificates on a day of your choice, which should end it. Not done here: without the edit the "
        "weakness comes back, and every secured client loses its push until it has followed"
    ),
)
def certificate_weak(details: CertificateDetails) -> Iterator[Verdict]:
    """MD5 and SHA-1 signatures and RSA keys below 2048 bits fall short of today's defaults.

    The hash of a self-signed root's own signature does not count: nobody relies on it.
    """
    used = details.in_use()
    if not used:
        yield NotApplicable("there is no certificate below /ssl_nimsh/certs")
        return
    weak: List[Tuple[CertificateDetail, str]] = [(one, why) for one in used for why in [_weakness(one)] if why]
    if not weak:
        yield Passed("keys and signatures are of today's size", [one.quote() for one in used])
        return
    yield Finding(
        "; ".join(f"{one.words}: {why}" for one, why in weak),
        evidence=[one.quote() for one, _ in weak],
        objects=list(dict.fromkeys(one.path for one, _ in weak)),
    )


def _weakness(one: CertificateDetail) -> str:
    found = []
    if one.x509.key_type == "RSA" and one.x509.key_bits is not None and one.x509.key_bits < SMALLEST_RSA:
        found.append(f"RSA key of {one.x509.key_bits} bits")
    if one.x509.digest in OLD_DIGESTS and not one.x509.self_signed:
        found.append(f"signed with {one.x509.digest.upper()}")
    return " and ".join(found)
