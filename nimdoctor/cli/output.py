"""What every command shares: results to stdout, everything else to stderr, errors of one line."""

import os
import sys
from enum import Enum
from typing import Optional

from nimdoctor.wording import visible

USAGE, FAILED, INTERRUPTED = 2, 4, 130


class Format(str, Enum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"


class CannotWrite(Exception):
    """Standard output takes no more: a full disk, a broken device."""


class UsageError(Exception):
    """What the user asked for cannot be done; the message is one line."""

    status = USAGE


def flush() -> None:
    """Sends what is buffered. A reader that has seen enough (`| head`) does not change the exit status."""
    try:
        sys.stdout.flush()
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
    import shutil

    return min(110, shutil.get_terminal_size((96, 24)).columns)


def write(text: str, output: Optional[str]) -> None:
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
        raise CannotWrite(error.strerror or str(error)) from error
    flush()
