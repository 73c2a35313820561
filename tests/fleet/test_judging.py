"""The record of a bundle: what a scan of it finds, whoever was judged before it in the same worker."""

import gc
import os
import shutil

import pytest
from scenarios import ON_DISK, described, names, scenario

import nimdoctor
from fleet.archives import pair_of, tgz
from nimdoctor.evidence import open_target
from nimdoctor.fleet.judging import judge
from nimdoctor.fleet.masters import KEPT, Masters

FAILING = ("check", "severity", "where", "host", "message", "fix", "topic", "confidence")


def told(report: "nimdoctor.Report") -> "dict[str, object]":
    """What a record and a report both tell, in the words of the record."""
    document = report.to_dict()
    failing = [one for one in document["results"] if one["outcome"] == "fail"]
    return {
        "verdict": document["verdict"],
        "exit_status": report.exit_status,
        "host": document["host"]["name"],
        "role": document["host"]["role"],
        "level": document["host"]["oslevel"],
        "findings": [{key: one[key] for key in FAILING} for one in failing],
        "undecided": [
            {key: one[key] for key in ("check", "severity", "message")}
            for one in document["results"]
            if one["outcome"] in ("unknown", "error") and one["severity"] in ("critical", "high", "medium")
        ],
    }


def recorded(record: "dict[str, object]") -> "dict[str, object]":
    wanted = ("verdict", "exit_status", "host", "role", "level", "undecided")
    findings = [{key: one[key] for key in FAILING} for one in record["findings"]]
    return {**{key: record[key] for key in wanted}, "findings": findings}


@pytest.mark.parametrize("name", names())
def test_a_record_is_what_a_scan_with_that_master_finds(name):
    client, master = (str(ON_DISK / name / end) for end in ("client", "master"))
    record = judge(client, master, "found by name")
    assert record["failure"] is None and record["master_target"] == master
    assert recorded(record) == told(nimdoctor.scan(client, master))
    assert recorded(judge(client, None, "none")) == told(nimdoctor.scan(client))
    assert recorded(judge(master, None, "it is a master")) == told(nimdoctor.scan(master))


DIFFER_IN_THE_MASTER = [name for name in names() if "master" in described(name)]


@pytest.mark.parametrize("name", DIFFER_IN_THE_MASTER)
def test_a_client_is_told_the_same_whoever_was_judged_with_its_master_before(name):
    master = str(ON_DISK / name / "master")
    clients = [str(ON_DISK / other / "client") for other in ("create-bio-hang", "client-uses-rsh")]
    fresh = [told(nimdoctor.scan(client, master)) for client in clients]
    found = [recorded(judge(client, master, "")) for client in (*clients, *clients)]
    assert found == [*fresh, *fresh]


class Opened:
    """Notes which bundles are opened and closed as somebody's master."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.open = open_target
        monkeypatch.setattr("nimdoctor.fleet.masters.open_target", self)

    def __call__(self, target: str, **more: object) -> object:
        evidence = self.open(target, **more)
        name, close = os.path.basename(target), evidence.close
        self.opened.append(name)
        evidence.close = lambda: (self.closed.append(name), close())
        return evidence


@pytest.fixture
def masters(monkeypatch: pytest.MonkeyPatch) -> Masters:
    kept = Masters()
    monkeypatch.setattr("nimdoctor.fleet.judging._masters", lambda: kept)
    return kept


def test_a_master_is_opened_once_for_all_its_clients_and_few_at_a_time(tmp_path, monkeypatch, masters):
    client, master = pair_of("healthy", tmp_path)
    seen = Opened(monkeypatch)
    copies = [shutil.copy(master, tmp_path / f"m{number}.tgz") for number in range(KEPT + 1)]
    for copy in [copies[0], *copies, copies[-1]]:
        judge(client, str(copy), "")
    assert seen.opened == [f"m{number}.tgz" for number in range(KEPT + 1)]
    assert seen.closed == ["m0.tgz"]


def test_a_bundle_that_has_changed_is_opened_anew(tmp_path, monkeypatch, masters):
    client, master = pair_of("healthy", tmp_path)
    seen = Opened(monkeypatch)
    assert judge(client, master, "")["verdict"] == "healthy"
    tgz(tmp_path / "master.tgz", scenario("tftp-disabled")["master"].files)
    os.utime(master, ns=(1, 1))
    assert "tftp-disabled" in {one["check"] for one in judge(client, master, "")["findings"]}
    assert seen.opened == ["master.tgz"] * 2


def test_a_master_of_which_something_could_not_be_read_is_opened_anew_for_each_client(tmp_path, monkeypatch, masters):
    client, _ = pair_of("healthy", tmp_path)
    files = {**scenario("healthy")["master"].files, "commands/lssrc_-a": b"lssrc: no such thing\n"}
    master = tgz(tmp_path / "gaps.tgz", files)
    seen = Opened(monkeypatch)
    first, second = judge(client, master, ""), judge(client, master, "")
    assert first == second and recorded(first) == told(nimdoctor.scan(client, master))
    assert seen.opened == seen.closed == ["gaps.tgz"] * 2


def test_a_master_is_closed_whatever_ends_the_scan(tmp_path, monkeypatch, masters):
    client, master = pair_of("healthy", tmp_path)
    seen = Opened(monkeypatch)

    def interrupts(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nimdoctor.fleet.judging.scan_hosts", interrupts)
    with pytest.raises(KeyboardInterrupt):
        judge(client, master, "")
    assert seen.closed == ["master.tgz"]


def test_a_master_that_is_open_holds_nothing_of_the_clients_before(tmp_path, masters):
    client, master = pair_of("create-bio-hang", tmp_path)

    def grown(times: int) -> int:
        for _ in range(times):
            judge(client, master, "")
        gc.collect()
        return len(gc.get_objects())

    few = grown(3)
    assert grown(10) - few < 500
