"""A client's nimsh must be started at boot."""

from typing import Iterator, List, Optional

from nimdoctor.facts import Filesets, Inittab, NimInfo, NimshMode, Processes
from nimdoctor.facts.inittab import ROW
from nimdoctor.facts.lslpp import CLIENT_FILESET
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    Passed,
    Quote,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)

_SOON = 900
"""Seconds after boot within which a nimsh that started was most likely started by the boot."""


@check(
    "nimsh-not-at-boot",
    title="nimsh is not started at boot",
    role=Role.CLIENT,
    severity=Severity.MEDIUM,
    fix="start-at-boot",
    confidence=Confidence.LIKELY,
    source="the row as hosts and public scripts have it; no page of IBM that was seen shows it",
    cause=Inferred("the row was likely removed, or /etc/inittab was replaced by one without it"),
    cure=f'where nothing else starts it and nobody meant it: mkitab "{ROW}"',
    breaks=(Traffic.PUSH,),
    marks="C A",
)
def nimsh_not_at_boot(
    subject: Subject,
    inittab: Inittab,
    mode: Optional[NimshMode],
    processes: Optional[Processes],
    info: Optional[NimInfo],
    filesets: Optional[Filesets],
) -> Iterator[Verdict]:
    """Pushes work until the next boot; after it nimsh stays down until somebody starts it."""
    if filesets and filesets.installed(CLIENT_FILESET) is False:
        yield NotApplicable(f"{CLIENT_FILESET} is not installed")
        return
    if inittab.at_boot and inittab.starts_nimsh:
        yield Passed("init starts nimsh at boot", [inittab.whole()])
        return
    if info and (info.get("NIM_SHELL") or "").lower() == "shell":
        yield Passed("pushes go by rsh, which needs no nimsh", [info.quote("NIM_SHELL"), inittab.whole()])
        return
    impact = f"no push reaches {subject.name} after its next boot until somebody starts nimsh"
    against = _started_by_boot(mode, processes)
    if not inittab.present:
        yield Finding(
            "/etc/inittab has no row of nimsh",
            evidence=[inittab.whole()],
            against=against,
            impact=impact,
        )
        return
    if inittab.action == "off":
        fault = "the row of nimsh in /etc/inittab is off"
    elif not inittab.at_boot:
        fault = f"init does not act on the row of nimsh at boot (run levels {inittab.levels or 'all'}, action {inittab.action})"
    else:
        fault = "the command in the row of nimsh does not start nimsh, as far as it tells"
    yield Finding(
        fault,
        evidence=[inittab.whole()],
        against=against,
        confidence=None if inittab.action == "off" else Confidence.POSSIBLE,
        cause=Inferred("somebody likely changed the row, perhaps on purpose"),
        impact=impact,
        cure=f'where nothing else starts it and nobody meant it: chitab "{ROW}"',
        fix=None,
        run=f"chitab '{ROW}'",
    )


def _started_by_boot(mode: Optional[NimshMode], processes: Optional[Processes]) -> List[Quote]:
    """The line of nimsh where it has run almost as long as init: something starts it, or did until the row went."""
    init = next((row.elapsed for row in processes.rows if row.pid == 1), None) if processes else None
    if init is None or mode is None or not mode.running or mode.elapsed is None:
        return []
    return [mode.at] if 0 <= init - mode.elapsed <= _SOON else []
