"""What a scan could not decide, for people: what hangs on one missing thing is told once."""

import re
from typing import Dict, List, NamedTuple, Sequence, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import PUSH, Outcome, Topic
from nimdoctor.planning.typed import as_typed
from nimdoctor.report.scan_report import Report

_NOT_GIVEN = re.compile(r"(?:was not collected|not known)(?:: /\S+)?\Z")
"""How a message ends that says no more than that something was not given."""


class Undecided(NamedTuple):
    """Checks of one host that one thing would settle, the gravest first."""

    results: Tuple[Result, ...]

    @property
    def gravest(self) -> Result:
        """The check whose words stand for all."""
        return self.results[0]

    @property
    def ids(self) -> Tuple[str, ...]:
        """The checks."""
        return tuple(dict.fromkeys(result.check for result in self.results))

    @property
    def only_not_given(self) -> bool:
        """Whether nothing more is to be said than what is missing."""
        return all(_only_not_given(result) for result in self.results)


def undecided(report: Report, topic: Topic) -> List[Undecided]:
    """What of that topic could not be decided, the gravest first."""
    groups: Dict[object, List[Result]] = {}
    for result in report.undecided(topic):
        groups.setdefault((result.where, result.host, _hangs_on(result)), []).append(result)
    return [Undecided(tuple(results)) for results in groups.values()]


def subjects(results: Sequence[Result]) -> List[str]:
    """What was looked at and is well, in a word each."""
    return list(dict.fromkeys(one.subject for one in results if one.outcome is Outcome.PASS and one.subject))


def healthy_as_sent(report: Report) -> List[str]:
    """What of the given evidence is well, where nothing of it is wrong and the rest is only not given; else nothing."""
    if report.with_outcome(Outcome.FAIL, Topic.OPERATION):
        return []
    if not all(one.only_not_given for one in undecided(report, Topic.OPERATION)):
        return []
    return subjects(report.results)


def why_undecided(result: Result) -> str:
    """Why a check did not decide, with the push that would."""
    push = settling_push(result)
    return f"{result.message}. {push[0].upper()}{push[1:]}" if push else result.message


def settling_push(result: Result) -> str:
    """The push that settles a verdict, in words; empty where something else does."""
    settled_by = result.settled_by
    if settled_by is None or settled_by.kind != PUSH:
        return ""
    typed = as_typed(settled_by.argv) if settled_by.argv else "nim -o lslpp and its NIM name"
    return f"on the master: {typed}"


def _hangs_on(result: Result) -> object:
    if result.outcome is Outcome.ERROR or result.settled_by is None:
        return (result.outcome, result.check, result.message)
    return result.settled_by


def _only_not_given(result: Result) -> bool:
    given = result.evidence or result.outcome is Outcome.ERROR or settling_push(result)
    return not given and bool(result.missing) and bool(_NOT_GIVEN.search(result.message))
