"""One recognised text out of what somebody attached."""

from typing import BinaryIO, Callable, NamedTuple, Sequence

from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.model.text import Extent, Text

Opener = Callable[[], BinaryIO]


class Piece(NamedTuple):
    """One recognised text: the file it stands in, its name and row in the catalog, and how to read it.

    `numbers` are those of its lines where they do not follow `first_line` one by one. `host` is the host that it is of, as
    far as the place where it stands tells: the one that was asked, else the one of the prompt.
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
        )

    def place(self) -> str:
        """Where it stands, in words."""
        return self.file if self.first_line == 1 else f"{self.file} line {self.first_line}"
