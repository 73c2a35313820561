"""A plan for people: what would be done, why, what it needs, and how to take it back."""

from typing import TYPE_CHECKING, Iterator, List, Sequence, Set

from nimdoctor.model.wording import count
from nimdoctor.planning.document import Plan, PlannedAdvice
from nimdoctor.planning.steps import Edit, Move, Remove, RunCommand, Step, Subsystem, Transient, unified_diff
from nimdoctor.planning.typed import as_typed
from nimdoctor.report.layout import LABEL, NARROWEST, WIDTH, command, field, item, labelled, wrapped

if TYPE_CHECKING:
    from nimdoctor.probe import Probe

_MARK = "  ** POINT OF NO RETURN **"


def render_plan(
    plan: Plan,
    *,
    width: int = WIDTH,
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
        self.width = max(NARROWEST, width)
        self.command = command
        self.shown: Set[str] = set()

    def lines(self) -> Iterator[str]:
        plan = self.plan
        if plan.first:
            yield from command(plan.first, self.width)
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
            number = count(len(plan.undecided), "check")
            yield from wrapped(f"Not decided: {number} of medium or more; nothing can be planned of it", self.width)
            for one in plan.undecided:
                yield from self._item(f"{one.check} on {one.host or 'the ' + one.where}: {one.message}")
            wanted = [name for one in plan.undecided for name in one.missing or (f"nimdoctor explain {one.check}",)]
            yield from self._field("Settled by", f" {'; '.join(dict.fromkeys(wanted))}")
        elif not plan.advice:
            chosen = ", ".join(plan.options.only)
            why = (
                f"what {chosen} brings about is so already" if chosen else "no finding of medium or more has a fix here"
            )
            yield from wrapped(f"Nothing to do: {why}.", self.width)
        if not plan.advice:
            for push in plan.pushes:
                yield from labelled(
                    "Not tried since the last change; this settles it, on the master:", push, self.width
                )

    def _counsel(self, heading: str, entries: Sequence[PlannedAdvice]) -> Iterator[str]:
        if entries:
            yield ""
            yield heading
        for one in entries:
            yield from self._item(f"{one.about}: {one.text}")
            if one.run:
                yield from command(one.run, self.width, "       ")

    def brief(self) -> Iterator[str]:
        plan = self.plan
        yield from self._title()
        yield from self._field("Risk", plan.risk)
        yield from self._touches()
        shown = ""
        for number, step in enumerate(plan.steps, 1):
            yield from self._titled(step, f"{number}. on the {step.where.value}: {step.title}")
            yield from self._does(step)
            undo = step.undo or f"none: {step.no_undo}"
            yield from self._field("Undo", undo if undo != shown else "as before", "   ")
            shown = undo
        for caution in plan.cautions:
            yield from self._item(f"Know before you begin: {caution}")

    def _title(self) -> Iterator[str]:
        plan = self.plan
        what = ", ".join(plan.checks) or "what was asked for"
        yield from wrapped(f"PLAN {plan.id[:16]}: {count(len(plan.steps), 'step')} for {what}", self.width, hang=LABEL)

    def _head(self) -> Iterator[str]:
        yield from self._title()
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
        yield from self._titled(step, f"Step {step.id}: {step.title}, on the {step.where.value}")
        yield from self._field("Why", step.why, "   ")
        if step.checks:
            yield from self._field("Treats", ", ".join(step.checks), "   ")
        yield from self._does(step)
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
        why = f"Other clients that lose their push until they have followed ({affects.why})"
        yield from wrapped(why, self.width, hang=3)
        commands = "; ".join(" ".join(argv) for argv in affects.cure)
        for name in affects.clients:
            yield from self._item(f"{name}: not yet. There, as root, by ssh or console: {commands}")
        followed = "nimdoctor runs shows who has followed; a script for each is written with --script DIR"
        yield from wrapped(followed, self.width, "   ")

    def _refused(self) -> Iterator[str]:
        if self.plan.refusals:
            yield ""
            yield "Refused as things are"
        for one in self.plan.refusals:
            yield from self._item(f"{'step ' + one.step + ': ' if one.step else ''}needs: {one.must}; {one.seen}")
            if one.run:
                yield from command(one.run, self.width, "       ")

    def _next(self) -> Iterator[str]:
        plan = self.plan
        if plan.first:
            yield from self._field("Next", "a push hangs, which is proved; this accepts it:")
            yield from command(f"{plan.first} --apply", self.width, " " * LABEL)
            return
        if plan.refusals:
            helps = {one.run for one in plan.refusals}
            hint = helps.pop() if len(helps) == 1 else None
            yield from self._field("Next", hint or "settle what is refused above, then run it again")
            return
        affects = f" --affects {len(plan.affects.clients)}" if plan.affects and plan.affects.clients else ""
        yield from command(f"{self.command} --apply{affects}", self.width, f"{'Next:':<{LABEL}}")
        yield from self._field(
            "", "with --script DIR instead of --apply it writes the same as ksh scripts for change management"
        )

    def _titled(self, step: Step, title: str) -> Iterator[str]:
        *lines, last = wrapped(title, self.width, hang=3)
        marked = self.plan.point_of_no_return is step
        beside = marked and len(last) + len(_MARK) <= self.width
        yield from (*lines, last + (_MARK if beside else ""))
        if marked and not beside:
            yield _MARK

    def _does(self, step: Step) -> Iterator[str]:
        start = f"   {'Does:':<{LABEL}}"
        for line in _doing(step):
            yield from wrapped(line, self.width, start)
            start = " " * len(start)

    def _field(self, name: str, text: str, indent: str = "") -> Iterator[str]:
        for number, part in enumerate(text.split("\n")):
            yield from field("" if number else name, part, self.width, indent)

    def _item(self, text: str) -> Iterator[str]:
        """A point of a list; what stands on lines of its own stays so."""
        head, *rest = text.split("\n")
        yield from item(head, self.width)
        for line in rest:
            yield from wrapped(line, self.width, "       ")


def _doing(step: Step) -> List[str]:
    """What a step does: a diff for an edit, the words of a command for a command."""
    do = step.do
    if isinstance(do, Transient):
        do = do.edit if do.edit else do
    if isinstance(do, Edit):
        shown = [line.replace("\t", "  ") for line in unified_diff(do)]
        return [*shown, *([f"refresh -s {do.rereads}"] if do.rereads else [])]
    if isinstance(do, Move):
        return [f"rename {do.path} to {do.to}"]
    if isinstance(do, Remove):
        return [f"remove {do.path} (a backup is kept)"]
    if isinstance(do, RunCommand):
        return [f"{as_typed(do.argv)}   (ended after {do.deadline} s)"]
    if isinstance(do, Subsystem):
        return ["; ".join(" ".join(argv) for argv in do.commands)]
    return ["the reverse of the step that opened it, and refresh -s inetd"]
