"""What is explored.

Run as a program it explores the one that is named: `python -m killing.explorations NAME`.
"""

import json
import os
import sys
import traceback
from typing import Any, Dict, Sequence

from effort import EVERYTHING

from .children import import_all
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
    import_all()
    try:
        return EXPLORATIONS[name].run()
    except BaseException:
        return {"broken": traceback.format_exc()}


if __name__ == "__main__":
    answer = os.dup(1)
    os.dup2(2, 1)
    os.write(answer, json.dumps(_explored(sys.argv[1])).encode())
    os._exit(0)
