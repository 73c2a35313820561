"""A plan and its runs for people: what would be done, why, what it needs, and how to take it back."""

import textwrap
from typing import TYPE_CHECKING, Iterator, List, Mapping, Optional, Sequence, Set

from nimdoctor.applying.execute import RunResult
from nimdoctor.applying.operator import operator_words
from nimdoctor.applying.outcome import FIXED, Outcomes
from nimdoctor.applying.prune import Pruned
from nimdoctor.applying.rollback import RolledBack
from nimdoctor.facts.repair_runs import SUSPICIOUS, UNFINISHED
from nimdoctor.model import Role
from nimdoctor.model.wording import count, visible
from nimdoctor.planning.command_lines import Argv, listing, making
from nimdoctor.planning.document import Plan, PlannedAdvice
from nimdoctor.planning.steps import Edit, Move, Remove, RunCommand, Step, Subsystem, Transient, unified_diff
from nimdoctor.planning.typed import as_typed
from nimdoctor.report.text_report import printable

if TYPE_CHECKING:
    from nimdoctor.probe import Probe


def render_plan(
    plan: Plan,
    *,
    width: int = 96,
    command: str = "nimdoctor fix",
    brief: bool = False,
    probes: "Sequence[Probe]" = (),
) -> str:
    """The plan as text; a brief one says of each step what it does and how it is undone, and no more. `probes` is what
    was asked over the network before it was made.
    """
    page = _Page(plan, width, command, probes)
    return "\n".join(page.brief() if brief else page.lines()) + "\n"


