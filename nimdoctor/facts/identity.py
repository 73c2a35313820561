"""What the host calls itself: `uname -m` and `hostname`."""

import re
from typing import List, NamedTuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_MACHINE_ID = re.compile(r"[0-9A-Fa-f]{12}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.*[A-Za-z])(?=.{{1,255}}$){_LABEL}(?:\.{_LABEL})*")


@fact(Row("uname -m", Kind.COMMAND), reads_parts=True)
class MachineId(NamedTuple):
    """The twelve hexadecimal digits NIM compares as cpuid, in capitals.

    >>> MachineId.parse(Text.of("00f6a1b24c00\\n", "uname -m")).machine_id
    '00F6A1B24C00'
    """

    source: str
    machine_id: str
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "MachineId":
        """Raises BadEvidence for anything but one line of twelve hexadecimal digits."""
        quote = _only_line(text)
        if not _MACHINE_ID.fullmatch(quote.text.strip()):
            raise BadEvidence(f"{text.source} is not a machine id of twelve hexadecimal digits")
        return cls(text.source, quote.text.strip().upper(), quote)

    def whole(self) -> Quote:
        """The line itself."""
        return self.at


@fact(Row("hostname", Kind.COMMAND), reads_parts=True)
class HostName(NamedTuple):
    """The host's own name as written, short or full.

    >>> HostName.parse(Text.of("lpar7.example.com\\n", "hostname")).name
    'lpar7.example.com'
    """

    source: str
    name: str
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "HostName":
        """Raises BadEvidence for anything but one line with one host name."""
        quote = _only_line(text)
        if not _HOST_NAME.fullmatch(quote.text.strip()):
            raise BadEvidence(f"{text.source} is not a host name")
        return cls(text.source, quote.text.strip(), quote)

    def whole(self) -> Quote:
        """The line itself."""
        return self.at


def _only_line(text: Text) -> Quote:
    lines: List[Quote] = [quote for quote in text.quotes() if quote.text.strip()]
    if not lines:
        raise BadEvidence(f"{text.source} is empty")
    if len(lines) > 1:
        raise BadEvidence(f"{text.source} has {len(lines)} lines where one is expected")
    return lines[0]
