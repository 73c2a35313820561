"""What processes say of the same files, asked once: nearly all that a scan of a lab costs goes to processes."""

import filecmp
import hashlib
import json
import os
import pickle
import stat
import time
import warnings
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

import psutil

import nimdoctor.lab
from nimdoctor.diagnosis.engine import Engine
from nimdoctor.evidence import live, rehearsal
from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.rehearsal import CERTIFICATES, KEYS, child
from nimdoctor.system.command import CommandResult

Words = Tuple[str, ...]
STAND_INS = os.path.join(os.path.dirname(nimdoctor.lab.__file__), "stand_ins")

HASTY = 5.0
"""Seconds; with less than that the deadline may be what a test is about."""


class Rehearsals:
    """Takes the place of `rehearse` in live hosts: what is in the same files gives the same verdict, here and in children.

    It is held in this process, which loads OpenSSL once; the keys are those of a test. One that may not end, and one of
    what is no plain file, has its own process as ever.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self.hold = live.rehearse

    def rehearse(self, root: Optional[str], timeout: float, command: Optional[Sequence[str]] = None) -> str:
        key = self._key(root) if root and command is None and timeout >= HASTY else None
        if key is None:
            return self.hold(root, timeout, command)
        path = os.path.join(self.place, key)
        try:
            with open(path, encoding="ascii") as stream:
                return stream.read()
        except FileNotFoundError:
            pass
        with warnings.catch_warnings():
            found = rehearsal._only_line(json.dumps(child.verdict(root)).encode("ascii")) or ""
        if str(root) not in found and '"undone"' not in found:
            with open(f"{path}.{os.getpid()}", "w", encoding="ascii") as stream:
                stream.write(found)
            os.replace(stream.name, path)
        return found

    def _key(self, root: Optional[str]) -> Optional[str]:
        """A name for all that a rehearsal reads; None where something is no plain file, or there is nothing to read."""
        if rehearsal._nothing_to_load(root):
            return None
        digest = hashlib.sha256()
        try:
            for path, content in self._files(f"{root}{CERTIFICATES}", f"{root}{KEYS}"):
                digest.update(b"%s %d\n" % (path[len(str(root)) :].encode(), len(content)) + content)
        except OSError:
            return None
        return digest.hexdigest()

    @staticmethod
    def _files(*directories: str) -> Iterator[Tuple[str, bytes]]:
        for directory in directories:
            for name in sorted(os.listdir(directory)):
                path = os.path.join(directory, name)
                if not stat.S_ISREG(os.lstat(path).st_mode):
                    raise FileNotFoundError(2, "no plain file", path)
                with open(path, "rb") as stream:
                    yield path, stream.read()


class Reads(NamedTuple):
    """What a command reads: files, and all of directories, of its own tree or of all trees of the lab.

    What one that `tells_the_time` printed is known for as long as the second lasts in which it was asked.
    """

    command: str
    """Its first words, which for some are the only form that changes nothing and is about the lab."""
    below_lab: Tuple[str, ...] = ()
    elsewhere: Tuple[str, ...] = ()
    everywhere: bool = False
    tells_the_time: bool = False

    @property
    def paths(self) -> Iterator[str]:
        """As the tree's host names them."""
        yield from (f"/.lab/{name}" for name in (*EVERY_COMMAND_READS, *self.below_lab))
        yield from self.elsewhere

    def includes(self, path: str) -> bool:
        return any(path == one or path.startswith(f"{one}/") for one in self.paths)


