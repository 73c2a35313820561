"""A push that stops at `create BIO` hangs for ever."""

from typing import Iterator, List, Optional, Tuple

from nimdoctor.facts import CertificateState, HostClock, NimIdentity, NimObjects, NimshMode, RepairRuns, TlsAttempt
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.facts.nimsh_log import SessionEnd
from nimdoctor.facts.tls_attempt import PROCESSES
from nimdoctor.model import (
    Confidence,
    Finding,
    OnMaster,
    Passed,
    Push,
    Role,
    Severity,
    Subject,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.wording import REFRESH, ago, count, named

_REFRESH = f"refresh this client's certificate: {REFRESH}"
_ELSEWHERE = "look at the path between the hosts (MTU, jumbo frames, a firewall) and at the libraries"
_LOOK_ELSEWHERE = (
    "the certificates match and are newer than the last installation of nim.* and openssl.* on both ends, so making "
    f"new ones would not help: {_ELSEWHERE}"
)
_RECYCLED_BEFORE = (
    "the certificates match, and nimdoctor had recycled the master's before this push hung, so doing it again would "
    f"not help: {_ELSEWHERE}"
)


@check(
    "create-bio-hang",
    title="Pushes hang in the TLS handshake",
    role=Role.CLIENT,
    severity=Severity.CRITICAL,
    fix="refresh-client-certificate",
    source="isg3T1024615, Known Issues 1",
    cause="the certificates of master and client no longer fit each other, as after an update of the master",
    cure=_REFRESH,
    classic=True,
    explains=("hung-push",),
    timeline=True,
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
                "no session in the log loaded certificates: not tried yet",
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
    if session.end is SessionEnd.STOPPED_EARLY:
        yield Unknown(
            "the newest session that loaded certificates stops before 'create BIO'",
            (),
            evidence,
            settled_by=push,
        )
        return
    if session.end is not SessionEnd.HUNG:
        hung = attempt.log.counts().get(SessionEnd.HUNG, 0)
        history_note = f"; {hung} earlier hung, which is history" if hung else ""
        said = "went on past" if session.end is SessionEnd.WENT_ON else "did not hang at"
        if attempt.unseen and subject.thorough:
            yield Unknown(
                f"the newest session that loaded certificates {said} 'create BIO'{history_note}; whether nimsh was "
                "started or openssl installed since is not known",
                attempt.unseen,
                evidence,
                settled_by=push,
            )
            return
        yield Passed(f"the newest session that loaded certificates {said} 'create BIO'{history_note}", evidence)
        return
    own, _ = (identity.known_as(subject.name) if subject.named else identity).object_in(objects)
    others = [found.name for found in objects.connected(SECURE) if found != own] if objects else []
    recycled = [when for found in (runs, masters_runs) if found for when in found.completed("recycle-certificates")]
    fix, cure, touches = _smallest_cure(
        attempt, certificates, masters if subject.master_named else None, others, recycled
    )
    when = f", {ago(attempt.age)} ago" if attempt.age is not None else f" (its age is not known: {attempt.why})"
    if attempt.witness:
        evidence.append(attempt.witness)
    yield Finding(
        f"the newest session that loaded certificates stops at 'create BIO'{when}",
        evidence=evidence,
        confidence=_confidence(attempt),
        impact=f"every push to {subject.name} hangs until it is ended by hand",
        cure=cure,
        fix=fix,
        touches=touches,
    )


def _confidence(attempt: TlsAttempt) -> Confidence:
    if not attempt.sure_of_age:
        return Confidence.POSSIBLE
    if attempt.session and attempt.session.overlapped:
        return Confidence.LIKELY
    return Confidence.CERTAIN if attempt.witness else Confidence.LIKELY


def _smallest_cure(
    attempt: TlsAttempt,
    own: CertificateState,
    masters: Optional[CertificateState],
    others: List[str],
    recycled: List[int],
) -> Tuple[Optional[str], str, int]:
    """The cure in the order of FACTS, smallest first: fix id, words, other hosts touched.

    `recycled` are times (epoch seconds) at which a run of `nimdoctor fix` had recycled the certificates.
    """
    refresh = "refresh-client-certificate"
    if masters is None:
        return refresh, f"{_REFRESH}. Whether the master must be recycled: not known, give --master", 0
    shared = own.shares_with(masters)
    if shared is None:
        whose = "this client's" if own.certificates is None else "the master's"
        said = f"not known, {whose} certificates were not collected"
        return refresh, f"{_REFRESH}. Whether the master must be recycled: {said}", 0
    stays = "the master stays as it is"
    if not shared:
        return refresh, f"{_REFRESH}, since it shares no certificate with the master; {stays}", 0
    if masters.newest and attempt.utc is not None and masters.newest[1] > attempt.utc:
        return refresh, f"{_REFRESH}, since the master's certificate is newer than the hang; {stays}", 0
    if own.newer_than_installation and masters.newer_than_installation:
        return None, _LOOK_ELSEWHERE, 0
    if attempt.utc is not None and any(when < attempt.utc for when in recycled):
        return None, _RECYCLED_BEFORE, 0
    loses = "no other client is secured"
    if others:
        who = f"{count(len(others), 'other secured client')} ({named(others)})"
        loses = f"{who} {'loses' if len(others) == 1 else 'lose'} push until the same two commands have run there"
    return (
        "recycle-certificates",
        "recycle the master's certificates, then refresh this client's: on the master cd /; nimconfig -C; "
        f"mv ssl_nimsh to a new name; nimconfig -c; on this client {REFRESH}. Note: {loses}",
        len(others),
    )
