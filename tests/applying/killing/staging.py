"""What is changed in a child before nimdoctor runs there, and in the process that forks such children."""

import contextlib
import datetime
import os
from typing import Any, Dict, Sequence, Tuple

from nimdoctor.lab import Lab

from .clones import Clones

FIRST = "20261001T120000Z-a5a5"
"""The name of every run that is the first in its state directory."""


def one_name() -> None:
    """Names the first run in a state directory always alike, so that images of several can be compared."""
    from nimdoctor.applying.state import StateDirectory

    following = StateDirectory._next
    StateDirectory._next = lambda self, now, random: following(self, now, random) if self.runs() else FIRST  # type: ignore[method-assign]


def without_disk() -> None:
    """Leaves out the waiting for the disk: a SIGKILL loses nothing that was written, only a power failure does."""
    os.fsync = lambda descriptor: None  # type: ignore[assignment]


def without_inodes() -> None:
    """Makes nimdoctor see inode number 0 everywhere, and not wait for daemons, which in a lab are there at once."""
    from nimdoctor.applying import proofs
    from nimdoctor.system.host_files import HostFiles

    stat = HostFiles.stat

    def blind(self: HostFiles, path: str) -> Any:
        found = stat(self, path)
        return found and found._replace(ino=0)

    HostFiles.stat = blind  # type: ignore[method-assign]
    proofs.SETTLING = (0.0,)  # type: ignore[assignment]


def without_scans() -> None:
    """Leaves out the scans of a resume or a rollback, whose results are not what is tested."""
    from nimdoctor.library.repair import Repair
    from nimdoctor.library.scanning import HEALTHY, Report, ScannedHost

    empty = Report(datetime.datetime.now(datetime.timezone.utc), ScannedHost(None, "", None, ""), None, HEALTHY, ())
    Repair._scan = lambda self, engine: empty  # type: ignore[method-assign]


CONSTANT = ("hostname", "instfix", "emgr", "oslevel", "uname", "host", "df")


def answer_once(place: str) -> None:
    """Remembers what commands print that no cure changes: half of a run's time goes to them."""
    from nimdoctor.system import command

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


def without_scans_after() -> None:
    """Leaves out the scan that follows a run."""
    from nimdoctor.library.repair import Repair

    Repair._rescan = lambda self: ()  # type: ignore[method-assign, assignment]


def lay_fault(lab: Lab, end: str, call: str, fault: str, turn: int = 0) -> None:
    """Has a command of a step go wrong, the first time it runs or a later one; not one that only asks.

    One that hangs has half a second, one that is late a second and a half.
    """
    from nimdoctor.applying import proofs
    from nimdoctor.applying.step_commands import StepCommands

    proofs.SETTLING = (0.0,)  # type: ignore[assignment]
    command = StepCommands.run
    seen = [0]
    Clones.asleep = True

    def failing(self: StepCommands, now: Any, where: Any, argv: Sequence[str], deadline: float) -> str:
        if (where.value, " ".join(argv)) == (end, call):
            if seen[0] == turn:
                Clones.asleep = False
                lab.fault(end, argv[0], f"{fault} once")
                deadline = {"hang": 0.5, "late": 1.5}.get(fault, deadline)
            seen[0] += 1
        return command(self, now, where, argv, deadline)  # type: ignore[arg-type]

    StepCommands.run = failing  # type: ignore[method-assign]
