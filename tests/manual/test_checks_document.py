"""docs/checks.md is what the checks say of themselves."""

import json
import re
from pathlib import Path

import pytest

from nimdoctor.cli import main
from nimdoctor.library.registry import Registry
from nimdoctor.manual.checks_document import markdown

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "checks.md"
REGISTRY = Registry()


def printed(capsys, *arguments):
    assert main(["checks", *arguments]) == 0
    return capsys.readouterr().out


def test_the_document_is_what_the_command_prints(capsys):
    assert DOCUMENT.read_text("ascii") == printed(capsys, "--format", "markdown")


def test_the_document_has_a_row_and_a_section_for_every_check():
    text = DOCUMENT.read_text("ascii")
    ids = [check.id for check in REGISTRY.checks()]
    assert re.findall(r"^\| \[([\w-]+)\]\(#", text, re.M) == ids
    assert re.findall(r"^## (\S+)$", text, re.M) == ids


def test_every_section_names_end_severity_fix_what_it_reads_and_its_source():
    for section in re.split(r"^## ", DOCUMENT.read_text("ascii"), flags=re.M)[1:]:
        for row in ("end: ", "severity: ", "fix: ", "reads: ", "source: "):
            assert row in section, (section.splitlines()[0], row)


def test_the_list_as_json_says_of_each_check_what_a_program_needs(capsys):
    records = json.loads(printed(capsys, "--format", "json"))
    assert [one["id"] for one in records] == [check.id for check in REGISTRY.checks()]
    (tftp,) = (one for one in records if one["id"] == "tftp-disabled")
    assert (tftp["role"], tftp["severity"], tftp["fix"]) == ("master", "high", "enable-tftp")
    assert "/etc/inetd.conf" in tftp["reads"]


def test_what_a_check_explains_are_checks():
    ids = {check.id for check in REGISTRY.checks()}
    assert all(set(check.explains) <= ids for check in REGISTRY.checks())


def test_a_bar_in_a_title_does_not_break_the_table():
    check = REGISTRY.checks()[0]._replace(title="one | two")
    assert "one \\| two |" in markdown([check], REGISTRY.catalog, ())


def test_an_unknown_format_is_a_usage_error(capsys):
    assert main(["checks", "--format", "yaml"]) == 2
    assert "yaml" in capsys.readouterr().err


@pytest.mark.parametrize("format", ["text", "json", "markdown"])
def test_every_format_ends_with_a_line_end_and_is_ascii(capsys, format):
    text = printed(capsys, "--format", format)
    assert text.endswith("\n") and text.isascii()
