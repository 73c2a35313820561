"""Doing one step, and undoing it: the only place where a plan changes a host."""

import fnmatch
import hashlib
import itertools
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.applying.said import last_lines, whole
from nimdoctor.applying.state import RunDirectory
from nimdoctor.evidence.catalog import file_name
from nimdoctor.model import Role
from nimdoctor.planning.asking import holds
from nimdoctor.planning.conditions import BootRow, CertificateNew, FilesetsInstalled, ModeIs, NimInfoSays, PushIs
from nimdoctor.planning.ends import CERTS, Elsewhere, Ends, Snapshot, state_of
from nimdoctor.planning.steps import (
    SRC_DEADLINE,
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
from nimdoctor.system.command import OUTPUT_LIMIT, CommandResult
from nimdoctor.system.host_files import HostFiles, Refused

ALLOWED = (
    "/etc/inetd.conf",
    "/etc/niminfo",
    "/etc/niminfo.old.*",
    "/etc/services",
    "/etc/tftpaccess.ctl",
    "/.rhosts",
    "/usr/lib/libssl.so*",
    "/usr/lib/libcrypto.so*",
    "/ssl_nimsh",
    "/ssl_nimsh/*",
    "/ssl_nimsh_old.*",
    "/ssl_nimsh_half.*",
)
"""Every path a plan may change."""
LARGEST = 256 * 1024 * 1024
"""Bytes of a file of which a backup is kept."""
RESTARTING = ("nimclient", "niminit")
"""Commands that stop nimsh, change how SRC starts it, and start it, in that order (isg3T1024615)."""
_CHANGED_BY_COMMANDS = ("crypto", "ssl", "connect", "filesets", "push", "boot")
_WATCHED = ("/usr/lib/libssl.so*", "/usr/lib/libcrypto.so*", f"{CERTS}/*", "/etc/niminfo")
_DIRECTORIES = ("/ssl_nimsh", CERTS)


class Failed(Exception):
    """A step did not do what it should; the message says what was seen."""


class EndedAtDeadline(Failed):
    """A command did not end in its time and was ended: what it did must be looked at."""


class SavedFile(NamedTuple):
    """What was kept of a file before a step: its bytes and what else is restored with them."""

    content: bytes
    mode: int
    uid: int
    gid: int
    mtime_ns: int

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def allowed(path: str) -> bool:
    """Whether a plan may touch that path.

    >>> allowed("/etc/inetd.conf"), allowed("/etc/passwd"), allowed("/ssl_nimsh/../etc/passwd")
    (True, False, False)
    """
    parts = path.split("/")
    return ".." not in parts and any(fnmatch.fnmatchcase(path, pattern) for pattern in ALLOWED)


def paths_of(step: Step) -> Tuple[str, ...]:
    """The paths that a step itself changes."""
    do = step.do
    if isinstance(do, Edit):
        return (do.path,)
    if isinstance(do, Move):
        return (do.path, do.to)
    if isinstance(do, Remove):
        return (do.path,)
    if isinstance(do, Transient) and do.edit:
        return (do.edit.path,)
    changed = mode_changed(step)
    return (changed[0],) if changed else ()


def commands_of(step: Step) -> Tuple[Tuple[str, ...], ...]:
    """The commands that a step of kind run runs, and those that take it back."""
    if not isinstance(step.do, RunCommand):
        return ()
    return (step.do.argv, *(action.argv for action in (*step.do.undo, *step.do.repair) if action.argv))


def mode_changed(step: Step) -> Optional[Tuple[str, int]]:
    """The file of which a command changes nothing but the mode, and the mode it had; None where it does not."""
    if not isinstance(step.do, RunCommand):
        return None
    paths = [one.path for one in step.verify if isinstance(one, ModeIs)]
    return next(((one.path, one.mode) for one in step.before if isinstance(one, ModeIs) and one.path in paths), None)


def kept_path(step: Step) -> Optional[str]:
    """The file of which a backup is kept before the step; None when there is none."""
    do = step.do
    if isinstance(do, Transient):
        return do.edit.path if do.edit else None
    return do.path if isinstance(do, (Edit, Remove)) else None


def state_before(step: Step, now: Snapshot) -> Dict[str, Any]:
    """What a step's effects are measured against: the state of its end, and what else this very step may change."""
    from nimdoctor.facts import Inittab, NimshMode, Subsystems

    found = state_of(now, step.where)
    subsystems = now.fact(step.where, Subsystems)
    row = subsystems.get("nimsh") if subsystems else None
    found["nimsh_pid"] = row.pid if row else None
    if any(isinstance(one, FilesetsInstalled) for one in step.verify):
        found["filesets"] = _filesets(step, now)
    if any(isinstance(one, NimInfoSays) for one in step.verify):
        found["connect"] = _connect(now)
    if any(isinstance(one, PushIs) for one in step.verify):
        mode = now.fact(step.where, NimshMode)
        found["push"] = not mode.push_disabled if mode else None
    if any(isinstance(one, BootRow) for one in step.verify):
        inittab = now.fact(step.where, Inittab)
        found["boot"] = (inittab.at.text if inittab.at else "") if inittab else None
    return found


def _filesets(step: Step, now: Snapshot) -> Optional[str]:
    """A hash of what is installed where the step installs something."""
    from nimdoctor.facts import Filesets

    where = next(one.where for one in step.verify if isinstance(one, FilesetsInstalled))
    filesets = now.fact(where, Filesets)
    return hashlib.sha256(repr(filesets.rows).encode()).hexdigest() if filesets else None


def _connect(now: Snapshot) -> Optional[str]:
    """How the master's object of the client says that pushes go to it; None where that is not known."""
    from nimdoctor.facts import NimIdentity, NimObjects

    try:
        identity, objects = now.fact(Role.CLIENT, NimIdentity), now.fact(Role.MASTER, NimObjects)
    except Elsewhere:
        return None
    own = identity.object_in(objects)[0] if identity and objects else None
    return own.connect if own else None


def present(place: HostFiles) -> List[str]:
    """Which of the files and directories that commands bring are there: what an undo must leave alone."""
    found = [path for path in _DIRECTORIES if place.look(path)]
    for pattern in _WATCHED:
        directory, _, _ = pattern.rpartition("/")
        if place.look(directory):
            found += [
                f"{directory}/{name}"
                for name in place.names(directory)
                if fnmatch.fnmatchcase(f"{directory}/{name}", pattern)
            ]
    return sorted(found)


def left_behind(place: HostFiles, step: Step, was: Mapping[str, Any]) -> Dict[str, Optional[str]]:
    """The files a step left, by SHA-256 (None: nothing is there, "dir": a directory, "mode 0600": the mode that it
    gave them): what an undo may go back from.
    """
    paths: Iterable[str] = paths_of(step)
    if isinstance(step.do, RunCommand):
        before = set(was.get("present") or ())
        paths = [*paths, *(path for path in present(place) if path not in before)]
    return {path: _stands(place, step, path) for path in paths}


def _stands(place: HostFiles, step: Step, path: str) -> Optional[str]:
    """What stands at a path that a step changes: as in `left_behind`, of a file whose mode it changes just the mode."""
    look = place.look(path)
    if look is None or look.kind != "file":
        return look.kind if look else None
    changed = mode_changed(step)
    # what may be a key is not read, not even for a checksum
    return _mode_words(look.mode) if changed and changed[0] == path else place.fingerprint(path)


def _mode_words(mode: int) -> str:
    return f"mode {mode:04o}"


class StepRunner:
    """Does and undoes steps on the ends; `runs` are the run's directories by end, which hold its backups."""

    def __init__(self, ends: Ends, runs: Mapping[Role, RunDirectory], label: str) -> None:
        self.ends = ends
        self.runs = runs
        self.label = label

    def place(self, where: Role) -> HostFiles:
        """The file system of an end. Raises Elsewhere."""
        return self.ends.now().place(where)

    # -- backups

    def keep(self, step: Step) -> Dict[str, Any]:
        """Keeps a backup of the file that the step changes; gives what the journal writes down of it, by its name.

        Raises Refused, OSError.
        """
        path = kept_path(step)
        if path is None:
            return {}
        place = self.place(step.where)
        look = place.look(path)
        if look is None:
            raise Refused(f"{path} is not there")
        content = place.read(path, limit=LARGEST)
        kept = self.runs[step.where].keep(_backup_name(step), content, look)
        return {_backup_name(step): {"where": step.where.value, "kept": kept.as_json()}}

    def kept(self, step: Step) -> Optional[SavedFile]:
        """The backup, or None when none was made. Raises Refused when it is damaged."""
        if not self.runs[step.where].has_kept(_backup_name(step)):
            return None
        content, look = self.runs[step.where].kept(_backup_name(step))
        return SavedFile(content, look.mode, look.uid, look.gid, look.mtime_ns)

    def sweep(self, steps: Iterable[Step]) -> None:
        """Removes the temporary files of a run that was killed. Raises Refused, OSError."""
        for step in steps:
            for path in paths_of(step):
                if allowed(path):
                    self.place(step.where).sweep(path, self.label)

    # -- doing

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
            self.place(step.where).rename(do.path, do.to)
            return ""
        if isinstance(do, Remove):
            kept = self.kept(step)
            if kept is None:
                raise Refused(f"no backup of {do.path} was made")
            self.place(step.where).remove(do.path, expected=kept.sha256)
            return ""
        if isinstance(do, RunCommand):
            return self._command(now, step.where, do.argv, do.deadline)
        if isinstance(do, Subsystem):
            return self._subsystem(now, step.where, do.name, do.action)
        raise Failed("this step is not done by itself")

    def _edit(self, step: Step, edit: Edit, now: Snapshot) -> str:
        place = self.place(step.where)
        place.sweep(edit.path, self.label)
        content = place.read(edit.path)
        if hashlib.sha256(content).hexdigest() != edit.new_sha256:
            try:
                new = edit.apply_to(content)
            except ValueError as error:
                raise Refused(f"{edit.path}: {error}") from error
            if hashlib.sha256(new).hexdigest() != edit.new_sha256:
                raise Refused(f"{edit.path} has other bytes than the plan was made from")
            place.replace(edit.path, new, expected=edit.old_sha256, label=self.label)
        self._reread(now, step.where, edit)
        return ""

    def close_transient(self, step: Step, opening: Step, now: Snapshot) -> str:
        """Takes the row that `opening` switched on out again, and no other; raises Refused where it cannot be told."""
        edit = opening.do.edit if isinstance(opening.do, Transient) else None
        if edit is None:
            raise Refused("the step that opened it is not known")
        place = self.place(step.where)
        place.sweep(edit.path, self.label)
        content = place.read(edit.path)
        current = hashlib.sha256(content).hexdigest()
        if current != edit.old_sha256:
            if current == edit.new_sha256:
                kept = self.kept(opening)
                new = kept.content if kept else edited(content, reversed_changes(edit))
            else:
                new = edited(content, _rows_back(content, edit))
            place.replace(edit.path, new, expected=current, label=self.label)
        self._reread(now, step.where, edit)
        return ""

    def _reread(self, now: Snapshot, where: Role, edit: Edit) -> None:
        if edit.rereads:
            self._subsystem(now, where, edit.rereads, "refresh")

    def _subsystem(self, now: Snapshot, where: Role, name: str, action: str) -> str:
        commands = Subsystem(name, action).commands
        return "; ".join(filter(None, (self._command(now, where, argv, SRC_DEADLINE) for argv in commands)))

    def _command(self, now: Snapshot, where: Role, argv: Sequence[str], deadline: int) -> str:
        result, why = now.ask(where, list(argv), float(deadline))
        if result is None:
            raise Failed(f"{' '.join(argv)} cannot be run on the {where.value}: {why}")
        if result.timed_out:
            raise EndedAtDeadline(f"{' '.join(argv)} did not end within {deadline} s and was ended")
        if result.status != 0:
            flooded = f"printed more than {OUTPUT_LIMIT} bytes and was ended"
            ending = flooded if result.flooded else f"ended with status {result.status}"
            raise Failed(f"{' '.join(argv)} {ending}{self._kept_output(where, argv, ending, result)}")
        return "".join(last_lines(result, 1))

    def _kept_output(self, where: Role, argv: Sequence[str], ending: str, result: CommandResult) -> str:
        """Keeps what a failed command said beside the journal; says where it is, and its last lines."""
        lines = last_lines(result)
        if not lines:
            return " and said nothing"
        run = self.runs[where]
        name = f"output-{file_name(' '.join(argv))[:150]}"
        number = next(number for number in itertools.count(1) if not run.has(f"{name}-{number}.txt"))
        try:
            run.write(f"{name}-{number}.txt", whole(argv, ending, result))
            place = f"all that it said is in {run.path}/{name}-{number}.txt, mode 0600"
        except OSError as error:
            place = f"what it said could not be kept in {run.path}: {error.strerror or error}"
        return "\n".join([f"; {place}; it ends:", *(f"  {line}" for line in lines)])

    # -- undoing

    def refuse_undo(self, step: Step, left: Mapping[str, Optional[str]]) -> Optional[str]:
        """Why a step cannot be undone by its files: one is no longer as the run left it; with a diff where it is text.

        `left` are those of its files that no later step of the run has changed.
        """
        place = self.place(step.where)
        for path, expected in left.items():
            look, current = place.look(path), _stands(place, step, path)
            if current == expected or self._is_undone(step, path, current):
                continue
            said = f"{path} is no longer as this run left it"
            kept = self.kept(step) if kept_path(step) == path else None
            if kept and look and look.kind == "file" and isinstance(step.do, (Edit, Transient)):
                was = step.do.edit if isinstance(step.do, Transient) else step.do
                left_as = was.apply_to(kept.content) if was else kept.content
                diff = text_diff(path, left_as, place.read(path), ("as the run left it", "now"))
                said += ":\n" + "\n".join(diff[:40])
            return said
        return None

    def _is_undone(self, step: Step, path: str, current: Optional[str]) -> bool:
        """Whether a path already is what undoing would make it."""
        if isinstance(step.do, Move):
            return (path == step.do.path) == (current is not None)
        if isinstance(step.do, RunCommand):
            changed = mode_changed(step)
            return current == _mode_words(changed[1]) if changed and changed[0] == path else current is None
        kept = self.kept(step) if kept_path(step) == path else None
        return kept is not None and current == kept.sha256

    def looks_undone(self, step: Step) -> bool:
        """Whether the file that a step changed is as it was before it."""
        place = self.place(step.where)
        if isinstance(step.do, Move):
            return place.look(step.do.path) is not None and place.look(step.do.to) is None
        path, kept = kept_path(step), self.kept(step)
        look = place.look(path) if path else None
        return bool(path and kept and look and look.kind == "file" and place.fingerprint(path) == kept.sha256)

    def undo(self, step: Step, was: Mapping[str, Any], now: Snapshot) -> None:
        """Takes the step back; doing it twice changes nothing more. Raises Failed, Refused, OSError."""
        do = step.do
        place = self.place(step.where)
        if isinstance(do, (Edit, Transient)):
            edit = do.edit if isinstance(do, Transient) else do
            if edit is None:
                return
            kept = self.kept(step)
            if kept is None:
                raise Refused(f"the backup of {edit.path} is gone")
            place.sweep(edit.path, self.label)
            if place.fingerprint(edit.path) != kept.sha256:
                place.replace(edit.path, kept.content, expected=edit.new_sha256, label=self.label)
            self._reread(now, step.where, edit)
        elif isinstance(do, Move):
            if place.look(do.to) is not None or place.look(do.path) is None:
                place.rename(do.to, do.path)
        elif isinstance(do, Remove):
            kept = self.kept(step)
            if kept is None:
                raise Refused(f"the backup of {do.path} is gone")
            look = place.look(do.path)
            if look is None or place.fingerprint(do.path) != kept.sha256:
                place.create(do.path, kept.content, mode=kept.mode, uid=kept.uid, gid=kept.gid, mtime_ns=kept.mtime_ns)
        elif isinstance(do, RunCommand):
            self.act(step.where, do.undo, was, now)
        elif isinstance(do, Subsystem) and do.action in ("start", "stop"):
            self._former_state(step.where, do.name, do.action == "stop")

    def undo_begun(self, step: Step, was: Mapping[str, Any], now: Snapshot) -> None:
        """Takes back what a step did that was begun and not done, as far as it can be. Raises as `undo`."""
        if isinstance(step.do, RunCommand):
            present = state_before(step, self.ends.now())
            changed = any(present[name] != was.get(name) for name in ("crypto", "push", "boot") if name in present)
            self.act(step.where, step.do.undo if step.do.undo and changed else step.do.repair, was, now)
        elif not step.no_undo:
            self.undo(step, was, now)

    def some_effect(self, step: Step, opened: Mapping[str, Any]) -> bool:
        """Whether something is other than before the step was begun; `opened` is the record of its beginning."""
        now, was = self.ends.now(), opened.get("was") or {}
        present = state_before(step, now)
        if any(name in was and present[name] != was[name] for name in _CHANGED_BY_COMMANDS):
            return True
        # a certificate file written anew with the same content is no difference
        files = [
            {path: tuple(state[2:]) for path, state in (one.get("certificates") or {}).items()}
            for one in (present, was)
        ]
        if files[0] != files[1]:
            return True
        open_then = [step.verify[number] for number in opened.get("open") or () if number < len(step.verify)]
        return any(holds(one, now, was) for one in open_then if not isinstance(one, CertificateNew))

    def seen_to_end(self, step: Step, was: Mapping[str, Any], now: Snapshot, removed: Iterable[str] = ()) -> bool:
        """Whether a command that was killed, or whose killer was, is seen to have come to its end.

        Those that change how nimsh runs start it anew at last, and bring copies back that steps before
        them `removed`; of others it cannot be told apart from their proofs.
        """
        from nimdoctor.facts import Subsystems

        if not isinstance(step.do, RunCommand) or step.do.argv[0] not in RESTARTING:
            return True
        patterns = [pattern for action in step.do.repair for pattern in action.new]
        place = self.place(step.where)
        for path in removed:
            if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns) and place.look(path) is None:
                return False
        subsystems = now.fact(step.where, Subsystems)
        row = subsystems.get("nimsh") if subsystems else None
        return bool(row and row.active and row.pid != was.get("nimsh_pid"))

    def act(self, where: Role, actions: Sequence[Undo], was: Mapping[str, Any], now: Snapshot) -> None:
        """The actions of an undo or a repair, in order. Raises Failed, Refused, OSError."""
        for action in actions:
            if action.argv:
                self._command(now, where, action.argv, 300)
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
        place = self.place(where)
        found = []
        for path in present(place):
            look = place.look(path)
            covered = any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
            if path not in before and covered and look is not None and look.kind == "file":
                found.append(path)
        return found

    def _remove_new(self, where: Role, patterns: Sequence[str], before: "set[str]") -> None:
        place = self.place(where)
        for path in self._new(where, patterns, before):
            place.remove(path, expected=place.fingerprint(path))
        for path in reversed(_DIRECTORIES):
            if path not in before and f"{CERTS}/*" in patterns and place.look(path) and not place.names(path):
                place.remove_directory(path)

    def _former_state(self, where: Role, name: str, was_active: bool) -> None:
        """Starts a subsystem that was active and is not, or stops one that was not and is."""
        from nimdoctor.facts import Subsystems

        now = self.ends.now()
        subsystems = now.fact(where, Subsystems)
        active = subsystems.active(name) if subsystems else None
        if active is not None and active is not was_active:
            self._subsystem(now, where, name, "start" if was_active else "stop")


def _backup_name(step: Step) -> str:
    return f"{step.id}.backup"


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
