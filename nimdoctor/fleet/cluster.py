"""The engine of many hosts: workers of dask, which see the bundles by the same paths."""

import asyncio
import contextlib
import logging
import os
import queue
import re
import threading
import time
from typing import Any, Dict, Generator, Iterable, Iterator, List, Tuple

from nimdoctor import __version__
from nimdoctor.fleet.engine import LIMIT, Batch, Batches, Done, EngineLost, Function, Item, elapsed, work
from nimdoctor.library.errors import UsageError

AHEAD = 2
"""Batches for each thread of a worker, so that it has the next one when it is done with one."""
CONNECTING = 15.0
"""Seconds in which a scheduler has to answer, also one that was lost, and to have a worker."""
NO_WORKERS = 120.0
"""Seconds in which workers that died have to be there again."""
_ONE = threading.Lock()
"""Threads of a worker judge one after another: a scan sets the garbage collector of its whole process."""


class Cluster:
    """An Engine by the scheduler at that address. Raises EngineLost where it cannot be used, UsageError
    for what is no address, ModuleNotFoundError without dask.

    A worker that takes longer than the limit for a batch ends itself. How often the scheduler then has it tried elsewhere
    before it gives up is the scheduler's own setting, allowed-failures.
    """

    def __init__(self, address: str, limit: float = LIMIT) -> None:
        if not re.search(":[0-9]+$", address):
            raise UsageError(f"--scheduler {address}: the address of a scheduler ends in its port, as tcp://nim1:8786")
        from distributed import Client

        for name in ("distributed", "distributed.client"):  # what they tell in many lines is told here in one
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._address = address
        self._limit = limit
        try:
            self._client: Any = Client(  # type: ignore[no-untyped-call]
                address, timeout=CONNECTING, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise EngineLost(f"no scheduler of dask answers at {address}") from error
        try:
            self._refuse_others()
        except BaseException:
            self.close()
            raise

    def map(self, function: Function, items: Iterable[Item]) -> Generator[Done, None, None]:
        batches = Batches(items)
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        given: Dict[Any, Batch] = {}

        def give(batch: Batch) -> None:
            future = self._client.submit(_timed, function, batch.items, self._limit, pure=False)
            given[future] = batch
            future.add_done_callback(done.put)

        try:
            while True:
                for batch in self._fitting(batches, len(given)):
                    give(batch)
                if not given:
                    return
                future = self._next(done)
                batch = given.pop(future)
                if future.status == "lost":  # with the worker that had its result
                    give(batch)
                else:
                    yield from self._results(future, batch, batches)
        finally:
            with contextlib.suppress(Exception):
                self._client.cancel(list(given), force=True)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)

    def _refuse_others(self) -> None:
        """Raises EngineLost without workers, or with those that would not judge as this nimdoctor does."""
        try:
            self._client.wait_for_workers(1, timeout=CONNECTING)
        except (TimeoutError, asyncio.TimeoutError) as error:  # until Python 3.11 these were two
            raise EngineLost(f"the scheduler at {self._address} has no workers") from error
        versions: Dict[str, Any] = self._client.run(_version, on_error="return")
        for worker, version in versions.items():
            if version != __version__:
                other = "none that loads" if isinstance(version, BaseException) else f"nimdoctor {version}"
                raise EngineLost(f"the worker {worker} has {other}, and here is {__version__}: install the same there")

    def _fitting(self, batches: Batches, given: int) -> Iterator[Batch]:
        """As many batches as the workers there are now have room for."""
        threads = self._threads() or 1
        for _ in range(AHEAD * threads - given):
            batch = batches.next()
            if batch is None:
                return
            yield batch

    def _threads(self) -> int:
        """Of all workers there are now."""
        try:
            return sum(self._client.nthreads().values())
        except (OSError, TimeoutError):  # whether the scheduler is gone shows where results are waited for
            return 0

    def _next(self, done: "queue.SimpleQueue[Any]") -> Any:
        alone = time.monotonic()
        while True:
            try:
                return done.get(timeout=1.0)
            except queue.Empty:
                if self._client.status not in ("running", "connecting"):
                    raise EngineLost(self._gone()) from None
                if self._threads():
                    alone = time.monotonic()
                elif elapsed(alone) > NO_WORKERS:
                    raise EngineLost(f"the scheduler at {self._address} has no workers any more") from None

    def _results(self, future: Any, batch: Batch, batches: Batches) -> List[Done]:
        from distributed import KilledWorker

        if future.status == "cancelled":
            raise EngineLost(self._gone())
        try:
            seconds, results = future.result()
        except KilledWorker:
            return batches.lost(batch)
        batches.took(batch, seconds)
        return list(zip(batch.items, results))

    def _gone(self) -> str:
        return f"the scheduler at {self._address} is gone"


def _version() -> str:
    return __version__


def _timed(function: Function, items: Tuple[Item, ...], limit: float) -> Tuple[float, List[Dict[str, Any]]]:
    """A batch on a worker, and the seconds that it took."""
    with _ONE:
        begun = time.monotonic()
        end = threading.Timer(limit, os._exit, (1,))
        end.daemon = True
        end.start()
        try:
            results = work(function, items)
            return elapsed(begun), results
        finally:
            end.cancel()
