"""Taking runs back: what is refused, in which order, one fix of several, and what stands."""

import json
import os
import shutil

import pytest
from killing.children import nimdoctor
from killing.clones import kill_at
from killing.scenes import STATE


def fix(lab, *words):
    ended = nimdoctor(["fix", lab.client_target, "--master", lab.master_target, *words, "--apply", "--yes"])
    assert ended.status == 0, ended
    return runs(lab)[-1]["run"]


def rollback(lab, *words, end="client"):
    return nimdoctor(["rollback", *words, "--yes", "--state-dir", lab.tree(end) + STATE])


def runs(lab, end="client"):
    return json.loads(nimdoctor(["runs", "--format", "json", "--state-dir", lab.tree(end) + STATE]).out)["runs"]


def both(lab):
    return {end: lab.snapshot(end) for end in ("client", "master")}


RHOSTS = ("--only", "remove-rhosts")


def test_a_run_is_taken_back_byte_for_byte_and_not_twice(lab_of):
    lab = lab_of("tftp-disabled")
    before = both(lab)
    run = fix(lab)
    assert both(lab) != before
    ended = rollback(lab)
    assert ended.status == 0 and ended.out.startswith(f"ROLLED-BACK: run {run}"), ended
    assert both(lab) == before
    assert [one["state"] for one in runs(lab)] == [one["state"] for one in runs(lab, "master")] == ["rolled-back"]
    again = rollback(lab)
    assert again.status == 1 and f"run {run} is rolled-back: there is nothing to take back" in again.err
    # and the plan can be applied once more
    assert fix(lab) != run


def test_a_run_that_was_restored_has_nothing_to_take_back(lab_of):
    lab = lab_of("nimsh-inactive")
    lab.fault("client", "startsrc", "fail once")
    words = ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]
    assert nimdoctor(words).status == 1
    ended = rollback(lab)
    assert ended.status == 1 and "is restored: there is nothing to take back" in ended.err
    resumed = nimdoctor(["fix", "--resume", "last", "--yes", "--state-dir", lab.client + STATE])
    assert resumed.status == 2 and "is restored: there is nothing to go on with" in resumed.err


def test_somebody_elses_later_edit_is_shown_and_not_written_over(lab_of):
    lab = lab_of("rhosts-left-over")
    run = fix(lab, *RHOSTS)
    with open(f"{lab.client}/.rhosts", "ab") as stream:
        stream.write(b"\nbackup2 oper\n")
    before = both(lab)
    ended = rollback(lab)
    assert ended.status == 1 and both(lab) == before
    assert "/.rhosts is no longer as this run left it" in ended.err
    assert "+backup2 oper" in ended.err.splitlines() and "nothing was changed" in ended.err
    assert runs(lab)[-1]["state"] == "complete" and runs(lab)[-1]["run"] == run


def test_a_file_that_is_a_link_by_now_is_neither_followed_nor_replaced(lab_of, tmp_path):
    lab = lab_of("rhosts-left-over")
    fix(lab, *RHOSTS)
    lure = tmp_path / "lure"
    lure.write_bytes(b"precious\n")
    os.rename(f"{lab.client}/.rhosts", f"{lab.client}/.rhosts.kept")
    os.symlink(lure, f"{lab.client}/.rhosts")
    ended = rollback(lab)
    assert ended.status == 1 and "no longer as this run left it" in ended.err
    assert lure.read_bytes() == b"precious\n" and os.path.islink(f"{lab.client}/.rhosts")


def test_only_the_newest_run_on_a_path_is_taken_back(lab_of):
    lab = lab_of("rhosts-left-over")
    first = lab.snapshot()
    one = fix(lab, *RHOSTS)
    with open(f"{lab.client}/.rhosts", "ab") as stream:
        stream.write(b"\nnim1 root\n")
    between = lab.snapshot()
    other = fix(lab, *RHOSTS)
    ended = rollback(lab, one)
    assert ended.status == 1
    assert (
        f"run {other} changed /.rhosts later: take that one back first: nimdoctor rollback {other} --target"
        in ended.err
    )
    assert rollback(lab, other).status == 0 and lab.snapshot() == between
    # the line that somebody added is not this run's
    assert rollback(lab, one).status == 1
    with open(f"{lab.client}/.rhosts", "rb+") as stream:
        stream.truncate(os.fstat(stream.fileno()).st_size - len(b"\nnim1 root\n"))
    assert rollback(lab, one).status == 0 and lab.snapshot() == first


