"""The report as one HTML file: it asks the network for nothing, runs no script, and fits a phone, paper and the dark."""

import base64
import hashlib
import pkgutil
from typing import TYPE_CHECKING, Iterator, Sequence

from nimdoctor import __version__
from nimdoctor.library.scanning import Report
from nimdoctor.model.wording import count
from nimdoctor.report import summary
from nimdoctor.report.html.host import HostSection
from nimdoctor.report.markup import BREAK, Markup, element, join, written

if TYPE_CHECKING:
    from nimdoctor.library.targets import Failure


def render(reports: Sequence[Report], failures: "Sequence[Failure]" = ()) -> str:
    """All reports in one document, in ASCII, and of which targets there is none."""
    style = (pkgutil.get_data("nimdoctor.report.html", "report.css") or b"").decode("ascii")
    title = _title(reports, len(failures))
    html = element("html", _head(title, style), BREAK, _body(reports, failures, title), lang="en")
    return f"<!DOCTYPE html>\n{html}\n"


def _head(title: str, style: str) -> Markup:
    # the style by its digest: one that came out of evidence would not be obeyed
    digest = base64.b64encode(hashlib.sha256(style.encode("ascii")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="robots", content="noindex"),
        element("title", f"{title} - nimdoctor"),
        element("style", written(style)),
    )


def _title(reports: Sequence[Report], unread: int) -> str:
    if len(reports) == 1 and not unread:
        return f"{reports[0].host.label}: {summary.headline(reports[0])}"
    return f"{count(len(reports), 'host')} scanned" + (f", no report of {unread} more" if unread else "")


def _body(reports: Sequence[Report], failures: "Sequence[Failure]", title: str) -> Markup:
    generated = max(report.generated for report in reports).strftime("%Y-%m-%d %H:%M:%S")
    alone = len(reports) == 1 and not failures
    return element(
        "body",
        element("a", "Skip to the findings" if alone else "Skip to the hosts", class_="skip", href="#main"),
        *(_one(reports[0]) if alone else _several(reports, failures, title)),
        element(
            "footer",
            element("p", f"nimdoctor {__version__}, {generated} UTC. This file loads nothing and runs no script."),
            *(element("p", f"Names: {names}.") for names in dict.fromkeys(map(summary.names, reports))),
        ),
    )  # fmt: skip


def _one(report: Report) -> Iterator[Markup]:
    part = HostSection(report, 1, "")
    yield element("header", part.title())
    yield element("main", join(part.sections(), BREAK), id="main", tabindex="-1")


def _several(reports: Sequence[Report], failures: "Sequence[Failure]", title: str) -> Iterator[Markup]:
    parts = [HostSection(report, 2, f"host{number}-") for number, report in enumerate(reports, 1)]
    links = [element("li", part.link()) for part in parts]
    links += [element("li", "No report: ", failure.message) for failure in failures]
    yield element("header", element("h1", title))
    yield element("nav", element("ul", *links, class_="plain"), aria_label="Hosts")
    sections = [
        element("section", part.title(), join(part.sections(), BREAK), aria_labelledby=f"{part.prefix}title")
        for part in parts
    ]
    yield element("main", join(sections, BREAK), id="main", tabindex="-1")
