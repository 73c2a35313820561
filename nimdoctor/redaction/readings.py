"""How each text is read, by the name that it leaves under: rewriter and gate ask here, so that they cannot differ.

A name is a file's in a redacted tree, or a command line as a redacted manifest has it. Of JSON every string is read
by itself, as the text that it is, not as it is written with escapes.
"""

import io
import re
from collections import Counter
from typing import Any, Callable, Dict, Optional, Tuple

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.manifest import MANIFEST
from nimdoctor.redaction.blocks import pieces
from nimdoctor.redaction.expressions import Expressions
from nimdoctor.redaction.rewriting import Rewriter
from nimdoctor.redaction.site_names import SiteNames

DEPTH = 16
"""Levels of a manifest that are read; what is deeper does not leave."""
SOFTWARE = frozenset({
    "Filesets", "FilesetHistory", "Apars", "InterimFixes", "OsLevel", "OpensslVersion", "IosLevel",
    "LppSourceContents", "LppSources", "RecordedPush", "LibraryArchives",
})  # fmt: skip
"""Facts whose texts list levels of software."""
_NO_CHARACTER = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Half of a pair, which no encoding has; those that stand for a byte are none."""


class Readings:
    """The rewriters of one redaction; with `gate` those that look whether anything is left."""

    def __init__(self, known: SiteNames, catalog: Catalog, *, gate: Optional[Expressions] = None) -> None:
        self._known = known
        self._catalog = catalog
        self._gate = gate is not None
        self._expressions = gate or Expressions(known, gate=False)
        self._rewriters: Dict[tuple[bool, bool], Rewriter] = {}
        self._second = None if gate else Readings(known, catalog, gate=Expressions(known, gate=True))

    def gate(self) -> "Readings":
        """Those that look whether anything is left, and that remember nothing yet."""
        return Readings(self._known, self._catalog, gate=(self._second or self)._expressions)

    @property
    def plain(self) -> Rewriter:
        """For names, and whatever lists no software."""
        return self._rewriter(software=False, strict=True)

    def both(self) -> Tuple[Rewriter, Rewriter]:
        """For any text of a host: as one that lists no software, and as one that does."""
        return self.plain, self._rewriter(software=True, strict=True)

    @property
    def own(self) -> Rewriter:
        """For what nimdoctor says itself, where a level may look like an address: only what is known counts."""
        return self._rewriter(software=False, strict=False)

    def of(self, name: str) -> Rewriter:
        """For what is read from there: a file of the tree (files/..., commands/...), a path, or a command as typed."""
        start, _, rest = name.partition("/")
        name = "/" + rest if start == "files" else rest if start == "commands" else name
        row = self._catalog.file(name) or self._catalog.command(name)
        return self._rewriter(software=bool(row and SOFTWARE & set(row.facts)), strict=True)

    def of_document(self, name: str) -> Rewriter:
        """For a file of finished output: one of the evidence, or a document beside it."""
        return self.plain if name == MANIFEST else self.of(name) if is_evidence(name) else self.own

    def is_sure(self, text: str) -> bool:
        """Whether the gate finds nothing in a name, or in a string that holds pseudonyms already."""
        second = self._second or self
        return second.plain.left(encoded(text)) is None

    def _rewriter(self, *, software: bool, strict: bool) -> Rewriter:
        found = self._rewriters.get((software, strict))
        if found is None:
            second = self._second._rewriter(software=software, strict=strict) if self._second else None
            found = Rewriter(
                self._known, self._expressions, second=second, software=software, gate=self._gate, strict=strict
            )
            self._rewriters[software, strict] = found
        return found


def is_evidence(name: str) -> bool:
    """Whether a file of a redacted tree is a copy of a host's file, or a command's output."""
    return name.startswith(("files/", "commands/"))


def walked(value: object, change: Callable[[str], str], *, keys: bool = True, depth: int = DEPTH) -> Any:
    """A value of JSON with each of its strings changed, keys too; numbers stay. Lower than `depth` there is None.

    >>> walked({"a": ["b", 1]}, str.upper)
    {'A': ['B', 1]}
    """
    if isinstance(value, str):
        return change(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth <= 0:
        return None
    if isinstance(value, dict):
        return {
            (change(str(key)) if keys else key): walked(inner, change, keys=keys, depth=depth - 1)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [walked(inner, change, keys=keys, depth=depth - 1) for inner in value]
    return None


def encoded(text: str) -> bytes:
    r"""A string as bytes, a name of a file that is no UTF-8 as the bytes that it has.

    >>> encoded("m\udcfcller"), encoded("\ud800")
    (b'm\xfcller', b'\xef\xbf\xbd')
    """
    return _NO_CHARACTER.sub("\ufffd", text).encode("utf-8", "surrogateescape")


def rewritten(text: str, rewriter: Rewriter, counts: "Counter[str]") -> str:
    """A string of any number of lines as it leaves: without keys, certificates and NULs, with pseudonyms."""
    clean = b"".join(pieces(io.BytesIO(encoded(text))))
    return rewriter.rewrite(clean, counts).decode("utf-8", "surrogateescape")
