"""Every `nimdoctor ...` command line in the README, the documentation and the pages is one that exists."""

import shlex
from functools import cache
from typing import Sequence

import pytest
from documents import PAGES, PLACEHOLDERS, REPOSITORY, command_lines, own_ids

from nimdoctor.library.registry import Registry

EVERY = [*PAGES, *sorted(path for place in ("checks", "fixes") for path in (REPOSITORY / place).glob("*.md"))]
_GLOBAL = ("--version", "--help", "-h", "--install-completion", "--show-completion")


@cache
def commands():
    """Each command's parser, as Typer makes it."""
    from nimdoctor.cli import commands as declared

    return declared().commands


@cache
def fixes():
    return {fix.id for fix in Registry().fixes()}


@cache
def checks():
    return {check.id for check in Registry().all_checks()}


def parses(line: str, own: Sequence[str] = ()) -> bool:
    """Whether the words are a command line of this version: command, options, and the ids it names, or `own` ones."""
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(line, comments=True)]
    words = words[1:]
    if not words or words[0].startswith("-") or "--help" in words:
        return all(word in (*_GLOBAL, *commands()) for word in words)
    command = commands().get(words[0])
    if command is None:
        return False
    try:
        context = command.make_context(words[0], list(words[1:]), resilient_parsing=False)
    except Exception:
        return False
    given = context.params
    ids = [("only", fixes()), ("check", checks()), ("skip", checks())]
    return all(name in known or name in own for option, known in ids for name in given.get(option) or ())


@pytest.mark.parametrize("page", EVERY, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_the_command_lines_of_a_page_exist(page):
    text = page.read_text("utf-8")
    for line in command_lines(text):
        assert parses(line, own_ids(text)), line


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("nimdoctor scan --check create-bio-hang nimsh.log", True),
        ("nimdoctor fix --only enable-tftp --apply --affects 3", True),
        ("nimdoctor fix --only create-bio-hang", False),
        ("nimdoctor fix --affects many", False),
        ("nimdoctor mend", False),
        ("nimdoctor scan --no-such-option", False),
        ("nimdoctor --version", True),
    ],
)
def test_the_reader_of_command_lines_knows_good_from_bad(line, good):
    assert parses(line) is good
