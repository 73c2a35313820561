"""`lsitab nimsh`: whether nimsh is started at boot."""

from typing import NamedTuple, Optional

from nimdoctor.text import BadEvidence, Pattern, Quote, Text

_ROW = Pattern(r"\s*nimsh:[^:]*:([^:]*):.*")


class Inittab(NamedTuple):
    """The row of nimsh; `present` is False, and `at` None, when there is none.

    >>> row = "nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1"
    >>> Inittab.parse(Text.of(row, "lsitab nimsh")).present
    True
    >>> Inittab.parse(Text.of("", "lsitab nimsh")).present
    False
    """

    source: str
    present: bool
    at: Optional[Quote]
    action: str = ""

    @classmethod
    def parse(cls, text: Text) -> "Inittab":
        """Empty output means no row: lsitab prints nothing and exits 1. Raises BadEvidence for anything else."""
        saw_text = False
        for quote in text.quotes():
            row = _ROW.fullmatch(quote.text)
            if row:
                return cls(text.source, True, quote, row.group(1))
            saw_text = saw_text or bool(quote.text.strip())
        if saw_text:
            raise BadEvidence(f"{text.source} holds no row of nimsh")
        if text.status not in (None, 0, 1):
            raise BadEvidence(f"{text.source} ended with status {text.status} and no output")
        return cls(text.source, False, None)

    @property
    def at_boot(self) -> bool:
        """Whether init acts on the row; with the action `off` it does not."""
        return self.present and self.action != "off"

    def whole(self) -> Quote:
        """The row, or the empty output."""
        return self.at or Quote(self.source, None, "")
