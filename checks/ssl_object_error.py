"""A push that ends with "Error connecting to SSL object"."""

from typing import Iterator, List, Optional

from nimdoctor.facts import ExtractedLibraries, RecordedPush, TlsAttempt
from nimdoctor.facts.nimsh_log import SessionEnd
from nimdoctor.model import (
    Confidence,
    Finding,
    Missing,
    OnMaster,
    Passed,
    Quote,
    Role,
    Severity,
    Subject,
    Unknown,
    Verdict,
    check,
)


@check(
    "ssl-object-error",
    title="Pushes fail: Error connecting to SSL object",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    fix="refresh-client-certificate",
    source="isg3T1024615, Known Issues 2",
    cause="nimsh on the client cannot build the TLS connection with the libraries or the certificate it has",
    cure="set the client up for crypto again: nimclient -C; nimclient -c",
    classic=True,
)
def ssl_object_error(
    subject: Subject,
    attempt: Optional[TlsAttempt],
    push: Optional[OnMaster[RecordedPush]],
    own_push: Optional[RecordedPush],
    libraries: Optional[ExtractedLibraries],
) -> Iterator[Verdict]:
    """Every push to this client fails at once, as after openssl went from 0.9.8 to 1.0.1 on it.

    Whether nimsh.log or the master's push prints the message is not known, so both are looked at.
    """
    recorded = push or own_push
    shown: List[Quote] = list(recorded.object_error) if recorded else []
    session = attempt.session if attempt else None
    if session and attempt and attempt.changes:
        what = " and ".join(dict.fromkeys(change.what for change in attempt.changes))
        before = "it failed" if session.end is SessionEnd.OBJECT_ERROR else "it did not say so"
        yield Unknown(
            f"not tried since {what}; before, {before}. On the master: nim -o lslpp {subject.name}",
            (),
            [session.error or session.last, *(change.at for change in attempt.changes[:5])],
        )
    elif session and session.end is SessionEnd.OBJECT_ERROR and session.error:
        yield _finding(subject, [session.error, *shown], libraries, Confidence.LIKELY)
    elif shown:
        # a recorded push bears no time, so it cannot be put before or after the log's sessions
        yield _finding(subject, shown, libraries, Confidence.LIKELY if session is None else Confidence.POSSIBLE)
    elif attempt is None and recorded is None:
        raise Missing("/var/adm/ras/nimsh.log")
    elif session:
        yield Passed("the newest session that loaded certificates does not say it", [session.last])
    else:
        whole = attempt.log.whole() if attempt else recorded.whole() if recorded else None
        yield Passed("neither the log nor a recorded push says it", [whole] if whole else [])


def _finding(
    subject: Subject, evidence: List[Quote], libraries: Optional[ExtractedLibraries], confidence: Confidence
) -> Finding:
    stale = [copy for copy in libraries.copies if copy.verdict == "stale"] if libraries else []
    impact = f"every push to {subject.name} fails"
    message = "the newest attempt at TLS ends with 'Error connecting to SSL object'"
    if not stale:
        return Finding(message, evidence, confidence=confidence, impact=impact, run="nimclient -C; nimclient -c")
    paths = [copy.path for copy in stale]
    return Finding(
        message,
        evidence + [quote for copy in stale for quote in copy.evidence[:1]],
        confidence=confidence,
        cause="stale copies of the SSL libraries in /usr/lib",
        impact=impact,
        cure=f"remove the stale copies ({', '.join(paths)}), then nimclient -c",
        fix="refresh-ssl-libs",
        run=f"rm {' '.join(paths)} && nimclient -c",
        references=("isg3T1024615, Known Issues 2", "APAR IV58877"),
    )