class _Page:
    def __init__(self, plan: Plan, width: int, command: str, probes: "Sequence[Probe]") -> None:
        self.plan = plan
        self.probes = probes
        self.width = max(60, width)
        self.command = command
        self.shown: Set[str] = set()

    def lines(self) -> Iterator[str]:
        plan = self.plan
        if plan.first:
            yield printable(plan.first)
            yield ""
        if plan.steps:
            yield from self._head()
            for step in plan.steps:
                yield ""
                yield from self._step(step)
            yield from self._others()
        probed = [f"{one.what}: {one.says}" for one in self.probes]
        for heading, entries in (
            ("Asked over the network (--probe)", probed),
            ("Know before you begin", plan.cautions),
        ):
            if entries:
                yield ""
                yield heading
                for entry in entries:
                    yield from self._item(entry)
        yield from self._refused()
        yield from self._counsel("For a person to decide or do", plan.advice)
        if not plan.steps:
            yield from self._without_steps()
        yield from self._counsel("Below medium, and left as it is", plan.below)
        yield from self._counsel("Open to others, and left to a person: it stops no push", plan.exposures)
        if plan.steps:
            yield ""
            yield from self._next()

    def _without_steps(self) -> Iterator[str]:
        plan = self.plan
        if plan.undecided:
            yield from [""] if plan.advice else []
            yield f"Not decided: {count(len(plan.undecided), 'check')} of medium or more; nothing can be planned of it"
            for one in plan.undecided:
                yield from self._item(f"{one.check} on {one.host or 'the ' + one.where}: {one.message}")
            wanted = [name for one in plan.undecided for name in one.missing or (f"nimdoctor explain {one.check}",)]
            yield from self._field("Settled by", f" {'; '.join(dict.fromkeys(wanted))}")
        elif not plan.advice:
            chosen = ", ".join(plan.options.only)
            why = (
                f"what {chosen} brings about is so already" if chosen else "no finding of medium or more has a fix here"
            )
            yield f"Nothing to do: {why}."
        if not plan.advice:
            for push in plan.pushes:
                yield f"Not tried since the last change; this settles it, on the master: {printable(push)}"

    def _counsel(self, heading: str, entries: Sequence[PlannedAdvice]) -> Iterator[str]:
        if entries:
            yield ""
            yield heading
        for one in entries:
            yield from self._item(f"{one.about}: {one.text}")
            if one.run:
                yield f"       {printable(one.run)}"

    def brief(self) -> Iterator[str]:
        plan = self.plan
        yield self._title()
        yield from self._field("Risk", plan.risk)
        yield from self._touches()
        shown = ""
        for number, step in enumerate(plan.steps, 1):
            mark = "  ** POINT OF NO RETURN **" if plan.point_of_no_return is step else ""
            yield f"{number}. on the {step.where.value}: {printable(step.title)}{mark}"
            yield from (f"   {'Does:' if not n else '':<10}{line}" for n, line in enumerate(_doing(step)))
            undo = step.undo or f"none: {step.no_undo}"
            yield from self._field("Undo", undo if undo != shown else "as before", "   ")
            shown = undo
        for caution in plan.cautions:
            yield from self._item(f"Know before you begin: {caution}")

    def _title(self) -> str:
        plan = self.plan
        return f"PLAN {plan.id[:16]}: {count(len(plan.steps), 'step')} for {', '.join(plan.checks) or 'what was asked for'}"

    def _head(self) -> Iterator[str]:
        yield self._title()
        for role, host in self.plan.hosts.items():
            level = f", AIX {host.level}" if host.level else ""
            where = f" [{host.target}]" if host.target else ""
            yield from self._field(role.value.capitalize(), f"{host.name or 'name not known'}{level}{where}")
        if self.plan.options.change:
            yield from self._field("Change", self.plan.options.change)
        yield from self._stakes()

    def _stakes(self) -> Iterator[str]:
        plan = self.plan
        yield from self._field("Risk", plan.risk)
        last = plan.point_of_no_return
        where = f"from step {last.id} on ({last.title}): {last.no_undo}" if last else "every step can be undone"
        yield from self._field("No undo", where)
        yield from self._touches()

    def _touches(self) -> Iterator[str]:
        plan = self.plan
        if plan.affects:
            names = ", ".join(plan.affects.clients)
            yield from self._field(
                "Touches",
                f"{count(len(plan.affects.clients), 'other client')} that {'loses' if len(plan.affects.clients) == 1 else 'lose'} push: {names}",
            )
        else:
            yield from self._field("Touches", "no other host")

    def _step(self, step: Step) -> Iterator[str]:
        mark = "  ** POINT OF NO RETURN **" if self.plan.point_of_no_return is step else ""
        yield f"Step {step.id}: {printable(step.title)}, on the {step.where.value}{mark}"
        yield from self._field("Why", step.why, "   ")
        if step.checks:
            yield from self._field("Treats", ", ".join(step.checks), "   ")
        yield from (f"   {'Does:' if not n else '':<10}{line}" for n, line in enumerate(_doing(step)))
        needs = [one.words() for one in dict.fromkeys((*step.before, *step.then))]
        fresh = [words for words in needs if words not in self.shown]
        if len(fresh) < len(needs):
            fresh.append(f"still {count(len(needs) - len(fresh), 'condition')} of the steps above")
        self.shown |= set(needs)
        for number, words in enumerate(fresh):
            yield from self._field("" if number else "Needs", words, "   ")
        yield from self._field("Effect", step.effect, "   ")
        yield from self._field("Undo", step.undo or f"none: {step.no_undo}", "   ")
        yield from self._field("Impact", f"{step.impact or 'none'}; risk {step.risk}", "   ")

    def _others(self) -> Iterator[str]:
        affects = self.plan.affects
        if affects is None:
            return
        yield ""
        yield f"Other clients that lose their push until they have followed ({affects.why})"
        commands = "; ".join(" ".join(argv) for argv in affects.cure)
        for name in affects.clients:
            yield f"   - {printable(name)}: not yet. There, as root, by ssh or console: {commands}"
        yield "   nimdoctor runs shows who has followed; a script for each is written with --script DIR"

    def _refused(self) -> Iterator[str]:
        if self.plan.refusals:
            yield ""
            yield "Refused as things are"
        for one in self.plan.refusals:
            yield from self._item(f"{'step ' + one.step + ': ' if one.step else ''}needs: {one.must}; {one.seen}")
            if one.run:
                yield f"       {printable(one.run)}"

    def _next(self) -> Iterator[str]:
        plan = self.plan
        if plan.first:
            yield from self._field("Next", "a push hangs, which is proved; this accepts it:")
            yield f"{'':<10}{printable(plan.first)} --apply"
            return
        if plan.refusals:
            helps = {one.run for one in plan.refusals}
            hint = helps.pop() if len(helps) == 1 else None
            yield from self._field("Next", hint or "settle what is refused above, then run it again")
            return
        affects = f" --affects {len(plan.affects.clients)}" if plan.affects and plan.affects.clients else ""
        # a command is whole on its line, so that it can be copied
        yield f"{'Next:':<10}{printable(self.command)} --apply{affects}"
        yield from self._field(
            "", "with --script DIR instead of --apply it writes the same as ksh scripts for change management"
        )

    def _field(self, name: str, text: str, indent: str = "") -> Iterator[str]:
        start = f"{indent}{name + ':' if name else '':<10}"
        for number, part in enumerate(text.split("\n")):
            yield from textwrap.wrap(
                printable(part),
                self.width,
                initial_indent=start if not number else " " * len(start),
                subsequent_indent=" " * len(start),
                break_long_words=False,
                break_on_hyphens=False,
            ) or [start]

    def _item(self, text: str) -> Iterator[str]:
        yield from _item(text, self.width)


