"""`nimdoctor scan`: diagnose hosts from their evidence."""

from enum import Enum
from typing import Callable, List, Optional

import typer

from nimdoctor.cli.output import WITH_PICTURES, ScanFormat, UsageError, results_alone
from nimdoctor.cli.waiting import Waiting
from nimdoctor.evidence import is_asked_now
from nimdoctor.library.interruption import end_like_ctrl_c, nothing
from nimdoctor.model import Severity


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
    compare: Optional[str] = typer.Option(
        None, "--compare", metavar="REPORT", help="An earlier report as JSON: what is new, gone, changed since."
    ),
    since: Optional[str] = typer.Option(
        None,
        "--since",
        metavar="TIME",
        help="Of nimsh.log only what came since then: 2026-11-30 or 2026-11-30T10:05, the host's local time.",
    ),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one command may take."
    ),
    every: bool = typer.Option(False, "--all", help="Also what is well, a row for each result."),
    probe: bool = typer.Option(False, "--probe", help="Also ask the other end over the network; else nothing is sent."),
) -> int:
    """Diagnose a host from its evidence."""
    from nimdoctor.cli.documents import tell
    from nimdoctor.library.earlier_reports import read
    from nimdoctor.library.since import local_time
    from nimdoctor.library.targets import ScanRequest, each

    if output == "":
        raise UsageError("--output names no file")
    names = targets or [""]
    waiting = Waiting()
    request = ScanRequest(
        role.value,
        tuple(check or ()),
        tuple(skip or ()),
        fail_on.value,
        fail_on_exposure,
        probe,
        format in WITH_PICTURES,
        timeout,
        waiting,
        read(compare) if compare is not None else None,
        local_time(since) if since is not None else None,
    )
    registry = request.checked(names)
    restore: Callable[[], None] = nothing
    try:
        if any(map(is_asked_now, [*names, *([master] if master else [])])):
            restore = end_like_ctrl_c()
        found = each(request, names, master, registry)
        return tell(found, format, output, Severity(fail_on.value), several=len(names) > 1, every=every)
    finally:
        waiting.close()
        restore()
