"""Removing runs that nobody needs any more: at their end, old enough, and nothing rests on them.

Complete runs go, and those of which nothing is left on the host (restored, rolled back). Kept whatever their age: what
is unfinished or suspicious, what waits for a push, what stands of a run that was given up; a run with a client that
has not followed or a tftp that stays open; one of which something stands on the host under its name; and one that
changed a file which another run changed too that can still be taken back: only their order tells which comes first.
"""

import contextlib
import fnmatch
import os
from datetime import datetime, timedelta
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

from nimdoctor.applying.changed import Paths, paths_changed
from nimdoctor.applying.lock import Locked, lock
from nimdoctor.applying.runs import Run, believed, every, load
from nimdoctor.applying.state import StateDirectory
from nimdoctor.system.host_files import HostFiles
from nimdoctor.system.refused import Refused

AT_AN_END = ("complete", "restored", "rolled-back")
"""States of runs that may go."""
_NAMED_BY_RUN = ("/", "/etc", "/ssl_nimsh", "/ssl_nimsh/certs", "/ssl_nimsh/keys")
"""Directories in which steps leave what carries the run's name."""
_WHY = {
    "applied-unverified": "no push has proved it yet",
    "abandoned": "it tells what stands, and nothing else does",
}


class Pruned(NamedTuple):
    """Runs and why: those that were removed, those that were kept."""

    removed: Tuple[Tuple[str, str], ...] = ()
    kept: Tuple[Tuple[str, str], ...] = ()


def prune(state: str, days: int, now: datetime) -> Pruned:
    """Removes the runs of a state directory, and what other ends hold of them, that are at their end for `days` days.

    Raises Locked, Refused, OSError.
    """
    if not os.path.isdir(os.path.join(state, "runs")):
        return Pruned()
    with lock(state):
        directory = StateDirectory(state)
        directory.remove_leftovers()
        runs = every(state)
        kept = {run.name: why for run in runs for why in [_why_not(run, now - timedelta(days=days))] if why}
        _keep_what_others_rest_on(runs, kept)
        removed = []
        for run in runs:
            if run.name not in kept:
                try:
                    _remove(run)
                except (Locked, Refused, OSError) as error:
                    kept[run.name] = str(error)
                    continue
                removed.append((run.name, f"{run.state}, ended {run.ended}"))
    return Pruned(tuple(removed), tuple(sorted(kept.items())))


def _why_not(run: Run, before: datetime) -> str:
    """Why a run is kept, whatever others rest on; empty where it may go."""
    if run.doubt:
        return f"it is suspicious: {run.doubt}"
    if run.led_by is not None:
        return f"{run.led_by} leads it: it goes with that one"
    try:
        run.steps()
    except Refused as error:
        return str(error)
    if run.state not in AT_AN_END:
        return f"it is {run.state}" + (f": {_WHY[run.state]}" if run.state in _WHY else "")
    if run.ended is None or run.ended > before.strftime("%Y-%m-%dT%H:%M:%SZ"):
        return f"it ended {run.ended or 'nobody knows when'}"
    waiting = [name for name in run.affects() if name not in run.followed()]
    if waiting and run.state == "complete":
        return f"{', '.join(waiting)}: not known to have followed (nimdoctor runs --followed NAME)"
    if run.left_open():
        return run.left_open()
    return _standing(run)


def _standing(run: Run) -> str:
    """What carries the run's name on one of its hosts: the run alone tells what it is."""
    targets: Mapping[str, str] = run.start.get("targets") or {}
    for target in dict.fromkeys(targets.values()):
        if target and not target.startswith("root:"):
            continue  # nothing was changed where only evidence was given
        files = HostFiles(target[5:] if target else None)
        for directory in _NAMED_BY_RUN:
            try:
                names = files.names(directory) if files.stat(directory) else []
            except (Refused, OSError) as error:
                return f"whether something of it stands in {directory} cannot be told: {error}"
            found = [name for name in names if run.name in name]
            if found:
                return f"{os.path.join(directory, found[0])} is still there, and only this run tells what it is"
    return ""


def _keep_what_others_rest_on(runs: Sequence[Run], kept: Dict[str, str]) -> None:
    """Adds to `kept` what shares a file with a run that stays, here or on another end, and can still be taken back."""
    going = [run for run in runs if run.name not in kept and run.state == "complete"]
    names = {run.name for run in going}
    staying = [run for run in runs if run.name in kept and not run.doubt]
    staying += [other for run in going for state in _other_states(run) for other in every(state)]
    waiting = [believed(run) for run in staying if run.name not in names]
    while waiting:
        other = waiting.pop()
        if other.taking_back is None:
            continue
        for run in list(going):
            both = _shared(paths_changed(run), paths_changed(other))
            if both:
                kept[run.name] = f"run {other.name} changed {both} too, and can still be taken back"
                going.remove(run)
                waiting.append(run)


def _shared(one: Paths, other: Paths) -> str:
    """A path that both changed; either may hold patterns."""
    return next(
        (
            min(mine, theirs, key=lambda path: "*" in path)
            for where, mine in sorted(one, key=str)
            for end, theirs in sorted(other, key=str)
            if where is end and (fnmatch.fnmatchcase(mine, theirs) or fnmatch.fnmatchcase(theirs, mine))
        ),
        "",
    )


def _other_states(run: Run) -> List[str]:
    states: Mapping[str, str] = run.start.get("states") or {}
    own = os.path.realpath(run.directory.state)
    return [state for state in states.values() if os.path.realpath(state) != own]


def _remove(run: Run) -> None:
    """First what other ends hold of it, so that none is led by what is gone. Raises Locked, Refused, OSError."""
    with contextlib.ExitStack() as stack:
        copies = []
        for state in _other_states(run):
            if StateDirectory(state).exists(run.name):
                stack.enter_context(lock(state))
                copies.append(load(state, run.name))
        for copy in copies:
            copy.refuse_doubt()
        for one in (*copies, run):
            one.directory.discard()
