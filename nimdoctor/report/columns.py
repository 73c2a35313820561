"""A table for a terminal. tabulate draws the same, and takes a twelfth of a bundle's time to load."""

from typing import List, Sequence

_PADDING = 2
"""By how much a column is wider than its heading at least."""


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> List[str]:
    """The lines of a table: the headings, a rule, the rows; cells to the left.

    >>> columns(["Run", "Fixes"], [["20250314", "enable-tftp"]])
    ['Run       Fixes', '--------  -----------', '20250314  enable-tftp']
    """
    cells = [[cell.strip() for cell in row] for row in rows]
    widths = [
        max(len(head) + _PADDING, *(len(row[at]) for row in cells)) if cells else len(head) + _PADDING
        for at, head in enumerate(heads)
    ]
    lines = [list(heads), ["-" * width for width in widths], *cells]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
