"""Killing a run at each point, while a clone of it goes on; clones of it that go other ways from there."""

import json
import os
import signal
import sys
import time
from typing import Any, Callable, Iterable, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from .children import Ended, Prepare, all_of, become, nimdoctor, nothing, scratch
from .images import Camera, Image
from .scenes import STATE


class Point(NamedTuple):
    """A point of a run, and the image that a SIGKILL there left."""

    label: str
    image: Image


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
        from nimdoctor.applying.journal import Journal
        from nimdoctor.applying.state import RunDirectory, StateDirectory
        from nimdoctor.applying.step_commands import StepCommands
        from nimdoctor.system import directory_entry, host_files

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
        around(RunDirectory, "save_backup", lambda self, name, content, look: f"backup {name}", before=False)
        around(StateDirectory, "new_run", lambda self, *_: f"new run on {host(self.path)}", before=False)
        around(StateDirectory, "same_run", lambda self, *_: f"same run on {host(self.path)}", before=False)
        around(StepCommands, "run", lambda self, now, where, argv, *_: f"command {where.value} {' '.join(argv)}")

        class System:
            """The module os, as what changes files uses it."""

            def __getattr__(self, name: str) -> Any:
                return getattr(os, name)

        system: Any = System()
        for name in ("rename", "link", "unlink", "rmdir", "mkdir"):
            setattr(system, name, getattr(os, name))
            around(system, name, lambda path, *_, name=name, **more: f"{name} {path}")
        directory_entry.os = host_files.os = system  # type: ignore[attr-defined]


def points_of(words: Sequence[str], camera: Camera, prepare: Prepare = nothing) -> Tuple[Ended, List[Point]]:
    """Carries out a command line that is killed at each point and goes on as a clone; gives its end and all points."""
    report, says = os.pipe()
    hears, go = os.pipe()
    out, err = scratch(), scratch()

    def ready() -> None:
        prepare()
        clones = Clones(says, hears)
        clones.install()

    pid = os.fork()
    if pid == 0:
        os.close(report)
        os.close(go)
        become(words, ready, out, err)
    os.close(says)
    os.close(hears)
    found: List[Point] = []
    with os.fdopen(report, "rb") as stream:
        for line in stream:
            said = json.loads(line)
            status = _end_of(pid)
            assert status == -signal.SIGKILL, (said, status, all_of(err))
            pid = said["pid"]
            found.append(Point(said["label"], camera.take()))
            os.write(go, b".")
    os.close(go)
    return Ended(_end_of(pid), all_of(out), all_of(err)), found


Ways = Callable[..., Iterable[Tuple[Any, Callable[[], Any]]]]
"""What else a call may come to, by its arguments: a name in JSON, and what is done in place of the call."""


def branches_of(
    words: Sequence[str], camera: Camera, owner: Any, name: str, ways: Ways, prepare: Prepare = nothing
) -> Iterator[Tuple[Any, Ended]]:
    """Carries out a command line once, and from the calls of a method on as often again as there are ways to go.

    At each way's end gives its name and how the command line ended; the trees, which then are what it left, are put
    back before the next. A clone of the process goes each way: what comes before it is not done again.
    """
    report, says = os.pipe()
    hears, go = os.pipe()
    streams = scratch(), scratch()
    method = getattr(owner, name)

    def parting(*args: Any) -> Any:
        for way, act in ways(*args):
            sys.stdout.flush()
            sys.stderr.flush()
            os.write(says, json.dumps(way).encode() + b"\n")
            os.read(hears, 1)
            clone = os.fork()
            if not clone:
                setattr(owner, name, method)
                return act()
            os.write(says, b"%d\n" % _end_of(clone))
            os.read(hears, 1)
        return method(*args)

    def ready() -> None:
        prepare()
        setattr(owner, name, parting)

    pid = os.fork()
    if pid == 0:
        os.close(report)
        os.close(go)
        become(words, ready, *streams)
    os.close(says)
    os.close(hears)
    with os.fdopen(report, "rb") as stream:
        for line in stream:
            image, lengths = camera.take(), [os.fstat(one).st_size for one in streams]
            os.write(go, b".")
            status = int(stream.readline())
            yield json.loads(line), Ended(status, *(all_of(os.dup(one)) for one in streams))
            camera.restore(image)
            for one, length in zip(streams, lengths):
                os.ftruncate(one, length)
                os.lseek(one, length, os.SEEK_SET)
            os.write(go, b".")
    os.close(go)
    ended = Ended(_end_of(pid), *map(all_of, streams))
    assert ended.status == 0, ended


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
