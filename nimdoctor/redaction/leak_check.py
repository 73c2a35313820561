"""The gate: finished output is read again, and refused where anything known or key-like is left in it.

It shares with the rewriter what may not leave and how a text is read, and nothing of what the rewriter did.
"""

import json
import re
import sys
from typing import Callable, Dict, FrozenSet, List, Mapping, Optional, Tuple

from nimdoctor.evidence.manifest import MANIFEST
from nimdoctor.evidence.tree import Tree
from nimdoctor.model.private_keys import holds_private_key
from nimdoctor.redaction.blocks import without_blocks, without_nul
from nimdoctor.redaction.readings import Readings, encoded, is_evidence, walked
from nimdoctor.redaction.rewriting import Rewriter
from nimdoctor.redaction.site_names import SiteNames

_CHUNK = 1 << 20
_LONGEST = 8 << 20
"""Bytes of a line that are looked at; evidence that was redacted has none that is longer."""
_WORD = re.compile(r"[^\W_](?:[\w.:@-]*[^\W_])?")


class Leak(Exception):
    """Something is left that must not leave: `kind` of thing, in `file` (by its redacted name, or its number)."""

    def __init__(self, file: str, kind: str) -> None:
        super().__init__(f"{file}: {kind} is left in it; nothing was written")
        self.file = file
        self.kind = kind


class LeakCheck:
    """Looks through finished output by what is known."""

    def __init__(self, known: SiteNames, readings: Readings) -> None:
        self._known = known
        self._readings = readings

    def check(self, tree: Tree) -> None:
        """Raises Leak for the first file with anything left, OSError for one that cannot be read."""
        for what, names in (("directory", tree.directories()), ("file", tree.names())):
            for number, name in enumerate(names, 1):
                kind = self._left(encoded(name), self._readings.plain)
                if kind:
                    # its name is what must not be told
                    raise Leak(f"the name of {what} {number}", kind)
        for name in tree.names():
            kind = self._left_in_file(tree, name)
            if kind:
                raise Leak(name, kind)

    def check_documents(self, documents: Mapping[str, bytes], own_words: Callable[[], FrozenSet[str]]) -> None:
        """The same of documents that nimdoctor wrote, by name: no original may be in them, and no key.

        `own_words` gives words of its own sentences, in small letters: a site may have a host of that name.
        """
        originals = {original: kind for original, _, kind in self._known.replaced()}
        for name, raw in documents.items():
            if holds_private_key(raw):
                raise Leak(name, "a private key")
            for found in set(_WORD.findall(raw.decode("utf-8", "replace").lower())):
                for part in {found, *re.split(r"[-.]", found)}:
                    if part in originals and not self._known.stays(part) and part not in own_words():
                        raise Leak(name, originals[part])

    def _left_in_file(self, tree: Tree, name: str) -> Optional[str]:
        """The kind of what is left in a file, None for nothing."""
        rewriter = self._readings.of_document(name)
        with tree.open(name) as stream:
            if name == MANIFEST or (name.endswith(".json") and not is_evidence(name)):
                return self._left_in_json(stream.read(), rewriter)
            while True:
                chunk = stream.read(_CHUNK)
                if not chunk:
                    return None
                rest = stream.readline(_LONGEST)
                if len(rest) == _LONGEST:
                    return "a line that is too long to be looked at"
                kind = self._left(chunk + rest, rewriter)
                if kind:
                    return kind

    def _left_in_json(self, raw: bytes, rewriter: Rewriter) -> Optional[str]:
        """The same of a document: each of its strings by itself, those of a command as what that says."""
        kinds: List[str] = []

        def look(value: object, by: Rewriter) -> None:
            def changed(text: str) -> str:
                kind = self._left(encoded(text), by)
                kinds.extend([kind] if kind else [])
                return text

            walked(value, changed, depth=sys.getrecursionlimit())

        try:
            document = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_twins)
            commands = document.pop("commands", None) if isinstance(document, dict) else None
            look(document, rewriter)
            if isinstance(commands, dict):
                for line, entry in commands.items():
                    look(line, rewriter)
                    look(entry, self._readings.of(line))
            else:
                look(commands, rewriter)
        except (ValueError, RecursionError):
            return "what is no JSON"
        return kinds[0] if kinds else None

    def _left(self, raw: bytes, rewriter: Rewriter) -> Optional[str]:
        if not raw.endswith(b"\n"):
            # what ends lines is no finding
            raw += b"\n"
        if b"\0" in raw and without_nul(raw) != raw:
            return "text with NULs"
        if b"-" in raw and b"PRIVATE KEY" in raw.upper() and holds_private_key(raw):
            return "a private key"
        if b"-----BEGIN " in raw and without_blocks(raw) != raw:
            return "a certificate"
        return rewriter.left(raw)


def _without_twins(pairs: List[Tuple[str, object]]) -> Dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("of two keys that are the same one would not be looked at")
    return found
