"""A push that ends with "Error connecting to SSL object"."""

from typing import Iterator, List, Optional

from nimdoctor.facts import ExtractedLibraries, NimGeneration, NimIdentity, NimshMode, RecordedPush, TlsAttempt
from nimdoctor.facts.hardening import NO_CAUSE, Hardening
from nimdoctor.facts.nimsh_session import SessionEnd
from nimdoctor.facts.ps import PROCESSES
from nimdoctor.facts.tls_attempt import LOG
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    OnClient,
    OnMaster,
    Passed,
    Push,
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


@check(
    "ssl-object-error",
    title="Pushes fail: Error connecting to SSL object",
    role=Role.BOTH,
    severity=Severity.HIGH,
    fix="refresh-client-certificate",
    source="isg3T1024615, Known Issues 2",
    cause=Inferred(
        "nimsh on the client likely cannot build the TLS connection with the libraries or the certificate it has"
    ),
    cure=Inferred("set the client up for crypto again, which likely helps: nimclient -C; nimclient -c"),
    timeline=True,
    rules_out=NO_PUSH,
    breaks=(Traffic.PUSH,),
    messages=("0509-022", "0509-036", "0509-136", "0509-150"),
    log_lines=("loading certificates", "negotiating ssl_ctx", "loading private key", "error connecting to ssl object"),
)
def ssl_object_error(
    subject: Subject,
    attempt: Optional[TlsAttempt],
    push: Optional[OnMaster[RecordedPush]],
    own_push: Optional[RecordedPush],
    libraries: Optional[ExtractedLibraries],
    mode: Optional[NimshMode],
    identity: NimIdentity,
    client: Optional[OnClient[NimIdentity]],
    generation: Optional[NimGeneration],
    masters_generation: Optional[OnMaster[NimGeneration]],
) -> Iterator[Verdict]:
    """Every push to this client fails at once, as after openssl went from 0.9.8 to 1.0.1 on it.

    Whether nimsh.log or the master's push prints the message is not known, so both are looked at: of a master, the
    pushes that it recorded of clients which are not given.
    """
    if subject.where is Role.MASTER:
        yield from _of_others(subject, own_push, client)
        return
    hardened = Hardening.of(generation, masters_generation) is not None
    names = [identity.nim_name, *identity.names]
    tried = Push(identity.nim_name or (subject.name if subject.named else None))
    recorded = next((one for found in (push, own_push) if found for one in found.every() if one.may_be_to(names)), None)
    shown: List[Quote] = list(recorded.object_error) if recorded else []
    session = attempt.session if attempt else None
    if session and attempt and attempt.changes:
        before = "it failed" if session.end is SessionEnd.OBJECT_ERROR else "it did not say so"
        yield Unknown(
            f"not tried since {attempt.what_changed}; before, {before}",
            (),
            [session.error or session.last, *(change.at for change in attempt.changes[:5])],
            settled_by=tried,
        )
    elif session and attempt and attempt.cut:
        yield Unknown(
            "whether nimsh was started or openssl installed since the newest session that loaded certificates is not in "
            "the part that was given",
            attempt.cut,
            [session.error or session.last],
            settled_by=tried,
        )
    elif session and session.end is SessionEnd.OBJECT_ERROR and session.error:
        yield _finding(subject, [session.error, *shown], libraries, Confidence.LIKELY, hardened)
    elif shown:
        # a recorded push bears no time, so it cannot be put before or after the log's sessions
        sure = Confidence.LIKELY if session is None else Confidence.POSSIBLE
        yield _finding(subject, shown, libraries, sure, hardened)
    elif recorded and recorded.cut:
        yield Unknown("the part of the push that was recorded does not say it", ["nim -o lslpp"], [recorded.whole()])
    elif attempt is None and recorded is None:
        raise Missing(LOG)
    elif recorded and recorded.succeeded:
        yield Passed("a recorded push came through", [recorded.whole()])
    elif session and attempt and attempt.unseen and subject.thorough:
        yield Unknown(
            "the newest session that loaded certificates does not say it; whether nimsh was started or openssl "
            "installed since is not known",
            attempt.unseen,
            [session.last],
            settled_by=tried,
        )
    elif session:
        yield Passed("the newest session that loaded certificates does not say it", [session.last])
    elif mode and not mode.secure:
        yield Passed("no session loaded certificates, and nimsh runs without crypto", [mode.at])
    elif attempt:
        yield Unknown(
            attempt.log.not_tried,
            [] if mode else [PROCESSES],
            [attempt.log.whole()],
            settled_by=tried,
        )
    elif recorded:
        yield Unknown("the recorded push does not say it, and the log is not there", [LOG], [recorded.whole()])


def _of_others(subject: Subject, push: Optional[RecordedPush], client: Optional[NimIdentity]) -> Iterator[Verdict]:
    """What a master recorded of its pushes to other clients than the one that was given."""
    names = [client.nim_name, *client.names] if client else []
    others = [one for one in (push.every() if push else ()) if not (subject.client_named and one.may_be_to(names))]
    failed = [one for one in others if one.object_error]
    for one in failed:
        back = [other.whole() for other in others if other.succeeded and one.client and other.may_be_to([one.client])]
        who = one.client or "the client"
        yield Finding(
            f"a push to {who} ends with: {one.object_error[0].text.strip()[:200]}",
            one.object_error,
            objects=[one.client] if one.client else [],
            confidence=Confidence.POSSIBLE if back else Confidence.LIKELY,
            impact=f"every push to {who} likely fails: the network carried it, and the TLS connection did not come about",
            cure=Inferred(
                f"look at {who} itself, which likely tells more (nimdoctor scan there, with this master); there "
                "nimclient -C; nimclient -c likely helps"
            ),
            fix=None,
            against=back,
        )
    if not failed and any(one.succeeded for one in others):
        yield Passed("a recorded push came through", [one.whole() for one in others if one.succeeded])
    elif not failed:
        yield NotApplicable("no push to another client was recorded")


def _finding(
    subject: Subject,
    evidence: List[Quote],
    libraries: Optional[ExtractedLibraries],
    confidence: Confidence,
    hardened: bool,
) -> Finding:
    stale = [copy for copy in libraries.copies if copy.verdict == "stale"] if libraries else []
    impact = f"every push to {subject.name} fails"
    message = "the newest attempt at TLS ends with 'Error connecting to SSL object'"
    if not stale:
        cause = NO_CAUSE if hardened else None
        return Finding(message, evidence, confidence=confidence, cause=cause, impact=impact)
    paths = [copy.path for copy in stale]
    return Finding(
        message,
        evidence + [quote for copy in stale for quote in copy.evidence[:1]],
        confidence=confidence,
        cause=Inferred("likely the stale copies of the SSL libraries in /usr/lib"),
        impact=impact,
        cure=f"remove the stale copies ({', '.join(paths)}), then nimclient -c",
        fix="refresh-ssl-libs",
        references=("isg3T1024615, Known Issues 2", "APAR IV58877"),
    )
