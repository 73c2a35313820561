"""What every finding says of its cause and its cure is no surer than what it rests on. The words of each are in its samples.

Every finding that any test brings about is read as well: see `_causes_and_cures_are_read` in tests/conftest.py.
"""

import re
import sys
from pathlib import Path

import pytest
from hosts import evidence, registry, scan_hosts
from marks import misworded, of_result
from scenarios import ENDS, names, scenario

from nimdoctor.diagnosis.engine import Engine
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Finding, Inferred, Outcome, Role, Severity, check

CHECKS = registry().checks()


def test_every_check_has_a_mark_for_its_causes_and_its_cures():
    assert all(re.fullmatch("[ABCM] [ABCM]", check.marks) for check in CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_a_check_declares_is_worded_by_its_mark(check):
    assert not misworded(check.id, "cause", check.cause)
    assert not misworded(check.id, "cure", check.cure)


@pytest.mark.parametrize("name", names())
def test_what_is_inferred_is_worded_as_likely_in_every_scenario(name):
    ends = {end: RecordedEvidence(end, scenario(name)[end]) for end in ENDS}
    reports = [scan_hosts(ends["client"], ends["master"]), *(scan_hosts(ends[end]) for end in ENDS)]
    found = [result for report in reports for result in report.with_outcome(Outcome.FAIL)]
    assert found and not list(filter(None, map(of_result, found)))


@pytest.mark.parametrize(
    ("cause", "wrong"),
    [
        ("the clock is wrong", "is no Inferred"),
        (Inferred("the clock is wrong"), "not worded as likely"),
        (Inferred("the clock is likely wrong"), ""),
    ],
)
def test_a_finding_is_read_as_it_is_emitted(cause, wrong):
    def clock_skew():
        yield Finding("differ", cause=cause)

    clock_skew.__module__ = "nimdoctor.checks.clock_skew"
    made = check("clock-skew", title="t", role=Role.CLIENT, severity=Severity.LOW, cure="set it")(clock_skew)
    engine = Engine(Host(evidence(), Catalog()))
    if wrong:
        with pytest.raises(AssertionError, match=wrong):
            engine.ask(made, None)
    else:
        assert engine.ask(made, None)[0].cause == cause


def test_advice_instead_of_a_cure_is_as_sure_as_the_cure():
    made = check("a-b", title="t", role=Role.CLIENT, severity=Severity.LOW, fix="x", classic=True)(
        lambda: iter([Finding("m", cause=Inferred("likely"), cure=Inferred("this should do"))])
    )
    (found,) = Engine(Host(evidence(commands={"oslevel -s": "7200-05-10-2520\n"}), Catalog())).ask(made, None)
    assert found.cure.startswith("advice only") and isinstance(found.cure, Inferred)


def test_no_page_of_ibm_is_cited_for_the_row_of_inittab_which_none_shows():
    things = [thing for thing in (*CHECKS, *registry().fixes()) if thing.id in ("nimsh-not-at-boot", "start-at-boot")]
    pages = [Path(sys.modules[thing.function.__module__].__file__).with_suffix(".md") for thing in things]
    assert len(things) == 2
    for text in (*(thing.source for thing in things), *(page.read_text("utf-8") for page in pages)):
        assert "isg3T" not in text and "no page of IBM" in text
