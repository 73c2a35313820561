"""What inputs are made of: the kept corpus, the fixtures, and the samples in the docstrings of facts.

`fixtures/corpus/TARGET/` holds what has no other place: small texts made for it, and every input that ever broke something.
"""

import ast
import base64
from functools import cache
from pathlib import Path
from typing import Dict, Iterator, List

import hostile_archives
from hosts import FIXTURES, registry
from scenarios import ON_DISK, scenario

from nimdoctor.library.repair import Repair, RepairTarget
from nimdoctor.planning.document import canonical
from nimdoctor.planning.fix import Options

REPOSITORY = FIXTURES.parents[1]
CORPUS = REPOSITORY / "fixtures" / "corpus"
LARGEST = 16 * 1024
"""Bytes of a fixture that is taken; what is larger makes each try slow and no other."""


def kept(target: str) -> Dict[str, bytes]:
    """The corpus of a target, by the names of its files."""
    place = CORPUS / target
    return {path.name: path.read_bytes() for path in sorted(place.iterdir())} if place.is_dir() else {}


@cache
def seeds(target: str) -> List[bytes]:
    """All that inputs of a target are made of."""
    found = list(kept(target).values())
    if target in ("facts", "loose", "redaction", "keys"):
        found += [raw for name, raw in fixtures() if not name.endswith("manifest.json")]
        found += samples()
    elif target == "evidence":
        found += [f"{name}\n".encode() + raw for name, raw in fixtures() if name.startswith(("files/", "commands/"))]
    elif target == "manifest":
        found += [raw for name, raw in fixtures() if name.endswith("manifest.json")]
    elif target == "archive":
        found += hostile_archives.samples()
    elif target == "runs":
        found += kept("journal").values()
    elif target == "plan":
        found.append(canonical(repair().plan.as_dict()))
    elif target == "certificate":
        blocks = [raw for name, raw in fixtures() if "certs/" in name]
        found += [*blocks, *(base64.b64decode(raw.split(b"-----")[2]) for raw in blocks)]
    return [raw for raw in dict.fromkeys(found) if len(raw) <= LARGEST]


@cache
def fixtures() -> "List[tuple[str, bytes]]":
    """Files of hosts and logs; of a host's by their names in its evidence."""
    found = [(path.name, path.read_bytes()) for path in sorted((FIXTURES.parent / "logs").glob("*.log"))]
    for end in ("healthy/client", "create-bio-hang/client", "healthy/master"):
        name, host = end.split("/")
        found += sorted(scenario(name)[host].files.items())
    return found


@cache
def repair() -> Repair:
    """Of a pair in which several things are wrong."""
    place = ON_DISK / "create-bio-hang"
    return Repair(RepairTarget(str(place / "client"), str(place / "master")), registry(), Options())


def samples() -> List[bytes]:
    """The texts in examples of docstrings: `Text.of('''...''')`."""
    return [
        text.encode() for path in sorted((REPOSITORY / "nimdoctor" / "facts").glob("*.py")) for text in _samples(path)
    ]


def _samples(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            said = ast.get_docstring(node) or ""
            for piece in said.split("'''")[1::2]:
                yield piece.replace("\n... ", "\n").replace("\n...", "\n")
