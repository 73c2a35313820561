"""Killing a run of nimdoctor at every point where that can be told from outside, and judging what is left.

A run is carried out once. At each point the process that carries it out makes a clone of itself by
fork and is ended by SIGKILL; an image of the trees is taken; then the clone goes on as if nothing
had been. So every image is what a SIGKILL at that point left, and one run gives all of them. Points
are: before and after each record of the journals; each rename, link and removal of a file; each
command; each file that is put into the run's directory; the taking and giving back of the reserve.

From each image the run is resumed and, on the same image again, rolled back, killed at every point
once more where asked for. Images that differ in times and process numbers only are looked at once.

A tree that is put back has other inode numbers, so what nimdoctor reads of them is made 0.
"""

import collections
import contextlib
import datetime
import errno
import gc
import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.lab import Lab

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # where it runs as a program

from remembered import remember_rehearsals  # noqa: E402

STATE = "/var/adm/nimdoctor"
RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}")
UNFINISHED = ("running", "stopped", "rolling-back")
LEFT_OUT = ("/.lab", STATE, "/usr/bin", "/usr/sbin", "/var/adm/ras")

Image = Dict[str, Tuple[str, int, int, Optional[bytes]]]
"""Path below the lab's place: kind, mode, time of change, content or a link's target."""


class Camera:
    """Takes images of a directory and puts them back."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._read: Dict[Tuple[int, ...], bytes] = {}

    def take(self) -> Image:
        found: Image = {}
        waiting = [self.place]
        while waiting:
            directory = waiting.pop()
            with os.scandir(directory) as entries:
                for entry in entries:
                    state = entry.stat(follow_symlinks=False)
                    path = entry.path[len(self.place) :]
                    mode, mtime = state.st_mode & 0o7777, state.st_mtime_ns
                    if entry.is_symlink():
                        found[path] = ("link", mode, 0, os.readlink(entry.path).encode())
                    elif entry.is_dir(follow_symlinks=False):
                        found[path] = ("dir", mode, mtime, None)
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        key = (state.st_ino, state.st_size, mtime, state.st_ctime_ns)
                        if key not in self._read:
                            with open(entry.path, "rb") as stream:
                                self._read[key] = stream.read()
                        found[path] = ("file", mode, mtime, self._read[key])
                    else:
                        found[path] = ("other", mode, 0, None)
        return found

    def restore(self, image: Image) -> None:
        now = self.take()
        for path in sorted(now, reverse=True):
            if path not in image or image[path][0] != now[path][0]:
                place = self.place + path
                if now[path][0] == "dir":
                    os.rmdir(place)
                else:
                    os.unlink(place)
                del now[path]
        for path in sorted(image):
            if now.get(path) == image[path]:
                continue
            kind, mode, mtime, content = image[path]
            place = self.place + path
            if kind == "dir":
                if path not in now:
                    os.mkdir(place)
                os.chmod(place, mode)
            elif kind == "link":
                if path in now:
                    os.unlink(place)
                os.symlink(content or b"", place)
            elif kind == "file":
                with open(place, "wb") as stream:
                    stream.write(content or b"")
                os.chmod(place, mode)
                os.utime(place, ns=(mtime, mtime))
        for path in sorted(image, reverse=True):
            if image[path][0] == "dir" and os.lstat(self.place + path).st_mtime_ns != image[path][2]:
                os.utime(self.place + path, ns=(image[path][2], image[path][2]))


# -- what an image tells


class Told(NamedTuple):
    """What a journal says, read without the program: in the order of the records."""

    started: bool
    state: str
    done: Tuple[str, ...]
    begun: Tuple[str, ...]
    undoing: Tuple[str, ...]
    undone: Tuple[str, ...]
    left_open: str
    led_by: Optional[str]
    affects: Tuple[str, ...]
    findings: Tuple[str, ...]
    standing: Tuple[str, ...]


def tell(raw: bytes) -> Told:
    """Reads a journal's bytes; a torn last line does not count."""
    state, left_open, led_by = "running", "", None
    done: List[str] = []
    begun: List[str] = []
    undoing: List[str] = []
    undone: List[str] = []
    affects: List[str] = []
    findings: List[str] = []
    standing: List[str] = []
    started = False
    for line in raw.split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        event, step = record["event"], record["step"]
        if event == "start":
            started, led_by, affects = True, record["led_by"], record["affects"]
        elif event == "begin":
            state = "running"
            for where in (done, undoing, undone):
                if step in where:
                    where.remove(step)
            if step not in begun:
                begun.append(step)
        elif event == "done":
            state = "running"
            begun[:] = [one for one in begun if one != step]
            undoing[:] = [one for one in undoing if one != step]
            standing[:] = [one for one in standing if one != step]
            done.append(step)
            left_open = record.get("left_open", "")
        elif event == "undo":
            state = "rolling-back"
            done[:] = [one for one in done if one != step]
            undoing[:] = [*(one for one in undoing if one != step), step]
            left_open = record.get("left_open", left_open)
        elif event == "undone":
            state = "rolling-back"
            for where in (done, begun, undoing):
                if step in where:
                    where.remove(step)
            undone.append(step)
            if record.get("stands"):
                standing.append(step)
            if record.get("closes"):
                left_open = ""
        elif event == "resume":
            state = "running"
        elif event == "rollback":
            state = "rolling-back"
        elif event == "stopped":
            state = "stopped"
        elif event == "complete":
            state = record["state"]
            findings = [f"{one['check']}: {one['outcome']}" for one in record.get("findings") or ()]
    return Told(
        started, state, tuple(done), tuple(begun), tuple(undoing), tuple(undone), left_open, led_by, tuple(affects),
        tuple(findings), tuple(standing),
    )  # fmt: skip


