"""A fleet from its paths to its records: a first pass finds who is whose master, a second judges."""

import contextlib
import enum
from collections import deque
from typing import Any, Callable, Deque, Dict, Generator, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from nimdoctor.fleet.bundles import Bundle, bundles
from nimdoctor.fleet.checkpoint import IDENTITY, RECORD, Checkpoint
from nimdoctor.fleet.engine import Done, Engine, Function, Item
from nimdoctor.fleet.identity import Identity, identify
from nimdoctor.fleet.judging import judge
from nimdoctor.fleet.pairing import Paired, pair
from nimdoctor.fleet.record import CRASHED, of_failure
from nimdoctor.report.scan_report import FAILED, UNREADABLE, Failure

Record = Dict[str, Any]
_KILLED = "its process ended twice while it was read: for want of memory, or somebody killed it"
_KINDS = {"unreadable": UNREADABLE, "failed": FAILED}


class Pass(enum.Enum):
    """What is being done."""

    READING = "who is whose master"
    JUDGING = "judging"


Progress = Callable[[Pass, int, Optional[int]], None]
"""Told the pass, how many of its bundles are done, and of how many, where that is known."""


def unwatched(reached: Pass, done: int, total: Optional[int]) -> None:
    """Tells nobody."""


def run(
    paths: Iterable[str], engine: Engine, checkpoint: Optional[Checkpoint] = None, progress: Progress = unwatched
) -> Generator[Record, None, None]:
    """The record of each bundle that the paths name, schema nimdoctor.fleet/1, each path once, as each is done.

    What cannot be read comes as it is met with, then what a checkpoint holds already, then the others in any order. What
    is given was kept before. Raises EngineLost, OSError where the checkpoint cannot be written.
    """
    fleet = _Fleet(engine, checkpoint, progress)
    yield from fleet.identified(paths)
    yield from fleet.judged()


class _Judgement(NamedTuple):
    """What is to be judged: a bundle, with that of its master where there is one, and what is said of that."""

    bundle: Bundle
    master: Optional[Bundle]
    why: str

    @property
    def item(self) -> Item:
        return (self.bundle.path, self.master.path if self.master else "", self.why)


class _Fleet:
    def __init__(self, engine: Engine, checkpoint: Optional[Checkpoint], progress: Progress) -> None:
        self._engine = engine
        self._checkpoint = checkpoint
        self._progress = progress
        self._bundles: Dict[str, Bundle] = {}
        self._identities: List[Identity] = []

    def identified(self, paths: Iterable[str]) -> Iterator[Record]:
        """The first pass; gives the records of what cannot be read."""
        failures: Deque[Failure] = deque()
        mapped = self._mapped(_identified, self._unknown(paths, failures))
        for count, ((path,), result) in enumerate(mapped, 1):
            if result is None or "failure" in result:
                yield _not_judged(path, result)
            else:
                self._keep(IDENTITY, self._bundles[path], result)
                self._identities.append(Identity.from_dict(result))
            yield from _told(failures)
            self._progress(Pass.READING, count, None)
        yield from _told(failures)

    def _unknown(self, paths: Iterable[str], failures: Deque[Failure]) -> Iterator[Item]:
        """The bundles that have to be looked into; all are noted on the way."""
        for found in bundles(paths):
            if isinstance(found, Failure):
                failures.append(found)
                continue
            self._bundles[found.path] = found
            kept = self._find(IDENTITY, found)
            if kept is None:
                yield (found.path,)
            else:
                self._identities.append(Identity.from_dict(kept))

    def judged(self) -> Iterator[Record]:
        """The second pass."""
        todo = self._paired()
        total = len(todo)
        left: Dict[str, _Judgement] = {}
        for one in todo:
            kept = self._find(RECORD, one)
            if kept is None:
                left[one.bundle.path] = one
            else:
                yield kept
        done = total - len(left)
        self._progress(Pass.JUDGING, done, total)
        for item, result in self._mapped(_judged, (one.item for one in list(left.values()))):
            record = result if result and "schema" in result else _not_judged(item[0], result)
            one = left.pop(item[0])
            if record["failure"] is None and bool(record["master_target"]) is bool(one.master):
                # what was judged alone, since its master's bundle could not be used, is judged again
                self._keep(RECORD, one, record)
            yield record
            done += 1
            self._progress(Pass.JUDGING, done, total)

    def _paired(self) -> List[_Judgement]:
        """All that is to be judged, beside each other those of one master, which is then opened once for several."""
        paired = pair(self._identities)
        paths = sorted((self._beside(path, paired), path) for path in paired)
        self._identities = []
        return [self._judgement(path, paired[path]) for _, path in paths]

    @staticmethod
    def _beside(path: str, paired: Dict[str, Paired]) -> str:
        return paired[path].master or path

    def _judgement(self, path: str, paired: Paired) -> _Judgement:
        return _Judgement(self._bundles[path], self._bundles[paired.master] if paired.master else None, paired.why)

    def _mapped(self, function: Function, items: Iterable[Item]) -> Iterator[Done]:
        with contextlib.closing(self._engine.map(function, items)) as done:
            yield from done

    def _find(self, kind: str, key: Tuple[Any, ...]) -> Optional[Record]:
        return self._checkpoint.find(kind, key) if self._checkpoint else None

    def _keep(self, kind: str, key: Tuple[Any, ...], value: Record) -> None:
        if self._checkpoint:
            self._checkpoint.keep(kind, key, value)


def _told(failures: Deque[Failure]) -> Iterator[Record]:
    """The records of these, which are no more waiting then."""
    while failures:
        yield of_failure(failures.popleft())


def _not_judged(path: str, result: Optional[Record]) -> Record:
    told = result["failure"] if result else {"kind": CRASHED, "message": f"{path}: {_KILLED}"}
    return of_failure(Failure(path, _KINDS.get(told["kind"], told["kind"]), told["message"]))


def _identified(item: Item) -> Dict[str, Any]:
    return identify(item[0])


def _judged(item: Item) -> Dict[str, Any]:
    path, master, why = item
    return judge(path, master or None, why)
