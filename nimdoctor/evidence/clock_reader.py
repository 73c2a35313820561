"""The clocks of two hosts read anew, one right after the other."""

from typing import Callable, List, Optional, Tuple

from nimdoctor.evidence.catalog import Catalog, Row
from nimdoctor.evidence.source import Evidence
from nimdoctor.model.text import Text

FACT = "UtcDate"


class ClockReader:
    """Reads a host's clock as often as it is asked, where the host is asked now; `live` says whether it is.

    The date that a scan has read already is no help: what lies between it and the other host's is the time that the
    scan's own commands took.
    """

    def __init__(self, evidence: Evidence, catalog: Catalog) -> None:
        again: Optional[Callable[[Row], Tuple[Optional[Text], str]]] = getattr(evidence, "again", None)
        self.live = evidence.live and again is not None
        self._evidence = evidence
        self._again = again
        self._row = catalog.rows_for(FACT)[0]

    def is_of(self, other: "ClockReader") -> bool:
        """Whether both read the clock of one and the same host."""
        return self._evidence is other._evidence

    def around(self, other: "ClockReader") -> Tuple[List[Text], str]:
        """This host's date, the other's, and this host's once more; or nothing, and why."""
        texts: List[Text] = []
        for reader in (self, other, self):
            text, problem = reader.read()
            if text is None:
                return [], problem
            texts.append(text)
        return texts, ""

    def read(self) -> Tuple[Optional[Text], str]:
        """The host's date now, or None and why there is none."""
        if self._again is None:
            return None, "the host is not asked now"
        return self._again(self._row)
