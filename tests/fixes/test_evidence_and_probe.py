"""What proves a fetch: the master itself, fresh evidence of it, or a probe that has just been answered."""

import json
import os
import time

import pytest

from nimdoctor.cli import main
from tests.fixes.conftest import UNPROVED, trees, write

OFF, ON = "client-nimclient-C", "client-nimclient-c"
DAY = 86400
TOLD = (
    "lssrc -t tftp", "lssrc -ls inetd", "audit query", "lsnim -l", "oslevel -s", "hostname", "uname -m", "lslpp -lc",
)  # fmt: skip


@pytest.fixture
def recorded(tmp_path):
    """Evidence of a lab's master that was collected so many seconds ago; None: its manifest does not tell."""

    def collect(lab, ago, **more):
        place = tmp_path / "nim1"
        for command in TOLD:
            name = place / "commands" / command.replace(" ", "_")
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_bytes(lab.run("master", *command.split()).stdout)
        for path in ("/etc/inetd.conf", "/etc/niminfo", "/ssl_nimsh/certs/server.pem"):
            file = place / "files" / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(lab.master + path, "rb") as stream:
                file.write_bytes(stream.read())
        manifest = {"schema": "nimdoctor.evidence/1", "host": "nim1", "role": "master", **more}
        manifest["paths"] = {"/etc/tftpaccess.ctl": None, "/ssl_nimsh/certs/server.pem": {"mode": "0644"}}
        if ago is not None:
            manifest["collected"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))
        (place / "manifest.json").write_text(json.dumps(manifest))
        return str(place)

    return collect


def tftp_off_by_now(lab):
    """tftp was switched off on the master after the evidence was collected."""
    with open(lab.master + "/etc/inetd.conf", encoding="utf-8") as stream:
        text = stream.read().replace("\ntftp ", "\n#tftp ")
    write(lab, "master", "/etc/inetd.conf", text)
    lab.run("master", "refresh", "-s", "inetd")


# -- recorded evidence of the master


def test_evidence_of_just_now_counts_for_an_apply(lab_of, cure, recorded):
    lab = lab_of("create-bio-hang")
    cured = cure(lab, master=recorded(lab, 60))
    assert (cured.status, cured.steps) == (0, [OFF, ON]), cured.said
    # once nimclient -C is done nothing gets better by waiting for fresh evidence
    asked = [[one["kind"] for one in step["before"]].count("evidence-fresh") for step in cured.document["steps"]]
    assert asked == [1, 0]


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (41 * DAY, "the evidence of the master was collected 41 d 0 h ago; it counts for 15 min (--evidence-age)"),
        (16 * 60, "the evidence of the master was collected 16 min ago; it counts for 15 min (--evidence-age)"),
        (-DAY, "one of the clocks is wrong, so its age is not known"),
        (None, "when the evidence of the master was collected is not known"),
    ],
)
@pytest.mark.parametrize("named", [(), ("--only", "refresh-client-certificate")])
def test_older_evidence_is_shown_a_plan_for_and_applied_never(ago, said, named, lab_of, fix, cure, recorded):
    lab = lab_of("create-bio-hang")
    place = recorded(lab, ago)
    before = trees(lab)
    refused = cure(lab, *named, master=place)
    assert (refused.status, refused.state, refused.steps) == (1, "refused", [OFF, ON])
    (seen,) = refused.refused
    assert said in seen and "nimdoctor collect --no-redact on the master makes it anew" in seen
    command = f"nimdoctor fix {lab.client_target} --master {place} {' '.join(named)}{' ' if named else ''}--probe"
    assert refused.helps == [command]
    assert f"{seen}; what helps: {command}" in refused.why
    assert trees(lab) == before and lab.calls("client") == []


def test_the_limit_is_moved_by_whoever_applies_and_the_plan_stays_the_same(lab_of, fix, cure, recorded, tmp_path):
    lab = lab_of("create-bio-hang")
    place = recorded(lab, 3 * 3600)
    ids = {
        fix(lab, *words, master=place).document["id"] for words in ((), ("--evidence-age", 240), ("--evidence-age", 0))
    }
    assert len(ids) == 1
    saved = tmp_path / "plan.json"
    fix(lab, "--evidence-age", 240, "--plan", saved, master=place)
    assert cure(lab, "--plan", saved, master=place).state == "refused", "how old it may be was not said now"
    applied = cure(lab, "--plan", saved, "--evidence-age", 240, master=place)
    assert (applied.status, {applied.document["id"]}) == (0, ids), applied.said


def test_the_command_that_is_shown_repeats_what_was_chosen(lab_of, recorded, capsys):
    lab = lab_of("create-bio-hang")
    main(["fix", lab.client_target, "--master", recorded(lab, 60), "--evidence-age", "30"])
    assert "--evidence-age 30 --apply" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("ago", [60, 41 * DAY])
def test_a_probe_that_says_no_refuses_whatever_is_recorded(ago, lab_of, cure, recorded):
    lab = lab_of("create-bio-hang")
    place = recorded(lab, ago)
    tftp_off_by_now(lab)
    before = trees(lab)
    refused = cure(lab, "--probe", master=place)
    assert (refused.status, refused.state) == (1, "refused")
    assert any(seen.startswith("tftp 10.") and seen.endswith("tftp: Transfer timed out.") for seen in refused.refused)
    assert trees(lab) == before and lab.calls("client") == []


