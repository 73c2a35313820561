"""The picture of nimsh's sessions: one lane an outcome, and the newest TLS session marked where it is a bad one."""

from datetime import datetime, timedelta
from typing import Dict, List, NamedTuple, Optional, Tuple

from nimdoctor.diagnosis.pictures.sessions import ENDS, Mark, Timeline
from nimdoctor.model.wording import count
from nimdoctor.report.html.drawing import WIDTH, circle, cross, drawing, line, shape, words
from nimdoctor.report.markup import Content, Markup, element, join

HEADS = ("When (the host's local time)", "What", "Line")

LISTED = 40
"""Sessions that the table names; the rest is counted."""
_LEFT, _LANE, _TOP = 150, 25, 26
_RIGHT = WIDTH - 10
_COLUMN = 6
_KIND = {"hung": "bad", "object-error": "bad", "refused": "warn", "stopped-early": "warn", "went-on": "good"}


class _Point(NamedTuple):
    """Sessions of one lane that fall on one place."""

    x: float
    mark: Mark
    number: int


def rows(found: Timeline) -> List[Tuple[str, str, str]]:
    """The newest sessions, and what changed on the hosts, the newest first; then the rest as counts."""
    newest = found.marks[-LISTED:]
    listed = [(one.when, ENDS[one.end], _number(one)) for one in newest]
    listed += [(when, text, "") for when, text in found.events]
    if found.read:
        listed.append((found.read, "the evidence was taken", ""))
    undated = [(str(when or "no date"), text, number) for when, text, number in listed if when is None][::-1]
    dated = sorted((one for one in listed if one[0] is not None), key=lambda one: str(one[0]), reverse=True)
    rows = [(str(when), text, number) for when, text, number in dated] + undated
    rest = dict(found.counts())
    for one in newest:
        rest[one.end] -= 1
    counted = [
        ("before", f"{count(number, 'session')} more: {ENDS[end]}", "") for end, number in rest.items() if number
    ]
    return (
        rows
        + counted
        + ([] if found.all_counted else [("before", "more that were not counted: the log is too large", "")])
    )


def draw(found: Timeline, label: str) -> Markup:
    """Lanes from the worst outcome down, time from left to right."""
    scale = _Scale(found)
    lanes = [end for end, _ in found.counts()]
    bottom = _TOP + _LANE * len(lanes)
    parts: List[Content] = []
    for number, (end, many) in enumerate(found.counts()):
        y = _TOP + _LANE * number + _LANE / 2
        parts += [
            words(0, y + 4, ENDS[end], _KIND.get(end, "")),
            words(_LEFT - 8, y + 4, str(many), "fine", "end"),
            line(_LEFT, y, _RIGHT, y, "rule"),
        ]
    last = 0.0
    for letter, when, _ in _shown(found, scale):
        x = scale.x(when)
        last = max(x, last + 9)
        parts += [line(x, _TOP - 8, x, bottom, "event"), words(last, _TOP - 12, letter, "fine strong", "middle")]
    if scale.now is not None:
        x = scale.x(scale.now)
        parts.append(line(x, _TOP - 4, x, bottom, "now"))
    for point in _points(found, scale):
        y = _TOP + _LANE * lanes.index(point.mark.end) + _LANE / 2
        parts.append(_sign(point, y))
    parts.append(_marked(found, scale, lanes))
    parts += [
        line(_LEFT, bottom, _RIGHT, bottom, "rule"),
        words(_LEFT, bottom + 14, scale.first, "fine"),
        words(_RIGHT, bottom + 14, scale.last, "fine", "end"),
    ]
    description = ", ".join(f"{many} {ENDS[end]}" for end, many in found.counts())
    return drawing(label, f"Sessions of nimsh on {found.host}: {_verdict(found)}", description, bottom + 18, parts)


def below(found: Timeline) -> Optional[Markup]:
    """What the letters in the picture stand for."""
    scale = _Scale(found)
    items = [element("li", f"{letter}: {when}: {what}") for letter, when, what in _shown(found, scale)]
    return element("ul", *items, class_="bare soft") if items else None


def _verdict(found: Timeline) -> str:
    if not found.verdict:
        return "none of them loaded certificates"
    when = f" at {found.verdict.when}" if found.verdict.when else ""
    return f"the newest that loaded certificates{when}: {ENDS[found.verdict.end]}"


