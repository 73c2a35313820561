"""`nimdoctor fleet` as a process: what it writes, how it ends, and what a kill at any moment leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


class Ended:
    """How one command line ended."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def records(self):
        return recorded(self.out)


def recorded(lines):
    """Records by target, each of which came once, in whole lines."""
    assert not lines or lines.endswith(b"\n")
    records = [json.loads(line) for line in lines.splitlines()]
    found = {one["target"]: one for one in records}
    assert len(found) == len(records)
    return found


@pytest.fixture
def started():
    """Starts a fleet as a process."""
    processes = []

    def start(*words, stdin=subprocess.DEVNULL, python=("-m", "nimdoctor"), **more):
        line = [sys.executable, *python, "fleet", *map(str, words)]
        # without a buffer, so that `communicate` has all that `readline` left
        more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0, **more}
        process = subprocess.Popen(line, cwd=REPOSITORY, stdin=stdin, start_new_session=True, **more)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def fleet(started):
    def run(*words, given=b"", **more):
        process = started(*words, stdin=subprocess.PIPE, **more)
        out, err = process.communicate(given, timeout=120)
        assert b"Traceback" not in err
        return Ended(process.returncode, out, err.decode())

    return run


def workers(process):
    """Its processes that judge."""
    return [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]


def until(true, seconds=60.0):
    """Waits for what another process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def count(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


# -- what it writes


def test_every_bundle_has_a_line_and_what_cannot_be_read_makes_it_2(fleet, bundles):
    paths = bundles.many(60)
    ended = fleet(bundles.place)
    assert set(ended.records) == set(paths) and ended.status == 2
    verdicts = [one["verdict"] for one in ended.records.values()]
    assert {name: verdicts.count(name) for name in set(verdicts)} == {None: 6, "healthy": 31, "problems": 23}
    assert ended.err.splitlines()[-1] == (
        "nimdoctor: 60 bundles: 31 healthy, 23 with problems, 6 not judged (6 unreadable)"
    )


def test_problems_leave_the_status_0(fleet, bundles):
    ended = fleet(bundles.add("lpar7", "client-not-secure"), "--jobs", 1)
    assert (ended.status, ended.err) == (0, "nimdoctor: 1 bundle: 1 with problems\n")


def test_all_may_fail(fleet, bundles):
    for number in range(20):
        bundles.add(f"client{number}", cut=99)
    ended = fleet(bundles.place)
    assert ended.status == 2 and len(ended.records) == 20
    assert "nimdoctor: not judged: 15 more, of which the records say why\n" in ended.err
    assert ended.err.endswith("nimdoctor: 20 bundles: 20 not judged (20 unreadable)\n")


def test_paths_come_from_a_file_and_from_standard_input(fleet, bundles, tmp_path):
    client, master = bundles.pair()
    listed = tmp_path / "paths"
    listed.write_text(f"{client}\n")
    ended = fleet("-", "--from", listed, given=master.encode() + b"\0")
    assert set(ended.records) == {client, master} and ended.status == 0


def test_a_fifo_a_socket_and_a_device_do_not_hang_it(fleet, bundles, tmp_path):
    os.mkfifo(tmp_path / "fifo.tgz")
    ended = fleet(tmp_path / "fifo.tgz", "/dev/zero", bundles.add("lpar7"))
    assert ended.status == 2 and [bool(one["failure"]) for one in ended.records.values()].count(True) == 2


def test_an_output_holds_what_else_goes_to_standard_output(fleet, bundles, tmp_path):
    bundles.pair()
    there = fleet(bundles.place)
    ended = fleet(bundles.place, "--output", tmp_path / "fleet.jsonl")
    assert ended.out == b"" and recorded((tmp_path / "fleet.jsonl").read_bytes()) == there.records


def test_what_a_plug_in_prints_is_no_record(fleet, bundles, tmp_path):
    # found as a distribution of its own, which prints when it is loaded
    place = tmp_path / "loud-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1.0\n")
    (place / "entry_points.txt").write_text("[nimdoctor.checks]\nloud = loud\n")
    (tmp_path / "loud.py").write_text("print('loud and clear')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ended = fleet(bundles.add("lpar7"), env={**os.environ, "PYTHONPATH": path})
    assert len(ended.records) == 1 and "loud and clear" in ended.err


def test_who_has_seen_enough_ends_it(started, bundles):
    bundles.many(24)
    process = started(bundles.place)
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert b"standard output was closed: " in err and b"Traceback" not in err and b"BrokenPipe" not in err
    assert process.returncode in (0, 2)


# -- what it refuses


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "give bundles"),
        (("{}", "--output", "fleet.csv"), "has to end in .jsonl, .parquet, .html"),
        (("{}", "--output", "no/such/place.jsonl"), "no/such/place.jsonl cannot be written: No such file"),
        (("{}", "--checkpoint", "no/such/place"), "no/such/place cannot be written: No such file"),
        (("{}", "--checkpoint", "README.md"), "README.md is no checkpoint of nimdoctor fleet"),
        (("{}", "--jobs", "0"), "0 is not in the range"),
        (("{}", "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"), "give one of the two"),
        (("{}", "--scheduler", "nim1"), "ends in its port"),
        (("--from", "no/such/list"), "--from no/such/list cannot be read"),
        (("--from", "/dev/null"), "there is no bundle of evidence"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(fleet, bundles, words, says):
    if "nim1" in words:
        pytest.importorskip("distributed", reason="dask is not installed")
    ended = fleet(*(word.format(bundles.add("lpar7")) for word in words))
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, b"", 1)
    assert says in ended.err


def test_a_full_device_is_said_and_makes_it_4(fleet, bundles):
    with open("/dev/full", "wb") as full:
        ended = fleet(bundles.add("lpar7"), stdout=full)
    assert ended.status == 4
    assert ended.err == "nimdoctor: the report cannot be written: standard output: No space left on device\n"


WITHOUT = """
import sys
sys.modules[{name!r}] = None
from nimdoctor.__main__ import console
if __name__ == "__main__":
    console()
