"""The report as Markdown, to paste into a case or an issue.

Evidence stands in fences longer than any run of backticks in it. In running text a word that Markdown, HTML or a
forge could take for more (a path with underscores, `<b>`, `@name`, an address) stands as code, so that it is
shown as it is; in a table a `|` is shown as an escape, since no quoting of it is the same everywhere.
"""

import re
from typing import TYPE_CHECKING, Iterator, List, Sequence, Tuple

from nimdoctor import __version__
from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Outcome, Quote, Topic
from nimdoctor.model.wording import count
from nimdoctor.report import advice_only, certificates_table, commands, comparison, sending, summary
from nimdoctor.report.cells import cell
from nimdoctor.report.json_report import TEXT_LIMIT
from nimdoctor.report.layout import printable
from nimdoctor.report.scan_report import Report
from nimdoctor.report.undecided import undecided, why_undecided

if TYPE_CHECKING:
    from nimdoctor.report.scan_report import Failure

CELL_WIDTH = 300
_MEANS_MORE = re.compile(r"[\\`*_\[\]{}<>&#@!|~^$]|://|www\.|^[-+=](?=.)", re.IGNORECASE)
_QUOTED = re.compile(r"((?<!\S)`[^`]+`(?=[,.;:)]?(?:\s|$)))")
"""A command that a message quotes as Markdown does already."""
_ENDS = ",.;:?)'\""


def render(reports: Sequence[Report], failures: "Sequence[Failure]" = ()) -> str:
    """All reports in one text, a rule between them; what could not be scanned comes last."""
    unread = [["# No report", "", *(_item(failure.message) for failure in failures)]] if failures else []
    return "\n---\n\n".join("\n".join(lines) + "\n" for lines in (*map(_lines, reports), *unread))


def prose(words: str, limit: int = 0) -> str:
    """Running text in which nothing of the words means more than it says.

    >>> prose("two of `a_b`, <i> and #3")
    'two of `a_b`, `<i>` and `#3`'
    """
    return "".join(map(_piece, _QUOTED.split(printable(words, limit))))


def _item(words: str) -> str:
    """A point of a list; with blanks before it, it would be code."""
    return f"- {prose(words).strip()}"


def code(words: str) -> str:
    """A code span, whatever it holds."""
    ticks = "`" * (1 + _longest_run(words))
    pad = " " if words.startswith("`") or words.endswith("`") or not words.strip() else ""
    return f"{ticks}{pad}{words}{pad}{ticks}" if words else ""


def _piece(piece: str) -> str:
    return piece if _QUOTED.fullmatch(piece) else " ".join(_word(word) for word in piece.split(" "))


def _word(word: str) -> str:
    if not _MEANS_MORE.search(word):
        return word
    bare = word.rstrip(_ENDS)
    return code(bare) + word[len(bare) :]


def _longest_run(words: str) -> int:
    return max(map(len, re.findall("`+", words)), default=0)


def _in_cell(words: str) -> str:
    return prose(cell(words.replace("|", "\\x7c")), CELL_WIDTH)


def _fence(lines: Sequence[str], kind: str = "text") -> Iterator[str]:
    """Lines as they are; of a command, which is of kind `sh`, nothing is cut off."""
    shown = [printable(line, 0 if kind == "sh" else TEXT_LIMIT) for line in lines]
    ticks = "`" * max(3, 1 + max(map(_longest_run, shown), default=0))
    yield from ("", f"{ticks}{kind}", *shown, ticks)


