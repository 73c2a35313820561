"""A run that only a push could prove is complete once one was seen to work; and the commands printed after a run work."""

import json
import os
import re
import shlex

import pytest
from killing.children import nimdoctor
from killing.images import Camera
from killing.scenes import STATE


def apply(lab, *words):
    return nimdoctor(["fix", lab.client_target, "--master", lab.master_target, *words, "--apply", "--yes"])


def runs(lab, end="client"):
    ended = nimdoctor(["runs", "--format", "json", "--state-dir", lab.tree(end) + STATE])
    assert ended.status == 0, ended
    return json.loads(ended.out)["runs"]


def events(lab):
    """The journal of the only run."""
    (run,) = os.listdir(f"{lab.client}{STATE}/runs")
    with open(f"{lab.client}{STATE}/runs/{run}/journal.jsonl", encoding="ascii") as stream:
        return [json.loads(line)["event"] for line in stream]


PUSHED_FOR = ("create-bio-hang", "client-not-secure", "tftp-disabled", "create-bio-hang-master", "ssl-object-error")


@pytest.mark.parametrize("scenario", PUSHED_FOR)
def test_a_push_that_was_seen_to_work_makes_a_run_complete_whoever_looks(lab_of, scenario):
    lab = lab_of(scenario)
    assert apply(lab, "--affects", "1") if scenario.endswith("master") else apply(lab)
    (before,) = runs(lab)
    if before["state"] == "complete":
        pytest.skip(f"{scenario} needs no push")
    assert (before["state"], before["proved"]) == ("applied-unverified", None)
    assert lab.push().status == 0
    camera = Camera(lab.place)
    pushed = camera.take()
    trees = {end: lab.snapshot(end) for end in ("client", "master")}
    ways = {
        "runs": ["runs", "--target", lab.client_target],
        "fix": ["fix", lab.client_target, "--master", lab.master_target],
        "rollback": ["rollback", "last", "--yes", "--target", lab.client_target],
    }
    if before["rollback"]:
        del ways["rollback"]  # it takes back what can be taken back, as somebody asked for
    for way, command in ways.items():
        camera.restore(pushed)
        ended = nimdoctor(command)
        assert f"run {before['run']} is complete: a push came through since" in ended.err
        assert events(lab)[-1] == "proved", "and nothing of a rollback"
        assert {end: lab.snapshot(end) for end in ("client", "master")} == trees
        (after,) = runs(lab)
        assert after["state"] == "complete" and after["proved"]
        assert {one["outcome"] for one in after["findings"]} == {"fixed"}
        if way == "rollback":
            assert ended.status == 1 and f"run {before['run']} is complete: there is nothing to take back" in ended.err
        elif way == "fix":
            assert ended.status == 0
        # once is enough
        assert "a push came through" not in nimdoctor(["runs", "--target", lab.client_target]).err
        assert events(lab).count("proved") == 1


def test_the_masters_side_shows_it_as_well(lab_of):
    lab = lab_of("tftp-disabled")
    apply(lab)
    assert [one["state"] for one in runs(lab, "master")] == ["applied-unverified"]
    assert lab.push().status == 0
    assert [one["state"] for one in runs(lab, "master")] == ["complete"]
    assert events(lab)[-1] == "proved"


def test_without_a_push_it_waits_and_a_push_from_before_proves_nothing(lab_of):
    lab = lab_of("client-not-secure")
    assert lab.push().status == 0
    apply(lab)
    for _ in range(2):
        assert [one["state"] for one in runs(lab)] == ["applied-unverified"]
    assert "proved" not in events(lab)


