"""The table of recognised kinds of text: which lines each is known by, in which forms, and from where these are known."""

import functools
import re
from typing import Pattern, Tuple

from nimdoctor.evidence.catalog import Catalog, Row
from nimdoctor.evidence.recognition.kinds.files import FILE_KINDS
from nimdoctor.evidence.recognition.kinds.form import COMMENT, WRAPPED, Form, Origin, Sign, TextKind
from nimdoctor.evidence.recognition.kinds.log import NIMSH, NIMSH_LOG
from nimdoctor.evidence.recognition.kinds.nim import NIM_KINDS
from nimdoctor.evidence.recognition.kinds.software import SOFTWARE_KINDS
from nimdoctor.evidence.recognition.kinds.src import SRC_KINDS
from nimdoctor.evidence.recognition.kinds.system import SYSTEM_KINDS

__all__ = [
    "ALONE", "COMMENT", "KINDS", "NIMSH_LOG", "WRAPPED", "Form", "Origin", "Sign", "TextKind", "kinds_of", "line_is_known",
    "own_lines",
]  # fmt: skip

KINDS: Tuple[TextKind, ...] = (NIMSH, *NIM_KINDS, *FILE_KINDS, *SRC_KINDS, *SOFTWARE_KINDS, *SYSTEM_KINDS)
ALONE: Tuple[Tuple[str, str], ...] = (
    ("oslevel -s", r"\d{4}-\d\d-\d\d-\d{4}"),
    ("uname -m", r"00[0-9A-F]{10}"),
    ("date -u +%Y-%m-%dT%H:%M:%SZ", r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    ("openssl version", r"OpenSSL \d+\.\d+\S*[ \t]+.*\b\d{4}\b.*"),
)
"""What only one line, standing alone, can tell."""


def kinds_of(row: Row) -> Tuple[TextKind, ...]:
    """The kinds of text that a row of the catalog reads; none where no form of it is known."""
    return tuple(kind for kind in KINDS if row.label in kind.rows)


def line_is_known(row_name: str, line: str) -> bool:
    """Whether a line has the shape of one that the row of that name is known to give; a blank one has.

    `row_name` is a name of the catalog, or a command or path that belongs to one of its rows. A name without a row, and a
    row without a kind, knows no line.

    >>> line_is_known("lsnim -l", "   Cstate         = ready for a NIM operation")
    True
    >>> line_is_known("lssrc -s nimsh", "The daemon has gone fishing.")
    False
    """
    if not line.strip():
        return True
    row = _catalog().named(row_name)
    return (
        bool(row) and any(pattern.search(line[:1000]) for kind in kinds_of(row) for pattern in own_lines(kind))
        if row
        else False
    )


@functools.cache
def own_lines(kind: TextKind) -> Tuple[Pattern[str], ...]:
    """Patterns of all lines that belong to a kind, of its signs first."""
    return tuple(re.compile(pattern, re.MULTILINE) for pattern in (*(sign.pattern for sign in kind.signs), *kind.lines))


@functools.cache
def _catalog() -> Catalog:
    return Catalog()
