"""Clients on nimsh without SSL while their master has it on."""

from typing import Iterator, Optional, Set

from nimdoctor.facts import NimIdentity, NimObjects, NimshMode, PushSince
from nimdoctor.facts.lsnim import NimObject
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
    Role,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.wording import count, named


@check(
    "client-not-secure",
    title="Pushes go by nimsh without SSL",
    role=Role.BOTH,
    severity=Severity.MEDIUM,
    fix="enable-client-ssl",
    confidence=Confidence.CERTAIN,
    source="isg3T1024615, Configuring OpenSSL on the NIM Client",
    cause=Inferred("nimclient -c was likely not run on the client since SSL was configured on the master"),
    impact="the authentication of pushes to these clients is not encrypted",
    cure="on the client: nimclient -c, once its certificate can be fetched by tftp",
    breaks=(Traffic.PUSH,),
    messages=("0513-077",),
    log_lines=("openssl setting",),
    marks="C A",
)
def client_not_secure(
    subject: Subject,
    mode: Optional[OnClient[NimshMode]],
    since: Optional[OnClient[PushSince]],
    identity: Optional[OnClient[NimIdentity]],
    objects: Optional[OnMaster[NimObjects]],
) -> Iterator[Verdict]:
    """The master offers SSL and these clients do not use it.

    `connect` on the master is renewed by a push, so a client whose nimsh runs with crypto and that
    no push has reached since is not tried yet, not insecure.
    """
    own, why = identity.object_in(objects) if identity else (None, "")
    if subject.where is Role.CLIENT:
        yield _client(subject, mode, since, objects, own, why)
        return
    if objects is None:
        raise Missing("lsnim -l")
    if objects.ssl_support() is None:
        raise Missing("lsnim -l", message="the listing does not show the master's own object")
    if not objects.ssl_support():
        yield Passed("the master has no ssl_support, so no client can be secure", [objects.ssl_quote()])
        return
    # the client that was given speaks for itself
    settled: Set[str] = {own.name} if own and mode and mode.secure else set()
    plain = [found for found in objects.connected("nimsh") if found.name not in settled]
    if plain:
        yield Finding(
            f"ssl_support is yes, but {count(len(plain), 'client')} with connect = nimsh: "
            f"{named([found.name for found in plain])}",
            evidence=[objects.ssl_quote(), *(found.quote("connect") for found in plain)],
            objects=[found.name for found in plain],
            missing=() if mode or own not in plain else (PROCESSES,),
        )
        return
    machines = objects.machines()
    if objects.cut or (not machines and not objects.complete):
        raise Missing("lsnim -l", message=f"{objects.source} does not show how every client is reached")
    yield Passed(
        "no client is on nimsh without SSL", [objects.ssl_quote(), *(found.quote("connect") for found in machines[:5])]
    )


def _client(
    subject: Subject,
    mode: Optional[NimshMode],
    since: Optional[PushSince],
    objects: Optional[NimObjects],
    stanza: Optional[NimObject],
    why: str,
) -> Verdict:
    connect = stanza.connect if stanza else None
    support = objects.ssl_support() if objects else None
    if objects and objects.cut and (connect is None or support is None):
        raise Missing("lsnim -l", message=f"{objects.source} does not show both this client's connect and ssl_support")
    if objects and stanza and connect == "nimsh" and support:
        quotes = [stanza.quote("connect"), objects.ssl_quote()]
        if mode and mode.secure:
            if since and since.certificate:
                return Passed(
                    "nimsh runs with crypto; that connect says otherwise is ssl-one-sided", [mode.at, *quotes]
                )
            return Unknown(
                "nimsh runs with crypto, and no push is known to have come since its certificate was written",
                [] if since else [LOG],
                [mode.at, *quotes, *(since.evidence if since else ())],
                settled_by=Push(stanza.name),
            )
        evidence = quotes + ([mode.at] if mode else [])
        return Finding("connect = nimsh while the master has ssl_support", evidence)
    if mode and mode.secure:
        return Passed("nimsh runs with crypto (-c)", [mode.at] + ([stanza.quote("connect")] if stanza else []))
    if connect and (connect != "nimsh" or support is False) and stanza and objects:
        setting = f"connect = {connect}" if connect != "nimsh" else "the master has no ssl_support"
        return Passed(setting, [stanza.quote("connect") if connect != "nimsh" else objects.ssl_quote()])
    if not subject.master_named:
        return NotApplicable("about the master's view of this client: give --master")
    if objects and not stanza:
        return Unknown(why, ["lsnim -l"], [objects.whole()])
    return Unknown("what the master shows of this client is not known", ["lsnim -l"])
