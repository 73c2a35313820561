"""The sessions shown in the documentation, run again in the lab: every line they show is one that is printed.

A block between `<!-- session: SCENARIO -->` (or `<!-- session continues -->`) and `<!-- end -->` holds
commands, each a line that begins with `# `, and below it lines of its output in their order; `...` stands
for lines left out. Run this file with the pages as arguments to write the output anew.
"""

import contextlib
import difflib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List, NamedTuple

import pytest

from nimdoctor.cli import main
from nimdoctor.lab import Lab

REPOSITORY = Path(__file__).resolve().parents[2]
PLAYGROUND = "/tmp/playground"
_BLOCK = re.compile(
    r"<!-- session(?:: (?P<scenario>[\w+-]+)(?:; (?P<more>.*))?| continues) -->\n```\n(?P<text>.*?)```\n", re.S
)
_VARIES = (
    (re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}"), "RUN"),
    (re.compile(r"(?:[A-Z][a-z]{2} ){2}[ \d]\d(?= \d\d:\d\d)|\d{4}-\d\d-\d\d|\d\d/\d\d/\d\d"), "DAY"),
    (re.compile(r"\d\d[:;]\d\d[:;]\d\d(?: \d{4})?"), "TIME"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "ID"),
)


class Command(NamedTuple):
    """One command of a session and the lines shown below it."""

    line: str
    shown: List[str]


class Block(NamedTuple):
    """One block of a page; `scenario` is None where it goes on in the lab of the one before."""

    scenario: str
    more: str
    commands: List[Command]


def blocks(text: str) -> List[Block]:
    found = []
    for match in _BLOCK.finditer(text):
        commands: List[Command] = []
        for line in match["text"].splitlines():
            if line.startswith("# "):
                commands.append(Command(line[2:], []))
            else:
                commands[-1].shown.append(line)
        found.append(Block(match["scenario"], match["more"], commands))
    return found


PAGES = [
    path for path in (REPOSITORY / "README.md", REPOSITORY / "docs" / "fixing.md") if blocks(path.read_text("utf-8"))
]


def run(line: str, place: str) -> str:
    """What a command prints, standard error first, with the playground's name in the place of the lab's."""
    line = line.replace(PLAYGROUND, place)
    if line.startswith("nimdoctor "):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(line.split()[1:])
        assert status in (0, 1), f"{line}\n{err.getvalue()}"
        printed = err.getvalue() + out.getvalue()
    else:
        ended = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30, check=False)
        printed = ended.stderr + ended.stdout
    return printed.replace(place, PLAYGROUND)


def alike(line: str) -> str:
    for pattern, word in _VARIES:
        line = pattern.sub(word, line)
    return " ".join(line.split())


def sessions(text: str):
    """Each command with what it prints, in labs of their own; the place is as long as the playground's name."""
    with contextlib.ExitStack() as stack:
        for block in blocks(text):
            if block.scenario:
                stack.close()
                place = tempfile.mkdtemp(prefix="pl", dir="/tmp")
                assert len(place) == len(PLAYGROUND), "lines are broken where the page breaks them"
                stack.callback(shutil.rmtree, place, ignore_errors=True)
                lab = stack.enter_context(Lab.build(block.scenario, place))
                if block.more:
                    eval(block.more, {"lab": lab})
            for command in block.commands:
                yield command, run(command.line, place)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_what_a_session_shows_is_what_is_printed(page, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    for command, printed in sessions(page.read_text("utf-8")):
        lines = iter([alike(line) for line in printed.splitlines()])
        for line in command.shown:
            if line.strip() not in ("", "..."):
                assert alike(line) in lines, (
                    f"{page.name}: {command.line}\nshows, but does not print in this order:\n{line}\n{printed}"
                )
        assert command.shown or not printed, command.line


def renewed(command: Command, printed: List[str]) -> List[str]:
    """The lines to show: all where none were chosen, else those that are like the ones shown so far."""
    if not command.shown:
        return printed
    lines = []
    left = list(printed)
    for old in command.shown:
        close = difflib.get_close_matches(old, left, 1, 0.6)
        if old.strip() in ("", "...") or not close:
            lines += [old] if old.strip() in ("", "...") else []
            continue
        lines.append(close[0])
        left = left[left.index(close[0]) + 1 :]
    return lines


def write(path: Path) -> None:
    """Writes the output below each command anew."""
    text = path.read_text("utf-8")
    at = iter(list(sessions(text)))

    def block(match: "re.Match[str]") -> str:
        out = []
        for command in blocks(match.group(0))[0].commands:
            lines = next(at)[1].rstrip("\n").splitlines()
            out += [f"# {command.line}", *renewed(command, lines)]
        start = match.group(0).index("```\n") + 4
        return match.group(0)[:start] + "\n".join(out) + "\n```\n"

    path.write_text(_BLOCK.sub(block, text), "utf-8")


if __name__ == "__main__":
    os.environ.pop("COLUMNS", None)
    for name in sys.argv[1:]:
        write(Path(name))
