"""A master that was hardened before its client."""

from typing import Iterator, Optional

from nimdoctor.facts import NimExposure, NimObjects
from nimdoctor.facts.nim_exposure import CARRIED, LACKING, NIM_CLIENT, NIM_MASTER, NOT_KNOWN
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
from nimdoctor.wording import named


@check(
    "hardening-order",
    title="The master was hardened before its client",
    role=Role.CLIENT,
    severity=Severity.MEDIUM,
    confidence=Confidence.LIKELY,
    source="README of nim_fix2.tar (IBM node/7251173)",
    cause="the G2 fix of the master was installed while this client has not got its own yet",
)
def hardening_order(
    subject: Subject, own: NimExposure, masters: OnMaster[NimExposure], objects: Optional[OnMaster[NimObjects]]
) -> Iterator[Verdict]:
    """G2 brings mutual TLS and an allow-list of commands: clients are to have it first, then their master."""
    if masters is own:
        yield NotApplicable("one host's evidence stands for both ends")
        return
    client, master = own.get(NIM_CLIENT), masters.get(NIM_MASTER)
    if client is None or master is None:
        gone = NIM_CLIENT if client is None else NIM_MASTER
        raise Missing("lslpp -lc", message=f"the level of {gone} is not known")
    if master.standing("G3").state == CARRIED:
        yield NotApplicable("the master is of G3, whose order is not that of G2: see hardening-skew")
        return
    here, there = client.standing("G2"), master.standing("G2")
    quotes = list(dict.fromkeys([client.at, *here.evidence, master.at, *there.evidence]))
    if there.state == LACKING:
        yield Passed("the master is not of G2 yet: clients first, then the master", quotes)
    elif here.state == CARRIED:
        yield Passed("the client is of G2, so its master may be", quotes)
    elif NOT_KNOWN in (here.state, there.state):
        why = "; ".join(
            f"{end}: {found.why}" for end, found in (("client", here), ("master", there)) if found.state == NOT_KNOWN
        )
        one_known = here.state != there.state
        yield Unknown(why, [*here.missing, *there.missing], quotes, None if one_known else Severity.LOW)
    else:
        alternates = [found.name for found in objects.resources("alternate_master")] if objects else []
        yield Finding(
            f"the master is of generation G2, {subject.name} (client) is not",
            evidence=quotes,
            impact=f"the master asks {subject.name} for a certificate as of G2: pushes and nimclient may be refused; "
            "what breaks in this order is not public",
            cure=f"on {subject.name}: {own.way_to('G2')}; so on every other client that has not got it"
            + (
                f"; alternate master {named(alternates)}: the server fix there too, then niminit on both"
                if alternates
                else ""
            ),
            against=[*here.against, *there.against],
        )
