"""What the tests of the lab share: labs that are built once and copied, and scans of them."""

from typing import Callable

import pytest

import nimdoctor.library.scanning
from nimdoctor.diagnosis.engine import Result
from nimdoctor.evidence.live import LiveHost
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import Report
from nimdoctor.model import Outcome, Severity


@pytest.fixture(scope="session")
def scan() -> Callable[[Lab], Report]:
    """The report on a lab's first client and its master, each read anew."""
    registry = Registry()

    def run(lab: Lab) -> Report:
        return nimdoctor.library.scanning.scan(LiveHost(root=lab.client), LiveHost(root=lab.master), registry=registry)

    return run


def failing(report: Report, *severities: Severity) -> "set[str]":
    """Ids of the checks that fail with one of these severities, by default medium or more."""
    wanted = severities or (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
    return {found.check for found in report.with_outcome(Outcome.FAIL) if found.severity in wanted}


def only_finding(report: Report, check: str) -> Result:
    """The one finding of a check."""
    (found,) = (found for found in report.with_outcome(Outcome.FAIL) if found.check == check)
    return found
