"""A repair over ssh: the plan is made of what the host says, and its rendered scripts carry it out there."""

from typing import Any, Dict, List, Mapping, Sequence

from nimdoctor.applying.execute import NotApplied, RunResult, refuse_up_front
from nimdoctor.applying.outcome import assess, remembered
from nimdoctor.applying.refusals import strange_commands
from nimdoctor.applying.rollback import RolledBack
from nimdoctor.applying.undoable import can_be_taken_back
from nimdoctor.evidence import TargetError
from nimdoctor.evidence.connection import Connection
from nimdoctor.facts import RepairRuns
from nimdoctor.facts.repair_runs import UNFINISHED
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Interrupted, Repair, RepairTarget, Say, never
from nimdoctor.model import Role
from nimdoctor.planning.command_lines import default_state, resuming, taking_back
from nimdoctor.planning.document import Plan, Refusal
from nimdoctor.planning.fix import Options
from nimdoctor.planning.hindrances import decide
from nimdoctor.remote.follow import Unfollowed
from nimdoctor.remote.host import SENT, RemoteHost, Sent
from nimdoctor.remote.run import Remote, unfinished
from nimdoctor.system.refused import Refused

CANNOT = (
    "over ssh the plan is carried out by apply.ksh on the host: it waits for the disk (sync) before each step, but not "
    "for single files, does not hold a directory open while it works below it, compares files by cksum and not by "
    "SHA-256, and keeps no list of clients that have followed; all else is as nimdoctor fix there does it"
)
"""What a script cannot do that the executor can."""


class RemoteRepair(Repair):
    """A repair whose target is reached over ssh. Raises as Repair does."""

    def _plan(self) -> Plan:
        plan = super()._plan()
        return plan._replace(cautions=(*plan.cautions, CANNOT)) if plan.steps else plan

    def unfinished(self) -> List[str]:
        """A line for each unfinished run of the hosts over ssh: what it is and what to do about it. Raises TargetError."""
        lines: List[str] = []
        for where, end in self.ends.ends.items():
            if not end.remote:
                continue
            host = self.engine.target if self.engine.master is None or where is Role.CLIENT else self.engine.master
            runs = host.optional(RepairRuns)
            lines += [
                f"run {run.name} of nimdoctor on {end.target} is {run.state}: log in there; nimdoctor fix --resume "
                f"{run.name} goes on with it, nimdoctor rollback {run.name} takes it back"
                for run in (runs.unfinished() if runs else ())
            ]
            lines += unfinished(RemoteHost(self.connection(end.target)))
        return list(dict.fromkeys(lines))

    def unpackaged(self) -> List[Refusal]:
        """What of the plan the scripts that are sent cannot ask: to be read first is what runs there."""
        return self.unscripted()

    def package(self) -> Mapping[str, bytes]:
        """The scripts that are sent, which whoever approves the plan reads."""
        return self.scripts()

    def refusals(self) -> List[Refusal]:
        """What forbids applying the plan, as far as it is known before anything is sent."""
        connections = {where: self.connection(end.target) for where, end in self.ends.ends.items() if end.remote}
        answered = {where: (one.system, one.user) for where, one in connections.items()}
        here = [end for where, end in self.ends.ends.items() if end.live and self.plan.touches(where)]
        return [
            *refuse_up_front(self.plan, self.ends, 0, "AIX", answered),
            *strange_commands(self.plan.steps, self.registry.fixes()),
            *self.unscripted(),
            *(
                Refusal("", f"the {end.where.value} can be changed over ssh", f"the {end.where.value} is "
                        f"{end.target or 'this host'}: run nimdoctor fix {end.target} for it first".replace("  ", " "))
                for end in here
            ),
        ]  # fmt: skip

    def apply(self, interrupted: Interrupted = never) -> RunResult:
        """Sends the scripts, starts them and follows them. Raises NotApplied, Refused, TargetError."""
        before = remembered(self.report.results)
        remote = Remote(self.plan, self.remote_hosts(), self.say, interrupted)
        missed = self._missed_elsewhere()
        if missed:
            raise NotApplied(missed)
        remote.refuse_what_runs()
        remote.send(self.scripts())
        return proved(remote.apply(), self.plan, before, self._rescan)

    def remote_hosts(self) -> Dict[Role, RemoteHost]:
        """The hosts over ssh; ends that are one host share it."""
        by_target = {
            end.target: RemoteHost(self.connection(end.target)) for end in self.ends.ends.values() if end.remote
        }
        return {where: by_target[end.target] for where, end in self.ends.ends.items() if end.remote}

    def _missed_elsewhere(self) -> List[Refusal]:
        """Preconditions that do not hold now at an end that the scripts cannot look at from where they run."""
        if len({end.target for end in self.ends.ends.values()}) == 1:
            return []
        moment = self.ends.now()
        found = []
        try:
            for step in self.plan.steps:
                for condition in step.before:
                    end = self.ends.ends.get(condition.where)
                    if condition.where is step.where or end is None or not end.remote:
                        continue
                    seen = decide(condition, moment)
                    if seen is not None:
                        found.append(Refusal(step.id, condition.words(), seen))
        finally:
            moment.close()
        return found


