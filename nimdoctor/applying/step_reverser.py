"""Taking one step back: from its backup, by the actions that its plan names, or as its end was before it."""

import fnmatch
import hashlib
from typing import Any, List, Mapping, Optional, Sequence

from nimdoctor.applying.backups import Backups, backed_up_path
from nimdoctor.applying.effects import DIRECTORIES, mode_words, present, standing, state_before
from nimdoctor.applying.state import RunDirectory
from nimdoctor.applying.step_commands import StepCommands
from nimdoctor.facts import Subsystems
from nimdoctor.model import Role
from nimdoctor.planning.ends import CERTS, Ends, Snapshot
from nimdoctor.planning.policy import mode_changed
from nimdoctor.planning.steps import (
    Change,
    Edit,
    Move,
    Remove,
    RunCommand,
    Step,
    Subsystem,
    Transient,
    Undo,
    edited,
    reversed_changes,
    text_diff,
)
from nimdoctor.system.refused import Refused


class StepReverser:
    """Takes steps back on the ends; `runs` are the run's directories by end, which hold its backups."""

    def __init__(self, ends: Ends, runs: Mapping[Role, RunDirectory], label: str) -> None:
        self.ends = ends
        self.backups = Backups(ends, runs)
        self.commands = StepCommands(runs)
        self.label = label

    def refuse_undo(self, step: Step, left: Mapping[str, Optional[str]]) -> Optional[str]:
        """Why a step cannot be undone by its files: one is no longer as the run left it; with a diff where it is text.

        `left` are those of its files that no later step of the run has changed.
        """
        files = self.ends.now().files(step.where)
        for path, expected in left.items():
            found, current = files.stat(path), standing(files, step, path)
            if current == expected or self._is_undone(step, path, current):
                continue
            reason = f"{path} is no longer as this run left it"
            backup = self.backups.of(step) if backed_up_path(step) == path else None
            if backup and found and found.kind == "file" and isinstance(step.do, (Edit, Transient)):
                was = step.do.edit if isinstance(step.do, Transient) else step.do
                left_as = was.apply_to(backup.content) if was else backup.content
                diff = text_diff(path, left_as, files.read(path), ("as the run left it", "now"))
                reason += ":\n" + "\n".join(diff[:40])
            return reason
        return None

    def _is_undone(self, step: Step, path: str, current: Optional[str]) -> bool:
        """Whether a path already is what undoing would make it."""
        if isinstance(step.do, Move):
            return (path == step.do.path) == (current is not None)
        if isinstance(step.do, RunCommand):
            changed = mode_changed(step)
            return current == mode_words(changed[1]) if changed and changed[0] == path else current is None
        backup = self.backups.of(step) if backed_up_path(step) == path else None
        return backup is not None and current == backup.sha256

    def looks_undone(self, step: Step) -> bool:
        """Whether the file that a step changed is as it was before it."""
        files = self.ends.now().files(step.where)
        if isinstance(step.do, Move):
            return files.stat(step.do.path) is not None and files.stat(step.do.to) is None
        path, backup = backed_up_path(step), self.backups.of(step)
        found = files.stat(path) if path else None
        return bool(path and backup and found and found.kind == "file" and files.fingerprint(path) == backup.sha256)

    def undo(self, step: Step, was: Mapping[str, Any], now: Snapshot) -> None:
        """Takes the step back; doing it twice changes nothing more. Raises Failed, Refused, OSError."""
        do = step.do
        files = self.ends.now().files(step.where)
        if isinstance(do, (Edit, Transient)):
            edit = do.edit if isinstance(do, Transient) else do
            if edit is None:
                return
            backup = self.backups.of(step)
            if backup is None:
                raise Refused(f"the backup of {edit.path} is gone")
            files.sweep(edit.path, self.label)
            if files.fingerprint(edit.path) != backup.sha256:
                files.replace(edit.path, backup.content, expected=edit.new_sha256, label=self.label)
            self.commands.reread(now, step.where, edit)
        elif isinstance(do, Move):
            if files.stat(do.to) is not None or files.stat(do.path) is None:
                files.rename(do.to, do.path)
        elif isinstance(do, Remove):
            backup = self.backups.of(step)
            if backup is None:
                raise Refused(f"the backup of {do.path} is gone")
            if files.stat(do.path) is None or files.fingerprint(do.path) != backup.sha256:
                files.create(
                    do.path, backup.content, mode=backup.mode, uid=backup.uid, gid=backup.gid, mtime_ns=backup.mtime_ns
                )
        elif isinstance(do, RunCommand):
            self.act(step.where, do.undo, was, now)
        elif isinstance(do, Subsystem) and do.action in ("start", "stop"):
            self._former_state(step.where, do.name, do.action == "stop")

    def undo_begun(self, step: Step, was: Mapping[str, Any], now: Snapshot) -> None:
        """Takes back what a step did that was begun and not done, as far as it can be. Raises as `undo`."""
        if isinstance(step.do, RunCommand):
            current = state_before(step, self.ends.now())
            changed = any(current[name] != was.get(name) for name in ("crypto", "push", "boot") if name in current)
            self.act(step.where, step.do.undo if step.do.undo and changed else step.do.repair, was, now)
        elif not step.no_undo:
            self.undo(step, was, now)

    def close_transient(self, step: Step, opening: Step, now: Snapshot) -> None:
        """Takes the row that `opening` switched on out again, and no other; raises Refused where it cannot be told."""
        edit = opening.do.edit if isinstance(opening.do, Transient) else None
        if edit is None:
            raise Refused("the step that opened it is not known")
        files = self.ends.now().files(step.where)
        files.sweep(edit.path, self.label)
        content = files.read(edit.path)
        current = hashlib.sha256(content).hexdigest()
        if current != edit.old_sha256:
            if current == edit.new_sha256:
                backup = self.backups.of(opening)
                new = backup.content if backup else edited(content, reversed_changes(edit))
            else:
                new = edited(content, _rows_back(content, edit))
            files.replace(edit.path, new, expected=current, label=self.label)
        self.commands.reread(now, step.where, edit)

    def act(self, where: Role, actions: Sequence[Undo], was: Mapping[str, Any], now: Snapshot) -> None:
        """The actions of an undo or a repair, in order. Raises Failed, Refused, OSError."""
        for action in actions:
            if action.argv:
                self.commands.run(now, where, action.argv, 300)
            if action.new:
                self._remove_new(where, action.new, set(was.get("present") or ()))
            if action.start and was.get(action.start) is not None:
                self._former_state(where, action.start, bool(was[action.start]))

    def brought(self, step: Step, was: Mapping[str, Any]) -> List[str]:
        """The files that a command may have brought, which undoing it removes."""
        if not isinstance(step.do, RunCommand):
            return []
        patterns = [pattern for action in (*step.do.undo, *step.do.repair) for pattern in action.new]
        return self._new(step.where, patterns, set(was.get("present") or ()))

    def _new(self, where: Role, patterns: Sequence[str], before: "set[str]") -> List[str]:
        files = self.ends.now().files(where)
        new = []
        for path in present(files):
            found = files.stat(path)
            covered = any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
            if path not in before and covered and found is not None and found.kind == "file":
                new.append(path)
        return new

    def _remove_new(self, where: Role, patterns: Sequence[str], before: "set[str]") -> None:
        files = self.ends.now().files(where)
        for path in self._new(where, patterns, before):
            files.remove(path, expected=files.fingerprint(path))
        for path in reversed(DIRECTORIES):
            if path not in before and f"{CERTS}/*" in patterns and files.stat(path) and not files.names(path):
                files.remove_directory(path)

    def _former_state(self, where: Role, name: str, was_active: bool) -> None:
        """Starts a subsystem that was active and is not, or stops one that was not and is."""
        now = self.ends.now()
        subsystems = now.fact(where, Subsystems)
        active = subsystems.active(name) if subsystems else None
        if active is not None and active is not was_active:
            self.commands.subsystem(now, where, name, "start" if was_active else "stop")


def _rows_back(content: bytes, edit: Edit) -> List[Change]:
    """The changes that take the edit's own rows back in a file that somebody else changed meanwhile."""
    lines = content.decode("iso8859-1").split("\n")
    changes = []
    for change in edit.changes:
        at = [number for number, line in enumerate(lines, 1) if line.rstrip("\r") == change.new]
        if len(at) != 1:
            raise Refused(f"{edit.path} was changed meanwhile, and its row is there {len(at)} times")
        changes.append(Change(at[0], change.new, change.old))
    return changes
