"""The functions that a script of the package calls, directly or not."""

import pkgutil
import re
from functools import cache
from typing import Dict, List, Set

from nimdoctor.planning.conditions.base import shell_functions

_FUNCTION = re.compile(r"((?:^#[^\n]*\n)*)^([a-z_0-9]+)\(\) (?:\{\n.*?^\}\n|\{ [^\n]* \}\n)", re.MULTILINE | re.DOTALL)
_FOR_PEOPLE = re.compile(r"^(\s*(?:step \d+|guard|say|.*\bsee)) '(?:[^'\n]|'\\'')*'", re.MULTILINE)
_WORD = re.compile(r"[a-z_][a-z0-9_]*")


@cache
def functions() -> Dict[str, str]:
    """Every function there is by name, with the comment above it."""
    texts = []
    for part in ("change.sh", "readers.sh"):
        raw = pkgutil.get_data("nimdoctor.scripts", f"parts/{part}")
        if raw is None:
            raise FileNotFoundError(f"nimdoctor was installed without parts/{part}")
        texts.append(raw.decode("ascii"))
    return {
        found.group(2): found.group(0)
        for text in (texts[0], shell_functions(), texts[1])
        for found in _FUNCTION.finditer(text)
    }


def called_by(own: str) -> List[str]:
    """The functions that `own` needs, as blocks of text; those that it has itself go first."""
    shared = dict(functions())
    for found in _FUNCTION.finditer(own):
        shared.pop(found.group(2), None)
    needed: Set[str] = set()
    waiting = [own]
    while waiting:
        code = "\n".join(line for line in waiting.pop().splitlines() if not line.lstrip().startswith("#"))
        for name in set(_WORD.findall(_FOR_PEOPLE.sub(r"\1", code))) & set(shared) - needed:
            needed.add(name)
            waiting.append(shared[name])
    return [text for name, text in shared.items() if name in needed]
