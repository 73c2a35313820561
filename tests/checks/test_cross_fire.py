"""Every check over every scenario, with the master, client alone, master alone."""

from typing import Dict, List

import pytest
from expected import DIFFERENT, HEALTHY, expected
from hosts import MemoryTree, registry, scan_hosts
from scenarios import ENDS, names, scenario

from nimdoctor.diagnosis.engine import Result
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.library.scanning import Report
from nimdoctor.model import Outcome

SCENARIOS = names()
WAYS = ("pair", "client", "master")


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


def test_every_scenario_has_expectations_and_every_expectation_a_scenario():
    assert sorted(DIFFERENT) == SCENARIOS


def test_expectations_name_only_entries_that_a_scan_has():
    for name, ways in DIFFERENT.items():
        for way, different in ways.items():
            assert set(different) <= set(HEALTHY[way]), (name, way)


@pytest.mark.parametrize("way", WAYS)
def test_every_installed_check_is_expected_in_each_way(way):
    assert {key.split()[0] for key in HEALTHY[way] if key != "verdict"} == {check.id for check in registry().checks()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_judged_as_written_down(name, way):
    assert entries(report_on(name, way)) == expected(name, way)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_entry_names_its_host_and_every_fail_shows_its_lines(name):
    hosts = {"client": "lpar7", "master": "nim1"}
    for result in report_on(name, "pair").results:
        assert result.host == hosts[result.where.value]
        if result.outcome is Outcome.FAIL:
            assert result.evidence and result.cause and result.impact and result.cure
        if result.outcome is Outcome.PASS:
            assert result.evidence


def test_what_a_client_says_of_its_master_names_no_host():
    (found,) = (one for one in report_on("ssl-not-configured", "client").results if one.check == "ssl-not-configured")
    assert (found.host, found.where.value, found.objects) == (None, "master", ("lpar7",))


def test_thirty_clients_by_rsh_are_one_finding_with_thirty_objects():
    (found,) = (one for one in report_on("rsh-many", "master").results if one.check == "client-uses-rsh")
    assert found.objects == tuple(f"old{number:02}" for number in range(1, 31))