def test_what_a_later_run_fetched_anew_is_not_taken_away(lab_of):
    lab = lab_of("client-not-secure")
    one = fix(lab)
    other = fix(lab, "--only", "refresh-client-certificate")
    before = both(lab)
    ended = rollback(lab, one)
    assert ended.status == 1 and both(lab) == before
    assert f"run {other} changed /ssl_nimsh/certs/server.pem" in ended.err


def test_a_newer_run_elsewhere_does_not_matter(lab_of):
    lab = lab_of("rhosts-left-over+nimsh-inactive")
    first = lab.snapshot()
    one = fix(lab, *RHOSTS)
    fix(lab)
    assert rollback(lab, one).status == 0
    assert lab.snapshot()["/.rhosts"] == first["/.rhosts"]


def test_one_fix_of_several_is_taken_back_and_the_others_stay(lab_of):
    lab = lab_of("tftp-disabled+rhosts-left-over")
    before = both(lab)
    fix(lab, "--only", "enable-client-ssl", *RHOSTS)
    done = both(lab)
    ended = rollback(lab, "--only", "remove-rhosts")
    assert ended.status == 0, ended
    now = both(lab)
    assert now["client"]["/.rhosts"] == before["client"]["/.rhosts"]
    assert {**now["client"], "/.rhosts": 0} == {**done["client"], "/.rhosts": 0} and now["master"] == done["master"]
    (run,) = runs(lab)
    assert run["state"] == "applied-unverified" and run["findings"]
    assert [one["state"] for one in run["steps"]] == ["done", "done", "undone"]
    # the rest can follow
    assert rollback(lab).status == 0 and both(lab) == before


def test_of_a_run_that_is_unfinished_no_single_fix_is_taken_back(lab_of):
    lab = lab_of("tftp-disabled")
    kill_at("after done 1", ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"])
    ended = rollback(lab, "--only", "enable-tftp")
    assert ended.status == 1 and "it is taken back whole, without --only, or resumed" in ended.err


def test_one_fix_whose_steps_cannot_be_undone_stands_and_it_is_said(lab_of):
    lab = lab_of("create-bio-hang+rhosts-left-over")
    fix(lab, "--only", "refresh-client-certificate", *RHOSTS)
    before = both(lab)
    ended = rollback(lab, "--only", "refresh-client-certificate")
    assert ended.status == 1 and "switch crypto off at the client: stands" in ended.err
    assert both(lab) == before and runs(lab)[-1]["state"] == "applied-unverified"


def test_a_fix_that_is_none_is_named(lab_of):
    ended = rollback(lab_of("nimsh-inactive"), "--only", "enable-tfpt")
    assert ended.status == 2 and "enable-tftp" in ended.err


def test_what_lies_before_the_point_of_no_return_stands_and_it_is_said(lab_of):
    lab = lab_of("stale-ssl-libs")
    fix(lab)
    before, recorded = both(lab), runs(lab)
    ended = rollback(lab)
    assert ended.status == 1 and "is complete: there is nothing to take back" in ended.err, ended
    assert "remove /usr/lib/libssl.so.0.9.8: stands, it lies before a step that cannot be undone" in ended.err
    assert both(lab) == before and runs(lab) == recorded and recorded[-1]["rollback"] is None


def test_an_unfinished_run_of_which_nothing_can_be_undone_is_brought_to_an_end(lab_of):
    # else no other plan could ever be applied where a resume can never succeed
    lab = lab_of("create-bio-hang")
    lab.fault("client", "nimclient.-c", "fail")
    assert nimdoctor(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]).status == 1
    ended = rollback(lab)
    assert ended.status == 1 and ended.out.startswith("ABANDONED"), ended
    assert "switch crypto off at the client: stands" in ended.out
    again = rollback(lab)
    assert again.status == 1 and "is abandoned: there is nothing to take back" in again.err
    assert runs(lab)[-1]["state"] == "abandoned"


