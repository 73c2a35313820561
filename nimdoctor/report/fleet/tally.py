"""All that the overview counts, gathered from one record a host."""

from collections import Counter
from datetime import datetime
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from nimdoctor.report.fleet.faults import Faults, Findings, Named, parted
from nimdoctor.report.fleet.hosts import Fleet, Record, anchor
from nimdoctor.report.fleet.masters import Families, Family
from nimdoctor.report.fleet.shares import HEALTHY, INCONCLUSIVE, PROBLEMS, Division, Share
from nimdoctor.report.fleet.times import Periods, week_of, weeks

REASONS = 200
"""Why bundles gave no report: so many reasons stand by themselves."""
UNKNOWN = "not known"
NO_CERTIFICATE = "none seen"
VERDICTS = {HEALTHY: "that are healthy", PROBLEMS: "with problems", INCONCLUSIVE: "of which too little is known"}
EXPOSED, NOT_YET, FOLLOWED = "exposed", "not-followed", "followed"


class Selection(NamedTuple):
    """Hosts that a number counts, and that the list shows alone; `words` say which, `of` what a row must be marked with."""

    id: str
    words: str
    hosts: int
    of: Tuple[str, ...]


class Counted(NamedTuple):
    """Where one host was counted: its name and row, its family, its marks, its findings, and its master's name."""

    host: Named
    family: Family
    marks: Tuple[str, ...]
    findings: Findings
    master: str


class Unread:
    """Bundles without a report that are so for the same reason, in whose words PATH stands for the bundle."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        self.message = message
        self.targets: List[str] = []


class Tally:
    """Filled by `add` and `add_unread`, then ended once by `tell`."""

    def __init__(self, fleet: Fleet, generated: datetime) -> None:
        self.generated = generated
        self._masters = fleet.masters
        self.periods = Periods.over(fleet.first, fleet.last)
        self.verdicts = Division("verdict")
        self.levels = Division("level")
        self.generations = Division("generation")
        self.collected = Division("collected", self.periods.names)
        self.certificates = Division("certificates", weeks(generated))
        self.faults = Faults("check")
        self.undecided = Faults("undecided")
        self.families = Families()
        self.missing: Counter[str] = Counter()
        self.all = Share("hosts", "all hosts")
        self.exposed = 0
        self.worst_exposure = 0.0
        self.unread: Dict[str, Unread] = {}

    def add(self, record: Record) -> Counted:
        """One host's record."""
        host = Named(record["host"] or record["target"], anchor("host", *_names(record)))
        findings = parted(record)
        master = self._masters.get(record["master_target"] or "", record["master"] or "")
        place = self.families.add(record, host, master, findings)
        family = place.family
        verdict = record["verdict"] or INCONCLUSIVE
        self.all.verdicts[verdict] += 1
        parts = (
            self.levels.add(record["level"] or UNKNOWN, verdict),
            self.generations.add(record["generation"] or UNKNOWN, verdict),
            self.collected.add(self.periods.of(record["collected"]), verdict),
            self.certificates.add(week_of(record, self.generated) or NO_CERTIFICATE, verdict),
        )
        marks = {
            *place.marks,
            self.verdicts.add(verdict, verdict).id,
            *(one.id for one in parts),
            *self.faults.add(findings.own, host, family.name),
            *self.undecided.add(record["undecided"], host, family.name),
        }
        if record["followed"] is not None:
            marks.add(FOLLOWED if record["followed"] else NOT_YET)
        exposure = record["exposure"] or {}
        if exposure.get("open"):
            marks.add(EXPOSED)
            self.exposed += 1
            self.worst_exposure = max(self.worst_exposure, exposure["worst"] or 0.0)
        self.missing.update(set(record["missing"] or ()))
        return Counted(host, family, tuple(sorted(marks)), findings, master)

    def add_unread(self, record: Record) -> None:
        """The record of a bundle that gave no report."""
        failure, target = record["failure"], record["target"]
        message = failure["message"].replace(target, "PATH") if target else failure["message"]
        if len(self.unread) >= REASONS and f"{failure['kind']}: {message}" not in self.unread:
            message = "for other reasons"
        reason = self.unread.setdefault(f"{failure['kind']}: {message}", Unread(failure["kind"], message))
        reason.targets.append(target)

    def tell(self) -> Dict[str, Set[str]]:
        """Ends the counting; gives the selections that masters are in by what only their clients show, by family."""
        for one in self.unread.values():
            one.targets.sort()
        return self.families.tell(self.faults)

    def reasons(self) -> List[Unread]:
        """Why bundles were not read, the most frequent first."""
        return sorted(self.unread.values(), key=lambda one: (-len(one.targets), one.kind, one.message))

    def not_read(self) -> int:
        """How many."""
        return sum(len(one.targets) for one in self.unread.values())

    def followed(self, state: Optional[bool]) -> int:
        """Hosts that share a certificate with their master, or do not; None: whose master has clients of either kind."""
        return sum(len(one.followed[state]) for one in self.families.followed())

    def selections(self) -> List[Selection]:
        """Every one that a number leads to."""
        found = [Selection(one.id, VERDICTS[one.name], one.hosts, (one.id,)) for one in self.verdicts.there()]
        for division, words in (
            (self.levels, "of level {}"),
            (self.generations, "of generation {}"),
            (self.collected, f"collected in the {self.periods.unit} {{}}"),
            (self.certificates, "whose soonest certificate: {}"),
        ):
            for one in division.there():
                found += _by_verdict(one, words.format(one.name))
        for family in self.families.listed():
            found += _by_verdict(family, f"of master {family.name}" if family.name else "whose master is not known")
            for state, word in (
                (True, "have followed"),
                (False, "have not followed"),
                (None, "may have followed or not"),
            ):
                id = family.following(state)
                found.append(Selection(id, f"that {word} {family.name}", len(family.followed[state]), (id,)))
        for faults, word in ((self.faults, "with"), (self.undecided, "where it is undecided:")):
            found += [Selection(one.id, f"{word} {one.check}", one.hosts, (one.id,)) for one in faults.checks.values()]
        for id, words, hosts in (
            (EXPOSED, "open to known vulnerabilities", self.exposed),
            (NOT_YET, "that have not followed their master's certificates", self.followed(False)),
            (FOLLOWED, "that have followed their master's certificates", self.followed(True)),
        ):
            found.append(Selection(id, words, hosts, (id,)))
        return [one for one in found if one.hosts]


def _by_verdict(share: Share, words: str) -> List[Selection]:
    return [
        Selection(share.id, words, share.hosts, (share.id,)),
        *(
            Selection(share.id_of(name), f"{words}, {VERDICTS[name]}", hosts, (share.id, f"verdict-{name}"))
            for name, hosts in share.verdicts.items()
        ),
    ]


def _names(record: Record) -> List[str]:
    return [one for one in (record["host"], record["master"]) if one] if record["host"] else [record["target"]]
