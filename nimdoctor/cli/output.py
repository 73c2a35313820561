"""What every command shares: results to stdout, everything else to stderr, errors of one line."""

import os
import shutil
import sys
from contextlib import ExitStack, contextmanager, redirect_stdout
from contextvars import ContextVar
from enum import Enum
from typing import BinaryIO, Callable, Iterator, Optional, TextIO

from nimdoctor.library.errors import UsageError as UsageError
from nimdoctor.model.wording import visible
from nimdoctor.system.atomic import whole

USAGE, FAILED, INTERRUPTED = 2, 4, 130


class Format(str, Enum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"


class ScanFormat(str, Enum):
    """How a scan's report is written."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    HTML = "html"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    NAGIOS = "nagios"


WITH_PICTURES = (ScanFormat.HTML, ScanFormat.NAGIOS)
"""Formats that show what only the pictures' facts say."""


class CannotWrite(Exception):
    """Standard output takes no more: a full disk, a broken device."""


_results: "ContextVar[Optional[TextIO]]" = ContextVar("results", default=None)


def results() -> TextIO:
    """Standard output, where results go."""
    return _results.get() or sys.stdout


@contextmanager
def results_alone() -> Iterator[None]:
    """Keeps standard output for results: whatever a plug-in prints, as it is loaded or runs, goes to stderr."""
    token = _results.set(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _results.reset(token)


def flush() -> None:
    """Sends what is buffered. A reader that has seen enough (`| head`) does not change the exit status."""
    try:
        results().flush()
    except BrokenPipeError:
        # whatever is still buffered goes nowhere, else the interpreter complains while it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise CannotWrite(error.strerror or str(error)) from error


def say(line: str) -> None:
    try:
        print(f"nimdoctor: {line}", file=sys.stderr, flush=True)
    except OSError:
        # nobody can be told; the exit status still says it
        pass


def lines(message: str) -> str:
    """A message of several lines, each made visible."""
    return "\n".join(visible(line) for line in message.splitlines())


def width() -> int:
    """Columns of the terminal, or as COLUMNS says; no line is longer than is read with ease."""
    return min(120, shutil.get_terminal_size((80, 24)).columns)


def height() -> int:
    """Lines of the terminal, or as LINES says."""
    return shutil.get_terminal_size((80, 24)).lines


def write(text: str, output: Optional[str]) -> None:
    """To stdout in whatever encoding it has, or to a file that appears whole or not at all."""
    with written_to(output) as add:
        add(text)


@contextmanager
def written_to(output: Optional[str]) -> Iterator[Callable[[str], None]]:
    """Gives what writes a document piece by piece. On stdout each piece is seen at once; a file appears whole when the
    block ends, and not where that is by an error or nothing was written.
    """
    if not output or output == "-":
        yield _print
        return
    stream: Optional[BinaryIO] = None

    def add(text: str) -> None:
        nonlocal stream
        with refusal_of(output):
            stream = stream or stack.enter_context(whole(output))
            stream.write(text.encode("utf-8", "backslashreplace"))

    with ExitStack() as stack:
        yield add
        with refusal_of(output):
            stack.close()


@contextmanager
def refusal_of(output: str) -> Iterator[None]:
    """What the system refuses of that file is said in a line. Raises UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror or error}") from error


def _print(text: str) -> None:
    stream = results()
    encoding = stream.encoding or "ascii"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    except BrokenPipeError:
        pass
    except OSError as error:
        raise CannotWrite(error.strerror or str(error)) from error
    flush()
