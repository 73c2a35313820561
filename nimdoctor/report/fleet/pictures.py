"""The pictures of the overview: each says in sight what a table beside it says in numbers."""

from typing import List, NamedTuple, Sequence, Tuple

from markupsafe import Markup as Safe

from nimdoctor.report.fleet.shares import HEALTHY, INCONCLUSIVE, PROBLEMS, Share
from nimdoctor.report.html.drawing import WIDTH, box, drawing, line, words
from nimdoctor.report.markup import Content

KINDS = {PROBLEMS: "bad", INCONCLUSIVE: "warn", HEALTHY: "good gone"}
"""Problems are told from healthy by how dark they are, too."""
_HEIGHT, _TOP = 90.0, 16.0


class Column(NamedTuple):
    """A bar: its name, and from its foot to its top how many hosts of which kind (good, warn, bad, none)."""

    name: str
    parts: Sequence[Tuple[int, str]]

    @property
    def hosts(self) -> int:
        return sum(number for number, _ in self.parts)


def by_verdict(shares: Sequence[Share]) -> List[Column]:
    """Bars whose parts are the verdicts, problems at their foot."""
    return [Column(one.name, [(number, KINDS[name]) for name, number in one.verdicts.items()]) for one in shares]


def bars(label: str, title: str, columns: Sequence[Column]) -> Safe:
    """Bars side by side, the number of hosts on the highest, and on each where there is room for it."""
    most = max((one.hosts for one in columns), default=0) or 1
    pitch = WIDTH / max(len(columns), 1)
    width = min(pitch * 0.8, 40.0)
    bottom = _TOP + _HEIGHT
    parts: List[Content] = []
    for number, column in enumerate(columns):
        left, top = pitch * number + (pitch - width) / 2, bottom
        for hosts, kind in column.parts:
            # one host is seen, however many others there are
            height = max(hosts / most * _HEIGHT, 1.5) if hosts else 0.0
            top -= height
            if hosts:
                parts.append(box(left, top, width, height, f"fill {kind}"))
        if column.hosts == most or (column.hosts and len(f"{column.hosts:,}") * 6.9 <= pitch):
            anchor = "start" if left < WIDTH / 8 else "end" if left > WIDTH * 7 / 8 else "middle"
            x = {"start": left, "end": left + width}.get(anchor, left + width / 2)
            parts.append(words(x, top - 3, f"{column.hosts:,}", "fine", anchor))
    parts.append(line(0, bottom, WIDTH, bottom, "rule"))
    if columns:
        parts.append(words(0, bottom + 13, columns[0].name, "fine"))
    if len(columns) > 1:
        parts.append(words(WIDTH, bottom + 13, columns[-1].name, "fine", "end"))
    describes = "; ".join(f"{one.name}: {one.hosts:,}" for one in columns if one.hosts)
    return Safe(drawing(label, title, describes, bottom + 18, parts))


def strip(label: str, title: str, parts: Sequence[Tuple[str, int, str]]) -> Safe:
    """One bar from left to right, of parts with a name, a number and a kind."""
    whole = sum(number for _, number, _ in parts) or 1
    left, drawn = 0.0, []
    for _, number, kind in parts:
        width = number / whole * WIDTH
        drawn.append(box(left, 0, max(width, 1.5) if number else 0, 14, f"fill {kind}"))
        left += width
    describes = ", ".join(f"{name} {number:,}" for name, number, _ in parts)
    return Safe(drawing(label, title, describes, 14, drawn))
