"""Message numbers and lines of nimsh.log: their tables, `facts/data`, as `explain` answers by them."""

import re
from functools import cache
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from nimdoctor.facts.level_table import data_of

_NUMBER = re.compile(r"(?<![\w-])(\d{4}-\d{3})(?![\w-])")


class LogLine(NamedTuple):
    """A line known by a part of it in small letters; `where` it stands, in nimsh.log unless it is said."""

    pattern: str
    meaning: str
    sure: str
    where: str = "nimsh.log"


def numbers_in(text: str) -> List[str]:
    """What has the form of a message number in a text, each once."""
    return list(dict.fromkeys(_NUMBER.findall(text)))


def speaker(number: str) -> Optional[str]:
    """Whose message a number is by its first half; None where that is not known."""
    return _speakers().get(number[:4])


@cache
def _speakers() -> Dict[str, str]:
    return {row["prefix"]: row["speaker"] for row in data_of("messages")["facilities"]}


@cache
def log_lines() -> Tuple[LogLine, ...]:
    """The lines of nimsh.log that are known."""
    return tuple(LogLine(**row) for row in data_of("nimsh_lines")["lines"])


def log_file() -> str:
    """The file that they stand in."""
    found: Any = data_of("nimsh_lines")["file"]
    return str(found)
