"""What is wrong, by check: how many hosts have it, how bad it is at worst, and who they are."""

from bisect import insort
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Set

from nimdoctor.model import Severity, Topic
from nimdoctor.report.fleet.hosts import Record, anchor, rank

NAMED = 5
"""Hosts that are named beside a number."""

Verdict = Mapping[str, Any]
"""An entry of a record's findings or undecided."""


class Named(NamedTuple):
    """A host as it is named in a table, the id of its row, and what was said of it there."""

    name: str
    id: str
    message: str = ""


class Findings(NamedTuple):
    """Of one record: those about its host, and those about that host's master."""

    own: List[Verdict]
    of_master: List[Verdict]


class Fault:
    """One check that failed, or was undecided, on hosts. `first` are some of them, by name; `masters` counts them by master."""

    def __init__(self, id: str, check: str) -> None:
        self.id = id
        self.check = check
        self.severity = Severity.INFO.value
        self.topic = Topic.OPERATION.value
        self.fix = ""
        self.hosts = 0
        self.first: List[Named] = []
        self.masters: Dict[str, int] = {}

    def add(self, verdict: Verdict, host: Named, master: str) -> None:
        """One host more."""
        self.severity = max(self.severity, verdict["severity"], key=rank)
        self.topic = verdict.get("topic", self.topic)
        self.fix = verdict.get("fix") or self.fix
        self.hosts += 1
        self.masters[master] = self.masters.get(master, 0) + 1
        insort(self.first, host._replace(message=verdict["message"]))
        del self.first[NAMED:]


class Faults:
    """By check. `prefix` begins the ids of the selections."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.checks: Dict[str, Fault] = {}

    def add(self, verdicts: Iterable[Verdict], host: Named, master: str) -> Set[str]:
        """What is said of one host; gives the ids of the selections that it belongs to."""
        once: Dict[str, Verdict] = {}
        for one in worst_first(verdicts):
            once.setdefault(one["check"], one)
        for check, worst in once.items():
            if check not in self.checks:
                self.checks[check] = Fault(anchor(self.prefix, check), check)
            self.checks[check].add(worst, host, master)
        return {self.checks[check].id for check in once}

    def of(self, topic: Topic) -> List[Fault]:
        """The worst first, then what most hosts have."""
        found = [one for one in self.checks.values() if one.topic == topic.value]
        return sorted(found, key=lambda one: (-rank(one.severity), -one.hosts, one.check))


def worst_first(verdicts: Iterable[Verdict]) -> List[Verdict]:
    """By severity."""
    return sorted(verdicts, key=lambda one: -rank(one["severity"]))


def parted(record: Record) -> Findings:
    """A record's findings by whom they are about: a client is judged with its master."""
    found = Findings([], [])
    for one in record["findings"]:
        elsewhere = one["where"] == "master" and record["master"] and one["host"] not in (None, record["host"])
        (found.of_master if elsewhere else found.own).append(one)
    return found
