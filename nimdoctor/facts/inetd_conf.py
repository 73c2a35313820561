"""/etc/inetd.conf: which services inetd starts, and which rows are commented out."""

import re
from typing import NamedTuple, Optional, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Coverage, OnlyAPart, Quote, Text

_SOCKET_TYPES = ("stream", "dgram", "sunrpc_tcp", "sunrpc_udp", "raw", "rdm", "seqpacket")


class InetdRow(NamedTuple):
    """One service row. `protocol` is as written (udp, udp6 …); `wait` may be wait, nowait or SRC."""

    service: str
    socket_type: str
    protocol: str
    wait: str
    user: str
    program: str
    arguments: str
    commented: bool
    at: Quote

    def quote(self) -> Quote:
        """The row as it stands in the file."""
        return self.at


@fact(Row("/etc/inetd.conf", Kind.FILE), reads_parts=True)
class InetdConf(NamedTuple):
    """All service rows in file order, commented ones included; `raw` is the file as it is, empty where that was not given
    whole. `coverage` is what was given of it.

    >>> conf = InetdConf.parse(Text.of('''## Internet server configuration
    ... ftp     stream  tcp6    nowait  root    /usr/sbin/ftpd   ftpd
    ... #tftp   dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n
    ... # bootps dgram  udp     wait    root    /usr/sbin/bootpd bootpd /etc/bootptab
    ... ''', "/etc/inetd.conf"))
    >>> [(row.service, row.commented) for row in conf.all_rows]
    [('ftp', False), ('tftp', True), ('bootps', True)]
    >>> conf.rows("tftp")[0].quote().line
    3
    """

    source: str
    all_rows: Tuple[InetdRow, ...]
    raw: bytes = b""
    coverage: Coverage = Coverage()

    @classmethod
    def parse(cls, text: Text) -> "InetdConf":
        """Raises BadEvidence for an empty or binary text, or a command's error message."""
        rows = []
        any_text = strange = False
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            if "\0" in quote.text:
                raise BadEvidence(f"{text.source} line {quote.line} is binary, not a configuration file")
            strange = strange or bool(quote.text.strip() and not quote.text.lstrip().startswith("#"))
            row = _row(quote)
            if row:
                rows.append(row)
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if not rows and not text.is_whole:
            raise OnlyAPart(f"only a part of {text.name} was given, and no service row is in it")
        if not rows and strange:
            # an error message
            raise BadEvidence(f"{text.source}: no service row in it, and it is not a whole inetd.conf")
        return cls(text.source, tuple(rows), text.raw() if text.is_whole else b"", text.coverage)

    def rows(self, service: str) -> Tuple[InetdRow, ...]:
        """Rows of that service, commented ones included; empty when it has none."""
        return tuple(row for row in self.all_rows if row.service == service)

    def known(self, service: str) -> bool:
        """Whether it is known if inetd is to serve it: an active row is there, or all rows of it are."""
        return any(not row.commented for row in self.rows(service)) or self.coverage.of(service)

    def whole(self) -> Quote:
        """A quote that means the whole file."""
        return Quote(self.source, None, "")


def _row(quote: Quote) -> Optional[InetdRow]:
    # prose in comments has no socket type as its second word, so it is not taken for a row
    line = quote.text.strip()
    commented = line.startswith("#")
    fields = re.sub(r"^[#\s]+", "", line).split(None, 6)
    if len(fields) < 5 or fields[1] not in _SOCKET_TYPES:
        return None
    fields += [""] * (7 - len(fields))
    return InetdRow(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6], commented, quote)
