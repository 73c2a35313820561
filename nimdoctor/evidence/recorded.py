"""Evidence that somebody collected: a directory with manifest.json, files/ and commands/, or an
archive of one.
"""

import io
from typing import BinaryIO, Callable, Dict, List, Literal, Mapping, NamedTuple, Optional, Set, Tuple

from nimdoctor.evidence.catalog import Catalog, Kind, Row, file_name
from nimdoctor.evidence.certificates_only import is_guarded, may_be_opened, without_keys
from nimdoctor.evidence.extent import first_stage, of_command, of_text
from nimdoctor.evidence.manifest import (
    MANIFEST,
    LoosePiece,
    Manifest,
    RecordedCommand,
    RecordedFile,
    parse_manifest,
)
from nimdoctor.evidence.pasted import recorded
from nimdoctor.evidence.redacted_certificates import RedactedFile
from nimdoctor.evidence.source import COMMANDS, TEXT, TargetError
from nimdoctor.evidence.tree import Tree, unlisted
from nimdoctor.model.own_files import STATE_DIRECTORY
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.model.rows import matching
from nimdoctor.model.text import TEXT_LIMIT, Extent, Text
from nimdoctor.model.unreadable import refused

_SUFFIXES = (".txt", ".out")
_READ_AT_ONCE = 1024 * 1024
_WHOLE = RecordedFile()

COLLECTED = 10
"""Recorded commands from which on evidence counts as a whole collection; one has more than twenty."""


class _Output(NamedTuple):
    """One recorded command: its line as typed, the row it serves, and what the manifest says of it."""

    name: str
    row: Row
    entry: RecordedCommand


