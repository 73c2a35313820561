"""manifest.json of an evidence directory, read as far as it makes sense."""

import re
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from nimdoctor.evidence.catalog import CLIENT, MASTER
from nimdoctor.evidence.redacted_certificates import RedactedFile, redacted_files
from nimdoctor.evidence.source import COMMANDS, TargetError
from nimdoctor.evidence.tree import NAMES
from nimdoctor.model.path_state import PathState
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.text import Extent, from_json

MANIFEST = "manifest.json"
SCHEMA = "nimdoctor.evidence/1"
_MOST = {
    "commands": COMMANDS,
    "not_collected": COMMANDS,
    "complete": COMMANDS,
    "files": NAMES,
    "certificates": NAMES,
    "paths": 5 * NAMES,
}
"""Entries of each kind; more of them are those of no host."""
EXTENTS = {extent.name.lower(): extent for extent in Extent}
"""How much a loose text is of its source, by the word in the manifest."""
REMARKS = 20
"""Remarks that are kept word for word; the rest is counted."""

_ROLES = {
    "client": (CLIENT,),
    "standalone": (CLIENT,),
    "master": (MASTER,),
    "alternate_master": (CLIENT, MASTER),
}


class RecordedCommand(NamedTuple):
    """A command as the manifest has it; `file` is relative to the directory, None when refused."""

    file: Optional[str] = None
    status: Optional[int] = None
    stderr: str = ""
    timed_out: bool = False


class RecordedFile(NamedTuple):
    """What the copy of a file lacks: all before line `first_line`, which are `bytes_left_out`; `lines_left_out` are
    blank in it.
    """

    first_line: int = 1
    bytes_left_out: int = 0
    lines_left_out: int = 0

    @property
    def extent(self) -> Extent:
        """How much of the file the copy is."""
        if self.lines_left_out:
            return Extent.FILTERED
        return Extent.TAIL if self.first_line > 1 else Extent.WHOLE

    @property
    def remark(self) -> str:
        """What a reader should know of it; empty for a whole copy."""
        if self.first_line > 1:
            return f"only what follows line {self.first_line - 1:,} was collected, not the {self.bytes_left_out:,} bytes before"
        return f"lines that were not collected: {self.lines_left_out:,}" if self.lines_left_out else ""


class LoosePiece(NamedTuple):
    """A text out of loose files: the file it stood in as `source`, from its line `first_line` on, or of its lines
    `numbers`; its `name` in the catalog's terms (the path, or the command as typed), the label of its `row` there, and
    its `file` in the directory. `extent` is how much of its source it is.
    """

    source: str
    name: str
    row: str
    file: str
    first_line: int = 1
    numbers: Tuple[int, ...] = ()
    extent: Extent = Extent.WHOLE


class Manifest:
    """What the manifest says. `collected` is seconds since 1970; `paths` has None for an absent one. `complete` are
    patterns of the catalog of which every path is in `paths`; `not_collected` has the reason by catalog name;
    `thorough` and `redacted` are None where it does not tell; `certificates` are there where they left redacted.
    `loose` are the texts of evidence that was loose files, and None of any other.
    """

    def __init__(self) -> None:
        self.host: Optional[str] = None
        self.roles: Tuple[str, ...] = ()
        self.system: Optional[str] = None
        self.collected: Optional[int] = None
        self.commands: Dict[str, RecordedCommand] = {}
        self.paths: Dict[str, Optional[PathState]] = {}
        self.complete: Tuple[str, ...] = ()
        self.files: Dict[str, RecordedFile] = {}
        self.not_collected: Dict[str, str] = {}
        self.notes: Tuple[str, ...] = ()
        self.thorough: Optional[bool] = None
        self.redacted: Optional[bool] = None
        self.certificates: Tuple[RedactedFile, ...] = ()
        self.loose: Optional[Tuple[LoosePiece, ...]] = None
        self.remarks: List[str] = []
        self.unsaid = 0

    def remark(self, what: str) -> None:
        """Notes what was skipped."""
        if len(self.remarks) < REMARKS:
            self.remarks.append(f"manifest.json: {what}")
        else:
            self.unsaid += 1


