"""The engine of many hosts, on a cluster of processes on loopback: a worker that dies, a scheduler that goes."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.engine_jobs import results, told
from nimdoctor.fleet.engine import EngineLost

dask = pytest.importorskip("dask", reason="dask is not installed (extra cluster)")
distributed = pytest.importorskip("distributed", reason="dask is not installed (extra cluster)")

from nimdoctor.fleet.cluster import Cluster  # noqa: E402

TESTS = str(Path(__file__).parents[1])
WELL = [(f"{number}", "well") for number in range(60)]


def started(workers):
    # by itself a scheduler lets four workers die of one batch
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        return distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )  # fmt: skip


@pytest.fixture(scope="module")
def scheduler():
    path, os.environ["PYTHONPATH"] = os.environ.get("PYTHONPATH"), TESTS
    with started(6) as cluster:
        yield cluster.scheduler_address
    os.environ.pop("PYTHONPATH")
    if path is not None:
        os.environ["PYTHONPATH"] = path


@pytest.fixture
def cluster(scheduler):
    made = Cluster(scheduler)
    yield made
    made.close()


def test_each_item_comes_once_from_the_workers(cluster):
    found = results(cluster.map(told, iter(WELL)))
    assert set(found) == {name for name, _ in WELL}
    assert os.getpid() not in {result["pid"] for result in found.values()}


def test_items_are_taken_as_they_are_needed(cluster):
    taken = []

    def endless():
        while True:
            taken.append(len(taken))
            yield (str(len(taken)), "well")

    done = cluster.map(told, endless())
    for _ in range(100):
        next(done)
    assert len(taken) <= 100 + 2 * 6 * 64
    done.close()


def test_what_the_function_raises_is_raised(cluster):
    with pytest.raises(ValueError, match="an item that raises"):
        list(cluster.map(told, [("bad", "raises")]))


def test_a_scheduler_that_goes_ends_the_work():
    with started(1) as local:
        cluster = Cluster(local.scheduler_address)
        done = cluster.map(told, [*WELL[:1], *[(f"{number}", "hangs") for number in range(9)]])
        next(done)
        local.sync(local.scheduler.close)
        with pytest.raises(EngineLost, match="is gone"):
            list(done)
        cluster.close()


def test_workers_of_another_version_are_refused(scheduler, monkeypatch):
    monkeypatch.setattr("nimdoctor.fleet.cluster.__version__", "99.0")
    with pytest.raises(EngineLost, match=r"has nimdoctor 0\.1\.0, and here is 99\.0"):
        Cluster(scheduler)


def test_where_no_scheduler_answers_it_is_said(monkeypatch):
    monkeypatch.setattr("nimdoctor.fleet.cluster.CONNECTING", 0.5)
    with pytest.raises(EngineLost, match="no scheduler of dask answers at tcp:"):
        Cluster("tcp://127.0.0.1:1")


def test_the_command_judges_by_it_as_by_itself(scheduler, bundles):
    bundles.many(8)
    runs = [
        subprocess.run(
            [sys.executable, "-m", "nimdoctor", "fleet", str(bundles.place), *words],
            capture_output=True, stdin=subprocess.DEVNULL, timeout=120, check=False,
        )
        for words in ((), ("--scheduler", scheduler))
    ]  # fmt: skip
    here, there = (sorted(map(json.loads, run.stdout.splitlines()), key=str) for run in runs)
    assert there == here and len(here) == 8
    assert [run.returncode for run in runs] == [2, 2] and runs[0].stderr == runs[1].stderr


# -- workers that die, last, since they may be slow to come back: there are enough to do without


def test_a_worker_that_is_killed_once_costs_nothing(cluster, tmp_path):
    found = results(cluster.map(told, [*WELL, ("chance", "kills once", str(tmp_path / "killed"))]))
    assert len(found) == 61 and None not in found.values()


def test_an_item_that_kills_every_worker_is_none_and_all_others_come(cluster):
    found = results(cluster.map(told, [*WELL[:9], ("bad", "kills"), *WELL[9:]]))
    assert found.pop("bad") is None and len(found) == 60 and None not in found.values()


def test_a_worker_that_takes_too_long_ends_itself(scheduler, tmp_path):
    cluster = Cluster(scheduler, limit=0.5)
    found = results(cluster.map(told, [*WELL[:5], ("slow", "hangs")]))
    cluster.close()
    assert found.pop("slow") is None and len(found) == 5
