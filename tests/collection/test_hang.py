"""A command that hangs is ended with all that it started, and its absence is recorded."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shells import gone, processes_of

from nimdoctor.evidence import open_target
from nimdoctor.lab import Lab
from nimdoctor.library.scanning import scan

from .conftest import REGISTRY, Archive, Collector, collected


def hung(archive: Archive) -> None:
    commands = archive.manifest["commands"]
    assert commands["lssrc -a"] == {"status": None, "timed_out": True}
    assert not [name for name in archive.members if name.startswith("commands/lssrc")]
    assert archive.manifest["not_collected"]["lssrc -ls inetd"] == "not run: lssrc hung before"
    assert commands["uname -m"]["status"] == 0
    report = scan(open_target(archive.path), registry=REGISTRY, only=["nimsh-inactive"])
    assert any("hung when it was collected" in result.message for result in report.results)


def test_by_nimdoctor(healthy: Lab, tmp_path: Path) -> None:
    healthy.fault("client", "lssrc", "hang")
    hung(collected(healthy.client_target, tmp_path, timeout=0.5))
    assert gone(healthy.client)


def test_by_the_script(healthy: Lab, each: Collector) -> None:
    healthy.fault("client", "lssrc", "hang")
    archive = each.archive(healthy.client_target, timeout=1)
    hung(archive)
    assert "lssrc -a: hung, ended after 1 s" in archive.said
    assert gone(healthy.client)


def test_when_every_command_hangs_the_script_ends_all_the_same(healthy: Lab, each: Collector) -> None:
    for program in os.listdir(f"{healthy.client}/usr/bin") + os.listdir(f"{healthy.client}/usr/sbin"):
        healthy.fault("client", program, "hang")
    each.patch('sleep "$watch_for"', "sleep 0.1")
    archive = each.archive(healthy.client_target, timeout=1)
    late = [one for one in archive.manifest["commands"].values() if one.get("timed_out")]
    assert len(late) == 10, "ten times the time of one command is all there is"
    assert "not run: the collection's time is used up" in archive.manifest["not_collected"].values()
    assert archive.manifest["collected"].startswith("20") and gone(healthy.client)


def interrupted(lab: Lab, number: int, *command: str, place: "str | Path") -> int:
    """How a collector ends that is sent a signal while a command hangs; nothing that it started is left."""
    lab.fault("client", "lssrc", "hang")
    running = subprocess.Popen(
        command,
        cwd=place,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(place)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while not processes_of(f"{lab.client}/usr/bin/lssrc") and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(number)
    out, _ = running.communicate(timeout=60)
    assert not out and gone(lab.client)
    return running.returncode


def test_the_script_interrupted_leaves_nothing(healthy: Lab, each: Collector) -> None:
    script = each.write(healthy.client_target)
    assert interrupted(healthy, signal.SIGTERM, each.shell, script, place=each.place) == 143
    assert os.listdir(each.place) == ["collect.ksh"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nimdoctor_interrupted_leaves_nothing(number: int, healthy: Lab, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "nimdoctor", "collect", healthy.client_target, "--no-redact")
    assert interrupted(healthy, number, *command, place=tmp_path) == 130
    assert os.listdir(tmp_path) == []