class RecordedEvidence:
    """Evidence below a tree of files. Raises TargetError, when made, for a manifest of another schema, and for more
    commands or text than a host has.

    `tree` is what it reads. Loose files that were packed are loose here too: the same texts in the same order, each at
    the line where it stood.
    """

    live: Literal[False] = False

    def __init__(self, target: str, tree: Tree, catalog: Optional[Catalog] = None) -> None:
        self.target = target
        self.paired: Optional[RecordedEvidence] = None
        self.problems: Dict[str, str] = {}
        self.tree = tree
        self._catalog = catalog or Catalog()
        self.remarks: List[str] = []
        self._manifest = self._read_manifest()
        self.remarks.extend(self._manifest.remarks)
        self.remarks.extend(self._manifest.notes)
        self.problems.update(self._manifest.not_collected)
        self.loose = self._manifest.loose is not None
        self.host: Optional[str] = self._manifest.host
        self.roles: Tuple[str, ...] = self._manifest.roles
        self.system: Optional[str] = self._manifest.system
        self.collected: Optional[int] = self._manifest.collected
        self.redacted = self._manifest.redacted is True
        self._texts: Dict[Tuple[object, ...], List[Text]] = {}
        self._outputs: Optional[List[_Output]] = None
        self._files: Optional[Set[str]] = None
        self._refuse_too_much()

    @property
    def thorough(self) -> bool:
        """Whether so many commands were recorded that somebody collected the host, not a few pieces of it."""
        if self._manifest.thorough is not None:
            return self._manifest.thorough
        return len(self._commands()) >= COLLECTED

    def texts(self, row: Row, names: Mapping[str, str]) -> List[Text]:
        """Every recorded piece for the row, the same at each call; of commands the one with exactly these names first."""
        key = (row, *sorted(names.items()))
        if key not in self._texts:
            self._texts[key] = self._made(row, names)
        return self._texts[key]

    def _made(self, row: Row, names: Mapping[str, str]) -> List[Text]:
        if self.loose:
            found = [self._piece(piece, row) for piece in self.pieces if self._holds(row, piece)]
        elif row.kind is Kind.FILE:
            redacted = {file.path: file for file in self._manifest.certificates if not file.command}
            found = [
                self._redacted(redacted[path]) if path in redacted else self._file(path, row)
                for path in matching(row.name, self._copies() | redacted.keys())
            ]
        elif row.kind is Kind.COMMAND:
            found = [self._output(output, row) for output in self._outputs_for(row, names)]
        else:
            found = []
        return [text for text in found if text]

    def paths(self, rows: List[Row]) -> PathRecord:
        """The manifest's paths and whatever stands below files/. A path that is not among them was not collected,
        unless the manifest says that all of its kind are there. Of loose files nothing is known.
        """
        if self.loose:
            return PathRecord()
        states = dict(self._manifest.paths)
        copies = self._copies()
        for directory in self.tree.directories():
            if directory.startswith("files/"):
                self._present(directory[5:], PathState(kind="dir"), states)
        for path in copies:
            if states.get(path) is None:
                try:
                    size: Optional[int] = self.tree.size("files" + path)
                except OSError:
                    size = None
                self._present(path, PathState(kind="file", size=size), states)
        unseen = {name: why for name, why in self.problems.items() if name.startswith("/")}
        return PathRecord(states, self._manifest.complete, unseen)

    def file_absent(self, path: str) -> Optional[bool]:
        """True when the manifest says so, False when it is there, None when it was not collected."""
        if self.loose:
            return None
        if path in self._copies():
            return False
        if path in self._manifest.paths:
            return self._manifest.paths[path] is None
        return None

    @property
    def redacted_certificates(self) -> Tuple[RedactedFile, ...]:
        """Certificates of which, in redacted evidence, only what they say is left."""
        return self._manifest.certificates

    @property
    def pieces(self) -> Tuple[LoosePiece, ...]:
        """The texts of what was loose files."""
        return self._manifest.loose or ()

    def recorded_commands(self) -> Mapping[str, RecordedCommand]:
        """The commands that the manifest names, by their lines."""
        return self._manifest.commands

    def close(self) -> None:
        """Closes the tree."""
        self.tree.close()

    # -- what is there

    def _read_manifest(self) -> Manifest:
        try:
            with self.tree.open(MANIFEST) as stream:
                raw = stream.read(TEXT_LIMIT + 1)
        except FileNotFoundError:
            return Manifest()
        except OSError as error:
            self.remarks.append(f"{MANIFEST} cannot be read, done without: {refused(error)}")
            return Manifest()
        if len(raw) > TEXT_LIMIT:
            self.remarks.append(f"{MANIFEST} is larger than 16 MiB, done without")
            return Manifest()
        return parse_manifest(raw, self.target)

    def _refuse_too_much(self) -> None:
        texts = {entry.file for entry in self._manifest.commands.values() if entry.file}
        unnamed = {name for name in self.tree.names() if name.startswith("commands/")} - texts
        if len(self._manifest.commands) + len(unnamed) > COMMANDS:
            raise TargetError(f"{self.target}: refused, more than {COMMANDS:,} commands of one host")
        texts |= unnamed
        for name in self.tree.names():
            row = self._catalog.file(name[5:]) if name.startswith("files/") else None
            if row and not row.streamed:
                texts.add(name)
        if sum(self._size(name) for name in texts) > TEXT:
            raise TargetError(f"{self.target}: refused, more than 256 MiB of text of one host, without nimsh.log")

    def _size(self, name: str) -> int:
        """The bytes of it that are read; none of what cannot be."""
        try:
            return min(self.tree.size(name), TEXT_LIMIT)
        except OSError:
            return 0

    def _copies(self) -> Set[str]:
        """Paths on the host of the copies below files/."""
        if self._files is None:
            self._files = {name[5:] for name in self.tree.names() if name.startswith("files/")}
            for name, why in unlisted(self.tree).items():
                if name.split("/")[0] == "files":
                    self.problems[name[5:] or "/"] = f"given but {why}"
            self._take_remarks()
        return self._files

    def _commands(self) -> List[_Output]:
        if self._outputs is not None:
            return self._outputs
        self._outputs = []
        unknown: List[str] = []
        listed = set()
        for name, entry in self._manifest.commands.items():
            listed.add(entry.file)
            row = self._catalog.command(name) or self._catalog.command(first_stage(name))
            if row:
                self._outputs.append(_Output(name, row, entry))
            else:
                unknown.append(name)
        for path in self.tree.names():
            if not path.startswith("commands/") or path in listed:
                continue
            stem = path[len("commands/") :]
            bare = next((stem[: -len(end)] for end in _SUFFIXES if stem.endswith(end)), stem)
            for words in dict.fromkeys((stem, bare)):
                row = self._catalog.command(words) or self._catalog.command(first_stage(words))
                if row:
                    self._outputs.append(_Output(_typed(words, row), row, RecordedCommand(path)))
                    break
            else:
                unknown.append(stem)
        why = unlisted(self.tree).get("commands")
        for row in self._catalog if why else ():
            if row.kind is Kind.COMMAND and not any(output.row == row for output in self._outputs):
                self.problems[row.label] = f"given but commands {why}"
        if unknown:
            shown = ", ".join(ascii(name)[1:-1][:80] for name in unknown[:5])
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            self.remarks.append(f"output of commands that are not read: {shown}{more}")
        self._take_remarks()
        return self._outputs

    def _outputs_for(self, row: Row, names: Mapping[str, str]) -> List[_Output]:
        """The recorded commands that serve the row; one file is one text, however many names it has: the best of them."""
        # a row that somebody added after this evidence was opened is not in the catalog
        known = row in self._catalog
        outputs = [one for one in self._commands() if (one.row == row if known else row.serves(one.name))]
        if len(outputs) < 2:
            return outputs
        wanted = file_name(" ".join(row.argv(names) or [row.name]))
        outputs.sort(key=lambda one: (file_name(one.name) != wanted, -row.matched_length(file_name(one.name))))
        named: Dict[object, _Output] = {}
        for output in outputs:
            named.setdefault(output.entry.file or output, output)
        return list(named.values())

    def _take_remarks(self) -> None:
        self.remarks.extend(self.tree.remarks)
        del self.tree.remarks[:]

    def _holds(self, row: Row, piece: LoosePiece) -> bool:
        if row in self._catalog or row.kind not in (Kind.FILE, Kind.COMMAND):
            return row.label == piece.row
        return row.name == piece.name if row.kind is Kind.FILE else row.serves(piece.name)

    def _present(self, path: str, state: PathState, states: Dict[str, Optional[PathState]]) -> None:
        if states.get(path) is not None:
            return
        if path in states:
            self._remark_once(f"{ascii(path)[1:-1]} is absent by the manifest, but a copy is there")
        states[path] = state

    def _remark_once(self, remark: str) -> None:
        if remark not in self.remarks:
            self.remarks.append(remark)

    # -- texts

    def _redacted(self, file: RedactedFile) -> Optional[Text]:
        if not may_be_opened(file.path):
            return None
        return Text.of(file.content(), file.path, name=file.path)

    def _piece(self, piece: LoosePiece, row: Row) -> Optional[Text]:
        command = row.kind is Kind.COMMAND
        path = "" if command else piece.name
        if not may_be_opened(path):
            return None
        redacted = next((file for file in self._manifest.certificates if "files" + file.path == piece.file), None)
        try:
            if redacted or is_guarded(path):
                raw = redacted.content() if redacted else self._guarded(piece.file, path)
                return Text.of(raw, piece.source, name=piece.name, first_line=piece.first_line, extent=piece.extent)
            return self._text(
                piece.file,
                piece.source,
                row.label,
                row,
                name=piece.name,
                command=command,
                first_line=piece.first_line,
                numbers=piece.numbers,
                extent=piece.extent,
            )
        except OSError as error:
            self.problems[row.label] = f"given but cannot be read: {refused(error)}"
            return None

    def _guarded(self, name: str, path: str) -> bytes:
        with self.tree.open(name) as stream:
            return without_keys(path, stream.read(TEXT_LIMIT))

    def _file(self, path: str, row: Row) -> Optional[Text]:
        if not may_be_opened(path):
            return None
        name = "files" + path
        lacks = self._manifest.files.get(path, _WHOLE)
        if lacks.remark:
            self._remark_once(f"{ascii(path)[1:-1]}: {lacks.remark}")
        try:
            if is_guarded(path):
                return Text.of(self._guarded(name, path), path, name=path)
            return self._text(name, path, path, row, first_line=lacks.first_line, extent=lacks.extent)
        except OSError as error:
            self.problems[path] = f"given but cannot be read: {refused(error)}"
            return None

    def _output(self, output: _Output, row: Row) -> Optional[Text]:
        entry = output.entry
        if entry.timed_out:
            self.problems[output.name] = self.problems[row.label] = "hung when it was collected"
            return None
        complaint = Text.of(entry.stderr, output.name, command=True, status=entry.status, stderr=entry.stderr)
        if entry.file is None:
            return complaint if entry.stderr.strip() else None
        try:
            if entry.stderr.strip() and self._blank(entry.file):
                return complaint
            text = self._text(entry.file, output.name, row.label, row, command=True, status=entry.status)
            text.stderr = entry.stderr
            return text
        except FileNotFoundError:
            if entry.stderr.strip():
                return complaint
            self.problems[row.label] = f"its output {ascii(entry.file)[1:-1]} is not in the evidence"
        except OSError as error:
            self.problems[row.label] = f"given but cannot be read: {refused(error)}"
        return None

    def _blank(self, name: str) -> bool:
        if self.tree.size(name) > 4096:
            return False
        with self.tree.open(name) as stream:
            return not stream.read(4096).strip()

    def _text(
        self,
        file: str,
        source: str,
        label: str,
        row: Row,
        *,
        name: str = "",
        command: bool = False,
        status: Optional[int] = None,
        first_line: int = 1,
        extent: Extent = Extent.WHOLE,
        numbers: Tuple[int, ...] = (),
    ) -> Text:
        """Small texts are read at once, so that damage shows here; raises OSError."""
        tree = self.tree
        size = tree.size(file)
        if size > TEXT_LIMIT and not row.streamed:
            self.problems[label] = "is larger than 16 MiB; the first 16 MiB were used"
            extent = min(extent, Extent.EXCERPT)
        opener: Callable[[], BinaryIO] = lambda: tree.open(file)  # noqa: E731
        with opener() as stream:
            if size <= _READ_AT_ONCE:
                raw = stream.read(TEXT_LIMIT)
                # what nimdoctor wrote itself nobody pasted, however much a journal looks like a record
                own = self.loose or source.startswith(STATE_DIRECTORY + "/")
                bare = None if own else recorded(raw, source if command else "")
                if bare:
                    raw = bare.raw
                    numbers = tuple(first_line - 1 + number for number in bare.numbers)
                    first_line += bare.first_line - 1
                opener = lambda: io.BytesIO(raw)  # noqa: E731
        # what a collector ran, and whose status it wrote down, is what its command line says
        shown = of_command(source) if status is not None else of_text(row, name or source, opener, known=extent)
        return Text(
            source,
            opener,
            name=name,
            first_line=first_line,
            command=command,
            status=status,
            extent=shown.extent,
            words=shown.words,
            numbers=numbers,
        )


def _typed(words: str, row: Row) -> str:
    """The command line that a file name stands for, as nearly as it can be told."""
    return row.label if file_name(row.label) == words else words.replace("_", " ")
