"""The lab: a simulated NIM master and its clients, each a directory that nimdoctor takes as `root:DIR`.

AIX commands are small shell scripts in the trees that print what recorded outputs show and act on
the files of the trees; keys and certificates are real. With `daemons=True` nimsh is a process that
does a real TLS handshake on a loopback port, so that a push hangs as it does in the field. Nothing of it is
AIX: a simulation for demonstrations, tests and newcomers.
"""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Type

from nimdoctor.lab import scenarios
from nimdoctor.lab.certificates import NEW_KEY, LabCannotBeBuilt
from nimdoctor.lab.setup import BYSTANDER
from nimdoctor.lab.trees import NIMSH, Trees
from nimdoctor.system.command import CommandResult, command_environment, run

__all__ = ["SCENARIOS", "Entry", "Lab", "LabCannotBeBuilt", "problems"]

SCENARIOS: Mapping[str, str] = {name: scenario.description for name, scenario in scenarios.SCENARIOS.items()}
"""Scenario name -> what is the matter, in one sentence."""

FAULTS = ("hang", "fail", "silent", "half", "late", "lie")
"""What can be laid for a command: it sleeps for ever; exits 1 without effect; exits 0 without effect; does
part of its work and exits 1; does all of it, then sleeps for ever; does all of it and exits 1."""

_LEFT_OUT = ("/.lab", "/var/adm/nimdoctor", "/usr/bin", "/usr/sbin")
_LOGS = "/var/adm/ras"


class Entry(NamedTuple):
    """One path of a tree: kind (file, dir, link, other), mode bits, owner, and bytes or the link's target."""

    kind: str
    mode: int
    uid: int
    gid: int
    content: Optional[bytes]


def problems(scenario: str) -> FrozenSet[str]:
    """Ids of the checks that fail at medium or more in a scenario, given as in `Lab.build`."""
    return frozenset(scenarios.setup_of(scenario, ["lpar7"]).problems)