"""


@pytest.mark.parametrize(
    ("name", "words"), [("distributed", ["--scheduler", "tcp://127.0.0.1:1"]), ("pyarrow", ["--output", "x.parquet"])]
)
def test_a_library_of_the_extra_that_is_not_there_is_named(fleet, bundles, tmp_path, name, words):
    script = tmp_path / "without.py"
    script.write_text(WITHOUT.format(name=name))
    ended = fleet(
        bundles.add("lpar7"), *words, python=(str(script),), env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    )
    assert (ended.status, ended.out) == (4, b"")
    assert ended.err == f"nimdoctor: {name} is not there, which nimdoctor needs: python3 -m pip install {name}\n"


# -- how it ends before its end


def test_a_killed_process_that_judges_costs_nothing(started, bundles):
    paths = bundles.many(24)
    process = started(bundles.place)
    first = process.stdout.readline()
    workers(process)[0].kill()
    out, err = process.communicate(timeout=120)
    assert set(recorded(first + out)) == set(paths) and b"(2 unreadable)" in err


def test_killed_again_and_again_it_goes_on_and_each_path_comes_once(started, fleet, bundles, tmp_path):
    paths = bundles.many(24)
    kept, output = tmp_path / "kept", tmp_path / "fleet.jsonl"
    words = [bundles.place, "--checkpoint", kept, "--output", output]
    identities = len(paths) - 2
    for goal in (identities // 2, identities + 9):
        process = started(*words)
        until(lambda: count(kept) > goal)  # noqa: B023
        children = workers(process)
        process.kill()
        process.wait()
        assert psutil.wait_procs(children, timeout=20)[1] == []
        if output.exists():
            recorded(output.read_bytes())
    ended = fleet(*words)
    found = recorded(output.read_bytes())
    assert set(found) == set(paths) and ended.status == 2
    lines = [json.loads(line) for line in kept.read_bytes().splitlines()]
    done = [json.dumps([line["kind"], line["key"]]) for line in lines[1:]]
    assert len(done) == len(set(done)) == 2 * identities


def test_ctrl_c_ends_with_what_is_done_and_says_how_to_go_on(started, fleet, bundles, tmp_path):
    paths = bundles.many(24)
    kept = tmp_path / "kept"
    process = started(bundles.place, "--checkpoint", kept, "--jobs", 1)
    first = [process.stdout.readline() for _ in range(6)]
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: every process hears it
    out, err = process.communicate(timeout=60)
    found = recorded(b"".join(first) + out)
    assert process.returncode == 130 and 6 <= len(found) < len(paths)
    assert b"Traceback" not in err
    left = len(paths) - len(found)
    said = f"nimdoctor: ended before its end: {left} were not judged; the same command goes on from here"
    assert err.decode().splitlines()[-2:] == [said, "nimdoctor: interrupted"]
    ended = fleet(bundles.place, "--checkpoint", kept)
    assert set(ended.records) == set(paths)
    assert {path: one for path, one in ended.records.items() if path in found} == found


def test_a_plain_kill_ends_it_like_ctrl_c(started, bundles):
    bundles.many(24)
    process = started(bundles.place, "--jobs", 1)
    process.stdout.readline()
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and b"with --checkpoint FILE a run can be gone on with" in err
    recorded(out)


def test_two_at_once_do_not_share_a_checkpoint(started, fleet, bundles, tmp_path):
    bundles.many(24)
    words = [bundles.place, "--checkpoint", tmp_path / "kept", "--output", tmp_path / "fleet.jsonl"]
    process = started(*words)
    until((tmp_path / "fleet.jsonl").exists)
    second = fleet(*words)
    assert (second.status, second.out) == (2, b"") and "is the checkpoint of a run that goes on" in second.err
    process.communicate(timeout=120)
    assert len(recorded((tmp_path / "fleet.jsonl").read_bytes())) == 24
