"""What a plan may touch, and what each of its steps touches: paths, modes and commands."""

import fnmatch
from typing import Optional, Tuple

from nimdoctor.planning.conditions import ModeIs
from nimdoctor.planning.steps import Edit, Move, Remove, RunCommand, Step, Transient

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
RESTARTING = ("nimclient", "niminit")
"""Commands that stop nimsh, change how SRC starts it, and start it, in that order (isg3T1024615)."""


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
