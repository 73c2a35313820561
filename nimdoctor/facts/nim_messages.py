"""Numbered messages of NIM (0042-NNN) in whatever a NIM command printed."""

import re
from typing import NamedTuple, Sequence, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import Quote, Text

_NUMBER = re.compile(r"(?<![\d-])(0042-\d{3})(?!\d)")


@fact(
    Row("nimclient", Kind.COMMAND, live=False, variants=("nimclient", "niminit", "nimconfig"), bears_refusal=True),
    "nimclient -l -l {NIM_NAME}",
    "nimclient -l -l master",
    "nimclient -c",
    reads_parts=True,
)
class NimMessages(NamedTuple):
    """Each number with its line, in order; none is an answer too. Numbers survive translation, words do not.

    >>> said = NimMessages.parse(Text.of(
    ...     "0042-137 nimclient: the /etc/niminfo file is missing some required\\n", "nimclient -l -l master"))
    >>> said.numbered("0042-137")[0].line
    1
    """

    source: str
    rows: Tuple[Tuple[str, Quote], ...]

    @classmethod
    def parse(cls, text: Text) -> "NimMessages":
        """Raises BadEvidence only for a text that cannot be read."""
        return cls(text.source, tuple((number, at) for at in text.quotes() for number in _NUMBER.findall(at.text)))

    @classmethod
    def combine(cls, parts: Sequence["NimMessages"]) -> "NimMessages":
        """The messages of all parts."""
        sources = dict.fromkeys(part.source for part in parts)
        return cls(", ".join(sources), tuple(row for part in parts for row in part.rows))

    def numbered(self, number: str) -> Tuple[Quote, ...]:
        """The lines that carry that number."""
        return tuple(at for found, at in self.rows if found == number)

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")
