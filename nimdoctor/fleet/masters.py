"""The masters that a worker has open: thousands of clients are judged with one, and its facts are made once.

What is told of a client is the same as with a master opened afresh: one is kept only where all of it could be read and its
clock is known, since what could not be read is told in other words once somebody has tried.
"""

import contextlib
import threading
from collections import OrderedDict
from typing import Iterator, Optional, Type, TypeVar, Union

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
"""Bytes of text, without nimsh.log, of a master that is kept; its facts take some times as much memory."""

T = TypeVar("T")


class Masters(threading.local):
    """Those that one thread has open, by what their bundles were when they were opened."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Bundle, Host] = OrderedDict()

    @contextlib.contextmanager
    def with_client(self, path: str, client: Evidence, catalog: Catalog) -> Iterator[Union[Host, Failure]]:
        """The master of that bundle, for the client's scan alone; the failure where it cannot be used for it."""
        found = next(bundles([path]), None)
        bundle = found if isinstance(found, Bundle) else None
        kept = self._kept.pop(bundle, None) if bundle else None
        opened = kept if kept is not None else tried(path, lambda: _opened(path, catalog))
        if isinstance(opened, Failure):
            yield opened
            return
        keep = False
        try:
            refused = tried(path, lambda: alike(client, opened.evidence))
            yield refused if isinstance(refused, Failure) else opened
            keep = bundle is not None and _stays_as_it_is(opened)
        finally:
            opened.client = None
            if keep and bundle:
                self._kept[bundle] = opened
            else:
                opened.evidence.close()
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)[1].evidence.close()


def _opened(path: str, catalog: Catalog) -> Host:
    evidence = open_target(as_target(path), catalog=catalog)
    try:
        return Host(evidence, catalog, (MASTER,))
    except BaseException:
        evidence.close()
        raise


def _stays_as_it_is(host: Host) -> bool:
    """Whether it tells the next client what a fresh one would, and is small enough to be kept."""
    evidence, time = host.evidence, told(host, facts.JudgingTime)
    return (
        isinstance(evidence, RecordedEvidence)
        and host.all_read
        and time is not None
        and time.of_host
        and sum(map(evidence.tree.size, evidence.tree.names())) <= LARGEST
    )


def told(host: Host, kind: Type[T]) -> Optional[T]:
    """The fact, None where it cannot be had; also where its parser breaks, which the checks that use it tell."""
    try:
        return host.optional(kind)
    except Exception:
        return None
