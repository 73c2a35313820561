"""What every host that is asked now has in common: its commands run at most once, under deadlines, within one budget."""

import contextlib
import re
import time
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, Literal, Mapping, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.evidence.source import Progress
from nimdoctor.model.text import Text, decode

if TYPE_CHECKING:
    from nimdoctor.system.command import CommandResult

FILES_OF_A_ROW = 200
STDERR_LIMIT = 64 * 1024
"""Bytes of a command's standard error that are looked through."""
TIMES_THE_TIMEOUT = 10
"""All commands of a scan together get this many times the timeout of one."""

_NAMES = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:% +-]*\Z")


class NoProgress:
    """Says nothing."""

    def start(self, label: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class LiveBase:
    """The part of a live host that does not depend on the way to it; `timeout` is a command's, in seconds."""

    loose = False
    live: Literal[True] = True
    roles: Tuple[str, ...] = ()
    collected: Optional[int] = None
    redacted = False
    remote = False
    root: Optional[str] = None
    network = True

    def __init__(
        self, target: str, timeout: float, progress: Optional[Progress], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.target = target
        self.host: Optional[str] = None
        self.system: Optional[str] = None
        self.problems: Dict[str, str] = {}
        self.remarks: List[str] = []
        self.timeout = timeout
        self.progress: Progress = progress or NoProgress()
        self._clock = clock
        self._spent = 0.0
        self._hung: Dict[str, str] = {}
        self._ran: Dict[Tuple[str, ...], Tuple[Optional[CommandResult], Optional[str]]] = {}

    def texts(self, row: Row, names: Mapping[str, str]) -> List[Text]:
        """The file, the files of the directory, the output of the command, or the rehearsal's verdict."""
        if not row.live or row.kind is Kind.PATHS:
            return []
        if row.kind is Kind.FILE:
            return self._files(row)
        if row.kind is Kind.REHEARSAL:
            return self._rehearsal(row)
        found = self._table(row) or self._command(row, names)
        return [found] if found else []

    def close(self) -> None:
        """Nothing is held open."""

    # -- what depends on the way to the host

    def execute(self, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> "Tuple[Optional[CommandResult], str]":
        """The command's result, or None and why it could not be run."""
        raise NotImplementedError

    def lacks(self, name: str) -> str:
        """Why a program of that name is known not to run there; empty where it may."""
        return ""

    def has_program(self, name: str) -> Optional[bool]:
        """Whether a program of that name can be run there; None where only running it would tell."""
        return None

    def left_behind(self) -> str:
        """What is to be said of the command that was ended last."""
        return ""

    def _files(self, row: Row) -> List[Text]:
        raise NotImplementedError

    def _table(self, row: Row) -> Optional[Text]:
        return None

    def _rehearsal(self, row: Row) -> List[Text]:
        raise NotImplementedError

    # -- commands

    def run(
        self, argv: Sequence[str], timeout: Optional[float] = None, stdin: bytes = b""
    ) -> "Tuple[Optional[CommandResult], str]":
        """Runs a command of the host that is no row of the catalog: its result, or None and why it could not run.

        Without a deadline of its own, in seconds, it is one of the scan's commands, bound by their time and their rules.
        Nothing is kept. `stdin` is what it reads, nothing by default.
        """
        if timeout is None:
            return self._within_the_scan(as_typed(argv), argv, stdin)
        refusal = self.lacks(argv[0])
        if refusal:
            return None, refusal
        self.progress.start(as_typed(argv))
        try:
            return self.execute(argv, timeout, stdin)
        finally:
            self.progress.end()

    def again(self, row: Row) -> Tuple[Optional[Text], str]:
        """A row's command run now, whether or not it has run before: its output, or None and why there is none.

        For what changes while one looks, as a clock does; nothing is kept.
        """
        argv = row.name.split()
        result, problem = self._run(row, argv)
        return _text(as_typed(argv), result), problem or ""

    def _command(self, row: Row, names: Mapping[str, str]) -> Optional[Text]:
        typed, result = self.command_result(row, names)
        return _text(typed, result)

    def command_result(self, row: Row, names: Mapping[str, str]) -> "Tuple[str, Optional[CommandResult]]":
        """The row's command as typed, and how it ended; None where it was not run. Run at most once.

        One that hung is a result that says so. Why something is missing goes to `problems`.
        """
        argv = row.argv(names)
        if argv is None:
            wanted = [word.strip("{}") for word in row.name.split() if word.startswith("{")]
            unknown = ", ".join(word for word in wanted if not names.get(word))
            self.problems[row.label] = f"not run: {unknown} is not known"
            return row.label, None
        key = tuple(argv)
        if key not in self._ran:
            self._ran[key] = self._run(row, argv)
        result, problem = self._ran[key]
        if problem:
            self.problems[row.label] = problem
        else:
            self.problems.pop(row.label, None)
        return as_typed(argv), result

    def _allowed(self) -> float:
        """Seconds that the next thing may take; none are left when it is not above 0."""
        return min(self.timeout, TIMES_THE_TIMEOUT * self.timeout - self._spent)

    @contextlib.contextmanager
    def _spending(self, label: str) -> Iterator[None]:
        """Counts the time of what is done within against the scan's, and shows it as being under way."""
        self.progress.start(label)
        began = self._clock()
        try:
            yield
        finally:
            self._spent += max(0.0, self._clock() - began)
            self.progress.end()

    def _run(self, row: Row, argv: List[str]) -> "Tuple[Optional[CommandResult], Optional[str]]":
        for typed, word in zip(row.name.split(), argv):
            # a name out of a file must not become an option: `nimclient -l -l -P` disables pushes
            if typed.startswith("{") and not is_name(word):
                return None, f"not run: {word!a} is no name"
        result, problem = self._within_the_scan(row.label, argv)
        return result, problem or None

    def _within_the_scan(
        self, label: str, argv: Sequence[str], stdin: bytes = b""
    ) -> "Tuple[Optional[CommandResult], str]":
        """Runs a command in the time that the scan has left, unless one of its program hung or flooded before: its
        result, or None, and what is to be said of it.
        """
        refusal = self.lacks(argv[0])
        if refusal:
            return None, refusal
        if argv[0] in self._hung:
            return None, f"not run: {argv[0]} {self._hung[argv[0]]} before"
        allowed = self._allowed()
        if allowed <= 0:
            return None, "not run: the scan's time was used up"
        with self._spending(label):
            result, refusal = self.execute(argv, allowed, stdin)
        if result is None:
            return None, refusal
        if result.timed_out:
            self._hung[argv[0]] = "hung"
            return result, f"hung and was ended after {allowed:.3g} s{self.left_behind()}"
        if result.flooded:
            self._hung[argv[0]] = "flooded"
        return result, "printed more than 16 MiB; the first 16 MiB were used" if result.flooded else ""


def is_name(word: str) -> bool:
    """Whether a word out of a file may stand where a command wants a name: it cannot become an option.

    >>> is_name("lpar7"), is_name("-P"), is_name("")
    (True, False, False)
    """
    return bool(_NAMES.match(word))


def as_typed(argv: Sequence[str]) -> str:
    """The command line as a person types it.

    >>> as_typed(["instfix", "-ik", "IJ07373 IJ12360"])
    'instfix -ik "IJ07373 IJ12360"'
    """
    return " ".join(f'"{word}"' if " " in word else word for word in argv)


def _text(name: str, result: "Optional[CommandResult]") -> Optional[Text]:
    """What the command said; None where it was not run, or was ended at its deadline."""
    if result is None or result.timed_out:
        return None
    content = result.stdout if result.stdout.strip() else result.stderr
    stderr = decode(result.stderr[:STDERR_LIMIT])
    return Text.of(content, name, name=name, command=True, status=result.status, stderr=stderr)
