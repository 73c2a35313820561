"""Measures what a fleet costs: a bundle warm on one core, the pool, memory, the first line; peers beside it.

Run it on a quiet machine: `make bench-fleet`, or `python benchmarks/fleet.py N... [--insights PYTHON]` for fleets of so
many bundles. They are made from the suite's scenarios: a master, then 99 clients that are its; of fifty one is
damaged. PYTHON is one that has insights-core.
"""

import argparse
import gzip
import io
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import scenarios  # noqa: E402

from nimdoctor.fleet.identity import identify  # noqa: E402
from nimdoctor.fleet.judging import judge  # noqa: E402
from nimdoctor.fleet.pool import Pool  # noqa: E402
from nimdoctor.fleet.run import Pass, run  # noqa: E402

SIZES = (100, 1_000, 10_000)
CLIENTS = 99
"""Clients of each master."""
DAMAGED = 50
"""One bundle of so many is cut in the middle."""
SAMPLE = 400
"""Bundles that are measured one by one."""
CORES = 32


def make(place: Path, number: int) -> List[str]:
    """So many bundles in a directory for each master; their paths."""
    names = scenarios.names()
    paths: List[str] = []
    for at in range(number):
        master, client = divmod(at, CLIENTS + 1)
        end = "client" if client else "master"
        # the masters are whole, so that their clients are judged with them
        files = scenarios.scenario(names[at % len(names)] if client else "healthy")[end].files
        path = place / f"nim{master + 1}" / (f"lpar{at:06}.tar.gz" if client else "master.tar.gz")
        path.parent.mkdir(exist_ok=True)
        packed = pack(files, f"nim{master + 1}", f"lpar{at:06}")
        path.write_bytes(packed if at % DAMAGED != DAMAGED - 1 else packed[: len(packed) // 2])
        paths.append(str(path))
    return paths


def pack(files: Mapping[str, bytes], master: str, client: str) -> bytes:
    """A tar.gz of an evidence directory whose hosts have these names."""
    packed = io.BytesIO()
    with (
        gzip.open(packed, "wb", 6) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):  # type: ignore[arg-type]
        for name, raw in sorted(files.items()):
            raw = re.sub(rb"\bnim1\b", master.encode(), re.sub(rb"\blpar7\b", client.encode(), raw))
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    return packed.getvalue()


def bare(path: str) -> None:
    """The least that anybody can do with a bundle: each member read, and nothing made of it."""
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                stream = tar.extractfile(member)
                if stream:
                    stream.read()
    except EOFError:
        pass


def milliseconds(work: Callable[[str], object], paths: Sequence[str]) -> float:
    """Of processor a bundle, on the average, warm."""
    for path in paths[:20]:
        work(path)
    began = time.process_time()
    for path in paths:
        work(path)
    return (time.process_time() - began) / len(paths) * 1000


def masters(paths: Sequence[str]) -> Dict[str, str]:
    """The master's bundle of each client's."""
    return {path: os.path.join(os.path.dirname(path), "master.tar.gz") for path in paths if "lpar" in path}


def warm(paths: Sequence[str]) -> None:
    """One core, everything loaded."""
    sample = list(paths[:SAMPLE])
    ends = masters(sample)
    print("| one core, warm, a bundle | processor | bare reads |\n|---|---|---|")
    clients = list(ends)
    least = milliseconds(bare, clients)
    print(f"| a bare tarfile read | {least:.2f} ms | 1 |")
    for name, work in (
        ("first pass: who it is of", identify),
        ("second pass: a client alone", lambda path: judge(path, None, "")),
        ("second pass: a client with its master", lambda path: judge(path, ends.get(path), "")),
    ):
        took = milliseconds(work, clients)
        print(f"| {name} | {took:.2f} ms | {took / least:.1f} |")


def measured(place: str, jobs: int) -> None:
    """A fleet judged by a pool; prints what it took as JSON. In a process of its own, for the sake of its memory."""
    began = time.monotonic()
    reached: Dict[str, float] = {}

    def progress(which: Pass, done: int, total: Optional[int]) -> None:
        if which is Pass.JUDGING:
            reached.setdefault("judging", time.monotonic() - began)

    count = failures = 0
    engine = Pool(jobs)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        for record in run([place], engine, None, progress):
            json.dump(record, nowhere)
            count += 1
            failures += record["failure"] is not None
            if "judging" in reached:
                reached.setdefault("first", time.monotonic() - began)
    took = time.monotonic() - began
    engine.close()
    own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({
        "count": count, "failures": failures, "seconds": took, "first pass": reached["judging"],
        "first line": reached["first"] - reached["judging"],
        "driver": own.ru_maxrss / 1024, "worker": workers.ru_maxrss / 1024,
        "processor": own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime,
    }))  # fmt: skip


def pools(place: Path, number: int) -> None:
    """The whole of a fleet by one and by two processes."""
    for jobs in (1, 2):
        command = [sys.executable, __file__, "--measure", str(place), str(jobs)]
        told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        assert told["count"] == number, told
        print(
            f"| {number:,} | {jobs} | {told['seconds']:.1f} s | {number / told['seconds']:.0f} | "
            f"{told['processor'] / number * 1000:.1f} ms | {told['first pass']:.1f} s | {told['first line']:.2f} s | "
            f"{told['driver']:.0f} MiB | {told['worker']:.0f} MiB | {told['failures']} |",
            flush=True,
        )


def peers(paths: Sequence[str], place: Path, insights: Optional[str]) -> None:
    """What others take for less, over the same bundles."""
    sample = [path for path in paths[:SAMPLE] if "lpar" in path]
    texts = place / "texts"
    for path in sample:
        try:
            with tarfile.open(path) as tar:
                tar.extractall(texts / Path(path).name, **({"filter": "data"} if sys.version_info >= (3, 12) else {}))
        except EOFError:
            pass
    print("| peer | processor a bundle |\n|---|---|")
    if insights:
        # to be given the whole ones: what it makes of others it says in its log
        whole = [path for at, path in enumerate(paths[:SAMPLE]) if "lpar" in path and at % DAMAGED != DAMAGED - 1]
        command = [insights, str(ROOT / "benchmarks" / "insights_peer.py"), *whole]
        told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])
        print(f"| insights-core, three rules, from the archive | {told['seconds'] / told['judged'] * 1000:.1f} ms |")
    else:
        print("| insights-core | not installed |")
    for program in ("grep", "rg"):
        found = shutil.which(program)
        if not found:
            print(f"| {program} | not installed |")
            continue
        options = ["-rlE"] if program == "grep" else ["-l"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [found, *options, "create BIO|0042-|inoperative", str(texts)], stdout=subprocess.DEVNULL, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"| {program}, three patterns, over the unpacked texts | {took / len(sample) * 1000:.2f} ms |")
    shutil.rmtree(texts)


def main() -> None:
    """Makes the fleets and prints three tables."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("sizes", metavar="N", nargs="*", type=int, default=SIZES, help="bundles of a fleet")
    asked.add_argument("--insights", metavar="PYTHON", help="one that has insights-core")
    asked.add_argument("--measure", metavar=("PLACE", "JOBS"), nargs=2, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.measure:
        measured(given.measure[0], int(given.measure[1]))
        return
    insights, sizes = given.insights, given.sizes
    print(
        f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"
    )
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        every: List[Tuple[int, Path, List[str]]] = []
        for number in sizes:
            fleet = place / str(number)
            fleet.mkdir()
            every.append((number, fleet, make(fleet, number)))
        paths = every[-1][2]
        warm(paths)
        print()
        peers(paths, place, insights)
        print(
            "\n| bundles | jobs | all | a second | processor a bundle | first pass | first line after it | driver | "
            "worker | failures |\n|---|---|---|---|---|---|---|---|---|---|"
        )
        for number, fleet, _ in every:
            pools(fleet, number)


if __name__ == "__main__":
    main()
