"""What the documentation shows to be typed: command lines, and sessions with what they print.

A session is a block between `<!-- session: SCENARIO -->` (or `<!-- session continues -->`) and `<!-- end -->`: commands,
each a line that begins with `# `, and below it lines of its output in their order; `...` stands for lines left out.

    python tests/documents.py PAGE ...    # writes the output below each command anew
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
from typing import Callable, ContextManager, Iterator, List, NamedTuple, Optional, Tuple

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
PLAYGROUND = "/tmp/playground"
PLACEHOLDERS = {
    "ID": "create-bio-hang",
    "FIX": "enable-tftp",
    "N": "1",
    "S": "30",
    "DAYS": "30",
    "MESSAGE": "0042-006",
    "NAME": "lpar8",
    "RUN": "last",
}
"""Words of command lines that stand for others, by one of those others."""
_BLOCK = re.compile(
    r"<!-- session(?:: (?P<scenario>[\w+-]+)(?:; (?P<more>.*))?| continues) -->\n```\n(?P<text>.*?)```\n", re.S
)
_VARIES = (
    (re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}"), "RUN"),
    (re.compile(r"(?:[A-Z][a-z]{2} ){2}[ \d]\d(?= \d\d:\d\d)|\d{4}-\d\d-\d\d|\d\d/\d\d/\d\d"), "DAY"),
    (re.compile(r"\d\d[:;]\d\d[:;]\d\d(?: \d{4})?"), "TIME"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "ID"),
)


def command_lines(text: str) -> Iterator[str]:
    """Command lines in indented blocks, fenced blocks and backquotes; what follows a pipe, a redirection or a wide
    gap is cut."""
    found = re.findall(r"`(nimdoctor [a-z-][^`]*)`", text.replace("\n", " "))
    fenced = session = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif line.startswith("<!--"):
            # in a session what is not typed is output
            session = "session" in line
        match = re.match(r"\s*([\w./-]*[#$] *)?(nimdoctor [a-z-].*)", line)
        if match and (match.group(1) or not session) and (fenced or line.startswith("    ")):
            found.append(match.group(2))
    for line in found:
        line = re.split(r"\s[|>&;(]|;\s|\s{3,}", line)[0].strip()
        if not line.endswith("..."):
            yield line


def own_ids(text: str) -> List[str]:
    """The checks and fixes that a page itself teaches to write."""
    return re.findall(r'@(?:check|fix)\(\s*"([\w-]+)"', text)


class Command(NamedTuple):
    """One command of a session and the lines shown below it."""

    line: str
    shown: List[str]


class Block(NamedTuple):
    """One block of a page; `scenario` is None where it goes on in the lab of the one before."""

    scenario: Optional[str]
    more: Optional[str]
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


Build = Callable[[str, str, str], ContextManager[object]]
"""A lab of a scenario at a place, changed by the Python expression of its block, if any, in which it is called `lab`."""
Run = Callable[[str], str]
"""What a command line prints, standard error first."""


@contextlib.contextmanager
def built(scenario: str, place: str, more: str) -> Iterator[None]:
    from nimdoctor.lab import Lab

    with Lab.build(scenario, place) as lab:
        if more:
            eval(more, {"lab": lab})
        yield


def run_here(line: str) -> str:
    """Runs nimdoctor within this process."""
    from nimdoctor.cli import main

    if not line.startswith("nimdoctor "):
        ended = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30, check=False)
        return ended.stderr + ended.stdout
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(line.split()[1:])
    assert status in (0, 1), f"{line}\n{err.getvalue()}"
    return err.getvalue() + out.getvalue()


def sessions(text: str, build: Build = built, run: Run = run_here) -> Iterator[Tuple[Command, str]]:
    """Each command with what it prints, in labs of their own; the place is as long as the playground's name."""
    with contextlib.ExitStack() as stack:
        for block in blocks(text):
            if block.scenario:
                stack.close()
                place = tempfile.mkdtemp(prefix="pl", dir="/tmp")
                assert len(place) == len(PLAYGROUND), "lines are broken where the page breaks them"
                stack.callback(shutil.rmtree, place, ignore_errors=True)
                stack.enter_context(build(block.scenario, place, block.more or ""))
            for command in block.commands:
                yield command, run(command.line.replace(PLAYGROUND, place)).replace(place, PLAYGROUND)


def shows_what_is_printed(page: Path, build: Build = built, run: Run = run_here) -> None:
    """Asserts that every line that the page's sessions show is printed, in that order."""
    for command, printed in sessions(page.read_text("utf-8"), build, run):
        lines = iter([alike(line) for line in printed.splitlines()])
        for line in command.shown:
            if line.strip() not in ("", "..."):
                assert alike(line) in lines, (
                    f"{page.name}: {command.line}\nshows, but does not print in this order:\n{line}\n{printed}"
                )
        assert command.shown or not printed, command.line


def alike(line: str) -> str:
    for pattern, word in _VARIES:
        line = pattern.sub(word, line)
    return " ".join(line.split())


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
    os.environ["COLUMNS"] = "96"
    for name in sys.argv[1:]:
        write(Path(name))
