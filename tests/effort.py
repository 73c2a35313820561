"""How much of what can be tried a run of the suite tries.

NIMDOCTOR_TESTS is `all` for every fault at every command and two kills in a row, which takes many minutes, or `fewer`
for a part, always the same one, of the longest enumerations: then every kind of thing is tried, not each one.
"""

import os
from typing import Iterable, List, TypeVar

Thing = TypeVar("Thing")

EVERYTHING = os.environ.get("NIMDOCTOR_TESTS") == "all"
FEWER = os.environ.get("NIMDOCTOR_TESTS") == "fewer"


def one_in(number: int, things: Iterable[Thing]) -> List[Thing]:
    """All of them; of `fewer` the first, and each that many further on."""
    return list(things)[:: number if FEWER else 1]


def examples(number: int) -> int:
    """So many examples of a property, or of `fewer` a fifth."""
    return max(number // 5, 10) if FEWER else number
