"""What the documentation tells a maintainer to type is there: targets of make, programs of this tree, and their options."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest
from documents import PAGES, REPOSITORY

TOLD = [*PAGES, REPOSITORY / "benchmarks" / "README.md", REPOSITORY / "fixtures" / "README.md"]
MADE = re.compile(r"^([a-z][\w-]*):(?!=)", re.M)
VARIABLE = re.compile(r"^([A-Z]+) *[?:]?=", re.M)
TYPED = re.compile(r"(?:^ {4}|`|^)(make|(?:\.venv/bin/)?python) +([^`\n]+)", re.M)


def typed(page: Path) -> Iterator[Tuple[str, List[str]]]:
    """Command lines of make and python on a page, each with its words."""
    for match in TYPED.finditer(page.read_text("utf-8")):
        line = re.split(r"\s[|>&;(#]|;\s|\s{3,}", match.group(2))[0]
        yield Path(match.group(1)).name, line.split()


MAKE = [(page, words) for page in TOLD for program, words in typed(page) if program == "make"]
PROGRAMS = sorted(
    {
        (words[0], tuple(word.split("=")[0] for word in words[1:] if word.startswith("--")))
        for page in TOLD
        for program, words in typed(page)
        if program == "python" and words[0].endswith(".py") and not page.name.startswith("writing-")
    }
)


@pytest.mark.parametrize(("page", "words"), MAKE, ids=[f"{page.name}-{'-'.join(words)}" for page, words in MAKE])
def test_what_make_is_told_to_make_is_in_the_makefile(page: Path, words: List[str]) -> None:
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    for word in words:
        if "=" in word:
            assert word.split("=")[0] in VARIABLE.findall(makefile), (page.name, word)
        elif not word.startswith("-"):
            assert word in MADE.findall(makefile), (page.name, word)


@pytest.mark.parametrize(("program", "options"), PROGRAMS, ids=[" ".join((name, *more)) for name, more in PROGRAMS])
def test_a_program_of_this_tree_has_the_options_that_a_page_gives_it(program: str, options: Tuple[str, ...]) -> None:
    assert (REPOSITORY / program).is_file()
    if options:
        told = subprocess.run(
            [sys.executable, program, "--help"], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True
        ).stdout
        assert [option for option in options if not re.search(rf"{option}\b", told)] == []


def test_something_is_told_of_both() -> None:
    assert len(MAKE) > 5 and {program for program, _ in PROGRAMS} >= {"tests/run.py", "tests/fuzz/run.py"}
