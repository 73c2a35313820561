"""`nimdoctor rollback` and `runs`, and `fix --resume`: runs on record, of this host, of another root or over ssh."""

import contextlib
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

import typer

from nimdoctor.cli.ending import (
    REFUSED,
    answer_to,
    complete_fixes,
    failed_at,
    known_fixes,
    over_ssh,
    refuse,
    show_result,
    status_of,
    words_of,
)
from nimdoctor.cli.interrupt import HERE, THERE, Interruption
from nimdoctor.cli.output import Format, UsageError, lines, say, write
from nimdoctor.model.wording import visible

if TYPE_CHECKING:
    from nimdoctor.library.registry import Registry

_TARGET = typer.Option(
    None, "--target", metavar="TARGET", help="Whose runs: root:DIR or ssh:[USER@]HOST; this host's without it."
)


def resume_run(
    name: str, target: Optional[str], state_dir: Optional[str], registry: "Registry", options: Any, yes: bool,
    format: Format, timeout: float,
) -> int:  # fmt: skip
    """Goes on with a run; the exit status is that of the command. Raises UsageError."""
    with contextlib.closing(_runs(target, state_dir, registry, timeout)) as runs:
        return _resume(runs, _found(runs, name), options, yes, format)


def _resume(runs: Any, run: Any, options: Any, yes: bool, format: Format) -> int:
    from nimdoctor.applying.execute import Locked, NotApplied
    from nimdoctor.facts.repair_runs import SUSPICIOUS, UNFINISHED
    from nimdoctor.library.repair import TargetError
    from nimdoctor.system.refused import Refused

    if run.state == SUSPICIOUS:
        return refuse(None, [_doubt(run)], format)
    if run.state not in (*UNFINISHED, *runs.retold):
        raise UsageError(f"run {run.name} is {run.state}: there is nothing to go on with")
    if not yes and run.state not in runs.retold:
        answer = answer_to(f"Go on with run {run.name} ({run.state})?", "goes on")
        if answer:
            return refuse(None, [answer], format)
    try:
        plan = run.plan()
        with Interruption(THERE if runs.remote else HERE) as interrupted:
            result = runs.resume(run, options, interrupted)
    except NotApplied as error:
        return refuse(None, [words_of(one) for one in error.refusals], format)
    except (Locked, Refused) as error:
        return refuse(None, [str(error)], format)
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    except OSError as error:
        return refuse(None, [failed_at(error)], format)
    show_result(result, plan, format)
    return status_of(result, interrupted)


def _found(runs: Any, name: str) -> Any:
    """The run of that name. Raises UsageError where there is none."""
    from nimdoctor.library.repair import TargetError
    from nimdoctor.system.refused import Refused

    try:
        return runs.find(name)
    except (Refused, TargetError) as error:
        raise UsageError(visible(str(error))) from error
    except PermissionError as error:
        raise UsageError(f"{failed_at(error)}: run nimdoctor as root") from error


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
    from nimdoctor.library.registry import Registry

    registry = Registry()
    known_fixes(registry, tuple(only or ()))
    with contextlib.closing(_runs(target, state_dir, registry, 30.0)) as kept:
        return _roll_back(kept, _found(kept, run), tuple(only or ()), yes, format)


def _doubt(run: Any) -> str:
    """Why a run is suspicious, and what to do about it."""
    from nimdoctor.applying.custody import Suspicious

    try:
        run.refuse_doubt()
    except Suspicious as error:
        return str(error)
    return ""


def _roll_back(runs: Any, found: Any, only: Tuple[str, ...], yes: bool, format: Format) -> int:
    from nimdoctor.applying.execute import Locked
    from nimdoctor.facts.repair_runs import SUSPICIOUS
    from nimdoctor.library.repair import TargetError
    from nimdoctor.system.refused import Refused

    if found.state == SUSPICIOUS:
        return _not_taken_back(found.name, _doubt(found), format)
    answer = "" if yes else answer_to(f"Take back run {found.name} ({found.state})?", "takes it back")
    if answer:
        return _not_taken_back(found.name, answer, format)
    try:
        with Interruption(THERE if runs.remote else HERE) as interrupted:
            done = runs.roll_back(found, only, interrupted)
    except (Refused, Locked) as error:
        return _not_taken_back(found.name, str(error), format, getattr(error, "stands", ()))
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    except OSError as error:
        return _not_taken_back(found.name, failed_at(error), format)
    if format is Format.JSON:
        from nimdoctor.report.plan_json import render_rolled_back as render
    else:
        from nimdoctor.report.plan_text import render_rolled_back as render
    write(render(done), None)
    return 0 if done.good else REFUSED


