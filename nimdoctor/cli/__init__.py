"""The command line: thin commands over the library.

Results go to stdout, everything else to stderr. Exit status: 0 healthy, 1 problems, 2 usage or a
target that cannot be read, 3 inconclusive, 4 nimdoctor itself failed, 130 interrupted.
"""

import os
import sys
from enum import Enum
from typing import TYPE_CHECKING, Callable, List, Optional, Sequence

import typer

from nimdoctor import __version__
from nimdoctor.wording import visible

if TYPE_CHECKING:
    from nimdoctor.evidence.source import Evidence
    from nimdoctor.ignore import Rule
    from nimdoctor.registry import Registry
    from nimdoctor.scan import Report

USAGE, FAILED, INTERRUPTED = 2, 4, 130
WORST_FIRST = (4, 2, 1, 3, 0)
"""Exit statuses of several targets: the first of these that occurs is the whole scan's."""


class Format(str, Enum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"


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


class _CannotWrite(Exception):
    """Standard output takes no more: a full disk, a broken device."""


class UsageError(Exception):
    """What the user asked for cannot be done; the message is one line."""


app = typer.Typer(
    name="nimdoctor",
    help="A doctor for NIMSH over SSL on IBM AIX.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs one command line and gives its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if not words and "_NIMDOCTOR_COMPLETE" not in os.environ:
            return _usage()
        status = app(args=words, prog_name="nimdoctor", standalone_mode=False)
        _flush()
        if status == INTERRUPTED:  # Typer turns KeyboardInterrupt into this status and says nothing
            _say("interrupted")
        return status if isinstance(status, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        return INTERRUPTED
    except UsageError as error:
        _say(_lines(str(error)))
        return USAGE
    except _CannotWrite as error:
        _say(f"the report cannot be written: {error}")
        return FAILED
    except Exception as error:
        message = getattr(error, "format_message", None)
        if message is not None:
            _say(f"{_lines(message())} (nimdoctor --help shows the usage)")
            return USAGE
        if os.environ.get("NIMDOCTOR_DEBUG"):
            raise
        _say(f"nimdoctor itself failed: {type(error).__name__}: {visible(str(error))}; NIMDOCTOR_DEBUG=1 shows where")
        return FAILED


def _usage() -> int:
    """The help on stderr; Typer's own way of showing it differs from version to version."""
    from contextlib import redirect_stdout

    with redirect_stdout(sys.stderr):
        app(args=["--help"], prog_name="nimdoctor", standalone_mode=False)
    return USAGE


def _flush() -> None:
    """Sends what is buffered. A reader that has seen enough (`| head`) does not change the exit status."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # whatever is still buffered goes nowhere, else the interpreter complains while it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise _CannotWrite(error.strerror or str(error)) from error


def _say(line: str) -> None:
    try:
        print(f"nimdoctor: {line}", file=sys.stderr, flush=True)
    except OSError:
        # nobody can be told; the exit status still says it
        pass


def _lines(message: str) -> str:
    """A message of several lines, each made visible."""
    return "\n".join(visible(line) for line in message.splitlines())


def _version(wanted: bool) -> None:
    if wanted:
        print(f"nimdoctor {__version__}")
        raise typer.Exit()


def _complete_ids(incomplete: str) -> List[str]:
    from nimdoctor.registry import Registry

    return [check.id for check in Registry().checks() if check.id.startswith(incomplete)]


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """A doctor for NIMSH over SSL on IBM AIX: finds what is wrong, quotes the evidence, says what to do."""


@app.command()
def scan(
    targets: Optional[List[str]] = typer.Argument(
        None,
        metavar="[TARGET]...",
        help="Nothing for this host; root:DIR; an evidence directory or archive; loose files.",
    ),
    master: Optional[str] = typer.Option(None, "--master", metavar="TARGET", help="The NIM master's evidence."),
    role: RoleOption = typer.Option(RoleOption.AUTO, "--role", help="Which end the target is."),
    check: Optional[List[str]] = typer.Option(
        None, "--check", metavar="ID", help="Only this check; may be repeated.", autocompletion=_complete_ids
    ),
    skip: Optional[List[str]] = typer.Option(
        None, "--skip", metavar="ID", help="Without this check; may be repeated.", autocompletion=_complete_ids
    ),
    format: Format = typer.Option(Format.TEXT, "--format", help="How the report is written."),
    output: Optional[str] = typer.Option(None, "--output", metavar="FILE", help="Write the report there."),
    fail_on: SeverityOption = typer.Option(SeverityOption.MEDIUM, "--fail-on", help="The bar for exit status 1."),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one command may take."
    ),
    probe: bool = typer.Option(False, "--probe", help="Also ask the other end over the network; else nothing is sent."),
) -> int:
    """Diagnose a host from its evidence."""
    from nimdoctor.evidence import open_target, open_targets
    from nimdoctor.evidence.source import TargetError
    from nimdoctor.waiting import Waiting

    if timeout != timeout:  # NaN is neither below the one bound nor above the other
        raise UsageError("--timeout is no number of seconds")
    if output == "":
        raise UsageError("--output names no file")
    registry = _registry(check or [], skip or [])
    catalog = registry.catalog
    waiting = Waiting()
    refused: List[str] = []
    reports: List[Report] = []
    restore: Callable[[], None] = _nothing
    try:
        try:
            hosts = open_targets(
                targets or [], timeout=timeout, progress=waiting, catalog=catalog, refused=refused if targets else None
            )
            for reason in refused:
                _say(visible(reason))
            end = open_target(master, timeout=timeout, progress=waiting, catalog=catalog) if master else None
        except TargetError as error:
            raise UsageError(visible(str(error))) from error
        if probe:
            _must_be_live(hosts)
        if any(evidence.live for evidence in hosts) or (end and end.live):
            restore = _end_like_ctrl_c()
        for evidence in hosts:
            reports.append(_scan(evidence, end, registry, role, check or [], skip or [], fail_on, probe))
            evidence.close()
        if end:
            end.close()
    finally:
        waiting.close()
        restore()
    if reports:
        # several targets are one object a line, for tools that read line by line
        _write(_rendered(reports, format, output, one_line=len(targets or []) > 1), output)
    statuses = [USAGE] * bool(refused) + [report.exit_status for report in reports]
    return next(status for status in WORST_FIRST if status in statuses)


def _nothing() -> None:
    """Nothing to restore."""


def _end_like_ctrl_c() -> Callable[[], None]:
    """Makes a hangup or a plain kill end the running command too; gives what undoes this."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        return _nothing

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
) -> "Report":
    from nimdoctor.model import Severity
    from nimdoctor.scan import scan as run_scan

    return run_scan(
        evidence,
        master,
        registry=registry,
        role=None if role is RoleOption.AUTO else role.value,
        only=only,
        skip=skip,
        fail_on=Severity(fail_on.value),
        rules=() if evidence.live else _local_rules(),
        probe=probe,
    )


def _must_be_live(hosts: "Sequence[Evidence]") -> None:
    """Recorded evidence may come from a host in another network: what answers here says nothing of it."""
    for evidence in hosts:
        if not evidence.live:
            raise UsageError(
                f"--probe asks the network from the host that is scanned, and {visible(evidence.target)} is recorded "
                "evidence: run it on that host (no TARGET), or give root:DIR"
            )


def _local_rules() -> "List[Rule]":
    """This host's own ignore file, for recorded evidence; a live host's file is read as its evidence."""
    from nimdoctor import ignore
    from nimdoctor.evidence.catalog import IGNORE_FILE
    from nimdoctor.text import BadEvidence, Text

    if not os.path.isfile(IGNORE_FILE):
        return []
    try:
        return ignore.parse(Text(IGNORE_FILE, lambda: open(IGNORE_FILE, "rb")))[0]
    except BadEvidence:
        return []


def _registry(only: Sequence[str], skip: Sequence[str]) -> "Registry":
    from nimdoctor.registry import Registry, close_ids

    registry = Registry(only)
    for names in (only, skip):
        for name in names:
            if name not in {check.id for check in (registry.checks() if names is only else registry.all_checks())}:
                close = close_ids(name, registry.all_checks())
                hint = f"; did you mean {' or '.join(close)}?" if close else "; `nimdoctor checks` lists them"
                raise UsageError(f"there is no check {name!r}{hint}")
    return registry


def _rendered(reports: "Sequence[Report]", format: Format, output: Optional[str], one_line: bool) -> str:
    if format is Format.JSON:
        from nimdoctor.report import json_report

        return "".join(json_report.render(report, indent=None if one_line else 2) + "\n" for report in reports)
    from nimdoctor.report import text_report

    terminal = output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return "\n".join(text_report.render(report, width=_width(), colour=terminal) for report in reports)


def _width() -> int:
    import shutil

    return min(110, shutil.get_terminal_size((96, 24)).columns)


def _write(text: str, output: Optional[str]) -> None:
    """To stdout in whatever encoding it has, or to a file that appears whole or not at all."""
    if output and output != "-":
        from nimdoctor.atomic import write_whole

        try:
            write_whole(output, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise UsageError(f"{output} cannot be written: {error.strerror or error}") from error
        return
    encoding = sys.stdout.encoding or "ascii"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    except BrokenPipeError:
        pass
    except OSError as error:
        raise _CannotWrite(error.strerror or str(error)) from error
    _flush()


@app.command()
def checks() -> int:
    """List every check: id, end, severity and title."""
    from tabulate import tabulate

    from nimdoctor.registry import Registry

    registry = Registry()
    rows = [
        [found.id, found.role.value, found.severity.value, found.fix or "-", found.title] for found in registry.checks()
    ]
    _write(tabulate(rows, headers=["Check", "End", "Severity", "Fix", "Finds"], tablefmt="simple") + "\n", None)
    for broken in registry.broken:
        _say(f"plug-in {broken.name}: {broken.reason}")
    return 0


@app.command()
def explain(
    words: List[str] = typer.Argument(
        ...,
        metavar="ID|MESSAGE",
        help="A check's id, a message number, or a line of a log.",
        autocompletion=_complete_ids,
    ),
) -> int:
    """Teach about a check, or say what a message or a log line belongs to."""
    from nimdoctor.explain import explain as teach
    from nimdoctor.registry import Registry

    registry = Registry()
    explanation = teach(" ".join(words), registry.checks(), registry.catalog)
    if not explanation.found:
        raise UsageError(explanation.text.strip())
    _write(explanation.text.rstrip("\n") + "\n", None)
    return 0


def _complete_scenarios(incomplete: str) -> List[str]:
    from nimdoctor.demo import scenarios

    return [name for name in scenarios() if name.startswith(incomplete)]


@app.command()
def demo(
    scenario: Optional[str] = typer.Argument(
        None, metavar="[SCENARIO]", help="Which embedded sample; `list` names them.", autocompletion=_complete_scenarios
    ),
) -> int:
    """Scan an embedded sample client together with its master; needs no AIX."""
    from nimdoctor import demo as samples

    names = samples.scenarios()
    if scenario == "list":
        _write("\n".join(names) + "\n", None)
        return 0
    wanted = scenario or samples.DEFAULT
    if wanted not in names:
        raise UsageError(f"there is no scenario {wanted!r}; there are {', '.join(names)}")
    client, master = samples.directories(wanted)
    _write(samples.introduction(wanted), None)
    scan([client], master=master, role=RoleOption.AUTO, check=None, skip=None, format=Format.TEXT, output=None,
         fail_on=SeverityOption.MEDIUM, timeout=30.0, probe=False)  # fmt: skip
    return 0