def _lines(report: Report) -> Iterator[str]:
    head = summary.head(report)
    yield f"# {summary.verdict(report)}: {prose(report.host.label)}"
    yield ""
    found = summary.found(report)
    if found:
        yield f"- **Found:** {prose(found)}"
    yield f"- **Host:** {prose(summary.hosts(report))}"
    yield f"- **Cause:** {prose(head.cause)}"
    yield f"- **Touches:** {prose(head.touches)}"
    if report.changed:
        yield f"- **Changed:** {prose(report.changed)}"
    if report.compared:
        yield f"- **Compared:** {prose(comparison.headline(report.compared))}"
    if report.advice_only:
        yield f"- **Fixes:** {prose(summary.ADVICE_ONLY)}"
        generations = advice_only.generations(report)
        yield from [f"- **Each end:** {prose(generations)}"] if generations else ()
    yield f"- **Scanned:** {report.generated.strftime('%Y-%m-%d %H:%M:%S')} UTC by nimdoctor {__version__}"
    yield f"- **Names:** {prose(summary.names(report))}"
    yield from _next(report, head)
    yield from _comparison(report)
    yield from _findings(report, Topic.OPERATION)
    yield from _advice_only(report)
    yield from _certificates(report)
    yield from _exposures(report)
    yield from _undecided(report)
    yield from _to_send(report)
    for title, lines in (("Notes", summary.notes(report)), ("Ignored", summary.ignored(report))):
        if lines:
            yield from ("", f"## {title}", "", *(_item(line) for line in lines))
    yield from _table(report)


def _comparison(report: Report) -> Iterator[str]:
    found = report.compared
    lines = comparison.sentences(found) if found else []
    if found and lines:
        yield from ("", f"## Since {comparison.since(found)}", "", *(_item(line) for line in lines))


def _advice_only(report: Report) -> Iterator[str]:
    found = list(advice_only.items(report))
    if found:
        yield from ("", f"## {advice_only.TITLE}", "", prose(advice_only.WHY), "")
        yield from (f"- **{one.label}:** {prose(one.text)}" for one in found)


def _certificates(report: Report) -> Iterator[str]:
    found = report.certificates
    if not found.there():
        return
    yield from ("", f"## {prose(certificates_table.heading(found))}", "")
    yield from _rows(certificates_table.heads(found), certificates_table.rows(found))
    notes = certificates_table.notes(found)
    yield from ("", *(_item(note) for note in notes)) if notes else ()


def _findings(report: Report, topic: Topic) -> Iterator[str]:
    for result in report.story.findings:
        if result.topic is topic:
            yield from _finding(report, result)


def _exposures(report: Report) -> Iterator[str]:
    exposed, open_ = summary.exposed(report), report.undecided(Topic.EXPOSURE)
    if exposed or open_:
        yield from (
            "",
            f"## {summary.EXPOSURES}{': ' if exposed else ''}{prose(exposed)}",
            "",
            prose(summary.STOP_NO_PUSH),
        )
        yield from _findings(report, Topic.EXPOSURE)
        yield from ("", *_open(report, Topic.EXPOSURE)) if open_ else ()


def _finding(report: Report, result: Result) -> Iterator[str]:
    sure = f", {result.confidence.value}" if result.confidence else ""
    place = prose(summary.place(result, report))
    number = summary.number(report, result)
    level = "##" if result.topic is Topic.OPERATION else "###"
    yield from ("", f"{level} {number}. {result.severity.value.upper()} {prose(result.check)} on {place}{sure}", "")
    same = summary.seen_before(report, result)
    if same:
        yield f"**Same:** as {summary.number(report, same)}, seen from here"
        return
    yield f"**Wrong:** {prose(summary.wrong(result))}"
    for name, others in (
        ("Because of", report.story.causes(result)),
        ("Explains", report.story.effects(result)),
    ):
        words = [
            f"{'' if certain else 'perhaps '}{summary.number(report, other)}. {other.check}"
            for other, certain in others
        ]
        yield from _field(name, ", ".join(words))
    yield from _field("Breaks", result.impact or "")
    yield from _field("Cause", result.cause or "")
    for name, quotes in (("Evidence", result.evidence), ("Against", result.against)):
        yield from _quotes(name, quotes)
    yield from _field("Missing", summary.missing(result) if result.missing else "")
    yield from _field("Do", summary.cure(report, result) if result.cure else "")
    yield from _field("Fix", summary.fix(report, result) or "")
    typed = commands.of_finding(report, result)
    if typed:
        yield from ("", "**Next command:**")
        yield from _typed(typed)
    yield from _field("Read", summary.read(result))


