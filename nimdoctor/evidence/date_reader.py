"""The clocks of two hosts read anew, one right after the other."""

from typing import List, Optional, Tuple

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.source import Evidence
from nimdoctor.model.host_readers import ClockReader
from nimdoctor.model.text import Text

FACT = "UtcDate"


class DateReader:
    """Reads a host's clock by its `date`."""

    def __init__(self, evidence: Evidence, catalog: Catalog) -> None:
        self.evidence = evidence
        self._row = catalog.rows_for(FACT)[0]

    @property
    def live(self) -> bool:
        """Whether the host is asked now."""
        return self.evidence.live

    def is_of(self, other: ClockReader) -> bool:
        """Whether both read the clock of one and the same host."""
        return isinstance(other, DateReader) and self.evidence is other.evidence

    def read(self) -> Tuple[Optional[Text], str]:
        """The host's date now, or None and why there is none."""
        return self.evidence.again(self._row) if self.evidence.live else (None, "the host is not asked now")

    def around(self, other: ClockReader) -> Tuple[List[Text], str]:
        """This host's date, the other's, and this host's once more; or nothing, and why."""
        texts: List[Text] = []
        for reader in (self, other, self):
            text, problem = reader.read()
            if text is None:
                return [], problem
            texts.append(text)
        return texts, ""
