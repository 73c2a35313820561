"""What the role nimdoctor.aix.repair costs a host: processor time of the controller and of the hosts, over a real sshd.

    python benchmarks/ansible.py VENV [FEW MANY]

VENV is one with ansible-core. A NIM master of the lab with FEW clients (4), then one with MANY (12), is repaired, all of
its clients being broken, and run again with nothing left to do. The difference of both by the number of clients is what
one client costs; what is left is what a run costs whatever it finds. Processor time rather than wall time, since the
controller and all hosts share this machine here.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PLACE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PLACE / "tests" / "ansible"), str(PLACE / "tests"), str(PLACE / "tools")]

from build_collection import carried  # noqa: E402
from conftest import MASTER, Fleet, collection_in  # noqa: E402

from nimdoctor.lab import Lab  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Seconds of processor of the controller (with its ssh) and of all hosts, and seconds that passed."""

    controller: float
    hosts: float
    wall: float


def played(fleet: Fleet) -> Cost:
    """One run of the role."""
    before, since = _controller(), time.monotonic()
    hosts = _hosts(fleet)
    done = fleet.play("nimdoctor.aix.repair", repair_master=MASTER)
    wall = time.monotonic() - since
    assert done.status == 0, done
    return Cost(_controller() - before, _hosts(fleet) - hosts, wall)


def _controller() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _hosts(fleet: Fleet) -> float:
    """What has ended below the daemon, which waits for each of its connections."""
    fleet.sshd.drop_connections()
    time.sleep(1)
    words = Path(f"/proc/{fleet.sshd.process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[13]) + int(words[14])) / TICKS


def measured(venv: Path, clients: int) -> "tuple[Cost, Cost]":
    """Of a fleet of so many broken clients: the repair, and the run after it."""
    with tempfile.TemporaryDirectory(prefix="nimdoctor-fleet-") as name:
        place = Path(name)
        carried(collection_in(place))
        names = [f"lpar{number}" for number in range(1, clients + 1)]
        lab = Lab.build("create-bio-hang", str(place / "lab"), clients=names, beside=())
        fleet = Fleet(place, lab, venv, place)
        try:
            return played(fleet), played(fleet)
        finally:
            fleet.close()


def main() -> None:
    """Prints a table."""
    venv = Path(sys.argv[1]).resolve()
    few, many = (int(word) for word in sys.argv[2:4]) if len(sys.argv) > 3 else (4, 12)
    found = {number: measured(venv, number) for number in (few, many)}
    print("| run | controller, s of processor | hosts, s of processor | passed, s |\n|---|---|---|---|")
    for number, runs in found.items():
        for title, cost in zip(("repaired", "again, nothing to do"), runs):
            print(f"| {number} clients {title} | {cost.controller:.1f} | {cost.hosts:.1f} | {cost.wall:.0f} |")
    for title, less, more in zip(("repaired", "again, nothing to do"), found[few], found[many]):
        controller, hosts = ((more[one] - less[one]) / (many - few) for one in (0, 1))
        print(f"| each client more, {title} | {controller:.2f} | {hosts:.2f} | |")


if __name__ == "__main__":
    main()
