"""A host that is asked now by way of the system's own `ssh`: its config, agent, known hosts and jump hosts.

Nothing is installed on the other side. Each question is one line of POSIX shell with every word quoted, each answer
stands between marks; all go over one connection, whose socket lies in a private directory and goes with the scan.
"""

import math
import os
import re
import shlex
import shutil
import tempfile
import time
import weakref
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from nimdoctor.evidence.asked import FILES_OF_A_ROW, AskedHost, Progress
from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.evidence.certificates_only import may_be_opened, without_keys
from nimdoctor.evidence.command import PROGRAM_PATH, CommandResult, run
from nimdoctor.evidence.shell import BLOCK, BLOCKS, KEY_ENDS, part
from nimdoctor.evidence.source import TargetError
from nimdoctor.named_tuple import NamedTuple
from nimdoctor.path_state import PathRecord, PathState
from nimdoctor.private_keys import REMOVED, without_private_keys
from nimdoctor.text import TEXT_LIMIT, Text, decode

PATIENCE = 5.0
"""Seconds that an answer may be late after the command's own deadline on the host."""
CONNECT = 20
"""Seconds to connect in at most, each hop."""

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*\Z")
_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]*\Z")
_SOCKET_LENGTH = 70


class Answer(NamedTuple):
    """`said` is how it ended, in the words of the host's side; None where no end of it came."""

    stdout: bytes
    stderr: bytes
    said: Optional[List[str]]
    result: CommandResult


def destination(target: str) -> str:
    """The [USER@]HOST of a target. Raises TargetError for what ssh could take for an option, or a shell for more.

    >>> destination("ssh:root@lpar7"), destination("ssh:fe80::1%en0")
    ('root@lpar7', 'fe80::1%en0')
    """
    where = target[len("ssh:") :]
    user, at, host = where.rpartition("@")
    if not _HOST.match(host) or (at and not _USER.match(user)):
        raise TargetError(
            f"{target}: names no host: give ssh:HOST or ssh:USER@HOST; ports and jump hosts stand in ssh's own config"
        )
    return where