def _doing(step: Step) -> List[str]:
    """What a step does: a diff for an edit, the words of a command for a command."""
    do = step.do
    if isinstance(do, Transient):
        do = do.edit if do.edit else do
    if isinstance(do, Edit):
        shown = [visible(line.replace("\t", "  ")) for line in unified_diff(do)]
        return [*shown, *([f"refresh -s {do.rereads}"] if do.rereads else [])]
    if isinstance(do, Move):
        return [f"rename {do.path} to {do.to}"]
    if isinstance(do, Remove):
        return [f"remove {do.path} (a backup is kept)"]
    if isinstance(do, RunCommand):
        return [f"{printable(as_typed(do.argv))}   (ended after {do.deadline} s)"]
    if isinstance(do, Subsystem):
        return ["; ".join(" ".join(argv) for argv in do.commands)]
    return ["the reverse of the step that opened it, and refresh -s inetd"]


def render_result(result: RunResult, plan: Plan, *, width: int = 96, brief: bool = False) -> str:
    """How a run ended, for people; a brief one without the commands that come next."""
    lines = [f"{result.state.upper()}: run {result.run}"]
    for number, part in enumerate(result.why.splitlines()):
        start = " " * 10 if number else f"{'Why:' if result.state == 'running' else 'Failed:':<10}"
        lines += _wrapped(part, width, start)
    titles: Mapping[str, Step] = {step.id: step for step in plan.steps}
    for step, outcome, message in result.steps:
        title = titles[step].title if step in titles else step
        detail = message.partition("\n")[0] if outcome not in ("done", "failed") else ""
        lines.append(f"   {outcome:<11}{step}: {printable(title)}" + (f" ({printable(detail)})" if detail else ""))
    lines += _findings(result.outcomes, width)
    if result.stands:
        lines.append("Stands:")
        lines += [line for one in result.stands for line in _item(one, width)]
    if not brief:
        lines += _next_of(result, plan)
    if plan.affects and plan.affects.clients and result.state in ("complete", "applied-unverified"):
        lines.append("Other clients that must still follow:")
        commands = "; ".join(" ".join(argv) for argv in plan.affects.cure)
        noted = f"; then {as_typed(_listing(result, plan, plan.two_hosts))} --followed {{}}"
        lines += [
            f"   - {printable(name)}: not yet. There, as root: {commands}{noted.format(printable(name))}"
            for name in plan.affects.clients
        ]
    return "\n".join(lines) + "\n"


def _next_of(result: RunResult, plan: Plan) -> List[str]:
    """The commands that come next, each whole on its line, so that it can be copied."""
    lines: List[str] = []
    if result.state == "applied-unverified":
        lines += [f"on the master: {printable(push)}" for push in result.pushes]
        seen = as_typed(_listing(result, plan))
        lines.append(f"then, here: {printable(seen)}")
    elif result.state == "restored":
        lines.append(printable(as_typed(making(plan.targets, plan.options, result.state_directory))))
    else:
        ways = [result.resuming, result.taking_back] if result.state in ("stopped", "running") else []
        lines += [printable(as_typed(argv)) for argv in ways if argv]
    return [f"{'' if number else 'Next:':<10}{line}" for number, line in enumerate(lines)]