@pytest.mark.parametrize("pushed", [False, True])
def test_where_a_push_hangs_again_nothing_is_proved(lab_of, pushed):
    lab = lab_of("create-bio-hang")
    apply(lab)
    log = f"{lab.client}/var/adm/ras/nimsh.log"
    with open(log, encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    last = max(number for number, line in enumerate(lines) if line.endswith("create BIO"))
    start = max(number for number, line in enumerate(lines[:last]) if "Loading certificates" in line)
    if pushed:
        assert lab.push().status == 0
    with open(log, "a", encoding="utf-8") as stream:
        stream.write("\n".join(lines[start - 3 : last + 1]) + "\n")
    assert [one["state"] for one in runs(lab)] == ["applied-unverified"]


def test_what_cannot_be_written_down_is_said_and_not_claimed(lab_of):
    lab = lab_of("create-bio-hang")
    apply(lab)
    assert lab.push().status == 0

    def prepare():
        from nimdoctor.applying.journal import Journal

        def full(self, *words, **more):
            raise OSError(28, "No space left on device", self.path)

        Journal.append = full

    ended = nimdoctor(["runs", "--target", lab.client_target], prepare)
    assert ended.status == 0 and "which cannot be written down" in ended.err and "applied-unverified" in ended.out


# -- the commands that are printed


def printed(said):
    """The commands of nimdoctor on the lines from Next: on, each as words; what goes on after a backslash is one line."""
    lines = re.sub(r" \\\n *", " ", said[said.index("Next:") :]).splitlines()
    found = [line[line.index("nimdoctor ") :] for line in lines if "nimdoctor " in line]
    return [shlex.split(line)[1:] for line in found]


@pytest.fixture(params=["the target's own", "elsewhere"])
def place(request, tmp_path):
    """--state-dir, or nothing."""
    return [] if request.param == "the target's own" else ["--state-dir", str(tmp_path / "runs of ours")]


def test_after_applied_unverified_the_push_and_then_the_list_prove_it(lab_of, place):
    lab = lab_of("create-bio-hang")
    ended = apply(lab, *place)
    assert ended.status == 0 and "Next:     on the master: nim -o lslpp lpar7\n" in ended.out
    (command,) = printed(ended.out)
    assert "applied-unverified" in nimdoctor(command).out
    assert lab.push().status == 0
    ended = nimdoctor(command)
    assert ended.status == 0 and "  complete  " in ended.out and "applied-unverified" not in ended.out


@pytest.mark.parametrize("which", [0, 1])
def test_after_stopped_both_commands_do_what_they_say(lab_of, place, which):
    lab = lab_of("create-bio-hang")
    lab.fault("client", "nimclient.-c", "fail once")
    ended = apply(lab, *place)
    assert ended.status == 1 and ended.out.startswith("STOPPED")
    resume, rollback = printed(ended.out)
    assert (resume[0], rollback[0]) == ("fix", "rollback")
    ended = nimdoctor([*(resume, rollback)[which], "--yes"])
    assert ended.out.startswith(("APPLIED-UNVERIFIED", "ABANDONED")[which]), ended


def test_after_stopped_within_the_recycle_only_the_way_forward_is_printed(lab_of, place):
    lab = lab_of("create-bio-hang-master")
    lab.fault("master", "nimconfig.-c", "fail once")
    ended = apply(lab, "--affects", "1", *place)
    assert ended.out.startswith("STOPPED")
    (resume,) = printed(ended.out)
    ended = nimdoctor([*resume, "--yes"])
    assert ended.status == 0 and ended.out.startswith("APPLIED-UNVERIFIED"), ended


def test_after_restored_the_plan_is_made_again(lab_of, place):
    lab = lab_of("stale-ssl-libs")
    lab.fault("client", "nimclient.-c", "fail once")
    ended = apply(lab, "--only", "refresh-ssl-libs", *place)
    assert ended.status == 1 and ended.out.startswith("RESTORED")
    (command,) = printed(ended.out)
    shown = nimdoctor(command)
    assert shown.status == 1 and shown.out.startswith("PLAN "), shown
    # and what that prints applies it, to the same state directory
    (again,) = [one for one in printed(shown.out) if "--apply" in one]
    assert nimdoctor([*again, "--yes"]).status == 0
    if place:
        assert len(os.listdir(place[1] + "/runs")) == 2 and not os.path.exists(lab.client + STATE)


def test_the_lines_about_an_unfinished_run_name_commands_that_work(lab_of, place):
    lab = lab_of("create-bio-hang")
    lab.fault("client", "nimclient.-c", "fail once")
    apply(lab, *place)
    ended = nimdoctor(["fix", lab.client_target, "--master", lab.master_target, *place])
    line = ended.out.splitlines()[0]
    assert line.startswith("run ") and " is stopped: " in line
    command = shlex.split(line.partition(": ")[2].partition(" goes on with it")[0])[1:]
    ended = nimdoctor([*command, "--yes"])
    assert ended.status == 0, ended


@pytest.mark.parametrize(("fault", "state"), [("", "applied-unverified"), ("fail once", "stopped")])
def test_the_result_names_run_place_ways_and_pushes_for_programs(lab_of, place, fault, state):
    lab = lab_of("create-bio-hang")
    if fault:
        lab.fault("client", "nimclient.-c", fault)
    result = json.loads(apply(lab, *place, "--format", "json").out)["result"]
    assert result["state"] == state and os.path.isdir(f"{result['state_directory']}/runs/{result['run']}")
    assert result["pushes"] == ([] if fault else ["nim -o lslpp lpar7"])
    assert (result["resume"] is None, result["rollback"] is None) == (not fault, not fault)
    if fault:
        ended = nimdoctor([*result["resume"][1:], "--yes"])
        assert ended.status == 0 and result["resume"][0] == "nimdoctor", ended


def test_where_nothing_is_done_there_is_a_result_too(originals):
    lab = originals("healthy")
    result = json.loads(apply(lab, "--format", "json").out)["result"]
    assert (result["state"], result["run"], result["resume"], result["rollback"]) == ("complete", None, None, None)
