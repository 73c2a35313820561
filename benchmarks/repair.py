"""Measures what a repair costs: the plan beyond the scan, and the journal a step.

Run it on a quiet machine: `make bench-repair`. The hosts are those of the lab, with every core problem that
can stand beside the others; each figure is the median of RUNS.
"""

import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Callable, List

from nimdoctor.applying.state import StateDirectory
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Repair, RepairTarget
from nimdoctor.planning.fix import Options

RUNS = 15
RECORDS = 2000
PROBLEMS = "both-known-issues+tftp-disabled+nimsh-inactive+rhosts-left-over+lpp-source-lacks-openssl"
NIMDOCTOR = os.path.join(os.path.dirname(sys.executable), "nimdoctor")


def median(times: List[float]) -> str:
    """Median and worst in milliseconds."""
    return f"{statistics.median(times) * 1000:.1f} ms | {max(times) * 1000:.1f} ms"


def timed(work: Callable[[], object]) -> float:
    """Seconds one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def whole_processes(lab: Lab) -> None:
    """`scan` and `fix` of the same pair, taken in turn, and the difference of each pair of runs."""
    words = [lab.client_target, "--master", lab.master_target]
    scans: List[float] = []
    fixes: List[float] = []
    for _ in range(RUNS + 1):
        for name, times in (("scan", scans), ("fix", fixes)):
            began = time.perf_counter()
            subprocess.run([NIMDOCTOR, name, *words], stdout=subprocess.DEVNULL, check=False)
            times.append(time.perf_counter() - began)
    beyond = [fix - scan for scan, fix in zip(scans[1:], fixes[1:])]
    print(f"| `nimdoctor scan` of the pair, whole process | {median(scans[1:])} |")
    print(f"| `nimdoctor fix` of the pair, whole process | {median(fixes[1:])} |")
    print(f"| `fix` beyond `scan`, by pairs | {median(beyond)} |")


def plan_alone(lab: Lab) -> None:
    """The planner over hosts that were scanned already, everything loaded."""
    registry = Registry()
    repair = Repair(RepairTarget(lab.client_target, lab.master_target), registry, Options())
    times = [timed(repair._plan) for _ in range(RUNS + 1)]
    print(f"| the plan ({len(repair.plan.steps)} steps), hosts scanned already | {median(times[1:])} |")


def journal(place: str) -> None:
    """A begin and a done record with their fsync, as every step writes them."""
    run = StateDirectory(os.path.join(place, "state"))
    run.prepare()
    with run.new_run(datetime.datetime.now(datetime.timezone.utc)).journal() as records:
        times = []
        for number in range(RECORDS):
            began = time.perf_counter()
            records.append("begin", f"{number}-client-edit", was={"crypto": True, "nimsh": True, "certificates": {}})
            records.append("done", f"{number}-client-edit", files={"/etc/inetd.conf": "0" * 64})
            times.append(time.perf_counter() - began)
    print(f"| journal, a step (begin and done, each with fsync) | {median(times)} |")


def main() -> None:
    """Prints the table of the README."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}\n")
    print("| what | median | worst |\n|---|---|---|")
    with Lab.build(PROBLEMS) as lab, tempfile.TemporaryDirectory() as place:
        whole_processes(lab)
        plan_alone(lab)
        journal(place)


if __name__ == "__main__":
    main()
