"""Master and client must agree on whether a push is secure."""

from typing import Iterator, Optional

from nimdoctor.facts import NimIdentity, NimObjects, NimshLog, NimshMode, PushSince
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.facts.ps import PROCESSES
from nimdoctor.facts.tls_attempt import LOG
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
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
    "ssl-one-sided",
    title="Master and client disagree on SSL",
    role=Role.BOTH,
    severity=Severity.HIGH,
    fix="align-ssl-mode",
    source="isg3T1024615; IBM docs, NIMSH authentication process",
    cause=Inferred("crypto was likely switched on or off on one side only"),
    cure=Inferred("towards secure, which should do: nimclient -C; nimclient -c on the client"),
    rules_out=NO_PUSH,
    breaks=(Traffic.PUSH,),
    messages=("0042-008", "0513-077"),
    log_lines=("openssl setting",),
)
def ssl_one_sided(
    subject: Subject,
    mode: Optional[NimshMode],
    log: Optional[NimshLog],
    since: Optional[PushSince],
    identity: NimIdentity,
    objects: Optional[OnMaster[NimObjects]],
) -> Iterator[Verdict]:
    """nimsh refuses a push whose cryptographic setting is not its own, the last of its five tests."""
    if subject.where is Role.MASTER:
        reason = (
            "judged on the client" if subject.client_named else "it compares a client with its master: give a client"
        )
        yield NotApplicable(f"{reason}: it needs that client's nimsh and nimsh.log")
        return
    secure, at, now = _own_mode(mode, log)
    stanza, why = identity.object_in(objects)
    connect = stanza.connect if stanza else None
    if connect is None or stanza is None or objects is None:
        if not subject.master_named:
            yield NotApplicable("about what the master shows of this client: give --master")
        elif objects and why:
            yield Unknown(why, ["lsnim -l"], [objects.whole()])
        else:
            raise Missing("lsnim -l")
        return
    if connect == "shell":
        yield Passed("pushes go by rsh, so there is no SSL setting to agree on", [stanza.quote("connect")])
        return
    if secure is None or at is None:
        raise Missing(PROCESSES)
    quotes = [at, stanza.quote("connect")]
    impact = f"pushes to {subject.name} are refused"
    support = objects.ssl_support()
    if support is None and objects.cut and secure and connect == "nimsh":
        raise Missing("lsnim -l", message=f"{objects.source} does not show whether the master has ssl_support")
    if connect == SECURE and not secure:
        if not now:
            quotes_word = "the newest push passed OpenSSL setting 0"
        else:
            quotes_word = "nimsh runs without crypto (no -c)"
        yield Finding(
            f"{quotes_word}, but connect = {SECURE} on the master",
            evidence=quotes,
            confidence=Confidence.CERTAIN if mode and mode.running else Confidence.LIKELY,
            missing=() if mode else (PROCESSES,),
            impact=impact,
            # as the plan: what runs without crypto need not be switched off first
            cure=Inferred("towards secure, which should do: nimclient -c on the client") if mode else None,
        )
    elif connect == "nimsh" and secure and support is not False:
        if since and since.start:
            yield Finding(
                "nimsh runs with crypto (-c), yet a push since it was started left connect = nimsh on the master",
                evidence=[*quotes, *since.evidence[:1]],
                impact=impact,
            )
        else:
            yield Unknown(
                "nimsh runs with crypto (-c) and connect = nimsh may be older: no push is known to have come since "
                "nimsh was started",
                [] if since else [LOG],
                quotes,
                settled_by=Push(stanza.name),
            )
    elif connect == "nimsh" and secure:
        yield Passed("the master has no ssl_support: see ssl-not-configured", [objects.ssl_quote(), at])
    else:
        agreed = "with" if secure else "without"
        yield Passed(f"both sides are set up {agreed} SSL: connect = {connect}", quotes)


def _own_mode(mode: Optional[NimshMode], log: Optional[NimshLog]) -> "tuple[Optional[bool], Optional[Quote], bool]":
    """Whether the client has crypto on, the line that says so, and whether it is of now rather than of the last push."""
    if mode:
        return mode.secure, mode.at, True
    newest = log.newest_setting() if log else None
    if newest is None:
        return None, None, False
    if newest.setting is not None and newest.setting_line:
        return newest.setting == 1, newest.setting_line, False
    return True, newest.loaded, False
