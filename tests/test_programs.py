"""A program that is missing: its tests are skipped, counted and named, and fail where CI is set."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import pytest
from run import Results, Running

TESTS = Path(__file__).resolve().parent
OF_ONE_PROGRAM = """
import pytest
from programs import program

@pytest.fixture(params=[1, 2])
def shell(request):
    return program("no-such-shell")

def test_by_a_fixture(shell):
    pass

def test_by_itself():
    program("no-such-shell", "no-such-shell-either")

def test_of_another():
    program("no-such-browser")

def test_that_needs_none():
    assert program("no-such-shell", "sh").endswith("/sh")
"""


def ran(place: Path, **more: str) -> "tuple[int, IO[bytes]]":
    """The exit status of these tests, and what they said."""
    (place / "test_it.py").write_text(OF_ONE_PROGRAM, "ascii")
    said = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    env = {name: value for name, value in os.environ.items() if name != "CI"}
    argv = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(place)]
    ended = subprocess.run(
        [*argv, str(place / "test_it.py")],
        env={**env, "PYTHONPATH": str(TESTS), **more},
        stdout=said,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return ended.returncode, said


def taken(status: int, said: "IO[bytes]") -> Results:
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({status})"])
    process.wait()
    results = Results()
    results.take(Running("tests/it", process, said, 0.0, None))
    return results


def test_without_ci_its_tests_are_skipped_counted_and_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    results = taken(*ran(tmp_path))
    assert results.failed == [] and results.tests == {"skipped": 4, "passed": 1}
    assert results.not_tried() == [
        "not tried here, since no-such-browser is not installed: 1 test",
        "not tried here, since no-such-shell is not installed: 3 tests",
    ]
    assert "SKIPPED" not in capsys.readouterr().out


def test_where_ci_is_set_they_fail(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    results = taken(*ran(tmp_path, CI="true"))
    assert results.failed == ["tests/it"] and results.not_tried() == []
    assert "no-such-browser is not installed, and CI is set" in capsys.readouterr().out
