"""/etc/nimdoctor.levels: rows that a site adds to the tables of levels, a line each."""

import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from nimdoctor.facts.level_table import TABLES, BadRow, LevelRow, table
from nimdoctor.model.own_files import LEVELS_FILE
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import Quote, Text, first_words

ROWS = 200
"""Rows of a site that are used: each may become a word of a command line."""
SURE = "C"
"""How sure a site's row is where it does not say."""
REMARKS = 20
"""Lines that are no rows of which each is told; a file with more of them is no such file."""

_COLUMN = re.compile(r"(?:^|\s)([a-z_]{1,40})=")


@fact(Row(LEVELS_FILE, Kind.FILE))
class SiteLevels(NamedTuple):
    """Lines `TABLE column=value …`; a value runs to the next ` column=`, so that it needs no quotation marks.

    A site adds and never overrules: a row that one of nimdoctor's own says otherwise is not obeyed. What is not
    obeyed is a remark, each with its line; nothing of it is fatal.

    >>> site = SiteLevels.parse(Text.of('''generations generation=G3 tl=VIOS 4.1.3 first=4.1.3.10 source=our letter 7
    ... generations generation=G3 tl=7300-03 first=7300-03-01 source=hearsay
    ... ''', "/etc/nimdoctor.levels"))
    >>> site.rows[0].get("tl"), site.rows[0].sure, site.rows[0].source
    ('VIOS 4.1.3', 'C', '/etc/nimdoctor.levels line 1: our letter 7')
    >>> print(site.remarks[0])
    /etc/nimdoctor.levels line 2 is not obeyed: nimdoctor's own row (IBM node/7283858) says 7300-03-03 and the later level counts
    """

    source: str
    rows: Tuple[LevelRow, ...]
    remarks: Tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: Text) -> "SiteLevels":
        """Raises BadEvidence only for a file that cannot be read."""
        rows: List[LevelRow] = []
        remarks: List[str] = []
        for quote in text.quotes():
            line = quote.text.strip()
            if not line or line.startswith("#"):
                continue
            if len(rows) == ROWS or len(remarks) == REMARKS:
                many = f"{ROWS} rows" if len(rows) == ROWS else f"{REMARKS} lines that are no rows"
                remarks.append(f"{quote.source} from line {quote.line} on is not obeyed: after {many}")
                break
            try:
                rows.append(_row(line, quote, rows))
            except BadRow as error:
                remarks.append(f"{quote.source} line {quote.line} is not obeyed: {error}")
        return cls(text.source, tuple(rows), tuple(remarks))

    def whole(self) -> Quote:
        """A quote that means the whole file."""
        return Quote(self.source, None, "")


@fact()
class LevelTables(NamedTuple):
    """The tables of levels as they hold for one host: nimdoctor's own rows, then those of its site."""

    site: Optional[SiteLevels]

    @classmethod
    def derive(cls, site: Optional[SiteLevels]) -> "LevelTables":
        """There without a site's file too."""
        return cls(site)

    def rows(self, name: str) -> Tuple[LevelRow, ...]:
        """The rows of that table; its columns are in `data/NAME.json`."""
        added = self.site.rows if self.site else ()
        return table(name).rows + tuple(row for row in added if row.table == name)

    def apars(self) -> Tuple[str, ...]:
        """Every APAR that any table names, each once: what `instfix -ik` is asked for."""
        named = (row.get("apar") for name in TABLES for row in self.rows(name))
        return tuple(dict.fromkeys(apar for apar in named if apar))


def _row(line: str, quote: Quote, before: List[LevelRow]) -> LevelRow:
    name, _, rest = line.partition(" ")
    if name not in TABLES:
        raise BadRow(f"{first_words(line)} names no table (there are {', '.join(TABLES)})")
    given: Dict[str, str] = {}
    pieces = _COLUMN.split(rest)
    if pieces[0].strip():
        raise BadRow(f"{first_words(pieces[0])} is no column=value")
    for column, value in zip(pieces[1::2], pieces[2::2]):
        if column in given:
            raise BadRow(f"it has {column} twice")
        given[column] = value.strip()
    given.setdefault("sure", SURE)
    found = table(name)
    row = found.row(given, quote)
    objection = found.objection(row, (*found.rows, *before))
    if objection:
        raise BadRow(objection)
    return row
