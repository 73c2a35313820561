"""`audit query`: whether AIX auditing is on, which keeps tftpd from serving."""

import re
from typing import NamedTuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_STATE = re.compile(r"\s*auditing\s+(on|off)\b.*", re.IGNORECASE)


@fact(Row("audit query", Kind.COMMAND), reads_parts=True)
class Auditing(NamedTuple):
    """The state that the first line gives; what follows names events and processes.

    >>> Auditing.parse(Text.of("auditing off\\n", "audit query")).on
    False
    """

    source: str
    on: bool
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "Auditing":
        """Raises BadEvidence when no line says `auditing on` or `auditing off`."""
        any_text = False
        for quote in text.quotes():
            state = _STATE.fullmatch(quote.text)
            if state:
                return cls(text.source, state.group(1).lower() == "on", quote)
            any_text = any_text or bool(quote.text.strip())
        raise BadEvidence(f"{text.source} {'does not say whether auditing is on' if any_text else 'is empty'}")

    def whole(self) -> Quote:
        """The line that says so."""
        return self.at
