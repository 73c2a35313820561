"""Whole hosts, both ends of one pair: `healthy`, kept as it is in fixtures/hosts, and what differs from it in fixtures/scenarios.

A scenario is a directory there: `scenario.json` says in what it differs, files below `client/` and `master/` stand in the
place of those that it is made from, and `expected.ini` says what must come out.

    {"of": "healthy", "differs": "one sentence: what differs from it",
     "master": {"replace": {"commands/lssrc_-a": [["old text, found exactly once", "new text"]]},
                "without": ["commands/audit_query"],
                "paths": {"/etc/tftpaccess.ctl": {"mode": "644", "owner": "root", ...}, "/ssl_nimsh/keys/a": null},
                "without_paths": ["/.rhosts"],
                "commands": {"audit query": {"status": 1, "stderr": "..."}},
                "manifest": {"collected": "2025-03-15T09:53:20Z"}}}

All keys but `of` and `differs` may be left out. `without` drops a command's file and its entry in the
manifest; a file that a scenario adds below `commands/` needs an entry, with its `file`, in `commands`.

`expected.ini` has a section for one or several of the ways to scan: `pair` (the client with --master), `client` and
`master` (each alone). A key is `CHECK END`, the end at which the entry stands; a value is an outcome, and for a fail
`fail SEVERITY CONFIDENCE FIX`, several findings parted by ` + `. `verdict` is the report's, and that of operation.
What is not named is as in the scenario that it is made from.

`python tests/scenarios.py` lists them; with a name and a directory it writes both ends there, for `nimdoctor scan`.
"""

import atexit
import json
import shutil
import sys
import tempfile
from configparser import ConfigParser
from functools import cache
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from hosts import FIXTURES, MemoryTree

SCENARIOS = FIXTURES.parent / "scenarios"
ENDS = ("client", "master")
WAYS = ("pair", "client", "master")
_LEFT_OUT = "left out"
_PLACE = tempfile.gettempdir()
"""Not that of a test which looks at what is left behind in its own."""


def names() -> List[str]:
    """Every scenario, in order."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/scenario.json"))


def described(name: str) -> Dict[str, Any]:
    """Its scenario.json."""
    read: Dict[str, Any] = json.loads((SCENARIOS / name / "scenario.json").read_text("utf-8"))
    unknown = set(read) - {"of", "differs", *ENDS}
    assert not unknown and read["differs"], (name, unknown)
    return read


@cache
def scenario(name: str) -> Mapping[str, MemoryTree]:
    """Its ends, client and master; not to be changed."""
    change = described(name)
    if "of" not in change:
        return {end: MemoryTree.load(FIXTURES / name / end) for end in ENDS}
    base = scenario(change["of"])
    return {end: changed(base[end], MemoryTree.load(SCENARIOS / name / end), **change.get(end, {})) for end in ENDS}


def changed(
    base: MemoryTree,
    own: MemoryTree,
    *,
    replace: Mapping[str, List[Tuple[str, str]]] = MappingProxyType({}),
    without: Sequence[str] = (),
    commands: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    paths: Mapping[str, Any] = MappingProxyType({}),
    without_paths: Sequence[str] = (),
    manifest: Mapping[str, Any] = MappingProxyType({}),
) -> MemoryTree:
    """An end with files of its own in the place of the base's, and the rest as scenario.json says it."""
    files = {**base.files, **own.files}
    for file, pairs in replace.items():
        for old, new in pairs:
            files[file] = _replaced(files[file], old.encode(), new.encode(), file)
    told = json.loads(files["manifest.json"])
    for file in without:
        del files[file]
        told["commands"] = {line: entry for line, entry in told["commands"].items() if entry["file"] != file}
    for line, entry in commands.items():
        told["commands"][line] = {"status": 0, "stderr": "", **told["commands"].get(line, {}), **entry}
        assert told["commands"][line]["file"] in files, line
    told["paths"].update(paths)
    for path in without_paths:
        del told["paths"][path]
    told.update(manifest)
    files["manifest.json"] = f"{json.dumps(told, indent=1)}\n".encode()
    return MemoryTree(files)


@cache
def expected(name: str, way: str) -> Mapping[str, str]:
    """Every entry that scenario has when scanned that way."""
    change, own = described(name), differently(name)[way]
    if "of" not in change:
        return own
    base = expected(change["of"], way)
    assert not set(own) - set(base), (name, way)
    return {**base, **own}


def differently(name: str) -> Dict[str, Dict[str, str]]:
    """What expected.ini says of each way, by `CHECK END`."""
    parsed = ConfigParser(delimiters=(":",), comment_prefixes=("#",), interpolation=None)
    parsed.read(SCENARIOS / name / "expected.ini", "utf-8")
    own: Dict[str, Dict[str, str]] = {way: {} for way in WAYS}
    for section in parsed.sections():
        for way in section.split():
            assert not set(own[way]) & set(parsed[section]), (name, section)
            own[way].update(parsed[section])
    return own


class OnDisk:
    """Scenarios as directories: `ON_DISK / NAME / END` is made when it is asked for, and goes when the process ends."""

    def __truediv__(self, name: str) -> Path:
        """The directory of both ends; `NAME/END/FILE` is what stands below it."""
        first, *rest = PurePath(name).parts
        return _on_disk(first).joinpath(*rest)


ON_DISK = OnDisk()


@cache
def _on_disk(name: str) -> Path:
    root = Path(tempfile.mkdtemp(prefix="nimdoctor-scenario-", dir=_PLACE))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return write(name, root / name)


def write(name: str, directory: Path) -> Path:
    """Both ends as evidence directories, below `client` and `master`."""
    for end, tree in scenario(name).items():
        for file, raw in tree.files.items():
            place = directory / end / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(raw)
    return directory


def combined(one: str, other: str) -> Optional[Mapping[str, MemoryTree]]:
    """The ends of the healthy pair with what differs from it in both scenarios; None where both change the same."""
    healthy, found = scenario("healthy"), {}
    for end in ENDS:
        trees = [scenario(name)[end].files for name in (one, other)]
        merged = _merged(healthy[end].files, *trees)
        manifests = [json.loads(files["manifest.json"]) for files in (healthy[end].files, *trees)]
        parts = {key: _merged(*(made.get(key, {}) for made in manifests)) for key in ("commands", "paths")}
        if merged is None or None in parts.values():
            return None
        merged["manifest.json"] = json.dumps({**manifests[0], **parts}).encode()
        found[end] = MemoryTree(merged)
    return found


def _merged(base: Mapping[str, Any], one: Mapping[str, Any], other: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """The base with the changes of both; None where these are about the same thing and not the same."""
    merged = {}
    for name in sorted({*base, *one, *other} - {"manifest.json"}):
        was, new, newer = (made.get(name, _LEFT_OUT) for made in (base, one, other))
        if was not in (new, newer) and new != newer:
            return None
        made = new if new != was else newer
        if made is not _LEFT_OUT:
            merged[name] = made
    return merged


def _replaced(raw: bytes, old: bytes, new: bytes, where: str) -> bytes:
    assert raw.count(old) == 1, f"{where}: {old!r} is there {raw.count(old)} times"
    return raw.replace(old, new)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(write(sys.argv[1], Path(sys.argv[2])))
    else:
        for one in names():
            print(f"{one}: {described(one)['differs']}")
