"""The time by which something's validity is judged, and whose clock it is."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.clock import UtcDate
from nimdoctor.model.host_readers import EvidenceTime
from nimdoctor.model.rows import fact
from nimdoctor.model.text import Quote


@fact()
class JudgingTime(NamedTuple):
    """`utc` in epoch seconds; `of_host` says that it is the host's own clock, not that of whoever scans it."""

    utc: int
    of_host: bool
    at: Quote

    @classmethod
    def derive(cls, date: Optional[UtcDate], taken: EvidenceTime) -> "JudgingTime":
        """The host's `date -u`, else when its manifest was written there, else the scanner's clock."""
        if date:
            return cls(date.epoch, True, date.at)
        if taken.own_clock:
            return cls(taken.now, True, Quote("this host's clock", None, ""))
        if taken.collected is not None:
            return cls(taken.collected, True, Quote("manifest.json", None, "collected"))
        return cls(taken.now, False, Quote("the clock of the host that scans", None, ""))

    @property
    def missing(self) -> Tuple[str, ...]:
        """The catalog name of what would have told the host's own time, where that is not known."""
        return () if self.of_host else ("date -u +%Y-%m-%dT%H:%M:%SZ",)

    @property
    def words(self) -> str:
        """What a message adds about the clock: nothing where it is the host's own."""
        return "" if self.of_host else " by the clock of the scanning host; the host's own date was not recorded"
