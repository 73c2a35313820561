"""What is explored.

Run as a program it explores those that are named, so many at a time: `python -m killing.explorations NUMBER NAME...`.
"""

import json
import os
import sys
import traceback
from typing import Any, Dict, Sequence

from effort import EVERYTHING

from .children import all_of, import_all, scratch
from .exploring import Exploration
from .full_disk import FullDisk
from .judging import Scenario

ALL_FAULTS = ("fail", "half", "silent", "lie", "hang", "late")


def _explore(
    lab: str, *words: str, kills: int = 1, faults: Sequence[str] = (), judged: Sequence[str] = ("fail", "silent")
) -> Exploration:
    if EVERYTHING:
        kills, faults, judged = max(2, kills), ALL_FAULTS, ()
    return Exploration(Scenario(lab, lab, words), kills, faults, judged)


EXPLORATIONS: Dict[str, Exploration] = {
    # the longest first, since two run at a time
    "master recycled": _explore("create-bio-hang-master", "--affects", "1", judged=("half", "lie", "silent")),
    "transient and no way back": _explore("create-bio-hang+tftp-disabled", "--transient-tftp", judged=("fail", "lie")),
    "stale libraries": _explore("stale-ssl-libs", faults=("lie",), judged=("half", "silent", "hang", "late")),
    "tftp for a time": _explore("tftp-disabled", "--transient-tftp", judged=("half", "lie")),
    "both known issues": _explore("both-known-issues", judged=("fail", "half", "lie")),
    "from rsh to nimsh": _explore("client-uses-rsh", judged=("half", "silent", "lie")),
    "filesets missing": _explore("openssl-missing", judged=("fail", "half", "silent", "lie")),
    "tftp for good": _explore("tftp-disabled", judged=("half", "silent", "lie")),
    "client alone": _explore("create-bio-hang", judged=("fail", "half", "hang", "late")),
    "nimsh down": _explore("nimsh-inactive", kills=2, judged=("fail", "half", "silent", "lie", "late")),
    "rsh left over": _explore("rhosts-left-over", "--only", "remove-rhosts", kills=2),
    "stale libraries without crypto": _explore("stale-ssl-libs+ssl-one-sided", judged=("lie",)),
    "SSL off on the master": _explore("ssl-not-configured", judged=("half", "lie")),
    "tftp allowed": _explore("tftp-denied", judged=("lie",)),
    "keys exposed": _explore("key-exposed", judged=("half", "silent", "lie")),
    "tftp not refreshed": _explore("tftp-not-refreshed", judged=("silent",)),
    "disk full, stale libraries": FullDisk(Scenario("stale-ssl-libs", "stale-ssl-libs")),
}
if EVERYTHING:
    EXPLORATIONS["disk full, tftp for a time"] = FullDisk(
        Scenario("tftp-disabled", "tftp-disabled", ("--transient-tftp",))
    )
    EXPLORATIONS["disk full, master recycled"] = FullDisk(
        Scenario("create-bio-hang-master", "create-bio-hang-master", ("--affects", "1"))
    )


def _explored(name: str) -> Any:
    """What an exploration came to, as it is handed on: a list, or what broke it."""
    try:
        return EXPLORATIONS[name].run()
    except BaseException:
        return {"broken": traceback.format_exc()}


def _explore_all(names: Sequence[str], at_once: int, answer: int) -> None:
    """Each in a child, since it changes what it runs in; writes a line for each that has ended."""
    import_all()
    waiting, running = list(names), {}
    while waiting or running:
        while waiting and len(running) < at_once:
            name, descriptor = waiting.pop(0), scratch()
            pid = os.fork()
            if pid == 0:
                os.write(descriptor, json.dumps(_explored(name)).encode())
                os._exit(0)
            running[pid] = name, descriptor
        pid, _ = os.wait()
        name, descriptor = running.pop(pid)
        os.write(answer, json.dumps([name, json.loads(all_of(descriptor) or "null")]).encode() + b"\n")


if __name__ == "__main__":
    told = os.dup(1)
    os.dup2(2, 1)
    _explore_all(sys.argv[2:], int(sys.argv[1]), told)
    os._exit(0)
