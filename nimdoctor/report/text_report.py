"""The report for people: the verdict first, then what is wrong, what shows it, and what to do.

Plain ASCII apart from what the evidence itself holds; control characters in quoted evidence are
shown as `\\xNN`, never sent to the terminal.
"""

import textwrap
from itertools import islice
from typing import Dict, Iterator, List, Sequence, Tuple

from nimdoctor.engine import Result
from nimdoctor.model import Outcome, Quote, Severity
from nimdoctor.plan.typed import as_typed
from nimdoctor.scan import HEALTHY, INCONCLUSIVE, PROBLEMS, Report, ScannedHost
from nimdoctor.wording import count, visible

QUOTES_SHOWN, QUOTES_IN_BRIEF = 6, 2
"""Quoted lines of one finding; the rest is counted."""
QUOTE_WIDTH = 160
DEEPEST = 4
"""Levels by which what a finding explains is indented at most."""
_ELSEWHERE = "run it on the NIM client or master, or give evidence of one; nimdoctor demo shows a simulation"
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
        self.told = report.story
        self.width = max(60, width)
        self.colour = colour

    def lines(self) -> Iterator[str]:
        yield from self._head()
        for number, result in enumerate(self.told.findings):
            yield ""
            yield from self._finding(number, result)
        yield from self._unsettled()
        yield from self._notes()
        yield ""
        yield from self._table()
        yield from self._tail()

    def brief(self) -> Iterator[str]:
        found = self.told.findings
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
        report, root = self.report, self.report.root()
        first = report.first
        hosts = _host(report.host) + (f" with {_host(report.master)}" if report.master else "")
        counts = [
            count(number, f"{severity.value} problem")
            for severity in reversed(Severity)
            for number in [sum(1 for found in report.with_outcome(Outcome.FAIL) if found.severity is severity)]
            if number
        ]
        unknown = len(report.with_outcome(Outcome.UNKNOWN)) + len(report.with_outcome(Outcome.ERROR))
        if unknown:
            counts.append(f"{count(unknown, 'check')} undecided")
        said = f": {', '.join(counts)}" if counts else ""
        yield self._paint(report.verdict.upper(), _BOLD + _OUTCOME_COLOUR[report.verdict]) + said
        yield from self._field("Host", hosts)
        if root and first:
            yield from self._field("Cause", f"{root.cause or root.message} ({self._chain()})")
            yield from self._next(first)
            yield from self._field("Touches", count(root.touches, "other host") if root.touches else "no other host")
        elif report.verdict == INCONCLUSIVE:
            open_ = (report.with_outcome(Outcome.ERROR) + report.with_outcome(Outcome.UNKNOWN))[0]
            elsewhere = next((remark for remark in report.remarks if ", not AIX" in remark), None)
            yield from self._field("Cause", elsewhere or f"not known: {open_.message} ({open_.check})")
            yield from self._field("Next", _ELSEWHERE if elsewhere else _settled_by(open_))
            yield from self._field("Touches", "no other host")
        else:
            yield from self._field("Cause", "none: no check found a fault")
            yield from self._field("Next", "nothing to do")
            yield from self._field("Touches", "no other host")
        if report.changed:
            yield from self._field("Changed", report.changed)

    def _place(self, result: Result) -> str:
        if (result.run or "").startswith("on "):
            return ""
        return f"on {_place(result, self.report)}: " if result.run else ""

    def _next(self, first: Result) -> Iterator[str]:
        """What to run next: the plan where there is one, and what a person would type without it."""
        by_hand = f"{self._place(first)}{first.run or first.cure or 'nimdoctor explain ' + first.check}"
        if not first.fix:
            yield from self._field("Next", by_hand)
            return
        only = [] if _planned(first) else ["--only", first.fix]
        master = ["--master", self.report.master.target] if self.report.master else []
        target = [self.report.host.target] if self.report.host.target else []
        said = "shows the plan; or by hand,"
        shown = f"{as_typed(['nimdoctor', 'fix', *target, *master, *only])} {said}"
        if ", " in self.report.host.target:  # several files in one heap: no TARGET of a fix
            shown = f"{as_typed(['nimdoctor', 'fix', *only])} on that host {said}"
        elif len(shown) > self.width - 10:
            shown = f"{as_typed(['nimdoctor', 'fix', *only])} with the same targets {said}"
        yield from self._field("Next", shown)
        yield from self._field("", by_hand)

    def _chain(self) -> str:
        """The cause and what follows from it, by ids: `a -> b + c -> d`."""
        levels: Dict[int, List[str]] = {}
        for result, depth in self.told.chain():
            level = levels.setdefault(depth, [])
            level += [result.check] if result.check not in level else []
        return " -> ".join(" + ".join(levels[depth]) for depth in sorted(levels))

    def _indent(self, number: int) -> str:
        return "   " * min(self.told.depths[number], DEEPEST)

    def _finding(self, number: int, result: Result) -> Iterator[str]:
        indent = self._indent(number) + "   "
        yield from self._wrong(number, result)
        yield from self._links("Because", self.told.causes(result), indent)
        yield from self._links("Explains", self.told.effects(result), indent)
        if result.impact:
            yield from self._field("Breaks", result.impact, indent)
        if result.cause:
            yield from self._field("Cause", result.cause, indent)
        yield from self._quotes("Evidence", result.evidence, QUOTES_SHOWN, self._indent(number))
        yield from self._quotes("Against", result.against, QUOTES_SHOWN, self._indent(number))
        if result.missing:
            yield from self._field("Missing", f"{', '.join(result.missing)}: with it this would be surer", indent)
        if result.cure:
            yield from self._field("Do", self._cure(result), indent)
        yield from self._fix(result, self._indent(number))
        yield from self._field("Read", f"nimdoctor explain {result.check}; {'; '.join(result.references)}", indent)

    def _links(self, name: str, others: List[Tuple[Result, bool]], indent: str) -> Iterator[str]:
        """A line that names the findings at the other ends of links, by their numbers."""
        if others:
            words = [f"{'' if sure else 'perhaps '}{self._number(other)} {other.check}" for other, sure in others]
            yield from self._field(name, ", ".join(words), indent)

    def _number(self, result: Result) -> str:
        return f"{1 + next(n for n, found in enumerate(self.told.findings) if found is result)}."

    def _cure(self, result: Result) -> str:
        causes = [self._number(cause).rstrip(".") for cause, sure in self.told.causes(result) if sure]
        first = (
            f"first what {' and '.join(causes)} {'says' if len(causes) == 1 else 'say'}, then scan again. If it stays: "
        )
        return f"{first if causes else ''}{result.cure}"

    def _wrong(self, number: int, result: Result, limit: int = 0) -> Iterator[str]:
        sure = f", {result.confidence.value}" if result.confidence else ""
        heading = f"{number + 1}. {result.severity.value.upper()} {result.check} on {_place(result, self.report)}{sure}"
        yield self._indent(number) + self._paint(printable(heading), _BOLD)
        wrong = printable(f"{result.title}: {result.message}", limit)
        yield from self._field("Wrong", wrong, self._indent(number) + "   ")

    def _quotes(self, name: str, quotes: Sequence[Quote], limit: int, indent: str) -> Iterator[str]:
        for position, quote in enumerate(quotes[:limit]):
            yield f"{indent}   {name + ':' if not position else '':<10}{_quoted(quote)}"
        if len(quotes) > limit:
            yield f"{indent}   {'':<10}and {count(len(quotes) - limit, 'more line')}"

    def _fix(self, result: Result, indent: str) -> Iterator[str]:
        if result.fix:
            planned = _planned(result)
            command = "nimdoctor fix" if planned else f"nimdoctor fix --only {result.fix}"
            plan = f"{command} shows the plan{f' ({result.fix})' if planned else ''}"
            yield from self._field("Fix", plan, indent + "   ")

    def _unsettled(self) -> Iterator[str]:
        broken = self.report.with_outcome(Outcome.ERROR)
        unknown = self.report.with_outcome(Outcome.UNKNOWN)
        if not broken and not unknown:
            return
        yield ""
        yield self._paint("Could not be checked", _BOLD)
        for result in broken + unknown:
            yield from self._item(
                f"{result.severity.value} {result.check} on {_place(result, self.report)}: {result.message}"
            )
            if result.missing:
                yield from self._item(f"would be settled by: {', '.join(result.missing)}", "     ")

    def _notes(self) -> Iterator[str]:
        notes = [found for found in self.report.with_outcome(Outcome.PASS) if found.severity is Severity.INFO]
        lines = [f"{found.check} on {_place(found, self.report)}: {found.message}" for found in notes]
        lines += self._unread()
        lines += list(self.report.remarks)
        lines += [f"probe: {found.what}: {found.says}" for found in self.report.probes]
        if lines:
            yield ""
            yield self._paint("Notes", _BOLD)
            for line in lines:
                yield from self._item(line)

    def _unread(self) -> List[str]:
        """One line a host and reason: on a host without NIM a dozen commands are missing for one reason."""
        grouped: Dict[Tuple[str, str], List[str]] = {}
        for host, name, reason in self.report.problems:
            grouped.setdefault((host, reason), []).append(name)
        return [f"{host}: {reason}: {', '.join(names)}" for (host, reason), names in grouped.items()]

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
        ignored = self.report.ignored
        if ignored:
            yield ""
            yield f"Ignored: {count(len(ignored), 'finding')}"
            for item in ignored:
                names = f" [{', '.join(item.objects)}]" if item.objects else ""
                yield from self._item(f"{item.result.check}{names}: {item.reason} ({item.source} line {item.line})")


