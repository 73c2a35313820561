"""Hosts parted by one thing that each of them has: its level, its generation, the week in which it was looked at."""

from typing import Dict, Iterable, List

from nimdoctor.report.fleet.hosts import anchor

HEALTHY, PROBLEMS, INCONCLUSIVE = "healthy", "problems", "inconclusive"
MOST = 200
"""Parts that stand by themselves. More there are only where somebody wants to fill the page."""
OTHERS = "others"


class Share:
    """Hosts that have something in common, counted by verdict; `id` is their selection's."""

    def __init__(self, id: str, name: str) -> None:
        self.id = id
        self.name = name
        self.verdicts = {PROBLEMS: 0, INCONCLUSIVE: 0, HEALTHY: 0}

    @property
    def hosts(self) -> int:
        return sum(self.verdicts.values())

    def id_of(self, verdict: str) -> str:
        """The id of the selection of those of one verdict."""
        return f"{self.id}-{verdict}"


class Division:
    """All shares by the name of what their hosts have in common. `prefix` begins the ids of their selections."""

    def __init__(self, prefix: str, names: Iterable[str] = ()) -> None:
        self.prefix = prefix
        self.shares: Dict[str, Share] = {name: Share(anchor(prefix, name), name) for name in names}

    def add(self, name: str, verdict: str) -> Share:
        """One host more; gives the share that it now belongs to."""
        known = name if name in self.shares or len(self.shares) < MOST else OTHERS
        if known not in self.shares:
            self.shares[known] = Share(anchor(self.prefix, known), known)
        self.shares[known].verdicts[verdict] += 1
        return self.shares[known]

    def there(self) -> List[Share]:
        """Those that have hosts."""
        return [one for one in self.shares.values() if one.hosts]
