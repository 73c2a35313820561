"""The functions that a script of the package calls, directly or not."""

import pkgutil
import re
from functools import cache
from typing import Dict, List, Set

from nimdoctor.planning.conditions.base import shell_functions

_FUNCTION = re.compile(
    r"((?:^#[^\n]*\n)*)^([a-z_0-9]+)\(\) (?:\{(?: #[^\n]*)?\n.*?^\}\n|\{ [^\n]*\n)", re.MULTILINE | re.DOTALL
)
_COMMENT = re.compile(r"^\s*#[^\n]*|(?<=[{}]) #[^\n]*", re.MULTILINE)
_FOR_PEOPLE = re.compile(r"^(\s*(?:step \d+|guard|say|.*\bsee)) '(?:[^'\n]|'\\'')*'", re.MULTILINE)
# where a command stands, and what guard and see call; awk's own words there are none of the functions
_CALL = re.compile(
    r"(?:^|[;&|({!)]|\b(?:then|do|else|elif|if|while|until|guard|see)\b)(?=[ \t]*([a-z_][a-z0-9_]*))", re.MULTILINE
)


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
        code = _FOR_PEOPLE.sub(r"\1", _COMMENT.sub("", waiting.pop()))
        for name in set(_CALL.findall(code)) & set(shared) - needed:
            needed.add(name)
            waiting.append(shared[name])
    return [text for name, text in shared.items() if name in needed]
