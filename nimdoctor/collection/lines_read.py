"""Which lines of a text have a shape that is known, and which of the others what nimdoctor makes of the text rests on."""

import enum
import re
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Pattern, Sequence, Tuple

from nimdoctor.collection.newest import newest
from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.evidence.recognition.kinds import ALONE, WRAPPED, TextKind, kinds_of
from nimdoctor.facts.message_numbers import numbered
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.text import BadEvidence, Text, decode, split_lines
from nimdoctor.model.unreadable import refused
from nimdoctor.redaction.neutral import WORD, neutral

LINES = 5_000
"""Lines of one text that are looked at, the last ones."""
GROUPS = 50
"""Shapes of one text that are tried without."""
_LETTERS = 1_000
_NUMBER = re.compile(r"(?<![\w-])\d{4}-\d{3}(?![\w-])")
_TELLS = 0.5
"""Points of a sign below which a line with a date before it is any line with a date before it."""
_RUN = re.compile(rf"{WORD}0?(?:[ ,./_:-]+{WORD}0?)+")


class LineState(enum.Enum):
    """What is known of a line."""

    KNOWN = "known"
    """Its shape is one that the table of recognised kinds holds; so is a blank line, and a comment of a file."""
    BELIEVED = "believed"
    """Its shape is in the table, and nobody had shown such a line before."""
    READ = "read"
    """No table has its shape, and what nimdoctor makes of the text changes with it."""
    UNREAD = "unread"
    """No table has its shape, and nothing that nimdoctor makes of the text rests on it."""

    UNTRIED = "untried"
    """No table has its shape, and the text has so many such shapes that of this one nothing was tried."""


STRANGE = (LineState.READ, LineState.UNREAD, LineState.UNTRIED)
"""States of a line whose shape is not known."""


class ReadLine(NamedTuple):
    """A line by its number in its source, its shape without anything of the site, and what is known of it."""

    number: int
    shape: str
    state: LineState


class TextRead(NamedTuple):
    """One text: whether any parser takes it, else why none does; its lines; how many before them were not looked at."""

    understood: bool
    reasons: Tuple[str, ...]
    lines: Tuple[ReadLine, ...]
    left_out: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing stands in it."""
        return not any(line.shape.strip() for line in self.lines)


def lines_read(row: Row, text: Text, parsers: Sequence[Any]) -> TextRead:
    """What those facts make of a text of that row, line by line. Raises BadEvidence for one that cannot be read.

    Of lines whose shape no table has it is tried what becomes of the facts without them, all of one shape at once.
    """
    whole, before = _lines_of(row, text)
    lines = whole[-LINES:]
    first = text.first_line + before + len(whole) - len(lines)
    values, reasons = _parsed(text, lines, first, parsers)
    known = _known(row, lines)
    shapes = [neutral(line[:_LETTERS]) for line in lines]
    strange: Dict[str, List[int]] = {}
    for place, shape in enumerate(shapes):
        if place not in known:
            strange.setdefault(_RUN.sub(WORD, shape), []).append(place)
    found = dict(known)
    for number, places in enumerate(strange.values()):
        state = LineState.UNTRIED if number >= GROUPS else LineState.UNREAD
        if values and number < GROUPS:
            without = ["" if place in places else line for place, line in enumerate(lines)]
            state = LineState.READ if _parsed(text, without, first, parsers)[0] != values else LineState.UNREAD
        found.update(dict.fromkeys(places, state))
    states = (found[place] for place in range(len(lines)))
    return TextRead(
        bool(values),
        reasons,
        tuple(map(ReadLine, range(first, first + len(lines)), shapes, states)),
        before + len(whole) - len(lines),
    )


def _lines_of(row: Row, text: Text) -> Tuple[List[str], int]:
    """The lines of a text, the newest of a log; how many before them were left out."""
    if not row.streamed:
        return list(split_lines(text.read())), 0
    try:
        with text.open() as stream:
            part = newest(stream)
    except OSError as error:
        raise BadEvidence(f"{text.source} cannot be read: {refused(error)}") from error
    return list(split_lines(decode(without_private_keys(part.content)))), part.first_line - 1


def _parsed(
    text: Text, lines: Sequence[str], first: int, parsers: Sequence[Any]
) -> Tuple[Dict[str, Any], Tuple[str, ...]]:
    """The facts of these lines, by their names, and why the others are not among them."""
    content = "\n".join(lines) + "\n" if lines else ""
    values: Dict[str, Any] = {}
    reasons: List[str] = []
    for parser in parsers:
        part = Text.of(
            content,
            text.source,
            name=text.name,
            first_line=first,
            command=text.command,
            status=text.status,
            stderr=text.stderr,
        )
        try:
            values[parser.__name__] = parser.parse(part)
        except BadEvidence as error:
            reasons.append(str(error))
    return values, tuple(dict.fromkeys(reasons))


def _known(row: Row, lines: Sequence[str]) -> Dict[int, LineState]:
    """What is known of the lines whose shape the tables have, by their places."""
    kinds = kinds_of(row)
    alone = [pattern for name, pattern in ALONE if name == row.label]
    seen = _patterns([*(_signs(kinds, True)), *(line for kind in kinds for line in kind.lines), *alone])
    believed = _patterns(_signs(kinds, False))
    known = dict.fromkeys(_continued(kinds, lines), LineState.KNOWN)
    for place, line in enumerate(lines):
        shown = line[:_LETTERS]
        comment = row.kind is Kind.FILE and shown.lstrip().startswith("#")
        if not shown.strip() or comment or _is_a_message(shown) or any(pattern.search(shown) for pattern in seen):
            known[place] = LineState.KNOWN
        elif place not in known and any(pattern.search(shown) for pattern in believed):
            known[place] = LineState.BELIEVED
    return known


def _is_a_message(line: str) -> bool:
    """Whether a line is a message whose number the table has, which any command may print."""
    return any(numbered(number) for number in _NUMBER.findall(line))


def _signs(kinds: Iterable[TextKind], seen: bool) -> Iterator[str]:
    """Patterns of the lines that tell something, of forms that somebody has shown, or of the others."""
    for kind in kinds:
        for form in kind.forms:
            if form.origin.seen is seen:
                yield from (sign.pattern for sign in form.signs if not 0 < sign.points < _TELLS)


def _patterns(expressions: Iterable[str]) -> List[Pattern[str]]:
    return [re.compile(expression) for expression in expressions]


def _continued(kinds: Iterable[TextKind], lines: Sequence[str]) -> Iterator[int]:
    """Places of lines that belong to a value which a line before them opened."""
    for kind in kinds:
        if not kind.opens:
            continue
        opens, closes = re.compile(kind.opens), re.compile(kind.closes)
        left = 0
        for place, line in enumerate(lines):
            if left:
                yield place
                left = 0 if closes.search(line[:_LETTERS]) else left - 1
            elif opens.search(line[:_LETTERS]):
                left = WRAPPED
