"""A host that is asked now: this one, or the one whose file system lies below a directory."""

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, Mapping, Optional, Protocol, Sequence, Tuple

from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.evidence.certificates_only import is_guarded, may_be_opened, without_keys
from nimdoctor.evidence.files import list_directory, on_this_host, open_regular, path_state, walk_below
from nimdoctor.path_state import PathRecord, PathState
from nimdoctor.text import TEXT_LIMIT, Text

if TYPE_CHECKING:
    from nimdoctor.evidence.command import CommandResult

PROGRAM_DIRECTORIES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
ROOT_PROGRAM_DIRECTORIES = ("/usr/sbin", "/usr/bin")
FILES_OF_A_ROW = 200
TIMES_THE_TIMEOUT = 10
"""All commands of a scan together get this many times the timeout of one."""

_NAMES = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:% +-]*\Z")


class Progress(Protocol):
    """Told what is being waited for; a screen may name the slow ones."""

    def start(self, label: str) -> None:
        """Just before a command runs."""

    def end(self) -> None:
        """When it has ended."""


class NoProgress:
    """Says nothing."""

    def start(self, label: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class LiveHost:
    """Evidence read from a running host on demand; each command runs at most once.

    `root` is the directory that holds the host's file system; commands then are the programs in
    its usr/sbin and usr/bin and nothing else, run with NIMDOCTOR_ROOT. `timeout` is a command's, in
    seconds.
    """

    loose = False
    live = True
    roles: Tuple[str, ...] = ()

    def __init__(
        self,
        root: Optional[str] = None,
        timeout: float = 30.0,
        progress: Optional[Progress] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.target = "" if root is None else f"root:{root}"
        self.root = None if root is None else os.path.realpath(root)
        # below another root only those commands run that somebody put there
        self.thorough = root is None
        self.host: Optional[str] = _this_host() if root is None else None
        self.problems: Dict[str, str] = {}
        self.remarks: List[str] = _about_this_host() if root is None else []
        self.timeout = timeout
        self.progress: Progress = progress or NoProgress()
        self._clock = clock
        self._spent = 0.0
        self._hung: Dict[str, str] = {}
        self._ran: Dict[Tuple[str, ...], Tuple[Optional[Text], Optional[str]]] = {}

    def texts(self, row: Row, names: Mapping[str, str]) -> List[Text]:
        """The file, the files of the directory, the output of the command, or the rehearsal's verdict."""
        if not row.live or row.kind is Kind.PATHS:
            return []
        if row.kind is Kind.FILE:
            return self._files(row)
        if row.kind is Kind.REHEARSAL:
            return [self._rehearsal(row)]
        found = self._table(row) or self._command(row, names)
        return [found] if found else []

    def paths(self, rows: List[Row]) -> PathRecord:
        """States of what the rows' patterns cover; a pattern is complete when all of it was seen."""
        states: Dict[str, Optional[PathState]] = {}
        complete: List[str] = []
        for row in rows:
            if row.kind is Kind.PATHS:
                error = self._look(row.name, states)
                if error is None:
                    complete.append(row.name)
                else:
                    self.problems[row.label] = error
        return PathRecord(states, tuple(complete))

    def file_absent(self, path: str) -> Optional[bool]:
        """Whether that file is known not to exist; None when it cannot be told."""
        try:
            return path_state(path, self.root) is None
        except OSError:
            return None

    def close(self) -> None:
        """Nothing is held open."""

    def run(
        self, argv: Sequence[str], timeout: Optional[float] = None, stdin: bytes = b""
    ) -> "Tuple[Optional[CommandResult], str]":
        """Runs a command of the host that is no row of the catalog: its result, or None and why it could not run.

        The deadline, in seconds, is that of the scan's commands unless one is given; nothing is kept. `stdin` is what
        it reads, nothing by default.
        """
        program, refusal = self.program(argv[0])
        if program is None:
            return None, refusal
        from nimdoctor.evidence.command import command_environment, run

        label = as_typed(argv)
        self.progress.start(label)
        try:
            environment = command_environment(self.root)
            result = run([program, *argv[1:]], timeout=timeout or self.timeout, env=environment, stdin=stdin)
        finally:
            self.progress.end()
        if result.error:
            return None, f"cannot be run: {result.error}"
        return result, ""

    def again(self, row: Row) -> Tuple[Optional[Text], str]:
        """A row's command run now, whether or not it has run before: its output, or None and why there is none.

        For what changes while one looks, as a clock does; nothing is kept.
        """
        text, problem = self._run(row, row.name.split())
        return text, problem or ""

    # -- files

    def _files(self, row: Row) -> List[Text]:
        if "/*" not in row.name:
            found = self._file(row.name, row)
            return [found] if found else []
        directory, _, rest = row.name.partition("/*")
        try:
            inside = list_directory(directory, self.root)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.problems[row.label] = f"cannot be listed: {error.strerror or error}"
            return []
        texts: List[Text] = []
        for name in reversed(inside) if rest else inside:
            if len(texts) == FILES_OF_A_ROW:
                self.problems[row.label] = f"has more than {FILES_OF_A_ROW} files; the first {FILES_OF_A_ROW} were read"
                break
            path = f"{directory}/{name}{rest}"
            if self._is_directory(path):
                continue
            found = self._file(path, row)
            if found:
                texts.append(found)
        return texts

    def _is_directory(self, path: str) -> bool:
        try:
            return os.path.isdir(on_this_host(path, self.root))
        except OSError:
            return False

    def _file(self, path: str, row: Row) -> Optional[Text]:
        if not (may_be_opened(path) and may_be_opened(self._leads_to(path))):
            return None
        try:
            with open_regular(path, self.root) as stream:
                guarded = is_guarded(path) or is_guarded(self._leads_to(path))
                if row.streamed and not guarded:
                    return Text(path, lambda: open_regular(path, self.root), name=path)
                raw = stream.read(TEXT_LIMIT + 1)
        except (FileNotFoundError, NotADirectoryError):
            if self.file_absent(path) is False:
                self.problems[path] = "is a link that leads nowhere"
            return None
        except OSError as error:
            self.problems[path] = f"cannot be read: {error.strerror or error}"
            return None
        if len(raw) > TEXT_LIMIT:
            self.problems[path] = "is larger than 16 MiB; the first 16 MiB were used"
        return Text.of(without_keys(path, raw[:TEXT_LIMIT]), path, name=path)

    def _leads_to(self, path: str) -> str:
        """The path a link leads to, as the host names it: a link elsewhere must not open a key."""
        try:
            found = on_this_host(path, self.root)
        except OSError:
            return path
        if self.root is not None and found.startswith(self.root):
            return found[len(self.root) :] or "/"
        return found

    def _look(self, pattern: str, states: Dict[str, Optional[PathState]]) -> Optional[str]:
        """Adds the states a pattern covers; returns why it could not be seen completely."""
        if pattern.endswith("/**"):
            walk = walk_below(pattern[:-3], self.root)
            states.update(walk.states)
            return None if walk.complete else f"not listed completely: {walk.error}"
        try:
            if not pattern.endswith("*"):
                states[pattern] = path_state(pattern, self.root)
                return None
            directory, _, start = pattern[:-1].rpartition("/")
            for name in list_directory(directory or "/", self.root):
                if name.startswith(start):
                    states[f"{directory}/{name}"] = path_state(f"{directory}/{name}", self.root)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return f"cannot be listed: {error.strerror or error}"
        return None

    # -- commands

    def _table(self, row: Row) -> Optional[Text]:
        if self.root is not None:
            return None
        from nimdoctor.evidence.system_tables import table_for

        for fact in row.facts:
            found = table_for(fact)
            if found:
                return Text.of(found[1], found[0], name=found[0], command=True)
        return None

    def _command(self, row: Row, names: Mapping[str, str]) -> Optional[Text]:
        argv = row.argv(names)
        if argv is None:
            wanted = [word.strip("{}") for word in row.name.split() if word.startswith("{")]
            unknown = ", ".join(word for word in wanted if not names.get(word))
            self.problems[row.label] = f"not run: {unknown} is not known"
            return None
        key = tuple(argv)
        if key not in self._ran:
            self._ran[key] = self._run(row, argv)
        text, problem = self._ran[key]
        if problem:
            self.problems[row.label] = problem
        else:
            self.problems.pop(row.label, None)
        return text

    def _rehearsal(self, row: Row) -> Text:
        """The verdict of a rehearsal, which is there also where none could be held."""
        from nimdoctor.evidence.rehearsal import rehearse, undone

        allowed = self._allowed()
        if allowed <= 0:
            return Text.of(undone("not held: the scan's time was used up"), row.name)
        with self._spending(row):
            return Text.of(rehearse(self.root, allowed), row.name)

    def _allowed(self) -> float:
        """Seconds that the next thing may take; none are left when it is not above 0."""
        return min(self.timeout, TIMES_THE_TIMEOUT * self.timeout - self._spent)

    @contextlib.contextmanager
    def _spending(self, row: Row) -> Iterator[None]:
        """Counts the time of what is done within against the scan's, and shows it as being under way."""
        self.progress.start(row.label)
        began = self._clock()
        try:
            yield
        finally:
            self._spent += max(0.0, self._clock() - began)
            self.progress.end()

    def _run(self, row: Row, argv: List[str]) -> Tuple[Optional[Text], Optional[str]]:
        for typed, word in zip(row.name.split(), argv):
            # a name out of a file must not become an option: `nimclient -l -l -P` disables pushes
            if typed.startswith("{") and not is_name(word):
                return None, f"not run: {word!a} is no name"
        program, error = self.program(argv[0])
        if program is None:
            return None, error
        if argv[0] in self._hung:
            return None, f"not run: {argv[0]} {self._hung[argv[0]]} before"
        allowed = self._allowed()
        if allowed <= 0:
            return None, "not run: the scan's time was used up"
        from nimdoctor.evidence.command import command_environment, run

        with self._spending(row):
            result = run([program, *argv[1:]], timeout=allowed, env=command_environment(self.root))
        if result.timed_out:
            self._hung[argv[0]] = "hung"
            return None, f"hung and was ended after {allowed:.3g} s"
        if result.error:
            return None, f"cannot be run: {result.error}"
        if result.flooded:
            self._hung[argv[0]] = "flooded"
        return _output(as_typed(argv), result), (
            "printed more than 16 MiB; the first 16 MiB were used" if result.flooded else None
        )

    def program(self, name: str) -> Tuple[Optional[str], str]:
        """The program's path, or None and why not."""
        directories: Sequence[str] = ROOT_PROGRAM_DIRECTORIES
        if self.root is None:
            directories = (*PROGRAM_DIRECTORIES, "/usr/ios/cli") if name == "ioscli" else PROGRAM_DIRECTORIES
        refusal = "no such command on this host"
        for directory in directories:
            path = f"{directory}/{name}"
            try:
                place = on_this_host(path, self.root)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                refusal = f"cannot be run: {error.strerror or error}"
                continue
            if not os.path.isfile(place):
                if os.path.lexists(place):
                    refusal = "cannot be run: not a regular file"
                continue
            if not os.access(place, os.X_OK):
                refusal = "cannot be run: Permission denied"
                continue
            # programs that go by the name they are called by keep it, unless the link, read by
            # the kernel, would lead out of the root
            outer = path if self.root is None else self.root.rstrip("/") + path
            return (outer if os.path.realpath(outer) == place else place), ""
        return None, refusal


def _about_this_host() -> List[str]:
    """What limits a scan of this host before it begins."""
    remarks = []
    system = os.uname().sysname
    if system != "AIX":
        remarks.append(f"this host runs {system}, not AIX: neither NIM nor its commands are here")
    if os.geteuid() != 0:
        remarks.append("not run as root: what only root may read is unknown")
    return remarks


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


def _output(name: str, result: "CommandResult") -> Text:
    content = result.stdout if result.stdout.strip() else result.stderr
    return Text.of(content, name, name=name, command=True, status=result.status)


def _this_host() -> str:
    import socket

    return socket.gethostname()
