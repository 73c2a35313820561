"""Measures what the README of this directory quotes: whole processes, wall time and peak memory.

Run it on a quiet machine: `make bench`. Each command runs once unmeasured, then RUNS times; the
median is printed. Beside nimdoctor stand a bare interpreter and `grep -cE`, measured in turn.
"""

import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from typing import Dict, List, Sequence, Tuple

RUNS = 15
LARGE = 200 * 1024 * 1024

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLIENT = os.path.join(ROOT, "fixtures", "hosts", "healthy", "client")
MASTER = os.path.join(ROOT, "fixtures", "hosts", "healthy", "master")
NIMDOCTOR = os.path.join(os.path.dirname(sys.executable), "nimdoctor")


def run(command: Sequence[str], output: str) -> Tuple[float, float]:
    """Wall seconds and peak MiB of one process; its output goes to a file, since grep stops early at /dev/null."""
    started = time.perf_counter()
    process = os.posix_spawn(
        command[0],
        list(command),
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    _, _, usage = os.wait4(process, 0)
    return time.perf_counter() - started, usage.ru_maxrss / 1024


Figures = Dict[str, List[Tuple[float, float]]]


def measure(commands: Dict[str, List[str]], runs: int, output: str) -> Figures:
    """Wall seconds and peak MiB of each run of each command, the commands taken in turn."""
    found: Figures = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            figures = run(command, output)
            if turn:
                found[name].append(figures)
    return found


def rows(figures: Figures) -> List[str]:
    """A row for each command: median and largest wall time, largest peak."""
    return [
        f"| `{name}` | {_ms([wall for wall, _ in all_])} | {max(peak for _, peak in all_):.0f} MiB |"
        for name, all_ in figures.items()
    ]


def beyond(figures: Figures, name: str, other: str) -> str:
    """A row for what one command takes longer than another, turn by turn."""
    return f"| {name} beyond {other}, by pairs | {_ms([b - a for (a, _), (b, _) in zip(figures[other], figures[name])])} | |"


def _ms(walls: List[float]) -> str:
    return f"{statistics.median(walls) * 1000:.0f} ms | {max(walls) * 1000:.0f} ms"


def large_log(path: str) -> None:
    """A nimsh.log of 200 MB: TLS pushes that go on, every hundredth hangs, queries between, a hang at the end."""
    day = "Fri Mar 14 10:%02d:%02d 2025        %s\n"
    start = ["file descriptor is : 0", "source addr is : 10.1.1.10", "source hostname is : nim1"]
    tls = [
        "Loading certificates..",
        "Negotiating SSL_CTX object using SSLv23_method",
        "Loading private key file..",
        "create BIO",
    ]
    dialog = [
        "success: we got 1st write query is 0",
        "success: we got 4th write command is /usr/lpp/bos.sysmgt/nim/methods/c_instp",
        "success: we got 6th write Openssl setting is 1",
        "sending ack to client..",
    ]
    query = ["success: we got 1st write query is 1", "sending ack to client.."]

    def session(lines: List[str], number: int) -> str:
        return "".join(day % (number % 60, number * 7 % 60, line) for line in lines) + "\n"

    block = "".join(
        session(start + tls + (dialog if number % 100 else []), number) + session(start + query, number)
        for number in range(1000)
    ).encode("ascii")
    with open(path, "wb") as stream:
        for _ in range(LARGE // len(block) + 1):
            stream.write(block)
        stream.write(session(start + tls, 1).encode("ascii"))


def main() -> None:
    place = tempfile.mkdtemp()
    try:
        log = os.path.join(place, "nimsh.log")
        large_log(log)
        python, grep = sys.executable, shutil.which("grep") or "/usr/bin/grep"
        bundle = [NIMDOCTOR, "report", "--case", "TS001234567", "--output", place]
        key = ["--redact-key", os.path.join(place, "site.key")]
        small = {
            "python3 -c pass": [python, "-c", "pass"],
            "nimdoctor --help": [NIMDOCTOR, "--help"],
            "nimdoctor scan CLIENT --format json": [NIMDOCTOR, "scan", CLIENT, "--format", "json"],
            "nimdoctor scan CLIENT": [NIMDOCTOR, "scan", CLIENT],
            "nimdoctor scan CLIENT --master MASTER --format json": [
                NIMDOCTOR, "scan", CLIENT, "--master", MASTER, "--format", "json",
            ],
            "nimdoctor scan CLIENT --master MASTER --format html": [
                NIMDOCTOR, "scan", CLIENT, "--master", MASTER, "--format", "html",
            ],
            "nimdoctor report CLIENT --case ... --no-redact": [*bundle, CLIENT, "--no-redact"],
            "nimdoctor report CLIENT --case ...": [*bundle, CLIENT, *key],
            "nimdoctor report CLIENT --master MASTER --case ...": [*bundle, CLIENT, "--master", MASTER, *key],
        }  # fmt: skip
        large = {
            "grep -cE 'create BIO' (200 MB)": [grep, "-cE", "create BIO", log],
            "nimdoctor scan nimsh.log (200 MB) --format json": [NIMDOCTOR, "scan", log, "--format", "json"],
        }
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}\n")
        print("| command | wall, median | wall, worst | peak memory |\n|---|---|---|---|")
        output = os.path.join(place, "output")
        taken = measure(small, RUNS, output)
        print("\n".join(rows(taken)))
        print(beyond(taken, "nimdoctor report CLIENT --case ...", "nimdoctor scan CLIENT --format json"))
        print("\n".join(rows(measure(large, 5, output))))
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
