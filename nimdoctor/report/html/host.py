"""One host's part of the document: the story, the pictures, the findings, and what else was seen."""

from typing import Iterator, List, Optional, Sequence, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Outcome, Quote, Severity, Topic
from nimdoctor.model.wording import count
from nimdoctor.report import advice_only, certificates_table, commands, comparison, sending, summary
from nimdoctor.report.commands import Typed
from nimdoctor.report.html.pictures import figures
from nimdoctor.report.html.prose import prose
from nimdoctor.report.html.table import table
from nimdoctor.report.json_report import TEXT_LIMIT
from nimdoctor.report.markup import BREAK, Content, Markup, element, join, text
from nimdoctor.report.scan_report import INCONCLUSIVE, Report
from nimdoctor.report.undecided import undecided, why_undecided

DEEPEST = 4
_HEADS = ("Severity", "Check", "Where", "What was seen")
_COUNTED = ("Passed", "Not applicable")
"""What stays folded on paper: how many there are is enough there."""


class HostSection:
    """A report within the document. `level` is that of its title's heading, `prefix` begins every id it gives."""

    def __init__(self, report: Report, level: int, prefix: str) -> None:
        self.report = report
        self.level = level
        self.prefix = prefix

    def title(self) -> Markup:
        report = self.report
        found = summary.found(report)
        verdict = element("span", summary.verdict(report), class_=report.verdict)
        heading = element(f"h{self.level}", f"{report.host.label}: ", verdict, id=f"{self.prefix}title")
        caption = f"{summary.hosts(report)}{': ' + found if found else ''}"
        return join([heading, element("p", prose(caption), class_="soft")])

    def link(self) -> Markup:
        """From the list of hosts to this one."""
        verdict = element("span", summary.verdict(self.report), class_=self.report.verdict)
        found = summary.found(self.report)
        name = element("a", self.report.host.label, href=f"#{self.prefix}title")
        return join([name, ": ", verdict, f" ({found})" if found else None])

    def sections(self) -> Iterator[Markup]:
        report = self.report
        yield self._section("short", "In short", self._brief(), *self._story())
        compared = report.compared
        changes = comparison.sentences(compared) if compared else []
        if compared and changes:
            yield self._section("compared", f"Since {comparison.since(compared)}", _items(changes))
        there = report.certificates.there()
        pictures = figures(report.pictures, there, self.level + 2, self.prefix) if report.pictures else []
        if pictures:
            yield self._section("pictures", "Pictures", element("div", *pictures, class_="pictures"))
        findings = [one for one in report.story.findings if one.topic is Topic.OPERATION]
        if findings:
            yield self._section("findings", "Findings", *self._findings(findings))
        yield from self._advice_only()
        yield from self._certificates()
        yield from self._to_send()
        yield from self._exposures()
        yield from self._rest()

    def _section(self, name: str, heading: str, *content: Content) -> Markup:
        label = f"{self.prefix}{name}"
        title = element(f"h{self.level + 1}", heading, id=label, class_="part")
        return element("section", title, join(content, BREAK), aria_labelledby=label)

    def _brief(self) -> Markup:
        head = summary.head(self.report)
        rows: List[Tuple[str, Content]] = [
            ("Target", self._target()),
            ("Cause", head.cause),
            ("Next", self._next(head)),
            ("Touches", head.touches),
        ]
        if self.report.changed:
            rows.append(("Changed", self.report.changed))
        if self.report.compared:
            rows.append(("Compared", comparison.headline(self.report.compared)))
        if self.report.advice_only:
            rows += [("Fixes", summary.ADVICE_ONLY), ("Each end", advice_only.generations(self.report))]
        return _list(rows, "brief")

    def _target(self) -> str:
        """What was scanned, as it was named."""
        ends = [self.report.host, *([self.report.master] if self.report.master else [])]
        return " with --master ".join(one.target or "this host" for one in ends)

    def _next(self, head: summary.Head) -> Content:
        following = commands.next_step(self.report)
        plan = [_command(head.plan), element("p", prose(head.after), class_="said")] if head.plan else []
        words = element("p", prose(following.words), class_="said") if following.words else None
        return join([*plan, words, *_boxes(following.typed)])

    def _story(self) -> Iterator[Markup]:
        """Every finding in the order of telling, what follows from another below it."""
        story = self.report.story
        if len(story.findings) < 2:
            return
        items = []
        for result, depth in zip(story.findings, story.depths):
            why = self._links(story.causes(result))
            items.append(
                element(
                    "li",
                    _badge(result),
                    " ",
                    self._to(result),
                    " ",
                    prose(f"on {summary.place(result, self.report)}: {result.title}"),
                    join([" (because of ", why, ")"]) if why else None,
                    class_=f"deep{min(depth, DEEPEST)}",
                )
            )
        yield element("p", f"What was found{', each below what explains it' if story.links else ''}:")
        yield element("ol", *items, class_="told")

    def _id(self, result: Result) -> str:
        return f"{self.prefix}finding-{summary.number(self.report, result)}"

    def _to(self, result: Result) -> Markup:
        number = summary.number(self.report, result)
        return element("a", prose(f"{number}. {result.check}"), href=f"#{self._id(result)}")

    def _links(self, others: Sequence[Tuple[Result, bool]]) -> Optional[Markup]:
        links = [join([None if sure else "perhaps ", self._to(other)]) for other, sure in others]
        return join(links, ", ") if links else None

    def _exposures(self) -> Iterator[Markup]:
        exposed, open_ = summary.exposed(self.report), self.report.undecided(Topic.EXPOSURE)
        if not exposed and not open_:
            return
        findings = [one for one in self.report.story.findings if one.topic is Topic.EXPOSURE]
        yield self._section(
            "exposures",
            summary.EXPOSURES + (f": {exposed}" if exposed else ""),
            element("p", summary.STOP_NO_PUSH, class_="soft"),
            *self._findings(findings),
            self._undecided(Topic.EXPOSURE) if open_ else None,
        )

    def _advice_only(self) -> Iterator[Markup]:
        found = list(advice_only.items(self.report))
        if found:
            rows: List[Tuple[str, Content]] = [(one.label, one.text) for one in found]
            yield self._section("advice", advice_only.TITLE, element("p", prose(advice_only.WHY)), _list(rows, "field"))

    def _to_send(self) -> Iterator[Markup]:
        """What would say more, each thing once: the commands of one host in one box."""
        boxes = [
            join([element("p", prose(f"On {place}, as root:"), class_="said"), _lines([one.command for one in wanted])])
            for place, wanted in sending.ends_of(self.report)
        ]
        if boxes:
            short = element("p", prose(sending.SHORT_FORM), class_="soft")
            yield self._section("sending", sending.SENDING, *boxes, short)

    def _certificates(self) -> Iterator[Markup]:
        found = self.report.certificates
        if found.there():
            whole = table(certificates_table.CAPTION, certificates_table.heads(found), certificates_table.rows(found))
            notes = certificates_table.notes(found)
            yield self._section(
                "certificates", certificates_table.heading(found), whole, _items(notes) if notes else None
            )

    def _findings(self, found: Sequence[Result]) -> Iterator[Markup]:
        """Those below medium are folded where there are worse ones: they are not why somebody looks here."""
        worse = [one for one in found if one.severity.rank >= Severity.MEDIUM.rank] or list(found)
        lesser = [self._finding(one) for one in found if all(one is not other for other in worse)]
        yield from map(self._finding, worse)
        if lesser:
            summary = element("summary", f"Below medium: {count(len(lesser), 'finding')}")
            yield element("details", summary, join(lesser, BREAK))

    def _finding(self, result: Result) -> Markup:
        story = self.report.story
        label = self._id(result)
        sure = f", {result.confidence.value}" if result.confidence else ""
        place = summary.place(result, self.report)
        heading = element(
            f"h{self.level + 2}",
            f"{summary.number(self.report, result)}. ",
            _badge(result),
            " ",
            prose(f"{result.check} on {place}{sure}"),
            id=label,
        )
        boxes = _boxes(commands.of_finding(self.report, result))
        same = summary.seen_before(self.report, result)
        rows: List[Tuple[str, Content]] = [
            ("Wrong", element("strong", prose(summary.wrong(result)))),
            ("Same", join(["as ", self._to(same), ", seen from here"]) if same else None),
            ("Because of", self._links(story.causes(result))),
            ("Explains", self._links(story.effects(result))),
            ("Breaks", result.impact),
            ("Cause", result.cause),
            ("Evidence", _quotes(result.evidence)),
            ("Against", _quotes(result.against)),
            ("Missing", summary.missing(result) if result.missing else None),
            ("Do", summary.cure(self.report, result) if result.cure else None),
            ("Next command", join(boxes) if boxes else None),
            ("Fix", summary.fix(self.report, result)),
            ("Read", summary.read(result)),
        ]
        if same:
            # it is one thing, told once
            rows = rows[:2]
        return element(
            "article", heading, _list(rows, "field"), class_=f"at-{result.severity.value}", aria_labelledby=label
        )

    def _rest(self) -> Iterator[Markup]:
        report = self.report
        open_ = report.undecided(Topic.OPERATION)
        passed, off = report.with_outcome(Outcome.PASS), report.with_outcome(Outcome.NOT_APPLICABLE)
        groups = (
            ("Could not be checked", self._undecided(Topic.OPERATION), len(open_), report.verdict == INCONCLUSIVE),
            ("Notes", _items(summary.notes(report)), len(summary.notes(report)), False),
            ("Passed", self._rows(passed), len(passed), False),
            ("Not applicable", self._rows(off), len(off), False),
            ("Ignored", _items(summary.ignored(report)), len(summary.ignored(report)), False),
        )
        parts = [
            element(
                "details",
                element("summary", f"{name}: {number}"),
                content,
                open=True if unfolded else None,
                class_="counted" if name in _COUNTED else None,
            )
            for name, content, number, unfolded in groups
            if number
        ]
        if parts:
            yield self._section("rest", "What else was looked at", *parts)

    def _undecided(self, topic: Topic) -> Markup:
        """What hangs on one missing thing in one row."""
        rows = []
        for one in undecided(self.report, topic):
            gravest = one.gravest
            message = why_undecided(gravest)
            if gravest.missing:
                message += f"; would be settled by: {', '.join(gravest.missing)}"
            place = summary.place(gravest, self.report)
            rows.append([gravest.outcome.value, gravest.severity.value, ", ".join(one.ids), place, message])
        return table("", ["Outcome", *_HEADS], rows, words=2)

    def _rows(self, results: Sequence[Result]) -> Markup:
        rows = [[one.severity.value, one.check, summary.place(one, self.report), one.message] for one in results]
        return table("", _HEADS, rows, words=2)


