"""One plan for all findings: equal steps once, in the order of their phases, the smallest cure that serves.

A plan is made from a scan and writes nothing. Which fixes are called: those of findings of medium
and more, or those named by `--only`; what they need comes along where they plan a step at all.
"""

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.engine import HARDENED, Engine, NotNamed, Result
from nimdoctor.host import Absent, Host
from nimdoctor.model import Outcome, Role, Severity
from nimdoctor.plan.conditions import Condition, SecuredClientsAre
from nimdoctor.plan.conditions.guards import proved_hung
from nimdoctor.plan.document import Affected, Counsel, Plan, PlanHost, Refusal, Treated
from nimdoctor.plan.ends import Elsewhere, End, Ends, Moment
from nimdoctor.plan.fix import Advice, Affects, Case, Caution, Fix, Options, Said
from nimdoctor.plan.place import Refused
from nimdoctor.plan.steps import Phase, Run, Step, Subsystem, Transient, kind_of
from nimdoctor.wording import named

BAR = Severity.MEDIUM
_QUOTES = 6
_ON_MASTER = "On the master: "


class Probed(NamedTuple):
    """What `--probe` found before planning: where tftp answered, and another secured client that is pushed well."""

    tftp_address: Optional[Tuple[str, int]] = None
    pushed_well: Optional[str] = None


def ends_of(engine: Engine, ends: Sequence[End]) -> Dict[Role, Host]:
    """The scanned host of each end."""
    hosts: Dict[Role, Host] = {}
    for end in ends:
        own = engine.target if end.where is Role.CLIENT or engine.master is None else engine.master
        hosts[end.where] = own
    return hosts


