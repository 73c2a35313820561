"""Copies of the SSL libraries that `nimclient -c` extracted must match the installed OpenSSL."""

import posixpath
from typing import Iterator, Optional

from nimdoctor.facts import ExtractedLibraries, TlsAttempt, Wpar
from nimdoctor.facts.libraries import LibraryCopy
from nimdoctor.facts.nimsh_session import SessionEnd
from nimdoctor.facts.tls_attempt import HISTORY
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    Passed,
    Quote,
    Role,
    RuledOut,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.wording import count

_LISTING = "/usr/lib/libssl.so*"
_ARCHIVES = ("ar -X32_64 -tv /usr/lib/libssl.a", "ar -X32_64 -tv /usr/lib/libcrypto.a")
_LAST_WENT_WELL = (
    "the newest secured push went on with these copies; pushes may fail with 'Error connecting to SSL object' once nimsh "
    "is started anew"
)


@check(
    "stale-ssl-libs",
    title="Stale copies of the SSL libraries in /usr/lib",
    subject="libraries",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    fix="refresh-ssl-libs",
    source="isg3T1024615, Known Issues 2; APAR IV58877",
    cause=Inferred("openssl.base was likely updated after `nimclient -c` had extracted the copies that nimsh loads"),
    impact="secured pushes likely fail with 'Error connecting to SSL object'",
    timeline=True,
    explains=("ssl-object-error",),
    breaks=(Traffic.PUSH,),
    messages=(
        "0509-022",
        "0509-026",
        "0509-036",
        "0509-136",
        "0509-150",
        "0509-152",
        "0707-109",
        "0707-126",
        "0653-341",
    ),
    log_lines=("error connecting to ssl object",),
    marks="C A",
)
def stale_ssl_libs(
    subject: Subject, libraries: ExtractedLibraries, attempt: Optional[TlsAttempt], wpar: Optional[Wpar]
) -> Iterator[Verdict]:
    """Secured pushes may fail while nimsh loads library copies older than the installed OpenSSL.

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
        well = _went_well(attempt)
        paths = [copy.path for copy in stale]
        reasons = "; ".join(f"{copy.path}: {', '.join(copy.reasons)}" for copy in stale)
        yield Finding(
            f"{count(len(stale), 'copy').replace('copys', 'copies')} not of the installed OpenSSL: {reasons}",
            evidence=[quote for copy in stale for quote in copy.evidence],
            objects=paths,
            confidence=Confidence.CERTAIN if certain else Confidence.POSSIBLE,
            impact=_LAST_WENT_WELL if well else None,
            against=[well] if well else (),
            missing=() if certain else (*_ARCHIVES, HISTORY),
            cure=f"remove {' and '.join(paths)}, then nimclient -c, once its certificate can be fetched",
            rules_out=[_stays(copy, wpar) for copy in stale if copy.gone or (wpar and wpar.inside)],
        )
        return
    if not libraries.listed:
        raise Missing(_LISTING, message="the listing of /usr/lib need not show every copy")
    undecided = [copy for copy in copies if copy.verdict != "fresh"]
    if undecided:
        reasons = "; ".join(f"{copy.path}: {', '.join(copy.reasons)}" for copy in undecided)
        yield Unknown(
            f"nothing tells whether the copies are fresh: {reasons}",
            _ARCHIVES,
            [quote for copy in undecided for quote in copy.evidence],
        )
        return
    yield Passed(
        "the extracted copies fit the installed OpenSSL: "
        + "; ".join(f"{copy.path}: {', '.join(copy.reasons)}" for copy in copies),
        [quote for copy in copies for quote in copy.evidence],
    )


def _went_well(attempt: Optional[TlsAttempt]) -> Optional[Quote]:
    """The line of the newest secured push, where it went on and nothing is known to have changed since."""
    session = attempt.session if attempt and not (attempt.changes or attempt.cut) else None
    return session.last if session and session.end is SessionEnd.WENT_ON else None


def _stays(copy: LibraryCopy, wpar: Optional[Wpar]) -> RuledOut:
    """A copy that nimclient -c does not bring back, or that is not this host's alone."""
    if wpar and wpar.inside:
        why = (
            f"uname -W says {wpar.wpar_id}: /usr of a workload partition may be shared, so copies in it are not removed"
        )
    else:
        name = posixpath.basename(copy.path)
        why = f"{name.split('.')[0]}.a has no member {name} any more, so nimclient -c would not bring {copy.path} back"
    return RuledOut(Role.CLIENT, path=copy.path, why=why)
