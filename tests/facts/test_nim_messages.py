"""Numbered NIM messages, and /etc/niminfo as a file that may hold nothing."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts import NimInfoFile, NimMessages
from nimdoctor.model.text import BadEvidence, Text

MISSING = "0042-137 nimclient: the /etc/niminfo file is missing some required\n         environment variables\n"


def said(content, name="nimclient -l -l master"):
    return NimMessages.parse(Text.of(content, name))


def test_numbers_are_found_in_any_language_and_quoted():
    found = said("warning: 0042-001 nimclient: erreur\n" + MISSING)
    assert [number for number, _ in found.rows] == ["0042-001", "0042-137"]
    assert found.numbered("0042-137")[0].line == 2


@pytest.mark.parametrize("content", ["", "master:\n   class = machines\n", "10042-137 0042-1370 x-0042-137\n"])
def test_no_number_is_an_answer_too(content):
    assert said(content).rows == ()


def test_the_messages_of_several_commands_come_together():
    both = NimMessages.combine([said(MISSING), said("0042-008 nimclient: no\n", "nimclient -c")])
    assert [number for number, _ in both.rows] == ["0042-137", "0042-008"]
    assert both.source == "nimclient -l -l master, nimclient -c"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (" \n\n", "is empty"),
        ("\0\0\0", "holds no NIM variable"),
        ("# warning - NIM\n", "holds no NIM variable"),
    ],
)
def test_a_niminfo_without_variables_says_what_is_the_matter(content, problem):
    found = NimInfoFile.parse(Text.of(content, "/etc/niminfo"))
    assert (found.exists, found.info, found.problem) == (True, None, problem)


def test_a_niminfo_with_variables_or_none_at_all():
    found = NimInfoFile.parse(Text.of("export NIM_NAME=lpar7\n", "/etc/niminfo"))
    assert found.info.get("NIM_NAME") == "lpar7" and not found.problem
    assert NimInfoFile.absent("/etc/niminfo").exists is False


@pytest.mark.parametrize("content", ["Dear all,\n", "# warning - NIM\n<html>\n", b"\x1f\x8b\x08\0\0"])
def test_what_is_something_else_is_no_niminfo(content):
    with pytest.raises(BadEvidence, match="holds no NIM variable"):
        NimInfoFile.parse(Text.of(content, "/etc/niminfo"))


@given(st.binary(max_size=300))
def test_whatever_bytes_come_there_is_an_answer(content):
    with contextlib.suppress(BadEvidence):
        NimInfoFile.parse(Text.of(content, "/etc/niminfo"))
    NimMessages.parse(Text.of(content, "nimclient -c"))
