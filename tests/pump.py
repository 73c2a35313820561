"""Texts with a long run in them, and whether a reader comes to the end of each.

A reader that is linear takes four times as long for a text of four times the length; one that is quadratic sixteen
times, and for a megabyte it does not end: that shows only from outside, in a process that can be ended. Seconds are
those of the processor, whatever else the machine does.

    grows_with_its_text("nimdoctor.model.private_keys:without_private_keys", lambda part: pumped(KEY, LINE // part), 60)
"""

import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, List, Mapping, Sequence, Tuple

Payload = Tuple[str, bytes]
"""What a text is, in words, and the text."""
Call = Tuple[object, ...]
"""The same for a function that takes more than the text: the words, then its arguments."""

LINE = 62 * 1024
"""Bytes of a run that still leave what follows it on the 64 KiB that are read of a line."""
MEGABYTE = 1024 * 1024

RUNS: Mapping[str, bytes] = {
    "blanks": b" ",
    "one letter": b"a",
    "digits": b"7",
    "dots": b".",
    "dashes": b"-",
    "beginnings of a key": b"-BEGIN ",
    "words": b"a ",
    "names": b"a.",
    "colons": b":",
    "equals signs": b"=",
    "commas": b",",
    "quotes": b'"',
    "tabs": b"\t",
    "parentheses": b"(",
    "slashes": b"/",
    "hashes": b"#",
    "carriage returns": b"\r",
}
"""The pieces that a text is pumped with, by their names."""


NOTHING = 0.005
"""Seconds; what takes no longer for a text of LINE // 4 takes a moment for one of LINE too, even if it is quadratic."""
GROWTH = 9.0
"""Between four times, which is linear, and sixteen times, which is quadratic."""
WAITING = 20
"""How many times the seconds of the processor a child may last on a machine that does other things as well."""

BROKEN = b"@"
"""Stands where a run must not end for a text to be understood: what gives up there shows how often it tries again."""


