"""What stands around a text where people paste it: taken off, each line keeping the number that it has in the file.

A terminal's control sequences, quotes of mail, pages, records of JSON and YAML, fences, letters that only look like those of
a keyboard, indentation and numbers before lines. Taken off in the order in which the outer one was put on last.
"""

import re
from typing import Callable, List, Tuple

from nimdoctor.evidence.wrapping.encoding import decoded
from nimdoctor.evidence.wrapping.fences import FENCE, without_fences
from nimdoctor.evidence.wrapping.letters import UNUSUAL, plain
from nimdoctor.evidence.wrapping.lines import Line, joined, numbered, numbers_of, runs
from nimdoctor.evidence.wrapping.mail import from_quoted_printable, is_quoted_printable, without_quoting
from nimdoctor.evidence.wrapping.margins import MARGIN, Worth, stanzas, without_margins
from nimdoctor.evidence.wrapping.records import RECORD, from_records
from nimdoctor.evidence.wrapping.terminal import played

__all__ = ["Line", "decoded", "joined", "numbered", "numbers_of", "runs", "unwrapped"]

Sign = Callable[[str], object]
_ENTITY = re.compile(r"&(?:lt|gt|amp|nbsp|quot|apos|#\d{1,6}|#[xX][0-9A-Fa-f]{1,5});")
_TAG = re.compile(r"(?i)</?(?:pre|code|br|p|div|span|td|li|html|body|table|samp|tt)\b[^<>\n]{0,300}/?>")


def _without_tags(lines: List[Line]) -> List[Line]:
    from nimdoctor.evidence.wrapping.page import without_tags

    return without_tags(lines)


def _without_entities(lines: List[Line]) -> List[Line]:
    from nimdoctor.evidence.wrapping.page import without_entities

    return without_entities(lines)


_WRAPPINGS: Tuple[Tuple[Sign, Callable[[List[Line]], List[Line]]], ...] = (
    (re.compile("[\x08\x1b]|\r(?!\n)").search, played),
    (is_quoted_printable, from_quoted_printable),
    (re.compile(r"(?m)^[ \t]{0,8}[>|]").search, without_quoting),
    (RECORD.search, from_records),
    (_TAG.search, _without_tags),
    (_ENTITY.search, _without_entities),
    (UNUSUAL.search, plain),
    (re.compile(r"(?m)^[ \t]{0,8}[>|]").search, without_quoting),  # a mail on a page
    (FENCE.search, without_fences),
)


def unwrapped(text: str, worth: Worth = stanzas) -> List[Line]:
    """The lines of a text without what stands around them; what stands before each goes where `worth` rises by it.

    >>> [line.text for line in unwrapped("> \\x1b[1mlssrc\\x1b[0m\\u00a0-a &gt; x\\r\\n> ```\\r\\n")]
    ['lssrc -a > x', '']
    """
    lines = numbered(text)
    for sign, taken_off in _WRAPPINGS:
        if sign(text):
            lines = taken_off(lines)
            text = joined(lines)
    if MARGIN.search(text):
        lines = without_margins(lines, worth)
    return lines
