"""What stands before each of several lines: indentation, numbers of lines, the time at which a logger wrote it."""

import re
from typing import Callable, List, Optional

from nimdoctor.evidence.wrapping.lines import Line, runs

MARGIN = re.compile(r"(?m)^(?:[ ]{2}|\t)[ \t]*\S|^[ \t]*\d{1,7}[:\t ]|^\[?(?:\d{4}-\d\d-\d\d|[A-Z][a-z]{2} [ \d]\d )")
_LINE_NUMBER = re.compile(r"[ \t]*(\d{1,7})(?:\t|:[ ]?|[ ]{2})(?=\S|$)|[ \t]*(\d{1,7})$")
_ASKED = re.compile(r"\b(?:e|f)?grep [^|\n]{0,100}-\w{0,5}n\b|\bcat -n\b|\bnl /")
_LOGGED = re.compile(
    r"\[?(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)\]?"
    r"(?P<host>[ \t]+[\w.-]+)?(?:[ \t]+[\w./-]+(?:\[\d+\])?:)?[ \t]"
)
_STANZA = re.compile(r"(?m)^[A-Za-z0-9_.@+-]{1,200}:[ \t]*\n(?:[ \t]*\n)?[ \t]+\w+[ \t]*= ")
_FEWEST = 3
_TRIED = 200
"""Indented stretches of one text that are looked at."""
_LONGEST = 1024 * 1024

Worth = Callable[[str], float]
"""How much a text says: what stands before lines is taken off only where they say more without."""


def stanzas(text: str) -> float:
    """How much a text says by what needs no table: stanzas of NIM, whose names stand at the margin."""
    return float(len(_STANZA.findall(text[:_LONGEST])))


def without_margins(lines: List[Line], worth: Worth) -> List[Line]:
    """The lines without what stands before each of several that follow each other."""
    if sum(len(line.text) for line in lines) > _LONGEST:
        return lines
    for taken_off in (_without_numbers, _without_indentation, _without_times):
        lines = taken_off(lines, worth)
    return lines


def _better(before: List[Line], after: List[Line], worth: Worth) -> bool:
    return worth("\n".join(line.text for line in after)) > worth("\n".join(line.text for line in before))


def _without_numbers(lines: List[Line], worth: Worth) -> List[Line]:
    """Without the numbers that cat, nl and grep print with an option: each is greater than the one before it."""
    found = list(lines)
    matches = [_LINE_NUMBER.match(line.text) for line in lines]
    for start, end in runs((bool(match) or not line.text.strip() for match, line in zip(matches, lines))):
        counted = [int(match[1] or match[2]) for match in matches[start:end] if match]
        rising = all(one < other for one, other in zip(counted, counted[1:]))
        asked = bool(start) and _ASKED.search(lines[start - 1].text) is not None
        if not rising or not counted or (len(counted) < _FEWEST and end - start < len(lines) and not asked):
            continue
        made = [
            line._replace(text=line.text[match.end() :] if match else line.text)
            for line, match in zip(lines[start:end], matches[start:end])
        ]
        if asked or _better(lines[start:end], made, worth):
            found[start:end] = made
    return found


def _without_times(lines: List[Line], worth: Worth) -> List[Line]:
    """Without the time, the host and the program that a logger puts before each line."""
    found = list(lines)
    matches = [_LOGGED.match(line.text) for line in lines]
    for start, end in runs(bool(match) for match in matches):
        if end - start < _FEWEST:
            continue
        made = [
            line._replace(text=line.text[match.end() :] if match else line.text)
            for line, match in zip(lines[start:end], matches[start:end])
        ]
        if _better(lines[start:end], made, worth):
            found[start:end] = made
    return found


def _without_indentation(lines: List[Line], worth: Worth) -> List[Line]:
    """Without the blanks that all lines of an island begin with: of one whose heads, which stand at the margin, would."""
    found = list(lines)
    widths = [_width(line.text) for line in lines]
    inside = [width is None or width >= 2 for width in widths]
    tried = 0
    for start, end in runs(inside):
        known = [width for width in widths[start:end] if width is not None]
        if not known:
            continue
        margin = min(known)
        made = [line._replace(text=line.text.expandtabs()[margin:]) for line in lines[start:end]]
        apart = tried < _TRIED and (not start or _is_apart(lines[start - 1 : start + 1]))
        tried += apart
        if _better(lines[start:end], made, stanzas) or (apart and _better(lines[start:end], made, worth)):
            found[start:end] = made
    return found


def _is_apart(lines: List[Line]) -> bool:
    """Whether the line at the margin, the first of two, is none to which the indented one after it belongs."""
    before, after = (line.text.strip() for line in lines)
    words = len(before.split())
    return words != 1 if before.endswith(":") else not after


def _width(text: str) -> Optional[int]:
    """Columns of blanks before a line; None for one that has nothing else."""
    bare = text.lstrip()
    return len(text[: len(text) - len(bare)].expandtabs()) if bare else None
