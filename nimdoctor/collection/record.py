"""An evidence directory while it is written: files, outputs, and in the end the manifest."""

import json
import os
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set

from nimdoctor.evidence.catalog import Kind, Row, file_name
from nimdoctor.evidence.manifest import SCHEMA
from nimdoctor.model.path_state import PathState
from nimdoctor.model.text import Text, decode

NAME_LENGTH = 80
"""Letters of an output's file name: with its directory it fits what the tar of AIX takes as a name."""


def recorded_name(command: str) -> str:
    """The file of a command's output, relative to the evidence directory.

    >>> recorded_name("lssrc -a")
    'commands/lssrc_-a'
    """
    return f"commands/{file_name(command)[:NAME_LENGTH]}"


class Record:
    """Writes below `place`, a private directory; every file once. `failed` says that writing did not work."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.commands: Dict[str, Dict[str, Any]] = {}
        self.paths: Dict[str, Optional[PathState]] = {}
        self.complete: List[str] = []
        self.files: Dict[str, Dict[str, int]] = {}
        self.not_collected: Dict[str, str] = {}
        self.timed_out: Dict[str, str] = {}
        self.loose: List[Dict[str, Any]] = []
        self.failed = False
        self._copied: Set[str] = set()

    def file(self, path: str, content: bytes) -> None:
        """A copy of the host's file; a second one of that path is left out. Raises OSError."""
        if path not in self._copied:
            self._copied.add(path)
            self._write("files" + path, [content])

    def piece(self, row: Row, text: Text) -> None:
        """A text out of loose files, at a place named for its row and for nothing else. Raises OSError, BadEvidence."""
        name = "files" + row.name.replace("*", "piece") if row.kind is Kind.FILE else recorded_name(row.label)
        count = sum(1 for piece in self.loose if piece["row"] == row.label)
        entry: Dict[str, Any] = {"source": text.source, "name": text.name, "row": row.label}
        entry["file"] = f"{name}_{count + 1}" if count else name
        if text.first_line > 1:
            entry["first_line"] = text.first_line
        if text.numbers:
            entry["numbers"] = list(text.numbers)
        if not text.is_whole:
            entry["extent"] = text.extent.name.lower()
        if row.streamed:
            from nimdoctor.redaction.blocks import pieces

            with text.open() as stream:
                self._write(entry["file"], pieces(stream))
        else:
            self._write(entry["file"], [text.raw()])
        self.loose.append(entry)

    def command(self, typed: str, stdout: bytes, status: Optional[int], stderr: bytes = b"") -> None:
        """The output of a command. Raises OSError."""
        if typed in self.commands:
            return
        name = recorded_name(typed)
        taken = {entry.get("file") for entry in self.commands.values()}
        number = 2
        while name in taken:
            name, number = f"{recorded_name(typed)}.{number}", number + 1
        self._write(name, [stdout])
        self.commands[typed] = {"file": name, "status": status, "stderr": decode(stderr)}

    def hung(self, typed: str, label: str, reason: str) -> None:
        """A command that was ended at its deadline: nothing of its output is kept."""
        self.commands[typed] = {"status": None, "timed_out": True}
        self.timed_out[label] = reason

    def finish(
        self,
        *,
        host: Optional[str],
        role: Optional[str],
        system: Optional[str],
        collected: Optional[int],
        collector: str,
        thorough: bool,
        remarks: Sequence[str],
    ) -> None:
        """Writes manifest.json; `collected` is None where the evidence does not tell when it was taken. Raises OSError."""
        document: Dict[str, Any] = {"schema": SCHEMA}
        if host:
            document["host"] = host
        if role:
            document["role"] = role
        if system:
            document["system"] = system
        if collected is not None:
            document["collected"] = f"{datetime.fromtimestamp(collected, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        if self.loose:
            document["loose"] = self.loose
        document.update(
            collector=collector,
            redacted=False,
            thorough=thorough,
            commands=self.commands,
            paths={path: _shown(state) for path, state in sorted(self.paths.items())},
            complete=self.complete,
            files=self.files,
            not_collected=self.not_collected,
            remarks=list(remarks),
        )
        self._write("manifest.json", [(json.dumps(document, indent=1) + "\n").encode("ascii")])

    def _write(self, name: str, content: Iterable[bytes]) -> None:
        place = os.path.join(self.place, name)
        try:
            os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(place, flags, 0o600), "wb") as stream:
                stream.writelines(content)
        except OSError:
            self.failed = True
            raise


def _shown(state: Optional[PathState]) -> Optional[Mapping[str, object]]:
    if state is None:
        return None
    known = {key: value for key, value in state._asdict().items() if value is not None}
    if state.mode is not None:
        known["mode"] = f"{state.mode:04o}"
    return known
