"""Each master with its clients: how they are, what they show of it, and who has followed its certificates."""

from typing import Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from nimdoctor.report.fleet.faults import Faults, Findings, Named, Verdict, worst_first
from nimdoctor.report.fleet.hosts import Record, anchor, is_master, rank
from nimdoctor.report.fleet.shares import INCONCLUSIVE, PROBLEMS, Share

LISTED = 1000
"""Masters that a table has. Of more it is those with most problems, or where most have not followed."""
_FOLLOWED = {True: "followed", False: "not-yet", None: "unsure"}


class Shown(Dict[str, Verdict]):
    """What clients' records show of their master, by check, the worst of each; `clients` is how many of them show it."""

    def __init__(self) -> None:
        super().__init__()
        self.clients: Dict[str, int] = {}

    def add(self, findings: Iterable[Verdict]) -> None:
        """Those of one client."""
        checks: Set[str] = set()
        for one in worst_first(findings):
            check = one["check"]
            if check not in self or rank(one["severity"]) > rank(self[check]["severity"]):
                self[check] = one
            checks.add(check)
        for check in checks:
            self.clients[check] = self.clients.get(check, 0) + 1


class Family(Share):
    """A master and its clients. Without a name it is of the hosts of which nobody knows the master."""

    def __init__(self, name: str) -> None:
        super().__init__(anchor("master", name) if name else "no-master", name)
        self.own_row = ""
        self.own_checks: Set[str] = set()
        self.shown = Shown()
        self.followed: Dict[Optional[bool], List[Named]] = {True: [], False: [], None: []}

    @property
    def unseen(self) -> List[Verdict]:
        """What only its clients' records show of the master, the worst first."""
        return worst_first(one for check, one in self.shown.items() if check not in self.own_checks)

    def following(self, followed: Optional[bool]) -> str:
        """The id of the selection of its clients that have followed it, have not, or of which it is not known."""
        return f"{self.id}-{_FOLLOWED[followed]}"

    def of(self, host: Named) -> str:
        """What a host of it is to it, in words."""
        return "a master" if host.id == self.own_row else f"of {self.name}" if self.name else ""

    @property
    def asked_to_follow(self) -> bool:
        """Whether of any client it is known that it shares a certificate with the master, or does not."""
        return bool(self.followed[True] or self.followed[False])


class Place(NamedTuple):
    """Where a host stands: its family, and how it is marked by it and by whether it has followed."""

    family: Family
    marks: Tuple[str, ...]


class Families:
    """All of them, by the master's name in small letters."""

    def __init__(self) -> None:
        self.families: Dict[str, Family] = {}

    def add(self, record: Record, host: Named, master: str, findings: Findings) -> "Place":
        """One host and its master's name: a master begins its own family, whoever's client it is besides."""
        itself = is_master(record)
        above = self._of(master) if master or not itself else None
        family = self._of(host.name) if itself or above is None else above
        family.verdicts[record["verdict"] or INCONCLUSIVE] += 1
        if itself:
            family.own_row = host.id
            family.own_checks.update(one["check"] for one in findings.own)
        if above:
            above.shown.add(findings.of_master)
        if above is None or (itself and record["followed"] is None):
            return Place(family, (family.id,))
        above.followed[record["followed"]].append(host)
        return Place(family, (family.id, above.following(record["followed"])))

    def _of(self, name: str) -> Family:
        family = self.families.setdefault(name.casefold(), Family(name))
        family.name = min(family.name, name)
        return family

    def tell(self, faults: Faults) -> Dict[str, Set[str]]:
        """Adds what only clients show of their masters; gives the selections a master is in by that, by family."""
        return {
            family.id: faults.add(
                family.unseen, Named(family.name, family.own_row or shown_row(family.name)), family.name
            )
            for family in self.families.values()
            if family.unseen
        }

    def worst_first(self) -> List[Family]:
        """Those with most problems, and last the one of no name."""
        return sorted(
            self.families.values(), key=lambda one: (not one.name, -one.verdicts[PROBLEMS], -one.hosts, one.name)
        )

    def listed(self) -> List[Family]:
        """Those that stand in a table, each once."""
        both = (*self.worst_first()[:LISTED], *self.followed()[:LISTED])
        return list({one.id: one for one in both}.values())

    def followed(self) -> List[Family]:
        """Those where anybody had to follow, first where most have not."""
        asked = [one for one in self.families.values() if one.asked_to_follow]
        return sorted(asked, key=lambda one: (-len(one.followed[False]), -len(one.followed[None]), one.name))


def shown_row(master: str) -> str:
    """The id of the row that stands for a master without a bundle of its own."""
    return anchor("shown", master)
