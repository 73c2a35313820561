"""/etc/services: the names of ports."""

import re
from typing import NamedTuple, Optional, Tuple

from nimdoctor.text import BadEvidence, Pattern, Quote, Text

_ROW = Pattern(r"\s*(\S+)\s+(\d{1,5})\s*/\s*([A-Za-z][A-Za-z0-9-]*)(?:\s+(.*))?", re.ASCII)


class ServiceRow(NamedTuple):
    """One active row; `protocol` in small letters."""

    name: str
    port: int
    protocol: str
    aliases: Tuple[str, ...]
    at: Quote

    def quote(self) -> Quote:
        """The row as it stands in the file."""
        return self.at


class Services(NamedTuple):
    """The active rows in file order.

    >>> services = Services.parse(Text.of('''nimsh    3901/tcp    # NIM Service Handler
    ... #nimaux  3902/tcp
    ... nim      1058/tcp    nimesis
    ... ''', "/etc/services"))
    >>> services.port("nimsh"), services.port("nimaux"), services.port("nimesis")
    (3901, None, 1058)
    """

    source: str
    rows: Tuple[ServiceRow, ...]

    @classmethod
    def parse(cls, text: Text) -> "Services":
        """Raises BadEvidence for an empty text, or one without any row or comment."""
        rows, saw_text, prose = [], False, False
        for quote in text.quotes():
            saw_text = saw_text or bool(quote.text.strip())
            line = quote.text.split("#", 1)[0]
            found = _ROW.fullmatch(line) if "\0" not in line else None
            if found and int(found.group(2)) <= 65535:
                name, port, protocol, aliases = found.groups()
                rows.append(ServiceRow(name, int(port), protocol.lower(), tuple((aliases or "").split()), quote))
            else:
                prose = prose or bool(line.strip())
        if not saw_text:
            raise BadEvidence(f"{text.source} is empty")
        if prose and not rows:
            raise BadEvidence(f"{text.source} holds no row NAME PORT/PROTOCOL")
        return cls(text.source, tuple(rows))

    def port(self, name: str, protocol: str = "tcp") -> Optional[int]:
        """The port of a name or alias: the first row counts. None when there is no active row."""
        return next((row.port for row in self.named(name) if row.protocol == protocol), None)

    def named(self, name: str) -> Tuple[ServiceRow, ...]:
        """The active rows that carry the name, or have it as an alias."""
        return tuple(row for row in self.rows if name == row.name or name in row.aliases)

    def whole(self) -> Quote:
        """A quote that means the whole file."""
        return Quote(self.source, None, "")
