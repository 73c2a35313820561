"""The picture of master and client, with the link that is broken."""

from typing import Dict, List, Optional, Tuple

from nimdoctor.diagnosis.pictures.links import (
    AT_RISK,
    BROKEN,
    NO_FAULT,
    NOT_SEEN,
    PERHAPS,
    UNDECIDED,
    HostLinks,
    Link,
)
from nimdoctor.model import Traffic
from nimdoctor.model.wording import count
from nimdoctor.report.html.drawing import WIDTH, box, circle, cross, drawing, line, shape, shorter, words
from nimdoctor.report.markup import Markup, join

HEADS = ("Link", "Ports", "State", "Said by")

_BOX, _TOP, _PITCH = 92, 36, 64
_KIND: Dict[str, str] = {
    BROKEN: "bad",
    PERHAPS: "bad",
    AT_RISK: "warn",
    UNDECIDED: "warn",
    NO_FAULT: "good",
    NOT_SEEN: "none",
}
_DASHES = {BROKEN: "", NO_FAULT: "", AT_RISK: "", PERHAPS: " dashed", UNDECIDED: " dashed", NOT_SEEN: " dotted"}


def rows(ends: HostLinks) -> List[Tuple[str, str, str, str]]:
    """The picture in words."""
    return [(one.title, ", ".join(one.ports), one.state, ", ".join(one.checks)) for one in ends.links]


def draw(ends: HostLinks, label: str) -> Markup:
    """The master on the left, its client on the right, three arrows between them."""
    height = _TOP + _PITCH * len(ends.links)
    description = "; ".join(
        f"{one.name} ({', '.join(one.ports)}): {one.state}{', ' + ', '.join(one.checks) if one.checks else ''}"
        for one in ends.links
    )
    broken = [one.name for one in ends.links if one.state == BROKEN]
    title = f"Master {ends.master or ''} and {_client(ends)}: "
    title += f"broken: {', '.join(broken)}" if broken else "no link is known to be broken"
    parts = [
        _end(0.75, height, "NIM master", ends.master, ends.master_level),
        _end(
            WIDTH - _BOX - 0.75,
            height,
            "NIM client",
            ends.client or (_many(ends) if ends.clients else None),
            ends.client_level,
        ),
        *(_arrow(one, _TOP + _PITCH * number) for number, one in enumerate(ends.links)),
    ]
    return drawing(label, title, description, height, parts)


def _client(ends: HostLinks) -> str:
    return f"client {ends.client}" if ends.client else f"its {_many(ends)}"


def _many(ends: HostLinks) -> str:
    return count(ends.clients, "client") if ends.clients else "clients"


def _end(x: float, height: float, role: str, name: Optional[str], level: Optional[str]) -> Markup:
    middle = x + _BOX / 2
    shown = shorter(name, _BOX - 8, 12) if name else "not named"
    lines = [
        words(middle, 22, role, "fine", "middle"),
        words(middle, 41, shown, "strong", "middle"),
        words(middle, 58, f"AIX {level[:7]}" if level else "", "fine", "middle") if level else None,
    ]
    return join([box(x, 1, _BOX, height - 2, "box", 6), *lines])


def _arrow(link: Link, y: float) -> Markup:
    start, end = _BOX + 6.0, WIDTH - _BOX - 6.0
    kind, dashes = _KIND[link.state], _DASHES[link.state]
    middle = (start + end) / 2
    tip, back = (end, end - 8) if link.name == Traffic.PUSH else (start, start + 8)
    ports = shorter(f"{link.name} {', '.join(port.split('/')[0] for port in link.ports)}", end - start)
    labels = [words(middle, y - 10, ports, "strong", "middle")]
    more = f" +{len(link.checks) - 1}" if len(link.checks) > 1 else ""
    labels.append(words(middle, y + 18, link.state, kind, "middle"))
    if link.checks:
        labels.append(
            words(middle, y + 31, shorter(link.checks[0], end - start - 7 * len(more)) + more, kind, "middle")
        )
    arrow = [
        line(min(start, back), y, middle - 9, y, f"stroke {kind}{dashes}"),
        line(middle + 9, y, max(end, back), y, f"stroke {kind}{dashes}"),
        shape([(tip, y), (back, y - 5), (back, y + 5)], f"fill {kind}"),
        _sign(link.state, middle, y, kind),
    ]
    return join([*arrow, *labels])


def _sign(state: str, x: float, y: float, kind: str) -> Markup:
    """The state by form too, so that nobody needs to tell red from green."""
    if state == BROKEN:
        return cross(x, y, 6, f"stroke thick {kind}")
    if state == NO_FAULT:
        return join(
            [line(x - 5, y, x - 1, y + 4, f"stroke {kind}"), line(x - 1, y + 4, x + 6, y - 5, f"stroke {kind}")]
        )
    symbol = "!" if state == AT_RISK else "?" if state != NOT_SEEN else "-"
    return join([circle(x, y, 7, f"hollow {kind}"), words(x, y + 4, symbol, f"strong {kind}", "middle")])
