"""Every check has its page, and the tables of messages and log lines are sound."""

import json
import re
from pathlib import Path

import pytest

from nimdoctor import facts
from nimdoctor.explain import HEADINGS

ROOT = Path(__file__).resolve().parent.parent
CHECKS = ROOT / "checks"
DATA = ROOT / "nimdoctor" / "facts" / "data"
PAGES = sorted(CHECKS.glob("*.md"))
MODULES = sorted(path for path in CHECKS.glob("*.py") if not path.name.startswith("_"))
MESSAGES = json.loads((DATA / "messages.json").read_text("ascii"))
LINES = json.loads((DATA / "nimsh_lines.json").read_text("ascii"))


def page_ids():
    return {path.stem.replace("_", "-") for path in PAGES}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_every_check_module_has_a_page(module):
    assert module.with_suffix(".md").is_file()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_page_names_the_fix_only_as_the_check_does(module):
    named = re.search(r"\bfix=\"([a-z-]+)\"", module.read_text("utf-8"))
    page = module.with_suffix(".md").read_text("ascii")
    planned = re.search(r"planned[^:)]*: ?([a-z]+(?:-[a-z]+)+)", page)
    if planned and named:
        assert planned.group(1) == named.group(1)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_has_the_five_headings_and_its_own_id(page):
    lines = page.read_text("ascii").splitlines()
    assert re.match(r"# " + re.escape(page.stem.replace("_", "-")) + r": \S", lines[0])
    assert [line[3:] for line in lines if line.startswith("## ")] == list(HEADINGS)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_is_plain_text_in_short_lines(page):
    text = page.read_bytes().decode("ascii")
    assert max(len(line) for line in text.splitlines()) <= 88
    assert "\t" not in text and "\r" not in text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_section_of_a_page_says_something_and_names_its_source(page):
    text = page.read_text("ascii")
    assert all(section.strip() for section in re.split(r"^## .*$", text, flags=re.M))
    assert "Source:" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_points_only_at_checks_that_have_a_page(page):
    text = page.read_text("ascii")
    named = re.findall(r"nimdoctor explain ([a-z][a-z-]+)|--check ([a-z][a-z-]+)|\bsee ([a-z]+-[a-z-]+)", text)
    for found in (name for group in named for name in group if name):
        assert found in page_ids(), found


@pytest.mark.parametrize("row", MESSAGES["messages"], ids=lambda row: row["number"])
def test_a_message_row_is_complete_and_has_a_source(row):
    assert set(row) == {"number", "meaning", "says", "checks", "facts", "source", "sure"}
    assert re.fullmatch(r"\d{4}-\d{3}", row["number"])
    assert row["meaning"] and row["says"] and row["source"]
    assert row["sure"] in "ABCM"
    assert set(row["checks"]) <= page_ids()
    assert all(name in facts._MODULES for name in row["facts"])


def test_every_message_number_stands_once_and_its_facility_is_named():
    numbers = [row["number"] for row in MESSAGES["messages"]]
    assert len(numbers) == len(set(numbers))
    prefixes = {row["prefix"] for row in MESSAGES["facilities"]}
    assert {number[:4] for number in numbers} <= prefixes
    assert all(row["source"] for row in MESSAGES["facilities"])


@pytest.mark.parametrize("row", LINES["lines"], ids=lambda row: row["pattern"])
def test_a_log_line_row_is_a_lower_case_substring_with_a_mark(row):
    assert row["pattern"] == " ".join(row["pattern"].lower().split())
    assert row["meaning"] and row["sure"] in "ABCM"
    assert set(row["checks"]) <= page_ids()
