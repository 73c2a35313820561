"""Several targets, scanned one after another: what happens to one never ends the others."""

import gc
import os
from typing import TYPE_CHECKING, Callable, Iterator, NamedTuple, Optional, Sequence, TypeVar, Union

from nimdoctor.evidence import hosts_of, open_host
from nimdoctor.evidence.source import Evidence, TargetError
from nimdoctor.library.registry import Incomplete
from nimdoctor.model.wording import went_wrong

if TYPE_CHECKING:
    from nimdoctor.evidence.catalog import Catalog
    from nimdoctor.evidence.source import Progress
    from nimdoctor.library.scanning import Report

UNREADABLE, FAILED = "target", "failed"
"""Kinds of failures: the target cannot be read; nimdoctor itself failed over it."""
EXIT_STATUS = {UNREADABLE: 2, FAILED: 4}

Made = TypeVar("Made")


class Failure(NamedTuple):
    """Why there is no report of a target, in one line that names it. `kind` is UNREADABLE or FAILED."""

    target: str
    kind: str
    message: str

    @property
    def exit_status(self) -> int:
        """2 for what cannot be read, 4 where nimdoctor itself failed."""
        return EXIT_STATUS[self.kind]


def scan_many(
    targets: Sequence[str],
    judge: "Callable[[Evidence], Report]",
    *,
    timeout: float = 30.0,
    progress: "Optional[Progress]" = None,
    catalog: "Optional[Catalog]" = None,
) -> "Iterator[Union[Report, Failure]]":
    """What became of each host that the targets name, in order; each is opened, judged and closed before the next.

    Raises Incomplete, and KeyboardInterrupt.
    """

    def scanned(names: Sequence[str]) -> "Report":
        evidence = open_host(names, timeout=timeout, progress=progress, catalog=catalog)
        try:
            return judge(evidence)
        finally:
            evidence.close()

    for number, names in enumerate(hosts_of(targets)):
        if number:
            # a host's texts and facts refer to each other, and the collector comes by too seldom for many hosts
            gc.collect()
        yield attempted(", ".join(names), lambda names=names: scanned(names))  # type: ignore[misc]


def attempted(target: str, work: Callable[[], Made]) -> Union[Made, Failure]:
    """What the work for that target makes, or why it does not.

    Raises Incomplete, which is about every target, KeyboardInterrupt, and with NIMDOCTOR_DEBUG what went wrong.
    """
    try:
        return work()
    except (KeyboardInterrupt, Incomplete):
        raise
    except TargetError as error:
        return Failure(target, UNREADABLE, str(error))
    except BaseException as error:  # memory, depth, and whatever a plug-in raises, SystemExit included
        if os.environ.get("NIMDOCTOR_DEBUG"):
            raise
        return Failure(target, FAILED, f"{target or 'this host'}: {went_wrong(error)}")
