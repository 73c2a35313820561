"""A signal waits for the end of a block: there the script stops in order or, where that was the last, is complete."""

import os
import re
import signal
import subprocess
import time
from typing import Callable, Tuple

import pytest
from shells import SHELLS, shell_named

from nimdoctor.lab import Lab

from ..conftest import Ran, both
from .conftest import Make, Package

LIKE_KSH88 = "ksh93 with the traps of functions as in ksh88"
Stop = Callable[[Lab, str, str], Tuple[Package, Ran]]


@pytest.fixture(params=[*SHELLS, LIKE_KSH88])
def stopped_at(request: pytest.FixtureRequest, package: Make) -> Stop:
    """Carries out the plan for a lab on one end, and sends SIGTERM when that command is at work."""

    def run(lab: Lab, end: str, command: str) -> Tuple[Package, Ran]:
        made = package(lab, shell_named(str(request.param).split()[0]))
        script = f"{end}/apply.ksh"
        text = re.sub(r"\brun \d+ ", "run 2 ", made.texts[script])
        if request.param == LIKE_KSH88:
            text = re.sub(r"^(\w+)\(\) \{", r"function \1 {", text, flags=re.M)
        made.texts[script] = text
        # it does its work and is ended at its deadline, so that there is time for a signal
        lab.fault(end, command, "late once")
        with subprocess.Popen(
            made.command(script, *made.confirmed()), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as started:
            while os.path.exists(f"{lab.tree(end)}/.lab/fault/{command}"):
                assert started.poll() is None
                time.sleep(0.02)
            started.send_signal(signal.SIGTERM)
            out, err = started.communicate(timeout=60)
        return made, Ran(started.returncode, out.decode(), err.decode())

    return run


def test_after_the_end_of_a_block_what_was_done_is_taken_back(lab_of: Callable[[str], Lab], stopped_at: Stop) -> None:
    lab = lab_of("key-exposed")
    before = both(lab)

    made, stopped = stopped_at(lab, "master", "chmod")

    assert stopped.status == 1 and "FAILED: a signal came" in stopped.err, stopped
    assert "step 1: " in stopped.out and "step 2: " not in stopped.out
    assert both(lab) == before and made.marks("master") == ()
    assert made.run("master/apply.ksh", *made.confirmed()).status == 0


def test_a_block_is_brought_to_its_end(lab_of: Callable[[str], Lab], stopped_at: Stop) -> None:
    lab = lab_of("both-known-issues")

    made, done = stopped_at(lab, "client", "nimclient.-C")

    assert done.status == 0 and "step 4: " in done.out, done
    assert made.marks("client") == ("complete",)


def test_before_the_first_change_a_script_ends_at_once(lab_of: Callable[[str], Lab], package: Make, dash: str) -> None:
    lab = lab_of("nimsh-inactive")
    made = package(lab, dash)
    with subprocess.Popen(made.command("client/apply.ksh"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asking:
        assert asking.stdout and asking.stdout.read(4)
        asking.terminate()
        asking.communicate(timeout=60)

    assert asking.returncode == 130
    assert made.marks("client") == () and not os.path.exists(made.ends["client"].state + "/lock.d")