def proved(result: RunResult, plan: Plan, before: Sequence[Any], rescan: Any) -> RunResult:
    """The result with what a second scan says of the findings, where every step is done, and the ways on from it."""
    if result.state != "complete":
        return _with_ways(result, plan)
    try:
        outcomes = assess(plan, before, rescan(), {}, result.run)
    except TargetError as error:
        why = f"every step is done, but what came of it cannot be told: {error}"
        stands = tuple(f"{step.title}: done" for step in plan.steps)
        return _with_ways(result._replace(state="stopped", why=why, stands=stands), plan)
    state = "applied-unverified" if outcomes.unverified else "complete"
    return _with_ways(result._replace(state=state, outcomes=outcomes), plan)


def _with_ways(result: RunResult, plan: Plan) -> RunResult:
    outcomes = {step: outcome for step, outcome, _ in result.steps}
    done: Dict[str, Any] = {step: {} for step, outcome in outcomes.items() if outcome in ("done", "left-open")}
    begun = [step for step, outcome in outcomes.items() if outcome == "failed"]
    target = plan.targets.get(Role.CLIENT, plan.targets.get(Role.MASTER, ""))
    back = result.state != "running" and can_be_taken_back(plan.steps, result.state, done, begun)
    return result._replace(
        state_directory=default_state(target),
        # one that is proved by a push alone is told of anew
        resuming=resuming(result.run, target, "") if result.state in (*UNFINISHED, "applied-unverified") else (),
        taking_back=taking_back(result.run, target, "") if back else (),
    )


class RemoteRun:
    """A run on a host over ssh, by the scripts that were sent for it.

    `state` is running while it is under way, whatever its marks say. Raises Refused, TargetError.
    """

    def __init__(self, host: RemoteHost, sent: Sent) -> None:
        self.host = host
        self.sent = sent
        self.name = sent.name
        self.state = self._state()

    def _state(self) -> str:
        if self.sent.under_way:
            return "running"
        if self.sent.state == "restored":
            plan = self.plan()
            if len({host.target for where, host in plan.hosts.items() if plan.touches(where)}) > 1:
                return "stopped"  # here nothing is left of it; what the other host did first may stand
        return self.sent.state

    def plan(self) -> Plan:
        """The plan that was sent. Raises Refused, TargetError."""
        return self.host.plan(self.sent.place)

    def as_dict(self) -> Dict[str, Any]:
        """The run as JSON values, in the shape of the runs of a journal. Raises Refused, TargetError."""
        plan, marks = self.plan(), self.host.marks(self.sent.plan)
        begun = f"{self.name[:4]}-{self.name[4:6]}-{self.name[6:11]}:{self.name[11:13]}:{self.name[13:16]}"
        steps = []
        for number, step in enumerate(plan.steps, 1):
            state = next((word for word in ("done", "begun") if f"{word}.{number}" in marks), "not-begun")
            steps.append({"id": step.id, "where": step.where.value, "title": step.title, "state": state})
        done: Dict[str, Any] = {str(step["id"]): {} for step in steps if step["state"] == "done"}
        half = [str(step["id"]) for step in steps if step["state"] == "begun"]
        back = can_be_taken_back(plan.steps, self.state, done, half)
        stands = [said for name, said in sorted(marks.items()) if name.startswith("stands.")]
        left_open = next((said for name, said in sorted(marks.items()) if name.startswith("open.")), None)
        return {
            "run": self.name,
            "state": self.state,
            "plan": plan.id,
            "fixes": sorted({name for step in plan.steps for name in step.fixes}),
            "targets": {where.value: host.target for where, host in plan.hosts.items()},
            "started": begun,
            "ended": None,
            "steps": steps,
            "findings": [],
            "caused": [],
            "who": None,
            "change": plan.options.change or None,
            "proved": None,
            "why": None,
            "stands": stands,
            "affects": [{"client": name, "followed": False} for name in (plan.affects.clients if plan.affects else ())],
            "left_open": left_open,
            "led_by": None,
            "resume": list(resuming(self.name, self.host.target, "")) if self.state in UNFINISHED else None,
            "rollback": list(taking_back(self.name, self.host.target, "")) if back else None,
        }


