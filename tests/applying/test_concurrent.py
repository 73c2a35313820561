"""Two fixes started at once: one of them runs, the others are refused at once, and nothing is mixed up."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from killing.children import nimdoctor
from killing.scenes import STATE, tell


def start(lab, target, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "nimdoctor", "fix", target, "--master", lab.master_target, *words, "--apply", "--yes"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def until(holds):
    for _ in range(2000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


@pytest.fixture
def held(lab_of):
    """A lab, and a fix on it that waits in a command until it is let go."""
    started = []

    def get(scenario, end, command, *clients):
        lab = lab_of(scenario, *clients)
        lab.fault(end, command, "hang once")
        process = start(lab, lab.client_target)
        started.append(process)
        until(lambda: any(call.split()[0] == command.split(".")[0] for call in lab.calls(end)))
        return lab, process

    yield get
    for process in started:
        process.kill()
        process.communicate()


def test_a_second_fix_is_refused_at_once_and_the_first_goes_on(held):
    lab, first = held("nimsh-inactive", "client", "startsrc")
    began = time.monotonic()
    second = nimdoctor(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"])
    assert time.monotonic() - began < 25
    assert second.status == 1
    # it is refused by the lock, or by the run that is seen to be under way
    assert f"process {first.pid}" in second.err or "is running" in second.err
    for words in (["fix", "--resume", "last"], ["rollback", "last"]):
        ended = nimdoctor([*words, "--yes", "--state-dir", lab.client + STATE])
        assert ended.status == 1 and f"process {first.pid} (ps -fp {first.pid}) holds" in ended.err, ended
    assert first.poll() is None
    assert lab.calls() == ["startsrc -s nimsh"]


def test_two_clients_of_one_master_do_not_change_it_at_once(held, lab_of):
    lab, first = held("tftp-disabled", "master", "refresh", "lpar7", "lpar9")
    other = nimdoctor(["fix", f"root:{lab.clients['lpar9']}", "--master", lab.master_target, "--apply", "--yes"])
    assert other.status == 1
    assert "is running" in other.err or f"process {first.pid}" in other.err
    assert lab.calls("lpar9") == [] and lab.calls("master") == ["refresh -s inetd"]
    assert (
        not os.path.isdir(f"{lab.clients['lpar9']}{STATE}/runs")
        or os.listdir(f"{lab.clients['lpar9']}{STATE}/runs") == []
    )


def test_of_four_started_together_one_wins_and_no_records_are_mixed(lab_of, counted):
    lab = lab_of("stale-ssl-libs")
    together = [start(lab, lab.client_target) for _ in range(4)]
    ends = [(process.communicate(timeout=60), process.returncode) for process in together]
    counted["fixes started at once"] += len(ends)
    assert sorted(status for _, status in ends) == [0, 1, 1, 1], ends
    for (_, said), status in ends:
        if status:
            assert b"refused: " in said
    assert lab.calls() == ["nimclient -c"]
    (run,) = os.listdir(f"{lab.client}{STATE}/runs")
    with open(f"{lab.client}{STATE}/runs/{run}/journal.jsonl", "rb") as stream:
        content = stream.read()
    events = [json.loads(line)["event"] for line in content.splitlines()]
    assert events == ["start", *["begin", "done"] * 3, "complete"]
    assert tell(content).state == "complete"
    assert not os.path.exists(f"{lab.client}{STATE}/lock.d")


def test_the_lock_of_a_fix_that_was_killed_holds_nobody_up(held):
    lab, first = held("nimsh-inactive", "client", "startsrc")
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    ended = nimdoctor(["rollback", "--yes", "--state-dir", lab.client + STATE])
    assert ended.status == 0, ended


def test_a_client_is_not_marked_as_followed_while_a_run_writes(held, lab_of):
    lab, first = held("nimsh-inactive", "client", "startsrc")
    # a journal has one writer at a time; this run waits for nobody, so the name is a mistake
    ended = nimdoctor(["runs", "--followed", "lpar8", "--state-dir", lab.client + STATE])
    assert ended.status == 2
    assert first.poll() is None
