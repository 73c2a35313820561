"""Every check over every scenario, with the master, client alone, master alone."""

from functools import cache
from typing import Dict, List, Mapping

import pytest
from hosts import MemoryTree, registry, scan_hosts
from scenarios import ENDS, WAYS, described, expected, names, scenario

from nimdoctor.diagnosis.engine import Result
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.library.scanning import Report
from nimdoctor.model import Outcome

SCENARIOS = names()
QUIET = {"pass", "not-applicable"}


def report_on(name: str, way: str) -> Report:
    trees = scenario(name)
    hosts = {end: RecordedEvidence(end, MemoryTree(trees[end].files)) for end in ENDS}
    if way == "pair":
        return scan_hosts(hosts["client"], hosts["master"])
    return scan_hosts(hosts[way])


def said(result: Result) -> str:
    if result.outcome is not Outcome.FAIL:
        return result.outcome.value
    assert result.confidence
    return f"fail {result.severity.value} {result.confidence.value} {result.fix}"


def entries(report: Report) -> Dict[str, str]:
    found: Dict[str, List[Result]] = {}
    for result in sorted(report.results, key=lambda result: -result.severity.rank):
        found.setdefault(f"{result.check} {result.where.value}", []).append(result)
    told = {key: " + ".join(map(said, results)) for key, results in found.items()}
    return {**told, "verdict": report.verdict}


@cache
def unwritten(way: str) -> Mapping[str, str]:
    """Entries of the healthy pair that no expected.ini names, those of a new check: no scenario changes them."""
    return {
        key: told for key, told in entries(report_on("healthy", way)).items() if key not in expected("healthy", way)
    }


def test_every_scenario_but_healthy_differs_in_what_comes_out_or_says_that_it_is_no_problem():
    alike = {name for name in SCENARIOS for of in [described(name).get("of")] if of and same(name, of)}
    assert alike == {"french-master"}


def same(one: str, other: str) -> bool:
    return all(expected(one, way) == expected(other, way) for way in WAYS)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_written_down_is_of_installed_checks_and_the_rest_finds_nothing_in_the_healthy_pair(way):
    written = {key.split()[0] for key in expected("healthy", way) if key != "verdict"}
    assert written <= {check.id for check in registry().checks()}
    assert set(unwritten(way).values()) <= QUIET


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_judged_as_written_down(name, way):
    assert entries(report_on(name, way)) == {**unwritten(way), **expected(name, way)}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_entry_names_its_host_and_every_fail_shows_its_lines(name):
    hosts = {"client": "lpar7", "master": "nim1"}
    for result in report_on(name, "pair").results:
        assert result.host == hosts[result.where.value]
        if result.outcome is Outcome.FAIL:
            assert result.evidence and result.cause and result.impact and result.cure
        if result.outcome is Outcome.PASS:
            assert result.evidence
