"""The first line of every report: the verdict, and how much was found, each thing once."""

from typing import FrozenSet, List, Optional, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Outcome, Severity, Topic
from nimdoctor.model.wording import count, named
from nimdoctor.report.scan_report import HEALTHY, Report


def counts(report: Report) -> List[str]:
    """Of operation: `1 critical problem`, `2 checks undecided`: the worst first, nothing for what there is none of."""
    failed = [one for one in report.with_outcome(Outcome.FAIL, Topic.OPERATION) if not seen_before(report, one)]
    found = [
        count(number, f"{severity.value} problem")
        for severity in reversed(Severity)
        for number in [sum(1 for one in failed if one.severity is severity)]
        if number
    ]
    unknown = len(report.undecided(Topic.OPERATION))
    return found + ([f"{count(unknown, 'check')} undecided"] if unknown else [])


def exposed(report: Report) -> str:
    """`10 known vulnerabilities are open, the worst 10.0`; empty where nothing is open."""
    found = report.exposure
    parts = []
    if found.open:
        many = "vulnerability is" if found.open == 1 else "vulnerabilities are"
        parts.append(f"{found.open} known {many} open")
        parts += [f"the worst {found.worst}"] if found.worst is not None else []
    # beside vulnerabilities what is low is left to the section
    bar = Severity.MEDIUM if parts else Severity.INFO
    failed = report.with_outcome(Outcome.FAIL, Topic.EXPOSURE)
    more = [one.check for one in failed if not one.vulnerabilities and one.severity.rank >= bar.rank]
    others = named(list(dict.fromkeys(more)))
    parts += [f"besides {others}" if parts else others] if others else []
    parts += [f"more than --fail-on-exposure {report.fail_on_exposure} allows"] if report.not_allowed else []
    return ", ".join(parts)


def narrowing(report: Report) -> str:
    """`1 of 53 checks asked, 1 finding ignored`; empty where all was asked that could be."""
    found = report.asked
    parts = [f"{found.checks} of {count(found.of, 'check')} asked"] if found.checks < found.of else []
    parts += [f"{count(found.ignored, 'finding')} ignored"] if found.ignored else []
    parts += [f"not asked as {' and '.join(found.not_as)}"] if found.not_as else []
    return ", ".join(parts)


def verdict(report: Report) -> str:
    """What the verdict is, and of what: `HEALTHY, BUT EXPOSED (52 of 53 checks asked)`."""
    open_ = (", BUT EXPOSED" if report.verdict == HEALTHY else ", AND EXPOSED") if report.exposure.checks else ""
    narrowed = narrowing(report)
    return report.verdict.upper() + open_ + (f" ({narrowed})" if narrowed else "")


def found(report: Report) -> str:
    """What the verdict rests on, operation first: `1 low problem; 10 known vulnerabilities are open, the worst 10.0`."""
    return "; ".join(filter(None, (", ".join(counts(report)), exposed(report))))


def headline(report: Report) -> str:
    """The verdict and what was found, as every format has it in its first line: `PROBLEMS: 1 critical problem`."""
    return ": ".join(filter(None, (verdict(report), found(report))))


def in_short(report: Report) -> str:
    """The verdict and what of operation was found."""
    return ": ".join(filter(None, (verdict(report), ", ".join(counts(report)))))


def outcomes(report: Report) -> str:
    """`57 passed, 6 not applicable`."""
    every = ((Outcome.PASS, "passed"), (Outcome.NOT_APPLICABLE, "not applicable"), (Outcome.ERROR, "broke"))
    numbers = [(len(report.with_outcome(outcome)), words) for outcome, words in every]
    return ", ".join(f"{number} {words}" for number, words in numbers if number) or "none passed"


def seen_before(report: Report, result: Result) -> Optional[Result]:
    """The finding told before this one that is about the same thing, seen from the other end; None where there is none."""
    findings = report.story.findings
    place = next((number for number, one in enumerate(findings) if one is result), 0)
    return next((one for one in findings[:place] if one.host != result.host and _about(one) == _about(result)), None)


def _about(result: Result) -> Tuple[str, FrozenSet[str]]:
    """The check and what it is about: a finding of a client that names nothing else is about that client."""
    return result.check, frozenset(result.objects or ([result.host] if result.host else []))