EVERY_COMMAND_READS = ("lib.sh", "host", "fault")
COMMANDS = (
    Reads("ar -X32_64 -tv /usr/lib/libcrypto.a", elsewhere=("/usr/lib/libcrypto.a",)),
    Reads("ar -X32_64 -tv /usr/lib/libssl.a", elsewhere=("/usr/lib/libssl.a",)),
    Reads("audit query", ("auditing",)),
    Reads("date", ("clock",), tells_the_time=True),
    Reads("df", ("df",)),
    Reads("emgr"),
    Reads("host", elsewhere=("/etc/hosts",)),
    Reads("hostname"),
    Reads("instfix", ("apars",)),
    Reads("lsitab", elsewhere=("/etc/inittab",)),
    Reads("lslpp", ("filesets", "history", "owned")),
    Reads("lsnim", ("objects",)),
    Reads("lssrc", ("inetd", "nimsh_args", "proc", "src")),
    Reads("netstat", ("held", "inetd", "proc", "src")),
    Reads("nimclient -l", ("objects", "proc", "src"), everywhere=True),
    Reads("oslevel", ("oslevel",)),
    Reads("ps -eo", ("proc",), tells_the_time=True),
    Reads("uname"),
)


def reads_of(argv: Sequence[str]) -> Optional[Reads]:
    """What a command reads; None for one that may change something, or is not known here."""
    typed = " ".join(argv) + " "
    return next((one for one in COMMANDS if typed.startswith(f"{one.command} ")), None)


class Answers:
    """Has labs remember: a command prints in one what it printed in another where all that it reads is alike.

    Most of what a scan costs goes to some fifty processes. Only a lab's own commands are remembered, as they were
    shipped, and only where what they read was found and left alike. A scan looks once before and once after.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        # somebody else may read less
        self._owner = os.geteuid()
        self._ask, self._scan = LiveHost.execute, Engine.scan
        self._known: Dict[str, Dict[Words, CommandResult]] = {}
        self._lab = ""
        self._states: Dict[Tuple[Reads, str], str] = {}
        self._new: Dict[Tuple[Reads, str], Dict[Words, CommandResult]] = {}

    def scan(self, engine: Engine, *words: Any) -> Any:
        lab = self._lab_of(engine)
        if not lab or self._lab or os.geteuid() != self._owner:
            return self._scan(engine, *words)
        self._lab, self._states, self._new = lab, {}, {}
        try:
            return self._scan(engine, *words)
        finally:
            self._lab = ""
            for (reads, tree), answers in self._new.items():
                self._keep(reads, lab, tree, self._states[reads, tree], answers)

    def execute(
        self, host: LiveHost, argv: Sequence[str], timeout: float, stdin: bytes = b""
    ) -> Tuple[Optional[CommandResult], str]:
        reads = None if stdin or timeout < HASTY or os.geteuid() != self._owner else reads_of(argv)
        if reads is None or not self._is_of_a_lab(host, argv[0]):
            return self._ask(host, argv, timeout, stdin)
        lab, tree = os.path.split(host.root or "")
        states = self._states if lab == self._lab else {}
        if (reads, tree) not in states:
            states[reads, tree] = _state(reads, lab, tree)
        state = states[reads, tree]
        words = (tree, *(word.replace(lab, "") for word in argv))
        second = int(time.time())
        if reads.tells_the_time:
            words = (str(second), *words)
        known = self._answers(state)
        if words in known:
            return known[words], ""
        result, refusal = self._ask(host, argv, timeout)
        if result and result.status is not None and lab.encode() not in result.stdout + result.stderr:
            if reads.tells_the_time and int(time.time()) != second:
                return result, refusal
            if states is self._states:
                known[words] = self._new.setdefault((reads, tree), {})[words] = result
            else:
                self._keep(reads, lab, tree, state, {words: result})
        return result, refusal

    def _answers(self, state: str) -> Dict[Words, CommandResult]:
        """What is known of that state, other processes' answers too."""
        if state not in self._known:
            try:
                with open(os.path.join(self.place, state), "rb") as stream:
                    self._known[state] = pickle.load(stream)
            except FileNotFoundError:
                self._known[state] = {}
        return self._known[state]

    def _keep(self, reads: Reads, lab: str, tree: str, state: str, answers: Dict[Words, CommandResult]) -> None:
        """Adds answers to a state, if it is that of the lab still; else what was known of it is asked for anew."""
        if _state(reads, lab, tree) != state:
            self._known.pop(state, None)
            return
        known = self._answers(state)
        known.update(answers)
        if not reads.tells_the_time:
            path = os.path.join(self.place, state)
            with open(f"{path}.{os.getpid()}", "wb") as stream:
                pickle.dump(known, stream)
            os.replace(stream.name, path)

    @staticmethod
    def _lab_of(engine: Engine) -> str:
        """The directory of the lab whose ends are scanned; empty where they are of none."""
        roots = [getattr(host.evidence, "root", None) for host in (engine.target, engine.master) if host]
        labs = {os.path.dirname(root) for root in roots if root and os.path.isfile(f"{root}/.lab/lib.sh")}
        return labs.pop() if len(labs) == 1 else ""

    @staticmethod
    def _is_of_a_lab(host: LiveHost, name: str) -> bool:
        """Whether that is a lab's host, and its command a stand-in as it was shipped."""
        if not os.path.isfile(f"{host.root}/.lab/lib.sh"):
            return False
        places = [f"{host.root}{directory}/{name}" for directory in live.ROOT_PROGRAM_DIRECTORIES]
        program = next(filter(os.path.lexists, places), None)
        shipped = os.path.join(STAND_INS, name)
        if program is None or not os.path.isfile(shipped) or not stat.S_ISREG(os.lstat(program).st_mode):
            return False
        return os.access(program, os.X_OK) and filecmp.cmp(program, shipped, shallow=False)