def _listing(result: RunResult, plan: Plan, master: bool = False) -> Argv:
    target = _leads(plan.targets)
    if master and target.startswith("ssh:"):
        target = plan.targets[Role.MASTER]  # each host keeps its own part of the run
    return listing(target, result.state_directory)


def _leads(targets: Mapping[Role, str]) -> str:
    """The target whose state directory leads."""
    return targets.get(Role.CLIENT, targets.get(Role.MASTER, ""))


def _wrapped(text: str, width: int, start: str) -> List[str]:
    return textwrap.wrap(
        printable(text), width, initial_indent=start, subsequent_indent=" " * len(start), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _item(text: str, width: int) -> List[str]:
    """A point of a list; what stands on lines of its own stays so."""
    head, *rest = text.split("\n")
    return [*_wrapped(head, width, "   - "), *(f"       {visible(line)}" for line in rest)]


def _findings(outcomes: Outcomes, width: int) -> List[str]:
    lines = []
    for found in outcomes.findings:
        # what is wrong again is told in full, what is well in two lines
        line = f"   {found.outcome:<19}{found.check} on the {found.where}: {found.says}"
        lines += textwrap.wrap(
            printable(line, 2 * width - 30 if found.outcome == FIXED else 0),
            width,
            subsequent_indent=" " * 22,
        )
        if found.push:
            lines.append(f"{'':22}only this push proves it, on the master: {printable(found.push)}")
    lines += [f"   caused             {name}: it passed before this run and fails now" for name in outcomes.caused]
    return ["Findings:", *lines] if lines else []


def render_rolled_back(done: RolledBack) -> str:
    """How a rollback ended, for people."""
    lines = [f"{done.state.upper()}: run {done.run}, {count(len(done.undone), 'step')} undone"]
    lines += [f"   undone     {name}" for name in done.undone]
    if done.stands:
        lines += ["Stands:", *(f"   - {printable(line)}" for line in done.stands)]
    return "\n".join(lines) + "\n"


def render_runs(runs: Sequence[Mapping[str, object]], state: str, pruned: Optional[Pruned] = None) -> str:
    """A list of runs, the newest last, below what was removed and kept, where that was asked for."""
    from tabulate import tabulate

    pruned_lines = [] if pruned is None else [f"removed {run}: {printable(why)}" for run, why in pruned.removed]
    pruned_lines += [] if pruned is None else [f"kept {run}: {printable(why)}" for run, why in pruned.kept]
    if not runs:
        return "\n".join([*pruned_lines, f"No run in {state}."]) + "\n"
    rows = []
    notes: List[str] = []
    for run in runs:
        fixes = run["fixes"]
        rows.append(
            [run["run"], run["state"], run["started"] or "-", ", ".join(fixes) if isinstance(fixes, list) else ""]
        )
        notes += _run_notes(run)
    table = tabulate(rows, headers=["Run", "State", "Begun", "Fixes"], tablefmt="simple", disable_numparse=True)
    return "\n".join([*pruned_lines, *([""] if pruned_lines else []), table, *([""] if notes else []), *notes]) + "\n"


def _run_notes(run: Mapping[str, object]) -> Iterator[str]:
    name = run["run"]
    if run["state"] == SUSPICIOUS:
        yield f"{name} is suspicious: {printable(str(run['why']))}"
        yield f"{name}: nothing of it is carried out; look at it, then move its directory away"
    if run["state"] in UNFINISHED:
        ways = [as_typed(argv) for argv in (run["resume"], run["rollback"]) if isinstance(argv, list)]
        yield f"{name} is unfinished: {', or '.join(map(printable, ways))}"
    begun = [f"begun by {who}" for who in [operator_words(run["who"])] if who]
    begun += [f"change {run['change']}"] if run["change"] else []
    if begun:
        yield f"{name}: {printable(', '.join(begun))}"
    if run["left_open"]:
        yield f"{name}: {printable(str(run['left_open']))}"
    affects = run["affects"]
    for one in affects if isinstance(affects, list) else ():
        followed = "followed" if one["followed"] else "not yet"
        yield f"{name}: {printable(str(one['client']))}: {followed}"
    stands = run["stands"]
    for line in stands if isinstance(stands, list) else ():
        yield f"{name} stands: {printable(str(line).splitlines()[0])}"