def _boxes(typed: Sequence[Typed]) -> List[Markup]:
    """A box a command, below the host it is for."""
    several = len(typed) > 1
    boxes = []
    for number, one in enumerate(typed, 1):
        place = f"{f'{number}. ' if several else ''}{one.place}:" if one.place else ""
        boxes.append(join([element("p", prose(place), class_="said") if place else None, _command(one.command)]))
    return boxes


def _command(words: str) -> Markup:
    return _lines([words])


def _lines(lines: Sequence[str]) -> Markup:
    # each word is a box, so that no line ends within an option
    boxed = [join([element("span", word) for word in line.split(" ")], " ") for line in lines]
    return element("pre", join(boxed, BREAK), class_="command")


def _badge(result: Result) -> Markup:
    return element("span", result.severity.value.upper(), class_=f"badge {result.severity.value}")


def _list(rows: Sequence[Tuple[str, Content]], kind: str) -> Markup:
    filled = [(name, content) for name, content in rows if content]
    pairs = [piece for name, content in filled for piece in (element("dt", name), element("dd", _shown(content)))]
    return element("dl", *pairs, class_=kind)


def _shown(content: Content) -> Content:
    return content if content is None or isinstance(content, Markup) else prose(content)


def _items(lines: Sequence[str]) -> Markup:
    return element("ul", *(element("li", prose(line)) for line in lines), class_="plain")


