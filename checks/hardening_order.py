"""A master that was hardened before its client."""

from typing import Iterator, Optional

from nimdoctor.facts import NimExposure, NimObjects
from nimdoctor.facts.generation_standing import CARRIED, LACKING
from nimdoctor.facts.hardening import HANDSHAKE
from nimdoctor.facts.nim_exposure import BothEnds
from nimdoctor.model import (
    Confidence,
    Finding,
    Missing,
    NotApplicable,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.wording import named


@check(
    "hardening-order",
    title="The master was hardened before its client",
    role=Role.CLIENT,
    severity=Severity.MEDIUM,
    confidence=Confidence.LIKELY,
    source="README of nim_fix2.tar (IBM node/7251173)",
    cause="the G2 fix of the master was installed while this client has not got its own yet",
    explains=HANDSHAKE,
    marks="B B",
)
def hardening_order(
    subject: Subject, own: NimExposure, masters: OnMaster[NimExposure], objects: Optional[OnMaster[NimObjects]]
) -> Iterator[Verdict]:
    """G2 brings mutual TLS and an allow-list of commands: clients are to have it first, then their master."""
    if masters is own:
        yield NotApplicable("one host's evidence stands for both ends")
        return
    try:
        ends = BothEnds.of(own, masters, "G2")
        later = BothEnds.of(own, masters, "G3")
    except LookupError as error:
        raise Missing("lslpp -lc", message=str(error)) from error
    if later.master.state == CARRIED:
        yield NotApplicable("the master is of G3, whose order is not that of G2: see hardening-skew")
    elif ends.master.state == LACKING:
        yield Passed("the master is not of G2 yet: clients first, then the master", ends.quotes)
    elif ends.client.state == CARRIED:
        yield Passed("the client is of G2, so its master may be", ends.quotes)
    elif ends.unknown:
        # with nothing that speaks for the wrong order it need not be looked at tonight
        severity = Severity.LOW if len(set(ends.states)) == 1 else None
        yield Unknown(ends.unknown, ends.missing, ends.quotes, severity)
    else:
        alternates = [found.name for found in objects.resources("alternate_master")] if objects else []
        both = f"; alternate master {named(alternates)}: the server fix there too, then niminit on both"
        yield Finding(
            f"the master is of generation G2, {subject.name} (client) is not",
            evidence=ends.quotes,
            impact=f"the master asks {subject.name} for a certificate as of G2: pushes and nimclient may be refused; "
            "what breaks in this order is not public",
            cure=f"on {subject.name}: {own.way_to('G2')}; so on every other client that has not got it"
            + (both if alternates else ""),
            against=ends.against,
        )
