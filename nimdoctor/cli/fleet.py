"""`nimdoctor fleet`: a record of each of many bundles of evidence."""

import contextlib
import os
import sys
from typing import TYPE_CHECKING, BinaryIO, ContextManager, Iterator, List, Optional

import typer

from nimdoctor.cli.output import FAILED, INTERRUPTED, USAGE, CannotWrite, UsageError, refusal_of, results, say
from nimdoctor.library.interruption import end_like_ctrl_c
from nimdoctor.model.wording import visible

if TYPE_CHECKING:
    from nimdoctor.fleet.checkpoint import Checkpoint
    from nimdoctor.fleet.engine import Engine
    from nimdoctor.fleet.outputs import Add, Record


def fleet(
    paths: Optional[List[str]] = typer.Argument(
        None, metavar="[PATH]...", help="Bundles, or directories of them; - reads their paths from standard input."
    ),
    listed_in: Optional[str] = typer.Option(
        None, "--from", metavar="FILE", help="Paths, one a line, or each ended by a NUL."
    ),
    output: Optional[str] = typer.Option(
        None, "--output", metavar="FILE", help="Write there: .jsonl, .parquet (a table), .html (an overview)."
    ),
    jobs: Optional[int] = typer.Option(
        None, "--jobs", metavar="N", min=1, max=1024, help="Processes that judge; one a core without it."
    ),
    scheduler: Optional[str] = typer.Option(
        None, "--scheduler", metavar="ADDRESS", help="Let the workers of this scheduler of dask judge."
    ),
    checkpoint: Optional[str] = typer.Option(
        None, "--checkpoint", metavar="FILE", help="Keep there what is done, and go on where a run was ended."
    ),
) -> int:
    """Judge many bundles of evidence, each with its master's: one JSON object a line."""
    from nimdoctor.cli.fleet_progress import Tally, watched
    from nimdoctor.fleet.engine import EngineLost
    from nimdoctor.fleet.run import run

    if scheduler is not None and jobs is not None:
        raise UsageError("--jobs is of this host, and with --scheduler others judge: give one of the two")
    if not paths and listed_in is None:
        raise UsageError("give bundles or directories of them, --from FILE, or - to read their paths")
    tally = Tally()
    ended, status = "", 0
    restore = end_like_ctrl_c()
    try:
        with contextlib.ExitStack() as stack:
            with refusal_of(output or ""):
                add = stack.enter_context(_written(output))
            kept = stack.enter_context(_kept(checkpoint))
            given = _paths(paths or [], stack.enter_context(_list(listed_in)) if listed_in else None)
            engine = stack.enter_context(contextlib.closing(_engine(jobs, scheduler)))
            progress = stack.enter_context(watched(tally, alone=output is not None))
            try:
                with contextlib.closing(run(given, engine, kept, progress)) as records:
                    for record in records:
                        add(record)
                        tally.add(record)
            except KeyboardInterrupt:
                ended, status = "ended before its end", INTERRUPTED
            except EngineLost as error:
                ended, status = str(error), FAILED
            except BrokenPipeError:
                ended = "standard output was closed"
    except OSError as error:
        raise CannotWrite(f"{error.filename or output or 'standard output'}: {error.strerror or error}") from error
    finally:
        restore()
    if not ended and not tally.count:
        raise UsageError("there is no bundle of evidence: nothing was given, or no directory given holds one")
    for line in tally.summary(ended, checkpoint):
        say(visible(line))
    return status or (USAGE if tally.failures else 0)


def _paths(paths: List[str], listed_in: Optional[BinaryIO]) -> Iterator[str]:
    """All paths that are given; those of a list are read as they are asked for. Raises UsageError."""
    from nimdoctor.fleet.bundles import listed

    for path in paths:
        yield from listed(sys.stdin.buffer) if path == "-" else (path,)
    if listed_in is not None:
        yield from listed(listed_in)


def _list(name: str) -> ContextManager[BinaryIO]:
    """Raises UsageError where it cannot be opened."""
    if name == "-":
        return contextlib.nullcontext(sys.stdin.buffer)
    try:
        return open(name, "rb")
    except OSError as error:
        raise UsageError(f"--from {name} cannot be read: {error.strerror}") from error


@contextlib.contextmanager
def _kept(path: Optional[str]) -> "Iterator[Optional[Checkpoint]]":
    """Raises UsageError for a file that cannot be a checkpoint."""
    if path is None:
        yield None
        return
    from nimdoctor.fleet.checkpoint import Checkpoint

    with refusal_of(path):
        checkpoint = Checkpoint(path)
    if checkpoint.renewed:
        say(f"{visible(path)} is of another version of nimdoctor: it is begun anew")
    with contextlib.closing(checkpoint):
        yield checkpoint


def _engine(jobs: Optional[int], scheduler: Optional[str]) -> "Engine":
    if scheduler is None:
        from nimdoctor.fleet.pool import Pool, usable_cores

        return Pool(jobs or usable_cores())
    from nimdoctor.fleet.cluster import Cluster

    return Cluster(scheduler)


def _written(output: Optional[str]) -> "ContextManager[Add]":
    from nimdoctor.fleet.outputs import written_to

    return contextlib.nullcontext(_print) if output in (None, "-") else written_to(str(output))


def _print(record: "Record") -> None:
    from nimdoctor.fleet.outputs import line

    try:
        results().write(line(record))
        results().flush()
    except OSError:
        # what is still buffered goes nowhere, else the interpreter complains while it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise
