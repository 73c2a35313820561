"""Runs the whole suite part by part, each in a process of its own, as many at a time as there are processors.

A process that collects all of the suite has some hundred megabytes, and each command that a test starts costs
by them: Python 3.9 forks where later ones do not. So a part is a directory, or what of it is dear.

    python tests/run.py [PART ...]
"""

import collections
import datetime
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import IO, Dict, List, NamedTuple, Optional, Sequence

from effort import FEWER
from left_behind import adopt, answer_signals, bury, end_descendants
from scratch import SCRATCH, memory

REPOSITORY = Path(__file__).resolve().parent.parent
SPREADING = ("tests/applying/test_kill.py",)
"""Parts that use all processors by themselves; they come first, one after the other."""
LONGEST = (
    "tests/ssh",
    "tests/applying",
    "tests/cli",
    "tests/scripts/package",
    "tests/redaction",
    "tests/fixes",
    "tests",
    "tests/checks",
    "tests/collection",
    "tests/installed",
    "tests/remote",
    "tests/lab",
)
"""The parts that take longest, so that none of them is left for the end."""
ELSEWHERE = ("tests/ansible",)
"""What needs another Python beside this one: `make ansible-test` runs it."""
OF_ANY_PYTHON = (
    "tests/report/test_browser.py",
    "tests/test_aix_commands.py",
    "tests/test_contributing.py",
    "tests/test_documented_tools.py",
    "tests/test_generated.py",
    "tests/test_planted_faults.py",
    "tests/test_shell_texts.py",
    "tests/test_wheel.py",
)
"""What says the same on every Python, so that a run of `fewer` leaves it to the other: what a browser shows of a page
whose text is tried on each, what a wheel holds that is installed and imported by each, and what stands in the sources, in
the documents made of them and in the tools of whoever changes them."""
DEADLINE = 1800.0
"""Seconds for one part."""
PATIENCE = 5.0
"""Seconds for a part that is ended early to undo what it has made."""
UNTRIED = re.compile(r"SKIPPED \[(\d+)\] .*: (.+) is not installed$")
"""What pytest says of tests that `programs.absent` skipped."""
COUNT = re.compile(r"(\d+) (passed|failed|error|errors|skipped|xfailed|xpassed|warning|warnings)\b")
ORDER = ("failed", "passed", "skipped")
PLURAL = ("error", "warning")
SUMMED = "killed, failed, refused"


class Running(NamedTuple):
    """A part that runs, and the file it writes into."""

    part: str
    process: "subprocess.Popen[bytes]"
    output: "IO[bytes]"
    since: float
    scratch: Optional[str]
    """Where it writes, to be removed whatever becomes of it; None where its own choice does."""


def parts() -> List[str]:
    """Every directory with tests in it, each without what is a part of its own, and the doctests."""
    found = {path.parent.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "tests").rglob("test_*.py")}
    rest = sorted((found | {"nimdoctor"}) - {*LONGEST, *ELSEWHERE})
    return [*SPREADING, *LONGEST, *rest]


def words(part: str) -> List[str]:
    """What pytest is told to run of a part: files of a directory, not those below it."""
    place = REPOSITORY / part
    if place.is_file() or part == "nimdoctor":
        return [part]
    files = sorted(path.relative_to(REPOSITORY).as_posix() for path in place.glob("*.py") if path.name != "run.py")
    left_out = (*SPREADING, *(OF_ANY_PYTHON if FEWER else ()))
    return [name for name in files if name not in left_out and not name.endswith("conftest.py")]


def environment(compiled: str) -> Dict[str, str]:
    """That of the parts. Where no bytecode is to be written beside its source it goes into that directory.

    Without any, each part compiles all that it imports anew, and so does each command that a test starts.
    """
    found = dict(os.environ)
    if found.pop("PYTHONDONTWRITEBYTECODE", ""):
        found["PYTHONPYCACHEPREFIX"] = compiled
    return found


