"""Backups of a run: the file that a step changes as it was before, kept in the run's directory on its end."""

import hashlib
from typing import Any, Dict, Mapping, NamedTuple, Optional

from nimdoctor.applying.state import RunDirectory
from nimdoctor.model import Role
from nimdoctor.planning.ends import Ends
from nimdoctor.planning.steps import Edit, Remove, Step, Transient
from nimdoctor.system.refused import Refused

LARGEST = 256 * 1024 * 1024
"""Bytes of a file of which a backup is kept."""


class SavedFile(NamedTuple):
    """A file as it was before a step: its bytes and what else is restored with them."""

    content: bytes
    mode: int
    uid: int
    gid: int
    mtime_ns: int

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def backed_up_path(step: Step) -> Optional[str]:
    """The file of which a backup is kept before the step; None when there is none."""
    do = step.do
    if isinstance(do, Transient):
        return do.edit.path if do.edit else None
    return do.path if isinstance(do, (Edit, Remove)) else None


class Backups:
    """Makes and reads the backups of a run; `runs` are its directories by end."""

    def __init__(self, ends: Ends, runs: Mapping[Role, RunDirectory]) -> None:
        self.ends = ends
        self.runs = runs

    def make(self, step: Step) -> Dict[str, Any]:
        """Backs up the file that the step changes; gives what the journal writes down of it, by its name.

        Raises Refused, OSError.
        """
        path = backed_up_path(step)
        if path is None:
            return {}
        files = self.ends.now().files(step.where)
        found = files.stat(path)
        if found is None:
            raise Refused(f"{path} is not there")
        record = self.runs[step.where].save_backup(_name(step), files.read(path, limit=LARGEST), found)
        return {_name(step): {"where": step.where.value, "kept": record.as_json()}}

    def of(self, step: Step) -> Optional[SavedFile]:
        """The backup, or None when none was made. Raises Refused when it is damaged."""
        run = self.runs[step.where]
        if not run.has_backup(_name(step)):
            return None
        content, record = run.backup(_name(step))
        return SavedFile(content, record.mode, record.uid, record.gid, record.mtime_ns)


def _name(step: Step) -> str:
    return f"{step.id}.backup"
