"""One end of the third security generation of NIM, the other not."""

from typing import Iterator

from nimdoctor.facts import NimExposure
from nimdoctor.facts.generation_standing import CARRIED, LACKING
from nimdoctor.facts.hardening import HANDSHAKE
from nimdoctor.facts.nim_exposure import BothEnds
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
    explains=HANDSHAKE,
    marks="B B",
)
def hardening_skew(subject: Subject, own: NimExposure, masters: OnMaster[NimExposure]) -> Iterator[Verdict]:
    """G3 changes the protocol between master and client, so both ends must have it, or neither."""
    if masters is own:
        yield NotApplicable("one host's evidence stands for both ends")
        return
    try:
        ends = BothEnds.of(own, masters, "G3")
        before = BothEnds.of(own, masters, "G2")
    except LookupError as error:
        raise Missing("lslpp -lc", message=str(error)) from error
    if set(ends.states) == {CARRIED, LACKING}:
        on_client = f"{subject.name} (client)"
        ahead, behind, lagging = (
            (on_client, "the master", masters) if ends.client.state == CARRIED else ("the master", on_client, own)
        )
        yield Finding(
            f"{ahead} is of generation G3, {behind} is not",
            evidence=ends.quotes,
            impact=f"pushes to {subject.name} likely break, now or at the next change: what fails first is not public",
            cure=f"on {behind}: {lagging.way_to('G3')}; it takes special steps on both ends: follow {STEPS}",
            against=ends.against,
        )
    elif ends.unknown:
        # with nothing that speaks for a difference it need not be looked at tonight
        severity = Severity.LOW if len(set(ends.states)) == 1 else None
        yield Unknown(ends.unknown, ends.missing, ends.quotes, severity)
    elif ends.states == (CARRIED, CARRIED):
        yield Passed("both ends are of generation G3", ends.quotes)
    elif before.states == (CARRIED, LACKING):
        yield Note(
            "neither end is of G3; the client is of G2 already, as it should be: the master is next", before.quotes
        )
    else:
        yield Passed("neither end is of generation G3", ends.quotes)
