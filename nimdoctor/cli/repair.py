"""`nimdoctor fix`: plan a cure, show it, carry it out."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any, List, Optional

import typer

from nimdoctor.cli.ending import (
    REFUSED,
    UNDECIDED,
    answer_to,
    complete_fixes,
    failed_at,
    known_fixes,
    over_ssh,
    refuse,
    show_result,
    status_of,
    terminal,
    words_of,
)
from nimdoctor.cli.interrupt import HERE, THERE, Interruption
from nimdoctor.cli.output import Format, UsageError, say, width, write
from nimdoctor.cli.runs import resume_run
from nimdoctor.cli.scan import end_like_ctrl_c, local_rules
from nimdoctor.model.wording import count, visible

CHANGE_LIMIT = 64
"""Characters of the number of a change."""

if TYPE_CHECKING:
    from nimdoctor.library.registry import Registry
    from nimdoctor.library.repair import Repair
    from nimdoctor.planning.document import Plan
    from nimdoctor.planning.fix import Options


def fix(
    target: Optional[str] = typer.Argument(
        None,
        metavar="[TARGET]",
        help="Nothing for this host; root:DIR; ssh:[USER@]HOST; evidence, for which a plan can be shown.",
    ),
    master: Optional[str] = typer.Option(None, "--master", metavar="TARGET", help="The NIM master."),
    only: Optional[List[str]] = typer.Option(
        None, "--only", metavar="ID", help="Only this fix; may be repeated.", autocompletion=complete_fixes
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
    script: Optional[str] = typer.Option(
        None, "--script", metavar="DIR", help="Write the plan as a change package: ksh scripts and a README."
    ),
    resume: Optional[str] = typer.Option(None, "--resume", metavar="RUN", help="Go on with a run, or with `last`."),
    state_dir: Optional[str] = typer.Option(
        None, "--state-dir", metavar="DIR", help="Where the target's runs are kept."
    ),
    probe: bool = typer.Option(False, "--probe", help="Also ask the other end over the network, and push at the end."),
    evidence_age: Optional[int] = typer.Option(
        None,
        "--evidence-age",
        metavar="MINUTES",
        min=0,
        max=10**6,
        help="How long recorded evidence of the other end counts for --apply; 15 where it is not given.",
    ),
    transient_tftp: bool = typer.Option(False, "--transient-tftp", help="Switch tftp on for the fetch only."),
    lpp_source: str = typer.Option("", "--lpp-source", metavar="NAME", help="Which lpp_source has the filesets."),
    change: str = typer.Option("", "--change", metavar="NUMBER", help="The change it is made for, kept with the run."),
    format: Format = typer.Option(Format.TEXT, "--format", help="How plan and result are written."),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one reading command may take."
    ),
) -> int:
    """Show one plan for all that was found; with --apply carry it out and prove it."""
    from nimdoctor.cli.waiting import Waiting
    from nimdoctor.library.registry import Registry
    from nimdoctor.library.repair import Repair, RepairTarget, TargetError
    from nimdoctor.planning.ends import EVIDENCE_AGE
    from nimdoctor.planning.fix import Options

    there = over_ssh(target, state_dir, probe)
    registry = Registry()
    named = tuple(only or ())
    registry.fixes()
    unloaded = [
        f"nimdoctor's own {one.name} does not load: {one.reason}; install it again" for one in registry.unloaded()
    ]
    if unloaded:
        # what it would have found, or forbidden, nobody knows
        return refuse(None, unloaded, format)
    minutes = EVIDENCE_AGE if evidence_age is None else evidence_age
    known_fixes(registry, named)
    if resume is not None:
        if plan or script or change:
            raise UsageError("--resume goes on with the plan of its run: give no --plan, --script or --change with it")
        chosen = Options(probe=probe, evidence_age=minutes)
        return resume_run(resume, target, state_dir, registry, chosen, yes, format, timeout)
    options = Options(named, transient_tftp, lpp_source, accept_hung, probe, _change(change), minutes)
    try:
        saved = _saved(plan) if plan and apply else None
    except _Refused as error:
        return refuse(None, [str(error)], format)
    if saved is not None:
        options = _saved_options(saved, options)
        master = master or _saved_master(saved)
    waiting = Waiting()
    restore = end_like_ctrl_c()
    try:
        where = RepairTarget(target or "", master, state_dir, timeout)
        kind = Repair
        if there:
            from nimdoctor.library.repair_over_ssh import RemoteRepair

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


def _open(kind: Any, where: Any, registry: "Registry", options: Any, waiting: Any) -> "Repair":
    from nimdoctor.library.repair import TargetError
    from nimdoctor.system.host_files import Refused

    try:
        rules = () if where.target == "" or where.target.startswith(("root:", "ssh:")) else local_rules()
        repair: Repair = kind(where, registry, options, rules=rules, progress=waiting, say=say)
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    except Refused as error:
        raise UsageError(visible(str(error))) from error
    return repair


def _saved(path: str) -> "Plan":
    from nimdoctor.evidence.files import open_regular
    from nimdoctor.model.text import TEXT_LIMIT
    from nimdoctor.planning.document import BadPlan, parse

    try:
        with open_regular(path) as stream:
            return parse(stream.read(TEXT_LIMIT))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except BadPlan as error:
        raise _Refused(f"{path} is no plan that can be applied: {error}") from error


def _change(typed: str) -> str:
    """The number of a change as it is kept. Raises UsageError for one that would not be legible in a list."""
    number = typed.strip()
    if (typed and not number) or len(number) > CHANGE_LIMIT or not number.isprintable():
        raise UsageError(f"--change takes 1 to {CHANGE_LIMIT} printable characters, such as CHG0031337")
    return number


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
    return saved.options._replace(
        probe=typed.probe or saved.options.probe,
        change=typed.change or saved.options.change,
        # how old evidence may be is for whoever applies it to say
        evidence_age=typed.evidence_age,
    )


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
    repair.note_proved()
    open_runs = repair.unfinished()
    if open_runs and format is Format.TEXT:
        write("\n".join(map(visible, open_runs)) + "\n\n", None)
    if saved is not None:
        stale = repair.stale(saved)
        if stale:
            return refuse(plan, [f"stale plan {saved.id[:16]}: {reason}" for reason in stale], format, open_runs)
        repair.render_as(saved)
    if script is not None:
        unscripted = repair.unpackaged()
        if unscripted:
            if format is Format.TEXT:
                _show(repair, [], format)
            return refuse(
                plan,
                [f"no script was written: {words_of(one)}" for one in unscripted],
                format,
                open_runs,
                repair.probes,
            )
        _write_scripts(repair, script)
    if not apply:
        _show(repair, open_runs, format)
        if plan_file:
            _write_plan(plan, plan_file)
        return REFUSED if open_runs else _nothing_done(plan)
    if open_runs:
        return refuse(plan, open_runs, format, open_runs)
    if not plan.steps:
        status = _nothing_done(plan)
        if format is Format.JSON:
            from nimdoctor.report.plan_json import render_without_run

            write(render_without_run(plan, status == 0), None)
        else:
            _show(repair, open_runs, format)
        return status
    refusals = {(one.step, one.must): one for one in [*repair.refusals(), *plan.refusals]}
    reasons = [words_of(one) for one in refusals.values()] or _unconfirmed(plan, affects)
    if reasons:
        if format is Format.TEXT:
            _show(repair, [], format)
        return refuse(plan, list(dict.fromkeys(reasons)), format, (), repair.probes)
    if not yes:
        answer = _asked(repair, format)
        if answer:
            return refuse(plan, [answer], format)
    return _apply(repair, format)


def _nothing_done(plan: "Plan") -> int:
    """The exit status of a plan of which nothing was done: something waits, something is not known, or all is well."""
    return REFUSED if plan.waits else UNDECIDED if plan.undecided else 0


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
    if licence and terminal():
        print("This accepts the licence of the OpenSSL filesets.", file=sys.stderr)
    return answer_to(f"Apply this plan ({count(len(plan.steps), 'step')}, risk {plan.risk})?", "applies")


def _apply(repair: "Repair", format: Format) -> int:
    from nimdoctor.applying.execute import Locked, NotApplied
    from nimdoctor.system.host_files import Refused

    plan = repair.plan
    try:
        with Interruption(THERE if repair.where.target.startswith("ssh:") else HERE) as interrupted:
            result = repair.apply(interrupted)
    except NotApplied as error:
        return refuse(plan, [words_of(one) for one in error.refusals], format)
    except (Locked, Refused) as error:
        return refuse(plan, [str(error)], format)
    except OSError as error:
        return refuse(plan, [failed_at(error)], format)
    show_result(result, plan, format)
    return status_of(result, interrupted)


def _show(repair: "Repair", open_runs: List[str], format: Format) -> None:
    if format is Format.JSON:
        from nimdoctor.report import plan_json

        write(plan_json.render_plan(repair.plan, open_runs, repair.probes), None)
        return
    from nimdoctor.report.plan_text import render_plan

    write(render_plan(repair.plan, width=width(), command=repair.command, probes=repair.probes), None)


def _write_plan(plan: "Plan", path: str) -> None:
    from nimdoctor.system.atomic import write_whole

    try:
        write_whole(path, json.dumps(plan.as_dict(), indent=1).encode("ascii") + b"\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
    say(f"the plan was written to {visible(path)}")


def _write_scripts(repair: "Repair", directory: str) -> None:
    from nimdoctor.system.atomic import write_whole

    if not repair.plan.steps:
        say("no script was written: the plan has no step")
        return
    try:
        os.makedirs(directory, 0o700, exist_ok=True)
        for name, content in repair.package().items():
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            write_whole(path, content, 0o700 if name.endswith(".ksh") else 0o600)
    except OSError as error:
        raise UsageError(f"{directory} cannot be written: {error.strerror or error}") from error
    say(f"the change package was written to {visible(directory)}: its README says how it is run")
