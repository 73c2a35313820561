"""What became of each finding: a second scan decides, never a return code."""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import PUSH, Outcome, Settlement, Severity
from nimdoctor.planning.document import Plan, Treated
from nimdoctor.planning.typed import push_of

FIXED, UNVERIFIED, RESTORED, REFUSED, FAILED = "fixed", "applied-unverified", "restored", "refused", "failed"


class FindingOutcome(NamedTuple):
    """One treated finding: fixed, applied-unverified, restored, refused or failed, and what shows it.

    `settled_by` is what would settle one that is applied-unverified.
    """

    check: str
    where: str
    host: Optional[str]
    outcome: str
    says: str
    settled_by: Optional[Settlement] = None

    @property
    def push(self) -> Optional[str]:
        """The push that alone proves it, as typed; None where something else does."""
        return push_of(self.settled_by)

    def as_dict(self) -> Dict[str, Any]:
        """As JSON values."""
        return {
            **self._asdict(),
            "push": self.push,
            "settled_by": self.settled_by.as_dict() if self.settled_by else None,
        }


class Outcomes(NamedTuple):
    """All treated findings, and `caused`: checks of medium and more that passed before and fail after."""

    findings: Tuple[FindingOutcome, ...] = ()
    caused: Tuple[str, ...] = ()

    @property
    def unverified(self) -> bool:
        """Whether only a push can prove one of them."""
        return any(found.outcome == UNVERIFIED for found in self.findings)

    @property
    def good(self) -> bool:
        """Whether none was found again and nothing was broken."""
        return not self.caused and all(found.outcome in (FIXED, UNVERIFIED) for found in self.findings)

    def as_list(self) -> List[Dict[str, Any]]:
        """The findings as JSON values."""
        return [found.as_dict() for found in self.findings]

    @classmethod
    def of_failure(cls, plan: Plan, outcome: str) -> "Outcomes":
        """Every finding of a plan that came to nothing: restored, refused or failed."""
        return cls(
            tuple(
                FindingOutcome(found.check, found.where.value, found.host, outcome, found.message)
                for found in plan.findings
            )
        )


def remembered(results: Sequence[Result]) -> List[List[Optional[str]]]:
    """What a run keeps of the scan before it: check, end, host and outcome of each result."""
    return [[found.check, found.where.value, found.host, found.outcome.value] for found in results]


def assess(
    plan: Plan, before: Sequence[Sequence[Any]], after: Sequence[Result], pushed: Mapping[str, str] = {}, run: str = ""
) -> Outcomes:
    """Compares the scan before with the one after. `pushed` names clients of which a push failed, and why.

    What is found of `run` itself does not count: it is the one that this is about to end.
    """
    findings = tuple(dict.fromkeys(_outcome(found, after, pushed) for found in plan.findings))
    passed = {(check, where, host) for check, where, host, outcome in before if outcome == Outcome.PASS.value}
    treated = {found.check for found in plan.findings}
    caused = sorted(
        {
            found.check
            for found in after
            if found.outcome is Outcome.FAIL
            and found.severity.rank >= Severity.MEDIUM.rank
            and (found.check, found.where.value, found.host) in passed
            and found.check not in treated
            and (not run or run not in found.objects)
        }
    )
    return Outcomes(findings, tuple(caused))


def _outcome(found: Treated, after: Sequence[Result], pushed: Mapping[str, str]) -> FindingOutcome:
    again = [one for one in after if one.check == found.check and one.where is found.where and one.host == found.host]
    worst = next((one for one in again if one.outcome is Outcome.FAIL), None)
    start = (found.check, found.where.value, found.host)
    if worst is not None:
        return FindingOutcome(*start, FAILED, f"found again: {worst.message}")
    open_ = next((one for one in again if one.outcome in (Outcome.UNKNOWN, Outcome.ERROR)), None)
    if open_ is not None or not again:
        reason = open_.message if open_ else "the second scan says nothing of it"
        settled_by = open_.settled_by if open_ else None
        argv = settled_by.argv if settled_by and settled_by.kind == PUSH else None
        failed = pushed.get(argv[-1]) if argv else None
        if failed:
            return FindingOutcome(*start, FAILED, f"the push that would prove it failed: {failed}", settled_by)
        return FindingOutcome(*start, UNVERIFIED, reason, settled_by)
    return FindingOutcome(*start, FIXED, again[0].message)
