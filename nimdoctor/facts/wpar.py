"""`uname -W`: whether the host is a workload partition, whose /usr may be shared."""

import re
from typing import NamedTuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text


@fact(Row("uname -W", Kind.COMMAND))
class Wpar(NamedTuple):
    """The number of the workload partition; 0 outside of any.

    >>> Wpar.parse(Text.of("0\\n", "uname -W")).wpar_id
    0
    """

    source: str
    wpar_id: int
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "Wpar":
        """Raises BadEvidence for anything but one number."""
        lines = [quote for quote in text.quotes() if quote.text.strip()]
        if not lines:
            raise BadEvidence(f"{text.source} is empty")
        if len(lines) > 1 or not re.fullmatch(r"[0-9]{1,9}", lines[0].text.strip()):
            raise BadEvidence(f"{text.source} is not the number of a workload partition")
        return cls(text.source, int(lines[0].text.strip()), lines[0])

    @property
    def inside(self) -> bool:
        """Whether the host is a workload partition."""
        return self.wpar_id > 0

    def whole(self) -> Quote:
        """The line itself."""
        return self.at