class SshHost(AskedHost):
    """Evidence read over ssh on demand; each command runs at most once.

    Raises TargetError, one line, where the host cannot be reached.
    """

    thorough = True
    remote = True
    """The clock of this process is not the host's."""

    def __init__(
        self,
        target: str,
        timeout: float = 30.0,
        progress: Optional[Progress] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(target, timeout, progress, clock)
        self.destination = destination(target)
        program = shutil.which("ssh")
        if program is None:
            raise TargetError(f"{target}: there is no ssh on this host: install OpenSSH, or run nimdoctor on the host")
        self._program = program
        self._place = _private_place()
        self._options = _options(self._place, timeout)
        self._mark = f"nimdoctor-{os.urandom(8).hex()}"
        self._lost = ""
        self._may_run = False
        self._states: Dict[str, Optional[PathState]] = {}
        self._end = weakref.finalize(self, _hang_up, program, self._options, self.destination, self._place)
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connection and leaves nothing of it; also done when the process ends without."""
        self._end()

    # -- asking

    def _connect(self) -> None:
        self.progress.start(f"connecting to {self.destination}")
        try:
            answer = self._ask(
                ["answer.sh"], 'echo "$(uname -s) $(id -u)"; answered hello', (), min(self.timeout, CONNECT)
            )
        finally:
            self.progress.end()
        if answer.said != ["hello"]:
            raise TargetError(f"{self.target}: {_why(answer, self.destination)}")
        system, _, user = decode(answer.stdout).strip().partition(" ")
        if system != "AIX":
            self.remarks.append(
                f"that host runs {ascii(system)[1:-1]}, not AIX: neither NIM nor its commands are there"
            )
        if user != "0":
            self.remarks.append("not root on that host: what only root may read is unknown")

    def _ask(
        self, parts: Sequence[str], program: str, words: Sequence[str], timeout: float, stdin: bytes = b""
    ) -> Answer:
        line = remote_line(parts, f"MARK={self._mark}\nanswer\n{program}", words)
        argv = [self._program, *self._options, "--", self.destination, line]
        environment = {**os.environ, "PATH": os.environ.get("PATH", PROGRAM_PATH)}
        result = run(argv, timeout=timeout + PATIENCE, env=environment, stdin=stdin)
        return _answer(result, self._mark.encode())

    def _lose(self, name: str, answer: Answer) -> str:
        """What is said where an answer has no end; after that nothing more is asked."""
        said = _last_line(answer.stderr)
        self._lost = f"the connection to {self.destination} was lost"
        self.remarks.append(f"{self._lost} at {name}{': ' + said if said else ''}; nothing was read after that")
        return f"{self._lost}{': ' + said if said else ''}; what ran there may still run until its deadline"

    def _read(self, parts: Sequence[str], program: str, words: Sequence[str], name: str) -> Optional[Answer]:
        """An answer about files, within the scan's time; None, and why in `problems`, where none came."""
        allowed = self._allowed()
        if self._lost or allowed <= 0:
            self.problems[name] = f"not read: {self._lost or 'the time of the scan was used up'}"
            return None
        began = self._clock()
        self.progress.start(name)
        try:
            answer = self._ask(["answer.sh", *parts], program, words, allowed)
        finally:
            self._spent += max(0.0, self._clock() - began)
            self.progress.end()
        if answer.said is None and not answer.result.flooded:
            hung = f"not read: no answer came within {allowed + PATIENCE:.3g} s"
            self.problems[name] = hung if answer.result.timed_out else self._lose(name, answer)
            return None
        return answer

    # -- commands

    def lacks(self, name: str) -> str:
        """Nothing is asked any more over a connection that was lost."""
        return f"not run: {self._lost}" if self._lost else ""

    def left_behind(self) -> str:
        """Whether it is known that the command was ended on the host too."""
        return f"; on {self.destination} it may still run" if self._may_run else ""

    def execute(self, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> Tuple[Optional[CommandResult], str]:
        """Runs the program of that name there; the deadline, in whole seconds, holds on both sides."""
        seconds = max(1, math.ceil(timeout))
        directories = "/usr/sbin /usr/bin /sbin /bin" + (" /usr/ios/cli" if argv[0] == "ioscli" else "")
        answer = self._ask(
            ["answer.sh", "run.sh"], 'run_command "$@"', (str(seconds), directories, *argv), seconds, stdin
        )
        self._may_run = answer.result.timed_out
        if answer.result.timed_out:
            return answer.result, ""
        if answer.result.flooded:
            return answer.result._replace(stdout=answer.stdout, stderr=answer.stderr), ""
        if answer.said is None:
            return None, self._lose(argv[0], answer)
        if answer.said[0] == "absent":
            return None, "no such command on this host"
        if answer.said[0] == "late":
            return CommandResult(timed_out=True), ""
        return CommandResult(int(answer.said[-1]), answer.stdout, answer.stderr), ""

    def _rehearsal(self, row: Row) -> List[Text]:
        """None: the keys it needs stay where they are."""
        self.problems[row.label] = "not held over ssh, since the private keys stay on the host: run nimdoctor there"
        return []

    # -- files

    def _files(self, row: Row) -> List[Text]:
        if "/*" not in row.name:
            found = self._file(row.name, row)
            return [found] if found else []
        directory, _, rest = row.name.partition("/*")
        answer = self._read(["read.sh"], 'list_files "$@"', (directory, rest), row.label)
        if answer is None or answer.said == ["absent"]:
            return []
        if answer.said != ["listed"]:
            self.problems[row.label] = _reason(answer)
            return []
        inside = sorted(os.fsdecode(name) for name in answer.stdout.split(b"\n") if name)
        texts: List[Text] = []
        for name in reversed(inside) if rest else inside:
            if len(texts) == FILES_OF_A_ROW:
                self.problems[row.label] = f"has more than {FILES_OF_A_ROW} files; the first {FILES_OF_A_ROW} were read"
                break
            found = self._file(f"{directory}/{name}", row)
            if found:
                texts.append(found)
            elif f"{directory}/{name}" in self.problems:
                # where none of them can be read, it must not be said that there are none
                self.problems.setdefault(row.label, f"{name} {self.problems[f'{directory}/{name}']}")
        return texts

    def _file(self, path: str, row: Row) -> Optional[Text]:
        if not may_be_opened(path):
            return None
        verb = "read_newest" if row.streamed else "read_file"
        variables = f"KEY_ENDS={shlex.quote(KEY_ENDS)}\nREMOVED={shlex.quote(REMOVED.decode())}\nBLOCK={BLOCK} BLOCKS={BLOCKS}\n"
        answer = self._read(["read.sh", "keys.sh"], f'{variables}{verb} "$1"', (path,), path)
        if answer is None:
            return None
        word = answer.said[0] if answer.said else "flooded"
        if word == "absent":
            self._states[path] = None
        elif word == "why":
            self.problems[path] = _reason(answer)
        if word not in ("file", "part", "flooded"):
            return None
        raw = without_private_keys(without_keys(path, answer.stdout))
        if answer.said is not None and word == "part":
            return _newest_part(path, raw, *map(int, answer.said[1:3]))
        if answer.said == ["file", "certificates"]:
            raw = without_keys("/ssl_nimsh/certs/", raw)
        if word == "flooded" or len(raw) > TEXT_LIMIT:
            self.problems[path] = "is larger than 16 MiB; the first 16 MiB were used"
        return Text.of(raw[:TEXT_LIMIT], path, name=path)

    # -- paths

    def paths(self, rows: List[Row]) -> PathRecord:
        """States of what the rows' patterns cover, of all of them in one question."""
        patterns = {row.name: row.label for row in rows if row.kind is Kind.PATHS}
        answer = self._read(
            ["paths.sh", "states.sh"], 'ROOT=""\nlist_paths "$@"', tuple(patterns), "the states of paths"
        )
        if answer is None:
            return PathRecord({}, ())
        if answer.said is None:
            self.problems["the states of paths"] = "more than 16 MiB of them: not used"
            return PathRecord({}, ())
        states = {path: state for path, state in map(_state, answer.stdout.splitlines()) if path}
        self._states.update(states)
        for line in os.fsdecode(answer.stderr).splitlines():
            pattern, _, why = line.partition("incomplete ")[2].partition(" ")
            if pattern in patterns:
                self.problems[patterns.pop(pattern)] = why
        return PathRecord(states, tuple(patterns))

    def file_absent(self, path: str) -> Optional[bool]:
        """Whether that file is known not to exist; None when it cannot be told."""
        if path not in self._states:
            self.paths([Row(path, Kind.PATHS, ())])
        return self._states[path] is None if path in self._states else None


def remote_line(parts: Sequence[str], program: str, words: Sequence[str]) -> str:
    """The command line that ssh hands to the login shell: a script for /bin/sh and its words, each quoted.

    >>> remote_line([], 'echo "$1"', ["it's"])
    '/bin/sh -c \\'echo "$1"\\' nimdoctor \\'it\\'"\\'"\\'s\\''
    """
    script = "".join(map(part, parts)) + program
    return " ".join(["/bin/sh", "-c", *map(shlex.quote, (script, "nimdoctor", *words))])


def _options(place: str, timeout: float) -> List[str]:
    """Those that must not depend on the user's configuration; all else is taken from it."""
    chosen = {
        "BatchMode": "yes",
        "ConnectTimeout": str(max(1, min(CONNECT, math.ceil(timeout)))),
        "ConnectionAttempts": "1",
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "3",
        "ControlMaster": "auto",
        "ControlPath": f"{place}/c".replace("%", "%%"),
        "ControlPersist": "60",
        "ClearAllForwardings": "yes",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "PermitLocalCommand": "no",
        "RemoteCommand": "none",
        "LogLevel": "ERROR",
    }
    return ["-T", *(word for name, value in chosen.items() for word in ("-o", f"{name}={value}"))]


def _private_place() -> str:
    """A directory that nobody else may enter, with a path short enough for a socket in it."""
    directory = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="nimdoctor-ssh-", dir=directory if len(directory) < _SOCKET_LENGTH else "/tmp")


def _hang_up(program: str, options: Sequence[str], where: str, place: str) -> None:
    try:
        if os.path.exists(f"{place}/c"):
            run([program, *options, "-O", "exit", "--", where], timeout=PATIENCE, env=dict(os.environ))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _answer(result: CommandResult, mark: bytes) -> Answer:
    """What stands between the marks; what a login printed before them is left out."""
    started, out = _after(result.stdout, mark)
    _, err = _after(result.stderr, mark)
    body, found, end = err.rpartition(b"\n" + mark + b" ")
    if not (started and found):
        return Answer(out if started else b"", err, None, result)
    return Answer(out, body, decode(end).split(), result)


def _after(stream: bytes, mark: bytes) -> Tuple[bool, bytes]:
    _, found, rest = stream.partition(mark + b"\n")
    return (True, rest) if found else (False, stream)


def _reason(answer: Answer) -> str:
    return " ".join((answer.said or [])[1:]) or "cannot be read"


def _newest_part(path: str, raw: bytes, line: int, left_out: int) -> Text:
    if not left_out:
        return Text.of(raw, path, name=path)
    # the first line may have begun before the cut; it goes, so that what is left are whole lines
    cut = raw.find(b"\n") + 1 or len(raw)
    text = Text.of(raw[cut:], path, name=path, first_line=line + 1)
    text.partial = True
    text.left_out = left_out + cut
    return text


def _state(line: bytes) -> Tuple[str, Optional[PathState]]:
    """A path and its state; an empty path for what is no such line."""
    words = os.fsdecode(line).split(" ", 6)
    if len(words) != 7:
        return "", None
    kind, mode, owner, group, size, mtime, path = words
    if kind == "absent":
        return path, None
    try:
        return path, PathState(kind, int(mode, 8), owner, group, int(size), None if mtime == "-" else int(mtime))
    except ValueError:
        return "", None


def _last_line(said: bytes) -> str:
    lines = [line.strip() for line in decode(said).splitlines() if line.strip()]
    return ascii(lines[-1])[1:-1][:200] if lines else ""


_CURES = (
    ("host key verification failed", "log in once by hand (ssh {where}) and accept its key, after comparing it"),
    ("host identification has changed", "compare its key, then correct known_hosts"),
    ("permission denied", "nimdoctor asks for no password: give ssh a key or an agent that opens {where}"),
    ("could not resolve", "is the name right? ssh's own config may give it another"),
    ("", "try it by hand: ssh {where} true"),
)


def _why(answer: Answer, where: str) -> str:
    """One line: what ssh said, and what to do next."""
    result = answer.result
    if result.error:
        return f"ssh cannot be run: {result.error}"
    if result.timed_out:
        return f"cannot connect: no answer in time; try it by hand: ssh {where} true"
    said = _last_line(answer.stderr)
    if result.status != 255 or not said:
        return (
            f"its login shell did not run a line of POSIX shell (status {result.status}{', ' + said if said else ''}); "
            f"try it by hand: ssh {where} /bin/sh -c true"
        )
    whole = decode(answer.stderr).lower()
    cure = next(cure for words, cure in _CURES if words in whole)
    return f"cannot connect: {said}; {cure.format(where=where)}"
