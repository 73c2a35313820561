"""Doing one step: here, and where a step is taken back, a plan changes a host."""

import hashlib
from typing import Iterable, Mapping

from nimdoctor.applying.backups import Backups
from nimdoctor.applying.state import RunDirectory
from nimdoctor.applying.step_commands import Failed, StepCommands
from nimdoctor.model import Role
from nimdoctor.planning.ends import Ends, Snapshot
from nimdoctor.planning.policy import allowed, paths_of
from nimdoctor.planning.steps import Edit, Move, Remove, RunCommand, Step, Subsystem, Transient
from nimdoctor.system.refused import Refused


class StepRunner:
    """Does steps on the ends; `runs` are the run's directories by end, which hold its backups."""

    def __init__(self, ends: Ends, runs: Mapping[Role, RunDirectory], label: str) -> None:
        self.ends = ends
        self.backups = Backups(ends, runs)
        self.commands = StepCommands(runs)
        self.label = label

    def do(self, step: Step, now: Snapshot) -> str:
        """Does the step; gives what there is to say of it. Raises Failed, Refused, OSError."""
        do = step.do
        for path in paths_of(step):
            if not allowed(path):
                raise Refused(f"{path} is none of the paths that nimdoctor changes")
        if isinstance(do, Edit):
            return self._edit(step, do, now)
        if isinstance(do, Transient) and do.edit:
            return self._edit(step, do.edit, now)
        if isinstance(do, Move):
            self.ends.now().files(step.where).rename(do.path, do.to)
            return ""
        if isinstance(do, Remove):
            backup = self.backups.of(step)
            if backup is None:
                raise Refused(f"no backup of {do.path} was made")
            self.ends.now().files(step.where).remove(do.path, expected=backup.sha256)
            return ""
        if isinstance(do, RunCommand):
            return self.commands.run(now, step.where, do.argv, do.deadline)
        if isinstance(do, Subsystem):
            return self.commands.subsystem(now, step.where, do.name, do.action)
        raise Failed("this step is not done by itself")

    def _edit(self, step: Step, edit: Edit, now: Snapshot) -> str:
        files = self.ends.now().files(step.where)
        files.sweep(edit.path, self.label)
        content = files.read(edit.path)
        if hashlib.sha256(content).hexdigest() != edit.new_sha256:
            try:
                new = edit.apply_to(content)
            except ValueError as error:
                raise Refused(f"{edit.path}: {error}") from error
            if hashlib.sha256(new).hexdigest() != edit.new_sha256:
                raise Refused(f"{edit.path} has other bytes than the plan was made from")
            files.replace(edit.path, new, expected=edit.old_sha256, label=self.label)
        self.commands.reread(now, step.where, edit)
        return ""


def remove_temporary_files(steps: Iterable[Step], ends: Ends, label: str) -> None:
    """Removes what a killed run left half-written beside the files of these steps. Raises Refused, OSError."""
    for step in steps:
        for path in paths_of(step):
            if allowed(path):
                ends.now().files(step.where).sweep(path, label)