class Scene:
    """What an image of a lab shows, by host: `client` is the tree's name of the first client."""

    def __init__(self, image: Image, client: str, first: Optional[Image] = None) -> None:
        self.image = image
        self.first = first or {}
        self.hosts = {"client": f"/{client}", "master": "/nim1"}

    def view(self, end: str, known: Set[bytes] = frozenset()) -> Dict[str, Any]:  # type: ignore[assignment]
        """The host's paths as `Lab.snapshot` gives them. Keys and certificates that are not `known` are numbered."""
        root = self.hosts[end]
        found: Dict[str, Any] = {}
        numbers = self._numbers(known)
        for path, (kind, mode, mtime, content) in self.image.items():
            if not path.startswith(root + "/"):
                continue
            inside = path[len(root) :]
            if inside.startswith(LEFT_OUT) and any(inside == one or inside.startswith(one + "/") for one in LEFT_OUT):
                continue
            if content is not None and inside.startswith("/ssl_nimsh"):
                content = numbers.get(content, content)
            # a removed copy that comes back comes back with its time
            was = self.first.get(path, ("", 0, 0, None))
            comes_back = inside.startswith("/usr/lib/") and kind == "file" and was[3] == content
            found[RUN.sub("RUN", inside)] = (kind, mode, content, mtime if comes_back else None)
        return found

    def _numbers(self, known: Set[bytes]) -> Dict[bytes, bytes]:
        numbers: Dict[bytes, bytes] = {}
        for end in ("master", "client"):
            root = self.hosts[end] + "/ssl_nimsh/"
            for path in sorted(self.image):
                content = self.image[path][3]
                if path.startswith(root) and content and b"-----BEGIN" in content and content not in known:
                    numbers.setdefault(content, b"new %d" % len(numbers))
        return numbers

    def soft(self, end: str) -> Dict[str, Any]:
        """What is not in files: subsystems, how nimsh is started, what inetd serves, NIM's objects, filesets."""
        root = self.hosts[end] + "/.lab/"
        found: Dict[str, Any] = {}
        for path, (_, _, _, content) in self.image.items():
            if not path.startswith(root) or content is None:
                continue
            name = path[len(root) :]
            if name.startswith("src/"):
                group, pid = content.split()
                alive = pid != b"-" and f"{root}proc/{pid.decode()}" in self.image
                found[name] = (group, alive)
            elif name in ("nimsh_args", "nimsh_libraries", "inetd", "filesets") or name.startswith("objects/"):
                found[name] = b"\n".join(sorted(content.split(b"\n")))
        return found

    def calls(self, end: str) -> List[str]:
        """The commands that acted on the host; a preview of an installation changes nothing."""
        calls = self.text(f"{self.hosts[end]}/.lab/calls").splitlines()
        return [call for call in calls if "installp_flags=-ap" not in call]

    def text(self, path: str) -> str:
        content = self.image.get(path, ("", 0, 0, b""))[3]
        return (content or b"").decode()

    def runs(self, end: str) -> List[str]:
        """Names of the run directories of a host, oldest first."""
        root = f"{self.hosts[end]}{STATE}/runs/"
        return sorted(
            path[len(root) :] for path in self.image if path.startswith(root) and "/" not in path[len(root) :]
        )

    def journal(self, end: str, run: str) -> bytes:
        return self.image.get(f"{self.hosts[end]}{STATE}/runs/{run}/journal.jsonl", ("", 0, 0, b""))[3] or b""

    def told(self, end: str, run: str) -> Told:
        return tell(self.journal(end, run))

    def plan(self, run: str) -> Dict[str, Any]:
        for end in ("client", "master"):
            text = self.text(f"{self.hosts[end]}{STATE}/runs/{run}/plan.json")
            if text:
                found: Dict[str, Any] = json.loads(text)
                return found
        return {"steps": []}

    def leftovers(self) -> List[str]:
        """What must not be there once nothing runs: temporary files, locks, reserves."""
        return [
            path
            for path in self.image
            if "/.nimdoctor-" in path
            or path.endswith((f"{STATE}/lock.d", "/reserve"))
            or (".tmp" in os.path.basename(path) and STATE in path)
        ]

    def key(self, known: Set[bytes]) -> str:
        """A name for the scene that times, process numbers and the bytes of new keys do not change."""
        seen: List[Any] = []
        for end in ("client", "master"):
            view = {path: what[:3] for path, what in self.view(end, known).items()}
            seen += [sorted(view.items()), sorted(self.soft(end).items())]
            for run in self.runs(end):
                root = f"{self.hosts[end]}{STATE}/runs/{run}/"
                seen += [end, self.told(end, run)]
                seen.append(sorted(path[len(root) :] for path in self.image if path.startswith(root)))
        return hashlib.sha256(repr(seen).encode()).hexdigest()


# -- running nimdoctor in a process of its own


class Ended(NamedTuple):
    """How a command line ended; `status` is negative for a signal."""

    status: int
    out: str
    err: str


class Point(NamedTuple):
    """A point of a run, and the image that a SIGKILL there left."""

    label: str
    image: Image


Prepare = Callable[[], None]


def nothing() -> None:
    """Prepares nothing."""


def adopt_orphans() -> None:
    """Makes this process the parent of orphans below it, so that each clone's end can be seen."""
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def import_all() -> None:
    """Imports what nimdoctor imports when it needs it, so that no child has to."""
    import importlib
    import pkgutil

    import nimdoctor
    from nimdoctor.registry import Registry

    registry = Registry()
    registry.checks()
    registry.fixes()
    for package in ("nimdoctor.plan", "nimdoctor.facts", "nimdoctor.evidence", "nimdoctor.cli", "nimdoctor.report"):
        for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(found.name)
    importlib.import_module(f"{nimdoctor.__name__}.repair")
    gc.collect()
    gc.freeze()  # clones share what is not collected


FIRST = "20261001T120000Z-a5a5"
"""The name of every run that is the first in its state directory."""


def one_name() -> None:
    """Names the first run in a state directory always alike, so that images of several can be compared."""
    from nimdoctor.plan.state import StateDirectory

    following = StateDirectory._next
    StateDirectory._next = lambda self, now, random: following(self, now, random) if self.runs() else FIRST  # type: ignore[method-assign]


