"""A bundle, as `nimdoctor report` makes it: the evidence of one end or of both, each in a folder of its own.

manifest.json   schema "nimdoctor.report.bundle/1": "ends" {"client": "client", "master": "master"}, and what else it says
client/, master/, host/   evidence directories
"""

from typing import Dict, List, Optional

from nimdoctor.evidence.manifest import MANIFEST
from nimdoctor.evidence.source import TargetError
from nimdoctor.evidence.tree import Tree
from nimdoctor.model.text import TEXT_LIMIT, from_json

SCHEMA = "nimdoctor.report.bundle/1"
_HEAD = 4096
"""Bytes of a manifest in which its schema stands."""
HOST, CLIENT, MASTER = "host", "client", "master"
"""Folders of the ends: a host of which neither role is known, a client, a master."""


def folder_of_bundle(tree: Tree) -> Optional[str]:
    """The folder in which the tree holds a bundle, "" for its top; None where it holds none."""
    tops = sorted(
        {name.split("/")[0] for name in tree.names() if name.count("/") == 1 and name.endswith("/" + MANIFEST)}
    )
    for folder in ["", *tops[:2]]:
        name = f"{folder}/{MANIFEST}" if folder else MANIFEST
        if name in tree.names() and _manifest(tree, name).get("schema") == SCHEMA:
            return folder
    return None


def ends_of_bundle(tree: Tree, target: str) -> Dict[str, str]:
    """The folder of each end (host, client, master). Raises TargetError where none is there."""
    ends = _manifest(tree, MANIFEST).get("ends")
    there = {name.split("/")[0] for name in tree.names()}
    known = {
        end: folder
        for end, folder in (ends.items() if isinstance(ends, dict) else ())
        if end in (HOST, CLIENT, MASTER) and isinstance(folder, str) and folder in there
    }
    if not known:
        raise TargetError(f"{target}: a bundle without evidence: unpack it and give an evidence directory of it")
    return known


def _manifest(tree: Tree, name: str) -> Dict[str, object]:
    try:
        with tree.open(name) as stream:
            raw = stream.read(TEXT_LIMIT)
        # most manifests are those of evidence directories, and are read in a moment by who knows these
        found = from_json(raw) if SCHEMA.encode() in raw[:_HEAD] else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def order_of(ends: Dict[str, str]) -> List[str]:
    """The ends as a scan takes them: the target first, its master after it."""
    return [end for end in (CLIENT, HOST, MASTER) if end in ends]
