"""One run at a time: two of us, a script, what a killed process left, and a process with its number."""

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nimdoctor.applying import lock as module
from nimdoctor.applying.lock import Locked, holder, lock
from nimdoctor.system.refused import Refused

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def state(tmp_path):
    return tmp_path


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left_behind(state, pid):
    (state / "lock.d").mkdir()
    (state / "lock.d" / "pid").write_text(f"{pid}\n")


def is_free(state):
    with lock(str(state)):
        pass
    return os.listdir(state) == ["lock"]


def test_while_it_is_held_a_script_sees_the_directory_and_the_pid(state):
    with lock(str(state)):
        assert (state / "lock.d" / "pid").read_text() == f"{os.getpid()}\n"
        assert holder(str(state)) == os.getpid()
        assert stat.S_IMODE((state / "lock.d").stat().st_mode) == 0o700
        assert stat.S_IMODE((state / "lock").stat().st_mode) == 0o600
    assert os.listdir(state) == ["lock"]
    assert holder(str(state)) is None


def test_it_is_given_back_when_the_body_fails(state):
    with pytest.raises(KeyError), lock(str(state)):
        raise KeyError
    assert is_free(state)


def test_taking_it_twice_in_one_process_is_an_error_and_loses_nothing(state):
    with lock(str(state)):
        for path in (str(state), os.path.join(str(state), ".")):
            with pytest.raises(Locked, match="this process holds") as refusal, lock(path):
                pass
            assert refusal.value.pid == os.getpid()
        assert attempt(state) == f"locked by {os.getpid()}"  # another process is still kept out
    assert attempt(state) == "taken"


def test_two_state_directories_are_two_locks(state):
    for name in ("target", "master"):
        (state / name).mkdir()
    with lock(str(state / "target")), lock(str(state / "master")):
        assert attempt(state / "target") == attempt(state / "master") == f"locked by {os.getpid()}"


def test_no_child_inherits_the_lock(state):
    with lock(str(state)):
        held = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        assert is_free(state)
    finally:
        held.communicate(b"\n")


def test_a_forked_child_that_leaves_the_body_gives_nothing_back(state):
    manager = lock(str(state))
    manager.__enter__()
    child = os.fork()
    if child == 0:
        try:
            manager.__exit__(None, None, None)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert holder(str(state)) == os.getpid()
    assert attempt(state) == f"locked by {os.getpid()}"
    manager.__exit__(None, None, None)
    assert is_free(state)


TAKE = """
import sys
from nimdoctor.applying.lock import Locked, lock
try:
    with lock(sys.argv[1]):
        print("taken", flush=True)
        if len(sys.argv) > 2:
            sys.stdin.read()
except Locked as refusal:
    print("locked by", refusal.pid)
"""


def attempt(state):
    """What another process meets."""
    ended = subprocess.run(
        [sys.executable, "-c", TAKE, str(state)], cwd=REPOSITORY, stdout=subprocess.PIPE, timeout=60, check=True
    )
    return ended.stdout.decode().strip()


def holding(state):
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE, str(state), "stay"], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"taken\n"
    return process


def test_another_process_that_holds_it_is_named_at_once(state):
    with holding(state) as process:
        with pytest.raises(Locked, match=f"process {process.pid} ") as refusal, lock(str(state)):
            pass
        assert refusal.value.pid == process.pid == holder(str(state))
        assert str(state / "lock.d") in str(refusal.value)
        process.communicate()
    assert is_free(state)


@pytest.mark.parametrize("reaped", [True, False], ids=["gone", "still a zombie"])
def test_the_lock_of_a_killed_process_is_taken_over(state, reaped):
    with holding(state) as process:
        os.kill(process.pid, signal.SIGKILL)
        if reaped:
            process.wait()
        else:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert (state / "lock.d" / "pid").exists()
        with lock(str(state)):
            assert holder(str(state)) == os.getpid()
            assert sorted(os.listdir(state)) == ["lock", "lock.d"]
        process.wait()
    assert is_free(state)


def race(state, gate, results, release):
    gate.wait()
    try:
        with lock(str(state)):
            results.put("taken")
            release.wait(30)
    except Locked:
        results.put("locked")


