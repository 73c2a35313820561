"""What would keep a plan from being applied now, and the command that helps."""

from typing import Callable, List, Optional, Sequence, Set

from nimdoctor.model import Role
from nimdoctor.planning.conditions import ClientIdle, Condition, EvidenceFresh, FetchUnproved, MasterIdle, TftpServed
from nimdoctor.planning.conditions.guards import hanging, proved_hung
from nimdoctor.planning.document import Plan, Refusal
from nimdoctor.planning.ends import Elsewhere, Snapshot
from nimdoctor.planning.fix import Options
from nimdoctor.planning.steps import Step
from nimdoctor.system.refused import Refused


class Hindrances:
    """Of plans for the ends as they were scanned, `now`; `command` gives the command line that makes a plan with other
    options, `client` is the NIM name of theirs.
    """

    def __init__(
        self, now: Snapshot, options: Options, client: Optional[str], command: Callable[[Options], str]
    ) -> None:
        self.now = now
        self.options = options
        self.client = client
        self.command = command

    def of(self, plan: Plan) -> List[Refusal]:
        """What would keep the plan from being applied now, as far as the scanned evidence tells; each once."""
        found = [
            Refusal("", f"the {where.value} can be changed from here", why)
            for where in (Role.CLIENT, Role.MASTER)
            for why in [self._not_here(where)]
            if plan.touches(where) and why
        ]
        known: Set[Condition] = set()
        for step in plan.steps:
            for condition in step.before:
                seen = None if condition in known else decide(condition, self.now)
                known.add(condition)
                if seen is not None:
                    found.append(Refusal(step.id, condition.words(), seen, self._helps(condition, plan.steps)))
        return found

    def first(self, plan: Plan, refusals: Sequence[Refusal]) -> Optional[str]:
        """The command that waives a hung operation, where only that stands in the way."""
        if self.options.accept_hung or not self.client or not refusals or not proved_hung(self.now):
            return None
        if any(not one.step for one in refusals):
            return None
        if any(
            decide(accepting(one, self.client or ""), self.now) is not None
            for step in plan.steps
            for one in step.before
        ):
            return None
        return self.command(self.options._replace(accept_hung=self.client))

    def _helps(self, one: Condition, steps: Sequence[Step]) -> Optional[str]:
        """The command that helps where a condition does not hold."""
        probe = self.options._replace(probe=True)
        if isinstance(one, FetchUnproved) and self._may_probe():
            return self.command(probe)
        if isinstance(one, EvidenceFresh) and self._may_probe():
            # where what was recorded of the master is asked only for the fetch, a probe stands in for it
            needed = {type(condition) for step in steps for condition in step.before if condition.where is one.where}
            return self.command(probe) if TftpServed in needed else None
        if isinstance(one, (ClientIdle, MasterIdle)) and self.client and not self.options.accept_hung:
            return self.command(self.options._replace(accept_hung=self.client)) if self._waived(one) else None
        return None

    def _may_probe(self) -> bool:
        client = self.now.ends.ends.get(Role.CLIENT)
        return client is not None and client.live and not self.options.probe

    def _waived(self, one: Condition) -> bool:
        """Whether --accept-hung waives it: now, or once the push that hangs has done so for long enough."""
        hung = hanging(self.now)
        if hung is None or hung.age is None:
            return False
        return not hung.proved or decide(accepting(one, self.client or ""), self.now) is None

    def _not_here(self, where: Role) -> str:
        end = self.now.ends.ends.get(where)
        return (
            ""
            if end is None or end.live or end.remote
            else f"{end.target} is recorded evidence: run nimdoctor fix on that host"
        )


def accepting(condition: Condition, client: str) -> Condition:
    """The condition where the hung operation of that client is accepted."""
    if isinstance(condition, ClientIdle):
        return condition._replace(accept_hung=True)
    return condition._replace(accept_hung=client) if isinstance(condition, MasterIdle) else condition


def decide(condition: Condition, now: Snapshot) -> Optional[str]:
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
