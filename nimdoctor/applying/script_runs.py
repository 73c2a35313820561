"""Runs of scripts, as they left their marks in STATE/scripts and STATE/changes: which were not brought to an end."""

from typing import List, NamedTuple

from nimdoctor.facts.repair_runs import UNFINISHED
from nimdoctor.system.host_files import HostFiles
from nimdoctor.system.refused import Refused


class ScriptRun(NamedTuple):
    """One plan carried out by `apply.ksh`: the first digits of its id, and the state it left."""

    plan: str
    state: str

    @property
    def unfinished(self) -> bool:
        """Whether it was neither brought to its end nor taken back."""
        return self.state in UNFINISHED

    def words(self, directory: str) -> str:
        """What to do about it."""
        return (
            f"apply.ksh of plan {self.plan} is {self.state} (its marks are in {directory}/scripts/{self.plan}): start it "
            f"again, or rollback.ksh of that plan"
        )


class PackageRun(NamedTuple):
    """A change package that was begun: the first digits of its plan's id."""

    plan: str

    def words(self, directory: str) -> str:
        """What to do about it."""
        return (
            f"the change package of plan {self.plan} was begun and is not complete (its marks are in "
            f"{directory}/changes/{self.plan}): start its apply.ksh again, which takes it back, or brings it to its end"
        )


def unfinished_packages(state: str) -> List[PackageRun]:
    """Change packages that were begun on this state directory and neither ended nor put back."""
    files = HostFiles(state)
    try:
        names = files.names("/changes") if files.stat("/changes") else []
        return [PackageRun(name) for name in names if files.stat(f"/changes/{name}/begun")]
    except (Refused, OSError):
        return []


def unfinished_scripts(state: str) -> List[ScriptRun]:
    """Scripts that were begun on this state directory and neither ended nor taken back."""
    files = HostFiles(state)
    found = []
    try:
        names = files.names("/scripts") if files.stat("/scripts") else []
    except (Refused, OSError):
        return []
    for name in names:
        try:
            text = files.read(f"/scripts/{name}/state", limit=100).decode("ascii", "replace").strip()
        except (Refused, OSError):
            continue  # none was written: it never began
        run = ScriptRun(name, text)
        if run.unfinished:
            found.append(run)
    return found
