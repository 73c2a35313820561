"""`nimdoctor scan ssh:HOST`, `collect ssh:HOST`, and what is refused over ssh."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from loopback import Loopback

from nimdoctor.lab import Lab

Hang = Callable[[str, str], None]


def doctor(*words: str, cwd: Any = None) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "nimdoctor", *words]
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cwd, timeout=60, check=False
    )


@pytest.fixture(autouse=True)
def temporary(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes started here keep their temporary files where the test looks for what is left."""
    if "over" in request.fixturenames:
        import tempfile

        request.getfixturevalue("over")
        monkeypatch.setenv("TMPDIR", tempfile.gettempdir())


def test_both_ends_are_scanned_over_ssh(over: Loopback) -> None:
    ended = doctor("scan", "ssh:lpar7", "--master", "ssh:nim1", "--format", "json")
    assert ended.returncode == 1 and ended.stderr == ""
    report = json.loads(ended.stdout)
    assert report["host"]["target"] == "ssh:lpar7" and report["host"]["name"] == "lpar7"
    failed = {found["check"]: found for found in report["results"] if found["outcome"] == "fail"}
    assert "create-bio-hang" in failed
    (rehearsal,) = (found for found in report["results"] if found["check"] == "handshake-fails")
    assert rehearsal["outcome"] == "not-applicable"


def test_a_collection_over_ssh_scans_to_the_same_findings(over: Loopback, tmp_path: Path) -> None:
    ended = doctor("collect", "ssh:lpar7", "--no-redact", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    of_archive = doctor("scan", ended.stdout.strip(), "--format", "json", cwd=tmp_path)
    of_host = doctor("scan", "ssh:lpar7", "--format", "json")

    def outcomes(text: str) -> Any:
        return [(found["check"], found["outcome"]) for found in json.loads(text)["results"]]

    assert outcomes(of_archive.stdout) == outcomes(of_host.stdout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_leaves_nothing(over: Loopback, lab: Lab, hang: Hang, number: signal.Signals) -> None:
    import time

    hang(lab.client, "emgr")
    argv = [sys.executable, "-m", "nimdoctor", "scan", "ssh:lpar7", "--timeout", "4"]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 20
    while not over.running("/usr/sbin/emgr") and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130 and out == b""
    assert over.ended("/usr/sbin/emgr", 8)


def test_a_host_that_cannot_be_reached_is_one_line_and_status_2(over: Loopback) -> None:
    for words in (["scan", "ssh:no-such-host.invalid"], ["collect", "--no-redact", "ssh:no-such-host.invalid"]):
        ended = doctor(*words)
        assert ended.returncode == 2 and ended.stdout == "" and len(ended.stderr.splitlines()) == 1
        assert "Could not resolve" in ended.stderr
    ended = doctor("scan", "ssh:lpar7", "--master", "ssh:no-such-host.invalid")
    assert ended.returncode == 2 and ended.stdout == "" and len(ended.stderr.splitlines()) == 1


def test_the_network_is_not_probed_from_here(over: Loopback) -> None:
    ended = doctor("scan", "ssh:lpar7", "--probe")
    assert ended.returncode == 2 and "run it on that host" in ended.stderr
