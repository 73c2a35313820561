"""`runs --prune DAYS`: what is complete and older goes, with its backups; nothing goes on which another run rests."""

import json
import os
import time
from importlib import resources

import jsonschema
import pytest
from killing.children import nimdoctor
from killing.clones import kill_at
from killing.scenes import STATE

import nimdoctor.report as report

VALIDATOR = jsonschema.Draft7Validator(
    json.loads(resources.files(report).joinpath("runs-1.schema.json").read_text("utf-8"))
)
RHOSTS = ("--only", "remove-rhosts")


def fix(lab, *words):
    return nimdoctor(["fix", lab.client_target, "--master", lab.master_target, *words, "--apply", "--yes"])


def prune(lab, days=30, end="client", status=0):
    ended = nimdoctor(["runs", "--prune", str(days), "--format", "json", "--state-dir", lab.tree(end) + STATE])
    assert ended.status == status, ended
    document = json.loads(ended.out)
    VALIDATOR.validate(document)
    return {name: {one["run"]: one["why"] for one in part} for name, part in document["pruned"].items()}


def names(lab, end="client"):
    place = lab.tree(end) + STATE + "/runs"
    return sorted(os.listdir(place)) if os.path.isdir(place) else []


def age(lab, days, *runs):
    """Has runs, all of them by default, have ended so many days ago, in each journal."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86400))
    for end in ("client", "master"):
        for name in runs or names(lab, end):
            path = f"{lab.tree(end)}{STATE}/runs/{name}/journal.jsonl"
            if os.path.exists(path):
                with open(path, encoding="ascii") as stream:
                    records = [{**json.loads(line), "at": at} for line in stream]
                with open(path, "w", encoding="ascii") as stream:
                    stream.write("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records))


def test_what_is_complete_and_older_goes_with_its_backups_and_what_is_younger_stays(lab_of):
    lab = lab_of("rhosts-left-over+nimsh-inactive")
    fix(lab, *RHOSTS)
    (old,) = names(lab)
    age(lab, 31)
    fix(lab, "--only", "start-nimsh")
    young = names(lab)[1]
    before = lab.snapshot()
    pruned = prune(lab)
    assert [list(pruned[part]) for part in ("removed", "kept")] == [[old], [young]]
    assert pruned["removed"][old].startswith("complete, ended 2") and pruned["kept"][young].startswith("it ended 2")
    assert names(lab) == [young] and lab.snapshot() == before
    assert prune(lab, 0)["removed"].keys() == {young} and names(lab) == []
    assert nimdoctor(["runs", "--prune", "0", "--state-dir", lab.client + STATE]).out.startswith("No run in ")


def test_text_says_what_was_removed_and_what_was_kept_and_why(lab_of):
    lab = lab_of("rhosts-left-over")
    fix(lab, *RHOSTS)
    (run,) = names(lab)
    kept = nimdoctor(["runs", "--prune", "7", "--state-dir", lab.client + STATE])
    assert kept.out.startswith(f"kept {run}: it ended ") and names(lab) == [run]
    age(lab, 8)
    removed = nimdoctor(["runs", "--prune", "7", "--state-dir", lab.client + STATE])
    assert removed.out.startswith(f"removed {run}: complete, ended ") and "No run in" in removed.out


# -- what never goes


def test_an_unfinished_run_never_goes(lab_of):
    lab = lab_of("stale-ssl-libs")
    kill_at("after done 1", ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"])
    age(lab, 4000)
    (run,) = names(lab)
    assert prune(lab, 0)["kept"] == {run: "it is running"}


def test_a_suspicious_run_never_goes(lab_of):
    lab = lab_of("rhosts-left-over")
    fix(lab, *RHOSTS)
    age(lab, 4000)
    (run,) = names(lab)
    os.chmod(f"{lab.client}{STATE}/runs/{run}/plan.json", 0o666)
    assert "it is suspicious: " in prune(lab, 0)["kept"][run] and names(lab) == [run]


def test_a_run_that_waits_for_its_push_stays_until_the_push_was_seen(lab_of):
    lab = lab_of("create-bio-hang")
    fix(lab)
    (run,) = names(lab)
    assert prune(lab, 0)["kept"] == {run: "it is applied-unverified: no push has proved it yet"}
    assert lab.push().status == 0
    assert run in prune(lab, 0)["removed"] and names(lab) == []


def test_what_was_given_up_stays_since_it_tells_what_stands(lab_of):
    lab = lab_of("create-bio-hang")
    lab.fault("client", "nimclient.-c", "fail")
    fix(lab)
    nimdoctor(["rollback", "last", "--yes", "--target", lab.client_target])
    (run,) = names(lab)
    assert prune(lab, 0)["kept"] == {run: "it is abandoned: it tells what stands, and nothing else does"}


@pytest.mark.parametrize("state", ["restored", "rolled-back"])
def test_a_run_of_which_nothing_is_left_goes(lab_of, state):
    lab = lab_of("nimsh-inactive")
    if state == "restored":
        lab.fault("client", "startsrc", "fail once")
    fix(lab)
    if state == "rolled-back":
        nimdoctor(["rollback", "last", "--yes", "--target", lab.client_target])
    (run,) = names(lab)
    assert prune(lab, 0)["removed"][run].startswith(f"{state}, ended ")


def recycled(lab_of):
    lab = lab_of("create-bio-hang-master")
    assert fix(lab, "--affects", "1").status == 0
    assert lab.push().status == 0
    (run,) = names(lab)
    return lab, run


def test_a_recycle_stays_while_a_client_has_not_followed_and_while_the_old_tree_stands(lab_of):
    lab, run = recycled(lab_of)
    assert prune(lab, 0)["kept"][run].startswith("lpar8: not known to have followed")
    assert nimdoctor(["runs", "--followed", "lpar8", "--target", lab.client_target]).status == 0
    assert prune(lab, 0)["kept"] == {run: f"/ssl_nimsh_old.{run} is still there, and only this run tells what it is"}
    os.rename(f"{lab.master}/ssl_nimsh_old.{run}", f"{lab.place}/old")
    # the master's copy is led by the client's, and goes with it
    assert "leads it: it goes with that one" in prune(lab, 0, "master")["kept"][run]
    assert run in prune(lab, 0)["removed"]
    assert names(lab) == names(lab, "master") == []


@pytest.mark.parametrize("place", ["ssl_nimsh/certs/.nimdoctor-{}", "ssl_nimsh_half.{}.2", "etc/niminfo.old.{}"])
def test_what_carries_the_name_of_a_run_keeps_it(lab_of, place):
    lab = lab_of("rhosts-left-over")
    fix(lab, *RHOSTS)
    (run,) = names(lab)
    os.makedirs(f"{lab.client}/{place.format(run)}")
    assert f"/{place.format(run)} is still there" in prune(lab, 0)["kept"][run]


def edited_twice(lab):
    """Two runs that each took a line out of /.rhosts."""
    fix(lab, *RHOSTS)
    with open(f"{lab.client}/.rhosts", "ab") as stream:
        stream.write(b"\nnim1 root\n")
    fix(lab, *RHOSTS)
    return names(lab)


def test_a_run_stays_below_a_later_one_on_the_same_file_that_can_be_taken_back(lab_of):
    lab = lab_of("rhosts-left-over")
    one, other = edited_twice(lab)
    age(lab, 100, one)
    assert prune(lab)["kept"][one] == f"run {other} changed /.rhosts too, and can still be taken back"
    assert names(lab) == [one, other]
    # taken back, the later one is in nobody's way
    assert nimdoctor(["rollback", other, "--yes", "--target", lab.client_target]).status == 0
    assert one in prune(lab)["removed"]


def test_a_run_stays_above_an_earlier_one_on_the_same_file_that_would_be_taken_back_over_it(lab_of):
    lab = lab_of("rhosts-left-over")
    one, other = edited_twice(lab)
    age(lab, 100, other)
    assert prune(lab)["kept"][other] == f"run {one} changed /.rhosts too, and can still be taken back"
    ended = nimdoctor(["rollback", one, "--yes", "--target", lab.client_target])
    assert ended.status == 1 and f"run {other} changed /.rhosts later" in ended.err


def test_runs_on_the_same_file_go_together(lab_of):
    lab = lab_of("rhosts-left-over")
    both = edited_twice(lab)
    age(lab, 100)
    assert sorted(prune(lab)["removed"]) == both and names(lab) == []


def test_a_run_on_another_file_keeps_nothing(lab_of):
    lab = lab_of("rhosts-left-over+nimsh-inactive")
    fix(lab, *RHOSTS)
    (old,) = names(lab)
    age(lab, 100)
    fix(lab, "--only", "start-nimsh")
    assert list(prune(lab)["removed"]) == [old]


def test_what_another_client_did_to_the_master_is_looked_at_there(lab_of):
    lab = lab_of("tftp-disabled", "lpar7", "lpar9")
    fix(lab)
    assert lab.push().status == 0
    (old,) = names(lab)
    assert names(lab, "master") == [old]
    age(lab, 100)
    # switched off by somebody, and on again by a plan of another client
    with open(f"{lab.master}/etc/inetd.conf", encoding="ascii") as stream:
        text = stream.read()
    with open(f"{lab.master}/etc/inetd.conf", "w", encoding="ascii") as stream:
        stream.write(text.replace("\ntftp", "\n#tftp"))
    lab.run("master", "refresh", "-s", "inetd")
    other = f"root:{lab.tree('lpar9')}"
    ended = nimdoctor(["fix", other, "--master", lab.master_target, "--only", "enable-tftp", "--apply", "--yes"])
    assert ended.status == 0, ended
    assert "changed /etc/inetd.conf too, and can still be taken back" in prune(lab)["kept"][old]


# -- how it goes


def test_no_link_is_followed(lab_of, tmp_path):
    lab = lab_of("rhosts-left-over")
    fix(lab, *RHOSTS)
    (run,) = names(lab)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"precious\n")
    os.symlink(tmp_path / "precious", f"{lab.client}{STATE}/runs/{run}/clients")
    os.symlink(tmp_path / "precious", f"{lab.client}{STATE}/runs/.removed-20200101T000000Z-0000")
    assert run in prune(lab, 0)["removed"]
    assert (tmp_path / "precious" / "file").read_bytes() == b"precious\n"


def test_a_removal_that_was_cut_short_leaves_no_half_run_and_is_finished_later(lab_of):
    lab = lab_of("rhosts-left-over")
    fix(lab, *RHOSTS)
    (run,) = names(lab)

    def prepare():
        import shutil

        def killed(path):
            os.unlink(f"{path}/journal.jsonl")
            os._exit(9)

        shutil.rmtree = killed

    assert nimdoctor(["runs", "--prune", "0", "--state-dir", lab.client + STATE], prepare).status == 9
    assert names(lab) == [f".removed-{run}"]
    assert nimdoctor(["runs", "--state-dir", lab.client + STATE]).out.startswith("No run in")
    prune(lab, 3650)
    assert names(lab) == []


def test_while_a_run_is_at_work_nothing_goes(lab_of):
    lab = lab_of("rhosts-left-over")
    fix(lab, *RHOSTS)
    before = names(lab)
    lock = f"{lab.client}{STATE}/lock.d"
    os.mkdir(lock, 0o700)
    with open(f"{lock}/pid", "w", encoding="ascii") as stream:
        stream.write(f"{os.getppid()}\n")
    ended = nimdoctor(["runs", "--prune", "0", "--state-dir", lab.client + STATE])
    assert ended.status == 1 and "holds" in ended.err and names(lab) == before


@pytest.mark.parametrize("words", [["--prune", "-1"], ["--prune", "soon"], ["--prune"]])
def test_what_is_no_number_of_days_is_a_mistake_in_the_command(words):
    assert nimdoctor(["runs", *words]).status == 2
