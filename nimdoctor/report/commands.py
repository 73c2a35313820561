"""The commands of a report one by one, each as it is typed and with the host it is for: to be copied, not to be read."""

from typing import List, NamedTuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model.wording import named
from nimdoctor.report import summary
from nimdoctor.report.scan_report import INCONCLUSIVE, Report


class Typed(NamedTuple):
    """A command, and where it is typed: `on the master nim1`; empty is the host that nimdoctor runs on."""

    place: str
    command: str


class NextStep(NamedTuple):
    """What to do next: commands in order, and the words that stand for them or beside them."""

    typed: List[Typed]
    words: str


def next_step(report: Report) -> NextStep:
    """What the first lines say is next."""
    words, first = summary.head(report).next, summary.to_begin_with(report)
    every = of_finding(report, first) if first and report.verdict != INCONCLUSIVE else []
    if first and every:
        way = report.way(first)
        return NextStep(every, way.words if way and not way.refused else words if way else "")
    command, where = summary.next_command(report)
    if not command or command not in words:
        return NextStep([], words)
    typed = Typed(f"on {summary.end(report, where)}" if where else "", command)
    alone = words == command or (words.startswith("on ") and words.endswith(f": {command}"))
    return NextStep([typed], "" if alone else words)


def of_finding(report: Report, result: Result) -> List[Typed]:
    """What to type about a finding, in order: the steps of its plan, else what comes next."""
    way = report.way(result)
    if way is None or not result.fix:
        return [Typed(f"on {summary.place(result, report)}", result.run)] if result.run else []
    if way.steps:
        place, _, followed = way.follow.partition(": ")
        steps = [Typed(*one) for one in summary.steps(report, result)]
        return [*steps, *([Typed(place, followed)] if followed else [])]
    if not way.run:
        return []
    others = f"{'each of ' if len(way.clients) > 1 else ''}{named(list(way.clients))}"
    place = others if way.clients else summary.end(report, way.where) if way.where else ""
    return [Typed(f"on {place}" if place else "", way.run)]
