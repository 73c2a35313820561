"""A plan that another nimdoctor made, carried out as it is by the host that it is about.

The host does not plan. It reads anew who it is and all that the steps need; what they need of the other end it is given,
as evidence that was collected just before.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from nimdoctor.applying.run_directories import Beginning
from nimdoctor.library.errors import Refused, UsageError
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Repair, RepairTarget, Say
from nimdoctor.library.session import RepairSession, number_of_change, refuse_what_is_not_here
from nimdoctor.library.stale import other_hosts
from nimdoctor.model import Role
from nimdoctor.planning.asking import refusal
from nimdoctor.planning.conditions import EvidenceFresh, NotHardened
from nimdoctor.planning.document import Plan, Refusal
from nimdoctor.planning.ends import EVIDENCE_AGE, Ends


class CarriedRepair(NamedTuple):
    """What is to be carried out where. `target` is the host, `other` evidence of the other end, as a path there; `run` the
    name of the run to begin, and `parts` what its journal is to tell of the whole: `whole` (that plan's id), `role`, and
    `then` ({role, name} of what comes after it, or null).
    """

    plan: Plan
    target: str = ""
    other: Optional[str] = None
    state_dir: Optional[str] = None
    timeout: float = 30.0
    change: str = ""
    evidence_age: int = EVIDENCE_AGE
    run: Optional[str] = None
    parts: Optional[Mapping[str, Any]] = None

    @property
    def leads(self) -> Role:
        """The end whose state directory leads. Raises Refused where it changes both."""
        plan = self.plan
        if not plan.two_hosts:
            return Role.CLIENT if Role.CLIENT in plan.hosts else Role.MASTER
        touched = [role for role in (Role.CLIENT, Role.MASTER) if plan.touches(role)]
        if len(touched) > 1:
            raise Refused(["the plan changes two hosts: each is given its own part of it"], plan)
        return touched[0] if touched else Role.CLIENT

    def targets(self) -> Dict[Role, str]:
        """The ends by role. Raises Refused for a plan of two hosts, UsageError for evidence of an end that it has not."""
        leads = self.leads
        if not self.plan.two_hosts:
            if self.other is not None:
                raise UsageError("apply: the plan is of one host: there is no other")
            return dict.fromkeys(self.plan.hosts, self.target)
        elsewhere = next(role for role in self.plan.hosts if role is not leads)
        if self.other is None and self.plan.asked_of(elsewhere):
            raise Refused([f"the plan rests on the {elsewhere.value}, and no evidence of it is given"], self.plan)
        return {leads: self.target, **({} if self.other is None else {elsewhere: self.other})}


def ends_as_target(
    ends: Mapping[Role, str], leads: Role, state_dir: Optional[str] = None, timeout: float = 30.0
) -> RepairTarget:
    """The target of a repair of these ends, of which one is the host that is changed."""
    first = ends.get(Role.CLIENT, ends.get(Role.MASTER, ""))
    master = ends.get(Role.MASTER)
    return RepairTarget(first, None if master == first else master, state_dir, timeout)


def old_evidence(plan: Plan, ends: Ends) -> List[Refusal]:
    """What of the other end was collected too long ago for what its steps need, however the plan was made."""
    found = []
    now = ends.now()
    for where, end in ends.ends.items():
        # for the generation, which does not come back, any evidence does
        if end.recorded and not all(isinstance(one, NotHardened) for one in plan.asked_of(where)):
            fresh = EvidenceFresh(where)
            seen = refusal(fresh, now)
            found += [Refusal("", fresh.words(), seen)] if seen else []
    now.close()
    return found


class CarriedSession(RepairSession):
    """A repair that is open on the host that it changes. Raises UsageError, Refused, TargetError, Incomplete."""

    def __init__(self, carried: CarriedRepair, *, registry: Registry, say: Say = lambda line: None) -> None:
        refuse_what_is_not_here(carried.plan, registry)
        options = carried.plan.options
        change = number_of_change(carried.change) or options.change
        options = options._replace(change=change, evidence_age=carried.evidence_age)
        self.carried = carried
        leads, ends = carried.leads, carried.targets()
        self.where = ends_as_target(ends, leads, carried.state_dir, carried.timeout)
        self._take(
            lambda: Repair(self.where, registry, options, say=say, roles=tuple(ends), leads=leads),
            carried.plan._replace(options=options),
        )

    def _prepare(self, saved: Optional[Plan]) -> None:
        assert saved is not None
        repair = self.repair
        repair.plan = saved
        repair.beginning = Beginning(self.carried.run, self.carried.parts)
        repair.note_proved()
        self.plan = saved._replace(unfinished=tuple(repair.unfinished()))
        ends = repair.ends.ends
        now = {role: repair.known.host(end) for role, end in ends.items()}
        self._refuse_stale(saved, other_hosts(saved.hosts, now, ends))
        apart = saved.inseparable() if saved.two_hosts else []
        self.plan = self.plan._replace(refusals=(*apart, *old_evidence(saved, repair.ends)))