def without_disk() -> None:
    """Leaves out the waiting for the disk: a SIGKILL loses nothing that was written, only a power failure does."""
    os.fsync = lambda descriptor: None  # type: ignore[assignment]


def without_inodes() -> None:
    """Makes nimdoctor see inode number 0 everywhere, and not wait for daemons, which in a lab are there at once."""
    from nimdoctor.plan import proofs
    from nimdoctor.plan.place import Place

    look = Place.look

    def blind(self: Place, path: str) -> Any:
        found = look(self, path)
        return found and found._replace(ino=0)

    Place.look = blind  # type: ignore[method-assign]
    proofs.SETTLING = (0.0,)  # type: ignore[assignment]


def without_scans() -> None:
    """Leaves out the scans of a resume or a rollback, whose results are not what is tested."""
    from nimdoctor.repair import Repair
    from nimdoctor.scan import HEALTHY, Report, ScannedHost

    empty = Report(datetime.datetime.now(datetime.timezone.utc), ScannedHost(None, "", None, ""), None, HEALTHY, ())
    Repair._scan = lambda self, engine: empty  # type: ignore[method-assign]


CONSTANT = ("hostname", "instfix", "emgr", "oslevel", "uname", "host", "df")


def answer_once(place: str) -> None:
    """Remembers what commands print that no cure changes: half of a run's time goes to them."""
    from nimdoctor.evidence import command

    known: Dict[Tuple[str, ...], Any] = {}
    ask = command.run

    def run(argv: Sequence[str], **more: Any) -> Any:
        if os.path.basename(argv[0]) not in CONSTANT or not argv[0].startswith(place):
            return ask(argv, **more)
        if tuple(argv) not in known:
            known[tuple(argv)] = ask(argv, **more)
        return known[tuple(argv)]

    command.run = run  # type: ignore[assignment]


def scan_here(lab: Lab) -> None:
    """A scan in this process, so that those it forks know what was answered."""
    from nimdoctor.cli import main

    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null), contextlib.redirect_stderr(null):
        main(["scan", lab.client_target, "--master", lab.master_target])


def nimdoctor(words: Sequence[str], prepare: Prepare = nothing) -> Ended:
    """One command line in a child process. `prepare` runs there first and may change what it likes."""
    out, err = _scratch(), _scratch()
    pid = os.fork()
    if pid == 0:
        _become(words, prepare, out, err)
    _, status = os.waitpid(pid, 0)
    return Ended(os.waitstatus_to_exitcode(status), _all_of(out), _all_of(err))


def _become(words: Sequence[str], prepare: Prepare, out: int, err: int) -> None:
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


def _scratch() -> int:
    with tempfile.TemporaryFile() as stream:
        return os.dup(stream.fileno())