def test_the_masters_state_directory_leads_to_the_run_that_the_client_leads(lab_of):
    lab = lab_of("tftp-disabled")
    before = both(lab)
    run = fix(lab)
    (shown,) = runs(lab, "master")
    assert shown["run"] == run and shown["led_by"] == f"{lab.client}{STATE}/runs/{run}"
    assert rollback(lab, end="master").status == 0
    assert both(lab) == before and runs(lab)[-1]["state"] == runs(lab, "master")[-1]["state"] == "rolled-back"


def test_a_run_killed_on_the_client_is_resumed_from_the_master(lab_of):
    lab = lab_of("tftp-disabled")
    kill_at("after done 1", ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"])
    ended = nimdoctor(["fix", "--resume", "last", "--yes", "--state-dir", lab.master + STATE])
    assert ended.status == 0, ended
    assert runs(lab)[-1]["state"] == runs(lab, "master")[-1]["state"] == "applied-unverified"


@pytest.mark.parametrize("words", [["fix", "--resume", "last"], ["rollback", "last"]])
def test_which_end_a_host_is_the_record_says_where_the_host_no_longer_tells(lab_of, words):
    lab = lab_of("client-uses-rsh")
    kill_at("after done 1", ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"])
    assert not os.path.exists(f"{lab.client}/etc/niminfo")
    # without its niminfo, a client that is also a master of others looks like a master only
    shutil.copy(f"{lab.master}/usr/sbin/lsnim", f"{lab.client}/usr/sbin/lsnim")
    shutil.copytree(f"{lab.master}/.lab/objects", f"{lab.client}/.lab/objects")
    for name in os.listdir(f"{lab.client}/.lab/objects"):
        if name.endswith(".master"):
            path = f"{lab.client}/.lab/objects/{name}"
            with open(path, encoding="ascii") as stream:
                text = stream.read()
            with open(path, "w", encoding="ascii") as stream:
                stream.write("".join(line for line in text.splitlines(True) if "ssl_support" not in line))
    ended = nimdoctor([*words, "--yes", "--state-dir", lab.client + STATE])
    assert ended.status == 0, ended
    assert os.path.exists(f"{lab.client}/etc/niminfo")


def test_a_run_whose_leading_directory_is_gone_says_where_it_was(lab_of):
    lab = lab_of("tftp-disabled")
    run = fix(lab)
    os.rename(lab.client + STATE, f"{lab.place}/elsewhere")
    ended = rollback(lab, end="master")
    assert (
        ended.status == 2 and f"run {run} is led by {lab.client}{STATE}/runs/{run}, which cannot be read" in ended.err
    )


@pytest.mark.parametrize("name", ["20200101T000000Z-0000", "..", "nobody"])
def test_a_run_that_is_none_is_a_mistake_in_the_command(lab_of, name):
    lab = lab_of("nimsh-inactive")
    ended = rollback(lab, name)
    assert ended.status == 2 and len(ended.err.splitlines()) == 1
    ended = nimdoctor(["fix", "--resume", name, "--yes", "--state-dir", lab.client + STATE])
    assert ended.status == 2


def test_a_backup_that_was_damaged_is_not_put_back(lab_of):
    lab = lab_of("rhosts-left-over")
    run = fix(lab, *RHOSTS)
    backup = f"{lab.client}{STATE}/runs/{run}/backups/1-client-edit-tidy.backup"
    with open(backup, "rb+") as stream:
        stream.write(b"+ +\n")
    before = lab.snapshot()
    ended = rollback(lab)
    assert ended.status == 1 and "is damaged: its sha256 is not" in ended.err
    assert lab.snapshot() == before and runs(lab)[-1]["state"] == "suspicious"


def test_without_yes_nobody_can_be_asked_and_nothing_is_done(lab_of):
    lab = lab_of("nimsh-inactive")
    fix(lab)
    before = lab.calls()
    null = os.open(os.devnull, os.O_RDONLY)

    def no_terminal():
        os.dup2(null, 0)

    for words, status in ((["rollback"], 1), (["fix", "--resume", "last"], 2)):
        ended = nimdoctor([*words, "--state-dir", lab.client + STATE], no_terminal)
        assert ended.status == status
    assert lab.calls() == before
