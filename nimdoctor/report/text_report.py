"""The report for people: the verdict first, then what is wrong, what shows it, and what to do.

Plain ASCII apart from what the evidence itself holds; control characters in quoted evidence are
shown as `\\xNN`, never sent to the terminal. Only what is not well is told, the rest is counted.
"""

from itertools import islice
from typing import Iterator, List, Sequence, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Outcome, Quote, Topic
from nimdoctor.model.wording import count, named
from nimdoctor.report import advice_only, certificates_table, commands, comparison, sending, summary
from nimdoctor.report.layout import HEIGHT, LABEL, NARROWEST, WIDTH, command, field, item, labelled, wrapped
from nimdoctor.report.layout import printable as printable
from nimdoctor.report.scan_report import HEALTHY, INCONCLUSIVE, PROBLEMS, Report
from nimdoctor.report.undecided import undecided, why_undecided

QUOTES, QUOTES_OF_ALL, QUOTES_IN_BRIEF = 3, 6, 2
"""Quoted lines of one finding; the rest is counted."""
QUOTE_WIDTH = 400
"""Characters of a quoted line."""
WRONG, WRONG_IN_BRIEF, FIELD, QUOTE, CAUSE_REPEATED, IGNORED = 4, 2, 3, 2, 3, 3
"""Lines at most of what is wrong, of other fields, of a quote, of the cause at the end, and of what is ignored; `every` shows them whole."""
FEW = 40
"""Lines of a report on one problem."""
DEEPEST = 4
"""Levels by which what a finding explains is indented at most."""
LEAST_SEEN = 12
"""Columns of the table's last column at least."""

_BOLD, _RED, _YELLOW, _GREEN, _PLAIN = "\033[1m", "\033[31m", "\033[33m", "\033[32m", "\033[0m"
_OUTCOME_COLOUR = {PROBLEMS: _RED, INCONCLUSIVE: _YELLOW, HEALTHY: _GREEN}


def render(
    report: Report,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
    colour: bool = False,
    brief: bool = False,
    every: bool = False,
) -> str:
    """The report as text, no line wider than `width`; one of more than `height` lines ends with its verdict and what to
    run next. `every` adds all that is left out, and a row for each result; a brief one has the verdict and, of each
    finding, what is wrong, what shows it and its fix."""
    page = _Page(report, width, height, colour, every)
    return "\n".join(page.brief() if brief else page.lines()) + "\n"


