"""A command that hangs is ended with all that it started, and its absence is recorded."""

import os
import signal
import subprocess
import time
from pathlib import Path

from shells import gone, processes_of

from nimdoctor.evidence import open_target
from nimdoctor.lab import Lab
from nimdoctor.scan import scan

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
    assert "lssrc -a: hung and was ended after 1 s" in archive.said
    assert gone(healthy.client)


def test_when_every_command_hangs_the_script_ends_all_the_same(healthy: Lab, each: Collector) -> None:
    for program in os.listdir(f"{healthy.client}/usr/bin") + os.listdir(f"{healthy.client}/usr/sbin"):
        healthy.fault("client", program, "hang")
    each.patch('sleep "$watch_for"', "sleep 0.1")
    archive = each.archive(healthy.client_target, timeout=1)
    late = [one for one in archive.manifest["commands"].values() if one.get("timed_out")]
    assert len(late) == 10, "ten times the time of one command is all there is"
    assert "not run: the collection's time was used up" in archive.manifest["not_collected"].values()
    assert archive.manifest["collected"].startswith("20") and gone(healthy.client)


def test_interrupted_while_a_command_hangs_nothing_is_left(healthy: Lab, each: Collector) -> None:
    healthy.fault("client", "lssrc", "hang")
    running = subprocess.Popen(
        [each.shell, each.write(healthy.client_target)],
        cwd=each.place,
        env={"PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while not processes_of(f"{healthy.client}/usr/bin/lssrc") and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 143 and not out
    assert gone(healthy.client) and os.listdir(each.place) == ["collect.ksh"]
