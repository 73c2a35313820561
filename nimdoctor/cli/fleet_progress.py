"""What is said on stderr of a fleet: how far it is, and at the end what it came to."""

import contextlib
import sys
import time
from collections import Counter
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from nimdoctor.cli.output import results, say
from nimdoctor.fleet.run import Pass, Progress

NOW_AND_THEN = 60.0
"""Seconds between two lines of progress where there is no bar."""
SHOWN = 5
"""Failures that are told one by one."""
_VERDICTS = {"healthy": "healthy", "problems": "with problems", "inconclusive": "inconclusive"}


class Tally:
    """Counts the records that were written."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.first: List[str] = []
        self.left: Optional[int] = None
        """Bundles still to be judged, None as long as that is not known."""

    @property
    def failures(self) -> int:
        return sum(self.kinds.values())

    @property
    def count(self) -> int:
        return sum(self.verdicts.values()) + self.failures

    def add(self, record: Mapping[str, Any]) -> None:
        failure = record["failure"]
        if failure is None:
            self.verdicts[record["verdict"]] += 1
            return
        self.kinds[failure["kind"]] += 1
        if len(self.first) < SHOWN:
            self.first.append(failure["message"])

    def summary(self, ended: str, checkpoint: Optional[str]) -> List[str]:
        """Lines for the end; `ended` says what ended the run before all was done."""
        told = [f"{self.verdicts[one]:,} {words}" for one, words in _VERDICTS.items() if self.verdicts[one]]
        if self.failures:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.kinds.items()))
            told.append(f"{self.failures:,} not judged ({kinds})")
        lines = [f"not judged: {message}" for message in self.first]
        if self.failures > len(self.first):
            lines.append(f"not judged: {self.failures - len(self.first):,} more, of which the records say why")
        bundles = "1 bundle" if self.count == 1 else f"{self.count:,} bundles"
        lines.append(f"{bundles}: {', '.join(told)}" if told else "no bundle was judged")
        return lines + ([f"{ended}: {self._how_to_go_on(checkpoint)}"] if ended else [])

    def _how_to_go_on(self, checkpoint: Optional[str]) -> str:
        left = "not all bundles were looked at" if self.left is None else f"{self.left:,} were not judged"
        how = "the same command goes on from here" if checkpoint else "with --checkpoint FILE a run can be gone on with"
        return f"{left}; {how}"


Show = Callable[[Pass, int, Optional[int], float], None]
"""Shows the pass, how many are done, of how many where that is known, and how many a second."""


@contextlib.contextmanager
def watched(tally: Tally, alone: bool, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """What is told how far it is, and shows it; `alone` where no records come to the terminal."""
    begun: Dict[Pass, Tuple[float, int]] = {}
    with _bar(tally) if sys.stderr.isatty() and (alone or not results().isatty()) else lines(tally, clock) as show:

        def progress(reached: Pass, done: int, total: Optional[int]) -> None:
            since, before = begun.setdefault(reached, (clock(), done))
            if total is not None:
                tally.left = total - done
            show(reached, done, total, (done - before) / max(clock() - since, 0.001))

        yield progress


@contextlib.contextmanager
def lines(tally: Tally, clock: Callable[[], float] = time.monotonic) -> Iterator[Show]:
    """Shows a line each minute, for a log, or for a terminal without rich."""
    last = clock()

    def show(reached: Pass, done: int, total: Optional[int], rate: float) -> None:
        nonlocal last
        if clock() - last < NOW_AND_THEN:
            return
        last = clock()
        told = [f"{done:,}" if total is None else f"{done:,} of {total:,}", f"{rate:.0f} a second"]
        told.append(f"{tally.failures:,} not judged")
        if total is not None and rate:
            told.append(f"{(total - done) / rate:.0f} s left")
        say(f"{reached.value}: {', '.join(told)}")

    yield show


@contextlib.contextmanager
def _bar(tally: Tally) -> Iterator[Show]:
    """Shows a bar by rich, which Typer brings; lines where it is not there."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
    except ModuleNotFoundError:
        with lines(tally) as shown:
            yield shown
        return
    rest = TextColumn("{task.fields[rest]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), rest, TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False) as bar:
        one = bar.add_task("", total=None, rest="")

        def show(reached: Pass, done: int, total: Optional[int], rate: float) -> None:
            rest = f"{rate:.0f} a second, {tally.failures:,} not judged"
            bar.update(one, description=reached.value, completed=done, total=total, rest=rest)

        yield show
