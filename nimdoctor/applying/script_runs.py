"""Runs of rendered scripts, as they left their marks in STATE/scripts: which were not brought to an end."""

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