def parse_manifest(raw: bytes, target: str) -> Manifest:
    """The manifest; what is wrong with it becomes a remark.

    Raises TargetError for a schema that is not `nimdoctor.evidence/1`, for more entries than a host has, and for
    nothing else.
    """
    manifest = Manifest()
    try:
        content = from_json(raw)
    except (ValueError, RecursionError) as error:
        damage = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        manifest.remark(f"damaged, done without: {damage}")
        return manifest
    if not isinstance(content, dict):
        manifest.remark("damaged, done without: not an object")
        return manifest
    if "schema" not in content:
        manifest.remark(f"names no schema; read as {SCHEMA}")
    elif content["schema"] != SCHEMA:
        raise TargetError(f"{target}: manifest.json has schema {_shown(content['schema'])}, known is {SCHEMA}")
    for key, most in _MOST.items():
        if isinstance(content.get(key), (dict, list)) and len(content[key]) > most:
            raise TargetError(f"{target}: refused, more than {most:,} {key} in manifest.json")
    manifest.host = _host(content.get("host"), manifest)
    manifest.roles = _roles(content.get("role"), manifest)
    if isinstance(content.get("system"), str):
        manifest.system = _line(content["system"]) or None
    manifest.collected = _time(content.get("collected"), manifest)
    for name, entry in _entries(content, "commands", manifest):
        command = _command(name, entry, manifest)
        if command:
            manifest.commands[name] = command
    for path, entry in _entries(content, "paths", manifest):
        if not path.startswith("/"):
            manifest.remark(f"path {_shown(path)} is not absolute")
        elif entry is None or isinstance(entry, dict):
            manifest.paths[path] = None if entry is None else _state(path, entry, manifest)
        else:
            manifest.remark(f"path {_shown(path)} is not an object")
    manifest.complete = tuple(pattern for pattern in _words(content, "complete", manifest) if pattern.startswith("/"))
    manifest.notes = tuple(_line(note) for note in _words(content, "remarks", manifest)[:REMARKS])
    for path, entry in _entries(content, "files", manifest):
        manifest.files[path] = _file(path, entry, manifest)
    for name, reason in _entries(content, "not_collected", manifest):
        if isinstance(reason, str):
            manifest.not_collected[name] = _line(reason)
        else:
            manifest.remark(f"not_collected {_shown(name)} is no text")
    manifest.thorough = _flag(content, "thorough", manifest)
    manifest.redacted = _flag(content, "redacted", manifest)
    if "certificates" in content:
        manifest.certificates, damaged = redacted_files(content["certificates"])
        if damaged:
            manifest.remark(f"certificates: {damaged} entries that are none")
    if content.get("loose") is not None:
        manifest.loose = tuple(_loose(content["loose"], manifest))
    if manifest.unsaid:
        manifest.remarks.append(f"manifest.json: {manifest.unsaid} more entries like these")
    return manifest


