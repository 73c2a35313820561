"""What a step is measured against: the state of its end before it and after it, and the files that it left."""

import fnmatch
import hashlib
from typing import Any, Dict, Iterable, List, Mapping, Optional

from nimdoctor.facts import Filesets, Inittab, NimIdentity, NimObjects, NimshMode, Subsystems
from nimdoctor.model import Role
from nimdoctor.planning.asking import holds
from nimdoctor.planning.conditions import BootRow, CertificateNew, FilesetsInstalled, NimInfoSays, PushIs
from nimdoctor.planning.ends import CERTS, Elsewhere, Ends, Snapshot, state_of
from nimdoctor.planning.policy import mode_changed, paths_of
from nimdoctor.planning.steps import RunCommand, Step
from nimdoctor.system.host_files import HostFiles

_CHANGED_BY_COMMANDS = ("crypto", "ssl", "connect", "filesets", "push", "boot")
_WATCHED = ("/usr/lib/libssl.so*", "/usr/lib/libcrypto.so*", f"{CERTS}/*", "/etc/niminfo")
DIRECTORIES = ("/ssl_nimsh", CERTS)
"""Directories that commands bring, the outer one first."""


def state_before(step: Step, now: Snapshot) -> Dict[str, Any]:
    """What a step's effects are measured against: the state of its end, and what else this very step may change."""
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
    where = next(one.where for one in step.verify if isinstance(one, FilesetsInstalled))
    filesets = now.fact(where, Filesets)
    return hashlib.sha256(repr(filesets.rows).encode()).hexdigest() if filesets else None


def _connect(now: Snapshot) -> Optional[str]:
    """How the master's object of the client says that pushes go to it; None where that is not known."""
    try:
        identity, objects = now.fact(Role.CLIENT, NimIdentity), now.fact(Role.MASTER, NimObjects)
    except Elsewhere:
        return None
    own = identity.object_in(objects)[0] if identity and objects else None
    return own.connect if own else None


def present(files: HostFiles) -> List[str]:
    """Which of the files and directories that commands bring are there: what an undo must leave alone."""
    found = [path for path in DIRECTORIES if files.stat(path)]
    for pattern in _WATCHED:
        directory, _, _ = pattern.rpartition("/")
        if files.stat(directory):
            found += [
                f"{directory}/{name}"
                for name in files.names(directory)
                if fnmatch.fnmatchcase(f"{directory}/{name}", pattern)
            ]
    return sorted(found)


def left_behind(files: HostFiles, step: Step, was: Mapping[str, Any]) -> Dict[str, Optional[str]]:
    """The files a step left, by SHA-256 (None: nothing is there, "dir": a directory, "mode 0600": the mode that it
    gave them): what an undo may go back from.
    """
    paths: Iterable[str] = paths_of(step)
    if isinstance(step.do, RunCommand):
        before = set(was.get("present") or ())
        paths = [*paths, *(path for path in present(files) if path not in before)]
    return {path: standing(files, step, path) for path in paths}


def standing(files: HostFiles, step: Step, path: str) -> Optional[str]:
    """What stands at a path that a step changes: as in `left_behind`, of a file whose mode it changes just the mode."""
    found = files.stat(path)
    if found is None or found.kind != "file":
        return found.kind if found else None
    changed = mode_changed(step)
    # what may be a key is not read, not even for a checksum
    return mode_words(found.mode) if changed and changed[0] == path else files.fingerprint(path)


def mode_words(mode: int) -> str:
    """How a mode is written in `left_behind`."""
    return f"mode {mode:04o}"


def some_effect(step: Step, opened: Mapping[str, Any], ends: Ends) -> bool:
    """Whether something is other than before the step was begun; `opened` is the record of its beginning."""
    now, was = ends.now(), opened.get("was") or {}
    present = state_before(step, now)
    if any(name in was and present[name] != was[name] for name in _CHANGED_BY_COMMANDS):
        return True
    # a certificate file written anew with the same content is no difference
    files = [
        {path: tuple(state[2:]) for path, state in (one.get("certificates") or {}).items()} for one in (present, was)
    ]
    if files[0] != files[1]:
        return True
    open_then = [step.verify[number] for number in opened.get("open") or () if number < len(step.verify)]
    return any(holds(one, now, was) for one in open_then if not isinstance(one, CertificateNew))
