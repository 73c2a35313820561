"""The redacted tree: the files of an evidence directory under their redacted names, each rewritten when first opened."""

import errno
import io
import json
import os
import posixpath
import tempfile
from collections import Counter
from typing import Any, BinaryIO, Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence

from nimdoctor.evidence.catalog import Catalog, Kind, Row, file_name, path_matches
from nimdoctor.evidence.certificates_only import is_guarded, may_be_opened, without_keys
from nimdoctor.evidence.manifest import MANIFEST, LoosePiece
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.tree import Tree
from nimdoctor.evidence.x509 import X509Reader
from nimdoctor.model.text import TEXT_LIMIT, from_json
from nimdoctor.redaction import rows
from nimdoctor.redaction.blocks import pieces
from nimdoctor.redaction.borrowed_tree import BorrowedTree
from nimdoctor.redaction.certificates import CertificateTexts
from nimdoctor.redaction.ledger import Ledger
from nimdoctor.redaction.passwords import REMOVED
from nimdoctor.redaction.readings import Readings, rewritten, walked
from nimdoctor.redaction.site_names import SiteNames

IN_MEMORY = 1 << 20
"""Bytes of a redacted file that are held in memory; a larger one waits in a file without a name."""


THINNED = frozenset({"Hosts", "Processes", "Sockets", "Interfaces"})
"""Facts of whose texts only the lines about NIM and its ends leave."""


class _Source(NamedTuple):
    """Where a redacted file comes from: the original's name, and how it is filtered."""

    original: str
    row: Row
    command: str = ""


