"""The engine of one host: a process for each job.

Each process has an executor of its own, so that of one that dies it is known what it had, and the others go on. They are
spawned: a fork would copy the threads' locks of this process, and a fork server needs descriptors sent over a socket.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.process import BaseProcess
from typing import Any, Dict, Generator, Iterable, Iterator, List, Optional

from nimdoctor.fleet.engine import LIMIT, Batch, Batches, Done, EngineLost, Function, Item, elapsed, too_long, work

STARTS = 3
"""So many starts in a row without one that succeeds: no more are tried."""


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """An Engine of so many processes, each started when there is work for it; `limit` is in seconds."""

    def __init__(self, jobs: int, limit: float = LIMIT) -> None:
        self._limit = limit
        self._workers = [_Worker() for _ in range(jobs)]
        self._failed_starts = 0

    def map(self, function: Function, items: Iterable[Item]) -> Generator[Done, None, None]:
        batches = Batches(items)
        try:
            for worker in self._workers:
                worker.take(function, batches.next())
            while any(worker.batch for worker in self._workers):
                for worker in self._ended():
                    done = self._results(worker, batches)
                    worker.take(function, batches.next())  # before these are written down
                    yield from done
        finally:
            for worker in self._workers:
                if worker.batch:
                    worker.end()

    def close(self) -> None:
        for worker in self._workers:
            worker.end()

    def _ended(self) -> List["_Worker"]:
        """Those that are done with their batch, have died of it, or take too long."""
        busy = [worker for worker in self._workers if worker.batch]
        left = min(self._limit - elapsed(worker.since) for worker in busy)
        wait([worker.result for worker in busy if worker.result], max(left, 0.0), FIRST_COMPLETED)
        return [one for one in busy if one.done or elapsed(one.since) >= self._limit]

    def _results(self, worker: "_Worker", batches: Batches) -> List[Done]:
        batch = worker.batch
        assert batch and worker.result
        if not worker.done:
            worker.end()
            return batches.lost(batch, too_long(self._limit))
        try:
            results = worker.result.result()
        except BrokenExecutor:
            self._started(worker.has_started)
            worker.end()
            return batches.lost(batch)
        self._started(True)
        batches.took(batch, elapsed(worker.since))
        worker.batch = None
        return list(zip(batch.items, results))

    def _started(self, well: bool) -> None:
        self._failed_starts = 0 if well else self._failed_starts + 1
        if self._failed_starts >= STARTS:
            raise EngineLost("processes that judge bundles cannot be started here, or end at once")


class _Worker:
    """One process, started when it is given something; a batch that it has, and since when."""

    def __init__(self) -> None:
        self._executor: Optional[ProcessPoolExecutor] = None
        self._process: Optional[BaseProcess] = None
        self._first: Optional[Future[int]] = None
        self.batch: Optional[Batch] = None
        self.result: Optional[Future[List[Dict[str, Any]]]] = None
        self.since = 0.0

    def take(self, function: Function, batch: Optional[Batch]) -> None:
        """Begins with that batch; None is no more work."""
        self.batch = batch
        if batch is None:
            return
        executor = self._executor or self._start()
        self.since = time.monotonic()
        try:
            self.result = executor.submit(work, function, batch.items)
        except BrokenExecutor:  # it died while it had nothing to do
            self.end()
            self.batch = batch
            self.result = self._start().submit(work, function, batch.items)

    def _start(self) -> ProcessPoolExecutor:
        self._executor = ProcessPoolExecutor(1, get_context("spawn"), _prepare)
        others = set(active_children())
        with _interrupts_held():
            self._first = self._executor.submit(os.getpid)
        self._process = next(iter(set(active_children()) - others), None)
        return self._executor

    @property
    def done(self) -> bool:
        """Whether there is a result of the batch, or never will be."""
        return self.result is not None and self.result.done()

    @property
    def has_started(self) -> bool:
        """Whether its process ever came to work."""
        return self._first is not None and self._first.done() and self._first.exception() is None

    def end(self) -> None:
        """Ends its process at once: it only reads. The next batch starts another."""
        self.batch = None
        executor, self._executor = self._executor, None
        if executor is None:
            return
        if self._process is not None:
            self._process.kill()
        executor.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process that is started meanwhile never hears Ctrl-C; this one does, after."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _prepare() -> None:
    """A process of the pool: it ends with the one that started it, however that ends, and writes no results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
