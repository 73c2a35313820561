"""Runs of scripts, as they left their marks in STATE/scripts and STATE/changes: which were not brought to an end."""

import contextlib
from typing import List, NamedTuple

from nimdoctor.facts.repair_runs import UNFINISHED
from nimdoctor.system.host_files import HostFiles
from nimdoctor.system.refused import Refused


class ScriptRun(NamedTuple):
    """A plan that scripts of an earlier nimdoctor began and left unfinished: the first digits of its id, and its state."""

    plan: str
    state: str

    def words(self, directory: str) -> str:
        """What to do about it."""
        return (
            f"apply.ksh of plan {self.plan} is {self.state} (its marks are in {directory}/scripts/{self.plan}): start it "
            f"again, or rollback.ksh of that plan"
        )


class PackageRun(NamedTuple):
    """A change package that was begun: the first digits of its plan's id; `back` says that it is being taken back."""

    plan: str
    back: bool = False

    def words(self, directory: str) -> str:
        """What to do about it."""
        if self.back:
            return (
                f"the change package of plan {self.plan} was being taken back and that was cut off (its marks are in "
                f"{directory}/changes/{self.plan}): start its rollback.ksh again"
            )
        return (
            f"the change package of plan {self.plan} was begun and is not complete (its marks are in "
            f"{directory}/changes/{self.plan}): start its apply.ksh again, which takes it back, or brings it to its end"
        )


def unfinished_packages(state: str) -> List[PackageRun]:
    """Change packages that were begun on this state directory and neither ended nor put back."""
    files = HostFiles(state)
    found = []
    for name in _names(files, "/changes"):
        with contextlib.suppress(Refused, OSError):
            place = f"/changes/{name}"
            found += [PackageRun(name, bool(files.stat(f"{place}/back")))] if files.stat(f"{place}/begun") else []
    return found


def unfinished_scripts(state: str) -> List[ScriptRun]:
    """Scripts of an earlier nimdoctor that were begun on this state directory and neither ended nor taken back."""
    files = HostFiles(state)
    found = []
    for name in _names(files, "/scripts"):
        # where none was written it never began
        with contextlib.suppress(Refused, OSError):
            text = files.read(f"/scripts/{name}/state", limit=100).decode("ascii", "replace").strip()
            found += [ScriptRun(name, text)] if text in UNFINISHED else []
    return found


def _names(files: HostFiles, directory: str) -> List[str]:
    try:
        return files.names(directory) if files.stat(directory) else []
    except (Refused, OSError):
        return []