def on_one_line(seed: bytes, size: int = LINE, runs: Mapping[str, bytes] = RUNS) -> Iterator[Payload]:
    r"""The text with a run of `size` bytes before it, within it, after it, and on a line that nothing understands.

    Within is where a word begins or ends, another place for each kind of run, so that many seeds try many.

    >>> [payload for label, payload in on_one_line(b"a=1", 4, {"dots": b"."})]
    [b'....a=1', b'a....=1', b'....@\na=1', b'a=1....@']
    """
    lines = [0, *(found.end() for found in re.finditer(rb"\n", seed))]
    for number, (name, piece) in enumerate(runs.items()):
        at, begin = _place(seed, number), lines[(number + 1) % len(lines)]
        run = (piece * (size // len(piece) + 1))[:size]
        yield f"{name} before it", run + seed
        yield f"{name} in it at {at}", seed[:at] + run + seed[at:]
        yield f"{name} on a line of their own at {begin}", seed[:begin] + run + BROKEN + b"\n" + seed[begin:]
        yield f"{name} after it", seed + run + BROKEN


def on_many_lines(seed: bytes, size: int = LINE, runs: Mapping[str, bytes] = RUNS) -> Iterator[Payload]:
    r"""The text with very many short lines before it, within it and after it.

    >>> [payload for label, payload in on_many_lines(b"a=1", 4, {"dots": b"."})]
    [b'.\n.\na=1', b'a\n.\n.\n=1', b'a=1\n.\n.\n']
    """
    for number, (name, piece) in enumerate(runs.items()):
        at = _place(seed, number)
        lines = (piece + b"\n") * (size // (len(piece) + 1))
        yield f"lines of {name} before it", lines + seed
        yield f"lines of {name} in it at {at}", seed[:at] + b"\n" + lines + seed[at:]
        yield f"lines of {name} after it", seed + b"\n" + lines


def pumped(seed: bytes, size: int = LINE, runs: Mapping[str, bytes] = RUNS) -> Iterator[Payload]:
    """The text with each run on one line, and as very many lines."""
    yield from on_one_line(seed, size, runs)
    yield from on_many_lines(seed, size, runs)


def _place(seed: bytes, number: int) -> int:
    places = [found.start() for found in re.finditer(rb"\b", seed)][1:-1] or [len(seed) // 2]
    return places[number * 7 % len(places)]


def repeated(seed: bytes, size: int = LINE) -> Iterator[Payload]:
    r"""The text again and again until it has `size` bytes, as it is, and so that the first or last words all differ.

    >>> [payload for label, payload in repeated(b"a 1\n", 8)]
    [b'a 1\na 1\n', b'a0 1\na1 1\n', b'a 10\na 11\n']
    """
    rows = [row for row in seed.splitlines() if row.strip()] or [seed]
    all_rows = rows * (size // (len(b"".join(rows)) + len(rows)) or 1)
    yield "repeated", b"".join(row + b"\n" for row in all_rows)
    first = (re.sub(rb"(\S+)", rb"\g<1>%d" % number, row, count=1) for number, row in enumerate(all_rows))
    yield "repeated with other first words", b"".join(row + b"\n" for row in first)
    yield "repeated with other last words", b"".join(b"%s%d\n" % (row, number) for number, row in enumerate(all_rows))


def ends_in_time(function: str, payloads: Iterable[Call], seconds: float) -> None:
    """Fails unless `module:function` comes back from each of the payloads, all of them within so many seconds.

    It runs in a process of its own, and what it raises is a failure as well.
    """
    _run("_read_each", function, payloads, seconds)


def grows_with_its_text(function: str, texts: Callable[[int], Iterable[Call]], seconds: float) -> None:
    """Fails unless `module:function` takes for each of `texts(1)` about four times as long as for its like of `texts(4)`,
    a fourth of its length, and for all together no more than so many seconds.
    """
    _run("_compare_each", function, (pair for pairs in zip(texts(4), texts(1)) for pair in pairs), seconds)


def _run(how: str, function: str, payloads: Iterable[Call], seconds: float) -> None:
    with tempfile.TemporaryFile() as given:
        for payload in payloads:
            pickle.dump(payload, given)
        given.seek(0)
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        ended = subprocess.run(
            [sys.executable, __file__, how, function, str(int(seconds))],
            stdin=given, capture_output=True, text=True, timeout=seconds * WAITING, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
    last = (ended.stdout.splitlines() or ["nothing was begun"])[-1]
    assert ended.returncode != -signal.SIGXCPU, f"{function} does not end: {last}"
    assert ended.returncode == 0, f"{function} breaks: {last}\n{ended.stderr}"


# -- what runs in the child


def _given() -> Iterator[Call]:
    """The payloads; the name of each is printed before it is read."""
    while True:
        try:
            payload = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        print(payload[0], flush=True)
        yield payload


def _read_each(reader: Callable[..., Any]) -> None:
    for _, *arguments in _given():
        reader(*arguments)


def _compare_each(reader: Callable[..., Any]) -> None:
    for label, *short in _given():
        _, *long = next(_given())
        if _seconds(reader, short) > NOTHING and all(_is_too_long(reader, short, long, turn) for turn in range(3)):
            sys.exit(f"{label}: four times as much takes more than {GROWTH:.0f} times as long")


def _is_too_long(reader: Callable[..., Any], short: List[Any], long: List[Any], turn: int) -> bool:
    """Once more where something else may have been the cause: with other texts, as what was read may be remembered."""
    more = b"\n" * (turn + 1)
    taken, before = (_seconds(reader, [raw + more, *others]) for raw, *others in (long, short))
    return taken > GROWTH * max(before, NOTHING)


def _seconds(reader: Callable[..., Any], arguments: Sequence[object]) -> float:
    since = time.process_time()
    reader(*arguments)
    return time.process_time() - since


def _main(how: str, function: str, seconds: str) -> None:
    import importlib

    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
    module, _, name = function.partition(":")
    {"_read_each": _read_each, "_compare_each": _compare_each}[how](getattr(importlib.import_module(module), name))


if __name__ == "__main__":
    _main(*sys.argv[1:])
