"""A typer or a tabulate that is not installed is one line and exit status 4, whatever is asked for."""

import subprocess
import sys

import pytest
from packages import REPOSITORY

WITHOUT = """
import importlib.abc, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
sys.argv = ["nimdoctor", *{words!r}]
from nimdoctor.__main__ import console
console()
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("typer", ["--version"]),
        ("typer", ["scan", "fixtures/hosts/healthy/client"]),
        ("tabulate", ["checks"]),
        ("tabulate", ["demo", "list"]),
    ],
)
def test_what_is_not_installed_is_named_in_one_line(name, words):
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(name=name, words=words)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    said = f"nimdoctor: {name} is not there, which nimdoctor needs: python3 -m pip install {name}\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, "", said)


def test_a_scan_that_needs_no_table_does_without_tabulate():
    words = ["scan", "fixtures/hosts/healthy/client", "--master", "fixtures/hosts/healthy/master", "--format", "json"]
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(name="tabulate", words=words)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