class Lab:
    """One lab on disk; a context manager that leaves nothing behind.

    with Lab.build("healthy") as lab:
        print(lab.client_target, lab.push().status)
    """

    def __init__(self, scenario: str, place: str, clients: Sequence[str], *, daemons: bool = False) -> None:
        self.scenario = scenario
        self.daemons = daemons
        self.place = place
        self.master = os.path.join(place, "nim1")
        self.clients: Dict[str, str] = {name: os.path.join(place, name) for name in clients}

    @classmethod
    def build(
        cls,
        scenario: str = "create-bio-hang",
        place: Optional[str] = None,
        *,
        daemons: bool = False,
        clients: Sequence[str] = ("lpar7",),
        beside: Sequence[str] = (BYSTANDER,),
        key: str = "ec",
    ) -> "Lab":
        """Builds the trees; `place` is a directory that does not exist or is empty, by default a temporary one.

        `clients` are those the scenario is about; secured clients stand `beside` them. `scenario` may join several by `+`. `key` is ec or rsa. Raises ValueError for an unknown
        scenario, LabCannotBeBuilt without a working openssl, OSError when the place cannot be used.
        """
        if key not in NEW_KEY:
            raise ValueError(f"no kind of key {key}; there are {', '.join(NEW_KEY)}")
        setup = scenarios.setup_of(scenario, clients, beside)
        if place is None:
            place = tempfile.mkdtemp(prefix="nimdoctor-lab-")
        else:
            _make(place)
        lab = cls(scenario, os.path.realpath(place), [client.name for client in setup.clients], daemons=daemons)
        try:
            Trees(setup, lab.place, daemons=daemons, key=key).write()
            if daemons:
                lab._start_daemons()
        except BaseException:
            lab.close()
            raise
        return lab

    def copy(self, place: Optional[str] = None) -> "Lab":
        """A second lab in the same state, faster than to build one. Raises ValueError for one with daemons."""
        if self.daemons:
            raise ValueError("a lab with daemons cannot be copied")
        target = tempfile.mkdtemp(prefix="nimdoctor-lab-") if place is None else _make(place)
        _copy(self.place, target)
        twin = Lab(self.scenario, os.path.realpath(target), list(self.clients))
        for tree in twin._trees():
            with open(os.path.join(tree, ".lab", "owner"), "w", encoding="ascii") as stream:
                stream.write(f"{os.getpid()}\n")
        return twin

    # -- where things are

    @property
    def client(self) -> str:
        """The tree of the first client."""
        return next(iter(self.clients.values()))

    @property
    def master_target(self) -> str:
        """The master as a TARGET."""
        return f"root:{self.master}"

    @property
    def client_target(self) -> str:
        """The first client as a TARGET."""
        return f"root:{self.client}"

    def tree(self, end: str) -> str:
        """The directory of `client` (the first), `master` (or nim1), or a client by name."""
        if end in ("master", "nim1"):
            return self.master
        return self.client if end == "client" else self.clients[end]

    # -- what happened, and what shall happen

    def snapshot(self, end: str = "client", *, log: bool = False) -> Dict[str, Entry]:
        """Every path of a tree, named as its host names it, without the lab's own files, the programs,
        nimdoctor's state and, unless asked for, the logs, which nimsh adds a line to at each start."""
        root = self.tree(end)
        left_out = _LEFT_OUT if log else (*_LEFT_OUT, _LOGS)
        found: Dict[str, Entry] = {}
        for directory, names, files in os.walk(root):
            for name in [*names, *files]:
                place = os.path.join(directory, name)
                path = place[len(root) :]
                if path in left_out:
                    if name in names:
                        names.remove(name)
                else:
                    found[path] = _entry(place)
            names[:] = [name for name in names if os.path.join(directory, name)[len(root) :] in found]
        return found

    def calls(self, end: str = "client") -> List[str]:
        """The command lines that acted on that host, oldest first: nimclient, nimconfig, niminit, nim,
        startsrc, stopsrc, refresh."""
        try:
            with open(os.path.join(self.tree(end), ".lab", "calls"), encoding="utf-8") as stream:
                return stream.read().splitlines()
        except FileNotFoundError:
            return []

    def fault(self, end: str, command: str, word: Optional[str]) -> None:
        """Lays a fault for a command, or for one with an argument: `nimclient`, `nimclient.-c`, `nim.cust`.

        `word` is one of FAULTS, with ` once` behind it to meet it one time; None takes it away.
        """
        place = os.path.join(self.tree(end), ".lab", "fault", command)
        if word is None:
            os.unlink(place)
            return
        if word.split()[0] not in FAULTS:
            raise ValueError(f"no fault {word}; there are {', '.join(FAULTS)}")
        with open(place, "w", encoding="ascii") as stream:
            stream.write(f"{word}\n")

    def run(self, end: str, *words: str, timeout: float = 30.0) -> CommandResult:
        """Runs a command of a host as nimdoctor does: `lab.run("client", "nimclient", "-c")`.

        Raises FileNotFoundError when the host has no such command.
        """
        root = self.tree(end)
        for directory in ("usr/sbin", "usr/bin"):
            program = os.path.join(root, directory, words[0])
            if os.path.exists(program):
                return run([program, *words[1:]], timeout=timeout, env=command_environment(root))
        raise FileNotFoundError(2, "no such command on this host", words[0])

    def push(self, name: str = "lpar7", timeout: float = 10.0) -> CommandResult:
        """`nim -o lslpp NAME` on the master; `timed_out` when it did not come back and was ended."""
        return self.run("master", "nim", "-o", "lslpp", name, timeout=timeout)

    def connect(self, name: str = "lpar7") -> str:
        """What the master shows as `connect` of a client."""
        for line in self.run("master", "lsnim", "-l", name).stdout.decode().splitlines():
            attribute, _, value = line.partition("=")
            if attribute.strip() == "connect":
                return value.strip()
        return ""

    def hang(self, name: str = "lpar7", age: int = 23 * 3600) -> None:
        """Shows a push that hung `age` seconds before the lab was built: a child of the client's nimsh with its
        connection, and the master's `nim -o lslpp NAME`. Nothing stands behind them, so they stay. Its nimsh
        must be active."""
        with open(os.path.join(self.clients[name], ".lab", "built"), encoding="ascii") as stream:
            started = int(stream.read()) - age
        with open(os.path.join(self.clients[name], ".lab", "nimsh_args"), encoding="ascii") as stream:
            arguments = stream.read().strip()
        with open(os.path.join(self.clients[name], ".lab", "src", "nimsh"), encoding="ascii") as stream:
            parent = stream.read().split()[1]
        rows = (
            (self.clients[name], 9306482, f"{parent} {started} - /usr/sbin/nimsh {arguments}"),
            (self.master, 9437574, f"1 {started} - nim -o lslpp {name}"),
        )
        for tree, pid, row in rows:
            with open(os.path.join(tree, ".lab", "proc", str(pid)), "w", encoding="ascii") as stream:
                stream.write(row + "\n")

    # -- the end

    def close(self) -> None:
        """Ends every process of the lab and removes its directory."""
        for pid in self._processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        shutil.rmtree(self.place, ignore_errors=True)
        # a stand-in on its way may have written a file meanwhile; it ends when its tree is gone
        if os.path.exists(self.place):
            shutil.rmtree(self.place, ignore_errors=True)

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def _trees(self) -> Tuple[str, ...]:
        return (self.master, *self.clients.values())

    def _processes(self) -> List[int]:
        """Processes of this machine that stand behind rows of `ps`: nimsh, its children, pushes."""
        found = []
        for tree in self._trees():
            directory = os.path.join(tree, ".lab", "proc")
            for name in os.listdir(directory) if os.path.isdir(directory) else ():
                try:
                    with open(os.path.join(directory, name), encoding="utf-8") as stream:
                        real = stream.read().split()[2]
                except (OSError, IndexError):
                    continue
                if real.isdigit():
                    found.append(int(real))
        return found

    def _start_daemons(self) -> None:
        """A daemon for every nimsh that the setup has running; it keeps the age the setup gives it."""
        for tree in self.clients.values():
            row = os.path.join(tree, ".lab", "proc", str(NIMSH))
            if os.path.exists(row):
                _start_daemon(tree, row)


