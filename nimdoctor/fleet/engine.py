"""What does the work of a fleet: one function over many items, in other processes, a few items at a time."""

import time
from collections import deque
from itertools import islice
from typing import (
    Any,
    Callable,
    Deque,
    Dict,
    Generator,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Protocol,
    Tuple,
)

Item = Tuple[str, ...]
Function = Callable[[Item], Dict[str, Any]]
Done = Tuple[Item, Optional[Dict[str, Any]]]

BATCH_SECONDS = 0.5
"""What a batch is meant to take: handing one over costs a millisecond, and a result is seen when its batch is done."""
LONGEST_BATCH = 64
LIMIT = 300.0
"""Seconds after which a batch is given up, and its items are tried one by one, each with the same limit."""


class EngineLost(Exception):
    """No work can be done any more: workers do not start, or the scheduler is gone. One line."""


class Engine(Protocol):
    """Maps a function over items; both travel to other processes, so that the function stands in a module."""

    def map(self, function: Function, items: Iterable[Item]) -> Generator[Done, None, None]:
        """Each item with what the function gave, as each is done, in any order.

        None stands for what is not to be had: the item ended its process twice. Where it took longer than `LIMIT` twice,
        there is `{"failure": {"kind": "crashed", "message"}}`. Items are taken as they are needed, so that no more than
        some batches are held. Raises EngineLost, and what the function raises.
        """

    def close(self) -> None:
        """Ends what works for it."""


class Batch(NamedTuple):
    """Items that are handed over together, or one that is tried again alone."""

    items: Tuple[Item, ...]
    again: bool = False


def work(function: Function, items: Tuple[Item, ...]) -> List[Dict[str, Any]]:
    """A batch, where it is worked on."""
    return [function(item) for item in items]


def too_long(limit: float) -> Dict[str, Any]:
    """What stands for the result of an item that was given up."""
    message = f"it was not done within {limit:g} s, and its process was ended"
    return {"failure": {"kind": "crashed", "message": message}}


class Batches:
    """Parts the items into batches: of one at first, so that something is seen soon, then as many as take half a second."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)
        self._again: Deque[Item] = deque()
        self._size = 1

    def next(self) -> Optional[Batch]:
        """The next one; what is tried again comes first."""
        if self._again:
            return Batch((self._again.popleft(),), again=True)
        items = tuple(islice(self._items, self._size))
        return Batch(items) if items else None

    def took(self, batch: Batch, seconds: float) -> None:
        """Learns from a batch that was done in that time."""
        fits = int(len(batch.items) * BATCH_SECONDS / max(seconds, 0.001))
        self._size = max(1, min(fits, 2 * len(batch.items), LONGEST_BATCH))

    def lost(self, batch: Batch, instead: Optional[Dict[str, Any]] = None) -> List[Done]:
        """The process that had it is gone: its items are tried one by one, and `instead` is told of one that was."""
        if batch.again:
            return [(batch.items[0], instead)]
        self._again.extend(batch.items)
        return []


def elapsed(since: float) -> float:
    """Seconds since that reading of the monotonic clock."""
    return time.monotonic() - since
