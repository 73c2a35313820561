"""What the tests of the lab share: labs that are built once and copied, and scans of them."""

from typing import Callable

import pytest

import nimdoctor.scan
from nimdoctor.engine import Result
from nimdoctor.evidence.live import LiveHost
from nimdoctor.lab import Lab
from nimdoctor.model import Outcome, Severity
from nimdoctor.registry import Registry
from nimdoctor.scan import Report


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
