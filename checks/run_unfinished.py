"""A run of `nimdoctor fix` that was not brought to an end leaves the host between two states."""

from typing import Iterator, Optional

from nimdoctor.facts import Paths, RepairRuns
from nimdoctor.model import (
    EVERY_FIX,
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    Passed,
    Role,
    Severity,
    Verdict,
    check,
)
from nimdoctor.model.wording import count

_CAUSES = {
    "running": Inferred("nimdoctor was likely killed, unless it is still at work"),
    "stopped": "a step failed, and what was done before it cannot be undone",
    "rolling-back": Inferred("a rollback was likely broken off, unless it is still at work"),
}


@check(
    "run-unfinished",
    title="A repair was not brought to an end",
    role=Role.BOTH,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    source="nimdoctor's own journal, /var/adm/nimdoctor/runs",
    cause=Inferred("nimdoctor was likely killed, or a step failed and what was done before it cannot be undone"),
    impact="the host stands between two states, and no other fix is applied until the run is ended",
    cure="go on with the run, or take it back: nimdoctor fix --resume RUN, nimdoctor rollback RUN",
    precedes=(EVERY_FIX,),
    marks="A A",
)
def run_unfinished(runs: Optional[RepairRuns], paths: Optional[Paths]) -> Iterator[Verdict]:
    """The host stands between two states until the run is resumed or rolled back.

    A tftp that a run opened for a fetch and could not close is a low finding of its own. Of a run that others could
    have written in, nothing can be believed, and nimdoctor carries nothing of it out.
    """
    if runs is None:
        yield NotApplicable("no run of nimdoctor fix is recorded here")
        return
    doubted = runs.open_to_others(paths)
    for name, (path, why) in doubted.items():
        yield Finding(
            f"run {name} is suspicious: {path} {why}",
            evidence=[paths.quote(path)] if paths else [],
            objects=[name],
            cause="its directory, plan, journal or backups could have been written by somebody else than root",
            impact="nothing of it is carried out, and no other fix is applied until its directory is moved away",
            cure="nimdoctor runs says what is wrong with it: find out who changed it, then move its directory away",
            run="nimdoctor runs",
        )
    for run in runs.unfinished():
        if run.name in doubted:
            continue
        yield Finding(
            f"run {run.name} ({', '.join(run.fixes) or 'fixes not known'}) is {run.state}",
            evidence=[run.at],
            objects=[run.name],
            cause=_CAUSES.get(run.state),
            cure=f"{run.resuming()} in its change package takes it back, or brings it to its end"
            if run.packaged
            else f"{run.resuming()} goes on with it; {run.taking_back()} takes it back",
            run=run.resuming(),
        )
    for run in runs.runs:
        if run.left_open:
            yield Finding(
                f"run {run.name}: {run.left_open}",
                evidence=[run.at],
                objects=[run.name],
                severity=Severity.LOW,
                cause=Inferred("somebody may have been using it when the run wanted to close it"),
                impact="tftpd goes on serving files, as far as /etc/tftpaccess.ctl lets it",
                cure="once nobody boots or fetches: nimdoctor rollback --only enable-tftp, or comment the row out and refresh -s inetd",
                run=run.taking_back("--only", "enable-tftp"),
            )
    if runs.runs:
        newest = runs.runs[-1]
        yield Passed(f"{count(len(runs.runs), 'run')}, the newest ({newest.name}) is {newest.state}", [newest.at])
