"""A run of `nimdoctor fix` that was not brought to an end leaves the host between two states."""

from typing import Iterator, Optional

from nimdoctor.facts import RepairRuns
from nimdoctor.model import EVERY_FIX, Confidence, Finding, NotApplicable, Passed, Role, Severity, Verdict, check
from nimdoctor.wording import count


@check(
    "run-unfinished",
    title="A repair was not brought to an end",
    role=Role.BOTH,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    source="nimdoctor's own journal, /var/adm/nimdoctor/runs",
    cause="nimdoctor was killed, or a step failed and what was done before it cannot be undone",
    impact="the host stands between two states, and no other fix is applied until the run is ended",
    cure="go on with the run, or take it back: nimdoctor fix --resume RUN, nimdoctor rollback RUN",
    precedes=(EVERY_FIX,),
)
def run_unfinished(runs: Optional[RepairRuns]) -> Iterator[Verdict]:
    """The host stands between two states until the run is resumed or rolled back.

    A tftp that a run opened for a fetch and could not close is a low finding of its own.
    """
    if runs is None:
        yield NotApplicable("no run of nimdoctor fix is recorded here")
        return
    for run in runs.unfinished():
        yield Finding(
            f"run {run.name} ({', '.join(run.fixes) or 'fixes not known'}) is {run.state}",
            evidence=[run.at],
            objects=[run.name],
            cure=f"nimdoctor fix --resume {run.name} goes on with it; nimdoctor rollback {run.name} takes it back",
            run=f"nimdoctor fix --resume {run.name}",
        )
    for run in runs.runs:
        if run.left_open:
            yield Finding(
                f"run {run.name}: {run.left_open}",
                evidence=[run.at],
                objects=[run.name],
                severity=Severity.LOW,
                cause="somebody may have been using it when the run wanted to close it",
                impact="tftpd goes on serving files, as far as /etc/tftpaccess.ctl lets it",
                cure="once nobody boots or fetches: nimdoctor rollback --only enable-tftp, or comment the row out and refresh -s inetd",
                run=f"nimdoctor rollback {run.name} --only enable-tftp",
            )
    if runs.runs:
        newest = runs.runs[-1]
        yield Passed(f"{count(len(runs.runs), 'run')}, the newest ({newest.name}) is {newest.state}", [newest.at])
