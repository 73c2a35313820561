"""`instfix -ik APAR`: whether the filesets of an APAR are installed."""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text, first_words

_SHAPES = (
    (re.compile(r"\bNot all filesets for (\S+) were found"), False),
    (re.compile(r"\bThere was no data for (\S+) in the fix database"), False),
    (re.compile(r"\bAll filesets for (\S+) were found"), True),
)


_BY_FIX = re.compile(r"\bInterim fix '([^']{1,60})' associated with (\S{1,40}) is installed\.")


_COLONS = re.compile(r"([A-Za-z]{2}[0-9]{4,6}):[\w.+-]{1,80}:[0-9.]{7,40}:[0-9.]{0,40}:([-=+!<]):.*", re.ASCII)
"""A row of `-c`: an APAR, a fileset, the level asked for and the one there, and how the latter stands to it."""


class AparRow(NamedTuple):
    """One answer. `installed` is False when filesets are missing or the fix database knows nothing of it, None where
    the interim fix of the label `interim_fix` carries it, whose state is not told here (`emgr` does).
    """

    apar: str
    installed: Optional[bool]
    at: Quote
    interim_fix: str = ""

    def quote(self) -> Quote:
        """The line as printed."""
        return self.at


@fact(Row("instfix -ik {APARS}", Kind.COMMAND, variants=("instfix -ik", "instfix -i")), reads_parts=True)
class Apars(NamedTuple):
    """APARs (or any other keyword of the fix database) that were asked for.

    Exit status 249 goes with "not all" and is no error.

    >>> apars = Apars.parse(Text.of('''    All filesets for IJ13756 were found.
    ...     Not all filesets for IJ53757 were found.
    ...     There was no data for IJ59566 in the fix database.
    ...     Interim fix 'IJ55968s5a' associated with IJ55968 is installed.
    ... ''', "instfix -ik"))
    >>> apars.installed("IJ13756"), apars.installed("IJ59566"), apars.installed("IJ09232")
    (True, False, None)
    >>> apars.installed("IJ55968"), apars.by_interim_fix("IJ55968").interim_fix
    (None, 'IJ55968s5a')
    """

    source: str
    rows: Tuple[AparRow, ...]

    @classmethod
    def parse(cls, text: Text) -> "Apars":
        """Raises BadEvidence for an empty text or one that answers for no APAR."""
        rows: List[AparRow] = []
        first = ""
        for quote in text.quotes():
            first = first or quote.text.strip()
            row = _row(quote)
            if row:
                rows.append(row)
        rows += _of_filesets(text)
        if not first:
            raise BadEvidence(f"{text.source} is empty")
        if not rows:
            raise BadEvidence(f"{text.source} answers for no APAR: {first_words(first)}")
        return cls(text.source, tuple(rows))

    @classmethod
    def combine(cls, parts: Sequence["Apars"]) -> "Apars":
        """All answers; of two for one APAR the first part's counts."""
        return cls(parts[0].source, tuple(row for part in parts for row in part.rows))

    def row(self, apar: str) -> Optional[AparRow]:
        """The answer for that APAR; None when it was not asked for."""
        return next((row for row in self.rows if row.apar == apar.upper()), None)

    def installed(self, apar: str) -> Optional[bool]:
        """Whether its filesets are installed; None when it was not asked for, or an interim fix carries it."""
        row = self.row(apar)
        return row.installed if row else None

    def by_interim_fix(self, apar: str) -> Optional[AparRow]:
        """The answer that an interim fix carries it, in effect or not; None where there is none."""
        row = self.row(apar)
        return row if row and row.interim_fix else None

    def quote(self, apar: str) -> Quote:
        """The answer for it, else the whole."""
        row = self.row(apar)
        return row.at if row else self.whole()

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


def _of_filesets(text: Text) -> Iterator[AparRow]:
    """What rows of `-c` say together: an APAR is installed where no fileset is below the level that it asks for.

    Not where every row is of a fileset that the host does not have. A list that went through grep tells only what it lacks.
    """
    found: Dict[str, List[Tuple[str, Quote]]] = {}
    for quote in text.quotes():
        row = _COLONS.fullmatch(quote.text[:1000].strip())
        if row:
            found.setdefault(row.group(1).upper(), []).append((row.group(2), quote))
    for apar, rows in found.items():
        lower = next((quote for state, quote in rows if state in "-<"), None)
        if lower:
            yield AparRow(apar, False, lower)
        elif text.is_whole and any(state in "=+" for state, _ in rows):
            yield AparRow(apar, True, next(quote for state, quote in rows if state in "=+"))


def _row(quote: Quote) -> Optional[AparRow]:
    by_fix = _BY_FIX.search(quote.text[:400])
    if by_fix:
        return AparRow(by_fix.group(2).upper(), None, quote, by_fix.group(1))
    for shape, installed in _SHAPES:
        match = shape.search(quote.text)
        if match:
            return AparRow(match.group(1).upper(), installed, quote)
    return None
