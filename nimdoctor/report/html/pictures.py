"""The pictures of a scan, each with its heading and with a table that says the same."""

from typing import Iterator, List, NamedTuple, Sequence, Tuple

from nimdoctor.diagnosis.held_certificates import HostCertificates
from nimdoctor.diagnosis.pictures import Pictures
from nimdoctor.report.html import ends, timeline, validity
from nimdoctor.report.html.table import table
from nimdoctor.report.markup import Content, Markup, element


class Figure(NamedTuple):
    """A picture and the table in its place."""

    heading: str
    svg: Markup
    caption: str
    heads: Tuple[str, ...]
    rows: Sequence[Sequence[str]]
    below: Content = None
    on_paper: bool = True


def figures(pictures: Pictures, hosts: Sequence[HostCertificates], level: int, prefix: str) -> List[Markup]:
    """Every picture there is something for."""
    drawn = enumerate(_drawn(pictures, hosts, prefix), 1)
    return [_figure(one, level, f"{prefix}picture-{number}") for number, one in drawn]


def _drawn(pictures: Pictures, hosts: Sequence[HostCertificates], prefix: str) -> Iterator[Figure]:
    label = f"{prefix}ends"
    yield Figure(
        "Master and client", ends.draw(pictures.ends, label), "The links between the two ends", ends.HEADS,
        ends.rows(pictures.ends),
    )  # fmt: skip
    for number, one in enumerate(pictures.timelines, 1):
        yield Figure(
            f"Sessions of nimsh on {one.host}",
            timeline.draw(one, f"{prefix}timeline-{number}"),
            f"Sessions in {one.source}, the newest first, and what changed on the hosts",
            timeline.HEADS,
            timeline.rows(one),
            timeline.below(one),
        )
    if hosts:
        yield Figure(
            "How long certificates hold",
            validity.draw(hosts, f"{prefix}validity"),
            "Certificates and their validity",
            validity.HEADS,
            validity.rows(hosts),
            # the table of certificates says the same there
            on_paper=False,
        )


def _figure(one: Figure, level: int, label: str) -> Markup:
    other = element("details", element("summary", "The same as a table"), table(one.caption, one.heads, one.rows))
    heading = element(f"h{level}", one.heading, id=label)
    kind = "picture" if one.on_paper else "picture only-screen"
    return element("figure", heading, one.svg, one.below, other, class_=kind, aria_labelledby=label)
