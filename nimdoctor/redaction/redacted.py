"""The redacted tree: the files of an evidence directory under their redacted names, each rewritten when first opened."""

import errno
import io
import json
import os
import posixpath
from collections import Counter
from typing import Any, BinaryIO, Callable, Dict, FrozenSet, Iterator, List, Optional, Sequence

from nimdoctor.evidence.catalog import Catalog, Kind, Row, file_name, path_matches
from nimdoctor.evidence.certificates_only import is_guarded, may_be_opened, without_keys
from nimdoctor.evidence.manifest import LoosePiece
from nimdoctor.evidence.recorded import MANIFEST, RecordedEvidence
from nimdoctor.evidence.tree import Tree
from nimdoctor.evidence.x509 import CertificateReader
from nimdoctor.named_tuple import NamedTuple
from nimdoctor.redaction import rows
from nimdoctor.redaction.blocks import pieces
from nimdoctor.redaction.certificates import CertificateTexts
from nimdoctor.redaction.expressions import Expressions
from nimdoctor.redaction.known import Known
from nimdoctor.redaction.learning import Borrowed
from nimdoctor.redaction.ledger import Ledger
from nimdoctor.redaction.rewriting import Rewriter
from nimdoctor.text import TEXT_LIMIT, from_json

IN_MEMORY = 1 << 20
"""Bytes of a redacted file that are held in memory; a larger one waits in a file without a name."""
SOFTWARE = frozenset({
    "Filesets", "FilesetHistory", "Apars", "InterimFixes", "OsLevel", "OpensslVersion", "IosLevel",
    "LppSourceContents", "LppSources", "RecordedPush", "LibraryArchives",
})  # fmt: skip
"""Facts whose texts list levels of software."""


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
        known: Known,
        ledger: Ledger,
        catalog: Catalog,
        ends: rows.Ends,
        place: Optional[str] = None,
    ) -> None:
        self._tree = tree
        self._known = known
        self._ledger = ledger
        self._catalog = catalog
        self._ends = ends
        self._place = place
        expressions = Expressions(known, gate=False)
        self._plain = Rewriter(known, expressions)
        self._software = Rewriter(known, expressions, software=True)
        self._sources: Dict[str, _Source] = {}
        self._held: Dict[str, bytes | BinaryIO] = {}
        self._told: List[Dict[str, Any]] = []
        self._present: Dict[str, Optional[int]] = {}
        self.remarks: List[str] = []
        self._evidence = RecordedEvidence("evidence", Borrowed(tree), catalog)
        self._reader = CertificateReader(self._evidence, catalog)
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
                found.add(self._plain.text(name, Counter()))
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
        return frozenset(rewriter.text(text, Counter()) for rewriter in (self._plain, self._software))

    # -- content

    def _content(self, name: str) -> "bytes | BinaryIO":
        if name not in self._held:
            source = self._sources.get(name)
            if source is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
            counts: Counter[str] = Counter()
            self._held[name] = self._gathered(self._rewritten(source, counts))
            self._ledger.note(name, counts)
        return self._held[name]

    def _rewritten(self, source: _Source, counts: "Counter[str]") -> Iterator[bytes]:
        rewriter = self._software if SOFTWARE & set(source.row.facts) else self._plain
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
            return lambda text: rows.kept_hosts(text, ends)
        if "Processes" in facts:
            return lambda text: rows.kept_processes(text, ends, source.command)
        if "Sockets" in facts:
            return lambda text: rows.kept_sockets(text, ends)
        if "Interfaces" in facts:
            return lambda text: rows.kept_interfaces(text, ends)
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
        import tempfile

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
        """Decides of each file whether it leaves; fills `_sources`, `_told` and `_present`."""
        claimed: Dict[str, str] = {}
        for line, entry in self._evidence.recorded_commands().items():
            if entry.file:
                claimed[entry.file] = line
        self._told_before()
        loose = {piece.file: piece for piece in self._evidence.pieces}
        for name in self._tree.names():
            if name == MANIFEST:
                continue
            if self._evidence.loose:
                self._sort_piece(name, loose.get(name))
            elif name.startswith("files/"):
                self._sort_file(name, name[5:])
            elif name.startswith("commands/"):
                self._sort_command(name, claimed.get(name))
            elif name in claimed:
                self._sort_command(name, claimed[name])
            else:
                self._ledger.leave_out("no part of an evidence directory")
        self._take_printed()

    def _sort_file(self, name: str, path: str) -> None:
        row = self._catalog.file(path)
        if not may_be_opened(path):
            self._ledger.leave_out("a private key")
            self._present[path] = self._tree.size(name)
        elif row is None:
            self._ledger.leave_out("a file that is not in the catalog")
            if any(row.kind is Kind.PATHS and path_matches(row.name, path) for row in self._catalog):
                self._present[path] = self._tree.size(name)
        elif "Certificates" in row.facts:
            with self._tree.open(name) as stream:
                raw = stream.read(TEXT_LIMIT)
            entry = self._certificates.file(path, raw)
            entry["path"] = self._plain.text(path, Counter())
            self._told.append(entry)
            self._present[path] = self._tree.size(name)
        else:
            self._add(self._plain.text(name, Counter()), _Source(name, row))

    def _sort_piece(self, name: str, piece: Optional[LoosePiece]) -> None:
        row = self._catalog.row(piece.row) if piece else None
        if piece is None or row is None:
            self._ledger.leave_out("no part of an evidence directory")
        elif "Certificates" in row.facts:
            with self._tree.open(name) as stream:
                self._told.append(self._certificates.file(name[5:], stream.read(TEXT_LIMIT)))
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
            again = "commands/" + file_name(self._plain.text(line, Counter())) if line else self._file_of_command(name)
            self._add(again, _Source(name, row, line or stem))

    def _file_of_command(self, name: str) -> str:
        return self._plain.text(name, Counter())

    def _add(self, name: str, source: _Source) -> None:
        place, number = name, 1
        while place in self._sources or place == MANIFEST:
            number += 1
            place = f"{name}-{number}"
        self._sources[place] = source

    def _take_printed(self) -> None:
        """Outputs of `openssl x509`, as what they say."""
        for found in self._reader.printed():
            command = self._plain.text(found.source, Counter())
            self._told.append(
                self._certificates.printed(command, self._plain.text(found.path, Counter()), found.record)
            )

    def _told_before(self) -> None:
        """Certificates of evidence that was redacted before: their names once more, since a key may be another."""
        for file in self._evidence.told_certificates:
            if file.command:
                continue
            entry = self._certificates.file(file.path, file.content())
            entry["path"] = self._plain.text(file.path, Counter())
            self._told.append(entry)

    def _manifest_again(self, manifest: Dict[str, Any], counts: "Counter[str]") -> Dict[str, Any]:
        known = self._evidence.recorded_commands()
        found: Dict[str, Any] = {"redacted": True}
        for key, value in manifest.items():
            if key not in ("commands", "paths", "certificates", "redacted", "loose"):
                found[str(key)] = self._said(value, counts)
        if self._evidence.loose:
            there = {*self._sources, *(f"files{entry['path']}" for entry in self._told)}
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
            again = self._said(entry, counts, software=bool(SOFTWARE & set(row.facts)))
            file = known[line].file
            if isinstance(again, dict) and file is not None:
                # one that is named and not there keeps a name that is not there
                again["file"] = places.get(file, "commands/" + file_name(self._plain.text(line, Counter())))
            commands[self._plain.text(line, counts)] = again
        # without a manifest nothing is claimed of commands
        if commands or "commands" in manifest:
            found["commands"] = commands
        found["paths"] = self._paths_again(manifest.get("paths"), counts)
        if self._told:
            found["certificates"] = self._told
            counts["certificate"] += sum(len(entry["certificates"]) for entry in self._told)
        return found

    def _piece_again(self, piece: LoosePiece, counts: "Counter[str]") -> Dict[str, Any]:
        """Its row and its file are words of the catalog."""
        said = {key: self._said(value, counts) for key, value in (("source", piece.source), ("name", piece.name))}
        return {**piece._asdict(), **said}

    def _paths_again(self, paths: object, counts: "Counter[str]") -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        for path, state in paths.items() if isinstance(paths, dict) else ():
            found[self._plain.text(path, counts)] = self._said(state, counts)
        for path, size in self._present.items():
            again = self._plain.text(path, Counter())
            if found.get(again) is None:
                found[again] = {"kind": "file", "size": size}
        return found

    def _said(self, value: object, counts: "Counter[str]", *, software: bool = False, depth: int = 0) -> Any:
        """Any value of the manifest, its texts rewritten."""
        rewriter = self._software if software else self._plain
        if isinstance(value, str):
            clean = b"".join(pieces(io.BytesIO(value.encode("utf-8", "surrogateescape"))))
            return rewriter.text(clean.decode("utf-8", "surrogateescape"), counts)
        if depth > 8:
            return None
        if isinstance(value, dict):
            return {
                rewriter.text(str(key), counts): self._said(inner, counts, software=software, depth=depth + 1)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._said(inner, counts, software=software, depth=depth + 1) for inner in value]
        return value if value is None or isinstance(value, (bool, int, float)) else None


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