def _make(place: str) -> str:
    """Raises FileExistsError for a directory with something in it: the whole is removed in the end."""
    os.makedirs(place, exist_ok=True)
    if os.listdir(place):
        raise FileExistsError(17, "not empty", place)
    return place


def _copy(source: str, target: str) -> None:
    """What is below a directory, into another, with modes and times. A lab holds hundreds of small files."""
    with os.scandir(source) as entries:
        for entry in entries:
            place = os.path.join(target, entry.name)
            state = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(state.st_mode):
                os.symlink(os.readlink(entry.path), place)
                continue
            if stat.S_ISDIR(state.st_mode):
                os.mkdir(place)
                _copy(entry.path, place)
            else:
                with open(entry.path, "rb", buffering=0) as original, open(place, "xb", buffering=0) as twin:
                    twin.write(original.readall())
            os.chmod(place, stat.S_IMODE(state.st_mode))
            os.utime(place, ns=(state.st_atime_ns, state.st_mtime_ns))


def _start_daemon(tree: str, row: str) -> None:
    with open(row, encoding="utf-8") as stream:
        started = stream.read().split()[1]
    subprocess.run(
        [sys.executable, "-I", "-S", os.path.join(tree, ".lab", "nimsh_daemon.py"), tree, str(NIMSH), started],
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _entry(place: str) -> Entry:
    state = os.lstat(place)
    kind, content = "other", None
    if stat.S_ISDIR(state.st_mode):
        kind = "dir"
    elif stat.S_ISLNK(state.st_mode):
        kind, content = "link", os.readlink(place).encode()
    elif stat.S_ISREG(state.st_mode):
        kind = "file"
        with open(place, "rb") as stream:
            content = stream.read()
    return Entry(kind, stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid, content)
