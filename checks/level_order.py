"""A NIM master must be at the level of its clients or above it."""

from typing import Iterator, Optional

from nimdoctor.facts import OsLevel, VirtualIoServer
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    OnMaster,
    Passed,
    Role,
    Severity,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_INSTALLATION

_COMMAND = "oslevel -s"


@check(
    "level-order",
    title="The client is at a higher level of AIX than its NIM master",
    role=Role.CLIENT,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    source="IBM's rule for NIM: the master's level is equal to that of its clients or above it",
    cause=Inferred("the client was likely updated before its master"),
    impact="the master cannot serve it: a SPOT or lpp_source above the master's own level is not supported, and methods "
    "of NIM that are new on the client may not be known to the master",
    cure="update the master to the client's level or above, bos.sysmgt.nim.master with it; until then do not install or "
    "update this client through it",
    rules_out=NO_INSTALLATION,
    marks="C A",
)
def level_order(master: OnMaster[OsLevel], own: Optional[OsLevel], ios: Optional[VirtualIoServer]) -> Iterator[Verdict]:
    """Operations of NIM on a client above its master may fail: the master is to be updated first.

    An interim fix does not move the level, so a client ahead by one alone is at its master's level.
    """
    if own is master:
        # one host's evidence stands for both ends: an alternate master scanned alone, or loose files
        yield NotApplicable("about the master: give --master")
        return
    if ios:
        yield NotApplicable(
            f"the client is a VIOS{f' {ios.level}' if ios.level else ''}, whose levels are not those of AIX"
        )
        return
    if own is None:
        raise Missing(_COMMAND)
    both = [own.at, master.at]
    levels = f"the client is at {own.text}, its master at {master.text}"
    if own.version != master.version:
        above = own.version > master.version
    elif own.tl is None or master.tl is None:
        yield Unknown(f"{levels}: the technology level is not told", [_COMMAND], both)
        return
    elif own.tl != master.tl:
        above = own.tl > master.tl
    elif own.sp is None or master.sp is None:
        yield Unknown(f"{levels}: the service pack is not told", [_COMMAND], both, Severity.LOW)
        return
    else:
        above = own.sp > master.sp
    if not above:
        yield Passed(levels, both)
    elif (own.version, own.tl) == (master.version, master.tl):
        yield Finding(
            f"{levels}: the same technology level, a later service pack",
            evidence=both,
            severity=Severity.LOW,
            confidence=Confidence.LIKELY,
            impact="as a rule none for a push; a SPOT or lpp_source of that service pack is above the master",
            rules_out=(),
        )
    else:
        yield Finding(levels, evidence=both)
