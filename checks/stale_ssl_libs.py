"""Copies of the SSL libraries that `nimclient -c` extracted must match the installed OpenSSL."""

from typing import Iterator

from nimdoctor.facts import ExtractedLibraries
from nimdoctor.model import Confidence, Finding, Missing, Passed, Role, Severity, Subject, Unknown, Verdict, check
from nimdoctor.wording import count

_LISTING = "/usr/lib/libssl.so*"


@check(
    "stale-ssl-libs",
    title="Stale copies of the SSL libraries in /usr/lib",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    fix="refresh-ssl-libs",
    source="isg3T1024615, Known Issues 2; APAR IV58877",
    cause="openssl.base was updated after `nimclient -c` had extracted the copies that nimsh loads",
    impact="pushes fail with 'Error connecting to SSL object'",
    classic=True,
    timeline=True,
    explains=("ssl-object-error",),
)
def stale_ssl_libs(subject: Subject, libraries: ExtractedLibraries) -> Iterator[Verdict]:
    """Pushes fail while nimsh loads library copies older than the installed OpenSSL.

    Copies are no fault by themselves: a healthy client has them, of their archive member's size.
    """
    copies = libraries.copies
    if not copies:
        if not libraries.listed:
            raise Missing(_LISTING)
        yield Passed("no extracted copy of libssl or libcrypto is in /usr/lib", [libraries.whole()])
        return
    stale = [copy for copy in copies if copy.verdict == "stale"]
    if stale:
        certain = any(copy.certain for copy in stale)
        paths = [copy.path for copy in stale]
        reasons = "; ".join(f"{copy.path}: {', '.join(copy.reasons)}" for copy in stale)
        yield Finding(
            f"{count(len(stale), 'copy').replace('copys', 'copies')} not of the installed OpenSSL: {reasons}",
            evidence=[quote for copy in stale for quote in copy.evidence],
            objects=paths,
            confidence=Confidence.CERTAIN if certain else Confidence.POSSIBLE,
            cure=f"remove {' and '.join(paths)}, then nimclient -c, once its certificate can be fetched",
        )
        return
    undecided = [copy for copy in copies if copy.verdict != "fresh"]
    if undecided:
        reasons = "; ".join(f"{copy.path}: {', '.join(copy.reasons)}" for copy in undecided)
        yield Unknown(
            f"nothing tells whether the copies are fresh: {reasons}",
            ["ar -X32_64 -tv /usr/lib/libssl.a", "ar -X32_64 -tv /usr/lib/libcrypto.a"],
            [quote for copy in undecided for quote in copy.evidence],
        )
        return
    yield Passed(
        "the extracted copies fit the installed OpenSSL: "
        + "; ".join(f"{copy.path}: {', '.join(copy.reasons)}" for copy in copies),
        [quote for copy in copies for quote in copy.evidence],
    )
