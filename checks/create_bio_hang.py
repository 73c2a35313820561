"""A push that stops at `create BIO` hangs for ever."""

from typing import Iterator, List, Optional, Tuple

from nimdoctor.facts import (
    CertificateState,
    HostClock,
    NimGeneration,
    NimIdentity,
    NimObjects,
    NimshMode,
    RepairRuns,
    TlsAttempt,
)
from nimdoctor.facts.hardening import NO_CAUSE, Hardening
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.facts.nimsh_session import SessionEnd
from nimdoctor.facts.ps import PROCESSES
from nimdoctor.facts.tls_attempt import LOG
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    OnMaster,
    Passed,
    Push,
    Role,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_PUSH
from nimdoctor.model.wording import REFRESH, ago, count, named

_REFRESH = f"a new fetch of this client's certificate likely suffices: {REFRESH}"
_FIT_NO_MORE = Inferred(
    "the certificates of master and client likely no longer fit each other, as after an update of the master"
)
_ELSEWHERE = "look at the path between the hosts (MTU, jumbo frames, a firewall) and at the libraries"
_NOT_THE_CERTIFICATES = Inferred(
    "not the certificates, which match; likely the path between the hosts (MTU, jumbo frames, a firewall) or the libraries"
)
_LOOK_ELSEWHERE = Inferred(
    "the certificates match and are newer than the last installation of nim.* and openssl.* on both ends, so that most "
    f"likely making new ones would not help: {_ELSEWHERE}"
)
_RECYCLED_BEFORE = Inferred(
    "the certificates match, and nimdoctor had recycled the master's before this push hung, so that most likely doing it "
    f"again would not help: {_ELSEWHERE}"
)
_HARDENED_ELSEWHERE = Inferred(
    f"first see that the generations of the two ends fit (hardening-order, hardening-skew); then likely {_ELSEWHERE}"
)


@check(
    "create-bio-hang",
    title="Pushes hang in the TLS handshake",
    subject="hang",
    role=Role.CLIENT,
    severity=Severity.CRITICAL,
    fix="refresh-client-certificate",
    source="isg3T1024615, Known Issues 1",
    cause=_FIT_NO_MORE,
    cure=Inferred(_REFRESH),
    explains=("hung-push",),
    timeline=True,
    rules_out=NO_PUSH,
    breaks=(Traffic.PUSH,),
    log_lines=(
        "create bio",
        "loading certificates",
        "negotiating ssl_ctx",
        "loading private key",
        "service handler started",
    ),
    marks="C A",
)
def create_bio_hang(
    subject: Subject,
    attempt: TlsAttempt,
    mode: Optional[NimshMode],
    clock: Optional[HostClock],
    identity: NimIdentity,
    certificates: CertificateState,
    masters: Optional[OnMaster[CertificateState]],
    objects: Optional[OnMaster[NimObjects]],
    runs: Optional[RepairRuns],
    masters_runs: Optional[OnMaster[RepairRuns]],
    generation: Optional[NimGeneration],
    masters_generation: Optional[OnMaster[NimGeneration]],
) -> Iterator[Verdict]:
    """Every push to this client hangs until it is ended by hand: NIM has no timeout there.

    The verdict is on the newest session that loaded certificates; a hang is one whose last line is
    `create BIO`. Queries, port scans and plain pushes after it neither prove nor disprove it.
    """
    session = attempt.session
    # a push goes to the NIM name, which need not be the host's
    push = Push(identity.nim_name or (subject.name if subject.named else None))
    if session is None:
        if mode and not mode.secure:
            yield Passed("no session loaded certificates, and nimsh runs without crypto", [mode.at])
        else:
            yield Unknown(
                attempt.log.not_tried,
                [] if mode else [PROCESSES],
                [attempt.log.whole()],
                settled_by=push,
            )
        return
    evidence = [quote for quote in (session.loaded, session.last) if quote]
    if attempt.changes:
        yield Unknown(
            f"not tried since {attempt.what_changed}: the newest session that loaded certificates is older",
            (),
            evidence + [change.at for change in attempt.changes[:5]],
            settled_by=push,
        )
        return
    if attempt.cut:
        yield Unknown(
            "whether nimsh was started or openssl installed since the newest session that loaded certificates is not in "
            "the part that was given",
            attempt.cut,
            evidence,
            settled_by=push,
        )
        return
    if session.end is SessionEnd.STOPPED_EARLY:
        yield Unknown(
            "the newest session that loaded certificates stops before 'create BIO'",
            (),
            evidence,
            settled_by=push,
        )
        return
    if attempt.rival:
        yield Unknown(
            "of two sessions that overlap one went on past 'create BIO' and one did not; which, nobody knows, since lines "
            "of the log carry no process id",
            (),
            [quote for quote in (attempt.rival.last, session.bio, session.went_on) if quote],
            settled_by=push,
        )
        return
    if session.may_be_a_remark:
        yield Unknown(
            "behind 'create BIO' stands a line without a date that nimsh is not known to write: whether the session went on, "
            "or somebody wrote below a pasted log, is not known",
            [LOG],
            [quote for quote in (session.bio, session.went_on) if quote],
            settled_by=push,
        )
        return
    if session.end is not SessionEnd.HUNG:
        hung = attempt.log.counts().get(SessionEnd.HUNG, 0)
        history_note = f"; {hung} earlier hung, which is history" if hung else ""
        ending = "went on past" if session.end is SessionEnd.WENT_ON else "did not hang at"
        if attempt.unseen and subject.thorough:
            yield Unknown(
                f"the newest session that loaded certificates {ending} 'create BIO'{history_note}; whether nimsh was "
                "started or openssl installed since is not known",
                attempt.unseen,
                evidence,
                settled_by=push,
            )
            return
        yield Passed(f"the newest session that loaded certificates {ending} 'create BIO'{history_note}", evidence)
        return
    own, _ = (identity.known_as(subject.name) if subject.named else identity).object_in(objects)
    others = [found.name for found in objects.connected(SECURE) if found != own] if objects else []
    recycled = [when for found in (runs, masters_runs) if found for when in found.completed("recycle-certificates")]
    fix, cure, touches, cause = _smallest_cure(
        attempt, certificates, masters if subject.master_named else None, others, recycled
    )
    if Hardening.of(generation, masters_generation):
        # which of the cures below G2 it would have been rests on what certificates must fit
        cause, cure = NO_CAUSE, cure if fix else _HARDENED_ELSEWHERE
    when = f", {ago(attempt.age)} ago" if attempt.age is not None else f" (its age is not known: {attempt.why})"
    if attempt.witness:
        evidence.append(attempt.witness)
    cut = "; the lines before it were not given: the whole nimsh.log tells more" if session.cut else ""
    yield Finding(
        f"the newest session that loaded certificates stops at 'create BIO'{when}{cut}",
        evidence=evidence,
        confidence=_confidence(attempt),
        cause=cause,
        impact=f"every push to {subject.name} hangs until it is ended by hand",
        cure=cure,
        fix=fix,
        touches=touches,
        missing=[LOG] if session.cut else [],
    )


