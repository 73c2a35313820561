"""What a terminal shows of a line that a program wrote with control sequences: colours, titles, erased characters."""

import re
from typing import List

from nimdoctor.evidence.wrapping.lines import Line

_LONGEST = 16 * 1024
"""Characters of a line that are played; nobody typed or coloured a longer one."""
_SEQUENCE = re.compile(
    r"\x1b\][^\x07\x1b\n]{0,1000}(?:\x07|\x1b\\)?"  # the title of a window
    r"|\x1b\[(?P<amount>[0-?]{0,40})[ -/]{0,4}(?P<final>[@-~])"
    r"|\x1b[()*+][0-9A-Za-z]|\x1b[=>78A-Za-z]|\x1b"
)
_COLUMNS = 80


def played(lines: List[Line]) -> List[Line]:
    r"""The lines as they stood on the screen.

    >>> played([Line(1, "\x1b]0;root@lpar7\x07\x1b[32mlpar7\x1b[m # lsrc\b\b\bsrc -a"), Line(2, "10%\rdone")])
    [Line(number=1, text='lpar7 # lsrc -a', ends=False), Line(number=2, text='done', ends=False)]
    """
    return [line._replace(text=_shown(line.text)) if _moves(line.text) else line for line in lines]


def _moves(text: str) -> bool:
    return "\x1b" in text or "\b" in text or "\r" in text


def _shown(text: str) -> str:
    text, rest = text[:_LONGEST].rstrip("\r"), text[_LONGEST:]
    cells: List[str] = []
    at = column = 0
    while at < len(text):
        letter = text[at]
        if letter == "\x1b":
            found = _SEQUENCE.match(text, at)
            assert found
            at = found.end()
            column = _moved(cells, column, found["final"] or "", found["amount"] or "")
            continue
        at += 1
        if letter == "\b":
            column = max(column - 1, 0)
        elif letter == "\r":
            # a blank and a return at the margin are how a shell goes on in the next row of the screen
            wrapped = column % _COLUMNS == 1 and column > _COLUMNS and cells[column - 1] == " "
            if wrapped:
                cells.pop()
            column = column - 1 if wrapped else 0
        elif letter != "\x07":
            cells[column : column + 1] = [letter]
            column += 1
    return "".join(cells) + rest


def _moved(cells: List[str], column: int, final: str, amount: str) -> int:
    """Where the cursor stands after that sequence, which may erase."""
    count = int(amount[:4]) if amount[:4].isdigit() else 0
    if final == "K":
        if count == 2:
            cells[:] = []
            return 0
        if count == 0:
            del cells[column:]
    elif final == "P":
        del cells[column : column + max(count, 1)]
    elif final == "D":
        return max(column - max(count, 1), 0)
    elif final == "C":
        column = min(column + max(count, 1), _LONGEST)
        cells += [" "] * (column - len(cells))
    elif final == "G":
        column = min(max(count, 1) - 1, _LONGEST)
        cells += [" "] * (column - len(cells))
    elif final == "@":
        cells[column:column] = [" "] * min(max(count, 1), _LONGEST - len(cells))
    return column