def _state(reads: Reads, lab: str, tree: str) -> str:
    """A name for all that the command of a tree reads."""
    digest = hashlib.sha256(reads.command.encode())
    for name in sorted(os.listdir(lab)) if reads.everywhere else (tree,):
        for path in reads.paths:
            digest.update(f"{name}{path}\n".encode())
            for below, content in _contents(f"{lab}/{name}{path}", reads.tells_the_time):
                digest.update(f"{below} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _contents(path: str, with_times: bool) -> Iterator[Tuple[str, bytes]]:
    """What is at a path: of a directory the names and all that is below them, of a file its bytes, of a link its target."""
    try:
        kind = os.lstat(path).st_mode
        if stat.S_ISDIR(kind):
            for name in sorted(os.listdir(path)):
                for below, content in _contents(f"{path}/{name}", with_times):
                    yield f"{name}/{below}", content
        elif stat.S_ISREG(kind):
            with open(path, "rb", buffering=0) as stream:
                content = stream.readall()
            yield "", _process(content, with_times) if "/.lab/proc/" in path else content
        else:
            yield "", os.readlink(path).encode() if stat.S_ISLNK(kind) else b"no plain file"
    except OSError as error:
        yield "", str(error.errno).encode()


def _process(row: bytes, with_times: bool) -> bytes:
    """A process, and whether one of this machine is behind it; when it began where that is asked for."""
    words = row.split(None, 3)
    if len(words) < 4:
        return row
    parent, start, real, arguments = words
    lives = real == b"-" or _lives(int(real))
    return b"%s %s %d %s" % (parent, start if with_times else b"", lives, arguments)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE  # type: ignore[no-any-return]
    except psutil.NoSuchProcess:
        return False


def remember_rehearsals(place: str) -> None:
    """Has this process, and those it forks, hold each rehearsal once; `place` is an empty directory for them."""
    live.rehearse = Rehearsals(place).rehearse  # type: ignore[attr-defined]


def remember(place: str) -> Callable[[], None]:
    """The same, and what the commands of labs print, too. Gives what undoes it."""
    rehearse, execute, scan = live.rehearse, LiveHost.execute, Engine.scan  # type: ignore[attr-defined]
    answers = Answers(place)
    remember_rehearsals(place)
    LiveHost.execute = lambda host, *words: answers.execute(host, *words)  # type: ignore[method-assign]
    Engine.scan = lambda engine, *words: answers.scan(engine, *words)  # type: ignore[method-assign]

    def forget() -> None:
        live.rehearse = rehearse  # type: ignore[attr-defined]
        LiveHost.execute = execute  # type: ignore[method-assign]
        Engine.scan = scan  # type: ignore[method-assign]

    return forget
