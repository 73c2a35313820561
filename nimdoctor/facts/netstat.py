"""`netstat -an`: sockets of the internet protocols."""

import re
from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Coverage, Quote, Text, first_words

_PROTOCOL = re.compile(r"(?:tcp|udp)[0-9]{0,2}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,12}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_STATE = re.compile(r"[A-Z][A-Z0-9_]{2,14}", re.ASCII)


class SocketRow(NamedTuple):
    """One socket. Addresses are as printed, `*` for any; a port is None for `*` or a service's name;
    `state` is LISTEN, ESTABLISHED ... and empty for udp.
    """

    protocol: str
    local_address: str
    local_port: Optional[int]
    remote_address: str
    remote_port: Optional[int]
    state: str
    at: Quote

    def quote(self) -> Quote:
        """The row as printed."""
        return self.at


@fact(
    Row("netstat -an", Kind.COMMAND, variants=("netstat -an", "netstat -Aan", "netstat -na", "netstat -aAn")),
    reads_parts=True,
)
class Sockets(NamedTuple):
    """Sockets of tcp and udp in the order printed; UNIX domain sockets are left out. `coverage` is what
    was given of the output.

    >>> sockets = Sockets.parse(Text.of('''Active Internet connections (including servers)
    ... Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
    ... tcp        0      0  *.3901                 *.*                    LISTEN
    ... tcp4       0      0  10.1.1.7.3901          10.1.1.2.1021          ESTABLISHED
    ... ''', "netstat -an"))
    >>> len(sockets.listening(3901)), sockets.established(3901)[0].remote_address
    (1, '10.1.1.2')
    """

    source: str
    rows: Tuple[SocketRow, ...]
    coverage: Coverage = Coverage()

    @classmethod
    def parse(cls, text: Text) -> "Sockets":
        """Raises BadEvidence for an empty text or one with neither a socket nor a header of them."""
        rows: List[SocketRow] = []
        first = ""
        header = False
        for quote in text.quotes():
            first = first or quote.text.strip()
            header = header or "Local Address" in quote.text or "Active Internet" in quote.text
            row = _row(quote)
            if row:
                rows.append(row)
        if not first:
            raise BadEvidence(f"{text.source} is empty")
        if not rows and not header:
            raise BadEvidence(f"{text.source} lists no socket: {first_words(first)}")
        return cls(text.source, tuple(rows), text.coverage)

    def listening(self, port: int) -> Tuple[SocketRow, ...]:
        """tcp sockets that accept connections on that local port."""
        return tuple(row for row in self.rows if row.state == "LISTEN" and row.local_port == port)

    def tells(self, port: int) -> bool:
        """Whether every socket that listens on that local port is there."""
        return self.coverage.of(f".{port}") or self.coverage.of("LISTEN")

    def established(self, port: int) -> Tuple[SocketRow, ...]:
        """Connections that came in on that local port."""
        return tuple(row for row in self.rows if row.state == "ESTABLISHED" and row.local_port == port)

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


def _row(quote: Quote) -> Optional[SocketRow]:
    words = quote.text[:1000].split()
    if len(words) > 5 and re.fullmatch(r"[0-9a-fA-F]{6,16}", words[0]):
        words = words[1:]  # -A puts the address of the control block first
    if len(words) < 5 or not _PROTOCOL.fullmatch(words[0]):
        return None
    if not _COUNT.fullmatch(words[1]) or not _COUNT.fullmatch(words[2]):
        return None
    local, remote = _address(words[3]), _address(words[4])
    if local is None or remote is None:
        return None
    state = words[5] if len(words) > 5 and _STATE.fullmatch(words[5]) else ""
    return SocketRow(words[0], local[0], local[1], remote[0], remote[1], state, quote)


def _address(word: str) -> Optional[Tuple[str, Optional[int]]]:
    """Address and port, parted by the last dot (AIX) or colon (elsewhere)."""
    end = max(word.rfind("."), word.rfind(":"))
    if end < 0:
        return None
    port = word[end + 1 :]
    return word[:end], int(port) if _PORT.fullmatch(port) else None
