"""The command line: thin commands over the library.

Results go to stdout, everything else to stderr. Exit status: 0 healthy, 1 problems, 2 usage or a
target that cannot be read, 3 inconclusive, 4 nimdoctor itself failed, 130 interrupted.
"""

import importlib
import inspect
import os
import sys
from contextlib import redirect_stdout
from functools import cache
from typing import Any, Callable, List, Optional, Sequence, Tuple

import typer

from nimdoctor import __version__
from nimdoctor.cli import monitoring
from nimdoctor.cli.output import FAILED, INTERRUPTED, USAGE, CannotWrite, UsageError, flush, lines, results_alone, say
from nimdoctor.model.wording import visible, went_wrong

COMMANDS = {
    "scan": "scan",
    "ask": "ask",
    "fix": "repair",
    "rollback": "runs",
    "runs": "runs",
    "collect": "collect",
    "field-test": "field_test",
    "report": "report",
    "checks": "reference",
    "explain": "reference",
    "schema": "reference",
    "demo": "reference",
    "fleet": "fleet",
}
"""The commands in the order of the help, each with the module that it stands in."""
TAKES_ANY_WORD = ("explain",)
"""Commands of which a word with a dash is a word: `explain nimclient -c`."""


@cache
def commands(name: str = "") -> Any:
    """What Typer makes of the declarations of that command, or of all of them.

    A command line that begins with a command needs no other: to load and declare them all would hold up each scan.
    """
    app = typer.Typer(
        name="nimdoctor",
        help="A doctor for NIMSH over SSL on IBM AIX.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(options)
    for command, module in COMMANDS.items():
        if name in ("", command):
            settings = {"ignore_unknown_options": True} if command in TAKES_ANY_WORD else {}
            function = getattr(importlib.import_module(f"nimdoctor.cli.{module}"), command.replace("-", "_"))
            # given as such it is wrapped, else cut after some words
            app.command(command, short_help=_summary(function), context_settings=settings)(results_alone()(function))
    return typer.main.get_command(app)


def _summary(command: Callable[..., int]) -> str:
    """The first paragraph of what a command says of itself."""
    return " ".join((inspect.getdoc(command) or "").split("\n\n")[0].split())


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs one command line and gives its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    status, wrong = _run(words)
    if wrong:
        say(wrong)
        return monitoring.unknown(wrong) if monitoring.asks(words) else status
    return status


def _run(words: List[str]) -> Tuple[int, str]:
    """The exit status, and what went wrong where the command could not do what it was asked to."""
    try:
        if not words and "_NIMDOCTOR_COMPLETE" not in os.environ:
            return _usage(), ""
        named = words[0] if words and words[0] in COMMANDS else ""
        status = commands(named)(args=words, prog_name="nimdoctor", standalone_mode=False)
        flush()
        if status == INTERRUPTED:  # Typer turns KeyboardInterrupt into this status and says nothing
            return INTERRUPTED, "interrupted"
        return status if isinstance(status, int) else 0, ""
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED, "interrupted"
    except UsageError as error:
        return error.status, lines(str(error))
    except CannotWrite as error:
        return FAILED, f"the report cannot be written: {error}"
    except Exception as error:
        message = getattr(error, "format_message", None)
        if message is not None:
            return USAGE, f"{lines(message())} (nimdoctor --help shows the usage)"
        if os.environ.get("NIMDOCTOR_DEBUG"):
            raise
        from nimdoctor.evidence.source import TargetError
        from nimdoctor.library.registry import Incomplete

        if isinstance(error, TargetError):
            return USAGE, visible(str(error))
        if isinstance(error, Incomplete):
            return FAILED, lines(str(error))
        return FAILED, visible(went_wrong(error))


def _usage() -> int:
    """The help on stderr; Typer's own way of showing it differs from version to version."""
    with redirect_stdout(sys.stderr):
        commands()(args=["--help"], prog_name="nimdoctor", standalone_mode=False)
    return USAGE


def _version(wanted: bool) -> None:
    if wanted:
        print(f"nimdoctor {__version__}")
        raise typer.Exit()


def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """A doctor for NIMSH over SSL on IBM AIX: finds what is wrong, quotes the evidence, says what to do."""
