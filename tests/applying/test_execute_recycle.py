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


# -- a step that fails: before the leg, within it, after it

SCENE = "create-bio-hang-master+tftp-disabled"
STEPS = (
    "1-master-edit", "2-master-nimconfig-C", "3-master-move", "4-master-nimconfig-c", "5-client-nimclient-C",
    "6-client-nimclient-c",
)  # fmt: skip
TITLES = (
    "switch tftp on", "switch SSL off on the master", "rename the old certificates' tree",
    "make new certificates on the master", "switch crypto off at the client",
    "fetch the certificate and switch crypto on at the client",
)  # fmt: skip
FORWARD = "the only way is forward: nimdoctor fix {client} --resume {run}"
LEG = range(1, 4)


def applied(lab, prepare):
    ended = nimdoctor(
        ["fix", lab.client_target, "--master", lab.master_target, "--affects", "1", "--apply", "--yes", "--format",
         "json"],
        prepare,
    )  # fmt: skip
    return ended.status, json.loads(ended.out)["result"]


def resumed(lab):
    ended = nimdoctor(["fix", "--resume", "last", "--yes", "--state-dir", lab.client + STATE, "--format", "json"])
    return ended.status, json.loads(ended.out)["result"]


def broken_at(number, *, begun):
    """Prepares that a step ends with an error before anything of it is done; not `begun`: before its record, even."""

    def prepare():
        from nimdoctor.applying.execute import Executor
        from nimdoctor.applying.step_commands import Failed
        from nimdoctor.applying.step_runner import StepRunner

        kind, name = (StepRunner, "do") if begun else (Executor, "_check")
        whole = getattr(kind, name)

        def broken(self, step, *more):
            if step.id == STEPS[number]:
                raise Failed("broken here")
            return whole(self, step, *more)

        setattr(kind, name, broken)

    return prepare


@pytest.mark.parametrize("number", range(len(STEPS)), ids=STEPS)
@pytest.mark.parametrize("begun", [False, True], ids=["refused just before", "failed without effect"])
def test_only_from_the_first_step_of_the_leg_on_is_the_way_forward(lab_of, number, begun):
    lab = lab_of(SCENE)
    before = {end: lab.snapshot(end) for end in ("master", "client")}
    status, result = applied(lab, broken_at(number, begun=begun))
    outcomes = [one["outcome"] for one in result["steps"]]
    within = number in LEG and (begun or number > LEG[0])
    run, master, client = result["run"], lab.snapshot("master"), lab.snapshot("client")
    assert (status, result["why"], [one["id"] for one in result["steps"]]) == (1, "broken here", list(STEPS))
    assert outcomes[number:] == ["failed"] + ["not-begun"] * (len(STEPS) - number - 1)
    if number < LEG[0] or (number == LEG[0] and not begun):
        # nothing of the leg was begun: all is put back
        assert (result["state"], result["stands"], outcomes[:number]) == ("restored", [], ["undone"] * number)
        assert (master, client) == (before["master"], before["client"])
        assert not any(call.startswith("nimconfig") for call in lab.calls("master"))
        assert nimdoctor(["rollback", "--yes", "--state-dir", lab.client + STATE]).status == 1, (
            "nothing is left to undo"
        )
        return
    # the client's own steps: what stands before the first that cannot be undone is never taken back alone
    stands = [f"{title}: done" for title in TITLES[:number]]
    stands += [FORWARD.format(client=lab.client_target, run=run)] if within else []
    assert (result["state"], outcomes[:number], result["stands"]) == ("stopped", ["done"] * number, stands)
    assert (master == before["master"], f"/ssl_nimsh_old.{run}" in master) == (False, number > 2)
    assert (client, lab.calls("client")) == (before["client"], ["nimclient -C"] if number > 4 else [])
    taken_back = nimdoctor(["rollback", "--yes", "--state-dir", lab.client + STATE])
    assert taken_back.status == 1
    assert ("The only way is forward" in taken_back.err) is within
    assert lab.snapshot("master") == master
    if within:
        status, result = resumed(lab)
        assert (status, result["state"]) == (0, "applied-unverified")
        assert lab.calls("master").count("nimconfig -C") == lab.calls("master").count("nimconfig -c") == 1
        assert lab.push().status == 0 and lab.connect() == "nimsh (secure)"
