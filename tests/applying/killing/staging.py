"""What is changed in a child before nimdoctor runs there, and in the process that forks such children."""

import datetime
import os
from typing import Any, Sequence
from unittest import mock

from nimdoctor.applying import proofs
from nimdoctor.applying.state import StateDirectory
from nimdoctor.applying.step_commands import StepCommands
from nimdoctor.lab import Lab
from nimdoctor.library.repair import Repair
from nimdoctor.library.scanning import HEALTHY, Report, ScannedHost
from nimdoctor.system.host_files import HostFiles

from .clones import Clones

FIRST = "20261001T120000Z-a5a5"
"""The name of every run that is the first in its state directory."""


def one_name() -> None:
    """Names the first run in a state directory always alike, so that images of several can be compared."""
    following = StateDirectory._next
    StateDirectory._next = lambda self, now, random: following(self, now, random) if self.runs() else FIRST  # type: ignore[method-assign]


def without_disk() -> None:
    """Leaves out the waiting for the disk: a SIGKILL loses nothing that was written, only a power failure does."""
    os.fsync = lambda descriptor: None  # type: ignore[assignment]


def without_inodes() -> None:
    """Makes nimdoctor see inode number 0 everywhere, and not wait for daemons, which in a lab are there at once."""
    stat = HostFiles.stat

    def blind(self: HostFiles, path: str) -> Any:
        found = stat(self, path)
        return found and found._replace(ino=0)

    HostFiles.stat = blind  # type: ignore[method-assign]
    proofs.SETTLING = (0.0,)  # type: ignore[assignment]


_NOTHING = Report(datetime.datetime.now(datetime.timezone.utc), ScannedHost(None, "", None, ""), None, HEALTHY, ())

WITHOUT_SCANS = mock.patch.object(Repair, "_scan", lambda self, engine: _NOTHING)
"""Leaves out the scans of a resume or a rollback, whose results are not what is tested; `.start` prepares a child."""
WITHOUT_SCANS_AFTER = mock.patch.object(Repair, "_rescan", lambda self: ())
"""Leaves out the scan that follows a run."""


def lay_fault(lab: Lab, end: str, call: str, fault: str, turn: int = 0) -> None:
    """Has a command of a step go wrong, the first time it runs or a later one; not one that only asks."""
    command = StepCommands.run
    seen = [0]
    Clones.asleep = True

    def failing(self: StepCommands, now: Any, where: Any, argv: Sequence[str], deadline: float) -> str:
        if (where.value, " ".join(argv)) == (end, call):
            if seen[0] == turn:
                Clones.asleep = False
                deadline = meet(lab, end, argv, fault, deadline)
            seen[0] += 1
        return command(self, now, where, argv, deadline)  # type: ignore[arg-type]

    proofs.SETTLING = (0.0,)  # type: ignore[assignment]
    StepCommands.run = failing  # type: ignore[method-assign]


def meet(lab: Lab, end: str, argv: Sequence[str], fault: str, deadline: float) -> float:
    """Lays a fault for the command that is to run now; its deadline: half a second if it hangs, one and a half if late."""
    lab.fault(end, argv[0], f"{fault} once")
    return {"hang": 0.5, "late": 1.5}.get(fault, deadline)
