"""`host NAME`: what a name or address resolves to on this host."""

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_FOUND = re.compile(
    r"\s*(?P<name>\S+) (?:is|has (?:IPv6 )?address) (?P<address>[0-9A-Fa-f:.]+(?:%\w+)?)\s*"
    r"(?:,\s*Aliases:\s*(?P<aliases>.*))?"
)
_TRANSLATED = re.compile(
    r"\s*(?P<name>[\w.-]{1,255}) [^\W\d_]{1,20} (?P<address>[0-9A-Fa-f:.]{3,60})\s*"
    r"(?P<more>,\s*\w{2,20}\s?:\s*(?P<aliases>.*))?"
)
"""The same with a word of another language for `is`."""
_AIX_FAILURE = re.compile(r"0827-80\d\b(?P<sentence>.*)")


class NameLookup(NamedTuple):
    """One answer: `query` is the operand of the command where known; `address` None when there is none.

    `name` is the official name of the answer, or what could not be found.
    """

    query: str
    name: str
    address: Optional[str]
    aliases: Tuple[str, ...]
    at: Quote

    def quote(self) -> Quote:
        """The line of the answer."""
        return self.at

    def concerns(self, word: str) -> bool:
        """Whether the answer is about this name or address, whatever its case."""
        words = (self.query, self.name, self.address or "", *self.aliases)
        return bool(word) and word.lower() in (known.lower() for known in words)


@fact(
    Row("host {CLIENT_HOSTNAME}", Kind.COMMAND, variants=("host",)),
    Row("host {MASTER_HOSTNAME}", Kind.COMMAND),
    Row("host {CLIENT_ADDRESS}", Kind.COMMAND, when_known=True),
    Row("host {MASTER_ADDRESS}", Kind.COMMAND, when_known=True),
)
class NameLookups(NamedTuple):
    """All answers recorded, from several commands when combined.

    >>> lookups = NameLookups.parse(Text.of("lpar7.example.com is 10.1.1.7,  Aliases:   lpar7\\n", "host lpar7"))
    >>> lookups.rows[0].address, lookups.rows[0].aliases
    ('10.1.1.7', ('lpar7',))
    >>> failed = NameLookups.parse(Text.of("host: 0827-803 Cannot find address for host lpar9.\\n", "host lpar9"))
    >>> failed.rows[0].name, failed.rows[0].address
    ('lpar9', None)
    """

    source: str
    rows: Tuple[NameLookup, ...]

    @classmethod
    def parse(cls, text: Text) -> "NameLookups":
        """Raises BadEvidence when no line is an answer or a 0827 failure."""
        words = text.name.split()
        operands = [word for word in words[1:] if not word.startswith("-") and "{" not in word]
        query = operands[0] if words and words[0].rsplit("/", 1)[-1] == "host" and operands else ""
        any_text = False
        rows: List[NameLookup] = []
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            row = _row(quote, query) if "\0" not in quote.text else None
            if row:
                rows.append(row)
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if not rows:
            raise BadEvidence(f"{text.source} is no answer of `host`")
        return cls(text.source, tuple(rows))

    @classmethod
    def combine(cls, parts: Sequence["NameLookups"]) -> "NameLookups":
        """The answers of all parts."""
        sources = dict.fromkeys(part.source for part in parts)
        return cls(", ".join(sources), tuple(row for part in parts for row in part.rows))

    def whole(self) -> Quote:
        """A quote that means all answers."""
        return Quote(self.source, None, "")


def _row(quote: Quote, query: str) -> Optional[NameLookup]:
    found = _FOUND.fullmatch(quote.text)
    if found:
        aliases = tuple(word for word in re.split(r"[,\s]+", found.group("aliases") or "") if word)
        return NameLookup(query, found.group("name"), found.group("address"), aliases, quote)
    failure = _AIX_FAILURE.search(quote.text)
    if failure:
        # "Host name X does not exist.", "Cannot find address for host X.": X follows the word name or host
        named = re.search(r"\b(?:name|host|address)\s+(?!for\b|name\b)(\S+)", failure.group("sentence"))
        return NameLookup(query, named.group(1).rstrip(".") if named else query, None, (), quote)
    translated = _TRANSLATED.fullmatch(quote.text[:2000])
    if translated and _answers(translated, query):
        aliases = tuple(word for word in re.split(r"[,\s]+", translated.group("aliases") or "") if word)
        return NameLookup(query, translated.group("name"), translated.group("address"), aliases, quote)
    missing = re.fullmatch(r"\s*Host (\S+) not found: .*", quote.text)
    return NameLookup(query, missing.group(1), None, (), quote) if missing else None


def _answers(found: "re.Match[str]", query: str) -> bool:
    """Whether that is the answer to the query, by where the name and the address stand; a complaint names one alone."""
    name, address = found.group("name").lower(), found.group("address").lower()
    if address == query.lower():
        return "." in name or bool(found.group("more"))
    return bool(query) and name.partition(".")[0] == query.lower().partition(".")[0]
