"""`netstat -in`: network interfaces and their addresses."""

import re
from typing import NamedTuple, Optional, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text, first_words

_NAME = re.compile(r"[a-z]{2,6}[0-9]{1,4}\*?", re.ASCII)
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}", re.ASCII)


class InterfaceRow(NamedTuple):
    """One address of one interface; hardware addresses (`link#2`) are left out."""

    name: str
    address: str
    at: Quote

    def quote(self) -> Quote:
        """The row as printed."""
        return self.at


@fact(Row("netstat -in", Kind.COMMAND, variants=("netstat -in", "netstat -ni")))
class Interfaces(NamedTuple):
    """The addresses in the order printed.

    >>> found = Interfaces.parse(Text.of('''Name  Mtu   Network     Address            Ipkts Ierrs    Opkts Oerrs  Coll
    ... en0   1500  link#2      fa.16.3e.1b.22.1 1503388     0   702011     0     0
    ... en0   1500  10.1.1      10.1.1.17        1503388     0   702011     0     0
    ... lo0   16896 127         127.0.0.1           4188     0     4188     0     0
    ... ''', "netstat -in"))
    >>> found.of_address("10.1.1.17"), found.of_address("10.1.1.18")
    ('en0', None)
    """

    source: str
    rows: Tuple[InterfaceRow, ...]

    @classmethod
    def parse(cls, text: Text) -> "Interfaces":
        """Raises BadEvidence for an empty text or one without an interface's address."""
        rows = []
        first = ""
        for quote in text.quotes():
            first = first or quote.text.strip()
            words = quote.text[:400].split()
            if len(words) >= 4 and _NAME.fullmatch(words[0]) and words[1].isdigit() and _ADDRESS.fullmatch(words[3]):
                rows.append(InterfaceRow(words[0].rstrip("*"), words[3], quote))
        if not first:
            raise BadEvidence(f"{text.source} is empty")
        if not rows:
            raise BadEvidence(f"{text.source} lists no interface with an address: {first_words(first)}")
        return cls(text.source, tuple(rows))

    def of_address(self, address: str) -> Optional[str]:
        """The interface that has that address; None when none has."""
        return next((row.name for row in self.rows if row.address == address), None)

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")
