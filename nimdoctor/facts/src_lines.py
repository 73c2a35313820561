"""What all output of `lssrc` has in common: lines, headings, words of its messages."""

import re
from typing import List, Set

from nimdoctor.model.text import BadEvidence, Quote, Text

_MOST_LINES = 20_000


def lines_of(text: Text) -> List[Quote]:
    """The lines that are not blank. Raises BadEvidence where there are none, or far too many."""
    quotes: List[Quote] = []
    for quote in text.quotes():
        if quote.text.strip():
            quotes.append(quote)
        if len(quotes) > _MOST_LINES:
            raise BadEvidence(f"{text.source} has more than {_MOST_LINES:,} lines, which no list of subsystems has")
    if not quotes:
        raise BadEvidence(f"{text.source} is empty")
    return quotes


def words_of(line: str) -> Set[str]:
    """The words of a message, without the marks around them."""
    return {word.strip(",.;:'\"()") for word in line.split()}


_HEADINGS = (["Subsystem", "Group", "PID", "Status"], ["Service", "Command", "Description", "Status"])


def is_narrow_header(line: str) -> bool:
    """Whether it is the English headings with its blanks made single, as web pages print them: then so are those of its rows."""
    return " ".join(line.split()) == line.strip() and line.split() in _HEADINGS


def is_header(line: str) -> bool:
    """Whether it is four headings in any language: not indented as rows are, wide apart, without a digit; or narrow ones."""
    if is_narrow_header(line):
        return True
    columns = re.split(r"\s{2,}", line.rstrip()[:400].expandtabs())
    return len(columns) == 4 and bool(columns[0]) and not re.search(r"[0-9/]", line)
