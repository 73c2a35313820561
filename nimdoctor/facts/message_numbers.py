"""What the numbers of messages mean: one table, `data/messages.json`, for findings and for `nimdoctor explain`.

Numbers survive translation, words do not.
"""

import json
import pkgutil
from functools import cache
from typing import Dict, NamedTuple, Optional, Tuple

WRAPPER = "0042-001"
"""Says only where an error was met; the line that follows has the reason."""


class MessageNumber(NamedTuple):
    """One row: what a number `says`, what it means, and `sure`, the mark of that (A, B, C or M).

    `clears` is what it rules out, empty where nothing; `look` are the places that settle it, in words.
    """

    number: str
    says: str
    meaning: str
    source: str
    sure: str
    clears: str = ""
    look: Tuple[str, ...] = ()


def explained(number: str) -> str:
    """What a number says, in a sentence or two for a finding.

    >>> explained("0042-999")
    "0042-999 is not in nimdoctor's table: IBM documentation lists all NIM error and warning messages"
    """
    row = numbered(number)
    if row is None:
        return f"{number} is not in nimdoctor's table: IBM documentation lists all NIM error and warning messages"
    return f"{number} says that {row.says}: {row.meaning[:1].lower()}{row.meaning[1:].rstrip('.')}"


def numbered(number: str) -> Optional[MessageNumber]:
    """The row of a number; None for one that the table does not have.

    >>> numbered("0042-053").says, numbered("0042-999")
    ('there is no NIM object of that name', None)
    """
    return _rows().get(number)


@cache
def _rows() -> Dict[str, MessageNumber]:
    # pkgutil reads through the package's loader: a directory and a one-file delivery alike
    raw = pkgutil.get_data("nimdoctor.facts", "data/messages.json")
    if raw is None:
        raise OSError("nimdoctor/facts/data/messages.json is not installed")
    rows = json.loads(raw.decode("utf-8"))["messages"]
    return {row["number"]: MessageNumber(**{**row, "look": tuple(row.get("look", ()))}) for row in rows}
