"""The time by which something's validity is judged, and whose clock it is."""

from typing import ClassVar, NamedTuple, Optional, Protocol, Tuple

from nimdoctor.facts.clock import UtcDate
from nimdoctor.model.rows import fact
from nimdoctor.model.text import Quote


class EvidenceMoment(Protocol):
    """When the evidence was taken (epoch seconds): by its manifest, and by the clock of this process."""

    served_by: ClassVar[str] = "nimdoctor.evidence.snapshot:EvidenceMoment"
    collected: Optional[int]
    now: int
    live: bool


@fact()
class JudgingTime(NamedTuple):
    """`utc` in epoch seconds; `of_host` says that it is the host's own clock, not that of whoever scans it."""

    utc: int
    of_host: bool
    at: Quote

    @classmethod
    def derive(cls, date: Optional[UtcDate], moment: EvidenceMoment) -> "JudgingTime":
        """The host's `date -u`, else when its manifest was written there, else the scanner's clock."""
        if date:
            return cls(date.epoch, True, date.at)
        if moment.live:
            return cls(moment.now, True, Quote("this host's clock", None, ""))
        if moment.collected is not None:
            return cls(moment.collected, True, Quote("manifest.json", None, "collected"))
        return cls(moment.now, False, Quote("the clock of the host that scans", None, ""))

    @property
    def missing(self) -> Tuple[str, ...]:
        """The catalog name of what would have told the host's own time, where that is not known."""
        return () if self.of_host else ("date -u +%Y-%m-%dT%H:%M:%SZ",)

    @property
    def words(self) -> str:
        """What a message adds about the clock: nothing where it is the host's own."""
        return "" if self.of_host else " by the clock of the scanning host; the host's own date was not recorded"