@pytest.mark.parametrize("stale", [False, True], ids=["free", "left behind"])
def test_of_those_that_start_at_once_exactly_one_wins(state, dead, stale):
    spawn = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    for _ in range(5):
        if stale:
            left_behind(state, dead)
        gate, results, release = spawn.Barrier(4), spawn.Queue(), spawn.Event()
        racers = [spawn.Process(target=race, args=(state, gate, results, release)) for _ in range(4)]
        for one in racers:
            one.start()
        outcomes = sorted(results.get(timeout=30) for _ in racers)
        release.set()
        for one in racers:
            one.join(30)
        assert outcomes == ["locked", "locked", "locked", "taken"]
        assert is_free(state)


# -- a script


def test_a_lock_of_a_script_that_lives_is_respected(state):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as script:
        left_behind(state, script.pid)
        with pytest.raises(Locked, match=f"process {script.pid} "), lock(str(state)):
            pass
        assert (state / "lock.d" / "pid").read_text() == f"{script.pid}\n"
        assert holder(str(state)) == script.pid
        script.communicate(b"\n")
    assert holder(str(state)) is None
    assert is_free(state)


def test_a_process_of_somebody_else_lives_too(state, monkeypatch):
    left_behind(state, 4321)

    def kill(pid, number):
        assert (pid, number) == (4321, 0)
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    with pytest.raises(Locked), lock(str(state)):
        pass


def test_a_number_that_lives_again_is_no_holder_when_it_was_the_latest_of_us(state):
    left_behind(state, os.getpid())
    with pytest.raises(Locked, match=f"process {os.getpid()} "), lock(str(state)):
        pass  # a script's, for all that is known
    (state / "lock").write_text(f"{os.getpid()}\n")
    assert is_free(state)


@pytest.mark.parametrize("content", [None, "", "\n", "123", "0\n", "-1\n", "nobody\n", "9" * 40])
def test_a_lock_without_a_pid_is_respected_while_it_is_young(state, content):
    (state / "lock.d").mkdir()
    if content is not None:
        (state / "lock.d" / "pid").write_text(content)
    made = (state / "lock.d").stat().st_mtime
    with pytest.raises(Locked, match="another process") as refusal, lock(str(state), lambda: made + 9):
        pass
    assert refusal.value.pid is None
    with lock(str(state), lambda: made + 11):
        assert holder(str(state)) == os.getpid()
    assert is_free(state)


def test_a_script_that_is_faster_in_taking_over_keeps_its_lock(state, dead, monkeypatch):
    left_behind(state, dead)
    real = os.rename

    def rename(path, to):
        if path.endswith("lock.d"):
            monkeypatch.setattr(os, "rename", real)
            module._remove(path)
            left_behind(state, 1)
        real(path, to)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(Locked) as refusal, lock(str(state)):
        pass
    assert refusal.value.pid == 1
    assert (state / "lock.d" / "pid").read_text() == "1\n"


# -- what is no lock


def test_a_lock_that_is_a_link_is_not_followed(state):
    (state / "other").write_text("kept")
    (state / "lock").symlink_to("other")
    with pytest.raises(Refused, match="no regular file"), lock(str(state)):
        pass
    assert (state / "other").read_text() == "kept"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.link(f"{path}.other", path)])
def test_a_lock_that_is_no_plain_file_is_refused(state, make):
    (state / "lock.other").write_text("somebody's")
    make(state / "lock")
    with pytest.raises(Refused), lock(str(state)):
        pass


@pytest.mark.parametrize("make", [lambda path: path.write_text(""), lambda path: path.symlink_to("/nowhere")])
def test_a_lock_directory_that_is_none_is_refused(state, make):
    make(state / "lock.d")
    with pytest.raises(Refused, match="is no directory"), lock(str(state)):
        pass
    assert os.path.lexists(state / "lock.d")


def test_a_lock_that_could_not_be_written_leaves_nothing(state, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"), lock(str(state)):
        pass
    monkeypatch.undo()
    assert os.listdir(state) == ["lock"]
    assert is_free(state)
