"""The runner of the suite interrupted, and as a job in the background: nothing is left, and what tests start answers."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

import pytest
import run
from scratch import SCRATCH
from shells import gone

TESTS = Path(__file__).resolve().parent
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENDLESS = """
import pathlib, subprocess, tempfile, time

def test_an_interruption_is_taken_for_its_own(request):
    try:
        test_with_a_daemon(request)
    except KeyboardInterrupt:
        pass

def test_with_a_daemon(request):
    assert not request.session.testsfailed
    place = pathlib.Path(__file__).parent
    subprocess.run(["sh", "-c", 'setsid sh -c "sleep 600; : $0" "$0" &', place], check=True)
    (place / "noted").write_text(tempfile.gettempdir())
    (place / "noted").rename(place / "scratch")
    time.sleep(600)
"""
ANSWERING = """
import signal, subprocess

def test_what_is_started_is_ended_by_a_signal():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        child = subprocess.Popen(["sleep", "60"])
        child.send_signal(number)
        assert child.wait(10) == -number
"""
IGNORING = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

Started = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def started(tmp_path: Path) -> Started:
    """Runs Python with a file of tests, which has what the whole suite shares, behind the arguments."""

    def start(text: str, *words: str) -> "subprocess.Popen[str]":
        shutil.copy(TESTS / "conftest.py", tmp_path)
        (tmp_path / "test_part.py").write_text(text)
        (tmp_path / "own").mkdir()
        environment = {name: value for name, value in os.environ.items() if name != SCRATCH}
        return subprocess.Popen(
            [sys.executable, *words, str(tmp_path / "test_part.py")],
            env={**environment, "TMPDIR": str(tmp_path / "own"), "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def scratch_of(process: "subprocess.Popen[str]", place: Path) -> str:
    """Where the endless test writes, as soon as it has begun."""
    while not (place / "scratch").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return (place / "scratch").read_text()


def test_what_any_python_says_alike_is_there_and_left_out_by_fewer_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for fewer in (False, True):
        monkeypatch.setattr(run, "FEWER", fewer)
        chosen = {name for part in run.parts() for name in run.words(part)}
        everywhere = {path.relative_to(TESTS.parent).as_posix() for path in TESTS.rglob("test_*.py")}
        everywhere = {name for name in everywhere if not name.startswith(run.ELSEWHERE)}
        assert everywhere - chosen == (set(run.OF_ANY_PYTHON) if fewer else set())


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_run_leaves_no_process_and_no_file(
    number: signal.Signals, started: Started, tmp_path: Path
) -> None:
    process = started(ENDLESS, str(TESTS / "run.py"))
    scratch = scratch_of(process, tmp_path)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert gone(str(tmp_path)) and not os.path.exists(scratch) and os.listdir(tmp_path / "own") == []


def test_a_job_in_the_background_hears_of_an_end_alone_and_what_tests_start_answers(
    started: Started, tmp_path: Path
) -> None:
    process = started(ANSWERING + ENDLESS, "-c", IGNORING, str(TESTS / "run.py"))
    scratch = scratch_of(process, tmp_path)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=0.5)
    process.terminate()
    process.communicate(timeout=30)
    assert gone(str(tmp_path)) and not os.path.exists(scratch) and os.listdir(tmp_path / "own") == []


def test_of_a_lone_pytest_in_the_background_too_what_tests_start_answers(started: Started) -> None:
    process = started(ANSWERING, "-c", IGNORING, "-m", "pytest", "-p", "no:cacheprovider")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
