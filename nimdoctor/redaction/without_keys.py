"""Evidence that leaves with its names, and without its private keys."""

import io
import json
from typing import Any, BinaryIO, Dict, List, Sequence

from nimdoctor.evidence.certificates_only import is_guarded, may_be_opened, without_keys
from nimdoctor.evidence.manifest import MANIFEST, SCHEMA
from nimdoctor.evidence.tree import Tree
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.text import TEXT_LIMIT, from_json
from nimdoctor.redaction.readings import encoded, walked

_CHUNK = 1 << 20
_MARK = b"PRIVATE KEY"


class KeylessTree:
    """A `Tree` of an evidence directory that somebody made by hand: no file of a keys directory is in it, though its
    manifest tells that there is one, and of the others what a scan may see. Raises OSError where it cannot be read.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._held: Dict[str, bytes] = {}
        self.remarks: List[str] = []
        left_out = [name for name in tree.names() if name.startswith("files/") and not may_be_opened(name[5:])]
        self._names = [name for name in tree.names() if name not in left_out]
        for name in self._names:
            self._clean(name)
        if left_out or MANIFEST in self._names:
            self._write_manifest({name[5:]: tree.size(name) for name in left_out})

    def names(self) -> Sequence[str]:
        """All files that leave."""
        return self._names

    def directories(self) -> Sequence[str]:
        """Those of the original."""
        return self._tree.directories()

    def open(self, name: str) -> BinaryIO:
        """Raises OSError."""
        return io.BytesIO(self._held[name]) if name in self._held else self._tree.open(name)

    def size(self, name: str) -> int:
        """Raises OSError."""
        return len(self._held[name]) if name in self._held else self._tree.size(name)

    def close(self) -> None:
        """Closes the original."""
        self._tree.close()

    def _clean(self, name: str) -> None:
        """Holds what may be seen of a file, where that is not the whole."""
        path = name[5:] if name.startswith("files/") else ""
        with self._tree.open(name) as stream:
            if is_guarded(path):
                self._held[name] = without_keys(path, stream.read(TEXT_LIMIT))
            elif name != MANIFEST and _is_marked(stream):
                with self._tree.open(name) as again:
                    self._held[name] = without_private_keys(again.read())

    def _write_manifest(self, sizes: Dict[str, int]) -> None:
        """A manifest that says what was said, and of each file left out that it is there."""
        raw = b""
        found: Any = {"schema": SCHEMA}
        if MANIFEST in self._names:
            with self._tree.open(MANIFEST) as stream:
                raw = stream.read(TEXT_LIMIT)
            try:
                found = from_json(raw)
            except (ValueError, RecursionError):
                found = None
        if not isinstance(found, dict):
            # a scan does without it too
            self._held[MANIFEST] = without_private_keys(raw)
            return
        manifest = walked(found, _without_keys)
        paths = manifest.get("paths")
        states = paths if isinstance(paths, dict) else {}
        missing = {path: {"kind": "file", "size": size} for path, size in sizes.items() if states.get(path) is None}
        if missing:
            manifest["paths"] = {**states, **missing}
        if manifest != found or not raw:
            self._names = sorted({*self._names, MANIFEST})
            self._held[MANIFEST] = (json.dumps(manifest, indent=1) + "\n").encode("ascii")


def _is_marked(stream: BinaryIO) -> bool:
    """Whether the words of a key stand in it, however they are written."""
    rest = b""
    for chunk in iter(lambda: stream.read(_CHUNK), b""):
        if _MARK in (rest + chunk).upper():
            return True
        rest = chunk[-len(_MARK) :]
    return False


def _without_keys(text: str) -> str:
    return without_private_keys(encoded(text)).decode("utf-8", "surrogateescape")
