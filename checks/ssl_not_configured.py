"""A master that has SSL off while clients expect it."""

from typing import Iterator, Optional

from nimdoctor.facts import NimObjects, NimshMode
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    Note,
    OnClient,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)
from nimdoctor.model.wording import count, named


@check(
    "ssl-not-configured",
    title="SSL is off on the NIM master",
    subject="SSL",
    role=Role.MASTER,
    severity=Severity.HIGH,
    fix="configure-ssl",
    confidence=Confidence.CERTAIN,
    source="isg3T1024615, Configuring OpenSSL on the NIM Master",
    cause=Inferred("nimconfig -c was likely never run, or nimconfig -C was and -c did not follow"),
    cure="on the master: nimconfig -c; then every client fetches its certificate anew",
    breaks=(Traffic.PUSH,),
    marks="C A",
)
def ssl_not_configured(subject: Subject, objects: NimObjects, mode: Optional[OnClient[NimshMode]]) -> Iterator[Verdict]:
    """No push reaches a secured client while its master has SSL off; with no secured client it is no fault."""
    support = objects.ssl_support()
    if support is None:
        raise Missing("lsnim -l", message="the listing does not show the master's own object")
    if support:
        yield Passed("ssl_support = yes", [objects.ssl_quote()])
        return
    secured = objects.connected(SECURE)
    if secured or (mode and mode.secure):
        who = (
            f"{count(len(secured), 'client')} ({named([found.name for found in secured])}) "
            f"{'is' if len(secured) == 1 else 'are'} set to {SECURE}"
            if secured
            else "the client's nimsh runs with crypto"
        )
        evidence = [objects.ssl_quote(), *(found.quote("connect") for found in secured[:5])]
        if mode and mode.secure:
            evidence.append(mode.at)
        yield Finding(
            f"the master shows no ssl_support, yet {who}",
            evidence=evidence,
            objects=[found.name for found in secured],
            impact="no push reaches a secured client",
            touches=len(secured),
        )
        return
    if objects.cut or not (mode or objects.complete or any(found.connect for found in objects.machines())):
        raise Missing("lsnim -l", message="the master shows no ssl_support; whether a client is secure is not known")
    yield Note("the master shows no ssl_support, and no client is secure: NIM runs without SSL", [objects.ssl_quote()])