def stays_inside(name: str) -> bool:
    """Whether a relative file name stays in its directory.

    >>> stays_inside("commands/lssrc_-a"), stays_inside("../etc/passwd"), stays_inside("/etc/passwd")
    (True, False, False)
    """
    drive = re.match(r"[A-Za-z]:", name)
    return not (drive or not name or name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/"))


def _shown(value: object) -> str:
    return ascii(value)[:100]


def _entries(content: Dict[str, Any], key: str, manifest: Manifest) -> List[Tuple[str, Any]]:
    value = content.get(key)
    if isinstance(value, dict):
        return list(value.items())
    if value is not None:
        manifest.remark(f"{key} is not an object")
    return []


def _line(text: str) -> str:
    """What the collector said, in one line; a report prints it as it stands."""
    line = " ".join(without_private_keys(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace").split())
    return ascii(line[:300])[1:-1]


def _words(content: Dict[str, Any], key: str, manifest: Manifest) -> List[str]:
    value = content.get(key)
    if value is not None and not isinstance(value, list):
        manifest.remark(f"{key} is not a list")
    words = value if isinstance(value, list) else []
    if any(not isinstance(word, str) for word in words):
        manifest.remark(f"{key} holds what is no text")
    return [word for word in words if isinstance(word, str)]


def _flag(content: Dict[str, Any], key: str, manifest: Manifest) -> Optional[bool]:
    value = content.get(key)
    if value is not None and not isinstance(value, bool):
        manifest.remark(f"{key} is neither true nor false")
    return value if isinstance(value, bool) else None


def _file(path: str, entry: Any, manifest: Manifest) -> RecordedFile:
    if not isinstance(entry, dict):
        manifest.remark(f"file {_shown(path)} is not an object")
        return RecordedFile()
    numbers = {}
    for key, least in (("first_line", 1), ("bytes_left_out", 0), ("lines_left_out", 0)):
        number = _number(entry.get(key, least))
        if number is None or number < least:
            manifest.remark(f"file {_shown(path)}: {key} {_shown(entry[key])} is no such number")
            number = least
        numbers[key] = number
    return RecordedFile(**numbers)


def _loose(entries: Any, manifest: Manifest) -> Iterator[LoosePiece]:
    """The pieces, each file once."""
    if not isinstance(entries, list):
        manifest.remark("loose is not a list")
    files: Set[str] = set()
    for entry in entries if isinstance(entries, list) else ():
        found = entry if isinstance(entry, dict) else {}
        words = [word for word in map(found.get, ("source", "name", "row", "file")) if isinstance(word, str)]
        first_line = _number(found.get("first_line", 1))
        extent = EXTENTS.get(str(found.get("extent", "whole")))
        if extent is None:
            # what it meant to say is less than the whole
            manifest.remark(f"loose {_shown(found.get('name'))}: extent {_shown(found.get('extent'))} is not known")
            extent = Extent.FILTERED
        if len(words) < 4 or first_line is None or first_line < 1:
            manifest.remark(f"loose {_shown(found.get('name'))} is no piece")
        elif not stays_inside(words[-1]) or words[-1] in files:
            manifest.remark(f"loose {_shown(words[1])}: file {_shown(words[-1])} leaves the directory, or is another's")
        else:
            files.add(words[-1])
            source, name, row, file = words
            numbers = found.get("numbers")
            counted = [_number(number) for number in numbers] if isinstance(numbers, list) else []
            known = tuple(number for number in counted if number)
            yield LoosePiece(source, name, row, file, first_line, known, extent)


def _host(value: Any, manifest: Manifest) -> Optional[str]:
    if isinstance(value, str) and value.strip():
        return value.strip()
    if value not in (None, ""):
        manifest.remark(f"host {_shown(value)} is no name")
    return None


def _roles(value: Any, manifest: Manifest) -> Tuple[str, ...]:
    words = re.split(r"[,\s+]+", value) if isinstance(value, str) else value if isinstance(value, list) else []
    if value is not None and not isinstance(value, (str, list)):
        manifest.remark(f"role {_shown(value)} is no role")
    found: Set[str] = set()
    for word in words:
        known = _ROLES.get(word.strip().lower().replace("-", "_")) if isinstance(word, str) else None
        if known:
            found.update(known)
        elif word not in ("", None):
            manifest.remark(f"role {_shown(word)} is not known")
    return tuple(sorted(found))


def _time(value: Any, manifest: Manifest) -> Optional[int]:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"[Zz]\Z", "+00:00", value.strip()))
        return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
    except (AttributeError, TypeError, ValueError, OverflowError):
        manifest.remark(f"collected {_shown(value)} is no time")
        return None


def _command(name: str, entry: Any, manifest: Manifest) -> Optional[RecordedCommand]:
    if not isinstance(entry, dict):
        manifest.remark(f"command {_shown(name)} is not an object")
        return None
    file, status = entry.get("file"), entry.get("status")
    stderr, timed_out = entry.get("stderr"), entry.get("timed_out")
    if file is not None and not (isinstance(file, str) and stays_inside(file)):
        leaves = "leaves the directory" if isinstance(file, str) else "is no name"
        manifest.remark(f"command {_shown(name)}: file {_shown(file)} {leaves}")
        file = None
    if status is not None and _number(status) is None:
        manifest.remark(f"command {_shown(name)}: status {_shown(status)} is no number")
    if stderr is not None and not isinstance(stderr, str):
        manifest.remark(f"command {_shown(name)}: stderr is no text")
        stderr = None
    if timed_out is not None and not isinstance(timed_out, bool):
        manifest.remark(f"command {_shown(name)}: timed_out is neither true nor false")
        timed_out = None
    return RecordedCommand(file, _number(status), stderr or "", bool(timed_out))


def _state(path: str, entry: Dict[str, Any], manifest: Manifest) -> PathState:
    texts: Dict[str, Optional[str]] = {}
    for key in ("kind", "owner", "group", "mode"):
        value = entry.get(key)
        texts[key] = value if isinstance(value, str) else None
        if value is not None and texts[key] is None:
            manifest.remark(f"path {_shown(path)}: {key} {_shown(value)} is no text")
    numbers: Dict[str, Optional[int]] = {}
    for key in ("size", "mtime"):
        number = entry.get(key)
        numbers[key] = _number(number)
        if number is not None and numbers[key] is None:
            manifest.remark(f"path {_shown(path)}: {key} {_shown(number)} is no number")
    mode: Optional[int] = None
    if texts["mode"] is not None:
        if re.fullmatch(r"(0o)?[0-7]{1,7}", texts["mode"]):
            mode = int(texts["mode"], 8) & 0o7777
        else:
            manifest.remark(f"path {_shown(path)}: mode {_shown(texts['mode'])} is not octal")
    if texts["kind"] not in (None, "file", "dir", "link", "other"):
        manifest.remark(f"path {_shown(path)}: kind {_shown(texts['kind'])} is not known")
        texts["kind"] = None
    return PathState(texts["kind"], mode, texts["owner"], texts["group"], numbers["size"], numbers["mtime"])


def _number(value: object) -> Optional[int]:
    """A number as an integer; None for what is none, too large, or neither here nor there (NaN)."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**63:
        return int(value)
    return None
