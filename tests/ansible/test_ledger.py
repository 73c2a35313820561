"""The ledger of a repair: one line a client, whoever is killed, and one controller at a time."""

import importlib.util
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Iterator, List

import pytest

PATH = Path(__file__).resolve().parent.parent.parent / "ansible/plugins/plugin_utils/ledger.py"


def _loaded() -> Any:
    """The module, which Ansible imports by the name of its collection."""
    specification = importlib.util.spec_from_file_location("nimdoctor_ledger", PATH)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


ledger = _loaded()
KNOWN = {"app1": "nimsh (secure)", "app2": "nimsh", "app3": "nimsh (secure)"}
HOSTS = {"app1.example.com": "app1", "app2.example.com": "app2", "web9": "web9"}


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "mst5.ledger")


@pytest.fixture
def another() -> Iterator[int]:
    """A process that is not this one."""
    process = subprocess.Popen(["sleep", "60"])
    yield process.pid
    process.kill()
    process.wait()


def file(path: str, process: int = 0) -> Any:
    return ledger.LedgerFile(path, ledger.Claim.of(process or os.getpid()))


def opened(path: str, **more: Any) -> Any:
    kept = file(path)
    kept.open("mst5", KNOWN, HOSTS, **more)
    return kept


def done(client: str) -> Any:
    return ledger.Entry(client, "done", plan_id="p" * 64, run="20261130T120000Z-abcd")


def test_every_client_that_the_master_knows_is_in_it_and_every_stranger_named(path: str) -> None:
    said = opened(path).read()
    assert said.in_state("not yet") == ["app1", "app2"] and not said.complete()
    assert said.not_in_inventory() == ["app3"] and said.not_known() == ["web9"]
    assert said.words() == [
        "3 clients of mst5: 0 done, 3 left",
        "not yet: app1, app2",
        "not in the inventory: app3",
        "in the inventory, and not known to mst5: web9",
    ]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_what_was_done_stands_when_it_is_opened_days_later(path: str) -> None:
    kept = opened(path)
    kept.record([done("app1")])
    kept.close()
    entry = opened(path).read().entries["app1"]
    assert (entry.state, entry.plan_id, entry.run) == ("done", "p" * 64, "20261130T120000Z-abcd")
    assert (entry.host, entry.connect, entry.known) == ("app1.example.com", "nimsh (secure)", True)


def test_it_is_complete_when_all_that_the_master_knows_are_done(path: str) -> None:
    kept = opened(path)
    assert not kept.record([done("app1"), done("app2")]).complete()
    kept.open("mst5", KNOWN, {**HOSTS, "app3": "app3"})
    assert kept.record([done("app3")]).complete()


def test_after_the_master_has_new_certificates_nobody_is_done_any_more(path: str) -> None:
    kept = opened(path)
    kept.record([done("app1"), ledger.Entry("app2", "failed", message="no room")])
    said = kept.open("mst5", KNOWN, HOSTS, renew="new certificates")
    assert said.entries["app1"].state == "not yet" and said.entries["app1"].message == "new certificates"
    assert said.entries["app2"].message == "no room"


def test_a_client_that_is_gone_from_master_and_inventory_goes(path: str) -> None:
    kept = opened(path)
    assert "app3" not in kept.open("mst5", {"app1": None}, HOSTS).entries


def test_a_line_that_a_killed_controller_left_torn_is_cut_before_the_next(path: str) -> None:
    kept = opened(path)
    kept.record([done("app1")])
    with open(path, "a", encoding="ascii") as stream:
        stream.write('{"client": "app2", "state": "do')
    assert kept.read().entries["app2"].state == "not yet"
    kept.record([ledger.Entry("app2", "failed")])
    assert [json.loads(line) for line in Path(path).read_text().splitlines()]
    assert kept.read().entries["app1"].state == "done" and kept.read().entries["app2"].state == "failed"


def test_a_line_in_the_middle_that_is_damaged_is_said_and_nothing_guessed(path: str) -> None:
    kept = opened(path)
    lines = Path(path).read_text().splitlines(True)
    Path(path).write_text("".join([lines[0], "{oops\n", *lines[1:]]))
    with pytest.raises(ledger.LedgerError, match="line 2: is damaged"):
        kept.read()
    Path(path).write_text(lines[0] + '{"client": "app1", "colour": "red"}\n')
    with pytest.raises(ledger.LedgerError, match="line 2: is no record"):
        kept.read()


def test_the_ledger_of_another_master_is_refused(path: str) -> None:
    opened(path).close()
    with pytest.raises(ledger.LedgerError, match="ledger of mst5: mst6 needs another"):
        file(path).open("mst6", KNOWN, HOSTS)


def test_a_controller_that_lives_holds_it_and_one_that_is_gone_does_not(path: str, another: int) -> None:
    opened(path)
    second = file(path, another)
    with pytest.raises(ledger.LedgerError, match="is held by process"):
        second.open("mst5", KNOWN, HOSTS)
    with pytest.raises(ledger.LedgerError, match="not held by this controller"):
        second.record([done("app1")])
    file(path).close()
    second.open("mst5", KNOWN, HOSTS)
    os.kill(another, 9)
    os.waitpid(another, 0)
    file(path).open("mst5", KNOWN, HOSTS)


def test_a_process_of_the_same_number_that_was_started_later_is_another(path: str) -> None:
    claim = ledger.Claim.of(os.getpid())
    assert claim.alive() and not claim._replace(started="1").alive()


def test_one_on_another_machine_holds_it_until_somebody_takes_it_over(path: str) -> None:
    far = ledger.LedgerFile(path, ledger.Claim("mgmt2", 4711, "1"))
    far.open("mst5", KNOWN, HOSTS)
    with pytest.raises(ledger.LedgerError, match="process 4711 of mgmt2"):
        file(path).open("mst5", KNOWN, HOSTS)
    assert file(path).open("mst5", KNOWN, HOSTS, take_over=True).claim.process == os.getpid()


def test_many_at_once_lose_no_line(path: str) -> None:
    names = [f"app{number}" for number in range(40)]
    kept = file(path)
    kept.open("mst5", dict.fromkeys(names), {name: name for name in names})
    errors: List[Exception] = []

    def record(name: str) -> None:
        try:
            file(path).record([done(name)])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=record, args=(name,)) for name in names]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == [] and kept.read().complete()


def test_a_link_in_its_place_is_not_followed(path: str, tmp_path: Path) -> None:
    target = tmp_path / "other"
    target.write_text("")
    os.symlink(target, path)
    with pytest.raises(ledger.LedgerError, match="cannot be kept"):
        opened(path)
    assert target.read_text() == ""


def test_of_many_only_some_are_named(path: str) -> None:
    names = [f"app{number:03}" for number in range(500)]
    kept = file(path)
    words = kept.open("mst5", dict.fromkeys(names), {name: name for name in names}).words()
    assert words[1].endswith("app019 and 480 more")
