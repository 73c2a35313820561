"""The engine of one host: what becomes of items whose process dies, hangs or never starts, and of its processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from fleet.engine_jobs import results, told
from nimdoctor.fleet.engine import EngineLost
from nimdoctor.fleet.pool import Pool

WELL = [(f"{number}", "well") for number in range(60)]


@pytest.fixture
def pool():
    made = Pool(2)
    yield made
    made.close()


def test_each_item_comes_once_with_its_result(pool):
    found = results(pool.map(told, iter(WELL)))
    assert {name: result["name"] for name, result in found.items()} == {name: name for name, _ in WELL}
    assert os.getpid() not in {result["pid"] for result in found.values()}


def test_processes_serve_one_map_after_another(pool):
    first = {result["pid"] for result in results(pool.map(told, WELL)).values()}
    assert {result["pid"] for result in results(pool.map(told, WELL)).values()} <= first


def test_an_item_that_kills_its_process_twice_is_none_and_all_others_come(pool):
    found = results(pool.map(told, [*WELL[:30], ("bad", "kills"), *WELL[30:], ("worse", "kills")]))
    assert {name for name, result in found.items() if result is None} == {"bad", "worse"}
    assert len(found) == 62


def test_an_item_whose_process_dies_once_is_tried_again(pool, tmp_path):
    found = results(pool.map(told, [*WELL, ("chance", "kills once", str(tmp_path / "killed"))]))
    assert found["chance"]["name"] == "chance" and None not in found.values()


def test_every_item_may_kill(pool):
    assert results(pool.map(told, [(f"{number}", "kills") for number in range(4)])) == dict.fromkeys("0123")


def test_an_item_that_hangs_is_given_up_and_said_to_be(tmp_path):
    pool = Pool(2, limit=1.0)
    found = results(pool.map(told, [*WELL[:30], ("slow", "hangs"), *WELL[30:]]))
    pool.close()
    failure = {"kind": "crashed", "message": "it was not done within 1 s, and its process was ended"}
    assert found.pop("slow") == {"failure": failure}
    assert all(result["name"] == name for name, result in found.items())


def test_a_process_killed_while_it_had_nothing_to_do_costs_nothing(pool):
    for pid in {result["pid"] for result in results(pool.map(told, WELL)).values()}:
        os.kill(pid, signal.SIGKILL)
    assert None not in results(pool.map(told, WELL)).values()


def test_items_are_taken_as_they_are_needed(pool):
    taken = []

    def endless():
        while True:
            taken.append(len(taken))
            yield (str(len(taken)), "well")

    done = pool.map(told, endless())
    next(done)
    assert len(taken) <= 4  # at first one at a time for each process
    for _ in range(500):
        next(done)
    assert len(taken) <= 501 + 3 * 64
    done.close()


def test_what_is_given_up_half_way_leaves_no_process_at_work(pool):
    done = pool.map(told, [("quick", "well"), *[(f"{number}", "hangs") for number in range(9)]])
    next(done)
    done.close()
    pool.close()
    assert multiprocessing.active_children() == []


def test_what_the_function_raises_is_raised(pool):
    with pytest.raises(ValueError, match="an item that raises"):
        list(pool.map(told, [("bad", "raises")]))


def test_processes_that_never_start_end_the_work(pool, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    with pytest.raises(EngineLost, match="cannot be started"):
        list(pool.map(told, WELL))


DRIVER = """
import sys
from fleet.engine_jobs import told
from nimdoctor.fleet.pool import Pool

if __name__ == "__main__":
    for item, result in Pool(2).map(told, [("1", "well"), ("2", "well"), ("3", "hangs"), ("4", "hangs")]):
        print(result["pid"], flush=True)
"""


@pytest.fixture
def driver(tmp_path):
    """A process whose two workers hang, and their numbers."""
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    tests = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": tests}
    started = subprocess.Popen(
        [sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, start_new_session=True
    )
    assert started.stdout
    for _ in range(2):
        started.stdout.readline()
    yield started, psutil.Process(started.pid).children(recursive=True)
    started.kill()
    started.wait()
    started.stdout.close()


def test_no_process_outlives_a_driver_that_was_killed(driver):
    started, children = driver
    assert len(children) >= 2
    started.kill()
    started.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_processes_do_not_hear_ctrl_c(driver):
    _, children = driver
    workers = [one for one in children if "spawn_main" in " ".join(one.cmdline())]
    for one in workers:
        one.send_signal(signal.SIGINT)
    _, alive = psutil.wait_procs(workers, timeout=0.3)
    assert len(alive) == 2
