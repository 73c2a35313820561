"""A lab leaves nothing behind: no process, no directory."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from programs import program

from nimdoctor.lab import Lab


def of_the_lab(place: str) -> "list[str]":
    """Command lines of processes that name that place and run."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if (
                process.pid != os.getpid()
                and process.status() != psutil.STATUS_ZOMBIE
                and any(place in word for word in words)
            ):
                found.append(" ".join(words))
        except psutil.Error:
            continue
    return found


def gone(place: str, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while of_the_lab(place):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_close_ends_daemons_and_pushes_and_removes_the_place():
    lab = Lab.build("create-bio-hang", daemons=True)
    assert len([words for words in of_the_lab(lab.place) if "nimsh_daemon" in words]) == 2
    pushing = threading.Thread(target=lab.push, args=("lpar7", 20))
    pushing.start()
    end = time.monotonic() + 3
    while not [words for words in of_the_lab(lab.place) if "push.py" in words] and time.monotonic() < end:
        time.sleep(0.02)
    lab.close()
    pushing.join(5)
    assert not pushing.is_alive()
    assert gone(lab.place)
    assert not os.path.exists(lab.place)


def test_close_ends_a_command_that_hangs_by_a_fault():
    lab = Lab.build("healthy")
    lab.fault("client", "nimclient", "hang")
    running = threading.Thread(target=lab.run, args=("client", "nimclient", "-C"))
    running.start()
    time.sleep(0.1)
    lab.close()
    running.join(5)
    assert not running.is_alive()
    assert gone(lab.place) and not os.path.exists(lab.place)


def test_close_may_be_called_twice():
    lab = Lab.build("healthy")
    lab.close()
    lab.close()


def test_an_error_inside_leaves_nothing():
    with pytest.raises(RuntimeError), Lab.build("healthy", daemons=True) as lab:
        raise RuntimeError
    assert gone(lab.place) and not os.path.exists(lab.place)


def test_daemons_end_when_their_tree_is_gone():
    lab = Lab.build("healthy", daemons=True)
    shutil.rmtree(lab.place)
    assert gone(lab.place)


def test_daemons_end_some_time_after_the_process_that_built_the_lab():
    program("openssl")
    building = (
        "import os, signal, sys\n"
        "from nimdoctor.lab import Lab\n"
        "lab = Lab.build('healthy', daemons=True)\n"
        "for tree in lab.clients.values():\n"
        "    open(tree + '/.lab/patience', 'w').write('0.5')\n"
        "print(lab.place, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", building], stdout=subprocess.PIPE)
    place = ended.stdout.decode().strip()
    try:
        assert ended.returncode == -signal.SIGKILL
        assert os.path.isdir(place)
        assert gone(place)
    finally:
        shutil.rmtree(place)


def test_a_build_that_fails_leaves_nothing(tmp_path, monkeypatch):
    from nimdoctor.lab import LabCannotBeBuilt, trees

    def broken() -> str:
        raise LabCannotBeBuilt("no openssl")

    monkeypatch.setattr(trees, "real_openssl", broken)
    place = tmp_path / "lab"
    with pytest.raises(LabCannotBeBuilt):
        Lab.build("healthy", str(place))
    assert not place.exists()


def test_an_openssl_that_fails_is_told(tmp_path, monkeypatch):
    from nimdoctor.lab import LabCannotBeBuilt, trees

    failing = tmp_path / "openssl"
    failing.write_text("#!/bin/sh\necho no entropy >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(trees, "real_openssl", lambda: str(failing))
    with pytest.raises(LabCannotBeBuilt, match=r"openssl req failed: no entropy"):
        Lab.build("healthy", str(tmp_path / "lab"))
    assert not (tmp_path / "lab").exists()
