"""docs/contributing.md is followed in a copy of the checkout: a check and a fix are files of their own, and what
`make generate` writes; nothing else that somebody wrote changes.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List, NamedTuple, Set

import pytest
from programs import absent

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = (REPOSITORY / "docs" / "contributing.md").read_text("utf-8")
BLOCK = re.compile(r"^`([\w./-]+)`\n\n```\w*\n(.*?)^```$", re.M | re.S)
MADE = {
    "docs/aix-commands.md", "docs/checks.md", "docs/not-yet-on-aix.md", "nimdoctor/evidence/collected_rows.py",
    "nimdoctor/facts/names.py",
}  # fmt: skip
"""What `make generate` writes."""
NEW = "libpath or xntpd or Environment"
HOLDS = {
    "tests/test_aix_commands.py": "row or rule",
    "tests/manual/test_pages.py": NEW,
    "tests/checks/test_samples.py": NEW,
    "tests/checks/test_collection_of_checks.py": NEW,
    "tests/checks/test_cross_fire.py": "healthy",
    "tests/facts/test_collection.py": NEW,
    "tests/fixes/test_start_xntpd.py": "xntpd",
    "tests/fixes/test_plans_as_reviewed.py": "xntpd or every",
    "tests/test_architecture.py": "room or named or circle or standard or another",
    "nimdoctor/facts/environment.py": "environment",
}
"""Tests over all checks, fixes, facts and pages, and which of each file are about these."""
FINDER = """
import importlib.util, os, sys

class InTheCopy:
    @staticmethod
    def find_spec(name, path=None, target=None):
        top, _, place = name.partition(".")
        if top == "nimdoctor" and place in ("checks", "fixes"):
            init = os.path.join({root!r}, place, "__init__.py")
            return importlib.util.spec_from_file_location(name, init, submodule_search_locations=[os.path.dirname(init)])

sys.meta_path.insert(0, InTheCopy)
"""
"""Python would take the checks and fixes of the installation for those of the copy."""


class Copy(NamedTuple):
    """A copy of the checkout, in which the files of the page are the only new ones."""

    root: Path
    site: Path
    files: Set[str]

    def run(self, *words: str) -> str:
        """What a program of this interpreter says there; it must end well."""
        found = {**os.environ, "PYTHONPATH": f"{self.root}:{self.site}", "PYTHONDONTWRITEBYTECODE": "1"}
        ended = subprocess.run(
            [sys.executable, *words],
            cwd=self.root, env=found, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout[-6000:]
        return ended.stdout

    def git(self, *words: str) -> List[str]:
        who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
        ended = subprocess.run(["git", *who, *words], cwd=self.root, check=True, capture_output=True, text=True)
        return ended.stdout.splitlines()


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    if shutil.which("git") is None or not (REPOSITORY / ".git").exists():
        pytest.skip(absent("git"))
    root, site = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("site")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, root / name)
    (site / "sitecustomize.py").write_text(FINDER.format(root=str(root)))
    blocks = dict(BLOCK.findall(PAGE))
    made = Copy(root, site, set(blocks))
    made.git("init", "-q")
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "before")
    assert not [name for name in blocks if (root / name).exists()], "the page changes what is there"
    for name, text in blocks.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    made.run("tools/generate.py")
    return made


def test_nothing_that_somebody_wrote_changes(copy):
    assert len(copy.files) == 12
    changed = {line[3:] for line in copy.git("status", "--porcelain") if line[:2] == " M"}
    assert changed and changed <= MADE
    assert (
        set(copy.git("ls-files", "--others", "--exclude-standard")) - {"tests/fixes/expected/start-xntpd.txt"}
        == copy.files
    )


def test_both_stand_where_people_look_for_them(copy):
    assert "| [libpath-set](#libpath-set) | client | medium |" in (copy.root / "docs/checks.md").read_text()
    assert "LIBPATH=/opt/freeware/lib" in copy.run("-m", "nimdoctor", "explain", "libpath-set")
    (led_to,) = re.findall(
        r"Checks to look at: (.*?)\.", " ".join(copy.run("-m", "nimdoctor", "explain", "0509-150").split())
    )
    assert "libpath-set" in led_to


def test_what_holds_for_every_check_fix_fact_and_page_holds_for_them(copy):
    copy.run("-m", "tests.fixes.plans", "start-xntpd")
    assert "title     start xntpd" in (copy.root / "tests/fixes/expected/start-xntpd.txt").read_text("utf-8")
    chosen = " or ".join(f"{Path(name).stem} and ({words})" for name, words in HOLDS.items())
    told = copy.run("-m", "pytest", "-p", "no:cacheprovider", "-rp", "--doctest-modules", *HOLDS, "-k", chosen)
    assert [name for name in HOLDS if f"PASSED {name}::" not in told] == []
