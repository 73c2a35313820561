"""The masters that a worker has open: thousands of clients are judged with one, and its facts are made once.

What is told of a client is the same as with a master opened afresh: one is kept only where all of it could be read and its
clock is known, since what could not be read is told in other words once somebody has tried.
"""

import contextlib
import threading
from collections import OrderedDict
from typing import Dict, Iterator, NamedTuple, Optional, Type, TypeVar, Union

from nimdoctor import facts
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence import open_target
from nimdoctor.evidence.catalog import MASTER, Catalog
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence
from nimdoctor.fleet.attempts import as_target, tried
from nimdoctor.fleet.bundles import Bundle, bundles
from nimdoctor.library.scanning import alike
from nimdoctor.report.scan_report import Failure

KEPT = 4
"""Masters that are open at a time."""
LARGEST = 8 << 20
"""Bytes of all files of a master that is kept: its facts may take some times as much memory."""

T = TypeVar("T")


class _Open(NamedTuple):
    """An open master; `problems` is what could not be had of it when it was opened."""

    host: Host
    problems: Dict[str, str]

    def stays_as_it_is(self) -> bool:
        """Whether it tells the next client what a fresh one would."""
        time = told(self.host, facts.JudgingTime)
        known = time is not None and time.of_host
        return known and self.host.all_understood and self.host.evidence.problems == self.problems

    def is_small(self) -> bool:
        """Whether many may be open at a time."""
        evidence = self.host.evidence
        return isinstance(evidence, RecordedEvidence) and sum(map(evidence.tree.size, evidence.tree.names())) <= LARGEST


class Masters(threading.local):
    """Those that one thread has open, by what their bundles were when they were opened."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Bundle, _Open] = OrderedDict()

    @contextlib.contextmanager
    def with_client(self, path: str, client: Evidence, catalog: Catalog) -> Iterator[Union[Host, Failure]]:
        """The master of that bundle, for the client's scan alone; the failure where it cannot be used for it."""
        found = next(bundles([path]), None)
        bundle = found if isinstance(found, Bundle) and found.path == path else None
        kept = self._kept.pop(bundle, None) if bundle else None
        opened = kept if kept is not None else tried(path, lambda: _opened(path, catalog))
        if isinstance(opened, Failure):
            yield opened
            return
        host, keep = opened.host, False
        try:
            refused = tried(path, lambda: alike(client, host.evidence))
            yield refused if isinstance(refused, Failure) else host
            keep = opened.stays_as_it_is() and (kept is not None or opened.is_small())
        finally:
            host.client = None
            if keep and bundle:
                self._kept[bundle] = opened
            else:
                host.evidence.close()
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)[1].host.evidence.close()


def _opened(path: str, catalog: Catalog) -> _Open:
    evidence = open_target(as_target(path), catalog=catalog)
    try:
        problems = dict(evidence.problems)
        return _Open(Host(evidence, catalog, (MASTER,)), problems)
    except BaseException:
        evidence.close()
        raise


def told(host: Host, kind: Type[T]) -> Optional[T]:
    """The fact, None where it cannot be had; also where its parser breaks, which the checks that use it tell."""
    try:
        return host.optional(kind)
    except Exception:
        return None
