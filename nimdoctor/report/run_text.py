"""Runs of a plan for people: how one ended, how one was taken back, and the list of them."""

from typing import Iterator, List, Mapping, Optional, Sequence

from nimdoctor.applying.execute import RunResult
from nimdoctor.applying.operator import operator_words
from nimdoctor.applying.outcome import FIXED, Outcomes
from nimdoctor.applying.prune import Pruned
from nimdoctor.applying.rollback import RolledBack
from nimdoctor.facts.repair_runs import SUSPICIOUS, UNFINISHED
from nimdoctor.model import Role
from nimdoctor.model.wording import count
from nimdoctor.planning.command_lines import Argv, listing, making
from nimdoctor.planning.document import Plan
from nimdoctor.planning.steps import Step
from nimdoctor.planning.typed import as_typed
from nimdoctor.report.layout import LABEL, WIDTH, command, field, item, labelled, wrapped


def render_result(result: RunResult, plan: Plan, *, width: int = WIDTH, brief: bool = False) -> str:
    """How a run ended, for people; a brief one without the commands that come next."""
    lines = [f"{result.state.upper()}: run {result.run}"]
    for number, part in enumerate(result.why.splitlines()):
        name = "Why" if result.state == "running" else "Failed"
        lines += field("" if number else name, part, width)
    titles: Mapping[str, Step] = {step.id: step for step in plan.steps}
    for step, outcome, message in result.steps:
        title = titles[step].title if step in titles else step
        detail = message.partition("\n")[0] if outcome not in ("done", "failed") else ""
        lines += wrapped(f"{step}: {title}" + (f" ({detail})" if detail else ""), width, f"   {outcome:<11}")
    lines += _findings(result.outcomes, width)
    if result.stands:
        lines.append("Stands:")
        lines += [line for one in result.stands for line in _item(one, width)]
    if not brief:
        lines += _next_of(result, plan, width)
    if plan.affects and plan.affects.clients and result.state in ("complete", "applied-unverified"):
        lines.append("Other clients that must still follow:")
        commands = "; ".join(" ".join(argv) for argv in plan.affects.cure)
        noted = f"; then {as_typed(_listing(result, plan, plan.two_hosts))} --followed {{}}"
        for name in plan.affects.clients:
            lines += item(f"{name}: not yet. There, as root: {commands}{noted.format(name)}", width)
    return "\n".join(lines) + "\n"


def _next_of(result: RunResult, plan: Plan, width: int) -> List[str]:
    """The commands that come next, each so that it can be copied."""
    commands: List[str] = []
    if result.state == "applied-unverified":
        commands += [f"on the master: {push}" for push in result.pushes]
        commands.append(f"then, here: {as_typed(_listing(result, plan))}")
    elif result.state == "restored":
        commands.append(as_typed(making(plan.targets, plan.options, result.state_directory)))
    else:
        ways = [result.resuming, result.taking_back] if result.state in ("stopped", "running") else []
        commands += [as_typed(argv) for argv in ways if argv]
    lines: List[str] = []
    for one in commands:
        lines += command(one, width, f"{'' if lines else 'Next:':<{LABEL}}")
    return lines


def _listing(result: RunResult, plan: Plan, master: bool = False) -> Argv:
    target = _leads(plan.targets)
    if master and target.startswith("ssh:"):
        target = plan.targets[Role.MASTER]  # each host keeps its own part of the run
    return listing(target, result.state_directory)


def _leads(targets: Mapping[Role, str]) -> str:
    """The target whose state directory leads."""
    return targets.get(Role.CLIENT, targets.get(Role.MASTER, ""))


def _item(text: str, width: int) -> List[str]:
    """A point of a list; what stands on lines of its own stays so."""
    head, *rest = text.split("\n")
    return [*item(head, width), *(part for line in rest for part in wrapped(line, width, "       "))]


