"""One line for monitoring, with performance data, and the states that monitoring knows.

CRITICAL (2): a fail of high or critical. WARNING (1): a fail below high that reaches the bar, or something that stands
open to others, whatever its score. UNKNOWN (3): none of these, but a check of the bar's severity that could not be
decided, nothing that passed, or a target that cannot be read. OK (0): none of all that. Fails below the bar
(`--fail-on`) change nothing, and are counted.
"""

import re
from typing import Dict, Sequence

from nimdoctor.model import Outcome, Severity, Topic
from nimdoctor.report import comparison, summary
from nimdoctor.report.scan_report import INCONCLUSIVE, PROBLEMS, Report
from nimdoctor.report.text_report import printable

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
WORST_FIRST = (CRITICAL, WARNING, UNKNOWN, OK)
WORDS = {OK: "OK", WARNING: "WARNING", CRITICAL: "CRITICAL", UNKNOWN: "UNKNOWN"}

_NO_FAULT = ": no check found a fault"
LIMIT = 400
"""Characters before the performance data: NRPE of old takes 1,024 bytes in all."""
MESSAGE = 160
"""Characters of one host's finding, so that others are named too."""

# `|` begins the performance data; the others are markup or shell to what reads the line
_UNSAFE = re.compile(r"[|<>&`$]")


def render(reports: Sequence[Report], fail_on: Severity, refused: Sequence[str] = ()) -> str:
    """The line for all targets; `refused` says why one could not be read."""
    state = status(reports, fail_on, refused)
    parts = [_of_report(report) for report in sorted(reports, key=lambda one: _rank(_state(one, fail_on)))]
    worse = [f"cannot be read: {reason}" for reason in refused]
    # the worst comes first, and what nobody could look at is not lost behind many hosts
    parts = worse + parts if state == UNKNOWN else parts[:1] + worse + parts[1:]
    return f"{line(state, '; '.join(parts))} | {_performance(reports, len(refused))}\n"


def status(reports: Sequence[Report], fail_on: Severity, refused: Sequence[str] = ()) -> int:
    """The exit status: the worst of all targets."""
    states = [_state(report, fail_on) for report in reports] + [UNKNOWN] * bool(refused)
    return min(states, key=_rank, default=UNKNOWN)


def line(state: int, words: str) -> str:
    """One line without performance data and without its end, in ASCII."""
    return f"NIMDOCTOR {WORDS[state]} - {_plain(words, LIMIT)}"


def _plain(words: str, limit: int = 0) -> str:
    shown = printable(words).encode("ascii", "backslashreplace").decode("ascii")
    shown = _UNSAFE.sub(lambda found: f"\\x{ord(found.group()):02x}", shown)
    return _cut(shown, limit) if limit else shown


def _cut(words: str, limit: int) -> str:
    """The words up to a blank before the limit: a part of an id would be another's."""
    return words if len(words) <= limit else f"{words[: limit - 3].rpartition(' ')[0] or words[: limit - 4]} ..."


def _rank(state: int) -> int:
    return WORST_FIRST.index(state)


def _state(report: Report, fail_on: Severity) -> int:
    if report.verdict != PROBLEMS:
        return WARNING if report.exposure.checks else UNKNOWN if report.verdict == INCONCLUSIVE else OK
    failed = report.with_outcome(Outcome.FAIL, Topic.OPERATION)
    counted = [one.severity for one in failed if one.severity.rank >= fail_on.rank]
    return CRITICAL if any(one.rank >= Severity.HIGH.rank for one in counted) else WARNING


def _of_report(report: Report) -> str:
    root = report.root()
    cause = ""
    if report.verdict == INCONCLUSIVE:
        head = summary.head(report)
        cause = f"{head.cause}: {head.next}"
    elif root:
        # of exposures the numbers say it all
        said = "" if root.topic is Topic.EXPOSURE else f": {_cut(root.message, MESSAGE)}"
        cause = f"{root.check}{said}"
    narrowed = summary.narrowing(report)
    host = report.host.label + (f" ({narrowed})" if narrowed else "")
    since = f"since {comparison.headline(report.compared)}" if report.compared else ""
    return ": ".join(filter(None, (host, summary.found(report), since, cause))) + ("" if root or cause else _NO_FAULT)


def _performance(reports: Sequence[Report], unread: int) -> str:
    results = [one for report in reports for one in report.results if one.topic is Topic.OPERATION]
    outcomes = [one.outcome for one in results]
    numbers = {
        "fails": outcomes.count(Outcome.FAIL),
        "unknowns": outcomes.count(Outcome.UNKNOWN),
        "errors": outcomes.count(Outcome.ERROR),
        "passes": outcomes.count(Outcome.PASS),
    }
    for severity in reversed(Severity):
        of_it = sum(1 for one in results if one.outcome is Outcome.FAIL and one.severity is severity)
        numbers.update({severity.value: of_it} if severity is not Severity.INFO else {})
    numbers["ignored"] = sum(len(report.ignored) for report in reports)
    numbers["unread"] = unread
    numbers["vulnerabilities"] = max((report.exposure.open for report in reports), default=0)
    every = {**numbers, **_compared(reports), **_worst(reports), **_days(reports)}
    return " ".join(f"{name}={number}" for name, number in every.items())


def _compared(reports: Sequence[Report]) -> Dict[str, int]:
    """How many findings are new, gone and changed since the reports that were given; nothing without one."""
    found = [report.compared for report in reports if report.compared]
    if not found:
        return {}
    return {
        "new": sum(len(one.new) for one in found),
        "gone": sum(len(one.gone) for one in found),
        "changed": sum(len(one.changed) for one in found),
    }


def _worst(reports: Sequence[Report]) -> Dict[str, float]:
    """The worst score that is open on any target; nothing where none is."""
    scores = [report.exposure.worst for report in reports if report.exposure.worst is not None]
    return {"worst_score": max(scores)} if scores else {}


def _days(reports: Sequence[Report]) -> Dict[str, int]:
    """Days that the first certificate to run out holds, an end; of several hosts the fewest."""
    found: Dict[str, int] = {}
    for report in reports:
        for one in report.certificates.there():
            days = one.days_left()
            role = one.role if one.role in ("client", "master") else "host"
            if days is not None:
                name = f"{role}_certificate_days"
                found[name] = min(days, found.get(name, days))
    return found