class _Page:
    def __init__(self, report: Report, width: int, height: int, colour: bool, every: bool) -> None:
        self.report = report
        self.story = report.story
        self.width = max(NARROWEST, width)
        self.height = height
        self.colour = colour
        self.every = every
        found = report.certificates
        self.side_by_side = bool(found.there()) and (every or found.bear_on(self.story.findings))

    def lines(self) -> List[str]:
        page = self._whole()
        if self.side_by_side and not self.every and len(page) > FEW:
            # one problem is told in few lines; what is longer without the table too has it
            self.side_by_side = False
            shorter = self._whole()
            return shorter if len(shorter) <= FEW else page
        return page

    def _whole(self) -> List[str]:
        page = [*self._head(), *self._body(), *self._tail()]
        # what is longer than a screen ends with what its first lines say: the prompt takes one line of it
        return [*page, *self._again()] if len(page) >= self.height else page

    def _again(self) -> Iterator[str]:
        yield ""
        yield from self._verdict(summary.in_short(self.report))
        yield from self._what_next(again=True)

    def _body(self) -> Iterator[str]:
        yield from self._findings(Topic.OPERATION)
        yield from self._certificates()
        yield from self._advice_only()
        if self.every:
            yield from self._exposures()
        yield from self._unsettled()
        yield from self._to_send()
        yield from self._notes()
        yield from self._comparison()
        if self.every:
            yield ""
            yield from self._table()

    def _nothing_operates_wrong(self) -> bool:
        """Whether a few lines say it all: what was asked is well, and at most something stands open."""
        return self.report.verdict == HEALTHY and not self.report.with_outcome(Outcome.FAIL, Topic.OPERATION)

    def _comparison(self) -> Iterator[str]:
        found = self.report.compared
        lines = comparison.sentences(found) if found else []
        if found and lines:
            yield ""
            yield self._paint(f"Since {comparison.since(found)}", _BOLD)
            for line in lines:
                yield from item(line, self.width)

    def _certificates(self) -> Iterator[str]:
        if self.side_by_side:
            yield ""
            yield from certificates_table.lines(self.report.certificates, min(self.width, WIDTH), self.every)

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
        first, *rest = wrapped(f"{summary.EXPOSURES}: {exposed}" if exposed else summary.EXPOSURES, self.width, hang=2)
        yield from (self._paint(first, _BOLD), *rest)
        yield from wrapped(summary.STOP_NO_PUSH, self.width, "  ")
        yield from self._findings(Topic.EXPOSURE)
        if exposed and open_:
            yield ""
        yield from self._open(Topic.EXPOSURE)

    def _exposures_in_brief(self) -> Iterator[str]:
        """One line: the first line of the report says how much is open."""
        ids = self.report.exposure.checks
        if ids and not self.every:
            yield from self._field("Exposed", f"{named(list(ids), 2)}: they stop no push (--all)")

    def _advice_only(self) -> Iterator[str]:
        found = list(advice_only.items(self.report)) if self.every else []
        if found:
            yield ""
            yield self._paint(advice_only.TITLE, _BOLD)
            yield from wrapped(advice_only.WHY, self.width, "  ") if self.every else ()
            for label, text in found:
                yield from self._field(label, text, "   ")

    def brief(self) -> Iterator[str]:
        found = self.story.findings
        yield from self._head() if found else islice(self._head(), 2)
        for number, result in enumerate(found):
            indent = self._indent(number)
            yield from self._wrong(number, result, WRONG_IN_BRIEF)
            yield from self._quotes("Evidence", result.evidence, QUOTES_IN_BRIEF, indent)
            yield from self._fix(result, indent)

    def _paint(self, text: str, paint: str) -> str:
        return f"{paint}{text}{_PLAIN}" if self.colour else text

    def _field(self, name: str, text: str, indent: str = "", most: int = 0) -> Iterator[str]:
        yield from field(name, text, self.width, indent, most=0 if self.every else most)

    def _head(self) -> Iterator[str]:
        report = self.report
        yield from self._verdict(summary.headline(report))
        yield from self._field("Host", summary.hosts(report))
        yield from self._what_next()
        if self.story.findings and not self._nothing_operates_wrong():
            yield from self._field("Touches", summary.head(report).touches)
        if report.changed:
            yield from self._field("Changed", report.changed)
        if report.compared:
            yield from self._field("Compared", comparison.headline(report.compared))
        if report.advice_only:
            words = summary.ADVICE_ONLY if self._nothing_operates_wrong() else summary.DOES_THERE
            yield from self._field("Fixes", words)
            generations = advice_only.generations(report)
            if generations:
                yield from self._field("Each end", generations)

    def _verdict(self, headline: str) -> Iterator[str]:
        first, *rest = wrapped(headline, self.width, hang=LABEL)
        word = self.report.verdict.upper()
        yield self._paint(word, _BOLD + _OUTCOME_COLOUR[self.report.verdict]) + first[len(word) :]
        yield from rest

    def _what_next(self, again: bool = False) -> Iterator[str]:
        """The cause and what to run next; said again, what is done by hand instead stands above."""
        head, first = summary.head(self.report), summary.to_begin_with(self.report)
        yield from self._field("Cause", head.cause, most=CAUSE_REPEATED if again else 0)
        if not head.plan or first is None:
            step = commands.next_step(self.report)
            yield from self._typed("Next", head.next, [] if step.words else step.typed)
            return
        lines = command(head.plan, self.width, f"{'Next:':<{LABEL}}")
        yield from self._plan(lines, head.after, first, again or first.topic is Topic.EXPOSURE)

    def _typed(self, name: str, words: str, typed: Sequence[commands.Typed], indent: str = "") -> Iterator[str]:
        """What is typed next; where it is one command and nothing else, that one is not parted as words are."""
        if len(typed) != 1 or not typed[0].place or len(f"{indent}{'':<{LABEL}}{words}") <= self.width:
            yield from self._field(name, words, indent)
            return
        first, *rest = labelled(f"{typed[0].place}:", typed[0].command, self.width, f"{indent}{'':<{LABEL}}")
        yield f"{indent}{name + ':':<{LABEL}}{first.lstrip()}"
        yield from rest

    def _plan(self, lines: List[str], after: str, first: Result, alone: bool) -> Iterator[str]:
        """The command that shows a plan, and below it, where it does not stand alone, what is done by hand instead."""
        if alone:
            yield from lines
            return
        words = f"{after.rstrip(',')}:"
        if len(lines) == 1 and len(lines[0]) + 1 + len(words) <= self.width:
            yield f"{lines[0]} {words}"
        else:
            yield from lines
            yield from wrapped(words, self.width, " " * LABEL)
        yield from self._by_hand(first)

    def _by_hand(self, result: Result, indent: str = " " * LABEL) -> Iterator[str]:
        """What is typed for a finding, each host's part on lines of its own where it is long."""
        then = ""
        for place, typed in summary.steps(self.report, result):
            line = f"{indent}{then}{place}: {printable(typed)}"
            if len(line) <= self.width:
                yield line
            else:
                yield from wrapped(f"{then}{place}:", self.width, indent)
                yield from command(typed, self.width, f"{indent}   ")
            then = "then "
        way = self.report.way(result)
        if way and way.follow:
            yield from wrapped(f"then {way.follow}", self.width, indent)

    def _indent(self, number: int) -> str:
        return "   " * min(self.story.depths[number], DEEPEST)

    def _finding(self, number: int, result: Result) -> Iterator[str]:
        indent = self._indent(number) + "   "
        same = None if self.every else summary.seen_before(self.report, result)
        if same:
            yield from self._heading(number, result)
            yield from self._field("Same", f"as {summary.number(self.report, same)}, seen from here", indent)
            return
        yield from self._wrong(number, result, WRONG)
        yield from self._links("Because", self.story.causes(result), indent)
        yield from self._links("Explains", self.story.effects(result), indent)
        if result.impact:
            yield from self._field("Breaks", result.impact, indent, FIELD)
        if result.cause and (self.every or result is not self.report.root()):
            yield from self._field("Cause", result.cause, indent, FIELD)
        quotes = result.evidence
        if self.side_by_side and not self.every:
            quotes = tuple(one for one in quotes if not self.report.certificates.holds(one))
        if len(quotes) < len(result.evidence):
            held = count(len(result.evidence) - len(quotes), "certificate")
            yield from self._field("Evidence", f"{held}: the table below", indent)
        yield from self._quotes(
            "" if len(quotes) < len(result.evidence) else "Evidence", quotes, QUOTES, self._indent(number)
        )
        yield from self._quotes("Against", result.against, QUOTES, self._indent(number))
        # else what to send has it
        if result.missing and (self.every or not self.report.to_send):
            yield from self._field("Missing", summary.missing(result), indent)
        yield from self._cure(number, result, indent)
        yield from self._field("Read", summary.read(result), indent)

    def _cure(self, number: int, result: Result, indent: str) -> Iterator[str]:
        """What to do, where the first lines do not say it."""
        if not self.every and result is summary.to_begin_with(self.report):
            return
        if not self.every and any(sure for _, sure in self.story.causes(result)):
            yield from self._field("Do", summary.causes_first(self.report, result), indent)
            return
        if result.cure:
            yield from self._field("Do", summary.cure(self.report, result), indent)
        typed = summary.command(self.report, result)
        if summary.steps(self.report, result):
            first, *rest = self._by_hand(result, f"{indent}{'':<{LABEL}}")
            yield f"{indent}{'Run:':<{LABEL}}{first.lstrip()}"
            yield from rest
        elif typed:
            yield from self._typed("Run", typed, commands.of_finding(self.report, result), indent)
        yield from self._fix(result, self._indent(number))

    def _links(self, name: str, others: List[Tuple[Result, bool]], indent: str) -> Iterator[str]:
        """A line that names the findings at the other ends of links, by their numbers."""
        if others:
            words = [
                f"{'' if sure else 'perhaps '}{summary.number(self.report, other)}. {other.check}"
                for other, sure in others
            ]
            yield from self._field(name, ", ".join(words), indent)

    def _heading(self, number: int, result: Result) -> Iterator[str]:
        sure = f", {result.confidence.value}" if result.confidence else ""
        heading = f"{number + 1}. {result.severity.value.upper()} {result.check} on {summary.place(result, self.report)}{sure}"
        for line in wrapped(heading, self.width, self._indent(number)):
            yield self._paint(line, _BOLD)

    def _wrong(self, number: int, result: Result, most: int) -> Iterator[str]:
        yield from self._heading(number, result)
        yield from self._field("Wrong", summary.wrong(result), self._indent(number) + "   ", most)

    def _quotes(self, name: str, quotes: Sequence[Quote], limit: int, indent: str) -> Iterator[str]:
        limit = QUOTES_OF_ALL if self.every else limit
        for position, quote in enumerate(quotes[:limit]):
            yield from self._field(name if not position else "", _quoted(quote), f"{indent}   ", QUOTE)
        if len(quotes) > limit:
            yield from self._field("", f"and {count(len(quotes) - limit, 'more line')}", f"{indent}   ")

    def _fix(self, result: Result, indent: str) -> Iterator[str]:
        plan = summary.fix(self.report, result)
        if plan:
            yield from self._field("Fix", plan, indent + "   ")

    def _unsettled(self) -> Iterator[str]:
        lines = list(self._open(Topic.OPERATION))
        lines += [] if self.every else self._open(Topic.EXPOSURE)
        if lines:
            yield ""
            yield self._paint("Could not be checked", _BOLD)
            yield from lines

    def _open(self, topic: Topic) -> Iterator[str]:
        """What is only not given stands in what to send, beside the command that gives it."""
        for one in undecided(self.report, topic):
            if self.every or not one.only_not_given or not self.report.to_send:
                ids, place = ", ".join(one.ids), summary.place(one.gravest, self.report)
                words = f"{one.gravest.severity.value} {ids} on {place}: {why_undecided(one.gravest)}"
                yield from item(words, self.width)

    def _to_send(self) -> Iterator[str]:
        lines = list(sending.block(self.report, self.width))
        if lines:
            yield ""
            yield self._paint(sending.SENDING, _BOLD)
            yield from lines

    def _notes(self) -> Iterator[str]:
        lines = summary.notes(self.report, self.every)
        if lines:
            yield ""
            yield self._paint("Notes", _BOLD)
            for line in lines:
                yield from item(line, self.width)

    def _table(self) -> Iterator[str]:
        from tabulate import tabulate

        heads = ["Outcome", "Severity", "Check", "End"]
        rows = [
            [
                "n/a" if result.outcome is Outcome.NOT_APPLICABLE else result.outcome.value,
                result.severity.value,
                printable(result.check),
                result.where.value,
            ]
            for result in self.report.results
        ]
        if self.width < WIDTH:  # ids stay whole, so on a narrow screen this goes
            heads, rows = [heads[0], *heads[2:]], [[row[0], *row[2:]] for row in rows]
        widths = [max(map(len, column)) for column in zip(heads, *rows)]
        room = max(LEAST_SEEN, self.width - sum(widths) - 2 * len(widths))
        seen = ["\n".join(wrapped(result.message, room)) for result in self.report.results]
        rule = ["-" * wide for wide in (*widths, room)]
        table = [[*heads, "What was seen"], rule, *([*row, words] for row, words in zip(rows, seen))]
        yield from map(str.rstrip, tabulate(table, tablefmt="plain", disable_numparse=True).splitlines())

    def _tail(self) -> Iterator[str]:
        ignored = summary.ignored(self.report)
        if ignored:
            yield ""
            yield f"Ignored: {count(len(ignored), 'finding')}"
            for line in ignored:
                yield from item(line, self.width, most=0 if self.every else IGNORED)
        if self.every or not self._nothing_operates_wrong():
            yield ""
        yield from self._exposures_in_brief()
        yield from self._field("Counts", summary.outcomes(self.report) + ("" if self.every else ": --all shows all"))
        yield from self._field("Names", summary.names(self.report))


def _quoted(quote: Quote) -> str:
    return f"{printable(summary.source(quote))}: {printable(summary.quoted(quote), QUOTE_WIDTH)}"