def _quotes(quotes: Sequence[Quote]) -> Optional[Markup]:
    """Lines of one source that follow each other in one block, each with its number."""
    groups: List[Tuple[str, List[Quote]]] = []
    for quote in quotes:
        if not groups or groups[-1][0] != quote.source:
            groups.append((quote.source, []))
        groups[-1][1].append(quote)
    blocks = []
    for source, found in groups:
        width = max(len(str(quote.line)) for quote in found if quote.line is not None) if _numbered(found) else 0
        lines = [_line(quote, width) for quote in found if quote.line is not None or quote.text]
        name = element("figcaption", element("code", source), f", {_which(found)}")
        shown = element("pre", join(lines, BREAK)) if lines else None
        blocks.append(element("figure", name, shown, class_="quote"))
    return join(blocks) if blocks else None


def _numbered(quotes: Sequence[Quote]) -> bool:
    return any(quote.line is not None for quote in quotes)


def _which(quotes: Sequence[Quote]) -> str:
    numbers = [str(quote.line) for quote in quotes if quote.line is not None]
    if not numbers:
        return "the whole of it"
    return f"line {numbers[0]}" if len(numbers) == 1 else f"{count(len(numbers), 'line')}"


def _line(quote: Quote, width: int) -> Markup:
    number = "" if quote.line is None else str(quote.line)
    shown = element("span", f"{number:>{width}}  ", class_="number") if width else None
    return join([shown, text(summary.quoted(quote), TEXT_LIMIT)])
