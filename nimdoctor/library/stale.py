"""Whether a plan that was made before is for these hosts, and is still the one that would be made."""

from typing import Iterable, List, Mapping, Optional

from nimdoctor.model import Role
from nimdoctor.planning.document import Plan, PlanHost

Hosts = Mapping[Role, PlanHost]


def other_hosts(then: Hosts, now: Hosts, roles: Iterable[Role] = (Role.CLIENT, Role.MASTER)) -> List[str]:
    """How the hosts of a plan differ from those that are here now, in these roles: name, machine id and level."""
    reasons = []
    for role in roles:
        was, found = then.get(role), now.get(role)
        if (was and (was.name, was.machine)) != (found and (found.name, found.machine)):
            reasons.append(f"another host: the plan's {role.value} is {_known(was)}, this one is {_known(found)}")
        elif was and found and was.level != found.level:
            reasons.append(f"the {role.value}'s level was {was.level} and is {found.level}")
    return reasons


def stale(saved: Plan, plan: Plan) -> List[str]:
    """Why a saved plan is not the plan for these hosts now; empty when it is the very same."""
    if saved.id == plan.id:
        return []
    reasons = other_hosts(saved.hosts, plan.hosts)
    if reasons:
        return reasons
    then, now = [step.id for step in saved.steps], [step.id for step in plan.steps]
    if then != now:
        return [f"it has the steps {', '.join(then)}; now they would be {', '.join(now) or 'none'}"]
    changed = [old.id for old, new in zip(saved.steps, plan.steps) if old != new]
    return [f"a precondition has changed in {', '.join(changed) or 'the findings'}"]


def _known(host: Optional[PlanHost]) -> str:
    return f"{host.name or '?'} ({host.target or 'this host'})" if host else "none"
