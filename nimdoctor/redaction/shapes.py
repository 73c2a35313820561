"""Lines that are alike but for their digits are looked at once: what was found in one is found in all at one place.

A shape is a line with 0 for every digit. It is as long as the line, and an expression that takes all digits for one
finds in it what it finds in the line, at the same place.
"""

import re
from typing import Callable, Dict, List, Optional, Sequence, Tuple

_ZEROED = bytes.maketrans(b"123456789", b"0" * 9)
CACHED = 20_000
"""Shapes that are remembered."""
CACHED_BYTES = 4 << 20

Place = Tuple[int, int, int, int]
"""Where something may be in a line: its start and end, what it is, and how long the stamp is that begins the line."""
Plan = List[Place]
"""All such places of a line, none for most lines."""
Counts = Tuple[Tuple[str, int], ...]
Found = Tuple[Optional[bytes], Counts]
"""What a text became (None: it stayed), and what was replaced in it by kind."""


def shape_of(text: bytes) -> bytes:
    """The shape of a line, or of many.

    >>> shape_of(b"lpar7 of 12")
    b'lpar0 of 00'
    """
    return text.translate(_ZEROED)


class Shapes:
    """Plans by shape. `look` fills in those of messages seen for the first time, many at once.

    A message is a line without the stamp that begins it, which `stamp` matches in its shape.
    """

    def __init__(self, stamp: "re.Pattern[bytes]", look: Callable[[Sequence[Tuple[bytes, Plan]]], None]) -> None:
        self._stamp = stamp
        self._look = look
        self._lines = _Cache()
        self._messages = _Cache()

    def plans(self, raw: bytes) -> List[Plan]:
        """The plan of each line of the text."""
        found = self._lines.all(shape_of(raw).split(b"\n"))
        if self._lines.new:
            self._fill(self._lines.taken())
        return found

    def clear(self) -> None:
        """Forgets all."""
        self._lines.clear()
        self._messages.clear()

    def _fill(self, lines: Sequence[Tuple[bytes, Plan]]) -> None:
        stamps = [self._stamp.match(shape) for shape, _ in lines]
        starts = [stamp.end() if stamp else 0 for stamp in stamps]
        plans = self._messages.all([shape[start:] for (shape, _), start in zip(lines, starts)])
        if self._messages.new:
            self._look(self._messages.taken())
        for (_, plan), start, of_message in zip(lines, starts, plans):
            plan.extend([(at + start, end + start, what, start) for at, end, what, _ in of_message])


class _Cache(Dict[bytes, Plan]):
    """Plans by shape, empty where it is new: they are filled in afterwards. Forgets all when there are too many."""

    def __init__(self) -> None:
        super().__init__()
        self.new: List[Tuple[bytes, Plan]] = []
        self._bytes = 0

    def all(self, shapes: List[bytes]) -> List[Plan]:
        if len(self) > CACHED or self._bytes > CACHED_BYTES:
            self.clear()
            self._bytes = 0
        return list(map(self.__getitem__, shapes))

    def __missing__(self, shape: bytes) -> Plan:
        plan: Plan = []
        self[shape] = plan
        self._bytes += len(shape)
        self.new.append((shape, plan))
        return plan

    def taken(self) -> List[Tuple[bytes, Plan]]:
        new, self.new = self.new, []
        return new


class Memo:
    """What texts became. Long ones are not kept, and all are forgotten when there are too many."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self.known: Dict[bytes, Found] = {}

    def keep(self, text: bytes, found: Found) -> None:
        """Remembers it."""
        if len(text) <= self._longest:
            if len(self.known) >= CACHED:
                self.known.clear()
            self.known[text] = found
