"""What is compared before an archive is written, and how a difference is told."""

from typing import Any, FrozenSet

from hosts import evidence, scan_hosts, subsystems

from nimdoctor.library.scanning import Report
from nimdoctor.model import Confidence, Outcome, Severity
from nimdoctor.report.agreement import differences

REPORT = scan_hosts(evidence(commands={"lssrc -a": subsystems("nimsh nimclient inoperative")}))


def same(text: str) -> FrozenSet[str]:
    return frozenset([text])


def changed(**fields: Any) -> Report:
    """The report with something else said of nimsh."""
    results = [one._replace(**fields) if one.check == "nimsh-inactive" else one for one in REPORT.results]
    return REPORT._replace(results=tuple(results))


def told(after: Report, thinned: FrozenSet[Any] = frozenset()) -> str:
    return "; ".join(differences(REPORT, after, same, lambda: thinned))


def test_the_same_report_differs_in_nothing() -> None:
    assert told(REPORT) == ""


def test_a_verdict_that_changed_is_told_with_both_words() -> None:
    lost = changed(outcome=Outcome.NOT_APPLICABLE, confidence=None, evidence=(), fix=None, objects=())
    assert told(lost) == "nimsh-inactive: fail in the evidence, not-applicable in the archive"
    assert told(changed(severity=Severity.LOW)) == "nimsh-inactive: high in the evidence, low in the archive"
    assert "possible in the archive" in told(changed(confidence=Confidence.POSSIBLE))
    assert "objects: 2 in the archive" in told(changed(objects=("a", "b")))


def test_a_check_that_is_gone_is_told() -> None:
    without = REPORT._replace(results=tuple(one for one in REPORT.results if one.check != "nimsh-inactive"))
    assert told(without) == "nimsh-inactive: fail in the evidence, nothing in the archive"


def test_another_quote_is_told_with_its_place() -> None:
    (quote, *_) = next(one for one in REPORT.results if one.check == "nimsh-inactive").evidence
    place = f"{quote.source} line {quote.line}"
    assert told(changed(evidence=())) == f"nimsh-inactive: the evidence quotes {place}, which the archive does not"
    other = told(changed(evidence=(quote._replace(line=9),)))
    assert f"the archive quotes {quote.source} line 9, which the evidence does not" in other
    assert (
        told(changed(evidence=(quote._replace(text="else"),)))
        == f"nimsh-inactive: {place} says something else in the archive"
    )


def test_only_a_quoted_line_that_does_not_leave_may_be_missing() -> None:
    (quote, *_) = next(one for one in REPORT.results if one.check == "nimsh-inactive").evidence
    thinned = frozenset([(quote.source, quote.line)])
    assert told(changed(evidence=()), thinned) == ""
    assert "line 9" in told(changed(evidence=(quote, quote._replace(line=9))), thinned)
