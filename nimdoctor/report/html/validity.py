"""The picture of certificates: bars of their validity, and the host's own clock through them."""

from typing import List, Sequence, Tuple

from nimdoctor.diagnosis.held_certificates import DAY, HOLDS, NOT_YET, RUN_OUT, Holding, HostCertificates
from nimdoctor.model.wording import as_utc
from nimdoctor.report.certificates_table import state
from nimdoctor.report.html.drawing import WIDTH, box, drawing, line, shorter, words
from nimdoctor.report.markup import Markup

HEADS = ("Host", "File", "Subject", "From", "Until", "State", "The host's now")

BARS = 8
"""Certificates of one host that are drawn; the table has all."""
_LONGEST = 40 * 365 * DAY
"""What is drawn of a validity at most, on either side of the clock."""
_KIND = {HOLDS: "good", RUN_OUT: "bad", NOT_YET: "warn"}
_SOON = 30


def rows(found: Sequence[HostCertificates]) -> List[Tuple[str, ...]]:
    """The picture in words, every certificate."""
    return [
        (
            f"{one.host} ({one.role})",
            held.path,
            held.x509.subject,
            as_utc(held.x509.not_before),
            as_utc(held.x509.not_after),
            _state(held, one.now),
            as_utc(one.now) + ("" if one.of_host else " (not its own clock)"),
        )
        for one in found
        for held in one.certificates
    ]


def draw(found: Sequence[HostCertificates], label: str) -> Markup:
    """One group of bars a host, all on one scale."""
    scale = _Scale(found)
    parts: List[Markup] = []
    y = 0.0
    for one in found:
        shown = one.certificates[:BARS]
        role = f" ({one.role})" if one.role != "unknown" else ""
        parts.append(words(0, y + 12, shorter(f"{one.host}{role}", 200, 12), "strong"))
        for number, held in enumerate(shown):
            parts += _bar(held, one.now, scale, y + 18 + 34 * number)
        bottom = y + 18 + 34 * len(shown)
        at = scale.x(one.now)
        tops = [y + 32 + 34 * number for number in range(len(shown))]
        parts += [line(at, top, at, top + 15, "now") for top in tops]
        now = f"now {as_utc(one.now)[:10]}"
        room = at < WIDTH - 80
        parts.append(words(at, bottom + 9, now, "fine", "start" if room else "end"))
        more = len(one.certificates) - len(shown)
        if more:
            parts.append(words(WIDTH, y + 12, f"and {more} more in the table", "fine", "end"))
        y = bottom + 24
    parts += [line(0, y, WIDTH, y, "rule"), words(0, y + 13, scale.first, "fine")]
    parts.append(words(WIDTH, y + 13, scale.last, "fine", "end"))
    description = "; ".join(
        f"{one.host}: {held.path.rsplit('/', 1)[-1]} {_name(held)} {_state(held, one.now)}"
        for one in found
        for held in one.certificates[:BARS]
    )
    return drawing(label, f"Validity of certificates: {_summary(found)}", description, y + 18, parts)


def _summary(found: Sequence[HostCertificates]) -> str:
    states = [held.state(one.now) for one in found for held in one.certificates if held.used]
    return ", ".join(f"{states.count(state)} {word}" for state, word in _SUMMED if states.count(state)) or "none in use"


_SUMMED = ((RUN_OUT, "run out"), (NOT_YET, "not valid yet"), (HOLDS, "valid"))


def _state(held: Holding, now: int) -> str:
    return state(held, now) + ("" if held.used else ", left over")


def _name(held: Holding) -> str:
    """The common name of its subject."""
    names = [part[3:] for part in held.x509.subject.split(",") if part.startswith("CN=")]
    return names[0] if names else held.x509.subject


def _bar(held: Holding, now: int, scale: "_Scale", y: float) -> List[Markup]:
    holds = held.state(now)
    kind = _KIND[holds] if held.used else "none"
    if held.used and holds == HOLDS and held.days(now) < _SOON:
        kind = "warn"
    left, right, middle = scale.x(held.x509.not_before), scale.x(held.x509.not_after), scale.x(now)
    said = _state(held, now)
    name = f"{held.path.rsplit('/', 1)[-1]}: {_name(held)}"
    bar = [box(left, y + 16, max(right - left, 2), 11, f"fill {kind}{' gone' if holds != HOLDS else ''}", 2)]
    if holds == HOLDS:
        # what is over already is pale
        bar = [
            box(left, y + 16, max(middle - left, 0), 11, f"fill {kind} gone", 2),
            box(middle, y + 16, max(right - middle, 2), 11, f"fill {kind}", 2),
        ]
    return [
        words(0, y + 12, shorter(name, WIDTH - 7 * len(said) - 10)),
        words(WIDTH, y + 12, said, kind, "end"),
        *bar,
    ]


class _Scale:
    """Time to units, over what all certificates and clocks span."""

    def __init__(self, found: Sequence[HostCertificates]) -> None:
        nows = [one.now for one in found]
        times = [
            time for one in found for held in one.certificates for time in (held.x509.not_before, held.x509.not_after)
        ]
        self.low = max(min(times + nows), min(nows) - _LONGEST)
        self.high = max(min(max(times + nows), max(nows) + _LONGEST), self.low + DAY)
        self.first, self.last = as_utc(self.low)[:10], as_utc(self.high)[:10]

    def x(self, time: int) -> float:
        inside = min(max(time, self.low), self.high)
        return round((inside - self.low) / (self.high - self.low) * WIDTH, 1)
