"""`nimdoctor fix`, `rollback` and `runs`: plan a cure, carry it out, take it back, see what was done."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

import typer

from nimdoctor.cli.interrupt import HERE, THERE, Interruption
from nimdoctor.cli.output import INTERRUPTED, Format, UsageError, lines, say, width, write
from nimdoctor.cli.scan import end_like_ctrl_c, local_rules
from nimdoctor.wording import count, visible

if TYPE_CHECKING:
    from nimdoctor.plan.document import Plan, Refusal
    from nimdoctor.plan.execute import Result
    from nimdoctor.plan.fix import Options
    from nimdoctor.registry import Registry
    from nimdoctor.repair import Repair

REFUSED = 1
"""Exit status of a fix that was refused, stopped, restored or is waiting."""


_TARGET = typer.Option(
    None, "--target", metavar="TARGET", help="Whose runs: root:DIR or ssh:[USER@]HOST; this host's without it."
)


def _complete_fixes(incomplete: str) -> List[str]:
    from nimdoctor.registry import Registry

    return [fix.id for fix in Registry().fixes() if fix.id.startswith(incomplete)]


def fix(
    target: Optional[str] = typer.Argument(
        None,
        metavar="[TARGET]",
        help="Nothing for this host; root:DIR; ssh:[USER@]HOST; evidence, for which a plan can be shown.",
    ),
    master: Optional[str] = typer.Option(None, "--master", metavar="TARGET", help="The NIM master."),
    only: Optional[List[str]] = typer.Option(
        None, "--only", metavar="ID", help="Only this fix; may be repeated.", autocompletion=_complete_fixes
    ),
    apply: bool = typer.Option(False, "--apply", help="Carry the plan out; without it, it is only shown."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
    affects: Optional[int] = typer.Option(
        None, "--affects", metavar="N", help="Confirm that N other clients lose their push by the plan."
    ),
    accept_hung: str = typer.Option(
        "", "--accept-hung", metavar="NAME", help="Accept this client's operation that is proved to hang."
    ),
    plan: Optional[str] = typer.Option(
        None, "--plan", metavar="FILE", help="Write the plan there; with --apply, read it."
    ),
    script: Optional[str] = typer.Option(None, "--script", metavar="DIR", help="Write the plan as ksh scripts."),
    resume: Optional[str] = typer.Option(None, "--resume", metavar="RUN", help="Go on with a run, or with `last`."),
    state_dir: Optional[str] = typer.Option(
        None, "--state-dir", metavar="DIR", help="Where the target's runs are kept."
    ),
    probe: bool = typer.Option(False, "--probe", help="Also ask the other end over the network, and push at the end."),
    transient_tftp: bool = typer.Option(False, "--transient-tftp", help="Switch tftp on for the fetch only."),
    lpp_source: str = typer.Option("", "--lpp-source", metavar="NAME", help="Which lpp_source has the filesets."),
    format: Format = typer.Option(Format.TEXT, "--format", help="How plan and result are written."),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one reading command may take."
    ),
) -> int:
    """Show one plan for all that was found; with --apply carry it out and prove it."""
    from nimdoctor.plan.fix import Options
    from nimdoctor.registry import Registry
    from nimdoctor.repair import Repair, TargetError, Where
    from nimdoctor.waiting import Waiting

    over_ssh = _over_ssh(target, state_dir, probe)
    registry = Registry()
    named = tuple(only or ())
    _known_fixes(registry, named)
    if resume is not None:
        if plan or script:
            raise UsageError("--resume goes on with the plan of its run: give neither --plan nor --script with it")
        return _resume(resume, target, state_dir, registry, Options(probe=probe), yes, format, timeout)
    options = Options(named, transient_tftp, lpp_source, accept_hung, probe)
    try:
        saved = _saved(plan) if plan and apply else None
    except _Refused as error:
        return _refuse(None, [str(error)], format)
    if saved is not None:
        options = _saved_options(saved, options)
        master = master or _saved_master(saved)
    waiting = Waiting()
    restore = end_like_ctrl_c()
    try:
        where = Where(target or "", master, state_dir, timeout)
        kind = Repair
        if over_ssh:
            from nimdoctor.repair_over_ssh import RemoteRepair

            kind = RemoteRepair
        repair = _open(kind, where, registry, options, waiting)
        try:
            return _fix(repair, saved, apply, yes, affects, plan, script, format)
        except TargetError as error:
            raise UsageError(visible(str(error))) from error
        finally:
            repair.close()
    finally:
        waiting.close()
        restore()


def _over_ssh(target: Optional[str], state_dir: Optional[str], probe: bool) -> bool:
    """Whether the target is reached over ssh. Raises UsageError for what cannot be done so."""
    if not target or not target.startswith("ssh:"):
        return False
    if state_dir is not None:
        raise UsageError(f"--state-dir is for runs that are kept here: on {visible(target)} it is /var/adm/nimdoctor")
    if probe:
        raise UsageError(
            f"--probe asks the network from the host that is repaired, and {visible(target)} is asked from here: give "
            "--master, or run nimdoctor fix on that host"
        )
    return True


def _open(kind: Any, where: Any, registry: "Registry", options: Any, waiting: Any) -> "Repair":
    from nimdoctor.plan.place import Refused
    from nimdoctor.repair import TargetError

    try:
        rules = () if where.target == "" or where.target.startswith(("root:", "ssh:")) else local_rules()
        repair: Repair = kind(where, registry, options, rules=rules, progress=waiting, say=say)
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    except Refused as error:
        raise UsageError(visible(str(error))) from error
    return repair


def _known_fixes(registry: "Registry", names: "tuple[str, ...]") -> None:
    from nimdoctor.registry import close_ids

    fixes = registry.fixes()
    for name in names:
        if name in {fix.id for fix in fixes}:
            continue
        check = next((check for check in registry.checks() if check.id == name), None)
        if check and check.fix:
            raise UsageError(f"{name!r} is a check; its fix is {check.fix}: --only {check.fix}")
        close = close_ids(name, fixes)
        hint = f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(one.id for one in fixes)}"
        raise UsageError(f"there is no fix {name!r}{hint}")


def _saved(path: str) -> "Plan":
    from nimdoctor.evidence.files import open_regular
    from nimdoctor.plan.document import BadPlan, parse
    from nimdoctor.text import TEXT_LIMIT

    try:
        with open_regular(path) as stream:
            return parse(stream.read(TEXT_LIMIT))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except BadPlan as error:
        raise _Refused(f"{path} is no plan that can be applied: {error}") from error


class _Refused(Exception):
    """A saved plan that is refused; the message is one line."""


def _saved_options(saved: "Plan", typed: "Options") -> "Options":
    """The options a saved plan was made with. Raises UsageError where others were typed: the plan would be another."""
    words = {
        "only": "--only",
        "transient_tftp": "--transient-tftp",
        "lpp_source": "--lpp-source",
        "accept_hung": "--accept-hung",
    }
    for name, word in words.items():
        value = getattr(typed, name)
        if value and value != getattr(saved.options, name):
            raise UsageError(f"the saved plan was made without this {word}: make a plan with it, or apply it as it is")
    return saved.options._replace(probe=typed.probe or saved.options.probe)


def _saved_master(saved: "Plan") -> Optional[str]:
    from nimdoctor.model import Role

    client, master = saved.hosts.get(Role.CLIENT), saved.hosts.get(Role.MASTER)
    return master.target if client and master and master.target != client.target else None


def _fix(
    repair: "Repair",
    saved: "Optional[Plan]",
    apply: bool,
    yes: bool,
    affects: Optional[int],
    plan_file: Optional[str],
    script: Optional[str],
    format: Format,
) -> int:
    plan = repair.plan
    open_runs = repair.unfinished()
    if open_runs and format is Format.TEXT:
        write("\n".join(map(visible, open_runs)) + "\n\n", None)
    if saved is not None:
        stale = repair.stale(saved)
        if stale:
            return _refuse(plan, [f"stale plan {saved.id[:16]}: {reason}" for reason in stale], format, open_runs)
        repair.render_as(saved)
    if script is not None:
        _write_scripts(repair, script)
    if not apply:
        _show(repair, open_runs, format)
        if plan_file:
            _write_plan(plan, plan_file)
        return REFUSED if plan.steps or plan.advice or open_runs else 0
    if open_runs:
        return _refuse(plan, open_runs, format, open_runs)
    if not plan.steps:
        _show(repair, open_runs, format)
        return REFUSED if plan.advice else 0
    refusals = {(one.step, one.must): one for one in [*repair.refusals(), *plan.refusals]}
    reasons = [_words(one) for one in refusals.values()] or _unconfirmed(plan, affects)
    if reasons:
        if format is Format.TEXT:
            _show(repair, [], format)
        return _refuse(plan, list(dict.fromkeys(reasons)), format)
    if not yes:
        answer = _asked(repair, format)
        if answer:
            return _refuse(plan, [answer], format)
    return _apply(repair, format)


def _unconfirmed(plan: "Plan", affects: Optional[int]) -> List[str]:
    """Why --affects does not confirm what the plan does to other clients; empty when it does."""
    clients = plan.affects.clients if plan.affects else ()
    if affects == len(clients) or (affects is None and not clients):
        return []
    who = f"{count(len(clients), 'other client')} ({', '.join(clients)})" if clients else "no other client"
    loses = "loses its push" if len(clients) < 2 else "lose their push"
    return [f"{who} {loses} by this plan: repeat their number with --affects {len(clients)}"]


def _asked(repair: "Repair", format: Format) -> str:
    """Asks on a terminal; why the plan is not applied, or empty when the answer is yes."""
    plan = repair.plan
    if format is Format.TEXT:
        _show(repair, [], format)
    licence = any("accept_licenses=yes" in getattr(step.do, "argv", ()) for step in plan.steps)
    if licence and _terminal():
        print("This accepts the licence of the OpenSSL filesets.", file=sys.stderr)
    return _answer(f"Apply this plan ({count(len(plan.steps), 'step')}, risk {plan.risk})?", "applies")


def _terminal() -> bool:
    return bool(sys.stdin and sys.stdin.isatty())


def _answer(question: str, yes_does: str) -> str:
    """Why not, or empty when somebody at a terminal typed yes."""
    if not _terminal():
        return f"nobody can be asked: no terminal; --yes {yes_does} without a question"
    print(f"{question} Type yes: ", end="", file=sys.stderr, flush=True)
    return "" if sys.stdin.readline().strip().lower() == "yes" else "the answer was not yes"


def _apply(repair: "Repair", format: Format) -> int:
    from nimdoctor.plan.execute import Locked, NotApplied
    from nimdoctor.plan.place import Refused

    plan = repair.plan
    try:
        with Interruption(THERE if repair.where.target.startswith("ssh:") else HERE) as interrupted:
            result = repair.apply(interrupted)
    except NotApplied as error:
        return _refuse(plan, [_words(one) for one in error.refusals], format)
    except (Locked, Refused) as error:
        return _refuse(plan, [str(error)], format)
    except OSError as error:
        return _refuse(plan, [_failed_at(error)], format)
    _show_result(result, plan, format)
    return _status(result, interrupted)


def _status(result: "Result", interrupted: Interruption) -> int:
    if result.good:
        return 0
    return INTERRUPTED if interrupted.noted else REFUSED


def _failed_at(error: OSError) -> str:
    return f"{error.filename or 'the state directory'}: {error.strerror or error}"


def _resume(
    name: str, target: Optional[str], state_dir: Optional[str], registry: "Registry", options: Any, yes: bool,
    format: Format, timeout: float,
) -> int:  # fmt: skip
    from nimdoctor.plan.execute import Locked, NotApplied
    from nimdoctor.plan.place import Refused
    from nimdoctor.repair import TargetError

    runs = _runs(target, state_dir, registry, timeout)
    run = _found(runs, name)
    from nimdoctor.facts.repair_runs import UNFINISHED

    if run.state not in (*UNFINISHED, *runs.retold):
        raise UsageError(f"run {run.name} is {run.state}: there is nothing to go on with")
    answer = "" if yes or run.state in runs.retold else _answer(f"Go on with run {run.name} ({run.state})?", "goes on")
    if answer:
        return _refuse(None, [answer], format)
    try:
        plan = run.plan()
        with Interruption(THERE if runs.remote else HERE) as interrupted:
            result = runs.resume(run, options, interrupted)
    except NotApplied as error:
        return _refuse(None, [_words(one) for one in error.refusals], format)
    except (Locked, Refused) as error:
        return _refuse(None, [str(error)], format)
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    except OSError as error:
        return _refuse(None, [_failed_at(error)], format)
    finally:
        runs.close()
    _show_result(result, plan, format)
    return _status(result, interrupted)


def _found(runs: Any, name: str) -> Any:
    """The run of that name. Raises UsageError where there is none."""
    from nimdoctor.plan.place import Refused
    from nimdoctor.repair import TargetError

    try:
        return runs.find(name)
    except (Refused, TargetError) as error:
        runs.close()
        raise UsageError(visible(str(error))) from error


def rollback(
    run: str = typer.Argument("last", metavar="[RUN]", help="The run to take back; the last one without it."),
    only: Optional[List[str]] = typer.Option(
        None, "--only", metavar="FIX", help="Only this fix's steps; may be repeated.", autocompletion=_complete_fixes
    ),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
    state_dir: Optional[str] = typer.Option(None, "--state-dir", metavar="DIR", help="Where the runs are kept."),
    target: Optional[str] = _TARGET,
    format: Format = typer.Option(Format.TEXT, "--format", help="How the result is written."),
) -> int:
    """Take a run back, down to the last step that cannot be undone."""
    from nimdoctor.plan.execute import Locked
    from nimdoctor.plan.place import Refused
    from nimdoctor.registry import Registry
    from nimdoctor.repair import TargetError

    registry = Registry()
    _known_fixes(registry, tuple(only or ()))
    runs = _runs(target, state_dir, registry, 30.0)
    found = _found(runs, run)
    answer = "" if yes else _answer(f"Take back run {found.name} ({found.state})?", "takes it back")
    if answer:
        return _not_taken_back(found.name, answer, format)
    try:
        with Interruption(THERE if runs.remote else HERE) as interrupted:
            done = runs.roll_back(found, tuple(only or ()), interrupted)
    except (Refused, Locked) as error:
        return _not_taken_back(found.name, str(error), format)
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    except OSError as error:
        return _not_taken_back(found.name, _failed_at(error), format)
    finally:
        runs.close()
    if format is Format.JSON:
        from nimdoctor.report.plan_json import render_rolled_back as render
    else:
        from nimdoctor.report.plan_text import render_rolled_back as render
    write(render(done), None)
    return 0 if done.good else REFUSED


def _not_taken_back(run: str, reason: str, format: Format) -> int:
    say(lines(f"refused: {reason}"))
    if format is Format.JSON:
        from nimdoctor.report.plan_json import render_rollback_refused

        write(render_rollback_refused(run, [reason]), None)
    return REFUSED


def runs(
    state_dir: Optional[str] = typer.Option(None, "--state-dir", metavar="DIR", help="Where the runs are kept."),
    format: Format = typer.Option(Format.TEXT, "--format", help="How the list is written."),
    followed: Optional[str] = typer.Option(
        None, "--followed", metavar="NAME", help="Say that this client has fetched its new certificate."
    ),
    target: Optional[str] = _TARGET,
) -> int:
    """List the runs of `fix` and what became of each."""
    if target is not None and target.startswith("ssh:"):
        return _runs_over_ssh(target, state_dir, followed, format)
    from nimdoctor.plan import runs as recorded
    from nimdoctor.plan.place import Refused

    state = _state(target, state_dir)
    status = 0
    if followed is not None:
        try:
            if not recorded.mark_followed(state, followed):
                raise UsageError(f"no run in {state} waits for a client {followed!r}")
        except (Refused, OSError) as error:
            say(lines(f"refused: {error}"))
            status = REFUSED
    found = [recorded.as_dict(run) for run in recorded.every(state)]
    _show_runs(found, state, format)
    return status


def _runs_over_ssh(target: str, state_dir: Optional[str], followed: Optional[str], format: Format) -> int:
    from nimdoctor.evidence.catalog import STATE_DIRECTORY
    from nimdoctor.plan.place import Refused
    from nimdoctor.registry import Registry
    from nimdoctor.repair import TargetError

    if followed is not None:
        raise UsageError("--followed is noted in the journal of a nimdoctor on the host: log in there for it")
    runs = _runs(target, state_dir, Registry(), 30.0)
    try:
        found = [one.as_dict() for one in runs.every()]
    except (Refused, TargetError) as error:
        raise UsageError(visible(str(error))) from error
    finally:
        runs.close()
    _show_runs(found, STATE_DIRECTORY, format)
    return 0


def _show_runs(found: List[Dict[str, Any]], state: str, format: Format) -> None:
    if format is Format.JSON:
        from nimdoctor.report.plan_json import render_runs as render
    else:
        from nimdoctor.report.plan_text import render_runs as render
    write(render(found, state), None)


def _state(target: Optional[str], state_dir: Optional[str]) -> str:
    """Where the runs on a target are kept. Raises UsageError where it has none."""
    from nimdoctor.plan.place import Refused
    from nimdoctor.repair import absolute, state_directory

    try:
        state = state_directory(absolute(target or ""), state_dir)
    except Refused as error:
        raise UsageError(visible(str(error))) from error
    if not state:
        raise UsageError(f"{target}: recorded evidence has no runs")
    return state


def _runs(target: Optional[str], state_dir: Optional[str], registry: "Registry", timeout: float) -> Any:
    """The runs of a target: a `Runs`, or over ssh a `RemoteRuns`, which is asked in the same words. Raises UsageError."""
    if _over_ssh(target, state_dir, False):
        from nimdoctor.repair import TargetError
        from nimdoctor.repair_over_ssh import RemoteRuns

        try:
            return RemoteRuns(target or "", registry, timeout=timeout, say=say)
        except TargetError as error:
            raise UsageError(visible(str(error))) from error
    from nimdoctor.repair import Runs

    return Runs(_state(target, state_dir), registry, timeout=timeout, say=say)


# -- showing


def _show(repair: "Repair", open_runs: List[str], format: Format) -> None:
    if format is Format.JSON:
        from nimdoctor.report import plan_json

        write(plan_json.render_plan(repair.plan, open_runs), None)
        return
    from nimdoctor.report.plan_text import render_plan

    write(render_plan(repair.plan, width=width(), command=repair.command), None)


def _show_result(result: "Result", plan: "Plan", format: Format) -> None:
    if format is Format.JSON:
        from nimdoctor.report import plan_json

        write(plan_json.render_result(plan, result), None)
        return
    from nimdoctor.report.plan_text import render_result

    write(render_result(result, plan, width=width()), None)


def _refuse(plan: "Optional[Plan]", reasons: List[str], format: Format, open_runs: Sequence[str] = ()) -> int:
    """Says why nothing was done: on stderr, and as a document where one is asked for."""
    for reason in reasons:
        say(lines(f"refused: {reason}"))
    if format is Format.JSON:
        from nimdoctor.report.plan_json import render_refused

        write(render_refused(plan, reasons, open_runs), None)
    return REFUSED


def _words(one: "Refusal") -> str:
    return f"{one.step + ': ' if one.step else ''}it must hold that {one.must}, but {one.seen}"


def _write_plan(plan: "Plan", path: str) -> None:
    from nimdoctor.atomic import write_whole

    try:
        write_whole(path, json.dumps(plan.as_dict(), indent=1).encode("ascii") + b"\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
    say(f"the plan was written to {visible(path)}")


def _write_scripts(repair: "Repair", directory: str) -> None:
    from nimdoctor.atomic import write_whole

    if not repair.plan.steps:
        say("no script was written: the plan has no step")
        return
    try:
        os.makedirs(directory, 0o700, exist_ok=True)
        for name, content in repair.scripts().items():
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            write_whole(path, content, 0o700 if name.endswith(".ksh") else 0o600)
    except OSError as error:
        raise UsageError(f"{directory} cannot be written: {error.strerror or error}") from error
    say(f"apply.ksh, rollback.ksh, README and plan.json were written to {visible(directory)}")
