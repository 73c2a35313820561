"""`lsitab nimsh`: whether nimsh is started at boot."""

import re
from typing import NamedTuple, Optional

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

ROW = "nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1"
"""The row that starts nimsh at boot, as hosts and public scripts have it."""

_ROW = re.compile(r"\s*nimsh:([^:]*):([^:]*):(.*)")
_OF_ANY = re.compile(r":?[\w.+-]{1,14}:[0-9a-cA-CsSmM]*:\w*:", re.ASCII)
_STARTS = re.compile(r"startsrc\s.*?(?:-g\s*nimclient|-s\s*nimsh)(?:\s|$)|(?:^|\s|/)nimsh(?:\s|$)")
_BOOT_LEVEL = "2"
_AT_BOOT = frozenset({"boot", "bootwait", "once", "respawn", "sysinit", "wait"})


@fact(Row("lsitab nimsh", Kind.COMMAND, variants=("lsitab -a",), empty_means_none=True))
class Inittab(NamedTuple):
    """The row of nimsh; `present` is False, and `at` None, when there is none. `levels` are its run levels, empty for all.

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
    levels: str = ""
    command: str = ""

    @classmethod
    def parse(cls, text: Text) -> "Inittab":
        """Empty output means no row: lsitab prints nothing and exits 1. So does a whole `lsitab -a` without it.

        Raises BadEvidence for anything else.
        """
        any_text = False
        others = 0
        for quote in text.quotes():
            row = _ROW.fullmatch(quote.text)
            if row:
                return cls(text.source, True, quote, row.group(2), row.group(1), row.group(3))
            any_text = any_text or bool(quote.text.strip())
            others += bool(_OF_ANY.match(quote.text))
        if others > 1 and text.is_whole and re.fullmatch(r"lsitab[ _]-a", text.name.strip()):
            return cls(text.source, False, None)
        if any_text:
            raise BadEvidence(f"{text.source} holds no row of nimsh")
        # exit 0 says that there was a row, so that its text was lost
        if text.status not in (None, 1):
            raise BadEvidence(f"{text.source} ended with status {text.status} and no output")
        return cls(text.source, False, None)

    @property
    def at_boot(self) -> bool:
        """Whether init acts on the row when the host boots to run level 2, as AIX does; with the action `off` it does not."""
        return self.present and self.action in _AT_BOOT and _BOOT_LEVEL in (self.levels or _BOOT_LEVEL)

    @property
    def starts_nimsh(self) -> bool:
        """Whether the row's command starts nimsh, as far as the command itself tells."""
        command = self.command.split("#", 1)[0]
        return bool(_STARTS.search(command[:1000]))

    def whole(self) -> Quote:
        """The row, or the empty output."""
        return self.at or Quote(self.source, None, "")
