"""The gate: finished output is read again, and refused where anything known or key-like is left in it."""

import io
from collections import Counter
from typing import Dict, Optional

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.recorded import MANIFEST
from nimdoctor.evidence.tree import Tree
from nimdoctor.private_keys import holds_private_key
from nimdoctor.redaction.blocks import pieces
from nimdoctor.redaction.expressions import Expressions
from nimdoctor.redaction.known import Known
from nimdoctor.redaction.redacted import SOFTWARE
from nimdoctor.redaction.rewriting import Rewriter


class Leak(Exception):
    """Something is left that must not leave: `kind` of thing, in `file` (by its redacted name, or its number)."""

    def __init__(self, file: str, kind: str) -> None:
        super().__init__(f"{file}: {kind} is left in it; nothing was written")
        self.file = file
        self.kind = kind


class Gate:
    """Looks through finished output by what is known."""

    def __init__(self, known: Known, catalog: Catalog) -> None:
        self._known = known
        self._catalog = catalog
        self._expressions = Expressions(known, gate=True)
        self._rewriters: Dict[object, Rewriter] = {}

    def check(self, tree: Tree) -> None:
        """Raises Leak for the first file with anything left, OSError for one that cannot be read."""
        for number, name in enumerate(tree.names(), 1):
            kind = self._left(name.encode("utf-8", "surrogateescape") + b"\n", name)
            if kind:
                # its name is what must not be told
                raise Leak(f"the name of file {number}", kind)
            with tree.open(name) as stream:
                while True:
                    chunk = stream.read(1 << 20)
                    if not chunk:
                        break
                    chunk += stream.readline(1 << 20)
                    kind = self.left(name, chunk)
                    if kind:
                        raise Leak(name, kind)

    def left(self, name: str, raw: bytes) -> Optional[str]:
        """The kind of what is left in a piece of that file, None for nothing."""
        if b"-" in raw and b"PRIVATE KEY" in raw.upper() and holds_private_key(raw):
            return "a private key"
        if b"-----BEGIN " in raw and b"".join(pieces(io.BytesIO(raw))) != raw:
            return "a certificate"
        return self._left(raw, name)

    def _left(self, raw: bytes, name: str) -> Optional[str]:
        counts: Counter[str] = Counter()
        self._rewriter(name).rewrite(raw, counts)
        return next(iter(counts), None)

    def _rewriter(self, name: str) -> Rewriter:
        evidence = name.split("/")[0] in ("files", "commands") or name == MANIFEST
        row = self._catalog.command(name[len("commands/") :]) if name.startswith("commands/") else None
        software = bool(row and SOFTWARE & set(row.facts))
        key = (evidence, software)
        if key not in self._rewriters:
            self._rewriters[key] = Rewriter(
                self._known, self._expressions, software=software, gate=True, strict=evidence
            )
        return self._rewriters[key]