def _confidence(attempt: TlsAttempt) -> Confidence:
    if not attempt.sure_of_age or (attempt.session and attempt.session.cut):
        return Confidence.POSSIBLE
    if attempt.session and attempt.session.overlapped:
        return Confidence.LIKELY
    return Confidence.CERTAIN if attempt.witness and attempt.sure else Confidence.LIKELY


def _smallest_cure(
    attempt: TlsAttempt,
    own: CertificateState,
    masters: Optional[CertificateState],
    others: List[str],
    recycled: List[int],
) -> Tuple[Optional[str], str, int, Inferred]:
    """The cure in the order of FACTS, smallest first: fix id, words, other hosts touched, and the cause it goes by.

    `recycled` are times (epoch seconds) at which a run of `nimdoctor fix` had recycled the certificates.
    """
    refresh = "refresh-client-certificate"
    if masters is None:
        words = f"{_REFRESH}. Whether the master must be recycled: not known, give --master"
        return refresh, Inferred(words), 0, _FIT_NO_MORE
    shared = own.shares_with(masters)
    if shared is None:
        whose = "this client's" if own.certificates is None else "the master's"
        reason = f"not known, since {whose} certificates are not"
        return refresh, Inferred(f"{_REFRESH}. Whether the master must be recycled: {reason}"), 0, _FIT_NO_MORE
    stays = "the master stays as it is"
    if not shared:
        words = f"{_REFRESH}, since it shares no certificate with the master; {stays}"
        cause = "master and client share no certificate, so the handshake likely cannot end"
        return refresh, Inferred(words), 0, Inferred(cause)
    if masters.newest and attempt.utc is not None and masters.newest[1] > attempt.utc:
        words = f"{_REFRESH}, since the master's certificate is newer than the hang; {stays}"
        cause = "the master's certificates were likely made anew after this push hung: it says nothing of the new ones"
        return refresh, Inferred(words), 0, Inferred(cause)
    if own.newer_than_installation and masters.newer_than_installation:
        return None, _LOOK_ELSEWHERE, 0, _NOT_THE_CERTIFICATES
    if attempt.utc is not None and any(when < attempt.utc for when in recycled):
        return None, _RECYCLED_BEFORE, 0, _NOT_THE_CERTIFICATES
    loses = "no other client is secured"
    if others:
        who = f"{count(len(others), 'other secured client')} ({named(others)})"
        loses = f"{who} {'loses' if len(others) == 1 else 'lose'} push until the same two commands have run there"
    return (
        "recycle-certificates",
        "recycle the master's certificates, then refresh this client's: on the master cd /; nimconfig -C; "
        f"mv ssl_nimsh to a new name; nimconfig -c; on this client {REFRESH}. Note: {loses}",
        len(others),
        Inferred(
            "the certificates, though both ends hold the same, likely no longer serve what was installed since, as after "
            "an update of the master"
        ),
    )
