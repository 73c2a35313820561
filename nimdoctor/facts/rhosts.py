"""/.rhosts: which hosts root trusts for rsh."""

from typing import Iterable, NamedTuple, Tuple

from nimdoctor.model.rows import ONLY_CLIENT, Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text


class RhostsRow(NamedTuple):
    """One line: a host, and the remote user where it names one."""

    host: str
    user: str
    at: Quote


@fact(Row("/.rhosts", Kind.FILE, roles=ONLY_CLIENT), reads_parts=True)
class Rhosts(NamedTuple):
    """The lines that trust a host; comments, `+` and `-host` are none.

    `partial` says that only some lines were shown, so that a host not among them may still be trusted;
    `raw` is the file as it is, empty where that was not collected.

    >>> rhosts = Rhosts.parse(Text.of("nim1 root\\nbackup1 oper\\n", "/.rhosts"))
    >>> [row.at.line for row in rhosts.naming(["NIM1.example.com"])]
    [1]
    """

    source: str
    rows: Tuple[RhostsRow, ...]
    exists: bool = True
    partial: bool = False
    raw: bytes = b""

    @classmethod
    def parse(cls, text: Text) -> "Rhosts":
        """An empty file is evidence: it trusts nobody. Raises BadEvidence for a binary one."""
        rows = []
        for quote in text.quotes():
            if "\0" in quote.text:
                raise BadEvidence(f"{text.source} line {quote.line} is binary")
            words = quote.text.split()
            if words and words[0][0] not in "#+-":
                rows.append(RhostsRow(words[0], words[1] if len(words) > 1 else "", quote))
        whole = text.is_whole
        return cls(text.source, tuple(rows), partial=not whole, raw=text.raw() if whole else b"")

    @classmethod
    def absent(cls, path: str) -> "Rhosts":
        """What it is when the file does not exist."""
        return cls(path, (), exists=False)

    def naming(self, names: Iterable[str]) -> Tuple[RhostsRow, ...]:
        """Rows for one of these hosts; a short name and the full name of one host are the same."""
        return tuple(row for row in self.rows if any(same_host(row.host, name) for name in names))

    def whole(self) -> Quote:
        """A quote that means the whole file."""
        return Quote(self.source, None, "" if self.exists else "does not exist")


def same_host(one: str, other: str) -> bool:
    """Whether two names are one host: equal, or one the short form of the other; case does not matter.

    >>> same_host("nim1", "nim1.example.com"), same_host("nim1", "nim11"), same_host("a.x", "a.y")
    (True, False, False)
    """
    one, other = one.lower().rstrip("."), other.lower().rstrip(".")
    if one == other:
        return True
    if one.replace(".", "").isdigit() or other.replace(".", "").isdigit():
        return False
    return one.startswith(other + ".") or other.startswith(one + ".")
