"""Commands under a deadline."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, List

import pytest
from callers import CALLERS, PLACE, seen
from programs import program

from nimdoctor.system import command
from nimdoctor.system.command import PROGRAM_PATH, command_environment, run

SH = "/bin/sh"


def alive(pid: int) -> bool:
    """Whether that process still runs; a zombie that init has not fetched yet does not."""
    ps = subprocess.run([program("ps"), "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, check=False)
    return bool(ps.stdout.strip()) and not ps.stdout.strip().startswith(b"Z")


def gone(pids: List[int]) -> bool:
    until = time.monotonic() + 1
    while any(alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(alive(pid) for pid in pids)


def noted(file: Path, count: int) -> List[int]:
    pids = [int(word) for word in file.read_text().split()]
    assert len(pids) == count
    return pids


def test_output_and_status_are_kept_apart() -> None:
    result = run([SH, "-c", "echo out; echo err >&2; exit 249"], timeout=5)
    assert (result.status, result.stdout, result.stderr) == (249, b"out\n", b"err\n")
    assert not result.timed_out and not result.flooded and result.error is None


def test_binary_output_and_nul_pass_unharmed() -> None:
    assert run([SH, "-c", r"printf '\000\377\001'"], timeout=5).stdout == b"\0\xff\1"


def test_a_question_on_standard_input_gets_end_of_file() -> None:
    result = run([SH, "-c", "read answer || echo none"], timeout=5)
    assert result.stdout == b"none\n" and not result.timed_out


def test_environment_is_minimal_and_english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CALLERS, "LC_ALL": PLACE, "SSH_AUTH_SOCK": PLACE, "PYTHONPATH": PLACE}.items():
        monkeypatch.setenv(name, value)
    for environment in (None, command_environment(), command_environment("/alt")):
        result = run([SH, "-c", "env"], timeout=5, env=environment)
        found = seen(result.stdout.decode())
        assert found.pop("NIMDOCTOR_COMMAND")
        more = {"NIMDOCTOR_ROOT": "/alt"} if environment == command_environment("/alt") else {}
        assert found == {"LC_ALL": "C", "LANG": "C", "HOME": "/", "PATH": PROGRAM_PATH, **more}


def test_a_missing_program_is_an_error_not_an_exception(tmp_path: Path) -> None:
    assert run([str(tmp_path / "lsnim")], timeout=5).error == "No such file or directory"
    assert run([], timeout=5).error
    assert run(["/bin/sh", "nul\0byte"], timeout=5).error


def test_what_is_no_program_is_an_error(tmp_path: Path) -> None:
    program = tmp_path / "lsnim"
    program.write_bytes(b"\x7fELFnonsense")
    assert run([str(program)], timeout=5).error == "Permission denied: run as root"
    program.chmod(0o755)
    assert run([str(program)], timeout=5).error == "Exec format error"


def test_a_hang_ends_with_its_children_and_its_output_is_thrown_away(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"echo half; sleep 100 & echo $! >> {pids}; sleep 100 & echo $! >> {pids}; echo $$ >> {pids}; wait"
    began = time.monotonic()
    result = run([SH, "-c", script], timeout=1.0)
    assert result.timed_out and result.stdout == b"" and result.status is None
    assert time.monotonic() - began < 30
    assert gone(noted(pids, 3))


def test_a_child_that_left_the_process_group_ends_too(tmp_path: Path) -> None:
    pytest.importorskip("psutil")
    pids = tmp_path / "pids"
    # the second has lost its parent as well
    code = (
        "import os, time\n"
        "def note():\n"
        f"    open({str(pids)!r}, 'a').write(f'{{os.getpid()}} ')\n"
        "for orphan in (False, True):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if orphan and os.fork():\n"
        "            os._exit(0)\n"
        "        note()\n"
        "        time.sleep(100)\n"
        "time.sleep(100)\n"
    )
    assert run([sys.executable, "-c", code], timeout=0.8).timed_out
    assert gone(noted(pids, 2))


def test_no_psutil_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    pids = tmp_path / "pids"
    assert run([SH, "-c", f"sleep 100 & echo $! > {pids}; wait"], timeout=1.0).timed_out
    assert gone(noted(pids, 1))


def test_a_background_child_that_holds_the_pipe_does_not_hold_us(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    began = time.monotonic()
    result = run([SH, "-c", f"echo started; sleep 100 & echo $! > {pids}"], timeout=20)
    assert time.monotonic() - began < 18
    assert (result.status, result.stdout, result.timed_out) == (0, b"started\n", False)
    os.kill(noted(pids, 1)[0], 9)


def test_a_flood_is_cut_at_the_limit_and_ended() -> None:
    result = run([SH, "-c", "exec yes"], timeout=20, limit=100_000)
    assert result.flooded and not result.timed_out and result.status is None
    assert len(result.stdout) == 100_000


def test_a_flood_of_errors_is_cut_too() -> None:
    result = run([SH, "-c", "exec yes >&2"], timeout=20, limit=50_000)
    assert result.flooded and len(result.stderr) == 50_000


def test_output_of_exactly_the_limit_is_no_flood() -> None:
    result = run([SH, "-c", "printf 12345"], timeout=5, limit=5)
    assert not result.flooded and result.status == 0 and result.stdout == b"12345"


def test_ctrl_c_ends_the_command_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = tmp_path / "pids"

    def interrupted(*args: Any) -> Any:
        until = time.monotonic() + 2
        while not (pids.exists() and pids.read_text().strip()) and time.monotonic() < until:
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_attend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run([SH, "-c", f"sleep 100 & echo $! > {pids}; wait"], timeout=20)
    assert gone(noted(pids, 1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_moment_in_which_a_command_starts_leaves_no_child(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: List[int] = []

    class Popen(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, **more)
            started.append(self.pid)
            signal.raise_signal(number)  # still inside the constructor: nobody has its number

    def interrupt(came: int, frame: Any) -> None:
        raise KeyboardInterrupt(came)

    held = signal.signal(number, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), monkeypatch.context() as late:
            late.setattr(subprocess, "Popen", Popen)
            run([SH, "-c", "sleep 100"], timeout=20)
        assert gone(started) and len(started) == 1
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, held)


def test_no_zombie_and_no_descriptor_is_left() -> None:
    def descriptors() -> int:
        return sum(1 for number in range(256) if _is_open(number))

    before = descriptors()
    run([SH, "-c", "sleep 100"], timeout=0.1)
    run([SH, "-c", "exec yes"], timeout=5, limit=10)
    assert descriptors() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_without_psutil_a_child_that_left_the_group_is_found_by_ps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not os.path.exists("/usr/bin/ps"):
        pytest.skip("no /usr/bin/ps here")
    monkeypatch.setitem(sys.modules, "psutil", None)
    pids = tmp_path / "pids"
    code = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    open(sys.argv[1], 'a').write(str(os.getpid()) + ' ')\n"
        "time.sleep(100)\n"
    )
    assert run([sys.executable, "-c", code, str(pids)], timeout=0.8).timed_out
    assert gone(noted(pids, 1))
