"""One recognised text out of what somebody attached."""

import re
from typing import BinaryIO, Callable, NamedTuple, Sequence, Tuple

from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.evidence.extent import of_text
from nimdoctor.model.text import Extent, Text

Opener = Callable[[], BinaryIO]


class Piece(NamedTuple):
    """One recognised text: the file it stands in, its name and row in the catalog, and how to read it.

    `numbers` are those of its lines where they do not follow `first_line` one by one. `host` is the host that it is of, as
    far as the place where it stands tells: the one that was asked, else the one of the prompt.
    `extent` and `words` say how much of its source it shows, as `Coverage` has it.
    """

    file: str
    name: str
    row: Row
    opener: Opener
    first_line: int = 1
    extent: Extent = Extent.WHOLE
    host: str = ""
    command: str = ""
    sure: bool = True
    numbers: Sequence[int] = ()
    words: Tuple[str, ...] = ()

    def measured(self) -> "Piece":
        """The same with what its name and its lines tell of its extent. Raises OSError."""
        base = re.split(r"[/\\]", self.file)[-1].lower()
        own_name = self.row.name.rsplit("/", 1)[-1].lstrip(".").lower() in base
        pasted = self.row.kind is Kind.FILE and not (self.command or own_name)
        shown = of_text(self.row, self.name, self.opener, known=self.extent, pasted=pasted)
        return self._replace(extent=shown.extent, words=shown.words)

    def text(self) -> Text:
        """Its text."""
        is_command = self.row.kind is Kind.COMMAND
        return Text(
            self.file,
            self.opener,
            name=self.name,
            first_line=self.first_line,
            command=is_command,
            extent=self.extent,
            numbers=self.numbers,
            words=self.words,
        )

    def place(self) -> str:
        """Where it stands, in words."""
        return self.file if self.first_line == 1 else f"{self.file} line {self.first_line}"
