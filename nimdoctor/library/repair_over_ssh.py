"""A repair over ssh: the plan is made of what the hosts say, and the one file carries it out on them."""

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple, Union

from nimdoctor.applying.execute import RunResult, refuse_up_front
from nimdoctor.applying.outcome import assess, remembered
from nimdoctor.applying.refusals import strange_commands
from nimdoctor.evidence import TargetError
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.facts import RepairRuns
from nimdoctor.facts.repair_runs import UNFINISHED, RepairRun
from nimdoctor.library.other_end import other_end, packed
from nimdoctor.library.repair import Interrupted, Repair, never
from nimdoctor.model import Role
from nimdoctor.planning.command_lines import making, resuming, taking_back
from nimdoctor.planning.document import Plan, Refusal
from nimdoctor.planning.ends import End
from nimdoctor.planning.typed import as_typed
from nimdoctor.remote.host import NoPython, Overview, RemoteHost
from nimdoctor.remote.one_file import agent
from nimdoctor.remote.result import APPLIED, NotDone, joined
from nimdoctor.remote.run import Errand, new_run
from nimdoctor.system.refused import Refused


class Part(NamedTuple):
    """What is carried out on one end, and the host that does it."""

    where: Role
    plan: Plan
    host: RemoteHost


class RemoteRepair(Repair):
    """A repair whose target is reached over ssh. Raises as Repair does."""

    def __init__(self, *words: Any, **more: Any) -> None:
        self._hosts: Dict[str, RemoteHost] = {}
        self._seen: Dict[str, Union[Overview, Refused]] = {}
        super().__init__(*words, **more)

    def host(self, target: str) -> RemoteHost:
        """The host, asked over the connection that it is scanned over."""
        if target not in self._hosts:
            self._hosts[target] = RemoteHost(self.connection(target))
        return self._hosts[target]

    def _remote(self) -> Dict[Role, End]:
        return {where: end for where, end in self.ends.ends.items() if end.remote}

    # -- what is planned, and what is in the way

    def seen(self, target: str) -> "Union[Overview, Refused]":
        """What there is on that host beside what a scan reads, or why that cannot be told; looked at once."""
        if target not in self._seen:
            try:
                self._seen[target] = self.host(target).overview()
            except Refused as error:
                self._seen[target] = error
        return self._seen[target]

    def _known(self, target: str) -> Overview:
        found = self.seen(target)
        return found if isinstance(found, Overview) else Overview()

    def _plan(self) -> Plan:
        plan = super()._plan()
        refusals = [
            _refused_by(why, end, as_typed((*making(plan.targets, self.options), "--script", "DIR")))
            for where, end in self._remote().items()
            for why in [self.seen(end.target)]
            if plan.touches(where) and not isinstance(why, Overview)
        ]
        cautions = self._left_by_another(plan)
        return plan._replace(refusals=(*plan.refusals, *refusals), cautions=(*plan.cautions, *cautions))

    def _left_by_another(self, plan: Plan) -> List[str]:
        """What a run did on the master that nobody went on with on the client."""
        master, client = (self._remote().get(where) for where in (Role.MASTER, Role.CLIENT))
        if master is None or client is None or not plan.touches(Role.CLIENT):
            return []
        begun = [run.name for run in self._known(client.target).runs]
        applied = {run.name for run in self._runs(Role.MASTER) if run.state in APPLIED}
        return [
            f"run {run.name} did the master's part on {master.target}; the client's was not begun: this plan holds what "
            "is left"
            for run in self._known(master.target).runs[-1:]
            if (run.parts.get("then") or {}).get("name") == plan.hosts[Role.CLIENT].name
            and run.name in applied
            and run.name > max(begun, default="")
        ]

    def _runs(self, where: Role) -> Tuple[RepairRun, ...]:
        """The runs of that end by their journals."""
        engine = self.engine
        host = engine.target if engine.master is None or where is Role.CLIENT else engine.master
        found = host.optional(RepairRuns)
        return found.runs if found else ()

    def unfinished(self) -> List[str]:
        """A line for each unfinished run of the hosts over ssh: what it is and what to do about it."""
        lines: List[str] = []
        for where, end in self._remote().items():
            seen = self._known(end.target)
            busy = [place.run for place in seen.places if place.how == "runs"]
            lines += [
                f"run {run} is under way on {end.target}: "
                + (
                    f"{as_typed(taking_back(run, end.target, ''))} follows how it is taken back"
                    if place.back
                    else f"{as_typed(resuming(run, end.target, ''))} follows it"
                )
                for run, place in ((run, seen.under_way(run)) for run in busy)
                if place
            ]
            lines += [
                _unfinished_words(run, end.target, seen)
                for run in self._runs(where)
                if run.state in UNFINISHED and run.name not in busy
            ]
        return list(dict.fromkeys(lines))

    def refusals(self) -> List[Refusal]:
        """What forbids applying the plan, as far as it is known before anything is sent."""
        connections = {where: self.connection(end.target) for where, end in self._remote().items()}
        answered = {where: (one.system, one.user) for where, one in connections.items()}
        here = [end for where, end in self.ends.ends.items() if end.live and self.plan.touches(where)]
        return [
            *refuse_up_front(self.plan, self.ends, 0, answered),
            *strange_commands(self.plan.steps, self.registry.fixes()),
            *(self.plan.inseparable() if self.plan.two_hosts else ()),
            *(
                Refusal("", f"the {end.where.value} can be changed over ssh", f"the {end.where.value} is "
                        f"{end.target or 'this host'}: run nimdoctor fix {end.target} for it first".replace("  ", " "))
                for end in here
            ),
        ]  # fmt: skip

    # -- carrying it out

    def apply(self, interrupted: Interrupted = never) -> RunResult:
        """Has each host do its part, the master first, and follows it. Raises Refused, TargetError."""
        before = remembered(self.report.results)
        parts = self._parts()
        errands = {part.where: Errand(part.host, self.say, interrupted) for part in parts}
        file, seen = agent(), {part.where: errands[part.where].overview() for part in parts}
        for part in parts:
            errands[part.where].bring(file, seen[part.where])
        run = new_run(seen.values())
        ended: List[RunResult] = []
        left: Dict[Role, str] = {}
        for part in parts:
            if interrupted():
                left[part.where] = f"interrupted by somebody, before anything was begun on {part.host.target}"
                break
            try:
                ended.append(self._carried_out(part, errands[part.where], run, file.name))
            except (NotDone, TargetError) as error:
                if not ended:
                    raise
                left[part.where] = f"nothing was done on the {part.where.value}: {error}"
            if left or ended[-1].state not in APPLIED:
                break
        if not ended:
            raise Refused(next(iter(left.values())))
        left.update({part.where: left.get(part.where, "") for part in parts[len(ended) :]})
        return self._judged(joined(self.plan, ended, left), parts, before)

    def _parts(self) -> List[Part]:
        """What each host does, in order."""
        plan, ends = self.plan, self.ends.ends
        touched = [where for where in (Role.MASTER, Role.CLIENT) if plan.touches(where)]
        if not plan.two_hosts:
            return [Part(touched[0], plan, self.host(ends[touched[0]].target))]
        return [Part(where, plan.part(where), self.host(ends[where].target)) for where in touched]

    def _carried_out(self, part: Part, errand: Errand, run: str, file: str) -> RunResult:
        """How one host did its part. Raises NotDone, Refused, TargetError."""
        other = self._other(part, errand)
        request: Dict[str, Any] = {
            "request": "apply",
            "plan": part.plan.as_dict(),
            "expect": part.plan.id,
            "run": run,
            "affects": len(part.plan.affects.clients) if part.plan.affects else None,
            "change": self.options.change or None,
            "evidence_age": self.options.evidence_age,
            "other": part.host.evidence_of(run) if other else None,
            "parts": self._whole(part) if self.plan.two_hosts else None,
        }
        return errand.followed(run, part.plan, run, file, lambda: errand.begin(run, file, request, other))

    def _whole(self, part: Part) -> Mapping[str, Any]:
        """What the host's journal says of the plan that this is a part of."""
        client, master = (self.plan.touches(where) for where in (Role.CLIENT, Role.MASTER))
        then = {"role": "client", "name": self.plan.hosts[Role.CLIENT].name} if client else None
        after = {"role": "master", "name": self.plan.hosts[Role.MASTER].name} if master else None
        beside = {"then": then} if part.where is Role.MASTER else {"then": None, "after": after}
        return {"whole": self.plan.id, "role": part.where.value, **beside}

    def _other(self, part: Part, errand: Errand) -> bytes:
        """Evidence of the other end as it is now, where the part rests on it."""
        other = other_end(part.plan)
        if other is None:
            return b""
        return packed(self.ends.ends[other].open, self.registry.catalog, errand.overview().clock)

    def _judged(self, result: RunResult, parts: Sequence[Part], before: Sequence[Any]) -> RunResult:
        """The result, by a scan of both hosts where no host alone can tell what came of every finding."""
        judged = {(one.check, one.where, one.host) for one in result.outcomes.findings}
        open_ = {(one.check, one.where.value, one.host) for one in self.plan.findings} - judged
        if result.state not in APPLIED or (len(parts) == 1 and not open_):
            return result
        try:
            outcomes = assess(self.plan, before, self._rescan(), {}, result.run)
        except TargetError as error:
            why = f"every step is done, but what came of it cannot be told: {error}"
            return result._replace(
                state="stopped", why=why, stands=tuple(f"{step.title}: done" for step in self.plan.steps)
            )
        return result._replace(state="applied-unverified" if outcomes.unverified else "complete", outcomes=outcomes)


def _refused_by(why: Refused, end: End, package: str) -> Refusal:
    """Why nothing can be carried out on that host."""
    if isinstance(why, NoPython):
        return Refusal("", f"{end.target} has a python3, 3.9 or newer, to carry the plan out", why.seen, package)
    return Refusal("", f"what is kept in {STATE_DIRECTORY} on {end.target} is root's alone", str(why))


def _unfinished_words(run: RepairRun, target: str, seen: Overview) -> str:
    known = seen.run(run.name)
    if run.packaged or known is None or known.executor is None:
        return (
            f"run {run.name} of nimdoctor on {target} is {run.state}: log in there; {run.resuming()} goes on with it"
            + ("" if run.packaged else f", {run.taking_back()} takes it back")
        )
    return (
        f"run {run.name} on {target} is {run.state}: {as_typed(resuming(run.name, target, ''))} goes on with it, "
        f"{as_typed(taking_back(run.name, target, ''))} takes it back"
    )
