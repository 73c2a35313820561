"""Shell that runs on the host whose evidence is read: the parts, and what their variables hold."""

import pkgutil
import re
from functools import cache

NO_ALIASES = "unalias -a\n"
"""The first command of every script and of all that goes over ssh, before any function: ksh88 has aliases of its own
(`stop`, `type`, `hash`, `local` ...), and one of them beats a function of its name."""

BLOCK = 1024 * 1024
BLOCKS = 8
"""Blocks of a streamed file that are collected, or come over ssh, at most: its newest."""

KEY_ENDS = """
        # whether a line ends a key that began before it, or on it: its last marker decides
        function ends(upper,   at, last) {
            last = 0
            for (at = 1; at <= length(upper); at++) {
                if (substr(upper, at, 4) == "END ") last = 1
                if (substr(upper, at, 6) == "BEGIN ") last = 0
            }
            return last && index(upper, "PRIVATE KEY")
        }
"""
"""What the filters of keys share: a function of awk."""


@cache
def source(name: str, package: str = "nimdoctor.evidence") -> str:
    """The text of a part. Raises FileNotFoundError."""
    raw = pkgutil.get_data(package, f"parts/{name}")
    if raw is None:
        raise FileNotFoundError(f"nimdoctor was installed without parts/{name}")
    return raw.decode("ascii")


@cache
def part(name: str) -> str:
    """The functions of a part, without its comments. Raises FileNotFoundError."""
    return re.sub(r"^ *# [^\n]*\n|^\n", "", source(name), flags=re.MULTILINE)
