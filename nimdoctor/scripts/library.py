"""The shell functions that scripts are made of: each script gets those it calls and no other."""

import pkgutil
import re
from functools import cache
from typing import Dict, List, Set

_FUNCTION = re.compile(r"((?:^#[^\n]*\n)*)^([a-z_]+)\(\) \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
_SHARED = ("host.sh", "facts.sh", "hands.sh")


@cache
def functions(part: str, package: str = "nimdoctor.scripts") -> Dict[str, str]:
    """The functions of a part by name, each with the comment above it, in the order of the file."""
    raw = pkgutil.get_data(package, f"parts/{part}")
    if raw is None:
        raise FileNotFoundError(f"nimdoctor was installed without parts/{part}")
    return {found.group(2): found.group(0) for found in _FUNCTION.finditer(raw.decode("ascii"))}


def with_library(own: str) -> List[str]:
    """The shared functions that `own` calls, directly or not, as blocks of text; its own of that name go first."""
    shared: Dict[str, str] = {}
    for part in _SHARED:
        shared.update(functions(part))
    for name in [found.group(2) for found in _FUNCTION.finditer(own)]:
        shared.pop(name, None)
    needed: Set[str] = set()
    waiting = [own]
    while waiting:
        for name in set(_WORD.findall(_code(waiting.pop()))) & set(shared):
            if name not in needed:
                needed.add(name)
                waiting.append(shared[name])
    return [text for name, text in shared.items() if name in needed]


def _code(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
