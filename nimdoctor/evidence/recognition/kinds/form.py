"""What is known of a kind of text: its forms, the lines of each, and from where each is known."""

import enum
from typing import NamedTuple, Tuple


class Origin(enum.Enum):
    """Where a form was met."""

    RECORDED = "recorded on a host"
    IBM = "a page of IBM"
    REPORT = "a public report or manual"
    GUIDE = "the guide, IBM isg3T1024615"
    STANDARD = "a format of its own, documented"
    BELIEVED = "believed"

    @property
    def seen(self) -> bool:
        """Whether somebody showed such a text."""
        return self is not Origin.BELIEVED


class Sign(NamedTuple):
    """A line by which a kind is known: a pattern for its beginning, the points of a match, and the most that all bring.

    A sign of no points tells nothing about a text of unknown origin; in one whose name is known it is a known line.
    """

    pattern: str
    points: float = 0
    most: float = 0


class Form(NamedTuple):
    """One form of a kind: what it is in words, a sample of made-up names whose lines are all known, its signs, where it was
    met, the mark of that (A, B, C, M as in the list of sources), and the source by name.
    """

    shape: str
    sample: str
    signs: Tuple[Sign, ...]
    origin: Origin
    mark: str
    source: str


class TextKind(NamedTuple):
    """A kind of text. `key` names it here, `rows` are its rows in the catalog, by their labels.

    `lines` are patterns of further lines that belong to it when they stand among its own: comments, heads,
    continuations. A line that `opens` takes what follows with it, to one that `closes`, at most `WRAPPED` lines on. A kind
    with `once` has a line that stands in it once: where it comes again, another text of that kind begins. `ends` says
    that a line which is not its own ends it even where no blank line stands between: a file whose rows are all of one shape.
    """

    key: str
    rows: Tuple[str, ...]
    forms: Tuple[Form, ...]
    lines: Tuple[str, ...] = ()
    opens: str = ""
    closes: str = ""
    once: str = ""
    ends: bool = False

    @property
    def signs(self) -> Tuple[Sign, ...]:
        """The signs of all its forms."""
        return tuple(sign for form in self.forms for sign in form.signs)


WRAPPED = 60
"""Lines that one wrapped value has at most."""
COMMENT = r"^[ \t]*#"
LEVEL = r"\d+\.\d+\.\d+\.\d+"
