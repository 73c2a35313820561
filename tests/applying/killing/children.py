"""Command lines of nimdoctor, each in a child process or in this one."""

import contextlib
import gc
import io
import os
import signal
import sys
import tempfile
import traceback
from typing import Callable, NamedTuple, Sequence


class Ended(NamedTuple):
    """How a command line ended; `status` is negative for a signal."""

    status: int
    out: str
    err: str


Prepare = Callable[[], None]


def nothing() -> None:
    """Prepares nothing."""


_ROOMS = tuple(
    f"nimdoctor.{room}" for room in ["applying", "cli", "evidence", "facts", "library", "planning", "report", "scripts"]
)


def import_all() -> None:
    """Imports what nimdoctor imports when it needs it, so that no child has to."""
    import importlib
    import pkgutil

    import nimdoctor
    from nimdoctor.library.registry import Registry

    registry = Registry()
    registry.checks()
    registry.fixes()
    for package in _ROOMS:
        for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(found.name)
    cli = importlib.import_module(f"{nimdoctor.__name__}.cli")
    for name in cli.COMMANDS:
        cli.commands(name)
    gc.collect()
    gc.freeze()  # clones share what is not collected


def nimdoctor(words: Sequence[str], prepare: Prepare = nothing) -> Ended:
    """One command line: in a child process where `prepare` is to run first, which may change what it likes, else here."""
    if prepare is nothing:
        return here(words)
    out, err = scratch(), scratch()
    pid = os.fork()
    if pid == 0:
        become(words, prepare, out, err)
    _, status = os.waitpid(pid, 0)
    return Ended(os.waitstatus_to_exitcode(status), all_of(out), all_of(err))


def here(words: Sequence[str]) -> Ended:
    """One command line in this process: to fork what has the memory of a suite costs more than most of them."""
    from nimdoctor.cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(words))
    return Ended(status, out.getvalue(), err.getvalue())


def become(words: Sequence[str], prepare: Prepare, out: int, err: int) -> None:
    """Never returns."""
    status = 70
    try:
        sys.stdout, sys.stderr = os.fdopen(out, "w", closefd=False), os.fdopen(err, "w", closefd=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        prepare()
        from nimdoctor.cli import main

        status = main(list(words))
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def scratch() -> int:
    with tempfile.TemporaryFile() as stream:
        return os.dup(stream.fileno())


def all_of(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read().decode("utf-8", "replace")
