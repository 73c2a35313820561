"""/etc/services: the names of ports."""

import re
from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.niminfo import NimInfo
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Coverage, Quote, Text

NIMSH_PORTS = {"nimsh": 3901, "nimaux": 3902}
"""The names of a push's ports, tcp, and the ports that IBM has registered for them (isg3T1011808)."""
PULL_PORTS = {"nim": "NIM_MASTER_PORT", "nimreg": "NIM_REGISTRATION_PORT"}
"""The names of nimesis' ports, and the variables of /etc/niminfo that say which these are."""

_ROW = re.compile(r"\s*(\S+)\s+(\d{1,5})\s*/\s*([A-Za-z][A-Za-z0-9-]*)(?:\s+(.*))?", re.ASCII)


class ServiceRow(NamedTuple):
    """One row; `protocol` in small letters."""

    name: str
    port: int
    protocol: str
    aliases: Tuple[str, ...]
    at: Quote

    def quote(self) -> Quote:
        """The row as it stands in the file."""
        return self.at


@fact(Row("/etc/services", Kind.FILE), reads_parts=True)
class Services(NamedTuple):
    """The active rows in file order; `off` are those that are commented out, `raw` is the file as it is.

    `coverage` is what was given of it, `partial` says that it is not the whole, and `raw` is empty then.

    >>> services = Services.parse(Text.of('''nimsh    3901/tcp    # NIM Service Handler
    ... #nimaux  3902/tcp
    ... nim      1058/tcp    nimesis
    ... ''', "/etc/services"))
    >>> services.port("nimsh"), services.port("nimaux"), services.port("nimesis")
    (3901, None, 1058)
    """

    source: str
    rows: Tuple[ServiceRow, ...]
    off: Tuple[ServiceRow, ...] = ()
    raw: bytes = b""
    coverage: Coverage = Coverage()

    @classmethod
    def parse(cls, text: Text) -> "Services":
        """Raises BadEvidence for an empty text, or one without any row or comment."""
        rows, off, any_text, prose = [], [], False, False
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            line = quote.text.split("#", 1)[0]
            row = _row(line, quote)
            if row:
                rows.append(row)
            elif line.strip():
                prose = True
            else:
                out = _row(quote.text.lstrip("# \t").split("#", 1)[0], quote)
                off += [out] if out else []
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if prose and not rows:
            raise BadEvidence(f"{text.source} holds no row NAME PORT/PROTOCOL")
        raw = text.raw() if text.is_whole else b""
        return cls(text.source, tuple(rows), tuple(off), raw, text.coverage)

    @property
    def partial(self) -> bool:
        """Whether only some lines were given, so that a name not among them may have its row."""
        return not self.coverage.is_whole

    def port(self, name: str, protocol: str = "tcp") -> Optional[int]:
        """The port of a name or alias: the first row counts. None when there is no active row."""
        return next((row.port for row in self.named(name) if row.protocol == protocol), None)

    def named(self, name: str) -> Tuple[ServiceRow, ...]:
        """The active rows that carry the name, or have it as an alias."""
        return tuple(row for row in self.rows if name == row.name or name in row.aliases)

    def switched_off(self, name: str) -> Tuple[ServiceRow, ...]:
        """The rows of the name that are commented out."""
        return tuple(row for row in self.off if name == row.name)

    def others_on(self, port: int, name: str, protocol: str = "tcp") -> Tuple[ServiceRow, ...]:
        """The active rows that give the port another name."""
        return tuple(
            row for row in self.rows
            if row.port == port and row.protocol == protocol and name != row.name and name not in row.aliases
        )  # fmt: skip

    def whole(self) -> Quote:
        """A quote that means the whole file."""
        return Quote(self.source, None, "")


def _row(line: str, quote: Quote) -> Optional[ServiceRow]:
    found = _ROW.fullmatch(line) if "\0" not in line else None
    if not found or int(found.group(2)) > 65535:
        return None
    name, port, protocol, aliases = found.groups()
    return ServiceRow(name, int(port), protocol.lower(), tuple((aliases or "").split()), quote)


def ports_of_nim(info: Optional[NimInfo]) -> Tuple[Tuple[str, int], ...]:
    """The names that NIM has in /etc/services with their ports; without /etc/niminfo those of a push alone."""
    pulls = [(name, info.port(variable)) for name, variable in PULL_PORTS.items()] if info else []
    return (*NIMSH_PORTS.items(), *((name, port) for name, port in pulls if port is not None))
