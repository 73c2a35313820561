"""The condition that keeps an apply from resting on what somebody saw of the other end long ago."""

import time
from typing import NamedTuple, Tuple

from nimdoctor.model import Role
from nimdoctor.model.wording import ago
from nimdoctor.planning.conditions.base import Answer, Was, condition
from nimdoctor.planning.ends import Snapshot


@condition("evidence-fresh")
class EvidenceFresh(NamedTuple):
    """What is known of that end is read from it now, or was collected just before.

    How long before is chosen when the plan is applied, and no part of it.
    """

    where: Role

    def words(self) -> str:
        return f"the evidence of the {self.where.value} was collected just before (--evidence-age)"

    def shell(self) -> Tuple[str, ...]:
        return ()

    def decide(self, now: Snapshot, was: Was) -> Answer:
        end = now.ends.ends.get(self.where)
        if end is None or not end.recorded:
            return Answer(True, f"nothing rests on recorded evidence of the {self.where.value}")
        anew = f"nimdoctor collect --no-redact on the {self.where.value} makes it anew"
        limit = f"it counts for {ago(now.ends.evidence_age)} (--evidence-age), and {anew}"
        collected = now.host(self.where).evidence.collected
        if collected is None:
            return Answer(None, f"when the evidence of the {self.where.value} was collected is not known; {limit}")
        age = int(time.time()) - collected
        if age < 0:
            return Answer(
                None,
                f"by this host's clock the evidence of the {self.where.value} is collected {ago(-age)} from now: one of "
                f"the clocks is wrong, so its age is not known; {limit}",
            )
        words = f"the evidence of the {self.where.value} was collected {ago(age)} ago; {limit}"
        return Answer(age < now.ends.evidence_age, words)
