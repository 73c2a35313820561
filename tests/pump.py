"""Texts with a long run in them, and whether a reader comes to the end of each.

A reader that is linear takes a moment for a megabyte; one that is quadratic does not end on it. Which one it is shows
only from outside, in a process that can be ended.

    ends_in_time("nimdoctor.model.private_keys:without_private_keys", pumped(KEY, MEGABYTE), 60)
"""

import os
import pickle
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterable, Iterator, Mapping, Tuple

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
    with tempfile.TemporaryFile() as given:
        for payload in payloads:
            pickle.dump(payload, given)
        given.seek(0)
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        command = [sys.executable, __file__, function]
        environment = {**os.environ, "PYTHONPATH": path}
        try:
            ended = subprocess.run(
                command, stdin=given, capture_output=True, text=True, timeout=seconds, env=environment
            )
        except subprocess.TimeoutExpired as late:
            told = (late.stdout or b"").decode() if isinstance(late.stdout, bytes) else late.stdout or ""
            raise AssertionError(f"{function} does not end: {_last(told)}") from None
    assert ended.returncode == 0, f"{function} breaks: {_last(ended.stdout)}\n{ended.stderr}"


def _last(told: str) -> str:
    return (told.splitlines() or ["nothing was begun"])[-1]


def _read_each(function: str) -> None:
    """The child: tells each payload before it is read."""
    import importlib

    module, _, name = function.partition(":")
    reader = getattr(importlib.import_module(module), name)
    while True:
        try:
            label, *arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        print(label, flush=True)
        reader(*arguments)


if __name__ == "__main__":
    _read_each(sys.argv[1])
