"""One plan for all findings: which fixes are called, what each says, and what is done nowhere.

A plan is made from a scan and writes nothing. Which fixes are called: those of findings of medium
and more, or those named by `--only`; what they need comes along where they plan a step at all.
"""

from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.diagnosis.causes import Story, story_of
from nimdoctor.diagnosis.engine import HARDENED, Engine, Result
from nimdoctor.diagnosis.host import FactAbsent
from nimdoctor.diagnosis.scanned_ends import NotNamed
from nimdoctor.model import Outcome, Role, Severity, Topic
from nimdoctor.model.wording import named
from nimdoctor.planning.command_lines import making
from nimdoctor.planning.conditions import EvidenceFresh, NotHardened
from nimdoctor.planning.document import Affected, Plan, PlannedAdvice, Treated, Undecided
from nimdoctor.planning.ends import Ends, Snapshot
from nimdoctor.planning.fix import Advice, Affects, Caution, Fix, FixContext, Options, PlanItem
from nimdoctor.planning.hindrances import Hindrances
from nimdoctor.planning.order import arranged
from nimdoctor.planning.plan_ends import PlanEnds, Probed
from nimdoctor.planning.ruled_out import named as step_named
from nimdoctor.planning.ruled_out import rulings
from nimdoctor.planning.steps import Step, Transient
from nimdoctor.planning.typed import as_typed, push_of

BAR = Severity.MEDIUM
_QUOTES = 6
_NOTHING = PlannedAdvice("", "", None, None)


class _Proposal(NamedTuple):
    """What one fix proposes; `about` is what its advice is about."""

    fix: str
    about: str
    findings: Tuple[Result, ...]
    steps: Tuple[Step, ...] = ()
    affects: Tuple[Affects, ...] = ()
    cautions: Tuple[str, ...] = ()


