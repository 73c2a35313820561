"""The report for people: the verdict first, then what is wrong, what shows it, and what to do.

Plain ASCII apart from what the evidence itself holds; control characters in quoted evidence are
shown as `\\xNN`, never sent to the terminal.
"""

import textwrap
from itertools import islice
from typing import Iterator, List, Sequence, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Outcome, Quote, Topic
from nimdoctor.model.wording import count, visible
from nimdoctor.report import advice_only, summary
from nimdoctor.report.scan_report import HEALTHY, INCONCLUSIVE, PROBLEMS, Report

QUOTES_SHOWN, QUOTES_IN_BRIEF = 6, 2
"""Quoted lines of one finding; the rest is counted."""
QUOTE_WIDTH = 160
DEEPEST = 4
"""Levels by which what a finding explains is indented at most."""
PLACE_WIDTH = 40
"""Characters of a host's name in the table."""

_BOLD, _RED, _YELLOW, _GREEN, _PLAIN = "\033[1m", "\033[31m", "\033[33m", "\033[32m", "\033[0m"
_OUTCOME_COLOUR = {PROBLEMS: _RED, INCONCLUSIVE: _YELLOW, HEALTHY: _GREEN}


def render(report: Report, *, width: int = 96, colour: bool = False, brief: bool = False) -> str:
    """The report as text, lines wrapped at `width` except quoted ones; a brief one has the verdict and, of each
    finding, what is wrong, what shows it and its fix."""
    page = _Page(report, width, colour)
    return "\n".join(page.brief() if brief else page.lines()) + "\n"


def printable(text: str, limit: int = 0) -> str:
    """The text with tabs as blanks and everything unprintable shown as an escape, cut at `limit` characters.

    >>> printable("a\\x1b[2Jb\\tc")
    'a\\\\x1b[2Jb c'
    """
    shown = visible(text.replace("\t", " "))
    return shown if not limit or len(shown) <= limit else shown[: limit - 4] + " ..."


