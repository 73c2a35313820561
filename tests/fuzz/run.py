"""The longer form: each target is tried for some time with inputs made of its corpus, and what breaks it is kept.

    python tests/fuzz/run.py [--target NAME] [--seconds N] [--seed S] [--atheris] [--into DIR]
    python tests/fuzz/run.py --target NAME --input FILE        # one input again

Each target runs in a process of its own, which is ended where one input takes more than DEADLINE seconds. With
`--atheris`, where that is installed, inputs are led by what of the code they reach; else by chance.
"""

import argparse
import contextlib
import faulthandler
import hashlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Sequence

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
DEADLINE = 10.0
"""Seconds of the processor that one input may take: some hundred times what the slowest takes."""
PATIENCE = 60.0
"""Seconds by the clock after which a process that does not answer is ended, whatever it waits for."""


class NoEnd(BaseException):
    """An input takes longer than the deadline; no reader catches it."""


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises NoEnd once that much of the processor's time has gone; expressions look for signals too."""

    def over(number: int, frame: Any) -> None:
        raise NoEnd(f"no end after {seconds:.0f} s")

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def symptom(error: BaseException) -> str:
    """What tells one failure from another: the kind of error, and the last line of the project that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/nimdoctor/" in frame.filename or "/checks/" in frame.filename]
    last = (own or frames)[-1]
    asserted = [frame for frame in frames if frame.filename.endswith("targets.py")]
    where = asserted[-1] if isinstance(error, AssertionError) and asserted else last
    said = (str(error).splitlines() or [""])[0][:160]
    return f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {ascii(said)[1:-1]}"


class Trial:
    """One target tried: what broke it goes into a directory, one input for each symptom."""

    def __init__(self, target: str, into: Path) -> None:
        from fuzz.targets import TARGETS

        self.target = target
        self.function = TARGETS[target]
        self.into = into
        self.inputs = 0
        self.found: Dict[str, str] = {}
        into.mkdir(parents=True, exist_ok=True)
        self.running = into / f".running-{target}"

    def attempt(self, raw: bytes) -> Optional[BaseException]:
        """Runs the target once; the input is on the disk while it does."""
        self.inputs += 1
        self.running.write_bytes(raw)
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        try:
            with deadline(DEADLINE):
                self.function(raw)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self.keep(raw, symptom(error))
            return error
        finally:
            faulthandler.cancel_dump_traceback_later()
        return None

    def keep(self, raw: bytes, what: str) -> None:
        key = what.split(": ")[0]
        if key in self.found:
            return
        path = self.into / f"{self.target}-{hashlib.sha256(raw).hexdigest()[:12]}"
        path.write_bytes(raw)
        self.found[key] = str(path)
        print(f"{self.target}: {what}\n    python tests/fuzz/run.py --target {self.target} --input {path}", flush=True)


def by_chance(trial: Trial, seconds: float, seed: int) -> None:
    from fuzz.corpus import seeds
    from fuzz.mutations import mutated

    chance = random.Random(f"{seed} {trial.target}")
    inputs = seeds(trial.target)
    for raw in inputs:
        trial.attempt(raw)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        trial.attempt(mutated(chance.choice(inputs), inputs, chance))


def by_coverage(trial: Trial, seconds: float, seed: int) -> None:
    """Never returns: libFuzzer ends a process without a word of its own."""
    import atheris

    from fuzz.corpus import seeds
    from fuzz.mutations import LIMIT, mutated

    inputs = seeds(trial.target)
    place = tempfile.mkdtemp(prefix="corpus-")
    for number, raw in enumerate(inputs):
        Path(place, str(number)).write_bytes(raw)

    def other(raw: bytes, size: int, chosen: int) -> bytes:
        chance = random.Random(chosen)
        if chance.random() < 0.5:
            return bytes(atheris.Mutate(raw, min(size, LIMIT)))
        return mutated(raw, inputs, chance)[:size]

    until = time.monotonic() + seconds

    def one(raw: bytes) -> None:
        trial.attempt(raw)
        if time.monotonic() > until:
            done(trial)
            shutil.rmtree(place, ignore_errors=True)
            os._exit(1 if trial.found else 0)

    words = [sys.argv[0], f"-seed={seed}", f"-max_len={LIMIT}", "-timeout=120", "-verbosity=0", place]
    atheris.Setup(words, one, custom_mutator=other)
    atheris.Fuzz()


def done(trial: Trial) -> None:
    print(f"| {trial.target} | {trial.inputs} | {len(trial.found)} |", flush=True)
    with contextlib.suppress(FileNotFoundError):
        trial.running.unlink()


def guided() -> Callable[[Trial, float, int], None]:
    """Inputs led by coverage where atheris is installed; the project's modules are then loaded so that it sees them."""
    try:
        import atheris
    except ImportError:
        print("atheris is not installed: inputs by chance", file=sys.stderr)
        return by_chance
    with atheris.instrument_imports(include=["nimdoctor", "checks"]), contextlib.redirect_stderr(io.StringIO()):
        import fuzz.targets  # noqa: F401
    return by_coverage


def children(names: Sequence[str], words: Sequence[str], seconds: float, into: Path) -> int:
    """Runs each target in a process; what ended one without a word is kept as what never ended. 1 where anything broke."""
    status = 0
    print("| target | inputs | different failures |\n|---|---|---|", flush=True)
    for name in names:
        process = subprocess.Popen(
            [sys.executable, __file__, "--target", name, "--here", *words], start_new_session=True
        )
        try:
            # loading the project so that its lines are counted takes a while
            code = process.wait(seconds + 5 * PATIENCE)
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        running = into / f".running-{name}"
        if code and running.exists():
            path = running.rename(into / f"{name}-ended-{hashlib.sha256(running.read_bytes()).hexdigest()[:12]}")
            print(
                f"{name}: no end, or the process itself ended\n    python tests/fuzz/run.py --target {name} --input {path}"
            )
        status = status or int(bool(code) or any(into.glob(f"{name}-*")))
    return status


def main(words: Sequence[str]) -> int:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--target", action="append", metavar="NAME", help="may be given several times; else all")
    asked.add_argument("--seconds", type=float, default=60.0, metavar="N", help="for each target, 60 unless told")
    asked.add_argument("--seed", type=int, default=1, metavar="S", help="which inputs are made by chance")
    asked.add_argument("--atheris", action="store_true", help="be led by coverage where atheris is installed")
    asked.add_argument("--into", type=Path, metavar="DIR", help="where what breaks a target is written")
    asked.add_argument("--input", type=Path, metavar="FILE", help="try this input alone, with its traceback")
    asked.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = asked.parse_args(words)
    into = chosen.into or Path(tempfile.mkdtemp(prefix="fuzz-"))
    drive = guided() if chosen.here and chosen.atheris else by_chance
    from fuzz.targets import TARGETS, targets

    unknown = sorted(set(chosen.target or ()) - set(TARGETS))
    if unknown:
        asked.error(f"no target is called {', '.join(unknown)}; there are {', '.join(targets())}")
    if chosen.input:
        for name in chosen.target or targets():
            with deadline(DEADLINE):
                TARGETS[name](chosen.input.read_bytes())
        return 0
    if chosen.here:
        trial = Trial(chosen.target[0], into)
        drive(trial, chosen.seconds, chosen.seed)
        done(trial)
        return 1 if trial.found else 0
    print(f"what breaks a target is written to {into}")
    more = ["--seconds", str(chosen.seconds), "--seed", str(chosen.seed), "--into", str(into)]
    return children(chosen.target or targets(), more + ["--atheris"] * chosen.atheris, chosen.seconds, into)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