class Planner:
    """Makes the plan of one scan. `ends` are the plan's ends."""

    def __init__(
        self, engine: Engine, ends: Ends, fixes: Iterable[Fix], options: Options, probed: Optional[Probed] = None
    ) -> None:
        self.engine = engine
        self.ends = ends
        self.fixes = {one.id: one for one in fixes}
        self.options = options
        self.probed = probed or Probed()
        self.known = PlanEnds(engine, ends)
        self.client = self.known.client
        self.now = Snapshot(ends, self.known.hosts)
        self._advice: List[PlannedAdvice] = []
        self._below: List[PlannedAdvice] = []
        self._exposures: List[PlannedAdvice] = []
        self._open: Set[str] = set()
        """Checks of exposures."""
        self._cautions = list(self.known.cautions)
        self.ruled_by: Dict[str, List[Result]] = {}
        """By fix the findings that rule out a step of it."""
        self._results: Tuple[Result, ...] = ()

    def plan(self, results: Sequence[Result], story: Optional[Story] = None) -> Plan:
        """The plan for these results of a scan; `story` is theirs, told anew where it is not given."""
        self._open = {result.check for result in results if result.topic is Topic.EXPOSURE}
        self._results = tuple(results)
        called, minor = self._called(results, story_of(results) if story is None else story)
        proposals = self._proposals(called, minor)
        steps = self._resting(arranged([step for one in proposals for step in one.steps]))
        stepped = {check for step in steps for check in step.checks}
        treated = [
            (one.fix, found) for one in proposals for found in one.findings if one.steps and found.check in stepped
        ]
        findings = tuple(_treated(found, fix_id) for fix_id, found in treated)
        for result in minor:
            if all(result is not found for _, found in treated):
                hint = f"--only {result.fix} plans it" if result.fix in self.fixes else ""
                self._file(_as_advice(result, hint), self._below)
        if self.options.accept_hung and self.options.accept_hung != self.client:
            client = f"the plan's client is {self.client}" if self.client else "the plan has no client"
            self._cautions.append(f"--accept-hung {self.options.accept_hung} waives nothing: {client}")
        plan = Plan(
            hosts={end.where: self.known.host(end) for end in self.ends.ends.values()},
            checks=tuple(sorted({found.check for found in findings})),
            steps=steps,
            options=self.options,
            findings=findings,
            advice=tuple(dict.fromkeys(self._advice)),
            below=tuple(dict.fromkeys(self._below)),
            affects=_affected([affects for one in proposals for affects in one.affects]),
            cautions=tuple(dict.fromkeys([text for one in proposals for text in one.cautions] + self._cautions)),
            pushes=_pushes(results),
            exposures=tuple(dict.fromkeys(self._exposures)),
            undecided=tuple(dict.fromkeys(_undecided(results))),
        )
        hindrances = Hindrances(self.now, self.options, self.client, self.command)
        refusals = hindrances.of(plan)
        return plan._replace(refusals=tuple(refusals), first=hindrances.first(plan, refusals))

    def _resting(self, steps: Sequence[Step]) -> Tuple[Step, ...]:
        """The steps, the first of which asks whether what was recorded of another end is fresh, where one of them rests
        on it. Before the first only: once it is done nothing gets better by waiting for fresh evidence.
        """
        recorded = [where for where, end in self.ends.ends.items() if end.recorded]
        needed = {
            one.where
            for step in steps
            for one in (*step.before, *step.then)
            if isinstance(one, EvidenceFresh)
            or (one.where in recorded and step.where not in recorded and not isinstance(one, NotHardened))
        }
        fresh = tuple(EvidenceFresh(where) for where in recorded if where in needed)
        return tuple(
            step._replace(
                before=(*(one for one in step.before if one not in fresh), *(() if number else fresh)),
                then=tuple(one for one in step.then if one not in fresh),
            )
            for number, step in enumerate(steps)
        )

    # -- which fixes

    def _called(self, results: Sequence[Result], story: Story) -> Tuple[Dict[str, List[Result]], List[Result]]:
        """The findings by the fix they call for; and those below the bar, which call for none.

        What a cause explains that only a person can cure calls for none either: its fix would treat the symptom.
        """
        called: Dict[str, List[Result]] = {name: [] for name in self.options.only}
        minor: List[Result] = []
        for result in results:
            if result.outcome is not Outcome.FAIL:
                continue
            fix = self.fixes.get(result.fix or "")
            if self.options.only:
                if fix is None or fix.id not in self.options.only:
                    continue
            elif result.severity.rank < BAR.rank:
                minor.append(result)
                continue
            elif fix is None:
                self._file(_as_advice(result), self._advice)
                continue
            elsewhere = self._elsewhere(result, fix)
            if elsewhere is None and fix.named_only and not self.options.only:
                hint = f"not planned by itself, since somebody may have meant it: --only {fix.id} plans it"
                self._file(_as_advice(result, hint)._replace(run=f"{self.command()} --only {fix.id}"), self._advice)
            elif elsewhere is None:
                first = None if self.options.only else self._for_a_person(story.behind(result))
                if first:
                    hint = f"its cause comes first, {first.check}, which only a person can cure"
                    # what a finding rules out no naming brings into a plan
                    named_too = "" if first.rules_out else f"; --only {fix.id} plans it all the same"
                    self._file(_as_advice(result, hint + named_too), self._advice)
                else:
                    called.setdefault(fix.id, []).append(result)
            elif elsewhere is not _NOTHING:
                self._file(elsewhere, self._advice)
        return called, minor

    def _for_a_person(self, causes: Sequence[Result]) -> Optional[Result]:
        """The nearest of these causes that no fix treats."""
        return next((cause for cause in causes if cause.fix not in self.fixes), None)

    def _elsewhere(self, result: Result, fix: Fix) -> Optional[PlannedAdvice]:
        """What is advised instead of a finding that is not for this plan: it is about other clients, or about
        an end that was not given. None for one that is; an empty one where the plan's client speaks for itself.
        """
        given = self.ends.ends
        if result.where is Role.MASTER and fix.where is Role.CLIENT:
            others = tuple(name for name in result.objects if name != self.client)
            if result.objects and not others and Role.CLIENT in given:
                return _NOTHING
            on = f"run nimdoctor fix on each client: {named(list(others))}" if others else "run nimdoctor fix there"
            return _with_other_command(result, on, "nimdoctor fix --probe", Role.CLIENT)._replace(objects=others)
        where, end = "", Role.MASTER
        if result.where is Role.MASTER and Role.MASTER not in given:
            where = "on the master"
        elif result.where is Role.MASTER and result.host != self.known.name(Role.MASTER):
            where = f"on {result.host or 'that master'}"
        elif result.where is Role.CLIENT and fix.where is Role.MASTER and self.known.one_host:
            here = "run nimdoctor fix here with --master TARGET, since its own master was not given"
            return _with_other_command(result, here, "nimdoctor fix --master TARGET", Role.CLIENT)
        elif fix.where is Role.CLIENT and Role.CLIENT not in given:
            where, end = "on the client", Role.CLIENT
        if not where:
            return None
        counsel = _with_other_command(result, f"run nimdoctor fix {where}", "nimdoctor fix", end)
        plain = where == f"on the {end.value}"
        return counsel._replace(objects=tuple(result.objects), beside="" if plain else counsel.beside)

    def _proposals(self, called: Dict[str, List[Result]], minor: Sequence[Result]) -> List["_Proposal"]:
        """What each fix proposes: those that are called, and those that these need, where they bring about what is asked for."""
        found: Dict[str, _Proposal] = {}
        waiting = sorted(called)
        chosen = tuple(waiting)
        while waiting:
            name = waiting.pop(0)
            if name in found or name not in self.fixes:
                continue
            # a finding below the bar is treated where its fix is called anyway
            findings = called.get(name, []) + [
                one for one in minor if one.fix == name and self._elsewhere(one, self.fixes[name]) is None
            ]
            found[name] = self._ask(self.fixes[name], findings, chosen)
            if found[name].steps:
                waiting += self.fixes[name].needs
        return [self._needed(one, one.fix in called, list(found.values())) for one in found.values()]

    def _needed(self, one: "_Proposal", called: bool, every: Sequence["_Proposal"]) -> "_Proposal":
        """Without its steps where nobody asks for what they bring about: of a prerequisite, or of a transient."""
        transient = any(isinstance(step.do, Transient) for step in one.steps)
        if called and not transient:
            return one
        brought = {condition for step in one.steps for condition in step.verify}
        others = [step for other in every if other is not one for step in other.steps]
        if any(condition in brought for step in others for condition in (*step.before, *step.then)):
            return one
        if transient and called:
            self._advise(
                one.about,
                f"{self.fixes[one.fix].title}: not for a time, since this plan does nothing meanwhile",
                None,
                None,
            )
        return one._replace(steps=(), affects=(), cautions=())

    def _ask(self, fix: Fix, findings: List[Result], chosen: Tuple[str, ...]) -> "_Proposal":
        """What one fix proposes; its advice is filed."""
        # sorted, since the order of findings rests on how sure they are, and that on the clock
        checks = tuple(sorted({found.check for found in findings}))
        about = next(iter([*(name for name in checks if name not in self._open), *checks]), fix.id)
        nothing = _Proposal(fix.id, about, tuple(findings))
        if fix.where is Role.CLIENT and Role.CLIENT not in self.ends.ends:
            self._advise(about, f"{fix.title}: run nimdoctor fix --only {fix.id} on the client", None, Role.CLIENT)
            return nothing
        if fix.classic and self.engine.may_be_hardened():
            self._advise(about, f"{fix.title}: {HARDENED}", None, fix.where)
            return nothing
        context = self.known.context(fix, findings, chosen, self.options, self.probed)._replace(
            another_fetches=any(self.fixes[name].fetches for name in chosen if name != fix.id)
        )
        try:
            items: List[PlanItem] = list(fix.function(**self.engine.feed(fix.function, {FixContext: context})) or ())
        except (FactAbsent, NotNamed) as error:
            self._advise(about, f"{fix.title}: not planned, {error}", None, fix.where)
            return nothing
        except Exception as error:  # a plug-in may raise anything; the other fixes go on
            self._advise(
                about, f"{fix.title}: not planned, the fix broke: {type(error).__name__}: {error}", None, fix.where
            )
            return nothing
        for item in items:
            if isinstance(item, Advice):
                self._advise(about, item.text, item.run, item.where, item.objects)
        if not items:
            for found in findings:
                # the fix sees nothing to do, the check did: a person must look
                self._file(_as_advice(found, f"{fix.id} finds nothing that it could do"), self._advice)
        steps = [item for item in items if isinstance(item, Step)]
        if self._ruled_out(fix, about, steps):
            return nothing
        # what a fix says beside its steps holds only where it has some
        return nothing._replace(
            # what is switched on for a time stays off for good, by the site's own will: no finding of it is treated
            steps=tuple(
                step._replace(fixes=(fix.id,), checks=() if isinstance(step.do, Transient) else checks)
                for step in steps
            ),
            affects=tuple(item for item in items if isinstance(item, Affects) and steps),
            cautions=tuple(item.text for item in items if isinstance(item, Caution) and steps),
        )

    def _ruled_out(self, fix: Fix, about: str, steps: Sequence[Step]) -> bool:
        """Whether a finding of this scan rules out one of these steps; then none is planned, since half a cure is none,
        and the reason stands as advice.
        """
        known: Set[Tuple[str, str]] = set()
        for step in steps:
            for result, one in rulings(step, self._results, self.known.one_host):
                if (result.check, one.why) not in known:
                    known.add((result.check, one.why))
                    self.ruled_by.setdefault(fix.id, []).append(result)
                    reason = f"{result.check} rules out {step_named(step)} on the {step.where.value}: {one.why}"
                    self._advise(about, f"{fix.title}: not planned, {reason}", None, fix.where, result.objects)
        return bool(known)

    # -- what stands beside the steps

    def _advise(
        self, about: str, text: str, run: Optional[str], where: Optional[Role], objects: Sequence[str] = ()
    ) -> None:
        self._file(PlannedAdvice(about, text, run, where.value if where else None, tuple(objects)), self._advice)

    def _file(self, advice: PlannedAdvice, among: List[PlannedAdvice]) -> None:
        """What a person is to know about an exposure stands beside all else, since nothing waits for it; but what was
        asked for by name is advice, whatever it is about."""
        (self._exposures if advice.about in self._open and not self.options.only else among).append(advice)

    def command(self, chosen: Optional[Options] = None) -> str:
        """The command line that makes this plan, or the one with these options."""
        ends = self.ends.ends
        leads = ends.get(Role.CLIENT) or ends.get(Role.MASTER)
        targets = {where: end.target for where, end in ends.items()}
        return as_typed(making(targets, chosen or self.options, leads.state if leads else ""))


