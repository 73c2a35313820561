"""The console script, and `python -m nimdoctor`."""

import gc
import os
import sys
from contextlib import suppress
from typing import TextIO

# nearly everything made while starting lives to the end; collecting it again and again took an eighth of a scan.
# (Not for whoever calls the library: a scan alone, of an lslpp of 20,000 rows too, gains nothing measurable by it, and
# the collector is theirs.)
gc.set_threshold(200_000)

FAILED = 4


def console() -> None:
    """Runs the command line as a process."""
    lost = _open_the_closed()
    from nimdoctor.cli import main

    status = main()
    for stream in (sys.stdout, sys.stderr):
        _flush(stream)
    # what the interpreter takes apart at its end it first goes through for circles, and that takes a sixth of a scan
    gc.freeze()
    sys.exit(FAILED if lost else status)


def _flush(stream: TextIO) -> None:
    """Sends what is buffered; what cannot be sent goes nowhere, else the interpreter makes 120 of the status."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_the_closed() -> bool:
    """Opens /dev/null in place of a standard stream that is closed; says whether standard output was.

    Daemons close them; a file opened later would get the number, and a message would go into it.
    """
    lost = sys.stdout is None
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    return lost


if __name__ == "__main__":
    console()
