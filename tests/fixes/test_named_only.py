"""allow-push and start-at-boot: planned only by name, and said in the plan; what a port that is taken keeps from being done."""

import os

import pytest

from nimdoctor.cli import main
from tests.fixes.conftest import failing, read, trees, write

BY_NAME = {
    "push-disabled": ("allow-push", "client-nimclient-p", ["nimclient -p"], ["nimclient -P"]),
    "nimsh-not-at-boot": (
        "start-at-boot",
        "client-mkitab",
        ["mkitab nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1"],
        ["rmitab nimsh"],
    ),
}


@pytest.mark.parametrize("scenario", BY_NAME)
def test_what_somebody_may_have_meant_is_advice_with_its_command(scenario, lab_of, fix, cure):
    lab = lab_of(scenario)
    fix_id = BY_NAME[scenario][0]
    planned = fix(lab)
    assert (planned.status, planned.steps) == (1, [])
    (advice,) = planned.document["advice"]
    assert advice["about"] == scenario
    assert f"not planned by itself, since somebody may have meant it: --only {fix_id} plans it" in advice["text"]
    assert advice["run"] == f"nimdoctor fix {lab.client_target} --master {lab.master_target} --only {fix_id}"
    before = trees(lab)
    assert cure(lab).status == 1 and trees(lab) == before and lab.calls() == []


@pytest.mark.parametrize("scenario", BY_NAME)
def test_beside_another_cure_it_is_still_only_said(scenario, lab_of, cure, scanned):
    lab = lab_of(f"{scenario}+rhosts-left-over")
    cured = cure(lab, "--only", "remove-rhosts")
    assert (cured.status, cured.steps) == (0, ["client-edit-tidy"])
    assert scenario in failing(scanned(lab))


@pytest.mark.parametrize("scenario", BY_NAME)
def test_named_it_is_done_and_taken_back(scenario, lab_of, cure, scanned, capsys):
    lab = lab_of(scenario)
    fix_id, step, done, undone = BY_NAME[scenario]
    before, definition = trees(lab), lab.run("client", "lssrc", "-S", "-s", "nimsh").stdout
    cured = cure(lab, "--only", fix_id)
    assert (cured.status, cured.steps, cured.outcomes) == (0, [step], {scenario: "fixed"}), cured.said
    assert lab.calls() == done and scenario not in failing(scanned(lab))
    assert main(["rollback", "last", "--yes", "--state-dir", lab.client + "/var/adm/nimdoctor"]) == 0
    assert lab.calls() == done + undone
    assert trees(lab) == before
    assert lab.run("client", "lssrc", "-S", "-s", "nimsh").stdout == definition
    assert scenario in failing(scanned(lab))


@pytest.mark.parametrize("scenario", BY_NAME)
def test_in_a_scan_the_command_is_named_that_plans_it(scenario, originals, capsys):
    lab = originals(scenario)
    main(["scan", lab.client_target, "--master", lab.master_target])
    shown = " ".join(capsys.readouterr().out.replace("\\\n", "").split())
    typed = f"nimdoctor fix {lab.client_target} --master {lab.master_target} --only {BY_NAME[scenario][0]}"
    assert f"Next: {typed} shows the plan" in shown


@pytest.mark.parametrize("scenario", BY_NAME)
@pytest.mark.parametrize(
    ("word", "state"), [("fail", "restored"), ("silent", "restored"), ("half", "restored"), ("lie", "restored")]
)
def test_a_command_that_does_not_what_it_should_leaves_nothing(word, state, scenario, lab_of, cure):
    lab = lab_of(scenario)
    fix_id = BY_NAME[scenario][0]
    lab.fault("client", {"allow-push": "nimclient.-p"}.get(fix_id, "mkitab"), word)
    before, definition = trees(lab), lab.run("client", "lssrc", "-S", "-s", "nimsh").stdout
    failed = cure(lab, "--only", fix_id)
    assert (failed.status, failed.state) == (1, state), failed.why
    assert trees(lab) == before
    assert lab.run("client", "lssrc", "-S", "-s", "nimsh").stdout == definition
    assert lab.run("client", "lssrc", "-s", "nimsh").stdout.split()[-1] == b"active"


def test_a_nimsh_that_was_down_is_down_again_after_a_rollback(lab_of, cure, capsys):
    lab = lab_of("push-disabled+nimsh-inactive")
    cured = cure(lab, "--only", "allow-push")
    assert (cured.status, cured.steps) == (0, ["client-nimclient-p"])
    assert main(["rollback", "last", "--yes", "--state-dir", lab.client + "/var/adm/nimdoctor"]) == 0
    assert lab.run("client", "lssrc", "-s", "nimsh").stdout.split()[-1] == b"inoperative"


@pytest.mark.parametrize("row", [b"nimsh:2:off:/usr/bin/startsrc -g nimclient\n", b"nimsh:2:wait:/usr/bin/true\n"])
def test_a_row_that_somebody_changed_is_left_as_it_is(row, lab_of, fix):
    lab = lab_of("nimsh-not-at-boot")
    write(lab, "client", "/etc/inittab", read(lab, "client", "/etc/inittab") + row)
    planned = fix(lab, "--only", "start-at-boot")
    assert (planned.status, planned.steps) == (1, [])
    assert planned.document["advice"][0]["run"].startswith("chitab 'nimsh:2:wait:")


def test_a_row_that_came_since_the_plan_is_not_doubled(tmp_path, lab_of, fix):
    lab = lab_of("nimsh-not-at-boot")
    saved = str(tmp_path / "plan.json")
    fix(lab, "--only", "start-at-boot", "--plan", saved)
    lab.run("client", "mkitab", "nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1")
    refused = fix(lab, "--plan", saved, "--apply", "--yes")
    assert (refused.status, refused.state) == (1, "refused")
    assert read(lab, "client", "/etc/inittab").count(b"nimsh:") == 1


# -- a port that is taken


def test_nothing_starts_nimsh_while_another_program_has_its_port(lab_of, fix, cure):
    lab = lab_of("port-taken")
    planned = fix(lab)
    assert (planned.status, planned.steps) == (1, [])
    assert [one["about"] for one in planned.document["advice"]] == ["port-taken", "nimsh-inactive"]
    # to find out who holds the port; and nothing that starts nimsh, or takes sockets away
    assert [one["run"] for one in planned.document["advice"]] == ["netstat -Aan | grep 3901", None]
    before = trees(lab)
    cure(lab)
    assert trees(lab) == before and lab.calls() == []


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("client-not-secure", ()),
        ("create-bio-hang", ()),
        ("stale-ssl-libs", ()),
        ("client-uses-rsh", ()),
        ("push-disabled", ("--only", "allow-push")),
        ("healthy", ("--only", "disable-client-ssl")),
    ],
)
def test_no_command_that_stops_and_starts_nimsh_is_run_while_its_port_is_taken(scenario, words, lab_of, cure):
    lab = lab_of(scenario if scenario == "healthy" else f"{scenario}+port-taken")
    if scenario == "healthy":
        lab.run("client", "stopsrc", "-s", "nimsh")
        write(lab, "client", "/.lab/held", "3901\n")
    before = trees(lab)
    advised = cure(lab, *words)
    assert (advised.status, advised.steps) == (1, [])
    assert any("port-taken rules out" in one and "nimsh cannot start" in one for one in advised.advice)
    assert trees(lab) == before
    assert not [call for call in lab.calls() if not call.startswith("stopsrc")]


def test_once_the_port_is_free_nimsh_is_started(lab_of, cure):
    lab = lab_of("port-taken")
    os.unlink(lab.client + "/.lab/held")
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["client-subsystem"])
