"""How far the clocks of two hosts are apart, as far as it can be told by asking one after the other."""

from typing import NamedTuple, Sequence, Tuple

from nimdoctor.facts.clock import UtcDate
from nimdoctor.model.text import BadEvidence, Quote, Text

_GRAIN = 1
"""Seconds to which a date is known."""


class ClockSkew(NamedTuple):
    """`least` is how many seconds the inner clock is ahead of the outer one at least, below 0 where it is behind.

    The inner date was taken between two of the outer host's, so that the time which the asking takes is not taken for a
    difference: 0 says that the clocks may agree. `within` is how far apart the outer two are.

    >>> dates = ("2025-03-14T10:05:04Z", "2025-03-14T10:35:04Z", "2025-03-14T10:05:06Z")
    >>> ClockSkew.of([Text.of(date, "date -u") for date in dates]).least
    1797
    """

    least: int
    within: int
    evidence: Tuple[Quote, ...]

    @classmethod
    def of(cls, texts: Sequence[Text]) -> "ClockSkew":
        """Outer date, inner date, outer date. Raises BadEvidence where one is no date, or the outer clock ran back."""
        before, inner, after = (UtcDate.parse(text) for text in texts)
        within = after.epoch - before.epoch
        if within < 0:
            raise BadEvidence(f"{before.source}: the clock ran back while it was read")
        ahead = inner.epoch - after.epoch - _GRAIN
        behind = inner.epoch + _GRAIN - before.epoch
        least = ahead if ahead > 0 else min(behind, 0)
        return cls(least, within, (before.at, inner.at, after.at))
