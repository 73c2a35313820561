"""Texts of a host as people cut them: through grep, by head or tail, with dots where lines were left out."""

import json
import random
import re
from typing import Callable, Dict, List, NamedTuple

from hosts import MemoryTree


class Cut(NamedTuple):
    """What is left of a text, and how that is told: behind its command, for a file in the manifest or by its lines."""

    lines: List[bytes]
    pipe: str
    file: Dict[str, int]
    marked: bool = False


def _grep(lines: List[bytes], chance: random.Random) -> Cut:
    words = sorted({word for line in lines for word in re.findall(rb"[\w.]{3,}", line)})
    word = chance.choice(words) if words else b"x"
    kept = [line for line in lines if word in line]
    return Cut(kept, f"grep {word.decode()}", {"lines_left_out": len(lines) - len(kept)})


def _grep_v(lines: List[bytes], chance: random.Random) -> Cut:
    words = sorted({word for line in lines for word in re.findall(rb"[\w.]{3,}", line)})
    word = chance.choice(words) if words else b"x"
    kept = [line for line in lines if word not in line]
    return Cut(kept, f"grep -v {word.decode()}", {"lines_left_out": len(lines) - len(kept)})


def _head(lines: List[bytes], chance: random.Random) -> Cut:
    count = chance.randrange(1, len(lines))
    return Cut([*lines[:count], b"......"], f"head -{count}", {}, True)


def _tail(lines: List[bytes], chance: random.Random) -> Cut:
    count = chance.randrange(1, len(lines))
    return Cut(lines[-count:], f"tail -{count}", {"first_line": len(lines) - count + 1, "bytes_left_out": 1})


def _middle(lines: List[bytes], chance: random.Random) -> Cut:
    first, last = sorted(chance.sample(range(len(lines) + 1), 2))
    return Cut([*lines[:first], b"[...]", *lines[last:]], "", {}, True)


CUTS: Dict[str, Callable[[List[bytes], random.Random], Cut]] = {
    "grep": _grep,
    "grep -v": _grep_v,
    "head": _head,
    "tail": _tail,
    "middle": _middle,
}


def texts(tree: MemoryTree) -> List[str]:
    """The files and outputs of an end that can be cut, by their place in the tree."""
    told = json.loads(tree.files["manifest.json"])["commands"]
    listed = {entry.get("file") for entry in told.values()}
    return sorted(
        name
        for name, raw in tree.files.items()
        if (name in listed or name.startswith("files/")) and raw.strip().count(b"\n") > 0
    )


def cut(tree: MemoryTree, name: str, how: str, chance: random.Random) -> MemoryTree:
    """The end with that text cut, and that said as its kind of text says it."""
    lines = tree.files[name].strip(b"\n").split(b"\n")
    made = CUTS[how](lines, chance)
    files = dict(tree.files)
    told = json.loads(files["manifest.json"])
    if name.startswith("files/"):
        if not made.marked:
            told.setdefault("files", {})[name[5:]] = made.file
        kept = made.lines
    else:
        line = next(line for line, entry in told["commands"].items() if entry.get("file") == name)
        entry = told["commands"].pop(line)
        if made.pipe:
            line, kept = f"{line} | {made.pipe}", [one for one in made.lines if one != b"......"]
        else:
            kept = made.lines
            # of what a collector ran the status stands beside it; who pastes has none
            entry["status"] = None
        told["commands"][line] = entry
    files[name] = b"\n".join(kept) + b"\n" if kept else b""
    files["manifest.json"] = json.dumps(told).encode()
    return MemoryTree(files)
