"""/etc/hosts: addresses and the names that share them."""

import ipaddress
from functools import lru_cache
from typing import NamedTuple, Set, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text


class HostRow(NamedTuple):
    """One address with its names, the official one first."""

    address: str
    names: Tuple[str, ...]
    at: Quote

    def quote(self) -> Quote:
        """The row as it stands in the file."""
        return self.at


@fact(Row("/etc/hosts", Kind.FILE))
class Hosts(NamedTuple):
    """The active rows in file order.

    >>> hosts = Hosts.parse(Text.of('''# addresses
    ... 10.1.1.7   lpar7.example.com  lpar7   # client
    ... ''', "/etc/hosts"))
    >>> sorted(hosts.aliases("LPAR7"))
    ['lpar7', 'lpar7.example.com']
    """

    source: str
    rows: Tuple[HostRow, ...]

    @classmethod
    def parse(cls, text: Text) -> "Hosts":
        """Raises BadEvidence for an empty text, or one without any row or comment."""
        rows, any_text, prose = [], False, False
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            words = quote.text.split("#", 1)[0].split()
            if len(words) > 1 and "\0" not in quote.text and is_address(words[0]):
                rows.append(HostRow(words[0], tuple(words[1:]), quote))
            else:
                prose = prose or bool(words)
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if prose and not rows:
            raise BadEvidence(f"{text.source} holds no row ADDRESS NAME")
        return cls(text.source, tuple(rows))

    def named(self, name: str) -> Tuple[HostRow, ...]:
        """The rows that hold the name, whatever its case."""
        return tuple(row for row in self.rows if name.lower() in (found.lower() for found in row.names))

    def addresses(self, name: str) -> Tuple[str, ...]:
        """The addresses of the name, in file order."""
        return tuple(dict.fromkeys(row.address for row in self.named(name)))

    def aliases(self, name: str) -> Set[str]:
        """All names that share an address with it, itself included, in small letters; empty when it has none."""
        addresses = set(self.addresses(name))
        return {found.lower() for row in self.rows if row.address in addresses for found in row.names}

    def whole(self) -> Quote:
        """A quote that means the whole file."""
        return Quote(self.source, None, "")


@lru_cache(maxsize=4096)
def is_address(word: str) -> bool:
    """Whether a word is an IP address, with or without its zone."""
    try:
        ipaddress.ip_address(word.split("%", 1)[0])
    except ValueError:
        return False
    return True
