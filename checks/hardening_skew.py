"""One end of the third security generation of NIM, the other not."""

from typing import Iterator

from nimdoctor.facts import NimExposure
from nimdoctor.facts.nim_exposure import CARRIED, LACKING, NIM_CLIENT, NIM_MASTER, NOT_KNOWN
from nimdoctor.model import (
    Confidence,
    Finding,
    Missing,
    NotApplicable,
    Note,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Unknown,
    Verdict,
    check,
)

STEPS = "https://www.ibm.com/support/pages/node/7283157"


@check(
    "hardening-skew",
    title="Client and master are of security generations that do not fit",
    role=Role.CLIENT,
    severity=Severity.MEDIUM,
    confidence=Confidence.LIKELY,
    source="IBM node/7283858 and node/7283157",
    cause="a service pack with generation G3 was installed on one end only, and G3 changes the protocol on purpose",
)
def hardening_skew(subject: Subject, own: NimExposure, masters: OnMaster[NimExposure]) -> Iterator[Verdict]:
    """G3 changes the protocol between master and client, so both ends must have it, or neither."""
    if masters is own:
        yield NotApplicable("one host's evidence stands for both ends")
        return
    client, master = own.get(NIM_CLIENT), masters.get(NIM_MASTER)
    if client is None or master is None:
        gone = NIM_CLIENT if client is None else NIM_MASTER
        raise Missing("lslpp -lc", message=f"the level of {gone} is not known")
    here, there = client.standing("G3"), master.standing("G3")
    quotes = list(dict.fromkeys([client.at, *here.evidence, master.at, *there.evidence]))
    states = {here.state, there.state}
    if states == {CARRIED, LACKING}:
        ahead = f"{subject.name} (client)" if here.state == CARRIED else "the master"
        behind, way = ("the master", masters) if here.state == CARRIED else (f"{subject.name} (client)", own)
        yield Finding(
            f"{ahead} is of generation G3, {behind} is not",
            evidence=quotes,
            impact=f"pushes to {subject.name} break, or will at the next change: what fails first is not public",
            cure=f"on {behind}: {way.way_to('G3')}; it takes special steps on both ends: follow {STEPS}",
            against=[*here.against, *there.against],
        )
    elif NOT_KNOWN in states:
        why = "; ".join(
            f"{end}: {found.why}" for end, found in (("client", here), ("master", there)) if found.state == NOT_KNOWN
        )
        yield Unknown(
            why,
            [*here.missing, *there.missing],
            quotes,
            # with nothing that speaks for a difference it need not be looked at tonight
            Severity.LOW if len(states) == 1 else None,
        )
    elif here.state == CARRIED:
        yield Passed("both ends are of generation G3", quotes)
    elif client.proved == "G2" and master.standing("G2").state == LACKING:
        yield Note("neither end is of G3; the client is of G2 already, as it should be: the master is next", quotes)
    else:
        yield Passed("neither end is of generation G3", quotes)
