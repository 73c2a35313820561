"""`oslevel -s` of AIX and `ioslevel` of a Virtual I/O Server."""

import re
from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.level import Level
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text, first_words

# AIX has been 5 or later since 2001 and VIOS has not passed 4, so neither is taken for the other
_SERVICE_PACK = re.compile(r"\s*([5-9][0-9]{3})-([0-9]{2})(?:-([0-9]{2})(?:-([0-9]{4}))?)?\s*", re.ASCII)
_PLAIN = re.compile(r"\s*([5-9])\.([0-9])\.([0-9])\.([0-9])\s*", re.ASCII)
_VIOS = re.compile(r"\s*([1-4]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\s*", re.ASCII)


@fact(Row("oslevel -s", Kind.COMMAND, variants=("oslevel",)), reads_parts=True)
class OsLevel(NamedTuple):
    """The level of AIX. `version` is 7200 for 7.2; `tl`, `sp` and `build` (year and week of the
    service pack, `2520`) are None where the command did not tell them.

    >>> level = OsLevel.parse(Text.of("7200-05-10-2520\\n", "oslevel -s"))
    >>> level.version, level.tl, level.sp, level.build, level.technology_level
    (7200, 5, 10, '2520', '7200-05')
    """

    source: str
    text: str
    version: int
    tl: Optional[int]
    sp: Optional[int]
    build: Optional[str]
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "OsLevel":
        """From `oslevel -s`, `-r` or plain; raises BadEvidence when no line is such a level."""
        shapes = (_SERVICE_PACK, _PLAIN)
        quote, match = _first(text, shapes, "a level of AIX")
        if match.re is _PLAIN:
            release, modification = int(match.group(1) + match.group(2)) * 100, int(match.group(3))
            # plain `oslevel` says 0 whatever the technology level; somebody who writes another digit means it
            return cls(text.source, match.group(0).strip(), release, modification or None, None, None, quote)
        tl, sp = int(match.group(2)), match.group(3)
        return cls(
            text.source,
            match.group(0).strip(),
            int(match.group(1)),
            tl,
            int(sp) if sp else None,
            match.group(4),
            quote,
        )

    @property
    def technology_level(self) -> str:
        """As written in tables of levels, `7200-05`; empty where the TL is not known."""
        return "" if self.tl is None else f"{self.version}-{self.tl:02d}"

    @property
    def order(self) -> Level:
        """Version, TL and service pack as far as they are known, to be compared."""
        known = [self.version, *(part for part in (self.tl, self.sp) if part is not None)]
        return Level(tuple(known))

    def quote(self) -> Quote:
        """The line that tells it."""
        return self.at

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


@fact(Row("ioscli ioslevel", Kind.COMMAND, variants=("ioscli ioslevel", "ioslevel")), reads_parts=True)
class IosLevel(NamedTuple):
    """The level of a Virtual I/O Server.

    >>> IosLevel.parse(Text.of("3.1.4.21\\n", "ioscli ioslevel")).level
    '3.1.4.21'
    """

    source: str
    level: str
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "IosLevel":
        """Raises BadEvidence when no line is such a level."""
        quote, match = _first(text, (_VIOS,), "a level of VIOS")
        return cls(text.source, match.group(1), quote)

    @property
    def release(self) -> str:
        """As written in tables of levels, `VIOS 4.1.0`."""
        return "VIOS " + self.level.rpartition(".")[0]

    @property
    def order(self) -> Level:
        """The level, to be compared."""
        return Level(tuple(map(int, self.level.split("."))))

    def quote(self) -> Quote:
        """The line that tells it."""
        return self.at

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


def _first(text: Text, shapes: "Tuple[re.Pattern[str], ...]", what: str) -> "Tuple[Quote, re.Match[str]]":
    first = ""
    for quote in text.quotes():
        first = first or quote.text.strip()
        for shape in shapes:
            match = shape.fullmatch(quote.text[:200])
            if match:
                return quote, match
    if not first:
        raise BadEvidence(f"{text.source} is empty")
    raise BadEvidence(f"{text.source} does not tell {what}: {first_words(first)}")
