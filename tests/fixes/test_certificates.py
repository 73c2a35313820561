"""refresh-client-certificate and recycle-certificates: the smallest cure that the evidence allows."""

import json
import os
import time

import pytest

from nimdoctor.facts import NimObjects
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.model import Role, Text
from nimdoctor.planning.fix import Affects, Caution, FixContext, Options
from nimdoctor.probe import Push
from tests.fixes.conftest import UNPROVED, failing, read, trees, write
from tests.hosts import MASTER_STANZA, machine

OFF, ON = "client-nimclient-C", "client-nimclient-c"
CLIENT_ALONE = [OFF, ON]
RECYCLE = ["master-nimconfig-C", "master-move", "master-nimconfig-c", OFF, ON]


# -- the order of FACTS, section 6


def test_1_no_certificate_in_common_the_client_alone(originals, fix):
    planned = fix(originals("create-bio-hang"))
    assert (planned.steps, planned.document["affects"]) == (CLIENT_ALONE, None)


def test_1_a_client_without_any_certificate_the_client_alone(lab_of, fix):
    lab = lab_of("create-bio-hang-master")
    os.unlink(lab.client + "/ssl_nimsh/certs/server.pem")
    assert fix(lab).steps == CLIENT_ALONE


def test_2_the_masters_newest_certificate_is_later_than_the_hang_the_client_alone(lab_of, fix):
    lab = lab_of("create-bio-hang-master")
    os.utime(lab.master + "/ssl_nimsh/certs/client.pem")
    assert fix(lab).steps == CLIENT_ALONE


def hung_although_newer(lab):
    """Both ends' certificates are newer than what was installed, and older than the hang."""
    day_ago = time.time() - 26 * 3600
    for tree in (lab.master, lab.client):
        for name in os.listdir(tree + "/ssl_nimsh/certs"):
            os.utime(f"{tree}/ssl_nimsh/certs/{name}", (day_ago, day_ago))


def test_3_certificates_that_match_and_are_newer_than_the_software_are_not_the_cause(lab_of, cure):
    lab = lab_of("create-bio-hang-master")
    hung_although_newer(lab)
    before = trees(lab)
    advised = cure(lab, "--affects", 1)
    assert (advised.status, advised.steps) == (1, [])
    assert "making new ones would not help: look at the path between the hosts" in advised.advice[0]
    assert trees(lab) == before