def _shown(found: Timeline, scale: "_Scale") -> List[Tuple[str, datetime, str]]:
    """The changes that fall into the picture's time, with a letter each."""
    inside = [(when, text) for when, text in found.events if scale.dated and scale.low <= when <= scale.high]
    return [(chr(ord("A") + n), when, text) for n, (when, text) in enumerate(inside[-26:])]


def _number(mark: Mark) -> str:
    return "" if mark.line is None else str(mark.line)


def _points(found: Timeline, scale: "_Scale") -> List[_Point]:
    """The sessions by where they fall; many that fall on one place are one point."""
    points: Dict[Tuple[str, int], _Point] = {}
    for position, mark in enumerate(found.marks):
        x = scale.place(position, mark)
        if x is not None:
            key = (mark.end, int(x // _COLUMN))
            before = points.get(key)
            points[key] = _Point(x, mark, before.number + 1 if before else 1)
    return list(points.values())


def _sign(point: _Point, y: float) -> Markup:
    """An outcome by form as well as by colour; more sessions make it larger."""
    x, end = point.x, point.mark.end
    kind = _KIND.get(end, "none")
    size = 4.0 + min(3.0, (point.number - 1) / 4)
    if end in ("hung", "object-error"):
        return cross(x, y, size + 0.5, f"stroke thick {kind}")
    if end in ("refused", "stopped-early"):
        return shape([(x, y - size - 1), (x + size + 1, y + size), (x - size - 1, y + size)], f"fill {kind}")
    if end == "went-on":
        return circle(x, y, size, f"fill {kind}")
    if end == "plain":
        return circle(x, y, size, f"hollow {kind}")
    if end == "service":
        return line(x, y - 6, x, y + 6, f"stroke {kind}")
    return circle(x, y, size - 1.5, f"fill {kind}")


def _marked(found: Timeline, scale: "_Scale", lanes: List[str]) -> Optional[Markup]:
    mark = found.verdict
    if not mark or mark.end not in ("hung", "object-error"):
        return None
    position = next(n for n, one in enumerate(found.marks) if one is mark)
    x = scale.place(position, mark)
    if x is None:
        return None
    y = _TOP + _LANE * lanes.index(mark.end) + _LANE / 2
    label = f"line {mark.line}" if mark.line is not None else "here"
    left = x > (_LEFT + _RIGHT) / 2
    return join(
        [
            circle(x, y, 10, "ring bad"),
            words(x - 14 if left else x + 14, y + 4, label, "bad strong halo", "end" if left else "start"),
        ]
    )


class _Scale:
    """Time to units; where fewer than two sessions are dated, their order in the log."""

    def __init__(self, found: Timeline) -> None:
        times = [mark.when for mark in found.marks if mark.when]
        self.dated = len(times) > 1 or (len(times) == 1 and len(found.marks) == 1)
        self.number = len(found.marks)
        self.now: Optional[datetime] = None
        if not self.dated:
            self.first, self.last = "the oldest", "the newest"
            return
        self.now = found.read if found.read and found.read >= max(times) else None
        reach = [*times, *([self.now] if self.now else [])]
        self.low, self.high = min(reach), max(reach)
        # a change shortly before the first session belongs into the picture
        slack = max(timedelta(minutes=10), (self.high - self.low) / 12)
        earlier = [when for when, _ in found.events if timedelta() < self.low - when <= slack]
        self.low = min([self.low, *earlier])
        if self.high - self.low < timedelta(minutes=10):
            self.low -= timedelta(minutes=10)
        form = "%Y-%m-%d %H:%M" if self.high - self.low < timedelta(days=3) else "%Y-%m-%d"
        self.first, self.last = f"{self.low:{form}}", f"{'now ' if self.now else ''}{self.high:{form}}"

    def x(self, when: datetime) -> float:
        share = (when - self.low) / (self.high - self.low)
        return round(_LEFT + 6 + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT - 12), 1)

    def place(self, position: int, mark: Mark) -> Optional[float]:
        """Where a session is drawn; None for one without a date among dated ones."""
        if not self.dated:
            return round(_LEFT + 6 + (position + 0.5) / self.number * (_RIGHT - _LEFT - 12), 1)
        return self.x(mark.when) if mark.when else None
