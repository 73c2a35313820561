"""The role nimdoctor.aix.repair over a master and eleven clients: in waves, proved by pushes, and nobody forgotten."""

import json
import os
import re
import signal
import stat
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from conftest import CLIENTS, DEADLINE, MASTER, Fleet, Played, eventually

REPAIR = "nimdoctor.aix.repair"
Fleets = Callable[..., Fleet]


def repaired(fleet: Fleet, **given: Any) -> Played:
    return fleet.play(REPAIR, repair_master=MASTER, **given)


def calls(fleet: Fleet) -> Dict[str, List[str]]:
    """What was done to nimsh's crypto on each client, by the client."""
    return {
        name: [line for line in fleet.lab.calls(name) if line.startswith("nimclient -")] for name in fleet.lab.clients
    }


def others(*names: str) -> List[str]:
    return sorted(set(CLIENTS) - set(names))


def test_the_masters_plan_is_approved_a_wave_that_fails_is_the_last_and_in_the_end_nothing_is_left_to_do(
    fleet_of: Fleets,
) -> None:
    fleet = fleet_of("create-bio-hang+tftp-disabled", CLIENTS[:3])
    before = {end: fleet.lab.snapshot(end) for end in (MASTER, *CLIENTS[:3])}
    shown = repaired(fleet)
    assert shown.status == 2 and not shown.changed(), str(shown)
    plan = re.search(r"repair_expect=([0-9a-f]{64})", shown.out)
    assert plan and "+ tftp    dgram" in shown.out, str(shown)
    assert {end: fleet.lab.snapshot(end) for end in before} == before
    assert fleet.states() == {"not yet": list(CLIENTS[:3]), "done": others(*CLIENTS[:3])}

    fleet.lab.fault("lpar2", "nimclient.-c", "fail once")
    stopped = repaired(fleet, repair_expect=plan.group(1))
    assert stopped.status == 2 and {"lpar1", MASTER} <= set(stopped.changed()), str(stopped)
    assert fleet.states() == {"not yet": ["lpar3"], "failed": ["lpar2"], "done": others("lpar2", "lpar3")}, str(stopped)
    assert calls(fleet)["lpar3"] == [] and "nimclient -c ended with status 1" in fleet.ledger()["lpar2"]["message"]
    assert "11 clients of nim1: 9 done, 2 left" in stopped.out and "to go on: ansible-playbook" in stopped.out, str(
        stopped
    )

    went_on = repaired(fleet, repair_resume="true")
    assert went_on.status == 0 and went_on.changed() == ["lpar2", "lpar3"], str(went_on)
    assert fleet.states() == {"done": sorted(CLIENTS)} and "11 done, 0 left" in went_on.out
    assert [fleet.lab.push(name).status for name in CLIENTS] == [0] * len(CLIENTS)

    did = calls(fleet)
    again = repaired(fleet)
    assert again.status == 0 and again.changed() == [] and calls(fleet) == did, str(again)
    kept = fleet.home / f"{MASTER}.ledger"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text().splitlines()[-1])["claim"] is None
    assert sorted(path.name for path in fleet.home.glob(f"{MASTER}*")) == [f"{MASTER}.ledger", f"{MASTER}.ledger.lock"]


def test_who_cannot_be_repaired_today_is_left_for_a_later_run(fleet_of: Fleets) -> None:
    fleet = fleet_of("create-bio-hang", CLIENTS[:5])
    fleet.knows(CLIENTS[:1] + CLIENTS[2:-1], lpar2={"ansible_port": 1}, web1={"ansible_port": 1})
    root = fleet.sshd.place + "/root-{}/var/adm"
    fleet.sshd.within("lpar3", "mount", "-t", "tmpfs", "-o", "size=1m", "none", root.format("lpar3"))
    fleet.sshd.within("lpar4", "mount", "--bind", "-o", "ro", root.format("lpar4"), root.format("lpar4"))
    fleet.sshd.within("lpar4", "mount", "-o", "remount,bind,ro", root.format("lpar4"))
    short = cut_short(fleet, "lpar5")
    first = repaired(fleet)
    assert first.status == 2 and first.changed() == ["lpar1"], str(first)
    assert fleet.states() == {
        "done": others("lpar11", *CLIENTS[1:5]),
        "unreachable": ["lpar2", "web1"],
        "failed": ["lpar3", "lpar4", "lpar5"],
        "not yet": ["lpar11"],
    }
    said = {name: one["message"] for name, one in fleet.ledger().items()}
    assert "No space left on device" in said["lpar3"] and "Read-only file system" in said["lpar4"], said
    assert short.name in said["lpar5"], said
    assert "not in the inventory: lpar11" in first.out and "not known to nim1: web1" in first.out, str(first)

    fleet.knows(CLIENTS)
    for name in ("lpar3", "lpar4"):
        fleet.sshd.within(name, "umount", root.format(name))
    short.unlink()
    later = repaired(fleet)
    assert later.status == 0 and later.changed() == ["lpar2", "lpar3", "lpar4", "lpar5"], str(later)
    assert fleet.states() == {"done": sorted(CLIENTS)} and "11 done, 0 left" in later.out


def cut_short(fleet: Fleet, name: str) -> Path:
    """Half of the one file lies on that host by its name."""
    carried = fleet.collection / "files/nimdoctor.pyz"
    place = Path(fleet.lab.clients[name], "var/adm/nimdoctor/agent")
    place.mkdir(mode=0o700, parents=True)
    file = place / f"nimdoctor-{(carried.parent / 'nimdoctor.pyz.sha256').read_text()[:64]}.pyz"
    file.write_bytes(carried.read_bytes()[: carried.stat().st_size // 2])
    return file


@pytest.mark.both_pairs
def test_a_controller_that_is_killed_in_a_wave_is_gone_on_from_and_two_at_once_are_refused(fleet_of: Fleets) -> None:
    fleet = fleet_of("create-bio-hang", CLIENTS[:4])
    waves = json.dumps({"repair_waves": [1, "100%"], "repair_master": MASTER})
    running = fleet.start(REPAIR, "-e", waves)
    eventually(lambda: "nimclient -C" in fleet.lab.calls("lpar3"), DEADLINE, running)
    second = repaired(fleet)
    assert second.status == 2 and not second.changed() and "is held by process" in second.out, str(second)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    assert fleet.ledger()["lpar1"]["state"] == "done" and fleet.ledger()["lpar1"]["run"]
    assert fleet.ledger()["lpar3"]["state"] == "not yet"
    eventually(lambda: not fleet.at_work())
    done = calls(fleet)
    resumed = fleet.play(REPAIR, "-e", waves)
    assert resumed.status == 0 and "lpar1" not in resumed.changed(), str(resumed)
    assert fleet.states() == {"done": sorted(CLIENTS)}
    # what was whole on a host when the controller went is not done again
    assert all(calls(fleet)[name] == done[name] for name in CLIENTS if "nimclient -c" in done[name])
    assert [fleet.lab.push(name).status for name in CLIENTS] == [0] * len(CLIENTS)
