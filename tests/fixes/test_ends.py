"""Which end a plan is for: the client with its master, a master alone, a host that is both."""

import os

from tests.fixes.conftest import UNPROVED, read, write

OFF, ON = "client-nimclient-C", "client-nimclient-c"


def test_a_master_as_target_gets_its_own_steps_and_its_clients_advice(lab_of, fix, cure):
    lab = lab_of("client-uses-rsh+tftp-disabled")
    lab.run("master", "stopsrc", "-s", "nimsh")
    planned = fix(lab, client=lab.master_target, master=None)
    assert planned.steps == ["master-edit", "master-subsystem"]
    assert list(planned.document["hosts"]) == ["master"]
    (advice,) = planned.document["advice"]
    assert advice["about"] == "client-uses-rsh"
    assert advice["text"] == "1 client with connect = shell: lpar7: run nimdoctor fix on each client: lpar7"
    assert (advice["run"], advice["where"], advice["objects"]) == ("nimdoctor fix --probe", "client", ["lpar7"])
    before = lab.snapshot("client")
    cured = cure(lab, client=lab.master_target, master=None)
    assert (cured.status, cured.outcomes) == (0, {"nimsh-inactive": "fixed", "tftp-disabled": "fixed"})
    assert lab.snapshot("client") == before
    again = fix(lab, client=lab.master_target, master=None)
    assert (again.status, again.steps, len(again.advice)) == (1, [], 1), "the advice waits"


def test_a_fix_of_the_client_named_for_a_master_is_advice(lab_of, fix):
    lab = lab_of("client-uses-rsh")
    planned = fix(lab, "--only", "refresh-ssl-libs", client=lab.master_target, master=None)
    assert (planned.status, planned.steps) == (1, [])
    assert planned.advice == [
        "Replace stale copies of the SSL libraries: run nimdoctor fix --only refresh-ssl-libs on the client"
    ]


def test_what_the_master_says_of_the_plans_own_client_is_not_said_twice(originals, fix):
    planned = fix(originals("client-not-secure"))
    assert (planned.steps, planned.advice) == ([ON], [])


def test_what_the_master_says_of_others_is_advice_beside_the_plan(lab_of, fix):
    lab = lab_of("client-not-secure")
    (path,) = (file for file in os.listdir(lab.master + "/.lab/objects") if file.endswith(".lpar8"))
    text = read(lab, "master", f"/.lab/objects/{path}")
    write(lab, "master", f"/.lab/objects/{path}", text.replace(b"nimsh (secure)", b"nimsh"))
    planned = fix(lab)
    assert planned.steps == [ON]
    assert [(one["about"], one["objects"]) for one in planned.document["advice"]] == [("client-not-secure", ["lpar8"])]


def test_without_a_master_what_is_the_masters_is_not_planned(originals, fix):
    planned = fix(originals("both-known-issues+tftp-disabled"), master=None)
    assert [step for step in planned.steps if step.startswith("master")] == []
    assert planned.refused == [UNPROVED]


def both(lab):
    """The client becomes an alternate master, with objects and certificates of its own."""
    text = read(lab, "client", "/etc/niminfo").replace(b"=standalone", b"=alternate_master")
    write(lab, "client", "/etc/niminfo", text)
    listing = lab.run("master", "lsnim", "-l").stdout.decode().replace("   ssl_support         = yes\n", "")
    write(lab, "client", "/usr/sbin/lsnim", f"#!/bin/sh\ncat << 'END'\n{listing}END\n")
    os.chmod(lab.client + "/usr/sbin/lsnim", 0o755)


def test_a_host_that_is_both_is_not_its_own_master(lab_of, fix, cure):
    lab = lab_of("create-bio-hang-master")
    both(lab)
    planned = fix(lab, master=None)
    assert planned.steps == ["master-edit"], "tftp of its own, as a master"
    assert "run nimdoctor fix here with --master TARGET, since its own master was not given" in planned.advice[0]
    named = fix(lab, "--only", "refresh-client-certificate", master=None)
    assert named.steps == [OFF, ON]
    assert named.refused == [UNPROVED]


def test_with_its_master_given_a_host_that_is_both_is_cured_as_a_client(lab_of, cure):
    lab = lab_of("create-bio-hang")
    both(lab)
    cured = cure(lab)
    assert cured.steps == [OFF, ON]
    assert cured.status == 0, cured.said


def test_targets_in_a_plan_mean_the_same_in_every_directory(originals, fix, monkeypatch):
    lab = originals("nimsh-inactive")
    there = fix(lab)
    monkeypatch.chdir(lab.place)
    here = fix(lab, client="root:lpar7", master="root:./nim1/")
    assert here.document["hosts"] == there.document["hosts"]
    assert here.document["id"] == there.document["id"]
