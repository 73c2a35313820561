"""/etc/netsvc.conf: in which order host names are resolved."""

import re
from typing import NamedTuple, Optional, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_SETTING = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*=(.*)")


@fact(Row("/etc/netsvc.conf", Kind.FILE))
class NetsvcConf(NamedTuple):
    """The order of `hosts`, words as written; empty, with `at` None, when no line sets it.

    >>> conf = NetsvcConf.parse(Text.of("# order\\nhosts = local, bind4\\n", "/etc/netsvc.conf"))
    >>> conf.order, conf.at.line
    (('local', 'bind4'), 2)
    """

    source: str
    order: Tuple[str, ...]
    at: Optional[Quote]
    exists: bool = True

    @classmethod
    def parse(cls, text: Text) -> "NetsvcConf":
        """A file of comments only sets nothing. Raises BadEvidence when it is empty or has no `NAME = VALUE`."""
        any_text = prose = recognised = False
        order, at = [], None
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            line = quote.text.split("#", 1)[0]
            setting = _SETTING.fullmatch(line) if "\0" not in line else None
            if setting:
                recognised = True
                if setting.group(1).lower() == "hosts" and at is None:
                    order, at = [word for word in re.split(r"[,\s]+", setting.group(2)) if word], quote
            else:
                prose = prose or bool(line.strip())
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if prose and not recognised:
            raise BadEvidence(f"{text.source} holds no NAME = VALUE")
        return cls(text.source, tuple(order), at)

    @classmethod
    def absent(cls, path: str) -> "NetsvcConf":
        """Without the file the default order holds."""
        return cls(path, (), None, exists=False)

    def whole(self) -> Quote:
        """The line that sets the order, or the whole file."""
        return self.at or Quote(self.source, None, "")
