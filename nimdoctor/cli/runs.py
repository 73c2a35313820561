"""`nimdoctor rollback` and `runs`, and `fix --resume`: runs on record, of this host, of another root or over ssh."""

import contextlib
from typing import TYPE_CHECKING, List, Optional

import typer

from nimdoctor.cli.ending import REFUSED, answer_to, complete_fixes, refuse, show_result, status_of
from nimdoctor.cli.output import Format, lines, say, width, write
from nimdoctor.library.interruption import HERE, THERE, Interruption

if TYPE_CHECKING:
    from nimdoctor.library.errors import Refused
    from nimdoctor.library.registry import Registry
    from nimdoctor.library.run_commands import RecordedRun
    from nimdoctor.planning.fix import Options

_TARGET = typer.Option(
    None, "--target", metavar="TARGET", help="Whose runs: root:DIR or ssh:[USER@]HOST; this host's without it."
)


def resume_run(
    name: str, target: Optional[str], state_dir: Optional[str], registry: "Registry", options: "Options", yes: bool,
    format: Format, timeout: float,
) -> int:  # fmt: skip
    """Goes on with a run; the exit status is that of the command. Raises UsageError, TargetError."""
    from nimdoctor.library.errors import Refused
    from nimdoctor.library.run_commands import RecordedRun, RunsRequest

    where = RunsRequest(target or "", state_dir, timeout)
    with contextlib.closing(RecordedRun(where, name, registry=registry, say=say)) as recorded:
        interrupted = _interruption(recorded)
        run = recorded.run

        def confirm() -> str:
            return "" if yes else answer_to(f"Go on with run {run.name} ({run.state})?", "goes on")

        try:
            result = recorded.resume(options, confirm=confirm, interruption=interrupted)
        except Refused as error:
            return refuse(error, format)
    show_result(result, format)
    return status_of(result, interrupted)


def _interruption(recorded: "RecordedRun") -> Interruption:
    return Interruption(say, THERE if recorded.remote else HERE)


def rollback(
    run: str = typer.Argument("last", metavar="[RUN]", help="The run to take back; the last one without it."),
    only: Optional[List[str]] = typer.Option(
        None, "--only", metavar="FIX", help="Only this fix's steps; may be repeated.", autocompletion=complete_fixes
    ),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
    state_dir: Optional[str] = typer.Option(None, "--state-dir", metavar="DIR", help="Where the runs are kept."),
    target: Optional[str] = _TARGET,
    format: Format = typer.Option(Format.TEXT, "--format", help="How the result is written."),
) -> int:
    """Take a run back, down to the last step that cannot be undone."""
    from nimdoctor.library.errors import Refused
    from nimdoctor.library.registry import Registry
    from nimdoctor.library.run_commands import RecordedRun, RunsRequest
    from nimdoctor.library.session import known_fixes

    registry = Registry()
    known_fixes(registry, tuple(only or ()))
    where = RunsRequest(target or "", state_dir)
    with contextlib.closing(RecordedRun(where, run, registry=registry, say=say)) as recorded:
        found = recorded.run

        def confirm() -> str:
            return "" if yes else answer_to(f"Take back run {found.name} ({found.state})?", "takes it back")

        try:
            done = recorded.roll_back(only or (), confirm=confirm, interruption=_interruption(recorded))
        except Refused as error:
            return _not_taken_back(found.name, error, format)
    if format is Format.JSON:
        from nimdoctor.report.plan_json import rolled_back_as_dict, text

        write(text(rolled_back_as_dict(done)), None)
    else:
        from nimdoctor.report.run_text import render_rolled_back

        write(render_rolled_back(done, width=width()), None)
    return 0 if done.good else REFUSED


def _not_taken_back(run: str, error: "Refused", format: Format) -> int:
    for reason in error.reasons:
        say(lines(f"refused: {reason}"))
    if format is Format.JSON:
        from nimdoctor.report.plan_json import rollback_refused_as_dict, text

        reasons = [line for reason in error.reasons for line in reason.splitlines()[:1]]
        write(text(rollback_refused_as_dict(run, reasons, error.stands)), None)
    return REFUSED


def runs(
    state_dir: Optional[str] = typer.Option(None, "--state-dir", metavar="DIR", help="Where the runs are kept."),
    format: Format = typer.Option(Format.TEXT, "--format", help="How the list is written."),
    followed: Optional[str] = typer.Option(
        None, "--followed", metavar="NAME", help="Say that this client has fetched its new certificate."
    ),
    prune: Optional[int] = typer.Option(
        None, "--prune", metavar="DAYS", min=0, max=36500, help="Remove runs that are complete for so long."
    ),
    target: Optional[str] = _TARGET,
) -> int:
    """List the runs of `fix` and what became of each."""
    from nimdoctor.library.run_commands import RunsRequest, list_runs

    found = list_runs(RunsRequest(target or "", state_dir), followed=followed, prune_days=prune, say=say)
    for reason in found.refused:
        say(lines(f"refused: {reason}"))
    if format is Format.JSON:
        from nimdoctor.report.plan_json import text

        write(text(found.to_dict()), None)
    else:
        from nimdoctor.report.run_text import render_runs

        write(render_runs(found.runs, found.state_directory, found.pruned, width=width()), None)
    return REFUSED if found.refused else 0