def _findings(outcomes: Outcomes, width: int) -> List[str]:
    lines = []
    for found in outcomes.findings:
        # what is wrong again is told in full, what is well in two lines
        words = f"{found.check} on the {found.where}: {found.says}"
        lines += wrapped(words, width, f"   {found.outcome:<19}", most=2 if found.outcome == FIXED else 0)
        if found.push:
            lines += labelled("only this push proves it, on the master:", found.push, width, " " * 22)
    for name in outcomes.caused:
        lines += wrapped(f"{name}: it passed before this run and fails now", width, f"   {'caused':<19}")
    return ["Findings:", *lines] if lines else []


def render_rolled_back(done: RolledBack, *, width: int = WIDTH) -> str:
    """How a rollback ended, for people."""
    lines = [f"{done.state.upper()}: run {done.run}, {count(len(done.undone), 'step')} undone"]
    for name in done.undone:
        lines += wrapped(name, width, f"   {'undone':<11}")
    if done.stands:
        lines += ["Stands:", *(part for line in done.stands for part in item(line, width))]
    return "\n".join(lines) + "\n"


def render_runs(
    runs: Sequence[Mapping[str, object]], state: str, pruned: Optional[Pruned] = None, *, width: int = WIDTH
) -> str:
    """A list of runs, the newest last, below what was removed and kept, where that was asked for."""
    from tabulate import tabulate

    said = [] if pruned is None else [f"removed {run}: {why}" for run, why in pruned.removed]
    said += [] if pruned is None else [f"kept {run}: {why}" for run, why in pruned.kept]
    lines = [part for one in said for part in wrapped(one, width, hang=3)]
    if not runs:
        return "\n".join([*lines, f"No run in {state}."]) + "\n"
    heads = ["Run", "State", "Begun"]
    rows = [[str(run["run"]), str(run["state"]), str(run["started"] or "-")] for run in runs]
    room = width - sum(max(map(len, column)) + 2 for column in zip(heads, *rows))
    named = [[str(fix) for fix in run["fixes"]] if isinstance(run["fixes"], list) else [] for run in runs]
    beside = room > max((len(fix) for fixes in named for fix in fixes), default=0)
    if beside:
        heads.append("Fixes")
        for row, fixes in zip(rows, named):
            row.append("\n".join(wrapped(", ".join(fixes), room)) if fixes else "")
    # an id is never broken: where it has no room in the table, it stands below
    below = [f"{run['run']}: {', '.join(fixes)}" for run, fixes in zip(runs, named) if fixes and not beside]
    table = tabulate(rows, headers=heads, tablefmt="simple", disable_numparse=True)
    said = [*below, *(note for run in runs for note in _run_notes(run))]
    notes = [part for note in said for part in wrapped(note, width, hang=3)]
    return "\n".join([*lines, *([""] if lines else []), table, *([""] if notes else []), *notes]) + "\n"


def _run_notes(run: Mapping[str, object]) -> Iterator[str]:
    name = run["run"]
    if run["state"] == SUSPICIOUS:
        yield f"{name} is suspicious: {run['why']}"
        yield f"{name}: nothing of it is carried out; look at it, then move its directory away"
    if run["state"] in UNFINISHED:
        ways = [as_typed(argv) for argv in (run["resume"], run["rollback"]) if isinstance(argv, list)]
        yield f"{name} is unfinished: {', or '.join(ways)}"
    begun = [f"begun by {who}" for who in [operator_words(run["who"])] if who]
    begun += [f"change {run['change']}"] if run["change"] else []
    if begun:
        yield f"{name}: {', '.join(begun)}"
    if run["left_open"]:
        yield f"{name}: {run['left_open']}"
    affects = run["affects"]
    for one in affects if isinstance(affects, list) else ():
        followed = "followed" if one["followed"] else "not yet"
        yield f"{name}: {one['client']}: {followed}"
    stands = run["stands"]
    for line in stands if isinstance(stands, list) else ():
        yield f"{name} stands: {str(line).splitlines()[0]}"
