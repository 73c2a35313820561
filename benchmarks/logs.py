"""Measures what a nimsh.log costs: its whole history, the verdict on its newest session, a scan; beside grep and others.

`make bench-logs`. Whole processes, in processor time (user and system), so that other work on the machine matters less;
commands are taken in turn, and the median of RUNS is told. ripgrep is measured where it is installed (or RIPGREP names
it), searchkit where SEARCHKIT names a Python that has it.

`logs.py history LOG`, `newest LOG`, `line LOG` and `searchkit LOG` are the single measurements.
"""

import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
from datetime import datetime, timedelta
from typing import Callable, Dict, Iterator, List, Tuple

import measure

RUNS = 3
MIB = 1 << 20
SIZES = (1, 20, 200)
LARGEST = 1024
WORDS = (
    "file descriptor is", "source addr is", "source hostname is", "Loading certificates", "Negotiating SSL_CTX",
    "Loading private key", "create BIO", "write query is", "write command is", "setting is",
)  # fmt: skip
"""Ten alternatives that occur."""


def as_it_comes(path: str, size: int) -> None:
    """The log of `measure.py`: TLS pushes, every hundredth of which hangs, with a nimquery after each."""
    measure.LARGE = size
    measure.large_log(path)


def unlike_lines(path: str, size: int) -> None:
    """A log of such sessions in which no line comes twice: stamps grow, and each session has numbers of its own."""
    drawn = random.Random(7)
    when, number, written = datetime(2020, 3, 14), 0, 0
    with open(path, "w", encoding="ascii") as log:
        while written < size:
            number += 1
            when += timedelta(seconds=drawn.randint(5, 400))
            address = ".".join(str(drawn.randrange(256)) for _ in range(3))
            lines = [f"file descriptor is : {number}", f"source addr is : 10.{address} {number}"]
            lines.append(f"source hostname is : lpar{number}")
            if drawn.random() < 0.5:
                lines += [f"Loading certificates.. {number}", f"Negotiating SSL_CTX object {number}"]
                lines += [f"Loading private key file.. {number}", "create BIO"]
                lines += [f"success: we got 4th write command is c_instp {number}"] if number % 100 else []
            else:
                lines += ["success: we got 1st write query is 1", f"sending ack to client.. {number}"]
            written += log.write("".join(f"{when:%a %b %d %H:%M:%S %Y}        {line}\n" for line in lines) + "\n")


def history(path: str) -> None:
    """All sessions by outcome, first and last time, all lines, and the newest thousand with their numbers."""
    log = _log(path)
    marks = [(session.ended, session.end, session.last.line) for session in log.sessions]
    print(log.lines, log.first_time, log.last_time, {end.value: many for end, many in log.counts().items()}, marks[-1])


def newest(path: str) -> None:
    """How the newest session that loaded certificates ended."""
    print(_log(path).newest_loaded().end.value)


def line(path: str) -> None:
    """The same with the number of its last line."""
    print(_log(path).newest_loaded().last)


def _log(path: str):  # type: ignore[no-untyped-def]
    from nimdoctor.facts.nimsh_log import NimshLog
    from nimdoctor.model.text import Text

    return NimshLog.parse(Text(path, lambda: open(path, "rb")))


def searchkit(path: str) -> None:
    """The ten alternatives as ten searches of searchkit."""
    from searchkit import FileSearcher, SearchDef  # type: ignore[import-not-found]

    search = FileSearcher()
    for word in WORDS:
        search.add(SearchDef(f".*({word})", tag=word), path)
    print(len(search.run()))


def spent(command: List[str]) -> Tuple[float, float]:
    """Processor seconds and peak MiB of a process."""
    null = [(os.POSIX_SPAWN_OPEN, where, os.devnull, os.O_WRONLY, 0) for where in (2,)]
    with tempfile.TemporaryFile() as output:  # grep stops early at /dev/null
        actions = [*null, (os.POSIX_SPAWN_DUP2, output.fileno(), 1)]
        process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        _, _, usage = os.wait4(process, 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def commands(path: str) -> Iterator[Tuple[str, List[str]]]:
    """What is measured of a log, by its words in the table."""
    pattern = "|".join(WORDS)
    yield "`grep -cE` ten alternatives", [shutil.which("grep") or "/usr/bin/grep", "-cE", pattern, path]
    ripgrep = os.environ.get("RIPGREP") or shutil.which("rg")
    if ripgrep:
        yield "`rg -c` the same", [ripgrep, "-c", pattern, path]
    if "SEARCHKIT" in os.environ and os.path.getsize(path) <= 2 * MIB:
        yield "searchkit, ten searches", [os.environ["SEARCHKIT"], __file__, "searchkit", path]
    yield "`python3 -c pass`", [sys.executable, "-c", "pass"]
    for name in ("history", "newest", "line"):
        yield f"`logs.py {name}`", [sys.executable, __file__, name, path]
    for form in ("json", "html"):
        yield f"`nimdoctor scan --format {form}`", [measure.NIMDOCTOR, "scan", path, "--format", form]


def table(path: str, title: str) -> None:
    """Prints the rows of one log."""
    found: Dict[str, List[Tuple[float, float]]] = {name: [] for name, _ in commands(path)}
    for _ in range(RUNS):
        for name, command in commands(path):
            found[name].append(spent(command))
    base = statistics.median(seconds for seconds, _ in next(iter(found.values())))
    for name, runs in found.items():
        median = statistics.median(seconds for seconds, _ in runs)
        peak = max(peak for _, peak in runs)
        print(f"| {title} | {name} | {median * 1000:.0f} ms | {median / base:.1f} | {peak:.0f} MiB |", flush=True)


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}\n")
    print("| log | command | processor time | times grep | peak memory |\n|---|---|---|---|---|")
    place = tempfile.mkdtemp()
    try:
        path = os.path.join(place, "nimsh.log")
        makers: Dict[str, Callable[[str, int], None]] = {"as it comes": as_it_comes, "no line twice": unlike_lines}
        for kind, make in makers.items():
            for size in (*SIZES, LARGEST) if make is as_it_comes else SIZES:
                make(path, size * MIB)
                table(path, f"{size} MiB {kind}")
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    single = {"history": history, "newest": newest, "line": line, "searchkit": searchkit}
    single[sys.argv[1]](sys.argv[2]) if len(sys.argv) > 2 else main()
