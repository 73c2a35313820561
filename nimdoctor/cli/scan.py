"""`nimdoctor scan`: diagnose hosts from their evidence."""

import os
from enum import Enum
from typing import TYPE_CHECKING, Callable, Iterable, List, Optional, Sequence, Union

import typer

from nimdoctor.cli.documents import WITH_PICTURES, ScanFormat, tell
from nimdoctor.cli.output import UsageError, results_alone
from nimdoctor.model.wording import visible

if TYPE_CHECKING:
    from nimdoctor.diagnosis.ignore import Rule
    from nimdoctor.evidence.source import Evidence
    from nimdoctor.library.registry import Registry
    from nimdoctor.library.scanning import Report


class RoleOption(str, Enum):
    """Which end the target is."""

    AUTO = "auto"
    CLIENT = "client"
    MASTER = "master"


class SeverityOption(str, Enum):
    """The bar for exit status 1."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@results_alone()
def complete_ids(incomplete: str) -> List[str]:
    from nimdoctor.library.registry import Registry

    return [check.id for check in Registry().checks() if check.id.startswith(incomplete)]


def scan(
    targets: Optional[List[str]] = typer.Argument(
        None,
        metavar="[TARGET]...",
        help="Nothing for this host; root:DIR; ssh:[USER@]HOST; an evidence directory or archive; loose files.",
    ),
    master: Optional[str] = typer.Option(None, "--master", metavar="TARGET", help="The NIM master's evidence."),
    role: RoleOption = typer.Option(RoleOption.AUTO, "--role", help="Which end the target is."),
    check: Optional[List[str]] = typer.Option(
        None, "--check", metavar="ID", help="Only this check; may be repeated.", autocompletion=complete_ids
    ),
    skip: Optional[List[str]] = typer.Option(
        None, "--skip", metavar="ID", help="Without this check; may be repeated.", autocompletion=complete_ids
    ),
    format: ScanFormat = typer.Option(ScanFormat.TEXT, "--format", help="How the report is written."),
    output: Optional[str] = typer.Option(None, "--output", metavar="FILE", help="Write the report there."),
    fail_on: SeverityOption = typer.Option(SeverityOption.MEDIUM, "--fail-on", help="The bar for exit status 1."),
    fail_on_exposure: Optional[float] = typer.Option(
        None,
        "--fail-on-exposure",
        metavar="SCORE",
        min=0.0,
        max=10.0,
        help="Exit status 1 for an open vulnerability of that CVSS score or more; else exposures move it not.",
    ),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one command may take."
    ),
    probe: bool = typer.Option(False, "--probe", help="Also ask the other end over the network; else nothing is sent."),
) -> int:
    """Diagnose a host from its evidence."""
    from nimdoctor.cli.waiting import Waiting
    from nimdoctor.evidence import is_asked_now, open_target
    from nimdoctor.library.targets import Failure, attempted, scan_many
    from nimdoctor.model import Severity

    if timeout != timeout:  # NaN is neither below the one bound nor above the other
        raise UsageError("--timeout is no number of seconds")
    if fail_on_exposure is not None and fail_on_exposure != fail_on_exposure:
        raise UsageError("--fail-on-exposure is no score")
    if output == "":
        raise UsageError("--output names no file")
    names = targets or [""]
    if probe:
        _must_be_live(names)
    registry = _registry(check or [], skip or [])
    catalog = registry.catalog
    waiting = Waiting()
    restore: Callable[[], None] = nothing
    end: Union[Evidence, Failure, None] = None

    def judge(evidence: "Evidence") -> "Report":
        assert not isinstance(end, Failure)
        # a bundle brings its master along
        paired = end or (None if evidence.live else evidence.paired)
        pictures = format in WITH_PICTURES
        report = _scan(evidence, paired, registry, role, check or [], skip or [], fail_on, probe, pictures)
        return report._replace(fail_on_exposure=fail_on_exposure)

    try:
        if any(map(is_asked_now, [*names, *([master] if master else [])])):
            restore = end_like_ctrl_c()
        if master:
            end = attempted(master, lambda: open_target(master, timeout=timeout, progress=waiting, catalog=catalog))
        if isinstance(end, Failure):
            found: Iterable[Union[Report, Failure]] = [end]
        else:
            found = scan_many(names, judge, timeout=timeout, progress=waiting, catalog=catalog)
        return tell(found, format, output, Severity(fail_on.value), several=len(names) > 1)
    finally:
        if end is not None and not isinstance(end, Failure):
            end.close()
        waiting.close()
        restore()


def nothing() -> None:
    """Nothing to restore."""


def end_like_ctrl_c() -> Callable[[], None]:
    """Makes a hangup or a plain kill end the running command too; gives what undoes this."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        return nothing

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    # what was told to be ignored (nohup) stays ignored
    numbers = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, interrupt)

    def restore() -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)

    return restore


def _scan(
    evidence: "Evidence",
    master: "Optional[Evidence]",
    registry: "Registry",
    role: RoleOption,
    only: Sequence[str],
    skip: Sequence[str],
    fail_on: SeverityOption,
    probe: bool,
    pictures: bool,
) -> "Report":
    from nimdoctor.library.scanning import scan as run_scan
    from nimdoctor.model import Severity

    return run_scan(
        evidence,
        master,
        registry=registry,
        role=None if role is RoleOption.AUTO else role.value,
        only=only,
        skip=skip,
        fail_on=Severity(fail_on.value),
        rules=() if evidence.live else local_rules(),
        probe=probe,
        pictures=pictures,
    )


def _must_be_live(targets: Sequence[str]) -> None:
    """Recorded evidence may come from a host in another network: what answers here says nothing of it."""
    from nimdoctor.evidence import is_asked_now

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


def local_rules() -> "List[Rule]":
    """This host's own ignore file, for recorded evidence; a live host's file is read as its evidence."""
    from nimdoctor.diagnosis import ignore
    from nimdoctor.evidence.catalog import IGNORE_FILE
    from nimdoctor.model.text import BadEvidence, Text

    if not os.path.isfile(IGNORE_FILE):
        return []
    try:
        return ignore.parse(Text(IGNORE_FILE, lambda: open(IGNORE_FILE, "rb")))[0]
    except BadEvidence:
        return []


def _registry(only: Sequence[str], skip: Sequence[str]) -> "Registry":
    from nimdoctor.library.registry import Registry, close_ids

    registry = Registry(only)
    for names in (only, skip):
        for name in names:
            there = registry.checks() if names is only else registry.all_checks()
            if name not in {check.id for check in there} | {one.name for one in registry.broken}:
                close = close_ids(name, registry.all_checks())
                hint = f"; did you mean {' or '.join(close)}?" if close else "; `nimdoctor checks` lists them"
                raise UsageError(f"there is no check {name!r}{hint}")
    return registry
