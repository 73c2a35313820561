"""What comes next after a scan, over all scenarios alone and in pairs: nothing that the plan refuses, nothing that a
finding of the same scan rules out, and nothing that cannot be typed as it stands."""

import fnmatch
import itertools
import re
import shlex
from typing import Iterator, NamedTuple, Optional, Sequence

import pytest
import scenarios
from effort import EVERYTHING, one_in
from hosts import registry

from nimdoctor.diagnosis.engine import Result
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence
from nimdoctor.library.scanning import Report, open_hosts, scan_hosts, with_ways
from nimdoctor.model import Severity
from nimdoctor.planning.document import Plan
from nimdoctor.planning.outlook import Outlook, Way
from nimdoctor.planning.steps import Remove, RunCommand, Step
from nimdoctor.report import summary

NAMES = scenarios.names()
PAIRS = list(itertools.combinations([name for name in NAMES if name != "healthy"], 2))
CHANGES = re.compile(
    r"nimclient -[cCpP]\b|nimconfig -[cC]\b|niminit -a|nim -o cust|\brm /|mkitab|chmod|(?:start|stop)src"
)
"""What changes a host, wherever it stands in a line."""
PROGRAMS = {
    "ar", "audit", "chitab", "chmod", "date", "df", "du", "emgr", "grep", "head", "host", "installp", "ls", "lppchk", "lslpp",
    "lsnim", "lssrc", "mkitab", "mv", "netstat", "nim", "nimclient", "nimconfig", "nimdoctor", "niminit", "nimquery", "ntpq",
    "ps", "refresh", "rm", "smitty", "sort", "startsrc", "stopsrc", "test", "vi",
}  # fmt: skip
STANDS_FOR_A_NAME = re.compile(r"\b(?:[A-Z]+_[A-Z_]+|CLIENT|MASTER|TARGET|NAME)\b(?!=)")


class Scanned(NamedTuple):
    """A scan with the plans of its hosts."""

    report: Report
    outlook: Outlook

    def plan_of(self, found: Result) -> Plan:
        """The plan that the report names for a finding."""
        return self.outlook.plan(
            "" if found.severity.rank >= Severity.MEDIUM.rank and not found.named_only else found.fix
        )[1]


def scanned(target: Evidence, master: Optional[Evidence] = None) -> Scanned:
    engine = open_hosts(target, master, registry=registry())
    report = with_ways(scan_hosts(engine, registry=registry()), engine, registry())
    return Scanned(report, Outlook(engine, registry().fixes, report.results, report.story, "20250315"))


def both_ends(trees) -> Scanned:
    return scanned(*(RecordedEvidence(f"case/{end}", trees[end]) for end in scenarios.ENDS))


def each_end(name: str) -> Iterator[Scanned]:
    """The pair of a scenario, and each end by itself."""
    trees = scenarios.scenario(name)
    yield both_ends(trees)
    for end in scenarios.ENDS:
        yield scanned(RecordedEvidence(f"case/{end}", trees[end]))


def hold_together(one: Scanned) -> None:
    """What must hold of every scan, whatever it found."""
    report = one.report
    ruled_out = [thing for result in report.results for thing in result.rules_out]
    following = summary.next_command(report)
    assert following.command is None or can_be_typed(following.command), following
    for found in report.story.findings:
        way = report.way(found)
        if not found.fix or way is None:
            assert summary.fix(report, found) is None
            continue
        plan = one.plan_of(found)
        assert [step.id for step in plan.steps for thing in ruled_out if is_ruled_out(step, thing)] == []
        treating = [step for step in plan.steps if found.check in step.checks] if treats(plan, found) else []
        assert bool(summary.fix(report, found)) is bool(treating), (
            "fix shows the plan where there is one, and only there"
        )
        refused_together(report, found, way, plan, treating)


def refused_together(report: Report, found: Result, way: Way, plan: Plan, treating: Sequence[Step]) -> None:
    """What the plan refuses the report does not print; what it prints is what the plan does."""
    steps = {step.id for step in treating}
    # of recorded evidence the plan is that of the time when it was collected, however long ago
    seen = [one.seen for one in plan.refusals if one.step in steps and "was collected just before" not in one.must]
    typed = summary.command(report, found) or ""
    if seen or not treating:
        assert not way.steps and not CHANGES.search(typed), (found.check, typed)
        assert not CHANGES.search(str(summary.next_command(report).command)) or report.first is not found
    else:
        done = {shlex.join(step.do.argv) for step in plan.steps if isinstance(step.do, RunCommand)}
        assert way.steps and all(
            shlex.join(step.do.argv) in typed for step in treating if isinstance(step.do, RunCommand)
        )
        cure = set(CHANGES.findall(str(summary.cure_of(report, found)))) - {"rm /"}
        more = {act for act in cure if not any(act in one for one in (*done, typed))}
        assert not more, f"{found.check}: {more} is in the cure and not in the plan"
    if way.refused:
        assert not CHANGES.search(str(summary.cure_of(report, found)).split("; --only")[0]) or not way.planned


def treats(plan: Plan, found: Result) -> bool:
    return any((one.check, one.where, one.host) == (found.check, found.where, found.host) for one in plan.findings)


def can_be_typed(line: str) -> bool:
    """Whether a person can type it as it stands: programs that AIX has, and no word that stands for a name."""
    programs = [shlex.split(part)[0] for part in re.split(r" && |; | \| ", line)]
    return set(programs) <= PROGRAMS and not STANDS_FOR_A_NAME.search(line)


def is_ruled_out(step: Step, thing) -> bool:
    """Whether a finding says that this step cannot work, or cannot be taken back."""
    if thing.where is not None and thing.where is not step.where:
        return False
    if isinstance(step.do, RunCommand) and thing.argv:
        return step.do.argv[: len(thing.argv)] == tuple(thing.argv)
    return isinstance(step.do, Remove) and bool(thing.path) and fnmatch.fnmatchcase(step.do.path, thing.path)


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_and_each_of_its_ends_hold_together(name):
    for one in each_end(name):
        hold_together(one)


def test_scenarios_in_pairs_hold_together():
    chosen = one_in(4, PAIRS if EVERYTHING else PAIRS[::5])
    together = [trees for pair in chosen for trees in [scenarios.combined(*pair)] if trees]
    assert len(together) > len(chosen) // 2
    for trees in together:
        hold_together(both_ends(trees))


@pytest.mark.parametrize("name", ["ssl-one-sided", "ssl-tree-damaged"])
def test_what_rules_a_cure_out_comes_before_what_it_would_cure(name):
    trees = scenarios.combined(name, "nimclient-extracts-old-libs")
    report = both_ends(trees).report
    assert report.root().check == name and not report.way(report.root()).steps
    assert report.first.check == "nimclient-extracts-old-libs"
    assert summary.head(report).next.startswith("update bos.sysmgt.nim.client")