class RemoteRuns:
    """The runs by script of one host over ssh."""

    remote = True
    retold = ("complete",)
    """A run that ended while nobody followed it: what came of it is told, by a second scan."""

    def __init__(
        self, target: str, registry: Registry, *, timeout: float = 30.0, progress: Any = None, say: Say
    ) -> None:
        """Raises TargetError."""
        self.target = target
        self.registry = registry
        self.timeout = timeout
        self.progress = progress
        self.say = say
        self._connections: Dict[str, Connection] = {}
        self.host = self._host(target)

    def close(self) -> None:
        """Ends what is held open."""
        for connection in self._connections.values():
            connection.close()

    def _host(self, target: str) -> RemoteHost:
        if target not in self._connections:
            self._connections[target] = Connection(target, self.timeout)
            self._connections[target].connect()
        return RemoteHost(self._connections[target])

    def every(self) -> List[RemoteRun]:
        """The runs, oldest first; of scripts that were sent more than once, the newest. Raises TargetError."""
        newest = {sent.plan: sent for sent in self.host.overview().sent if sent.state or sent.under_way}
        return [RemoteRun(self.host, sent) for sent in sorted(newest.values(), key=lambda one: one.place)]

    def find(self, name: str) -> RemoteRun:
        """The run of that name, or the last. Raises Refused, TargetError."""
        runs = self.every()
        if name == "last" and runs:
            return runs[-1]
        for run in runs:
            if name in (run.name, run.sent.place, run.sent.plan):
                return run
        known = ", ".join(run.name for run in runs)
        raise Refused(
            f"there is no run {'' if name == 'last' else name + ' '}by scripts on {self.target} ({SENT})"
            f"{'; there are ' + known if known else ''}; those of a nimdoctor on that host are told there: nimdoctor runs"
        )

    def resume(self, run: RemoteRun, options: Options, interrupted: Interrupted = never) -> RunResult:
        """Follows a run that is under way, goes on with one that is not finished, tells of one that is complete.

        Raises Refused, TargetError.
        """
        plan = run.plan()
        if run.sent.under_way and run.sent.words[:1] != ("apply.ksh",):
            raise Refused(f"run {run.name} is being taken back: nimdoctor rollback {run.name} --target {self.target}")
        remote = self._remote(plan, run, interrupted)
        result = remote.told() if run.state == "complete" else remote.apply(run.sent if run.sent.under_way else None)
        return proved(result, plan, (), lambda: self._rescan(plan))

    def roll_back(self, run: RemoteRun, only: Sequence[str], interrupted: Interrupted = never) -> RolledBack:
        """Takes a run back; an interruption ends only that it is followed. Raises Refused, TargetError."""
        if only:
            raise Refused("over ssh a run is taken back whole, by its rollback.ksh: without --only")
        if run.sent.under_way and run.sent.words[:1] != ("rollback.ksh",):
            raise Refused(f"run {run.name} is under way: nimdoctor fix {self.target} --resume {run.name} follows it")
        remote = self._remote(run.plan(), run, interrupted)
        try:
            return remote.roll_back(run.sent if run.sent.under_way else None)
        except Unfollowed as error:
            raise Refused(f"rollback.ksh is no longer followed, and goes on there: {error}") from error

    def _remote(self, plan: Plan, run: RemoteRun, interrupted: Interrupted) -> Remote:
        ends = {where: self._target_of(plan, where) for where in plan.hosts if plan.touches(where)}
        local = [target for target in ends.values() if not target.startswith("ssh:")]
        if local:
            raise Refused(f"run {run.name} also changes {local[0] or 'another host'}, which is not over ssh")
        there = {target: self._host(target) for target in set(ends.values())}
        remote = Remote(plan, {where: there[target] for where, target in ends.items()}, self.say, interrupted)
        for host in dict.fromkeys(remote.hosts.values()):
            if host.target == self.target:
                remote.found(host, run.sent)
                continue
            before = [sent for sent in host.overview().sent if sent.plan == run.sent.plan]
            if not before:
                raise Refused(f"the scripts of run {run.name} are not on {host.target}: start again with nimdoctor fix")
            remote.found(host, before[-1])
        return remote

    def _target_of(self, plan: Plan, where: Role) -> str:
        """Where that end is: what was typed now for the host that was typed then."""
        leads = plan.hosts.get(Role.CLIENT) or plan.hosts[Role.MASTER]
        return self.target if plan.hosts[where].target == leads.target else plan.hosts[where].target

    def _rescan(self, plan: Plan) -> Sequence[Any]:
        master = plan.hosts.get(Role.MASTER)
        leads = plan.hosts.get(Role.CLIENT) or plan.hosts[Role.MASTER]
        other = master.target if master and master.target != leads.target else None
        where = RepairTarget(self.target, other, None, self.timeout)
        repair = RemoteRepair(
            where,
            self.registry,
            Options(),
            progress=self.progress,
            say=self.say,
            roles=tuple(plan.hosts),
            connections=self._connections,
        )
        return repair.report.results
