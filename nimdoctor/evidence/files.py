"""Reading files as root without being led astray: no FIFO, no device, no link out of the root."""

import errno
import grp
import os
import pwd
import stat
from typing import BinaryIO, Dict, List, NamedTuple, Optional, Tuple

from nimdoctor.model.path_state import PathState
from nimdoctor.model.unreadable import refused

LINKS = 40
"""Symbolic links that are followed in one path; more is a loop."""

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # else opening a FIFO waits for a writer
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
)


class Walk(NamedTuple):
    """What stands below a path. `unseen` says of which paths the limit or an error hid what is in them, and why."""

    states: Dict[str, Optional[PathState]]
    unseen: Dict[str, str]


def resolve_inside(root: str, path: str, *, last: bool = True) -> str:
    """Where `path` of the system below `root` lies on this host; every link is resolved inside.

    An absolute link counts from `root` and `..` ends there. With `last` False a link in the last
    place is not followed. Raises OSError: ENOENT, ENOTDIR, ELOOP after 40 links.
    """
    base = os.path.realpath(root)
    todo = [part for part in path.split("/") if part not in ("", ".")][::-1]
    done: List[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            del done[-1:]
            continue
        here = os.path.join(base, *done, part)
        mode = os.lstat(here).st_mode
        if stat.S_ISLNK(mode) and (todo or last):
            links += 1
            if links > LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink(here)
            if target.startswith("/"):
                done = []
            todo.extend([name for name in target.split("/") if name not in ("", ".")][::-1])
            continue
        if todo and not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        done.append(part)
    return os.path.join(base, *done) if done else base


def on_this_host(path: str, root: Optional[str], *, last: bool = True) -> str:
    """The path to use in system calls; see `resolve_inside`. Raises OSError under a root."""
    if root is not None:
        return resolve_inside(root, path, last=last)
    return os.path.realpath(path) if last else path


def open_regular(path: str, root: Optional[str] = None) -> BinaryIO:
    """A regular file opened for reading; links are resolved (inside `root` where one is given).

    Raises OSError, of errno EINVAL and text "not a regular file" for anything else.
    """
    return open_plain(on_this_host(path, root))


def open_plain(place: str) -> BinaryIO:
    """The regular file of exactly that name; a link in its last part is refused. Raises OSError."""
    descriptor = os.open(place, _FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", place)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def path_state(path: str, root: Optional[str] = None) -> Optional[PathState]:
    """The state of a path, of a link itself and not of what it names; None when nothing is there.

    What is neither file, directory nor link has kind "other". Raises OSError, not for absence.
    """
    try:
        return _state(os.lstat(on_this_host(path, root, last=False)), {})
    except (FileNotFoundError, NotADirectoryError):
        return None


def list_directory(path: str, root: Optional[str] = None) -> List[str]:
    """Names in a directory, sorted. Raises OSError."""
    return sorted(os.listdir(on_this_host(path, root)))


def walk_below(path: str, root: Optional[str] = None, limit: int = 2000) -> Walk:
    """States of `path` and everything below it, by the path on the host; never raises.

    `path` itself may be a link to a directory; links below it are not followed, and one that leads
    to a directory makes the walk incomplete, since nobody looked there.
    """
    states: Dict[str, Optional[PathState]] = {}
    owners: Dict[Tuple[str, int], str] = {}
    unseen: Dict[str, str] = {}
    try:
        states[path] = path_state(path, root)
        if states[path] is None:
            return Walk(states, unseen)
        place = on_this_host(path, root)
        todo = [(path, place)] if os.path.isdir(place) else []
    except OSError as problem:
        return Walk(states, {path: f"cannot be listed: {refused(problem)}"})
    while todo:
        above, directory = todo.pop()
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if len(states) >= limit:
                        return Walk(states, {**unseen, path: f"not listed completely: more than {limit} paths"})
                    name = f"{above.rstrip('/')}/{entry.name}"
                    found = entry.stat(follow_symlinks=False)
                    states[name] = _state(found, owners)
                    if stat.S_ISDIR(found.st_mode):
                        todo.append((name, entry.path))
                    elif stat.S_ISLNK(found.st_mode) and _leads_to_directory(name, root):
                        unseen[name] = "not listed: it is a link to a directory"
        except OSError as problem:
            unseen[above] = f"cannot be listed: {refused(problem)}"
    return Walk(states, unseen)


def _leads_to_directory(path: str, root: Optional[str]) -> bool:
    try:
        return os.path.isdir(on_this_host(path, root))
    except OSError:
        return False


def _state(found: os.stat_result, owners: Dict[Tuple[str, int], str]) -> PathState:
    kind = "other"
    for test, word in ((stat.S_ISREG, "file"), (stat.S_ISDIR, "dir"), (stat.S_ISLNK, "link")):
        if test(found.st_mode):
            kind = word
    return PathState(
        kind=kind,
        mode=stat.S_IMODE(found.st_mode),
        owner=_name("user", found.st_uid, owners),
        group=_name("group", found.st_gid, owners),
        size=found.st_size,
        mtime=int(found.st_mtime),
    )


def _name(of: str, number: int, known: Dict[Tuple[str, int], str]) -> str:
    if (of, number) not in known:
        try:
            known[of, number] = pwd.getpwuid(number).pw_name if of == "user" else grp.getgrgid(number).gr_name
        except (KeyError, OSError, OverflowError):
            known[of, number] = str(number)
    return known[of, number]