def test_a_probe_that_is_answered_stands_in_for_evidence_that_is_too_old(lab_of, cure, recorded):
    lab = lab_of("create-bio-hang")
    cured = cure(lab, "--probe", master=recorded(lab, 41 * DAY))
    assert (cured.status, cured.steps) == (0, [OFF, ON]), cured.said
    assert "evidence-fresh" not in [one["kind"] for step in cured.document["steps"] for one in step["before"]]


def test_a_plan_that_rests_on_nothing_of_the_master_does_not_ask_how_old_its_evidence_is(lab_of, cure, recorded):
    lab = lab_of("nimsh-inactive")
    assert cure(lab, master=recorded(lab, 41 * DAY)).status == 0


def test_lines_of_rhosts_that_only_old_evidence_calls_needless_stay(lab_of, cure, recorded):
    lab = lab_of("rhosts-left-over")
    before = trees(lab)
    refused = cure(lab, "--only", "remove-rhosts", master=recorded(lab, 41 * DAY))
    assert (refused.status, refused.state) == (1, "refused")
    assert refused.helps == [None], "no probe answers that"
    assert trees(lab) == before
    assert cure(lab, "--only", "remove-rhosts", master=recorded(lab, 60)).status == 0


# -- a probe


def said_by(lab, capsys, *words):
    capsys.readouterr()
    main(["fix", *words])
    return capsys.readouterr().out


def test_without_master_and_probe_the_next_command_is_the_probe(lab_of, fix, capsys):
    lab = lab_of("create-bio-hang")
    command = f"nimdoctor fix {lab.client_target} --probe"
    planned = fix(lab, master=None)
    assert (planned.refused, planned.helps) == ([UNPROVED], [command])
    text = said_by(lab, capsys, lab.client_target)
    next_lines = " ".join(text[text.index("Next:") :].split())
    assert next_lines == f"Next: {command}"
    sentence = " ".join(text[text.index("Refused as things are") : text.index("Next:")].split())
    assert sentence.count("--probe") == 1


@pytest.mark.parametrize("answers", [True, False])
def test_what_the_probe_saw_is_printed_and_it_is_not_asked_for_again(answers, lab_of, fix, capsys):
    lab = lab_of("create-bio-hang")
    if not answers:
        tftp_off_by_now(lab)
    planned = fix(lab, "--probe", master=None)
    tftp, *ports = planned.document["probes"]
    assert tftp["what"].startswith("tftp on nim1 (10.") and tftp["answered"] is answers
    assert ("Error code 1: File not found" in tftp["says"]) is answers
    assert [one["answered"] for one in ports] == [None, None]
    assert (planned.refused == []) is answers and planned.helps in ([], [None])
    text = said_by(lab, capsys, lab.client_target, "--probe")
    assert tftp["says"] in " ".join(text.split())
    after = text[text.index("Refused as things are") :] if not answers else text.partition("Next:")[2]
    assert ("--probe" in after) is answers, "the command that applies repeats it, a refusal does not ask for it"


def test_a_probe_that_had_nobody_to_ask_is_not_asked_for_again(lab_of, fix, capsys):
    lab = lab_of("create-bio-hang")
    os.unlink(lab.client + "/usr/bin/tftp")
    planned = fix(lab, "--probe", master=None)
    assert (planned.refused, planned.helps) == ([UNPROVED], [None])
    assert planned.document["probes"][0]["answered"] is None
    text = said_by(lab, capsys, lab.client_target, "--probe")
    assert "--probe" not in text[text.index("Refused as things are") :]


def test_a_probe_of_a_live_master_is_asked_once_its_tftp_is_on(lab_of, cure):
    lab = lab_of("tftp-disabled")
    cured = cure(lab, "--probe")
    assert (cured.status, cured.steps) == (0, ["master-edit", ON]), cured.said
    assert "tftp-answers" in [one["kind"] for one in cured.step(ON)["then"]]
    assert "tftp-answers" not in [one["kind"] for one in cured.step(ON)["before"]]


def test_the_answers_are_no_part_of_a_saved_plan(lab_of, fix, tmp_path):
    lab = lab_of("create-bio-hang")
    shown = fix(lab, "--probe", "--plan", tmp_path / "plan.json", master=None)
    assert shown.document["probes"] and "probes" not in json.loads((tmp_path / "plan.json").read_text())


# -- one end redacted


@pytest.mark.parametrize(
    "command", [("scan",), ("fix",), ("fix", "--apply", "--yes"), ("report", "--case", "TS001234567")]
)
def test_one_end_redacted_and_the_other_not_is_2(command, lab_of, recorded, capsys, tmp_path):
    lab = lab_of("create-bio-hang")
    place = recorded(lab, 60, redacted=True)
    words = [command[0], lab.client_target, "--master", place, *command[1:]]
    words += ["--output", str(tmp_path)] if command[0] == "report" else []
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        f"{place} is redacted and {lab.client_target} is not, so the names of the one are not in the other" in said.err
    )
    assert lab.calls("client") == []
