"""The report as JUnit XML, for build servers: a test suite a host, a test case a check.

A fail is a failure whatever its severity, a check that broke an error; unknown and not-applicable are skipped, with
the reason first, since nothing passes without evidence.
"""

from typing import TYPE_CHECKING, Dict, Iterator, List, Sequence, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Outcome, Quote, Role
from nimdoctor.report import comparison, summary
from nimdoctor.report.json_report import TEXT_LIMIT
from nimdoctor.report.markup import BREAK, Markup, element, join, text
from nimdoctor.report.scan_report import Report, ScannedHost
from nimdoctor.report.text_report import printable

if TYPE_CHECKING:
    from nimdoctor.report.scan_report import Failure

Case = Tuple[str, Role]
"""A test case: a check's id, and the end it judged."""
Cases = Dict[Case, List[Result]]


def render(reports: Sequence[Report], failures: "Sequence[Failure]" = ()) -> str:
    """All reports in one document; of each failure a suite whose one case is an error."""
    hosts = [host for report in reports for host in _hosts(report)]
    numbers = [*(_numbers(cases) for _, _, cases in hosts), *[_UNREAD] * len(failures)]
    sums = {name: sum(one[name] for one in numbers) for name in _UNREAD}
    suites = [*(_suite(*host) for host in hosts), *map(_unread, failures)]
    whole = element("testsuites", *(join([BREAK, suite]) for suite in suites), BREAK, name="nimdoctor", **sums)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}\n'


def _hosts(report: Report) -> Iterator[Tuple[Report, ScannedHost, Cases]]:
    masters = [one for one in report.results if report.master and _is_masters(one, report.master)]
    others = [one for one in report.results if all(one is not other for other in masters)]
    yield report, report.host, _cases(others)
    if report.master:
        yield report, report.master, _cases(masters)


def _is_masters(result: Result, master: ScannedHost) -> bool:
    return result.where is Role.MASTER and result.host in (None, master.name)


def _suite(report: Report, host: ScannedHost, cases: Cases) -> Markup:
    pairs = [("verdict", summary.headline(report)), ("target", host.target), ("oslevel", host.oslevel or "not known")]
    if report.compared:
        pairs.append(("compared", comparison.headline(report.compared)))
    properties = [element("property", name=name, value=value) for name, value in pairs]
    content = [element("properties", *properties), *(_case(report, key, found) for key, found in cases.items())]
    return element(
        "testsuite",
        *(join((BREAK, " ", piece)) for piece in content),
        BREAK,
        name=", ".join(filter(None, (f"{host.label} ({host.role})", summary.narrowing(report)))),
        hostname=host.label,
        timestamp=report.generated.strftime("%Y-%m-%dT%H:%M:%S"),
        time="0",
        **_numbers(cases),
    )


_UNREAD = {"tests": 1, "failures": 0, "errors": 1, "skipped": 0}


def _unread(failure: "Failure") -> Markup:
    error = element("error", message=failure.message, type=failure.kind)
    case = element("testcase", error, classname="nimdoctor", name="scan", time="0")
    name = failure.target or "this host"
    return element("testsuite", BREAK, " ", case, BREAK, name=name, hostname=name, time="0", **_UNREAD)


def _cases(results: Sequence[Result]) -> Cases:
    cases: Cases = {}
    for result in results:
        cases.setdefault((result.check, result.where), []).append(result)
    return cases


def _numbers(cases: Cases) -> Dict[str, int]:
    outcomes = [found[0].outcome for found in cases.values()]
    skipped = outcomes.count(Outcome.UNKNOWN) + outcomes.count(Outcome.NOT_APPLICABLE)
    numbers = {"failures": outcomes.count(Outcome.FAIL), "errors": outcomes.count(Outcome.ERROR), "skipped": skipped}
    return {"tests": len(outcomes), **numbers}


def _case(report: Report, key: Case, results: Sequence[Result]) -> Markup:
    first = results[0]
    attributes = {"classname": f"nimdoctor.{key[1].value}", "name": key[0], "time": "0"}
    if first.outcome is Outcome.PASS:
        return element("testcase", **attributes)
    message = summary.why_undecided(first) if len(results) == 1 else f"{first.message} (and {len(results) - 1} more)"
    if first.outcome is Outcome.FAIL:
        lines = [line for result in results for line in (*_lines(report, result), "")][:-1]
        verdict = element("failure", _block(lines), message=message, type=first.severity.value)
    elif first.outcome is Outcome.ERROR:
        verdict = element("error", message=message, type="the check broke")
    else:
        wanted = f"; would be settled by: {', '.join(first.missing)}" if first.missing else ""
        verdict = element("skipped", message=f"{first.outcome.value}: {message}{wanted}")
    return element("testcase", verdict, **attributes)


def _lines(report: Report, result: Result) -> Iterator[str]:
    yield summary.wrong(result)
    fields = (("Breaks", result.impact), ("Cause", result.cause))
    yield from (f"{name}: {words}" for name, words in fields if words)
    for name, quotes in (("Evidence", result.evidence), ("Against", result.against)):
        yield from (f"{name}: {_quoted(quote)}" for quote in quotes)
    if result.missing:
        yield f"Missing: {summary.missing(result)}"
    if result.cure:
        yield f"Do: {summary.cure(report, result)}"
    plan = summary.fix(report, result)
    if plan:
        yield f"Fix: {plan}"
    yield f"Next: {summary.by_hand(report, result)}"
    yield f"Read: {summary.read(result)}"


def _quoted(quote: Quote) -> str:
    return f"{summary.source(quote)}: {printable(summary.quoted(quote), TEXT_LIMIT)}"


def _block(lines: Sequence[str]) -> Markup:
    return join([join([BREAK, text(line)]) for line in lines])
