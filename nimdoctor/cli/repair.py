"""`nimdoctor fix`: plan a cure, show it, carry it out."""

import json
import os
import sys
from typing import TYPE_CHECKING, List, Optional, Sequence

import typer

from nimdoctor.cli.ending import answer_to, complete_fixes, refuse, show_result, status_of, terminal
from nimdoctor.cli.output import Format, UsageError, say, width, write
from nimdoctor.cli.runs import resume_run
from nimdoctor.library.interruption import HERE, THERE, Interruption, end_like_ctrl_c, nothing
from nimdoctor.model.wording import count, visible

if TYPE_CHECKING:
    from nimdoctor.library.session import RepairSession
    from nimdoctor.planning.document import Plan


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
    expect: Optional[str] = typer.Option(
        None, "--expect", metavar="PLANID", help="With --apply: only where this is the plan's id."
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
    from nimdoctor.library.errors import PlanRefused, Refused
    from nimdoctor.library.repair import RepairTarget
    from nimdoctor.library.session import RepairSession, number_of_change, over_ssh, registry_of_fixes
    from nimdoctor.planning.ends import EVIDENCE_AGE
    from nimdoctor.planning.fix import Options

    over_ssh(target or "", state_dir, probe)
    if expect is not None and not apply:
        raise UsageError("--expect is the id of the plan that --apply is to carry out: give both")
    minutes = EVIDENCE_AGE if evidence_age is None else evidence_age
    named = tuple(only or ())
    waiting = Waiting()
    restore = nothing
    session: Optional[RepairSession] = None
    try:
        registry = registry_of_fixes(named)
        if resume is not None:
            if plan or script or change or expect:
                raise UsageError(
                    "--resume goes on with the plan of its run: give no --plan, --script, --change or --expect with it"
                )
            chosen = Options(probe=probe, evidence_age=minutes)
            return resume_run(resume, target, state_dir, registry, chosen, yes, format, timeout)
        options = Options(named, transient_tftp, lpp_source, accept_hung, probe, number_of_change(change), minutes)
        saved = _saved(plan) if plan and apply else None
        restore = end_like_ctrl_c()
        where = RepairTarget(target or "", master, state_dir, timeout)
        session = RepairSession(where, options, registry=registry, saved=saved, progress=waiting, say=say)
        return _fix(session, apply, yes, affects, expect, plan, script, format)
    except Refused as error:
        if format is Format.TEXT:
            _show_unfinished(error.unfinished)
            if session and isinstance(error, PlanRefused):
                _show(session, format)
        return refuse(error, format)
    finally:
        if session:
            session.close()
        waiting.close()
        restore()


def _saved(path: str) -> "Plan":
    from nimdoctor.evidence.files import open_regular
    from nimdoctor.library.session import read_plan
    from nimdoctor.model.text import TEXT_LIMIT

    try:
        with open_regular(path) as stream:
            return read_plan(stream.read(TEXT_LIMIT), path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error


def _fix(
    session: "RepairSession",
    apply: bool,
    yes: bool,
    affects: Optional[int],
    expect: Optional[str],
    plan_file: Optional[str],
    script: Optional[str],
    format: Format,
) -> int:
    """Raises Refused."""
    if script is not None:
        _write_scripts(session, script)
    if not apply:
        if format is Format.TEXT:
            _show_unfinished(session.plan.unfinished)
        _show(session, format)
        if plan_file:
            _write_plan(session.plan, plan_file)
        return session.plan.exit_status
    interrupted = Interruption(say, THERE if session.where.target.startswith("ssh:") else HERE)
    result = session.apply(
        expect=expect,
        affects=affects,
        confirm=lambda: "" if yes else _confirmed(session, format),
        interruption=interrupted,
    )
    if result.ended is None and format is Format.TEXT:
        _show(session, format)
    show_result(result, format)
    return status_of(result, interrupted)


def _confirmed(session: "RepairSession", format: Format) -> str:
    """Asks on a terminal; why the plan is not applied, or empty when the answer is yes."""
    plan = session.plan
    if format is Format.TEXT:
        _show(session, format)
    licence = any("accept_licenses=yes" in getattr(step.do, "argv", ()) for step in plan.steps)
    if licence and terminal():
        print("This accepts the licence of the OpenSSL filesets.", file=sys.stderr)
    return answer_to(f"Apply this plan ({count(len(plan.steps), 'step')}, risk {plan.risk})?", "applies")


def _show_unfinished(runs: Sequence[str]) -> None:
    if runs:
        write("\n".join(map(visible, runs)) + "\n\n", None)


def _show(session: "RepairSession", format: Format) -> None:
    if format is Format.JSON:
        from nimdoctor.report import plan_json

        write(plan_json.render_plan(session.plan), None)
        return
    from nimdoctor.report.plan_text import render_plan

    command = session.repair.command
    write(render_plan(session.plan, width=width(), command=command, probes=session.plan.probes), None)


def _write_plan(plan: "Plan", path: str) -> None:
    from nimdoctor.system.atomic import write_whole

    try:
        write_whole(path, json.dumps(plan.as_dict(), indent=1).encode("ascii") + b"\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
    say(f"the plan was written to {visible(path)}")


def _write_scripts(session: "RepairSession", directory: str) -> None:
    """Raises Refused."""
    from nimdoctor.system.atomic import write_whole

    scripts = session.scripts()
    if not scripts:
        say("no script was written: the plan has no step")
        return
    try:
        os.makedirs(directory, 0o700, exist_ok=True)
        for name, content in scripts.items():
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            write_whole(path, content, 0o700 if name.endswith(".ksh") else 0o600)
    except OSError as error:
        raise UsageError(f"{directory} cannot be written: {error.strerror or error}") from error
    say(f"the change package was written to {visible(directory)}: its README says how it is run")
