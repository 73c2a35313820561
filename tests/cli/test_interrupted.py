"""Ctrl-C, a kill and a lost terminal while `fix --apply` is at work."""

import os
import signal
import subprocess
import sys

import pytest

from nimdoctor.lab import Lab


def begun(lab, command, *words):
    """`fix --apply` as a process that stands in that command of the lab, until it is told to go on."""
    scenario = [lab.client_target, "--master", lab.master_target, "--apply", "--yes", *words]
    process = subprocess.Popen(
        [sys.executable, "-m", "nimdoctor", "fix", *scenario],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    for line in process.stderr:
        if command in line.decode():
            return process
    raise AssertionError(process.communicate())


def slowed(lab, end, program, seconds=1):
    """Makes a stand-in take its time, but where nimclient only asks."""
    path = next(
        f"{lab.tree(end)}/usr/{place}/{program}"
        for place in ("sbin", "bin")
        if os.path.exists(f"{lab.tree(end)}/usr/{place}/{program}")
    )
    with open(path, encoding="utf-8") as stream:
        head, rest = stream.read().split("\n", 1)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(f'{head}\n[ "$1" = -l ] || sleep {seconds}\n{rest}')


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_finishes_the_step_under_way_and_undoes_what_was_done(number):
    with Lab.build("tftp-disabled") as lab:
        original = [lab.snapshot(end) for end in ("client", "master")]
        slowed(lab, "master", "refresh")
        process = begun(lab, "switch tftp on")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert b"RESTORED" in out and b"interrupted" in out + err
        assert [lab.snapshot(end) for end in ("client", "master")] == original
        assert lab.calls("client") == []


def test_beyond_the_point_of_no_return_an_interrupted_run_goes_on_to_its_end():
    with Lab.build("create-bio-hang") as lab:
        slowed(lab, "client", "nimclient")
        process = begun(lab, "switch crypto off")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, lab.calls("client")) == (0, ["nimclient -C", "nimclient -c"])
        assert b"APPLIED-UNVERIFIED" in out


def test_a_lost_terminal_stops_nothing():
    with Lab.build("tftp-disabled") as lab:
        slowed(lab, "master", "refresh")
        process = begun(lab, "switch tftp on")
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=30)
        assert (process.returncode, lab.calls("client")) == (0, ["nimclient -c"])


def test_a_second_interruption_ends_it_at_once_and_leaves_a_run_that_can_be_resumed():
    with Lab.build("create-bio-hang") as lab:
        slowed(lab, "client", "nimclient", 30)
        process = begun(lab, "switch crypto off")
        process.send_signal(signal.SIGINT)
        assert b"interrupted" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 130
        state = f"{lab.client}/var/adm/nimdoctor"
        listed = subprocess.run(
            [sys.executable, "-m", "nimdoctor", "runs", "--state-dir", state], capture_output=True, check=True
        )
        assert b"running" in listed.stdout and b"--resume" in listed.stdout