class Planner:
    """Makes the plan of one scan. `ends` are the plan's ends, `hosts` the scanned hosts behind them."""

    def __init__(
        self, engine: Engine, ends: Ends, fixes: Iterable[Fix], options: Options, probed: Optional[Probed] = None
    ) -> None:
        self.engine = engine
        self.ends = ends
        self.fixes = {one.id: one for one in fixes}
        self.options = options
        self.probed = probed or Probed()
        self.hosts = ends_of(engine, list(ends.ends.values()))
        self.now = Moment(ends, self.hosts)
        self.client = self._client_name()
        self._advice: List[Counsel] = []
        self._affects: List[Affects] = []
        self._cautions: List[str] = []

    def plan(self, results: Sequence[Result]) -> Plan:
        """The plan for these results of a scan."""
        called = self._called(results)
        steps = self._steps(called)
        steps = _numbered(_deferred(_ordered(_merged(steps))))
        stepped = {check for step in steps for check in step.checks}
        findings = tuple(
            _treated(found, fix_id) for fix_id in sorted(called) for found in called[fix_id] if found.check in stepped
        )
        plan = Plan(
            hosts={end.where: self._host(end) for end in self.ends.ends.values()},
            checks=tuple(sorted({found.check for found in findings})),
            steps=tuple(steps),
            options=self.options,
            findings=findings,
            advice=tuple(dict.fromkeys(self._advice)),
            affects=self._affected(),
            cautions=tuple(dict.fromkeys(self._cautions)),
            pushes=_pushes(results),
        )
        refusals = self.refusals(plan)
        return plan._replace(refusals=tuple(refusals), first=self._first(refusals))

    def refusals(self, plan: Plan) -> List[Refusal]:
        """What would keep the plan from being applied now, as far as the scanned evidence tells."""
        found = [
            Refusal("", f"the {where.value} can be changed from here", why)
            for where in (Role.CLIENT, Role.MASTER)
            for why in [self._not_here(where)]
            if plan.touches(where) and why
        ]
        for step in plan.steps:
            for condition in step.before:
                seen = decide(condition, self.now)
                if seen is not None:
                    found.append(Refusal(step.id, condition.words(), seen))
        return found

    # -- which fixes

    def _called(self, results: Sequence[Result]) -> Dict[str, List[Result]]:
        called: Dict[str, List[Result]] = {name: [] for name in self.options.only}
        for result in results:
            if result.outcome is not Outcome.FAIL:
                continue
            fix = self.fixes.get(result.fix or "")
            if self.options.only:
                if fix is None or fix.id not in self.options.only:
                    continue
            elif fix is None:
                self._say(result, "")
                continue
            elif result.severity.rank < BAR.rank:
                self._say(result, f"below medium: planned only by --only {fix.id}")
                continue
            if fix.named_only and fix.id not in self.options.only:
                continue
            elsewhere = self._elsewhere(result, fix)
            if elsewhere:
                self._advise(result.check, elsewhere, result.run, result.where, result.objects)
                continue
            called.setdefault(fix.id, []).append(result)
        return called

    def _elsewhere(self, result: Result, fix: Fix) -> str:
        """Why a finding is not for this plan: it is about other clients, or about an end that was not given."""
        given = self.ends.ends
        others = [name for name in result.objects if name != self.client]
        if result.where is Role.MASTER and fix.where is Role.CLIENT:
            return f"{result.message}: run nimdoctor fix on each client" + (f": {named(others)}" if others else "")
        if result.where is Role.MASTER and Role.MASTER not in given:
            return f"{result.message}: run nimdoctor fix on the master"
        if result.where is Role.MASTER and result.host != self.hosts[Role.MASTER].name:
            return f"{result.message}: run nimdoctor fix on {result.host or 'that master'}"
        if fix.where is Role.CLIENT and Role.CLIENT not in given:
            return f"{result.message}: run nimdoctor fix on the client"
        return ""

    def _steps(self, called: Dict[str, List[Result]]) -> List[Step]:
        steps: List[Step] = []
        asked: Set[str] = set()
        waiting = sorted(called)
        chosen = tuple(waiting)
        while waiting:
            name = waiting.pop(0)
            if name in asked or name not in self.fixes:
                continue
            asked.add(name)
            fix = self.fixes[name]
            planned = self._ask(fix, called.get(name, []), chosen)
            if planned:
                steps += planned
                waiting += [need for need in fix.needs if need not in asked]
        return steps

    def _ask(self, fix: Fix, findings: List[Result], chosen: Tuple[str, ...]) -> List[Step]:
        """The steps of one fix; what else it says is kept aside."""
        checks = tuple(dict.fromkeys(found.check for found in findings))
        about = checks[0] if checks else fix.id
        if fix.where is Role.CLIENT and Role.CLIENT not in self.ends.ends:
            self._advise(about, f"{fix.title}: run nimdoctor fix --only {fix.id} on the client", None, Role.CLIENT)
            return []
        if fix.classic and self.engine.may_be_hardened():
            self._advise(about, f"{fix.title}: {HARDENED}", None, fix.where)
            return []
        case = Case(
            findings=tuple(findings),
            options=self.options,
            fixes=chosen,
            client=self.client,
            client_host=self._name(Role.CLIENT),
            master_host=self._name(Role.MASTER),
            ends=tuple(self.ends.ends),
            live=tuple(where for where, end in self.ends.ends.items() if end.live),
            tftp_address=self.probed.tftp_address,
            pushed_well=self.probed.pushed_well,
        )
        try:
            said: List[Said] = list(fix.function(**self.engine.feed(fix.function, {Case: case})) or ())
        except (Absent, NotNamed) as error:
            self._advise(about, f"{fix.title}: not planned, {error}", None, fix.where)
            return []
        steps = []
        for thing in said:
            if isinstance(thing, Step):
                steps.append(thing._replace(fixes=(fix.id,), checks=checks))
            elif isinstance(thing, Advice):
                self._advise(about, thing.text, thing.run, thing.where, thing.objects)
        # what a fix says beside its steps holds only where it has some
        if steps:
            self._affects += [thing for thing in said if isinstance(thing, Affects)]
            self._cautions += [thing.text for thing in said if isinstance(thing, Caution)]
        return steps

    # -- what stands beside the steps

    def _say(self, result: Result, reason: str) -> None:
        """A finding that no step treats, as advice."""
        text = f"{result.message}. {result.cure}" if result.cure else result.message
        self._advise(result.check, f"{text} ({reason})" if reason else text, result.run, result.where, result.objects)

    def _advise(
        self, about: str, text: str, run: Optional[str], where: Optional[Role], objects: Sequence[str] = ()
    ) -> None:
        self._advice.append(Counsel(about, text, run, where.value if where else None, tuple(objects)))

    def _affected(self) -> Optional[Affected]:
        if not self._affects:
            return None
        clients = tuple(sorted({name for one in self._affects for name in one.clients}))
        return Affected(clients, self._affects[0].why, self._affects[0].cure)

    def _first(self, refusals: Sequence[Refusal]) -> Optional[str]:
        """The command that waives a hung operation, where only that stands in the way."""
        if self.options.accept_hung or not self.client or not refusals or not proved_hung(self.now):
            return None
        ours = ("nimsh has a child", "a nim command runs", f"{self.client}: ")
        if not all(one.seen.startswith(ours) for one in refusals):
            return None
        return f"{self.command()} --accept-hung {self.client}"

    def command(self) -> str:
        """The command line that makes this plan."""
        words = ["nimdoctor", "fix"]
        client, master = self.ends.ends.get(Role.CLIENT), self.ends.ends.get(Role.MASTER)
        target = client or master
        if target and target.target:
            words.append(target.target)
        if client and master and master is not client and master.target != client.target:
            words += ["--master", master.target]
        for name in self.options.only:
            words += ["--only", name]
        words += ["--transient-tftp"] if self.options.transient_tftp else []
        words += ["--lpp-source", self.options.lpp_source] if self.options.lpp_source else []
        words += ["--probe"] if self.options.probe else []
        return " ".join(words)

    def _host(self, end: End) -> PlanHost:
        from nimdoctor.facts import MachineId

        host = self.hosts[end.where]
        machine = host.optional(MachineId)
        return PlanHost(host.name, end.target, machine.machine_id if machine else None, host.oslevel)

    def _name(self, where: Role) -> Optional[str]:
        return self.hosts[where].name if where in self.hosts else None

    def _client_name(self) -> Optional[str]:
        """The client's NIM name: its own word for it, else the object in the master's list that is this host."""
        from nimdoctor.facts import NimIdentity, NimObjects

        if Role.CLIENT not in self.hosts:
            return None
        identity = self.hosts[Role.CLIENT].optional(NimIdentity)
        if identity is None:
            return None
        master = self.hosts.get(Role.MASTER)
        objects = master.optional(NimObjects) if master else None
        own, _ = identity.object_in(objects)
        return own.name if own else identity.nim_name

    def _not_here(self, where: Role) -> str:
        end = self.ends.ends.get(where)
        return "" if end is None or end.live else f"{end.target} is recorded evidence: run nimdoctor fix on that host"