def finished(lab, end, fixes, ago, state="complete", later=()):
    """A run of an end's state directory that was complete some seconds ago."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - ago))
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    records = [
        {"event": "start", "step": None, "at": at, "fixes": list(fixes)},
        {"event": "complete", "step": None, "at": at, "state": state},
        *({"event": event, "step": None, "at": now} for event in later),
    ]
    text = "".join(json.dumps(record) + "\n" for record in records)
    write(lab, end, f"/var/adm/nimdoctor/runs/{stamp}-00ab/journal.jsonl", text)


@pytest.mark.parametrize("end", ["client", "master"])
@pytest.mark.parametrize("later", [(), ("followed",)], ids=["", "and a client followed since"])
def test_3_a_complete_recycle_before_the_hang_did_not_help_and_is_not_repeated(end, later, lab_of, fix):
    lab = lab_of("create-bio-hang-master")
    finished(lab, end, ["enable-tftp", "recycle-certificates"], 26 * 3600, "applied-unverified", later)
    advised = fix(lab)
    assert (advised.status, advised.steps) == (1, [])
    assert "nimdoctor had recycled the master's before this push hung" in advised.advice[0]


@pytest.mark.parametrize(
    ("fixes", "ago", "state"),
    [
        (["recycle-certificates"], 3600, "complete"),
        (["recycle-certificates"], 26 * 3600, "restored"),
        (["refresh-client-certificate"], 26 * 3600, "complete"),
    ],
    ids=["after the hang", "taken back", "of the client alone"],
)
def test_another_run_does_not_speak_against_a_recycle(fixes, ago, state, lab_of, fix):
    lab = lab_of("create-bio-hang-master")
    finished(lab, "client", fixes, ago, state)
    assert fix(lab).steps == RECYCLE


@pytest.mark.parametrize("well", [True, False])
def test_4_another_secured_client_that_is_pushed_well_the_client_alone(well, lab_of, fix, monkeypatch):
    asked = []

    def push(host, name, timeout):
        asked.append(name)
        return Push(name, well, True, not well, "")

    monkeypatch.setattr("nimdoctor.probe.push", push)
    monkeypatch.setattr("nimdoctor.probe.tftp_address", lambda host: None)
    planned = fix(lab_of("create-bio-hang-master"), "--probe")
    assert asked == ["lpar8"], "the client itself is not pushed"
    assert planned.steps == (CLIENT_ALONE if well else RECYCLE)
    assert (planned.document["affects"] is None) is well
    if well:
        assert "lpar8 is pushed well" in planned.step(OFF)["why"]


def test_4_a_damaged_tree_is_recycled_whoever_is_pushed_well(lab_of, fix, monkeypatch):
    monkeypatch.setattr("nimdoctor.probe.push", lambda host, name, timeout: Push(name, True, True))
    monkeypatch.setattr("nimdoctor.probe.tftp_address", lambda host: None)
    assert fix(lab_of("create-bio-hang-master+ssl-tree-damaged"), "--probe").steps == RECYCLE


def test_5_else_the_master_once(originals, fix):
    planned = fix(originals("create-bio-hang-master"))
    assert planned.steps == RECYCLE
    assert planned.document["affects"]["clients"] == ["lpar8"]
    assert planned.document["affects"]["cure"] == [["nimclient", "-C"], ["nimclient", "-c"]]
    assert planned.document["point_of_no_return"] == "1-master-nimconfig-C"
    assert {step["leg"] for step in planned.document["steps"][:3]} == {"recycle"}


def test_without_a_master_the_client_alone_and_what_is_not_known_is_said(originals, fix):
    planned = fix(originals("create-bio-hang-master"), master=None)
    assert planned.steps == CLIENT_ALONE
    assert planned.refused == [UNPROVED]


def test_certificates_that_ran_out_are_made_anew(lab_of, fix):
    planned = fix(lab_of("certificates-run-out"))
    assert planned.steps == RECYCLE
    treated = {(found["check"], found["fix"]) for found in planned.document["findings"]}
    assert treated == {
        (check, "recycle-certificates") for check in ("create-bio-hang", "certificate-expired", "handshake-fails")
    }


def test_a_client_left_behind_by_a_recycle_follows_by_a_plain_fix(lab_of, cure, scanned):
    lab = lab_of("create-bio-hang-master")
    assert cure(lab, "--affects", 1).status == 0
    other = Lab("", lab.place, ["lpar8"])
    # its own certificate is signed with SHA-1 still
    assert failing(scanned(other)) == {"certificate-mismatch", "certificate-weak"}
    followed = cure(other)
    assert (followed.status, followed.steps, followed.outcomes) == (
        0,
        CLIENT_ALONE,
        {"certificate-mismatch": "fixed"},
    )
    assert failing(scanned(other)) == set()


# -- the recycle


def test_others_lose_their_push_only_when_their_number_is_repeated(lab_of, cure):
    lab = lab_of("create-bio-hang-master")
    before = trees(lab)
    for words in ((), ("--affects", 2), ("--affects", 0)):
        refused = cure(lab, *words)
        assert (refused.status, refused.state) == (1, "refused")
        assert refused.why == (
            "1 other client (lpar8) loses its push by this plan: repeat their number with --affects 1"
        )
    assert trees(lab) == before


def test_a_number_of_others_where_there_are_none_is_refused(lab_of, cure):
    refused = cure(lab_of("create-bio-hang"), "--affects", 1)
    assert (refused.status, refused.why) == (
        1,
        "no other client loses its push by this plan: repeat their number with --affects 0",
    )
    assert cure(lab_of("create-bio-hang"), "--affects", 0).status == 0


def test_the_old_tree_keeps_its_bytes_under_the_runs_name(lab_of, cure):
    lab = lab_of("ssl-tree-damaged")
    before = {path: entry for path, entry in lab.snapshot("master").items() if path.startswith("/ssl_nimsh/")}
    cured = cure(lab, "--affects", 1)
    run = cured.document["result"]["run"]
    after = lab.snapshot("master")
    assert {path: after[path.replace("/ssl_nimsh/", f"/ssl_nimsh_old.{run}/")] for path in before} == before
    assert all("${RUN}" not in path for path in after)
    assert cured.step("master-move")["do"] == {"path": "/ssl_nimsh", "to": "/ssl_nimsh_old.${RUN}"}


def test_a_changed_configuration_that_would_be_lost_is_shown_as_a_diff(originals, fix):
    (said,) = fix(originals("create-bio-hang-master")).document["cautions"]
    assert said.splitlines()[0].startswith("a recycle makes /ssl_nimsh/configs/SSL_server.cnf anew")
    assert said.splitlines()[1:3] == [
        "--- /usr/samples/nim/ssl/SSL_server.cnf",
        "+++ /ssl_nimsh/configs/SSL_server.cnf",
    ]
    assert {"-O                   = Example", "+O                   = Example Ltd"} <= set(said.splitlines())


def test_operations_prepared_or_running_elsewhere_are_a_warning(lab_of, fix):
    lab = lab_of("create-bio-hang-master")
    set_state(lab, "lpar8", "BOS installation has been enabled")
    planned = fix(lab)
    assert "an operation is prepared and may start any time on: lpar8" in planned.document["cautions"]
    assert planned.refused == []


def set_state(lab, name, state):
    """The master shows this Cstate of a machine."""
    (found,) = (file for file in os.listdir(lab.master + "/.lab/objects") if file.endswith("." + name))
    path = f"/.lab/objects/{found}"
    rows = read(lab, "master", path).decode().splitlines(True)
    write(lab, "master", path, "".join(f"   Cstate         = {state}\n" if " Cstate " in row else row for row in rows))


def test_certificates_or_clients_that_changed_since_the_plan_make_it_stale(lab_of, fix, cure, tmp_path):
    lab = lab_of("create-bio-hang-master")
    fix(lab, "--plan", tmp_path / "plan.json")
    path = next(file for file in os.listdir(lab.master + "/.lab/objects") if file.endswith(".lpar8"))
    text = read(lab, "master", f"/.lab/objects/{path}")
    write(lab, "master", f"/.lab/objects/{path}", text.replace(b"nimsh (secure)", b"nimsh"))
    refused = cure(lab, "--plan", tmp_path / "plan.json", "--affects", 1)
    assert (refused.status, "a precondition has changed in 1-master-nimconfig-C" in refused.why) == (1, True)


@pytest.mark.parametrize("what", ["a link", "a file", "half"])
def test_a_tree_that_cannot_be_renamed_is_refused(what, lab_of, cure):
    lab = lab_of("ssl-tree-damaged")
    tree = lab.master + "/ssl_nimsh"
    if what == "a link":
        os.rename(tree, lab.master + "/elsewhere")
        os.symlink("elsewhere", tree)
    elif what == "a file":
        os.rename(tree, lab.master + "/elsewhere")
        write(lab, "master", "/ssl_nimsh", "")
    else:
        write(lab, "master", "/ssl_nimsh_half.${RUN}", "")
    before = trees(lab)
    refused = cure(lab, "--affects", 1)
    assert refused.status == 1
    seen = {
        "a link": "/ssl_nimsh is a link",
        "a file": None,
        "half": "/ssl_nimsh_half.${RUN} exists: a file",
    }[what]
    assert seen is None or seen in refused.refused
    assert trees(lab) == before


def test_on_the_master_alone_only_its_own_steps_and_the_clients_follow_by_hand(lab_of, fix, cure):
    lab = lab_of("ssl-tree-damaged+tftp-disabled")
    cured = cure(lab, "--affects", 2, client=lab.master_target, master=None)
    assert cured.status == 0, cured.said
    assert cured.steps == ["master-edit", "master-nimconfig-C", "master-move", "master-nimconfig-c"]
    assert cured.document["affects"]["clients"] == ["lpar7", "lpar8"]
    assert list(cured.document["hosts"]) == ["master"]
    assert os.listdir(lab.master + "/var/adm/nimdoctor/runs") and not os.path.exists(lab.client + "/var/adm/nimdoctor")


def test_ssl_off_already_is_not_switched_off_again(lab_of, cure, fix):
    lab = lab_of("ssl-not-configured")
    planned = fix(lab, "--only", "recycle-certificates")
    assert planned.steps == ["master-move", "master-nimconfig-c", OFF, ON]
    assert "nimsh has no child, and neither installp, mksysb, nimadm nor alt_disk runs" in [
        one["says"] for one in planned.step("master-move")["before"]
    ]
    cured = cure(lab, "--only", "recycle-certificates", "--affects", 1)
    assert (cured.status, cured.state) == (0, "complete")


def test_a_recycle_and_a_configuration_in_one_plan_keep_the_order_of_the_recycle(lab_of, fix):
    lab = lab_of("ssl-not-configured")
    planned = fix(lab, "--only", "recycle-certificates", "--only", "configure-ssl")
    assert planned.steps == ["master-move", "master-nimconfig-c", OFF, ON]
    assert planned.step("master-nimconfig-c")["fixes"] == ["configure-ssl", "recycle-certificates"]


def test_a_tree_moved_away_by_hand_wants_no_rename(lab_of, cure, fix):
    lab = lab_of("ssl-tree-damaged")
    os.rename(lab.master + "/ssl_nimsh", lab.master + "/ssl_nimsh_old_by_hand")
    cured = cure(lab, "--affects", 1)
    assert (cured.status, cured.steps) == (0, ["master-nimconfig-C", "master-nimconfig-c", OFF, ON])


# -- the client


def test_crypto_switched_off_by_hand_and_not_on_again_wants_only_the_fetch(lab_of, cure, scanned):
    lab = lab_of("create-bio-hang")
    lab.run("client", "nimclient", "-C")
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, [ON])
    assert failing(scanned(lab)) == set()


def test_a_certificate_fetched_by_hand_and_crypto_left_off_wants_only_nimclient_c(lab_of, cure):
    lab = lab_of("client-not-secure")
    write(lab, "client", "/ssl_nimsh/certs/server.pem", read(lab, "master", "/ssl_nimsh/certs/server.pem"))
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, [ON])
    assert cured.step(ON)["undo"], "the certificate it writes over is the one it brings"


def test_a_fetch_over_a_certificate_of_another_set_cannot_be_undone(lab_of, fix):
    lab = lab_of("client-not-secure+create-bio-hang")
    write(lab, "client", "/ssl_nimsh/certs/server.pem", read(lab, "master", "/ssl_nimsh_old/certs/server.pem"))
    lab.run("client", "nimclient", "-C")
    step = fix(lab, "--only", "enable-client-ssl").step(ON)
    assert (step["undo"], step["no_undo"]) == (
        None,
        "the certificate it replaces is not kept, since it may hold a private key",
    )
    assert step["do"]["undo"] == []


def test_a_host_that_is_itself_a_master_with_ssl_fetches_nothing(lab_of, cure):
    lab = lab_of("create-bio-hang")
    write(
        lab, "client", "/etc/niminfo", read(lab, "client", "/etc/niminfo").replace(b"=standalone", b"=alternate_master")
    )
    os.symlink(lab.master + "/usr/sbin/lsnim", lab.client + "/usr/sbin/lsnim.real")
    listing = lab.run("master", "lsnim", "-l").stdout.decode()
    write(lab, "client", "/usr/sbin/lsnim", f"#!/bin/sh\ncat << 'END'\n{listing}END\n")
    os.chmod(lab.client + "/usr/sbin/lsnim", 0o755)
    refused = cure(lab)
    assert (refused.status, refused.state) == (1, "refused")
    assert "the host is itself a NIM master with SSL" in refused.refused
    assert lab.calls("client") == []


def test_a_client_whose_object_is_not_known_is_said_to_count_among_the_others():
    class Unknown:
        def object_in(self, objects):
            return None, "which object is this host's is not known"

    recycle = next(one for one in Registry().fixes() if one.id == "recycle-certificates")
    objects = NimObjects.parse(Text.of(MASTER_STANZA + machine("lpar7") + machine("lpar8"), "lsnim -l"))
    said = list(
        recycle(FixContext((), Options(), ends=(Role.MASTER,)), objects, None, None, None, None, None, Unknown())
    )
    assert [one.text for one in said if isinstance(one, Caution)] == [
        "which object is this host's is not known: if it is secured, it is counted among the other clients"
    ]
    assert [one.clients for one in said if isinstance(one, Affects)] == [("lpar7", "lpar8")]
