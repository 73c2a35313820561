"""Each master with its clients: how they are, what they show of it, and who has followed its certificates."""

from typing import Dict, Iterable, List, Optional, Set

from nimdoctor.report.fleet.faults import Faults, Named, Verdict, rank, worst_first
from nimdoctor.report.fleet.hosts import Record, anchor
from nimdoctor.report.fleet.shares import INCONCLUSIVE, PROBLEMS, Share

MASTER = "master"


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

    def of(self, host: Named) -> str:
        """What a host of it is to it, in words."""
        return "a master" if host.id == self.own_row else f"of {self.name}" if self.name else ""

    @property
    def asked_to_follow(self) -> bool:
        """Whether of any client it is known that it shares a certificate with the master, or does not."""
        return bool(self.followed[True] or self.followed[False])


class Families:
    """All of them, by the master's name in small letters."""

    def __init__(self) -> None:
        self.families: Dict[str, Family] = {}

    def add(self, record: Record, host: Named, own: Iterable[Verdict], of_master: Iterable[Verdict]) -> Family:
        """One host: a master begins its own family, whoever's client it is besides."""
        itself = is_master(record)
        above = self._of(record["master"] or "") if record["master"] or not itself else None
        family = self._of(host.name) if itself or above is None else above
        family.verdicts[record["verdict"] or INCONCLUSIVE] += 1
        if itself:
            family.own_row = host.id
            family.own_checks.update(one["check"] for one in own)
        if above:
            above.shown.add(of_master)
            if not itself or record["followed"] is not None:
                above.followed[record["followed"]].append(host)
        return family

    def _of(self, name: str) -> Family:
        family = self.families.setdefault(name.casefold(), Family(name))
        family.name = min(family.name, name)
        return family

    def tell(self, faults: Faults) -> Dict[str, Set[str]]:
        """Adds what only clients show of their masters; gives the selections a master is in by that, by family."""
        return {
            family.id: faults.add(family.unseen, Named(family.name, family.own_row or family.id), family.name)
            for family in self.families.values()
            if family.unseen
        }

    def worst_first(self) -> List[Family]:
        """Those with most problems, and last the one of no name."""
        return sorted(
            self.families.values(), key=lambda one: (not one.name, -one.verdicts[PROBLEMS], -one.hosts, one.name)
        )

    def followed(self) -> List[Family]:
        """Those where anybody had to follow, first where most have not."""
        asked = [one for one in self.families.values() if one.asked_to_follow]
        return sorted(asked, key=lambda one: (-len(one.followed[False]), -len(one.followed[None]), one.name))


def is_master(record: Record) -> bool:
    """Whether the host is one, whatever it is besides."""
    return MASTER in (record["role"] or "").split(",")
