"""Both ends of every scenario: whole directories in fixtures/hosts, and variants of one in fixtures/variants.

A variant is a directory with `variant.json` and whatever files it replaces, below `client/` and `master/`:

    {"of": "healthy", "differs": "one sentence: what differs from it",
     "master": {"replace": {"commands/lssrc_-a": [["old text, found exactly once", "new text"]]},
                "without": ["commands/audit_query"],
                "paths": {"/etc/tftpaccess.ctl": {"mode": "644", "owner": "root", ...}, "/ssl_nimsh/keys/a": null},
                "without_paths": ["/.rhosts"],
                "commands": {"audit query": {"status": 1, "stderr": "..."}},
                "manifest": {"collected": "2025-03-15T09:53:20Z"}}}

All keys but `of` and `differs` may be left out. `without` drops a command's file and its entry in the
manifest; a file that a variant adds below `commands/` needs an entry, with its `file`, in `commands`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

from hosts import FIXTURES, MemoryTree

VARIANTS = FIXTURES.parent / "variants"
ENDS = ("client", "master")
_LEFT_OUT = "left out"


def names() -> List[str]:
    """Every scenario and variant, in order."""
    whole = [path.name for path in FIXTURES.iterdir() if (path / "client").is_dir()]
    return sorted(whole + [path.parent.name for path in VARIANTS.glob("*/variant.json")])


@cache
def scenario(name: str) -> Mapping[str, MemoryTree]:
    """Its ends, client and master; not to be changed."""
    if (FIXTURES / name).is_dir():
        return {end: MemoryTree.load(FIXTURES / name / end) for end in ENDS}
    described = json.loads((VARIANTS / name / "variant.json").read_text("utf-8"))
    unknown = set(described) - {"of", "differs", *ENDS}
    assert not unknown and described["differs"], (name, unknown)
    base = scenario(described["of"])
    return {end: _changed(base[end], VARIANTS / name / end, described.get(end, {})) for end in ENDS}


def _changed(base: MemoryTree, directory: Path, change: Dict[str, Any]) -> MemoryTree:
    unknown = set(change) - {"replace", "without", "paths", "without_paths", "commands", "manifest"}
    assert not unknown, (directory, unknown)
    files = dict(base.files)
    if directory.is_dir():
        files.update(MemoryTree.load(directory).files)
    for file, pairs in change.get("replace", {}).items():
        for old, new in pairs:
            files[file] = _replaced(files[file], (old, new), f"{directory}: {file}")
    manifest = json.loads(files["manifest.json"])
    for file in change.get("without", ()):
        del files[file]
        manifest["commands"] = {line: entry for line, entry in manifest["commands"].items() if entry["file"] != file}
    for line, entry in change.get("commands", {}).items():
        manifest["commands"][line] = {"status": 0, "stderr": "", **manifest["commands"].get(line, {}), **entry}
        assert manifest["commands"][line]["file"] in files, (directory, line)
    manifest["paths"].update(change.get("paths", {}))
    for path in change.get("without_paths", ()):
        del manifest["paths"][path]
    manifest.update(change.get("manifest", {}))
    files["manifest.json"] = json.dumps(manifest).encode()
    return MemoryTree(files)


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


def _replaced(raw: bytes, pair: Tuple[str, str], where: str) -> bytes:
    old, new = (text.encode() for text in pair)
    assert raw.count(old) == 1, f"{where}: {pair[0]!r} is there {raw.count(old)} times"
    return raw.replace(old, new)
