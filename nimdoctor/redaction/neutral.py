"""A text without anything of its site, for its shape alone: the words by which AIX's own outputs are known stay.

Where pseudonyms keep what belongs together, here nothing is kept: another host, another site gives the same shape.
"""

import re
from functools import cache
from typing import FrozenSet, Tuple

from nimdoctor.evidence.recognition.kinds import KINDS, TextKind
from nimdoctor.facts.level_table import data_of
from nimdoctor.redaction.words import vocabulary

WORD = "word"
"""What stands for every word that is nobody's but the site's."""
_TOKEN = re.compile(r"(?<![\w-])\d{4}-\d{3}(?![\w-])|[^\W_]+")
_STRANGE = re.compile(r"[^\x20-\x7e\t]")
NUMBERED = frozenset(
    "cable en ent et hd if lo md mp nd rd routing sha st tcp th type udp".split()  # noqa: SIM905
)
"""Words that stay with a number behind them, which others of the system's are not: they may be a host's name."""
_REFUSALS = frozenset(
    [
        "access",
        "argument",
        "arguments",
        "broken",
        "busy",
        "cannot",
        "connection",
        "denied",
        "directory",
        "exist",
        "exists",
        "fault",
        "file",
        "flag",
        "found",
        "illegal",
        "interrupted",
        "invalid",
        "memory",
        "no",
        "open",
        "option",
        "permission",
        "pipe",
        "peer",
        "refused",
        "reset",
        "route",
        "script",
        "signal",
        "such",
        "syntax",
        "timed",
        "unable",
        "unreachable",
        "unrecognized",
        "usage",
        "valid",
        "with",
    ]
)
"""What a command is refused with, and complains of."""
_DIGIT = re.compile(r"\d")


def neutral(line: str) -> str:
    """The line with `word` for each word that is not AIX's own, 0 for each digit, and no letter but of ASCII.

    A number of the table of messages stays: it is the same everywhere.

    >>> neutral("   if1            = net_10_1 lpar7 0")
    '   if0            = net_00_0 word0 0'
    >>> neutral('0042-001 nim: processing error encountered on "acme-nim":')
    '0042-001 nim: processing error word on "word-nim":'
    """
    return _STRANGE.sub("?", _TOKEN.sub(lambda found: _neutral_word(found.group()), line))


def _neutral_word(word: str) -> str:
    if "-" in word:
        return word if word in _numbers() else _DIGIT.sub("0", word)
    if not _DIGIT.sub("", word):
        return "0" * len(word)
    lower = word.lower()
    if word.isascii() and (lower in keywords() or _DIGIT.sub("", lower) in NUMBERED):
        return _DIGIT.sub("0", word)
    return WORD + ("0" if _DIGIT.search(word) else "")


@cache
def keywords() -> FrozenSet[str]:
    """Words, in small letters, that stay: those of the system itself, and of the lines by which its outputs are known."""
    patterns = " ".join(re.sub(r"\\[A-Za-z]", " ", pattern) for kind in KINDS for pattern in _patterns(kind))
    return vocabulary() | _REFUSALS | frozenset(word.lower() for word in re.findall(r"[A-Za-z]{2,}", patterns))


def _patterns(kind: TextKind) -> Tuple[str, ...]:
    return (*(sign.pattern for sign in kind.signs), *kind.lines)


@cache
def _numbers() -> FrozenSet[str]:
    return frozenset(row["number"] for row in data_of("messages")["messages"])
