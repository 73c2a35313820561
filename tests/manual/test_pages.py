"""Every check and every fix has its page, and the tables of messages and log lines are sound."""

import json
import re
from pathlib import Path

import pytest

from nimdoctor.library.registry import Registry
from nimdoctor.manual.pages import FIX_HEADINGS, HEADINGS, fix_page, page

ROOT = Path(__file__).resolve().parents[2]
CHECKS = ROOT / "checks"
FIXES = ROOT / "fixes"
DATA = ROOT / "nimdoctor" / "facts" / "data"
CHECK_PAGES = sorted(CHECKS.glob("*.md"))
FIX_PAGES = sorted(FIXES.glob("*.md"))
PAGES = [*CHECK_PAGES, *FIX_PAGES]
MODULES = sorted(path for place in (CHECKS, FIXES) for path in place.glob("*.py") if not path.name.startswith("_"))
REGISTRY = Registry()
MESSAGES = json.loads((DATA / "messages.json").read_text("ascii"))
LINES = json.loads((DATA / "nimsh_lines.json").read_text("ascii"))


def page_ids(pages=CHECK_PAGES):
    return {path.stem.replace("_", "-") for path in pages}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_module_has_a_page(module):
    assert module.with_suffix(".md").is_file()


def test_every_fix_of_this_distribution_has_its_page_and_every_page_its_fix():
    assert page_ids(FIX_PAGES) == {fix.id for fix in REGISTRY.fixes()}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_page_has_its_headings_and_its_own_id(page):
    lines = page.read_text("ascii").splitlines()
    assert re.match(r"# " + re.escape(page.stem.replace("_", "-")) + r": \S", lines[0])
    expected = HEADINGS if page.parent == CHECKS else FIX_HEADINGS
    assert [line[3:] for line in lines if line.startswith("## ")] == list(expected)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_page_is_plain_text_in_short_lines(page):
    text = page.read_bytes().decode("ascii")
    assert max(len(line) for line in text.splitlines()) <= 88
    assert "\t" not in text and "\r" not in text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_section_of_a_page_says_something_and_names_its_source(page):
    text = page.read_text("ascii")
    assert all(section.strip() for section in re.split(r"^## .*$", text, flags=re.M))
    assert "Source:" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_page_points_only_at_what_has_a_page(page):
    text = page.read_text("ascii")
    named = re.findall(r"nimdoctor explain ([a-z][a-z-]+)|--check ([a-z][a-z-]+)|\b[Ss]ee ([a-z]+-[a-z-]+)", text)
    for found in (name for group in named for name in group if name):
        assert found in page_ids(PAGES), found


@pytest.mark.parametrize("page", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_page_speaks_of_a_later_version(page):
    assert "later version" not in page.read_text("ascii")


@pytest.mark.parametrize("fix", REGISTRY.fixes(), ids=lambda fix: fix.id)
def test_the_title_of_a_fix_is_that_of_its_page_which_is_shown_with_risk_and_occasion(fix):
    written = (FIXES / (fix.id.replace("-", "_") + ".md")).read_text("ascii")
    assert written.splitlines()[0] == f"# {fix.id}: {fix.title}"
    shown = " ".join(fix_page(fix, REGISTRY.catalog, REGISTRY.checks(), REGISTRY.fixes()).split())
    assert f"Risk: {' '.join(fix.risk.split())}" in shown
    assert all(check.id in shown for check in REGISTRY.checks() if check.fix == fix.id)
    assert all(need in shown for need in fix.needs)
    assert ("it is advice only" in shown) is fix.classic
    assert ("planned only where somebody asks for it" in shown) is fix.named_only


@pytest.mark.parametrize("check", REGISTRY.checks(), ids=lambda check: check.id)
def test_the_page_of_a_check_names_its_fix_and_what_that_risks(check):
    shown = " ".join(page(check, REGISTRY.catalog, REGISTRY.fixes()).split())
    fix = next((one for one in REGISTRY.fixes() if one.id == check.fix), None)
    assert (fix is None) == ("Its fix is" not in shown)
    if fix:
        assert f"Its fix is {fix.id}, on" in shown and f"Risk: {' '.join(fix.risk.split())}" in shown
        assert f"nimdoctor explain {fix.id}" in shown


@pytest.mark.parametrize("check", REGISTRY.checks(), ids=lambda check: check.id)
def test_the_numbers_and_lines_that_lead_to_a_check_are_known(check):
    assert set(check.messages) <= {row["number"] for row in MESSAGES["messages"]}
    assert set(check.log_lines) <= {row["pattern"] for row in LINES["lines"]}


@pytest.mark.parametrize("row", MESSAGES["messages"], ids=lambda row: row["number"])
def test_a_message_row_is_complete_and_has_a_source(row):
    assert set(row) - {"clears", "look"} == {"number", "meaning", "says", "source", "sure"}
    assert all(isinstance(place, str) and place for place in row.get("look", ["none"])) and row.get("clears", "none")
    assert re.fullmatch(r"\d{4}-\d{3}", row["number"])
    assert row["meaning"] and row["says"] and row["source"]
    assert row["sure"] in "ABCM"


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