def _all_of(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read().decode("utf-8", "replace")


class Clones:
    """In the child: at each point, die and let a clone go on once it is told to."""

    asleep = False
    """Whether points are passed over: before a fault is met a run is like any other."""

    def __init__(self, report: int, go: int) -> None:
        self.report, self.go = report, go

    def tick(self, label: str) -> None:
        if Clones.asleep:
            return
        own = os.getpid()
        if os.fork():
            os.kill(own, signal.SIGKILL)
        while os.getppid() == own:
            time.sleep(0.0001)
        self.say({"label": label})
        os.read(self.go, 1)

    def say(self, what: Mapping[str, Any]) -> None:
        os.write(self.report, json.dumps({**what, "pid": os.getpid()}).encode() + b"\n")

    def install(self) -> None:
        """Has nimdoctor call `tick` at each point."""
        from nimdoctor.plan import place as places
        from nimdoctor.plan.actions import Hands
        from nimdoctor.plan.journal import Journal
        from nimdoctor.plan.state import RunDirectory, StateDirectory

        tick = self.tick

        def around(owner: Any, name: str, words: Callable[..., str], before: bool = True) -> None:
            method = getattr(owner, name)

            def ticking(*args: Any, **more: Any) -> Any:
                said = words(*args, **more)
                if before:
                    tick(f"before {said}")
                found = method(*args, **more)
                tick(f"after {said}")
                return found

            setattr(owner, name, ticking)

        def host(path: str) -> str:
            return path.split(STATE)[0].rsplit("/", 1)[-1]

        around(
            Journal,
            "append",
            lambda self, event, step=None, **more: f"{event} {step or ''} in the journal of {host(self.path)}",
        )
        around(Journal, "reserve", lambda self: f"reserve of {host(self.path)}", before=False)
        around(Journal, "release", lambda self: f"release of {host(self.path)}", before=False)
        around(RunDirectory, "write", lambda self, name, content: f"{name} on {host(self.path)}", before=False)
        around(RunDirectory, "keep", lambda self, name, content, look: f"backup {name}", before=False)
        around(StateDirectory, "new_run", lambda self, *_: f"new run on {host(self.path)}", before=False)
        around(StateDirectory, "same_run", lambda self, *_: f"same run on {host(self.path)}", before=False)
        around(Hands, "_command", lambda self, now, where, argv, *_: f"command {where.value} {' '.join(argv)}")

        class System:
            """The module os, as place.py uses it."""

            def __getattr__(self, name: str) -> Any:
                return getattr(os, name)

        system: Any = System()
        for name in ("rename", "link", "unlink", "rmdir", "mkdir"):
            setattr(system, name, getattr(os, name))
            around(system, name, lambda path, *_, name=name, **more: f"{name} {path}")
        places.os = system  # type: ignore[attr-defined]


def points_of(words: Sequence[str], camera: Camera, prepare: Prepare = nothing) -> Tuple[Ended, List[Point]]:
    """Carries out a command line that is killed at each point and goes on as a clone; gives its end and all points."""
    report, says = os.pipe()
    hears, go = os.pipe()
    out, err = _scratch(), _scratch()

    def ready() -> None:
        prepare()
        clones = Clones(says, hears)
        clones.install()

    pid = os.fork()
    if pid == 0:
        os.close(report)
        os.close(go)
        _become(words, ready, out, err)
    os.close(says)
    os.close(hears)
    found: List[Point] = []
    with os.fdopen(report, "rb") as stream:
        for line in stream:
            said = json.loads(line)
            status = _end_of(pid)
            assert status == -signal.SIGKILL, (said, status, _all_of(err))
            pid = said["pid"]
            found.append(Point(said["label"], camera.take()))
            os.write(go, b".")
    os.close(go)
    return Ended(_end_of(pid), _all_of(out), _all_of(err)), found


class _Once(Clones):
    """In the child: die at the first point of that label, and no clone goes on."""

    def __init__(self, label: str) -> None:
        self.label = label

    def tick(self, label: str) -> None:
        if label.startswith(self.label):
            os.kill(os.getpid(), signal.SIGKILL)


def kill_at(label: str, words: Sequence[str], prepare: Prepare = nothing) -> None:
    """Carries out a command line up to the first point whose label begins so, and kills it there."""

    def ready() -> None:
        prepare()
        _Once(label).install()

    ended = nimdoctor(words, ready)
    assert ended.status == -signal.SIGKILL, ended


def _end_of(pid: int) -> int:
    """Waits for a child, or an orphan that was adopted, and gives its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# -- exploring


class Scenario(NamedTuple):
    """What is killed: a lab, further words of `fix`, and how it is got ready beyond the lab."""

    name: str
    lab: str
    words: Tuple[str, ...] = ()
    tidy: Callable[[Lab], None] = lambda lab: None


class Crashed(NamedTuple):
    """An image that kills led to. `history` says how; `halves` are commands that died in the middle of their work."""

    image: Image
    history: Tuple[str, ...]
    kills: int
    halves: Tuple[str, ...] = ()
    undone: bool = False
    """Whether something was, or may have been, taken back on the way."""


class Explored(NamedTuple):
    """What an exploration came to: how often it killed and laid faults, how many different states that left, how
    many runs went on from them, and what was wrong."""

    killed: int
    failed: int
    different: int
    resumed: int
    rolled_back: int
    wrong: List[str]


class Exploration:
    """Kills one scenario's runs and judges all that is left. `kills` is how many in a row."""

    ENOUGH = 8

    def __init__(
        self, scenario: Scenario, kills: int = 1, faults: Sequence[str] = (), judged: Sequence[str] = ()
    ) -> None:
        self.scenario = scenario
        self.kills = kills
        self.faults = faults
        """Each is laid for each command in turn, and the undoing killed at every point."""
        self.judged = judged
        """Each is laid for each command in turn, and only what the run comes to is looked at."""
        self.wrong: List[str] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self.seen: Set[str] = set()

    # -- the way

    def run(self) -> Explored:
        adopt_orphans()
        import_all()
        without_disk()
        one_name()
        without_inodes()
        lab = Lab.build(self.scenario.lab)
        rehearsals = tempfile.TemporaryDirectory(prefix="nimdoctor-rehearsals-")
        remember_rehearsals(rehearsals.name)
        try:
            self.scenario.tidy(lab)
            self.lab = lab
            self.camera = Camera(lab.place)
            self.client = os.path.basename(lab.client)
            self.state = f"{lab.client}{STATE}"
            self._explore()
        finally:
            lab.close()
            rehearsals.cleanup()
        counts = self.counts
        return Explored(
            counts["killed"],
            counts["failed"],
            counts["different"],
            counts["resumed"],
            counts["rolled back"],
            self.wrong,
        )

    def _explore(self) -> None:
        apply = self._apply()
        self.first = self.camera.take()
        self.known = {what[3] for what in self.first.values() if what[3] and b"-----BEGIN" in what[3]}
        ended = nimdoctor(apply)
        if ended.status != 0:
            self.blame("the undisturbed run", f"ended with {ended.status}: {ended.out}{ended.err}")
            return
        self.result = self.scene()
        self.total = {end: collections.Counter(self.result.calls(end)) for end in ("client", "master")}
        self._take_back_undisturbed()
        self.camera.restore(self.first)
        answer_once(self.lab.place)
        scan_here(self.lab)
        waiting: collections.deque[Crashed] = collections.deque()
        ended, points = points_of(apply, self.camera)
        self.run_name = FIRST
        self.plan = self.scene(points[-1].image).plan(self.run_name)
        self._keep_boundaries(points)
        waiting.extend(self._seeds(points))
        while waiting and len(self.wrong) < self.ENOUGH:
            self._look_at(waiting.popleft(), waiting)

    def _seeds(self, points: Sequence[Point]) -> Iterator[Crashed]:
        """Where to begin: at each point of a run that is killed, and at what a run comes to of which a command fails."""
        yield from self._crashed(points, "apply", ())
        for fault in (*self.faults, *self.judged):
            for end in ("client", "master"):
                for call, times in self.total[end].items():
                    for turn in range(times):
                        yield from self._failing(end, call, fault, turn)

    def scene(self, image: Optional[Image] = None) -> Scene:
        """What an image shows; what the lab shows now without one."""
        return Scene(self.camera.take() if image is None else image, self.client, self.first)

    def _apply(self) -> List[str]:
        lab = self.lab
        return ["fix", lab.client_target, "--master", lab.master_target, *self.scenario.words, "--apply", "--yes"]

    def _take_back_undisturbed(self) -> None:
        """The whole way of a rollback, scans and all."""
        ended = nimdoctor(["rollback", "last", "--yes", "--state-dir", self.state])
        if ended.status not in (0, 1):
            self.blame("the undisturbed rollback", f"ended with {ended.status}: {ended.out}{ended.err}")

    def _keep_boundaries(self, points: Sequence[Point]) -> None:
        self.boundaries: Dict[str, Scene] = {}
        for point in points:
            if point.label.startswith("after done ") and point.label.endswith(f" {self.client}"):
                self.boundaries[point.label.split()[2]] = self.scene(point.image)

    def _crashed(
        self,
        points: Sequence[Point],
        what: str,
        history: Tuple[str, ...],
        kills: int = 1,
        start: Optional[Crashed] = None,
    ) -> Iterator[Crashed]:
        """The images of a run's points, and those of its commands dying half-way."""
        halves = start.halves if start else ()
        undone = bool(start and start.undone) or what != "apply"
        for point in points:
            said = (*history, f"{what} killed {point.label}")
            here = undone and not (what == "resume" and not (start and start.undone))
            yield Crashed(point.image, said, kills, halves, here or " undo" in point.label)
            if point.label.startswith("before command "):
                _, _, end, call = point.label.split(" ", 3)
                image = self._half(point.image, end, call)
                yield Crashed(image, (*said, f"and {call} half-way"), kills, (*halves, call), here)

    def _half(self, image: Image, end: str, call: str) -> Image:
        """What is left when nimdoctor is killed during a command that dies in the middle of its work."""
        self.camera.restore(image)
        words = call.split()
        self.lab.fault(end, words[0], "half once")
        self.lab.run(end, *words)
        return self.camera.take()

    def _failing(self, end: str, call: str, fault: str, turn: int) -> Iterator[Crashed]:
        """A run of which one command goes wrong, and its undoing, killed at each point."""
        self.camera.restore(self.first)
        history = (f"{fault} at {call}" + (f" for the {turn + 1}. time" if turn else ""),)

        def prepare() -> None:
            lay_fault(self.lab, end, call, fault, turn)
            without_scans_after()

        points: List[Point] = []
        if fault in self.faults:
            ended, points = points_of(self._apply(), self.camera, prepare)
        else:
            ended = nimdoctor(self._apply(), prepare)
            points = [Point("after its end", self.camera.take())]
        self.counts["failed"] += 1
        self._judge_failed(self.scene(), ended, history)
        for crashed in self._crashed(points, "apply", history):
            yield crashed._replace(halves=(*crashed.halves, call), undone=True)

    def _look_at(self, crashed: Crashed, waiting: "collections.deque[Crashed]") -> None:
        self.counts["killed"] += 1
        scene = self.scene(crashed.image)
        key = scene.key(self.known)
        if key in self.seen:
            return
        self.seen.add(key)
        self.counts["different"] += 1
        told = self._told(scene)
        if told is None or not told.started:
            self._begin_anew(crashed)
            return
        self._honest(crashed, scene, told)
        ticking = crashed.kills < self.kills
        for way in ("resume", "rollback"):
            self.camera.restore(crashed.image)
            words = (
                ["fix", "--resume", "last", "--yes", "--state-dir", self.state]
                if way == "resume"
                else ["rollback", "last", "--yes", "--state-dir", self.state]
            )
            points: List[Point] = []
            if ticking:
                ended, points = points_of(words, self.camera, without_scans)
            else:
                ended = nimdoctor(words, without_scans)
            final = self.scene()
            if ticking:
                final.image = {p: w for p, w in final.image.items() if "/lock.d" not in p}
            before = len(self.wrong)
            if way == "resume":
                self._judge_resumed(crashed, told, final, ended)
                self.counts["resumed"] += 1
            else:
                self._judge_rolled_back(crashed, scene, told, final, ended)
                self.counts["rolled back"] += 1
            if len(self.wrong) == before:
                waiting.extend(self._crashed(points, way, crashed.history, crashed.kills + 1, crashed))

    # -- judging

    def blame(self, history: Any, what: str) -> None:
        self.wrong.append(f"{' / '.join(history) if isinstance(history, tuple) else history}: {what}")

    def _told(self, scene: Scene) -> Optional[Told]:
        return scene.told("client", self.run_name) if self.run_name in scene.runs("client") else None

    def _begin_anew(self, crashed: Crashed) -> None:
        """Killed before the first record: nothing was done, nothing is unfinished, and a new run goes through."""
        scene = self.scene(crashed.image)
        first = self.scene(self.first)
        for end in ("client", "master"):
            self._same(crashed.history, scene.view(end), first.view(end), f"the {end} before the first record")
        self.camera.restore(crashed.image)
        listed = json.loads(nimdoctor(["runs", "--format", "json", "--state-dir", self.state]).out)["runs"]
        if listed:
            self.blame(crashed.history, f"runs shows {listed}")
        if not EVERYTHING and "reserve" not in crashed.history[-1]:
            return  # the nearest to the first record stands for all of them
        ended = nimdoctor(self._apply(), without_scans_after)
        final = self.scene()
        if ended.status != 0:
            self.blame(crashed.history, f"a new run ended with {ended.status}: {ended.err}")
        self._whole(crashed.history, final, "a new run after it")

    def _honest(self, crashed: Crashed, scene: Scene, told: Told) -> None:
        """`runs` says what the journal says, on both sides; `fix` puts an unfinished run first."""
        self.camera.restore(crashed.image)
        shown = json.loads(nimdoctor(["runs", "--format", "json", "--state-dir", self.state]).out)["runs"]
        states = [(run["run"], run["state"]) for run in shown]
        if states != [(self.run_name, told.state)]:
            self.blame(crashed.history, f"runs shows {states}, the journal says {told.state}")
        steps = {step["id"]: step["state"] for step in shown[0]["steps"]} if shown else {}
        for names, word in ((told.done, "done"), (told.begun, "begun"), (told.undone, "undone")):
            for name in names:
                if steps.get(name) != word:
                    self.blame(crashed.history, f"runs shows {name} as {steps.get(name)}, the journal says {word}")
        if self.run_name in scene.runs("master") and scene.told("master", self.run_name).started:
            other = f"{self.lab.master}{STATE}"
            shown = json.loads(nimdoctor(["runs", "--format", "json", "--state-dir", other]).out)["runs"]
            if [run["state"] for run in shown] != [told.state]:
                self.blame(crashed.history, f"runs on the master shows {shown}, the journal says {told.state}")
        if told.state in UNFINISHED and told.state not in self.seen:
            self.seen.add(told.state)
            for words in ((), ("--apply", "--yes")):
                ended = nimdoctor(
                    ["fix", self.lab.client_target, "--master", self.lab.master_target, *self.scenario.words, *words]
                )
                first = ended.out.splitlines()[0] if ended.out else ""
                wanted = (f"fix --resume {self.run_name}", f"rollback {self.run_name}", told.state)
                if ended.status != 1 or not all(one in first for one in wanted):
                    self.blame(crashed.history, f"fix ended with {ended.status} and begins with {first!r}")
            if self.camera.take() != crashed.image:
                changed = differing(self.camera.take(), crashed.image)
                lasting = [path for path in changed if "/lock" not in path and not path.endswith(STATE)]
                if lasting:
                    self.blame(crashed.history, f"fix that was refused changed {lasting}")
            ended = nimdoctor(["scan", self.lab.client_target, "--format", "json"])
            found = [one for one in json.loads(ended.out)["results"] if one["check"] == "run-unfinished"]
            if not any(one["outcome"] == "fail" and self.run_name in one["message"] for one in found):
                self.blame(crashed.history, f"a scan says {found} of the unfinished run")

    def _judge_resumed(self, crashed: Crashed, told: Told, final: Scene, ended: Ended) -> None:
        history = (*crashed.history, "resume")
        if told.state not in UNFINISHED:
            if ended.status != 2:
                self.blame(history, f"{told.state}, and resume ended with {ended.status}: {ended.err}")
            return
        if ended.status != 0:
            self.blame(history, f"ended with {ended.status}: {ended.out[-600:]}{ended.err}")
            return
        self._whole(history, final, "it", len([one for one in crashed.halves if one.startswith("nimconfig -c")]))
        self._finished(history, final, ("complete", "applied-unverified"))
        wanted = {end: collections.Counter(self.total[end]) for end in self.total}
        for end in ("client", "master"):
            calls = collections.Counter(final.calls(end))
            extra = calls - wanted[end]
            if not crashed.undone:
                extra -= collections.Counter(crashed.halves)
                if any(one.startswith("nimclient") for one in crashed.halves):
                    extra -= collections.Counter(["startsrc -s nimsh"])  # brought to rest before it is done again
                missing = wanted[end] - calls
                if extra or missing:
                    self.blame(history, f"on the {end} {dict(extra)} ran without need, {dict(missing)} not at all")
            made = calls["nimconfig -c"] - sum(one == "nimconfig -c" for one in crashed.halves)
            if made > self.total[end]["nimconfig -c"]:
                self.blame(history, f"nimconfig -c ran to its end {made} times")

    def _judge_rolled_back(self, crashed: Crashed, scene: Scene, told: Told, final: Scene, ended: Ended) -> None:
        history = (*crashed.history, "rollback")
        leg = [step["id"] for step in self.plan["steps"] if step["leg"]]
        touched = (*told.done, *told.begun, *told.undoing)
        if told.state in ("restored", "rolled-back"):
            if ended.status != 1 or "nothing to take back" not in ended.err:
                self.blame(history, f"{told.state}, and rollback ended with {ended.status}: {ended.err}")
            return
        if any(one in touched for one in leg) and not all(one in told.done for one in leg):
            if ended.status != 1 or "--resume" not in ended.err:
                self.blame(history, f"within the leg rollback ended with {ended.status}: {ended.err}")
            for end in ("client", "master"):
                self._same(history, final.view(end), scene.view(end), f"the {end}, within the leg")
            return
        self._back(history, told, final, ended.status, ended.out + ended.err)
        state = self._told(final)
        assert state is not None
        wanted = "rolled-back" if ended.status == 0 else "abandoned"
        self._finished(history, final, (wanted,))

    def _judge_failed(self, final: Scene, ended: Ended, history: Tuple[str, ...]) -> None:
        """A run of which a step failed was undone to the last point of no return, or stopped in the leg."""
        told = final.told("client", self.run_name)
        if ended.status == 0 and told.state in ("complete", "applied-unverified"):
            return  # the fault made no difference
        if ended.status != 1:
            self.blame(history, f"ended with {ended.status}: {ended.err}")
            return
        final.image = {path: what for path, what in final.image.items() if "/lock.d" not in path}
        if told.state not in ("restored", "stopped"):
            self.blame(history, f"ended as {told.state}")
        leg = [step["id"] for step in self.plan["steps"] if step["leg"]]
        touched = (*told.done, *told.begun)
        if any(one in touched for one in leg) and not all(one in told.done for one in leg):
            if told.state != "stopped" or "--resume" not in ended.out + ended.err:
                self.blame(history, f"within the leg it ended as {told.state}: {ended.out}{ended.err}")
            return
        self._back(history, told, final, 0 if told.state == "restored" else 1, ended.out + ended.err)

    def _back(self, history: Tuple[str, ...], told: Told, final: Scene, status: int, said: str) -> None:
        """Everything is as it was at the last point of no return; what could not be is said."""
        steps = {step["id"]: step for step in self.plan["steps"]}
        closing = {step["do"]["of"] for step in steps.values() if step["kind"] == "transient" and step["do"]["of"]}
        fixed = [one for one in told.done if steps[one]["no_undo"] and not _restores(steps[one])]
        order = list(steps)
        last = max(fixed, key=order.index, default=None)
        wanted = self.boundaries[last] if last else self.scene(self.first)
        begun = [one for one in (*told.begun, *told.undoing, *told.standing) if steps[one]["no_undo"]]
        # of a step that cannot be undone and was only begun some may stand, where that is said
        excused: Tuple[str, ...] = ()
        if begun and status:
            excused = ("/ssl_nimsh", "/usr/lib/lib", "objects/", "filesets", "nimsh_args", "inetd")
        if any("nimconfig -c half-way" in one or "half at nimconfig -c" in one for one in history):
            excused += ("/ssl_nimsh_half.RUN",)
        # what the running nimsh has mapped is not in a file
        excused += ("nimsh_libraries",)
        for end in ("client", "master"):
            expected = wanted.view(end, self.known)
            soft = dict(wanted.soft(end))
            if closing and end == "master":
                # what was opened for a time is closed whatever else stands
                expected["/etc/inetd.conf"] = self.scene(self.first).view(end)["/etc/inetd.conf"]
                soft["inetd"] = self.scene(self.first).soft(end)["inetd"]
            self._same(history, final.view(end, self.known), expected, f"the {end}", excused, times=True)
            self._same(history, final.soft(end), soft, f"the {end}'s state", excused)
        if not begun and (status == 0) != (last is None):
            self.blame(history, f"status {status} though {last or 'nothing'} stands: {said}")

    def _whole(self, history: Tuple[str, ...], final: Scene, what: str, halves: int = 0) -> None:
        """The full result, as an undisturbed run leaves it."""
        for end in ("client", "master"):
            shown = {path: it[:3] for path, it in final.view(end, self.known).items()}
            half = {path for path in shown if path.startswith("/ssl_nimsh_half.RUN")}
            if len({path for path in half if path.count("/") == 1}) > halves:
                self.blame(history, f"{what} left {sorted(half)}")
            wanted = {path: it[:3] for path, it in self.result.view(end, self.known).items()}
            self._same(history, {p: it for p, it in shown.items() if p not in half}, wanted, f"the {end} after {what}")
            self._same(history, final.soft(end), self.result.soft(end), f"the {end}'s state after {what}")

    def _finished(self, history: Tuple[str, ...], final: Scene, states: Tuple[str, ...]) -> None:
        left = final.leftovers()
        if left:
            self.blame(history, f"left behind: {left}")
        told = self._told(final)
        if told is None or told.state not in states:
            self.blame(history, f"the journal says {told and told.state}, not {' or '.join(states)}")
        if self.run_name in final.runs("master"):
            other = final.told("master", self.run_name)
            if told and other._replace(led_by=None) != told:
                self.blame(history, f"the master's journal says {other}, the client's {told}")

    def _same(
        self, history: Tuple[str, ...], found: Mapping[str, Any], wanted: Mapping[str, Any], what: str,
        excused: Tuple[str, ...] = (), times: bool = False,
    ) -> None:  # fmt: skip
        other = [path for path in differing(found, wanted) if not path.startswith(excused or ("\0",))]
        if other:
            shown = {path: (short(found.get(path)), short(wanted.get(path))) for path in other[:6]}
            self.blame(history, f"{what} differs, (is, should be): {shown}")


def _restores(step: Mapping[str, Any]) -> bool:
    return step["kind"] == "transient" and bool(step["do"]["of"])


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> List[str]:
    """Keys of which two mappings hold different things."""
    return sorted(key for key in {*one, *other} if one.get(key) != other.get(key))


def short(what: Any) -> str:
    text = repr(what)
    return text if len(text) < 300 else f"{text[:140]} ... {text[-140:]}"


def without_scans_after() -> None:
    """Leaves out the scan that follows a run."""
    from nimdoctor.repair import Repair

    Repair._rescan = lambda self: ()  # type: ignore[method-assign, assignment]


def lay_fault(lab: Lab, end: str, call: str, fault: str, turn: int = 0) -> None:
    """Has a command of a step go wrong, the first time it runs or a later one; not one that only asks.

    One that hangs has half a second, one that is late a second and a half.
    """
    from nimdoctor.plan import proofs
    from nimdoctor.plan.actions import Hands

    proofs.SETTLING = (0.0,)  # type: ignore[assignment]
    command = Hands._command
    seen = [0]
    Clones.asleep = True

    def failing(self: Hands, now: Any, where: Any, argv: Sequence[str], deadline: float) -> str:
        if (where.value, " ".join(argv)) == (end, call):
            if seen[0] == turn:
                Clones.asleep = False
                lab.fault(end, argv[0], f"{fault} once")
                deadline = {"hang": 0.5, "late": 1.5}.get(fault, deadline)
            seen[0] += 1
        return command(self, now, where, argv, deadline)  # type: ignore[arg-type]

    Hands._command = failing  # type: ignore[method-assign]


GOOD = ("complete", "applied-unverified")
UNWRITTEN = ("running", "rolling-back")
"""States of a run whose end could not be written down."""


class FullDisk(Exploration):
    """The same for a disk that is full from some write on; removing files makes room again."""

    def _seeds(self, points: Sequence[Point]) -> Iterator[Crashed]:
        told, tells = os.pipe()
        self.camera.restore(self.first)
        nimdoctor(self._apply(), lambda: small_disk(1 << 40, lambda size: os.write(tells, b"%d\n" % size)))
        os.close(tells)
        with os.fdopen(told) as stream:
            sizes = [int(line) for line in stream]
        used = 0
        for number, size in enumerate(sizes):
            used += size
            for greedy in (False, True) if EVERYTHING or number % 2 == 0 else (True,):
                self.camera.restore(self.first)
                ended = nimdoctor(
                    self._apply(),
                    lambda room=used - 1, greedy=greedy: small_disk(room, greedy=greedy),  # type: ignore[misc]
                )
                taken = ", and somebody else takes what is freed" if greedy else ""
                yield self._judged(ended, greedy, (f"the disk full at write {number + 1} of {len(sizes)}{taken}",))

    def _judged(self, ended: Ended, greedy: bool, history: Tuple[str, ...]) -> Crashed:
        scene = self.scene()
        self.counts["failed"] += 1
        told = scene.told("client", FIRST) if FIRST in scene.runs("client") else None
        if told is None:
            first = self.scene(self.first)
            for end in ("client", "master"):
                self._same(history, scene.view(end), first.view(end), f"the {end} after a refusal")
            if ended.status != 1 or "No space left on device" not in ended.err:
                self.blame(history, f"ended with {ended.status}: {ended.out}{ended.err}")
        elif not told.started or told.state not in UNWRITTEN * greedy + ("restored", "stopped", *GOOD):
            self.blame(history, f"ended with {ended.status} as {told}: {ended.out}{ended.err}")
        elif told.state not in UNWRITTEN:
            self._judge_failed(self.scene(), ended, history)
        return Crashed(scene.image, history, 1, undone=True)


def small_disk(room: int, tell: Callable[[int], Any] = lambda size: None, greedy: bool = False) -> None:
    """Leaves so many bytes for nimdoctor's files; what is removed makes room for as much, unless others are greedy."""
    from nimdoctor.plan import state

    write, unlink, whole = os.write, os.unlink, state.write_whole
    left = [room]

    def take(size: int, path: str = "") -> None:
        tell(size)
        if size > left[0]:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        left[0] -= size

    def writing(descriptor: int, content: Any) -> int:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            take(len(content))
        return write(descriptor, content)

    def unlinking(path: Any, *, dir_fd: Optional[int] = None) -> None:
        size = os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_size
        unlink(path, dir_fd=dir_fd)
        left[0] += 0 if greedy else size

    def writing_whole(path: str, content: bytes, *more: Any) -> None:
        take(len(content), path)
        whole(path, content, *more)

    without_scans_after()
    os.write, os.unlink, state.write_whole = writing, unlinking, writing_whole  # type: ignore[assignment]


# -- several at a time


class Workers:
    """Runs explorations in interpreters of their own, so many at a time; gives the result of one by its name.

    An exploration forks thousands of times, which costs by what a process has in memory: one that runs tests has much.
    """

    def __init__(self, names: Iterable[str], at_once: int) -> None:
        self._waiting = list(names)
        self._at_once = at_once
        self._running: Dict[str, Tuple[subprocess.Popen[bytes], int]] = {}
        self._done: Dict[str, Any] = {}

    def result(self, name: str) -> Any:
        """Waits for that exploration, starting others as there is room. Raises AssertionError when it broke."""
        if name in self._waiting:
            self._waiting.remove(name)
            self._waiting.insert(0, name)
        while name not in self._done:
            self._fill()
            for running, (process, descriptor) in list(self._running.items()):
                if process.poll() is not None:
                    del self._running[running]
                    self._done[running] = json.loads(_all_of(descriptor) or "null")
            time.sleep(0.005)
        found = self._done[name]
        assert isinstance(found, list), f"{name} broke: {found and found['broken']}"
        return found

    def _fill(self) -> None:
        # one at a time: only the one that is asked for, since somebody else may be asked for the others
        while self._waiting and len(self._running) < self._at_once:
            name, descriptor = self._waiting.pop(0), _scratch()
            process = subprocess.Popen(
                [sys.executable, __file__, name], stdin=subprocess.DEVNULL, stdout=descriptor, start_new_session=True
            )
            self._running[name] = process, descriptor

    def close(self) -> None:
        for process, _ in self._running.values():
            process.terminate()
        for process, _ in self._running.values():
            process.wait()


# -- what is explored

EVERYTHING = os.environ.get("NIMDOCTOR_KILLS") == "all"
"""Whether every exploration lays every fault and kills twice in a row: some minutes instead of one."""
ALL_FAULTS = ("fail", "half", "silent", "lie", "hang", "late")


def _explore(
    lab: str, *words: str, kills: int = 1, faults: Sequence[str] = (), judged: Sequence[str] = ("fail", "silent")
) -> Exploration:
    if EVERYTHING:
        kills, faults, judged = max(2, kills), ALL_FAULTS, ()
    return Exploration(Scenario(lab, lab, words), kills, faults, judged)


EXPLORATIONS: Dict[str, Exploration] = {
    # the longest first, since two run at a time
    "master recycled": _explore("create-bio-hang-master", "--affects", "1", judged=("half", "lie", "silent")),
    "transient and no way back": _explore("create-bio-hang+tftp-disabled", "--transient-tftp", judged=("fail", "lie")),
    "stale libraries": _explore("stale-ssl-libs", faults=("lie",), judged=("half", "silent", "hang", "late")),
    "tftp for a time": _explore("tftp-disabled", "--transient-tftp", judged=("half", "lie")),
    "both known issues": _explore("both-known-issues", judged=("fail", "half", "lie")),
    "from rsh to nimsh": _explore("client-uses-rsh", judged=("half", "silent", "lie")),
    "filesets missing": _explore("openssl-missing", judged=("fail", "half", "silent", "lie")),
    "tftp for good": _explore("tftp-disabled", judged=("half", "silent", "lie")),
    "client alone": _explore("create-bio-hang", judged=("fail", "half", "hang", "late")),
    "nimsh down": _explore("nimsh-inactive", kills=2, judged=("fail", "half", "silent", "lie", "late")),
    "rsh left over": _explore("rhosts-left-over", "--only", "remove-rhosts", kills=2),
    "stale libraries without crypto": _explore("stale-ssl-libs+ssl-one-sided", judged=("lie",)),
    "SSL off on the master": _explore("ssl-not-configured", judged=("half", "lie")),
    "tftp allowed": _explore("tftp-denied", judged=("lie",)),
    "keys exposed": _explore("key-exposed", judged=("half", "silent", "lie")),
    "tftp not refreshed": _explore("tftp-not-refreshed", judged=("silent",)),
    "disk full, stale libraries": FullDisk(Scenario("stale-ssl-libs", "stale-ssl-libs")),
}
if EVERYTHING:
    EXPLORATIONS["disk full, tftp for a time"] = FullDisk(
        Scenario("tftp-disabled", "tftp-disabled", ("--transient-tftp",))
    )
    EXPLORATIONS["disk full, master recycled"] = FullDisk(
        Scenario("create-bio-hang-master", "create-bio-hang-master", ("--affects", "1"))
    )


def _explored(name: str) -> Any:
    """What an exploration came to, as it is handed on: a list, or what broke it."""
    import_all()
    try:
        return EXPLORATIONS[name].run()
    except BaseException:
        return {"broken": traceback.format_exc()}


if __name__ == "__main__":
    answer = os.dup(1)
    os.dup2(2, 1)
    os.write(answer, json.dumps(_explored(sys.argv[1])).encode())
    os._exit(0)