def _host(host: ScannedHost) -> str:
    level = f", AIX {host.oslevel}" if host.oslevel else ""
    role = host.role.replace(",", " and ") if host.role != "unknown" else "role not known"
    return f"{host.label} ({role}{level})"


def _planned(result: Result) -> bool:
    """Whether `nimdoctor fix` plans the finding's fix without being told its name."""
    return result.severity.rank >= Severity.MEDIUM.rank and not result.named_only


def _place(result: Result, report: Report) -> str:
    if result.host:
        return f"{result.host} ({result.where.value})"
    known = report.master if report.master and result.where.value == "master" else None
    return f"the {result.where.value}" if not known else f"{known.label} ({result.where.value})"


def _quoted(quote: Quote) -> str:
    place = quote.source if quote.line is None else f"{quote.source} line {quote.line}"
    said = quote.text if quote.text or quote.line is not None else "the whole of it"
    return f"{printable(place)}: {printable(said.strip(), QUOTE_WIDTH)}"


def _settled_by(result: Result) -> str:
    if result.missing:
        return f"give {', '.join(_words(result.missing))}, then scan again"
    return (
        f"nimdoctor explain {result.check}"
        if "On the master:" not in result.message
        else ("on the master: " + result.message.split("On the master: ", 1)[1])
    )


def _words(names: Sequence[str]) -> List[str]:
    return [f"the output of `{name}`" if not name.startswith("/") else name for name in names]