def _next(report: Report, head: summary.Head) -> Iterator[str]:
    following = commands.next_step(report)
    if head.plan:
        yield f"- **Next:** this {prose(head.after)}"
        yield from _fence([head.plan], "sh")
        yield from ("", prose(following.words)) if following.words else ()
    else:
        yield f"- **Next:** {prose(following.words) or 'this'}"
    yield from _typed(following.typed)


def _typed(typed: Sequence[commands.Typed]) -> Iterator[str]:
    """Each command in a fence of its own, below the host it is for, so that it is copied as it runs."""
    for number, one in enumerate(typed, 1):
        if one.place:
            yield from ("", f"{f'{number}) ' if len(typed) > 1 else ''}{prose(one.place)}:")
        yield from _fence([one.command], "sh")


def _field(name: str, words: str) -> Iterator[str]:
    if words:
        yield from ("", f"**{name}:** {prose(words)}")


def _quotes(name: str, quotes: Sequence[Quote]) -> Iterator[str]:
    """The lines of one source after each other in one fence, with their numbers."""
    if not quotes:
        return
    groups: List[Tuple[str, List[Quote]]] = []
    for quote in quotes:
        if not groups or groups[-1][0] != quote.source:
            groups.append((quote.source, []))
        groups[-1][1].append(quote)
    for source, found in groups:
        yield from ("", f"**{name}:** {code(printable(source)) or 'no source'}")
        yield from _fence([_numbered(quote) for quote in found])


def _numbered(quote: Quote) -> str:
    return summary.quoted(quote) if quote.line is None else f"{quote.line:>6}: {summary.quoted(quote)}"


def _undecided(report: Report) -> Iterator[str]:
    open_ = list(_open(report, Topic.OPERATION))
    if open_:
        checks = count(len(report.undecided(Topic.OPERATION)), "check")
        yield from ("", f"## Could not be checked: {checks}", "", *open_)


def _open(report: Report, topic: Topic) -> Iterator[str]:
    """What hangs on one missing thing is told once."""
    for one in undecided(report, topic):
        gravest = one.gravest
        place = summary.place(gravest, report)
        words = f"{gravest.severity.value} {', '.join(one.ids)} on {place}: {why_undecided(gravest)}"
        yield _item(words)
        if gravest.missing:
            yield f"  - would be settled by: {prose(', '.join(gravest.missing))}"


def _to_send(report: Report) -> Iterator[str]:
    ends = sending.ends_of(report)
    if ends:
        yield from ("", f"## {sending.SENDING}")
    for place, wanted in ends:
        yield from ("", f"On {prose(place)}, as root:")
        yield from _fence([one.command for one in wanted], "sh")
    if ends:
        yield from ("", prose(sending.SHORT_FORM))


def _table(report: Report) -> Iterator[str]:
    yield from ("", "## What was asked", "")
    told = (Outcome.PASS, Outcome.NOT_APPLICABLE)
    rows = [
        (
            result.outcome.value,
            result.severity.value,
            result.check,
            result.host or f"the {result.where.value}",
            result.message,
        )
        for result in report.results
        if result.outcome not in told
    ]
    if rows:
        yield from _rows(("Outcome", "Severity", "Check", "Where", "What was seen"), rows)
        yield ""
    for outcome, name in zip(told, ("passed", "not applicable")):
        found = report.with_outcome(outcome)
        ids = dict.fromkeys(one.check for one in found)
        yield from [f"- {len(found)} {name}: {prose(', '.join(ids))}"] if found else ()


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_in_cell, heads))} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(map(_in_cell, row))} |" for row in rows)
