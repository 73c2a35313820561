"""The parts that the pictures are drawn with: SVG elements in a coordinate system of 360 units of width.

So narrow that its letters can be read on a phone; on a desk the picture grows with its letters.
"""

from typing import Sequence

from nimdoctor.report.markup import Content, Markup, element, join
from nimdoctor.report.text_report import printable

WIDTH = 360


def shorter(words: str, room: float, size: float = 12) -> str:
    """The words cut to a room in units; letters are taken for 0.56 of their size wide."""
    letters = max(4, int(room / (size * 0.56)))
    shown = printable(words)
    return shown if len(shown) <= letters else shown[: letters - 2] + ".."


def drawing(label: str, title: str, describes: str, height: float, parts: Sequence[Content]) -> Markup:
    """A whole picture. A screen reader is told its title and description, and none of its parts."""
    return element(
        "svg",
        element("title", title, id=f"{label}-title"),
        element("desc", describes, id=f"{label}-desc"),
        *parts,
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby=f"{label}-title {label}-desc",
    )


def words(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> Markup:
    """A line of text; its y is the base line."""
    return element(
        "text", text, x=f"{x:g}", y=f"{y:g}", class_=kind or None, text_anchor=anchor if anchor != "start" else None
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return element("line", x1=f"{x1:g}", y1=f"{y1:g}", x2=f"{x2:g}", y2=f"{y2:g}", class_=kind)


def box(x: float, y: float, width: float, height: float, kind: str, round_: float = 0) -> Markup:
    return element(
        "rect",
        x=f"{x:g}",
        y=f"{y:g}",
        width=f"{max(width, 0):g}",
        height=f"{height:g}",
        rx=f"{round_:g}" if round_ else None,
        class_=kind,
    )


def circle(x: float, y: float, radius: float, kind: str) -> Markup:
    return element("circle", cx=f"{x:g}", cy=f"{y:g}", r=f"{radius:g}", class_=kind)


def cross(x: float, y: float, arm: float, kind: str) -> Markup:
    return join([line(x - arm, y - arm, x + arm, y + arm, kind), line(x - arm, y + arm, x + arm, y - arm, kind)])


def shape(points: Sequence["tuple[float, float]"], kind: str) -> Markup:
    return element("polygon", points=" ".join(f"{x:g},{y:g}" for x, y in points), class_=kind)
