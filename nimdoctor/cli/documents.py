"""How what a scan came to is written: target by target as each is done, or all in one document at the end."""

import os
from typing import Callable, Iterable, List, Optional, Sequence, Set, Tuple, Union

from nimdoctor.cli.output import ScanFormat, height, results, say, width, written_to
from nimdoctor.library.targets import attempted
from nimdoctor.model import Severity
from nimdoctor.model.wording import visible
from nimdoctor.report.scan_report import Failure, Report

WORST_FIRST = (4, 2, 1, 3, 0)
"""Exit statuses of several targets: the first of these that occurs is the whole scan's."""


_OBJECTS = (ScanFormat.JSON, ScanFormat.JSONL)
"""Formats that have an object for each target, also for one of which there is no report."""

Found = Iterable[Union["Report", "Failure"]]


def tell(
    found: Found, format: ScanFormat, output: Optional[str], bar: Severity, several: bool, every: bool = False
) -> int:
    """Writes what became of each target, and says on stderr of which there is no report; gives the exit status.

    `several` says that more than one target was named: then their objects are one a line, for what reads line by line. `every` asks the text report for all
    that it leaves out.
    """
    if format in (ScanFormat.TEXT, *_OBJECTS):
        return _one_by_one(found, format, output, several, every)
    return _together(found, format, output, bar)


def _one_by_one(found: Found, format: ScanFormat, output: Optional[str], several: bool, every: bool) -> int:
    from nimdoctor.report import json_report

    indent = 2 if format is ScanFormat.JSON and not several else None
    statuses: Set[int] = set()
    with written_to(output) as add:
        blank = ""
        for one in found:
            if not isinstance(one, Failure):
                report = one
                rendered = attempted(report.host.target, lambda: _rendered(report, format, output, indent, every))  # noqa: B023
                if isinstance(rendered, str):
                    add(blank + rendered)
                    blank = "\n" if format is ScanFormat.TEXT else ""
                else:
                    one = rendered
            if isinstance(one, Failure):
                say(visible(one.message))
                if format in _OBJECTS:
                    add(json_report.render_failure(one) + "\n")
            statuses.add(one.exit_status)
    return _worst(statuses)


def _rendered(report: Report, format: ScanFormat, output: Optional[str], indent: Optional[int], every: bool) -> str:
    if format in _OBJECTS:
        from nimdoctor.report import json_report

        return json_report.render(report, indent=indent) + "\n"
    from nimdoctor.report import text_report

    terminal = output is None and results().isatty() and "NO_COLOR" not in os.environ
    return text_report.render(report, width=width(), height=height(), colour=terminal, every=every)


def _together(found: Found, format: ScanFormat, output: Optional[str], bar: Severity) -> int:
    reports: List[Report] = []
    failures: List[Failure] = []
    for one in found:
        if isinstance(one, Failure):
            say(visible(one.message))
            failures.append(one)
        else:
            reports.append(one)
    with written_to(output) as add:
        if format is ScanFormat.NAGIOS:
            from nimdoctor.report import nagios_report

            refused = [failure.message for failure in failures]
            add(nagios_report.render(reports, bar, refused))
            return nagios_report.status(reports, bar, refused)
        render = _renderer(format)
        try:
            document = render(reports, failures) if reports else ""
        except Exception:
            # what cannot be shown of one host does not take the others with it
            reports, failures = _shown(reports, failures, render)
            document = render(reports, failures) if reports else ""
        if document:
            add(document)
    return _worst({*(report.exit_status for report in reports), *(failure.exit_status for failure in failures)})


Render = Callable[["Sequence[Report]", "Sequence[Failure]"], str]


def _renderer(format: ScanFormat) -> Render:
    if format is ScanFormat.HTML:
        from nimdoctor.report import html

        return html.render
    if format is ScanFormat.MARKDOWN:
        from nimdoctor.report import markdown_report

        return markdown_report.render
    from nimdoctor.report import junit_report

    return junit_report.render


def _shown(
    reports: Sequence[Report], failures: Sequence[Failure], render: Render
) -> Tuple[List[Report], List[Failure]]:
    """The reports that can be rendered alone, and the failures with those of the others."""
    good: List[Report] = []
    bad = list(failures)
    for report in reports:
        rendered = attempted(report.host.target, lambda: render([report], ()))  # noqa: B023
        if isinstance(rendered, Failure):
            say(visible(rendered.message))
            bad.append(rendered)
        else:
            good.append(report)
    return good, bad


def _worst(statuses: Set[int]) -> int:
    return next(status for status in WORST_FIRST if status in statuses)
