"""Five hung clients, cured in turn, recycle their master once; who has not followed yet is on record."""

import json
import os

import pytest
from killing.children import nimdoctor
from killing.scenes import STATE

HUNG = ("lpar7", "lpar9", "lpar10", "lpar11", "lpar12")


def fix(lab, name, *words):
    return nimdoctor(["fix", f"root:{lab.clients[name]}", "--master", lab.master_target, *words, "--apply", "--yes"])


def runs(lab, end):
    return json.loads(nimdoctor(["runs", "--format", "json", "--state-dir", lab.tree(end) + STATE]).out)["runs"]


def followed(lab, end="master"):
    return {one["client"]: one["followed"] for run in runs(lab, end) for one in run["affects"]}


@pytest.fixture(scope="module")
def recycled(originals):
    """A lab whose first client was cured by recycling the master; not to be changed."""
    lab = originals("create-bio-hang-master", *HUNG).copy()
    ended = fix(lab, "lpar7", "--affects", "5")
    assert ended.status == 0, ended
    yield lab
    lab.close()


def test_five_hung_clients_cured_in_turn_recycle_the_master_once(recycled):
    lab = recycled
    for name in HUNG[1:]:
        ended = fix(lab, name)
        assert ended.status == 0, (name, ended)
    assert lab.calls("master").count("nimconfig -c") == lab.calls("master").count("nimconfig -C") == 1
    for name in HUNG:
        assert lab.calls(name) == ["nimclient -C", "nimclient -c"]
        assert lab.push(name).status == 0 and lab.connect(name) == "nimsh (secure)"
    assert len([path for path in os.listdir(lab.master) if path.startswith("ssl_nimsh_old.")]) == 1


def test_the_number_of_clients_that_lose_their_push_must_be_repeated(lab_of):
    lab = lab_of("create-bio-hang-master", *HUNG)
    for words in ((), ("--affects", "4"), ("--affects", "0")):
        ended = fix(lab, "lpar7", *words)
        assert (
            ended.status == 1 and "5 other clients (lpar10, lpar11, lpar12, lpar8, lpar9) lose their push" in ended.err
        )
    assert lab.calls("master") == []


@pytest.fixture
def waiting(lab_of):
    """A lab whose master was recycled for lpar7; lpar8 has not followed."""
    lab = lab_of("create-bio-hang-master")
    assert fix(lab, "lpar7", "--affects", "1").status == 0
    return lab


def test_others_have_not_followed_until_somebody_says_so(waiting):
    assert followed(waiting) == followed(waiting, "client") == {"lpar8": False}
    said = nimdoctor(["runs", "--state-dir", waiting.master + STATE, "--followed", "lpar8"])
    assert said.status == 0, said
    assert followed(waiting) == followed(waiting, "client") == {"lpar8": True}


def test_said_on_the_client_that_led_the_run_it_is_seen_on_the_master_too(waiting):
    assert nimdoctor(["runs", "--state-dir", waiting.client + STATE, "--followed", "lpar8"]).status == 0
    assert followed(waiting) == followed(waiting, "client") == {"lpar8": True}


@pytest.mark.parametrize("name", ["lpar77", "", "lpar7"])
def test_a_client_that_no_run_waits_for_is_a_mistake_in_the_command(waiting, name):
    ended = nimdoctor(["runs", "--state-dir", waiting.master + STATE, "--followed", name])
    assert ended.status == 2 and "no run in" in ended.err
    assert followed(waiting) == {"lpar8": False}


def test_each_waiting_client_has_its_script_in_the_runs_directory(waiting):
    (run,) = runs(waiting, "client")
    for end in ("client", "master"):
        place = f"{waiting.tree(end)}{STATE}/runs/{run['run']}"
        names = [name for name in os.listdir(place) if "lpar8" in name]
        assert names, os.listdir(place)


def test_a_push_that_proves_it_marks_a_client_as_followed(lab_of):
    lab = lab_of("create-bio-hang-master", *HUNG)
    assert fix(lab, "lpar7", "--affects", "5").status == 0
    ended = fix(lab, "lpar9", "--probe")
    assert ended.status == 0, ended
    assert followed(lab) == followed(lab, "client")
    assert [name for name, done in followed(lab).items() if done] == ["lpar9"]