def _treated(found: Result, fix_id: str) -> Treated:
    quotes = tuple((quote.source, quote.line, quote.text[:400]) for quote in found.evidence[:_QUOTES])
    topic = found.topic.value
    return Treated(found.check, found.where, found.host, found.title, found.message, fix_id, quotes, topic)


def _as_advice(result: Result, hint: str = "") -> PlannedAdvice:
    """A finding that no step treats, as advice."""
    text = f"{result.message}. {result.cure}" if result.cure else result.message
    whole = f"{text} ({hint})" if hint else text
    objects = tuple(result.objects)
    return PlannedAdvice(result.check, whole, result.run, result.where.value, objects, result.message, hint)


def _with_other_command(result: Result, beside: str, run: str, where: Role) -> PlannedAdvice:
    """A finding, and what is to be done about it with another command."""
    text = f"{result.message}: {beside}"
    return PlannedAdvice(result.check, text, run, where.value, (), result.message, beside)


def _affected(every: Sequence[Affects]) -> Optional[Affected]:
    clients = tuple(sorted({name for one in every for name in one.clients}))
    return Affected(clients, every[0].why, every[0].cure) if clients else None


def _pushes(results: Sequence[Result]) -> Tuple[str, ...]:
    """The pushes that would settle what was not tried since a change."""
    return tuple(dict.fromkeys(push for push in map(_settling_push, results) if push))


def _settling_push(result: Result) -> Optional[str]:
    """The push that settles a "not tried since"; None for any other result."""
    return push_of(result.settled_by) if result.outcome is Outcome.UNKNOWN else None


def _undecided(results: Sequence[Result]) -> List[Undecided]:
    """What else of operation could not be decided and would be planned for."""
    return [
        Undecided(one.check, one.where.value, one.host, one.severity.value, one.message, one.missing)
        for one in results
        if one.outcome in (Outcome.UNKNOWN, Outcome.ERROR)
        and one.topic is Topic.OPERATION
        and one.severity.rank >= BAR.rank
        and _settling_push(one) is None
    ]
