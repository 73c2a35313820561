"""What AIX's loader says when a program or library cannot be loaded: 0509-NNN, each over one line or more."""

import re
from typing import Iterable, List, NamedTuple, Tuple

from nimdoctor.model.text import Quote

_OWN = re.compile(r"(?<![\d-])(0509-\d{3})(?!\d)", re.ASCII)
_ANY = re.compile(r"(?<![\d-])\d{4}-\d{3}(?!\d)", re.ASCII)
LINES = 4
"""Lines that one complaint takes at most."""


class LoaderComplaint(NamedTuple):
    """One complaint: its number, which survives translation, and its lines."""

    number: str
    lines: Tuple[Quote, ...]

    @property
    def words(self) -> str:
        """Its lines as one, blanks made single."""
        return " ".join(" ".join(line.text.split()) for line in self.lines)


def complaints(quotes: Iterable[Quote]) -> Tuple[LoaderComplaint, ...]:
    """Every complaint in a text; a line goes on in those below it that are indented and carry no number.

    >>> from nimdoctor.model.text import Text
    >>> said = complaints(Text.of('''exec(): 0509-036 Cannot load program nimsh because of the following errors:
    ...         0509-136   Symbol SSL_new (number 12) is not exported from
    ...                    dependent module /usr/lib/libssl.so.0.9.8.
    ...         0509-192 Examine .loader section symbols with the
    ...                  'dump -Tv' command.
    ... ''', "nimclient -c").quotes())
    >>> [one.number for one in said]
    ['0509-036', '0509-136', '0509-192']
    >>> said[1].words, [line.line for line in said[1].lines]
    ('0509-136 Symbol SSL_new (number 12) is not exported from dependent module /usr/lib/libssl.so.0.9.8.', [2, 3])
    """
    found: List[LoaderComplaint] = []
    open_ended = False
    for quote in quotes:
        line = quote.text[:1000]
        own = _OWN.search(line)
        if own:
            found.append(LoaderComplaint(own.group(1), (quote,)))
            open_ended = True
        elif open_ended and line[:1].isspace() and line.strip() and not _ANY.search(line):
            found[-1] = found[-1]._replace(lines=(*found[-1].lines, quote))
            open_ended = len(found[-1].lines) < LINES
        else:
            open_ended = False
    return tuple(found)
