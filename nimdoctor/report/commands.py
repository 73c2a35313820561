"""The commands of a report one by one, each as it is typed and with the host it is for: to be copied, not to be read."""

from typing import List, NamedTuple, Optional

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Role
from nimdoctor.model.wording import named
from nimdoctor.report import summary
from nimdoctor.report.scan_report import Report


class Typed(NamedTuple):
    """A command, and where it is typed, in words; an empty `place` is the host that nimdoctor runs on."""

    place: str
    command: str


def of_finding(report: Report, result: Result) -> List[Typed]:
    """What to type about a finding, in order: the steps of its plan, else what comes next."""
    way = report.way(result)
    if way is None or not result.fix:
        return [Typed(summary.place(result, report), result.run)] if result.run else []
    if way.steps:
        place, _, followed = way.follow.partition(": ")
        follow = [Typed(place[len("on ") :], followed)] if followed else []
        return [*(Typed(end(report, where), line) for where, line in way.steps), *follow]
    if not way.run:
        return []
    others = f"{'each of ' if len(way.clients) > 1 else ''}{named(list(way.clients))}"
    return [Typed(others if way.clients else end(report, way.where), way.run)]


def of_report(report: Report) -> List[Typed]:
    """What to type next."""
    if report.root() and report.first:
        return of_finding(report, report.first)
    following = summary.next_command(report)
    return [Typed(end(report, following.where), following.command)] if following.command else []


def end(report: Report, where: Optional[Role]) -> str:
    """The host that is that end, by its name where it was scanned."""
    if where is None:
        return ""
    if where is Role.MASTER and report.master:
        return f"{report.master.label} (master)"
    if where.value in report.host.role.split(",") or report.host.role == "unknown":
        return f"{report.host.label} ({where.value})"
    return f"the {where.value}"