def start(part: str, compiled: str) -> Running:
    output = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the part has ended
    scratch = None if SCRATCH in os.environ else memory()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rsfE", *words(part)],
        cwd=REPOSITORY,
        env={**environment(compiled), **({SCRATCH: scratch, "TMPDIR": scratch} if scratch else {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    return Running(part, process, output, time.monotonic(), scratch)


def end(running: Sequence[Running]) -> None:
    """Ends parts, and removes what they wrote."""
    for one in running:
        if one.process.poll() is None:
            one.process.terminate()
    for one in running:
        try:
            one.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait()
        if one.scratch:
            shutil.rmtree(one.scratch, ignore_errors=True)


class Results:
    """What the parts came to."""

    def __init__(self) -> None:
        self.failed: List[str] = []
        self.tests_failed: List[str] = []
        self.tests: Dict[str, int] = collections.Counter()
        self.summed: Dict[str, int] = collections.Counter()
        self.untried: Dict[str, int] = collections.Counter()

    def take(self, one: Running) -> None:
        """Counts what a part says at its end and prints it: all of it when it failed, else its last line."""
        one.output.seek(0)
        said = one.output.read().decode("utf-8", "replace").splitlines()
        one.output.close()
        last = said[-1] if said else "nothing said"
        for number, what in COUNT.findall(last):
            self.tests[what.rstrip("s") if what.startswith(PLURAL) else what] += int(number)
        summed = False
        for line in said[:-1]:
            lacking = UNTRIED.match(line)
            if lacking:
                self.untried[lacking[2]] += int(lacking[1])
            elif line.startswith("="):
                summed = SUMMED in line
            elif summed:
                number, _, what = line.strip().partition(" ")
                if number.isdigit():
                    self.summed[what] += int(number)
        if one.process.returncode:
            self.failed.append(one.part)
            self.tests_failed += [line for line in said if line.startswith(("FAILED ", "ERROR "))]
            print("\n".join(said))
        else:
            for line in said:
                if line.startswith("SKIPPED") and not UNTRIED.match(line):
                    print(line)
        print(f"{one.part}: {last}", flush=True)

    def counts(self) -> str:
        """As pytest has it in its closing line."""
        order = sorted(self.tests, key=lambda what: (ORDER.index(what) if what in ORDER else len(ORDER), what))
        told = [f"{self.tests[what]} {what}{'s' if what in PLURAL and self.tests[what] > 1 else ''}" for what in order]
        return ", ".join(told) or "no tests ran"

    def not_tried(self) -> List[str]:
        """A line for each program that some tests would have needed."""
        return [
            f"not tried here, since {name} is not installed: {number} test{'s' if number > 1 else ''}"
            for name, number in sorted(self.untried.items())
        ]


def run(names: Sequence[str], at_once: int, results: Results, compiled: str) -> None:
    """Runs parts to their ends, whatever becomes of each; `compiled` is a directory for bytecode."""
    waiting, running = list(names), []
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(start(waiting.pop(0), compiled))
            for one in list(running):
                if time.monotonic() - one.since > DEADLINE:
                    print(f"{one.part}: not done after {DEADLINE:.0f} s, ended")
                    end([one])
                if one.process.poll() is not None:
                    end([one])
                    running.remove(one)
                    results.take(one)
            bury({one.process.pid for one in running})
            time.sleep(0.05)
    finally:
        end(running)
        end_descendants()


def interrupted(number: int, frame: Optional[FrameType]) -> None:
    """Has the parts ended on the way out, which a second signal does not cut short."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)


def main(arguments: Sequence[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupted)
    answer_signals()
    adopt()
    since = time.monotonic()
    results = Results()
    chosen = [part.rstrip("/") for part in arguments] or parts()
    with tempfile.TemporaryDirectory(prefix="nd-compiled-") as compiled:
        os.chmod(compiled, 0o755)  # for tests that become somebody else
        run([part for part in chosen if part in SPREADING], 1, results, compiled)
        run([part for part in chosen if part not in SPREADING], os.cpu_count() or 1, results, compiled)
    if results.summed:
        print(f"\n{SUMMED}:")
        for what, number in sorted(results.summed.items()):
            print(f"{number:6} {what}")
    for line in results.not_tried():
        print(line)
    if results.failed:
        # once more, since what stands above may have been cut
        print(f"\nparts that failed: {' '.join(results.failed)}", *results.tests_failed, sep="\n")
    taken = time.monotonic() - since
    print(f"\n{results.counts()} in {taken:.2f}s ({datetime.timedelta(seconds=int(taken))})", flush=True)
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
