"""What the tests of the lab share: labs that are built once and copied, and scans of them."""

from typing import Callable, Dict, Iterator, List

import pytest

import nimdoctor.scan
from nimdoctor.engine import Result
from nimdoctor.evidence.live import LiveHost
from nimdoctor.lab import Lab
from nimdoctor.model import Outcome, Severity
from nimdoctor.registry import Registry
from nimdoctor.scan import Report


@pytest.fixture(scope="session")
def originals() -> Iterator[Callable[[str], Lab]]:
    """Labs by scenario, each built once; not to be changed."""
    built: Dict[str, Lab] = {}

    def get(scenario: str) -> Lab:
        if scenario not in built:
            built[scenario] = Lab.build(scenario)
        return built[scenario]

    yield get
    for lab in built.values():
        lab.close()


@pytest.fixture
def lab_of(originals: Callable[[str], Lab]) -> Iterator[Callable[[str], Lab]]:
    """A lab of a scenario that the test may change; no daemons."""
    copies: List[Lab] = []

    def get(scenario: str) -> Lab:
        copies.append(originals(scenario).copy())
        return copies[-1]

    yield get
    for lab in copies:
        lab.close()


@pytest.fixture
def healthy(lab_of: Callable[[str], Lab]) -> Lab:
    """A lab where nothing is the matter, to be changed by the test."""
    return lab_of("healthy")


@pytest.fixture(scope="session")
def scan() -> Callable[[Lab], Report]:
    """The report on a lab's first client and its master, each read anew."""
    registry = Registry()

    def run(lab: Lab) -> Report:
        return nimdoctor.scan.scan(LiveHost(root=lab.client), LiveHost(root=lab.master), registry=registry)

    return run


def failing(report: Report, *severities: Severity) -> "set[str]":
    """Ids of the checks that fail with one of these severities, by default medium or more."""
    wanted = severities or (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
    return {found.check for found in report.with_outcome(Outcome.FAIL) if found.severity in wanted}


def only_finding(report: Report, check: str) -> Result:
    """The one finding of a check."""
    (found,) = (found for found in report.with_outcome(Outcome.FAIL) if found.check == check)
    return found