class _Page:
    def __init__(self, report: Report, width: int, colour: bool) -> None:
        self.report = report
        self.story = report.story
        self.width = max(60, width)
        self.colour = colour

    def lines(self) -> Iterator[str]:
        yield from self._head()
        yield from self._findings(Topic.OPERATION)
        yield from self._advice_only()
        yield from self._exposures()
        yield from self._unsettled()
        yield from self._notes()
        yield ""
        yield from self._table()
        yield from self._tail()

    def _findings(self, topic: Topic) -> Iterator[str]:
        for number, result in enumerate(self.story.findings):
            if result.topic is topic:
                yield ""
                yield from self._finding(number, result)

    def _exposures(self) -> Iterator[str]:
        exposed, open_ = summary.exposed(self.report), self.report.undecided(Topic.EXPOSURE)
        if not exposed and not open_:
            return
        yield ""
        yield self._paint(summary.EXPOSURES, _BOLD) + (f": {exposed}" if exposed else "")
        yield from self._item(summary.STOP_NO_PUSH, "  ")
        yield from self._findings(Topic.EXPOSURE)
        if exposed and open_:
            yield ""
        yield from self._open(open_)

    def _advice_only(self) -> Iterator[str]:
        found = list(advice_only.items(self.report))
        if found:
            yield ""
            yield self._paint(advice_only.TITLE, _BOLD)
            yield from self._item(advice_only.WHY, "  ")
            for label, text in found:
                yield from self._field(label, text, "   ")

    def brief(self) -> Iterator[str]:
        found = self.story.findings
        yield from self._head() if found else islice(self._head(), 2)
        for number, result in enumerate(found):
            indent = self._indent(number)
            yield from self._wrong(number, result, 2 * self.width - 30)
            yield from self._quotes("Evidence", result.evidence, QUOTES_IN_BRIEF, indent)
            yield from self._fix(result, indent)

    def _paint(self, text: str, paint: str) -> str:
        return f"{paint}{text}{_PLAIN}" if self.colour else text

    def _field(self, name: str, text: str, indent: str = "") -> Iterator[str]:
        start = f"{indent}{name + ':' if name else '':<10}"
        yield from textwrap.wrap(
            printable(text),
            self.width,
            initial_indent=start,
            subsequent_indent=" " * len(start),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [start]

    def _head(self) -> Iterator[str]:
        report = self.report
        headline = printable(summary.headline(report))
        first, *rest = textwrap.wrap(headline, self.width, subsequent_indent=" " * 10, break_on_hyphens=False)
        word = report.verdict.upper()
        yield self._paint(word, _BOLD + _OUTCOME_COLOUR[report.verdict]) + first[len(word) :]
        yield from rest
        yield from self._field("Host", summary.hosts(report))
        head = summary.head(report, self.width - 10)
        yield from self._field("Cause", head.cause)
        if head.plan:
            yield from self._field("Next", f"{head.plan} {head.after}")
        yield from self._field("" if head.plan else "Next", head.next)
        yield from self._field("Touches", head.touches)
        if report.changed:
            yield from self._field("Changed", report.changed)

    def _indent(self, number: int) -> str:
        return "   " * min(self.story.depths[number], DEEPEST)

    def _finding(self, number: int, result: Result) -> Iterator[str]:
        indent = self._indent(number) + "   "
        yield from self._wrong(number, result)
        yield from self._links("Because", self.story.causes(result), indent)
        yield from self._links("Explains", self.story.effects(result), indent)
        if result.impact:
            yield from self._field("Breaks", result.impact, indent)
        if result.cause:
            yield from self._field("Cause", result.cause, indent)
        yield from self._quotes("Evidence", result.evidence, QUOTES_SHOWN, self._indent(number))
        yield from self._quotes("Against", result.against, QUOTES_SHOWN, self._indent(number))
        if result.missing:
            yield from self._field("Missing", summary.missing(result), indent)
        if result.cure:
            yield from self._field("Do", summary.cure(self.report, result), indent)
        command = summary.command(self.report, result)
        if command:
            yield from self._field("Run", command, indent)
        yield from self._fix(result, self._indent(number))
        yield from self._field("Read", summary.read(result), indent)

    def _links(self, name: str, others: List[Tuple[Result, bool]], indent: str) -> Iterator[str]:
        """A line that names the findings at the other ends of links, by their numbers."""
        if others:
            words = [
                f"{'' if sure else 'perhaps '}{summary.number(self.report, other)}. {other.check}"
                for other, sure in others
            ]
            yield from self._field(name, ", ".join(words), indent)

    def _wrong(self, number: int, result: Result, limit: int = 0) -> Iterator[str]:
        sure = f", {result.confidence.value}" if result.confidence else ""
        heading = f"{number + 1}. {result.severity.value.upper()} {result.check} on {summary.place(result, self.report)}{sure}"
        yield self._indent(number) + self._paint(printable(heading), _BOLD)
        wrong = printable(summary.wrong(result), limit)
        yield from self._field("Wrong", wrong, self._indent(number) + "   ")

    def _quotes(self, name: str, quotes: Sequence[Quote], limit: int, indent: str) -> Iterator[str]:
        for position, quote in enumerate(quotes[:limit]):
            yield f"{indent}   {name + ':' if not position else '':<10}{_quoted(quote)}"
        if len(quotes) > limit:
            yield f"{indent}   {'':<10}and {count(len(quotes) - limit, 'more line')}"

    def _fix(self, result: Result, indent: str) -> Iterator[str]:
        plan = summary.fix(self.report, result)
        if plan:
            yield from self._field("Fix", plan, indent + "   ")

    def _unsettled(self) -> Iterator[str]:
        open_ = self.report.undecided(Topic.OPERATION)
        if open_:
            yield ""
            yield self._paint("Could not be checked", _BOLD)
            yield from self._open(open_)

    def _open(self, results: Sequence[Result]) -> Iterator[str]:
        for result in results:
            yield from self._item(summary.undecided(self.report, result))
            if result.missing:
                yield from self._item(f"would be settled by: {', '.join(result.missing)}", "     ")

    def _notes(self) -> Iterator[str]:
        lines = summary.notes(self.report)
        if lines:
            yield ""
            yield self._paint("Notes", _BOLD)
            for line in lines:
                yield from self._item(line)

    def _item(self, text: str, indent: str = "   ") -> Iterator[str]:
        yield from textwrap.wrap(
            printable(text),
            self.width,
            initial_indent=indent + "- " if indent == "   " else indent,
            subsequent_indent=indent + "  " if indent == "   " else indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _table(self) -> Iterator[str]:
        from tabulate import tabulate

        heads = ["Outcome", "Severity", "Check", "Where", "What was seen"]
        rows: List[List[str]] = [
            [
                "n/a" if result.outcome is Outcome.NOT_APPLICABLE else result.outcome.value,
                result.severity.value,
                printable(result.check),
                printable(result.host or f"the {result.where.value}", PLACE_WIDTH),
            ]
            for result in self.report.results
        ]
        taken = sum(max(map(len, column)) + 2 for column in zip(heads, *rows))
        for row, result in zip(rows, self.report.results):
            row.append(printable(result.message, max(24, self.width - taken)))
        yield from tabulate(rows, headers=heads, tablefmt="simple", disable_numparse=True).splitlines()

    def _tail(self) -> Iterator[str]:
        ignored = summary.ignored(self.report)
        if ignored:
            yield ""
            yield f"Ignored: {count(len(ignored), 'finding')}"
            for line in ignored:
                yield from self._item(line)
        yield ""
        yield from self._field("Names", summary.names(self.report))


def _quoted(quote: Quote) -> str:
    return f"{printable(summary.source(quote))}: {printable(summary.quoted(quote), QUOTE_WIDTH)}"
