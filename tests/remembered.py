"""What processes say of the same files, asked once: nearly all that a scan of a lab costs goes to processes."""

import contextlib
import filecmp
import hashlib
import os
import pickle
import re
import stat
from typing import Any, Callable, Dict, Iterator, Optional, Sequence, Tuple

import psutil

import nimdoctor.lab
from nimdoctor.diagnosis.engine import Engine
from nimdoctor.evidence import live
from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.rehearsal import CERTIFICATES, KEYS
from nimdoctor.system.command import CommandResult

Words = Tuple[str, ...]
STAND_INS = os.path.join(os.path.dirname(nimdoctor.lab.__file__), "stand_ins")

HASTY = 5.0
"""Seconds; with less than that the deadline may be what a test is about."""


class Rehearsals:
    """Takes the place of `rehearse` in live hosts: what is in the same files gives the same verdict, here and in children."""

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
        verdict = self.hold(root, timeout)
        if str(root) not in verdict and '"undone"' not in verdict:
            with open(f"{path}.{os.getpid()}", "w", encoding="ascii") as stream:
                stream.write(verdict)
            os.replace(stream.name, path)
        return verdict

    def _key(self, root: Optional[str]) -> Optional[str]:
        """A name for all that a rehearsal reads; None where something is no plain file."""
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


class Answers:
    """Has the scans of labs remember: a command prints in one what it printed in another where all that it reads is alike.

    Half of what a scan costs goes to some fifty processes. Only a lab's own commands are remembered, as they were
    shipped, and only where what they read was found and left alike; outside of scans those alone that read little.
    """

    STEADY = ("df", "emgr", "host", "hostname", "instfix", "lsitab", "lslpp", "oslevel", "uname")
    """Commands that print what is in STEADILY_READ of their own tree."""
    MOVED = ("ar", "audit", "lsnim", "lssrc", "netstat", "nimclient")
    """Commands that print what is in READ of all trees; those that tell the time are in neither."""
    READ = (".lab", "etc", "usr/lib")
    STEADILY_READ = re.compile(r"/.lab/(?!inetd|nimsh_|objects/|proc/|src/)|/etc/(hosts|inittab)$")
    PASSED_OVER = ("/.lab/built", "/.lab/calls", "/.lab/owner")
    """What of that they do not read, and differs from lab to lab."""

    def __init__(self, place: str) -> None:
        self.place = place
        # somebody else may read less
        self._owner = os.geteuid()
        self._ask, self._scan = LiveHost.execute, Engine.scan
        self._lab = ""
        self._states: Dict[str, str] = {}
        self._known: Dict[str, Dict[Words, CommandResult]] = {}

    def scan(self, engine: Engine, *words: Any) -> Any:
        lab = self._lab_of(engine)
        if not lab or self._lab or os.geteuid() != self._owner:
            return self._scan(engine, *words)
        self._lab, self._states = lab, self._read(lab)
        self._known = {state: self._loaded(state) for state in self._states.values()}
        numbers = {state: len(answers) for state, answers in self._known.items()}
        try:
            return self._scan(engine, *words)
        finally:
            self._lab = ""
            fuller = [state for state, answers in self._known.items() if len(answers) > numbers[state]]
            if fuller and self._read(lab) == self._states:
                for state in fuller:
                    self._store(state, self._known[state])

    def execute(
        self, host: LiveHost, argv: Sequence[str], timeout: float, stdin: bytes = b""
    ) -> Tuple[Optional[CommandResult], str]:
        lab, tree = os.path.split(host.root or "")
        scanned = bool(lab) and lab == self._lab
        remembered = argv[0] in self.STEADY or (scanned and argv[0] in self.MOVED)
        remembered = remembered and not stdin and timeout >= HASTY and os.geteuid() == self._owner
        if not remembered or not self._is_of_a_lab(host, argv[0]):
            return self._ask(host, argv, timeout, stdin)
        state = self._states[tree if argv[0] in self.STEADY else ""] if scanned else self._steady(lab, tree)
        known = self._known[state] if scanned else self._loaded(state)
        words = (tree, *(word.replace(lab, "") for word in argv))
        if words in known:
            return known[words], ""
        result, refusal = self._ask(host, argv, timeout)
        if result and result.status is not None and lab.encode() not in result.stdout + result.stderr:
            known[words] = result
            if not scanned and self._steady(lab, tree) == state:
                self._store(state, known)
        return result, refusal

    def _loaded(self, state: str) -> Dict[Words, CommandResult]:
        try:
            with open(os.path.join(self.place, state), "rb") as stream:
                return pickle.load(stream)  # type: ignore[no-any-return]
        except FileNotFoundError:
            return {}

    def _store(self, state: str, answers: Dict[Words, CommandResult]) -> None:
        path = os.path.join(self.place, state)
        with open(f"{path}.{os.getpid()}", "wb") as stream:
            pickle.dump(answers, stream)
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
        shipped = os.path.join(STAND_INS, name)
        program, _ = host.program(name)
        return program is not None and os.path.isfile(shipped) and filecmp.cmp(program, shipped, shallow=False)

    def _read(self, lab: str) -> Dict[str, str]:
        """Names for what the steady commands of each tree read, and for all that commands of the lab read, by ``."""
        everything = hashlib.sha256()
        steady = {tree: self._steady(lab, tree, everything) for tree in sorted(os.listdir(lab))}
        return {**steady, "": everything.hexdigest()}

    def _steady(self, lab: str, tree: str, everything: "Optional[hashlib._Hash]" = None) -> str:
        """A name for what the steady commands of a tree read; what all commands read is added to `everything`."""
        steady = hashlib.sha256()
        waiting = [os.path.join(lab, tree, part) for part in self.READ]
        while waiting:
            with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    path = entry.path[len(lab) + 1 + len(tree) :]
                    of_steady = self.STEADILY_READ.match(path)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif not path.endswith(self.PASSED_OVER) and (everything or of_steady):
                        text = f"{tree} {path}\n".encode() + _content(entry)
                        if everything:
                            everything.update(text)
                        if of_steady:
                            steady.update(text)
        return steady.hexdigest()


def _content(entry: "os.DirEntry[str]") -> bytes:
    """Of a plain file or a link; of a process without its beginning, and whether one of this machine is behind it."""
    try:
        if entry.is_symlink():
            return os.readlink(entry.path).encode()
        if not entry.is_file(follow_symlinks=False):
            return b"no plain file"
        with open(entry.path, "rb", buffering=0) as stream:
            content = stream.readall()
    except OSError as error:
        return str(error.errno).encode()
    words = content.split(None, 3)
    if "/.lab/proc/" in entry.path and len(words) == 4:
        return b"%s %d %s" % (words[0], words[2] == b"-" or _lives(int(words[2])), words[3])
    return content


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
