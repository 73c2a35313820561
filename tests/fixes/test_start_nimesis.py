"""start-nimesis: what keeps it from being planned, and that it goes before niminit."""

import os

from nimdoctor.cli import main
from tests.fixes.conftest import read, trees, write

ONLY = ("--only", "start-nimesis")


def held_port(lab):
    """Something listens on nimesis' ports, whatever SRC says."""
    netstat = read(lab, "master", "/usr/sbin/netstat")
    write(lab, "master", "/usr/sbin/netstat", netstat.replace(b"! active nimesis || {", b"{"))


def test_a_port_that_something_else_has_is_a_persons_matter(lab_of, fix):
    lab = lab_of("nimesis-inactive")
    held_port(lab)
    planned = fix(lab)
    assert (planned.status, planned.steps) == (1, [])
    refused, port = planned.advice
    assert refused.startswith("nimclient -l -l lpar7 failed: 0042-006 ") and "(nimesis-inactive)" in refused
    assert port == (
        "port 1058 is taken, so nimesis cannot start; find out whose it is, or whether nimesis was started past SRC"
    )


def test_a_port_that_was_taken_since_the_plan_is_refused(tmp_path, lab_of, fix):
    lab = lab_of("nimesis-inactive")
    saved = str(tmp_path / "plan.json")
    fix(lab, "--plan", saved)
    held_port(lab)
    before = trees(lab)
    refused = fix(lab, "--plan", saved, "--apply", "--yes")
    assert (refused.status, refused.state) == (1, "refused")
    assert refused.why.startswith("stale plan")
    assert trees(lab) == before


def test_a_nimesis_that_src_does_not_know_is_a_persons_matter(lab_of, fix):
    lab = lab_of("nimesis-inactive")
    os.unlink(lab.master + "/.lab/src/nimesis")
    assert fix(lab, *ONLY).advice == ["SRC knows no nimesis here: configuring the NIM master defines it"]
    assert fix(lab, *ONLY).document["advice"][0]["run"] == "smitty nimconfig"


def test_while_a_nim_command_runs_it_is_refused(lab_of, cure):
    lab = lab_of("nimesis-inactive")
    write(lab, "master", "/.lab/proc/9437574", "1 0 - nim -o cust lpar8\n")
    refused = cure(lab)
    assert (refused.status, refused.state, refused.steps) == (1, "refused", ["master-subsystem"])


def test_niminit_registers_with_it_so_it_goes_first(lab_of, cure):
    lab = lab_of("client-uses-rsh+nimesis-inactive")
    cured = cure(lab)
    assert (cured.status, cured.steps[0]) == (0, "master-subsystem"), cured.said
    assert cured.outcomes == {"client-uses-rsh": "fixed", "nimesis-inactive": "fixed"}


def test_without_the_master_nothing_is_planned_for_it(lab_of, fix):
    assert fix(lab_of("nimesis-inactive"), *ONLY, master=None).steps == []


def test_it_is_stopped_again_by_rollback(lab_of, cure, capsys):
    lab = lab_of("nimesis-inactive")
    before = trees(lab)
    cure(lab)
    assert main(["rollback", "last", "--yes", "--state-dir", lab.client + "/var/adm/nimdoctor"]) == 0
    assert lab.calls("master") == ["startsrc -s nimesis", "stopsrc -s nimesis"]
    assert trees(lab) == before
