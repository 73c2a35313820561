"""Several targets, scanned one after another: what happens to one never ends the others."""

import contextlib
import gc
import os
from datetime import datetime
from typing import TYPE_CHECKING, Callable, Iterator, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union

from nimdoctor.evidence import hosts_of, is_asked_now, open_host, open_target
from nimdoctor.evidence.source import Evidence, TargetError
from nimdoctor.library import scanning
from nimdoctor.library.errors import UsageError
from nimdoctor.library.registry import Incomplete, Registry, close_ids
from nimdoctor.model import Severity
from nimdoctor.model.wording import visible, went_wrong
from nimdoctor.report.scan_report import FAILED, UNREADABLE, Failure, Report

if TYPE_CHECKING:
    from nimdoctor.evidence.source import Progress
    from nimdoctor.library.earlier_reports import EarlierReports

ROLES = ("auto", "client", "master")
COLLECTED_AFTER = 200_000
"""Objects made between two rounds of the garbage collector while a scan runs: nearly all it makes lives to its end, and
with Python's own 700 an `lslpp` of 20,000 rows takes five times as long."""

Made = TypeVar("Made")


class ScanRequest(NamedTuple):
    """What is asked of each target: `role` client or master overrides what the evidence says, `only` and `skip` are check
    ids, `fail_on` a severity, `fail_on_exposure` a CVSS score. With `probe` each live host asks the other end over the
    network; `pictures` are for a report that shows some. `timeout` is in seconds, for one command. `earlier` are reports
    of before, with one of which that of each host is compared. Sessions before `since`, in the host's local time, are not
    looked at.
    """

    role: str = "auto"
    only: Tuple[str, ...] = ()
    skip: Tuple[str, ...] = ()
    fail_on: str = Severity.MEDIUM.value
    fail_on_exposure: Optional[float] = None
    probe: bool = False
    pictures: bool = False
    timeout: float = 30.0
    progress: "Optional[Progress]" = None
    earlier: "Optional[EarlierReports]" = None
    since: Optional[datetime] = None

    def checked(self, targets: Sequence[str]) -> Registry:
        """The checks for it. Raises UsageError for what cannot be asked of these targets, Incomplete."""
        if self.timeout != self.timeout:  # NaN is neither below the one bound nor above the other
            raise UsageError("--timeout is no number of seconds")
        if self.fail_on_exposure is not None and self.fail_on_exposure != self.fail_on_exposure:
            raise UsageError("--fail-on-exposure is no score")
        for name, word, known in (
            ("role", self.role, ROLES),
            ("severity", self.fail_on, [one.value for one in Severity]),
        ):
            if word not in known:
                raise UsageError(f"there is no {name} {word!r}; there are {', '.join(known)}")
        if self.probe:
            _must_be_live(targets)
        return registry_for(self.only, self.skip)

    def judge(self, evidence: Evidence, master: Optional[Evidence], registry: Registry) -> Report:
        """The report of a host that is open. Raises TargetError where it cannot be scanned or compared."""
        report = scanning.scan(
            evidence,
            master,
            registry=registry,
            role=None if self.role == "auto" else self.role,
            only=self.only,
            skip=self.skip,
            fail_on=Severity(self.fail_on),
            rules=() if evidence.live else scanning.local_rules(),
            probe=self.probe,
            pictures=self.pictures,
            since=self.since,
        )
        report = report._replace(fail_on_exposure=self.fail_on_exposure)
        return report._replace(compared=self.earlier.beside(report)) if self.earlier else report

    def open_master(self, master: str, registry: Registry) -> Evidence:
        """Raises TargetError."""
        return open_target(master, timeout=self.timeout, progress=self.progress, catalog=registry.catalog)

    def scan(self, names: Sequence[str], master: Optional[Evidence], registry: Registry) -> Report:
        """The report of one host: the target, or several loose files that are about it. Raises TargetError."""
        with collected_seldom():
            evidence = open_host(names, timeout=self.timeout, progress=self.progress, catalog=registry.catalog)
            with contextlib.closing(evidence):
                return self.judge(evidence, master, registry)


def each(
    request: ScanRequest, targets: Sequence[str], master: Optional[str], registry: Registry
) -> Iterator[Union[Report, Failure]]:
    """What became of each host that the targets name, in order; each is opened, judged and closed before the next.

    A master that cannot be opened is all that is told then. Raises Incomplete, and KeyboardInterrupt.
    """
    end: Union[Evidence, Failure, None] = None
    if master:
        end = attempted(master, lambda: request.open_master(master, registry))
    if isinstance(end, Failure):
        yield end
        return
    with contextlib.closing(end) if end else contextlib.nullcontext():
        for number, names in enumerate(hosts_of(targets)):
            if number:
                # a host's texts and facts refer to each other, and the collector comes by too seldom for many hosts
                gc.collect(1)
            yield attempted(", ".join(names), lambda names=names: request.scan(names, end, registry))  # type: ignore[misc]


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


@contextlib.contextmanager
def collected_seldom() -> Iterator[None]:
    """While it is entered, the garbage collector comes by as seldom as a scan can bear."""
    former = gc.get_threshold()
    gc.set_threshold(max(COLLECTED_AFTER, former[0]), *former[1:])
    try:
        yield
    finally:
        gc.set_threshold(*former)


def registry_for(only: Sequence[str] = (), skip: Sequence[str] = ()) -> Registry:
    """The checks, where those named are among them. Raises UsageError, Incomplete."""
    registry = Registry(only)
    for names in (only, skip):
        for name in names:
            there = registry.checks() if names is only else registry.all_checks()
            if name not in {check.id for check in there} | {one.name for one in registry.broken}:
                close = close_ids(name, registry.all_checks())
                hint = f"; did you mean {' or '.join(close)}?" if close else "; `nimdoctor checks` lists them"
                raise UsageError(f"there is no check {name!r}{hint}")
    return registry


def _must_be_live(targets: Sequence[str]) -> None:
    """Recorded evidence may come from a host in another network: what answers here says nothing of it."""
    for target in targets:
        if target.startswith("ssh:"):
            raise UsageError(
                f"--probe asks the network from the host that is scanned, and {visible(target)} is asked from "
                "here: run it on that host (no TARGET)"
            )
        if not is_asked_now(target):
            raise UsageError(
                f"--probe asks the network from the host that is scanned, and {visible(target)} is recorded "
                "evidence: run it on that host (no TARGET), or give root:DIR"
            )