def decide(condition: Condition, now: Moment) -> Optional[str]:
    """Why a condition does not hold, or None when it does or cannot be looked at from here."""
    try:
        answer = condition.decide(now, {})
    except Elsewhere:
        return None
    except Refused as error:
        return str(error)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    return None if answer.holds else answer.says


def _merged(steps: Sequence[Step]) -> List[Step]:
    """Equal steps as one, with the conditions, fixes and findings of all; superfluous ones left out."""
    found: Dict[Tuple[Any, ...], Step] = {}
    for step in steps:
        known = found.get(step.key)
        found[step.key] = step if known is None else _both(known, step)
    switches_on = {
        step.where: step for step in found.values() if isinstance(step.do, Run) and step.do.argv == ("nimclient", "-c")
    }
    kept = []
    for step in found.values():
        starts_nimsh = isinstance(step.do, Subsystem) and step.do.name == "nimsh"
        later = switches_on.get(step.where) if starts_nimsh else None
        if later is not None:
            # nimclient -c starts nimsh itself
            merged = found[later.key]
            found[later.key] = merged._replace(
                fixes=_joined(merged.fixes, step.fixes), checks=_joined(merged.checks, step.checks)
            )
        else:
            kept.append(step.key)
    return [found[key] for key in kept]


def _both(one: Step, other: Step) -> Step:
    # of a step in a leg and a lone one the leg counts: it has the stricter rules
    if other.leg and not one.leg:
        one, other = other, one
    return one._replace(
        before=_joined(one.before, other.before),
        then=_joined(one.then, other.then),
        verify=_joined(one.verify, other.verify),
        fixes=_joined(one.fixes, other.fixes),
        checks=_joined(one.checks, other.checks),
        why=one.why if other.why in one.why else f"{one.why}; {other.why}",
    )


def _joined(one: Tuple[Any, ...], other: Tuple[Any, ...]) -> Tuple[Any, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _ordered(steps: Sequence[Step]) -> List[Step]:
    """By phase, within a phase the master first; steps of a leg keep their order."""
    return sorted(steps, key=lambda step: (step.phase.rank, step.where is not Role.MASTER))


def _deferred(steps: Sequence[Step]) -> List[Step]:
    """What an earlier step of the plan brings about is asked for only just before the step that needs it."""
    brought: Set[Condition] = set()
    found = []
    for step in steps:
        later = tuple(one for one in step.before if one in brought)
        found.append(
            step._replace(
                before=tuple(one for one in step.before if one not in brought), then=_joined(step.then, later)
            )
        )
        brought |= set(step.verify)
    return found


def _numbered(steps: Sequence[Step]) -> List[Step]:
    """Steps with their ids; a step that restores names the one it undoes."""
    found = []
    opening = ""
    for number, step in enumerate(steps, 1):
        name = f"{number}-{step.where.value}-{_slug(step)}"
        if isinstance(step.do, Transient):
            if step.do.edit is not None:
                opening = name
            else:
                step = step._replace(do=Transient(of=opening))
        found.append(step._replace(id=name))
    return found


def _slug(step: Step) -> str:
    if isinstance(step.do, Run):
        return "".join(step.do.argv[:2])
    return kind_of(step.do) if step.phase is not Phase.TIDY else f"{kind_of(step.do)}-tidy"


def _treated(found: Result, fix_id: str) -> Treated:
    quotes = tuple((quote.source, quote.line, quote.text[:400]) for quote in found.evidence[:_QUOTES])
    return Treated(found.check, found.where, found.host, found.title, found.message, fix_id, quotes)


def _pushes(results: Sequence[Result]) -> Tuple[str, ...]:
    """The pushes that would settle what was not tried since a change."""
    pushes = [
        result.message.split(_ON_MASTER, 1)[1]
        for result in results
        if result.outcome is Outcome.UNKNOWN and _ON_MASTER in result.message
    ]
    return tuple(dict.fromkeys(pushes))


def affected_by(steps: Sequence[Step]) -> Tuple[str, ...]:
    """Names of the clients that the preconditions of these steps say would lose their push."""
    return tuple(
        dict.fromkeys(
            name for step in steps for one in step.before if isinstance(one, SecuredClientsAre) for name in one.names
        )
    )