class RedactedTree:
    """A `Tree`; nothing of an original is reachable through it. Closing it lets go of its own files only."""

    def __init__(
        self,
        tree: Tree,
        known: SiteNames,
        readings: Readings,
        ledger: Ledger,
        catalog: Catalog,
        ends: rows.NimEnds,
        place: Optional[str] = None,
    ) -> None:
        self._tree = tree
        self._known = known
        self._ledger = ledger
        self._catalog = catalog
        self._ends = ends
        self._place = place
        self._readings = readings
        self._sources: Dict[str, _Source] = {}
        self._held: Dict[str, bytes | BinaryIO] = {}
        self._certificate_entries: List[Dict[str, Any]] = []
        self._present: Dict[str, Dict[str, Any]] = {}
        """States of paths below files/ that stay behind: to be there is a finding too."""
        self._same: Counter[str] = Counter()
        self.remarks: List[str] = []
        self._evidence = RecordedEvidence("evidence", BorrowedTree(tree), catalog)
        self._reader = X509Reader(self._evidence, catalog)
        self._certificates = CertificateTexts(known, self._reader)
        counts: Counter[str] = Counter()
        raw = self._manifest()
        self._sort(raw)
        self._held[MANIFEST] = json.dumps(self._manifest_again(raw, counts), indent=1, sort_keys=False).encode("ascii")
        ledger.note(MANIFEST, counts)

    # -- the tree

    def names(self) -> Sequence[str]:
        """The redacted names of all files that leave."""
        return sorted([*self._sources, MANIFEST])

    def directories(self) -> Sequence[str]:
        """The directories of the original with redacted names, but those of keys."""
        found = set()
        for name in self._tree.directories():
            if name == "files" or name == "commands" or (name.startswith("files/") and may_be_opened(name[5:] + "/x")):
                again = self._name(name)
                if self._readings.is_sure(again):
                    found.add(again)
        for name in self._sources:
            while "/" in name:
                name = posixpath.dirname(name)
                found.add(name)
        return sorted(found)

    def size(self, name: str) -> int:
        """Its size redacted. Raises OSError."""
        held = self._content(name)
        return len(held) if isinstance(held, bytes) else os.fstat(held.fileno()).st_size

    def open(self, name: str) -> BinaryIO:
        """A fresh stream of the redacted file. Raises OSError."""
        held = self._content(name)
        return io.BytesIO(held) if isinstance(held, bytes) else io.BufferedReader(_Window(held.fileno()))

    def close(self) -> None:
        """Lets go of the files that waited; the original tree stays open."""
        for held in self._held.values():
            if not isinstance(held, bytes):
                held.close()
        self._held.clear()

    def renamed(self, text: str) -> FrozenSet[str]:
        """How a line, or the name of a text, may stand in this tree: as any text, and as a listing of software."""
        return frozenset(rewritten(text, rewriter, Counter()) for rewriter in self._readings.both())

    # -- content

    def _content(self, name: str) -> "bytes | BinaryIO":
        if name not in self._held:
            source = self._sources.get(name)
            if source is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
            counts: Counter[str] = Counter()
            self._held[name] = self._gathered(self._rewritten(name, source, counts))
            self._ledger.note(name, counts)
        return self._held[name]

    def _rewritten(self, name: str, source: _Source, counts: "Counter[str]") -> Iterator[bytes]:
        rewriter = self._readings.of(name)
        change = self._filter(source)
        with self._tree.open(source.original) as stream:
            if change is None and not is_guarded(source.original[5:]):
                for piece in pieces(stream):
                    yield rewriter.rewrite(piece, counts)
                return
            whole = stream.read(TEXT_LIMIT)
        if is_guarded(source.original[5:]):
            whole = without_keys(source.original[5:], whole)
        text = b"".join(pieces(io.BytesIO(whole)))
        if change:
            before = text
            text = change(text.decode("latin-1")).encode("latin-1")
            counts["line left out"] += sum(
                a != b and bool(a.strip()) for a, b in zip(before.split(b"\n"), text.split(b"\n"))
            )
        yield rewriter.rewrite(text, counts)

    def _filter(self, source: _Source) -> Optional[Callable[[str], str]]:
        facts, ends = source.row.facts, self._ends
        if "Hosts" in facts:
            return lambda text: rows.hosts_of_ends(text, ends)
        if "Processes" in facts:
            return lambda text: rows.processes_of_ends(text, ends, source.command)
        if "Sockets" in facts:
            return lambda text: rows.sockets_of_ends(text, ends)
        if "Interfaces" in facts:
            return lambda text: rows.interfaces_of_ends(text, ends)
        return None

    def _gathered(self, parts: Iterator[bytes]) -> "bytes | BinaryIO":
        small: List[bytes] = []
        size = 0
        for part in parts:
            small.append(part)
            size += len(part)
            if size > IN_MEMORY:
                break
        else:
            return b"".join(small)
        # without a name, so that nobody else can open it and nothing is left behind
        stream = tempfile.TemporaryFile(dir=self._place)  # noqa: SIM115
        try:
            stream.writelines(small)
            small.clear()
            for part in parts:
                stream.write(part)
            stream.flush()
        except BaseException:
            stream.close()
            raise
        return stream

    # -- what leaves, and by which name

    def _manifest(self) -> Dict[str, Any]:
        if MANIFEST not in self._tree.names():
            return {}
        try:
            with self._tree.open(MANIFEST) as stream:
                found = from_json(stream.read(TEXT_LIMIT))
        except (OSError, ValueError, RecursionError):
            self._ledger.leave_out("a damaged manifest")
            return {}
        return found if isinstance(found, dict) else {}

    def _sort(self, manifest: Dict[str, Any]) -> None:
        """Decides of each file whether it leaves; fills `_sources`, `_certificate_entries` and `_present`."""
        commands: Dict[str, str] = {}
        for line, entry in self._evidence.recorded_commands().items():
            if entry.file:
                commands[entry.file] = line
        self._redacted_before()
        loose = {piece.file: piece for piece in self._evidence.pieces}
        for name in self._tree.names():
            if name == MANIFEST:
                continue
            if self._evidence.loose:
                self._sort_piece(name, loose.get(name))
            elif name.startswith("files/"):
                self._sort_file(name, name[5:])
            elif name.startswith("commands/"):
                self._sort_command(name, commands.get(name))
            elif name in commands:
                self._sort_command(name, commands[name])
            else:
                self._ledger.leave_out("no part of an evidence directory")
        for name in self._tree.directories():
            if name.startswith("files/"):
                self._state_path(name[5:], {"kind": "dir"})
        self._take_printed()

    def _state_path(self, path: str, state: Dict[str, Any]) -> None:
        """What stands below files/ and does not leave as itself, where a path's state is asked for."""
        if any(row.kind is Kind.PATHS and path_matches(row.name, path) for row in self._catalog):
            self._present[path] = state

    def _sort_file(self, name: str, path: str) -> None:
        row = self._catalog.file(path)
        if not may_be_opened(path):
            self._ledger.leave_out("a private key")
            self._state_path(path, {"kind": "file", "size": self._tree.size(name)})
        elif row is None:
            self._ledger.leave_out("a file that is not in the catalog")
            self._state_path(path, {"kind": "file", "size": self._tree.size(name)})
        elif "Certificates" in row.facts:
            with self._tree.open(name) as stream:
                raw = stream.read(TEXT_LIMIT)
            entry = self._certificates.file(path, raw)
            entry["path"] = self._name(path)
            self._certificate_entries.append(entry)
            self._present[path] = {"kind": "file", "size": self._tree.size(name)}
        else:
            self._add(self._name(name), "files" + row.name.replace("*", "removed"), _Source(name, row))

    def _sort_piece(self, name: str, piece: Optional[LoosePiece]) -> None:
        row = self._catalog.row(piece.row) if piece else None
        if piece is None or row is None:
            self._ledger.leave_out("no part of an evidence directory")
        elif "Certificates" in row.facts:
            with self._tree.open(name) as stream:
                self._certificate_entries.append(self._certificates.file(name[5:], stream.read(TEXT_LIMIT)))
        elif "CertificateDetails" not in row.facts:
            self._sources[name] = _Source(name, row, piece.name)

    def _sort_command(self, name: str, line: Optional[str]) -> None:
        stem = posixpath.basename(name)
        words = [line] if line else [stem, posixpath.splitext(stem)[0]]
        row = next((found for found in (self._catalog.command(word) for word in words) if found), None)
        if row is None:
            self._ledger.leave_out("a command that is not in the catalog")
        elif "CertificateDetails" in row.facts:
            return
        else:
            again = self._output_name(line) if line else self._name(name)
            self._add(again, "commands/" + file_name(row.label), _Source(name, row, line or stem))

    def _output_name(self, line: str) -> str:
        return "commands/" + file_name(self._name(line))

    def _add(self, name: str, harmless: str, source: _Source) -> None:
        """Takes in a file under that name, under the other where something would be left in it."""
        name = name if self._readings.is_sure(name) else harmless
        place = name
        while place in self._sources or place == MANIFEST:
            self._same[name] += 1
            place = f"{name}-{self._same[name] + 1}"
        self._sources[place] = source

    def _take_printed(self) -> None:
        """Outputs of `openssl x509`, as what they say."""
        for found in self._reader.printed():
            self._certificate_entries.append(
                self._certificates.printed(self._name(found.source), self._name(found.path), found.record)
            )

    def _redacted_before(self) -> None:
        """Certificates of evidence that was redacted before: their names once more, since a key may be another."""
        for file in self._evidence.redacted_certificates:
            if file.command:
                continue
            entry = self._certificates.file(file.path, file.content())
            entry["path"] = self._name(file.path)
            self._certificate_entries.append(entry)

    def _manifest_again(self, manifest: Dict[str, Any], counts: "Counter[str]") -> Dict[str, Any]:
        known = self._evidence.recorded_commands()
        found: Dict[str, Any] = {"redacted": True}
        for key, value in manifest.items():
            if key not in ("commands", "paths", "certificates", "redacted", "loose"):
                found[self._text(str(key), counts)] = self._value(value, counts)
        if self._evidence.loose:
            there = {*self._sources, *(f"files{entry['path']}" for entry in self._certificate_entries)}
            found["loose"] = [self._piece_again(one, counts) for one in self._evidence.pieces if one.file in there]
        places = {source.original: name for name, source in self._sources.items()}
        commands: Dict[str, Any] = {}
        entries = manifest.get("commands")
        for line, entry in entries.items() if isinstance(entries, dict) else ():
            row = self._catalog.command(line)
            if row is None or line not in known:
                continue
            if "CertificateDetails" in row.facts:
                continue
            line_again = self._text(line, counts)
            again = self._value(entry, counts, line_again)
            file = known[line].file
            if isinstance(again, dict) and file is not None:
                # one that is named and not there keeps a name that is not there
                again["file"] = places.get(file, self._output_name(line))
            commands[line_again] = again
        # without a manifest nothing is claimed of commands
        if commands or "commands" in manifest:
            found["commands"] = commands
        found["paths"] = self._paths_again(manifest.get("paths"), counts)
        if self._certificate_entries:
            found["certificates"] = walked(self._certificate_entries, self._sure)
            counts["certificate"] += sum(len(entry["certificates"]) for entry in self._certificate_entries)
        return found

    def _piece_again(self, piece: LoosePiece, counts: "Counter[str]") -> Dict[str, Any]:
        """Its row and its file are words of the catalog."""
        names = {key: self._value(value, counts) for key, value in (("source", piece.source), ("name", piece.name))}
        return {**piece._asdict(), "extent": piece.extent.name.lower(), **names}

    def _paths_again(self, paths: object, counts: "Counter[str]") -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        for path, state in paths.items() if isinstance(paths, dict) else ():
            found[self._text(path, counts)] = self._value(state, counts)
        for path, state in self._present.items():
            again = self._name(path)
            if found.get(again) is None:
                found[again] = state
        return found

    # -- strings

    def _name(self, name: str) -> str:
        """A path, a command line or the name of a file, redacted."""
        return self._text(name, Counter())

    def _text(self, text: str, counts: "Counter[str]", line: Optional[str] = None) -> str:
        """A string of the manifest, redacted; `line` is the redacted command that said it."""
        return rewritten(text, self._readings.of(line) if line else self._readings.plain, counts)

    def _value(self, value: object, counts: "Counter[str]", line: Optional[str] = None) -> Any:
        """Any value of the manifest, its texts redacted."""
        return walked(value, lambda text: self._text(text, counts, line))

    def _sure(self, text: str) -> str:
        """A string that was made of pseudonyms, or a remark in its place."""
        return text if self._readings.is_sure(text) else REMOVED


class _Window(io.RawIOBase):
    """A stream of its own over a descriptor that others read too."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = os.pread(self._descriptor, len(buffer), self._at)
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)