def _not_taken_back(run: str, reason: str, format: Format, stands: Sequence[str] = ()) -> int:
    say(lines(f"refused: {reason}"))
    if format is Format.JSON:
        from nimdoctor.report.plan_json import render_rollback_refused

        write(render_rollback_refused(run, reason.splitlines()[:1], stands), None)
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
    if target is not None and target.startswith("ssh:"):
        if prune is not None:
            raise UsageError("--prune removes runs of a nimdoctor on the host: log in there for it")
        return _runs_over_ssh(target, state_dir, followed, format)
    from nimdoctor.applying import runs as recorded
    from nimdoctor.system.refused import Refused

    state = _state(target, state_dir)
    status = 0
    try:
        if any(recorded.believed(run).state == "applied-unverified" for run in recorded.every(state)):
            # what scans a host is loaded only where there is something to look for
            from nimdoctor.library.registry import Registry
            from nimdoctor.library.run_records import Runs

            Runs(state, Registry(), say=say).look_for_pushes()
    except PermissionError as error:
        raise UsageError(f"{failed_at(error)}: run nimdoctor as root") from error
    if followed is not None:
        try:
            if not recorded.mark_followed(state, followed):
                raise UsageError(f"no run in {state} waits for a client {followed!r}")
        except (Refused, OSError) as error:
            say(lines(f"refused: {error}"))
            status = REFUSED
    pruned = None
    if prune is not None:
        pruned, why = _pruned(state, prune)
        if why:
            say(lines(f"refused: {why}"))
            status = REFUSED
    found = [recorded.as_dict(run) for run in recorded.every(state)]
    _show_runs(found, state, format, pruned)
    return status


def _pruned(state: str, days: int) -> Tuple[Any, str]:
    """What was removed and kept, or None and why nothing was."""
    from datetime import datetime, timezone

    from nimdoctor.applying.lock import Locked
    from nimdoctor.applying.prune import prune
    from nimdoctor.system.refused import Refused

    try:
        return prune(state, days, datetime.now(timezone.utc)), ""
    except (Locked, Refused) as error:
        return None, str(error)
    except OSError as error:
        return None, failed_at(error)


def _runs_over_ssh(target: str, state_dir: Optional[str], followed: Optional[str], format: Format) -> int:
    from nimdoctor.evidence.catalog import STATE_DIRECTORY
    from nimdoctor.library.registry import Registry
    from nimdoctor.library.repair import TargetError
    from nimdoctor.system.refused import Refused

    if followed is not None:
        raise UsageError("--followed is noted in the journal of a nimdoctor on the host: log in there for it")
    with contextlib.closing(_runs(target, state_dir, Registry(), 30.0)) as kept:
        try:
            found = [one.as_dict() for one in kept.every()]
        except (Refused, TargetError) as error:
            raise UsageError(visible(str(error))) from error
    _show_runs(found, STATE_DIRECTORY, format)
    return 0


def _show_runs(found: List[Dict[str, Any]], state: str, format: Format, pruned: Any = None) -> None:
    if format is Format.JSON:
        from nimdoctor.report.plan_json import render_runs as render
    else:
        from nimdoctor.report.plan_text import render_runs as render
    write(render(found, state, pruned), None)


def _state(target: Optional[str], state_dir: Optional[str]) -> str:
    """Where the runs on a target are kept. Raises UsageError where it has none."""
    from nimdoctor.library.repair import absolute, state_directory
    from nimdoctor.system.refused import Refused

    try:
        state = state_directory(absolute(target or ""), state_dir)
    except Refused as error:
        raise UsageError(visible(str(error))) from error
    if not state:
        raise UsageError(f"{target}: recorded evidence has no runs")
    return state


def _runs(target: Optional[str], state_dir: Optional[str], registry: "Registry", timeout: float) -> Any:
    """The runs of a target: a `Runs`, or over ssh a `RemoteRuns`, which is asked in the same words. Raises UsageError."""
    if over_ssh(target, state_dir, False):
        from nimdoctor.library.repair import TargetError
        from nimdoctor.library.repair_over_ssh import RemoteRuns

        try:
            return RemoteRuns(target or "", registry, timeout=timeout, say=say)
        except TargetError as error:
            raise UsageError(visible(str(error))) from error
    from nimdoctor.library.run_records import Runs

    return Runs(_state(target, state_dir), registry, timeout=timeout, say=say)
