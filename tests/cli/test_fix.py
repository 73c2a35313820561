"""`nimdoctor fix` on the command line: exit statuses, saved plans, and a document in every case."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from effort import one_in
from scenarios import ON_DISK, names

import nimdoctor.report
from nimdoctor.cli.ending import answer_to

SCHEMA = json.loads(resources.files(nimdoctor.report).joinpath("plan-1.schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


@pytest.fixture
def fix(doctor):
    """`nimdoctor fix CLIENT --master MASTER …`; what is JSON is held to the published schema."""

    def run(lab, *words, json=False):
        ended = doctor("fix", lab.client_target, "--master", lab.master_target, *words, json=json)
        if json and ended.status != 2:
            VALIDATOR.validate(ended.report)
        return ended

    return run


def trees(lab):
    return {end: lab.snapshot(end) for end in ("client", "master", "lpar8")}


# -- exit statuses


def test_nothing_to_do_is_0(originals, fix):
    for words in ((), ("--apply",), ("--apply", "--yes")):
        ended = fix(originals("healthy"), *words)
        assert (ended.status, ended.err) == (0, "")
        assert ended.out == "Nothing to do: no finding of medium or more has a fix here.\n"


@pytest.fixture
def bare(evidence, niminfo):
    """A client of which little more than /etc/niminfo is known."""
    return evidence({"/etc/niminfo": niminfo})


@pytest.mark.parametrize("words", [(), ("--apply", "--yes"), ("--only", "start-nimsh")])
def test_nothing_to_do_is_never_said_beside_what_is_undecided(doctor, bare, words):
    ended = doctor("fix", bare, *words)
    assert ended.status == 3 and "Nothing to do" not in ended.out
    document = doctor("fix", bare, *words, json=True)
    VALIDATOR.validate(document.report)
    assert (document.status, document.report["steps"], document.report["advice"]) == (3, [], [])
    undecided = document.report["undecided"]
    assert ended.out.startswith(
        f"Not decided: {len(undecided)} checks of medium or more; nothing can be planned of it\n"
    )
    told, _, settled = ended.out.partition("\nSettled by: ")
    for one in undecided:
        assert told.count(f"   - {one['check']} on lpar7: ") == 1
        assert all(name in " ".join(settled.split()) for name in one["missing"])
    assert " ".join(settled.split()).count("lslpp -lc") == 1


def test_it_is_what_the_scan_could_not_decide_of_operation_at_the_bar(doctor, bare):
    scanned = doctor("scan", bare, json=True).report["results"]
    open_ = [one for one in scanned if one["outcome"] == "unknown"]
    wanted = {
        one["check"]
        for one in open_
        if one["topic"] == "operation" and one["severity"] in ("critical", "high", "medium")
    }
    planned = {one["check"] for one in doctor("fix", bare, json=True).report["undecided"]}
    assert planned == wanted and "nim-vulnerable" in {one["check"] for one in open_} - planned


def test_a_check_that_broke_is_undecided_like_any_other(originals, doctor, monkeypatch):
    from nimdoctor.diagnosis.engine import Engine

    judged = Engine._judge

    def breaking(self, run, diagnosis):
        if run.check.id == "port-taken":
            run = run._replace(check=run.check._replace(function=lambda: 1 / 0))
        return judged(self, run, diagnosis)

    monkeypatch.setattr(Engine, "_judge", breaking)
    lab = originals("healthy")
    ended = doctor("fix", lab.client_target, "--master", lab.master_target, json=True)
    assert (ended.status, {one["check"] for one in ended.report["undecided"]}) == (3, {"port-taken"})


def test_what_a_push_alone_settles_is_printed_and_is_0(doctor, tmp_path, hosts):
    import shutil

    place = Path(shutil.copytree(hosts / "healthy" / "client", tmp_path / "client"))
    log = place / "files/var/adm/ras/nimsh.log"
    stamp = "Fri Mar 14 23:00:00 2025"
    log.write_text(log.read_text() + f"{stamp} NIM Service Handler started from SRC\n")
    processes = place / "commands" / "ps_-eo_pid_ppid_etime_args"
    processes.write_text(re.sub(r"\S+( /usr/sbin/nimsh)", r"   12:00:00\1", processes.read_text()))
    assert doctor("scan", place, json=True).outcomes()["create-bio-hang"] == "unknown"
    for words in ((), ("--apply", "--yes")):
        ended = doctor("fix", place, *words)
        assert ended.status == 0
        assert ended.out.startswith("Nothing to do: ")
        assert "this settles it, on the master:\nnim -o lslpp lpar7\n" in ended.out
    assert doctor("fix", place, json=True).report["undecided"] == []


def test_a_plan_that_waits_is_1_and_writes_nothing(originals, fix):
    lab = originals("both-known-issues")
    before = trees(lab)
    ended = fix(lab)
    assert (ended.status, ended.err) == (1, "")
    assert ended.out.startswith("PLAN ")
    assert trees(lab) == before
    assert not os.path.exists(lab.client + "/var/adm/nimdoctor")


def test_advice_that_waits_is_1(originals, doctor):
    ended = doctor("fix", originals("create-bio-hang").client_target, "--only", "recycle-certificates")
    assert ended.status == 1
    assert "the master must be given: --master TARGET" in ended.out


def test_what_is_below_medium_is_shown_and_is_0(originals, fix):
    ended = fix(originals("rhosts-left-over"))
    assert ended.status == 0
    assert ended.out.splitlines()[:3] == [
        "Nothing to do: no finding of medium or more has a fix here.",
        "",
        "Below medium, and left as it is",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "no-such"), "there is no fix 'no-such'"),
        (("--only", "enable-tfpt"), "there is no fix 'enable-tfpt'; did you mean enable-tftp"),
        (("--only", "tftp-disabled"), "'tftp-disabled' is a check; its fix is enable-tftp: --only enable-tftp"),
        (("--apply", "--plan", "/no/such/plan.json"), "/no/such/plan.json cannot be read: No such file or directory"),
        (("--plan", "/no/such/plan.json"), "/no/such/plan.json cannot be written: No such file or directory"),
        (("--resume", "last"), "there is no run in"),
        (("--resume", "last", "--plan", "x"), "--resume goes on with the plan of its run"),
        (("--affects", "many"), "many"),
    ],
)
@pytest.mark.parametrize("json", [False, True])
def test_what_cannot_be_meant_is_2(words, said, json, originals, fix):
    ended = fix(originals("nimsh-inactive"), *words, json=json)
    assert ended.status == 2 and said in ended.err


def test_a_target_that_cannot_be_read_is_2(doctor, tmp_path):
    assert doctor("fix", f"root:{tmp_path}/none").status == 2
    assert doctor("fix", tmp_path / "none.tar").status == 2


def recorded(name):
    """The words that name a recorded scenario's hosts."""
    place = ON_DISK / name
    ends = [str(place / end) if (place / end).is_dir() else None for end in ("client", "master")]
    return [ends[0] or ends[1] or str(place), *(["--master", ends[1]] if all(ends) else [])]


def test_recorded_evidence_shows_a_plan_that_cannot_be_applied_there(doctor):
    shown = doctor("fix", *recorded("create-bio-hang"), json=True)
    VALIDATOR.validate(shown.report)
    assert shown.status == 1 and shown.report["steps"]
    refused = doctor("fix", *recorded("create-bio-hang"), "--apply", "--yes", json=True)
    VALIDATOR.validate(refused.report)
    assert refused.status == 1
    reasons = refused.report["result"]["why"].split("; needs: ")
    assert reasons[0].endswith("client is recorded evidence: run nimdoctor fix on that host")
    assert len(set(reasons)) == len(reasons), "each reason once"


def test_scripts_of_recorded_evidence_keep_their_state_where_its_host_does(doctor, tmp_path):
    doctor("fix", *recorded("nimsh-inactive"), "--script", str(tmp_path))
    for name in ("apply.ksh", "rollback.ksh"):
        text = next(tmp_path.rglob(name)).read_text("ascii")
        assert "\nR='' BASE=/var/adm/nimdoctor STATE=" in text


def test_a_package_of_recorded_evidence_reads_the_other_end_anew_whatever_its_age(doctor, tmp_path):
    ended = doctor("fix", *recorded("create-bio-hang"), "--script", tmp_path / "change")
    assert ended.status == 1, "a plan is waiting"
    for name in ("master/apply.ksh", "client/apply.ksh", "client/check.ksh", "master/check.ksh", "README", "plan.json"):
        assert (tmp_path / "change" / name).is_file()
    text = (tmp_path / "change" / "client" / "apply.ksh").read_text("ascii")
    assert "guard 'the master answers a tftp request of this host' fetch_answers\n" in text
    assert "within the last 15 minutes, master/check.ksh said OK?'" in text


@pytest.mark.parametrize("name", one_in(3, names()))
def test_every_recorded_host_has_a_plan_that_fits_the_schema(name, doctor):
    ended = doctor("fix", *recorded(name), json=True)
    VALIDATOR.validate(ended.report)
    assert ended.status == (1 if ended.report["steps"] or ended.report["advice"] else 0)


# -- asking


def test_without_a_terminal_nobody_can_be_asked(originals, fix):
    lab = originals("nimsh-inactive")
    before = trees(lab)
    for as_json in (False, True):
        ended = fix(lab, "--apply", json=as_json)
        assert ended.status == 1
        assert "nimdoctor: refused: nobody can be asked: no terminal; --yes applies without a question" in ended.err
    assert trees(lab) == before


def typed(lab, answer, *words):
    """The command at a terminal where somebody types an answer; its exit status and what it wrote to stdout."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "nimdoctor", "fix", lab.client_target, "--master", lab.master_target, *words]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        os.write(ours, answer.encode())
        out, err = process.communicate(timeout=60)
        os.close(ours)
    return process.returncode, out.decode(), err.decode()


class Terminal(io.StringIO):
    """What somebody types at a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("answer", ["n\n", "no\n", "\n", "yess\n", "y n\n", "yes!\n", "ja\n", ""])
def test_any_other_answer_than_yes_is_no(answer, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert answer_to("Apply?", "applies") == "the answer was not y or yes: nothing was changed"


@pytest.mark.parametrize("answer", ["y\n", "Y\n", "yes\n", " YES \n"])
def test_y_and_yes_are_yes(answer, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert answer_to("Apply?", "applies") == ""


@pytest.mark.parametrize("answer", ["n\n", "\x04"])
def test_a_no_at_a_terminal_changes_nothing_and_says_so(lab_of, answer):
    lab = lab_of("openssl-missing")
    before = trees(lab)
    status, out, err = typed(lab, answer, "--apply", "--format", "json")
    VALIDATOR.validate(json.loads(out))
    assert (status, json.loads(out)["result"]["why"]) == (1, "the answer was not y or yes: nothing was changed")
    assert "This accepts the licence of the OpenSSL filesets." in err
    assert lab.calls("client") == lab.calls("master") == [] and trees(lab) == before


def test_a_yes_at_a_terminal_applies_the_plan(lab_of):
    lab = lab_of("openssl-missing")
    status, _, err = typed(lab, " YES \n", "--apply", "--only", "install-openssl")
    assert status == 0 and "Apply this plan (1 step, risk medium)?" in err
    assert lab.calls("master")


# -- saved plans


def test_a_saved_plan_is_applied_to_the_host_it_was_made_for(lab_of, fix, tmp_path):
    lab = lab_of("tftp-disabled")
    file = tmp_path / "plan.json"
    shown = fix(lab, "--transient-tftp", "--plan", file, json=True)
    saved = json.loads(file.read_text())
    VALIDATOR.validate(saved)
    assert saved == {name: value for name, value in shown.report.items() if name not in ("unfinished", "probes")}
    assert os.stat(file).st_mode & 0o22 == 0
    ended = fix(lab, "--apply", "--yes", "--plan", file, json=True)
    assert (ended.status, ended.report["id"]) == (0, saved["id"]), "its options come with it"
    assert ended.report["result"]["state"] == "applied-unverified"
    again = fix(lab, "--apply", "--yes", "--plan", file, json=True)
    assert (again.status, again.report["result"]["state"]) == (1, "refused")
    assert again.report["result"]["why"].startswith(
        f"stale plan {saved['id'][:16]}: it has the steps 1-master-transient"
    )


def test_a_saved_plan_names_its_master(lab_of, doctor, fix, tmp_path):
    lab = lab_of("nimsh-inactive")
    fix(lab, "--plan", tmp_path / "plan.json")
    assert doctor("fix", lab.client_target, "--apply", "--yes", "--plan", tmp_path / "plan.json").status == 0


def test_a_saved_plan_is_stale_on_another_host_or_level_or_after_a_change(lab_of, originals, fix, doctor, tmp_path):
    lab, file = lab_of("tftp-disabled"), tmp_path / "plan.json"
    fix(lab, "--plan", file)

    def why(*words):
        ended = doctor("fix", *words, "--apply", "--yes", "--plan", file, json=True)
        VALIDATOR.validate(ended.report)
        assert ended.status == 1 and ended.report["result"]["state"] == "refused"
        return ended.report["result"]["why"]

    here = (lab.client_target, "--master", lab.master_target)
    other = f"root:{lab.tree('lpar8')}"
    assert "another host: the plan's client is lpar7" in why(other, "--master", lab.master_target)
    assert "it has the steps 1-master-edit, 2-client-nimclient-c; now they would be 1-client-nimclient-c" in why(
        lab.client_target, "--master", originals("healthy").master_target
    ), "how a host is reached is no matter: by name and machine id it is the same"
    level = lab.client + "/.lab/oslevel"
    Path(level).write_text("7100-05-00-0000\n")
    assert "the client's level was 7100-04-08-1914 and is 7100-05-00-0000" in why(*here)
    Path(level).write_text("7100-04-08-1914\n")
    with open(lab.master + "/etc/inetd.conf", "ab") as stream:
        stream.write(b"\n# a remark\n")
    assert "a precondition has changed in 1-master-edit" in why(*here)
    assert lab.calls("client") == lab.calls("master") == []


@pytest.mark.parametrize("where", ["in a command", "in a diff", "in the id", "another schema"])
def test_a_saved_plan_that_was_changed_by_hand_is_refused(where, originals, fix, tmp_path):
    lab, file = originals("tftp-disabled"), tmp_path / "plan.json"
    fix(lab, "--plan", file)
    document = json.loads(file.read_text())
    if where == "in a command":
        document["steps"][1]["do"]["argv"] = ["rm", "-rf", "/"]
    elif where == "in a diff":
        document["steps"][0]["do"]["diff"][-1] = "+nothing"
    elif where == "in the id":
        document["id"] = "0" * 64
    else:
        document["schema"] = "nimdoctor.plan/2"
    file.write_text(json.dumps(document))
    before = trees(lab)
    ended = fix(lab, "--apply", "--yes", "--plan", file, json=True)
    assert (ended.status, ended.report["result"]["state"]) == (1, "refused")
    assert f"{file} is no plan that can be applied" in ended.report["result"]["why"]
    assert trees(lab) == before


def test_a_saved_plan_takes_no_other_options(originals, fix, tmp_path):
    lab, file = originals("tftp-disabled"), tmp_path / "plan.json"
    fix(lab, "--only", "enable-tftp", "--plan", file)
    for words in (("--only", "start-nimsh"), ("--transient-tftp",), ("--lpp-source", "x"), ("--accept-hung", "lpar7")):
        ended = fix(lab, "--apply", "--yes", "--plan", file, *words)
        assert ended.status == 2
        assert f"the saved plan was made without this {words[0]}" in ended.err


@pytest.mark.parametrize("kind", ["directory", "fifo", "symlink"])
def test_a_plan_file_that_is_no_file_is_2(kind, originals, fix, tmp_path):
    file = tmp_path / "plan.json"
    if kind == "directory":
        file.mkdir()
    elif kind == "fifo":
        os.mkfifo(file)
    else:
        file.symlink_to(tmp_path / "none.json")
    assert fix(originals("nimsh-inactive"), "--apply", "--yes", "--plan", file).status == 2


# -- a document in every case


def test_every_way_to_end_is_a_document_of_the_schema(lab_of, fix):
    lab = lab_of("create-bio-hang-master")
    waiting = fix(lab, json=True)
    assert waiting.status == 1 and "result" not in waiting.report
    unconfirmed = fix(lab, "--apply", "--yes", json=True)
    assert unconfirmed.report["result"]["state"] == "refused"
    lab.fault("master", "nimconfig.-c", "fail once")
    stopped = fix(lab, "--apply", "--yes", "--affects", 1, json=True)
    assert (stopped.status, stopped.report["result"]["state"]) == (1, "stopped")
    unfinished = fix(lab, "--apply", "--yes", "--affects", 1, json=True)
    run = stopped.report["result"]["run"]
    assert unfinished.report["result"]["state"] == "refused"
    assert f"nimdoctor fix {lab.client_target} --resume {run}" in unfinished.report["unfinished"][0]
    assert "nimdoctor rollback" not in unfinished.report["unfinished"][0]


def test_unfinished_runs_are_the_first_lines(lab_of, fix, doctor):
    lab = lab_of("create-bio-hang-master")
    lab.fault("master", "nimconfig.-c", "fail once")
    fix(lab, "--apply", "--yes", "--affects", 1)
    state = ("--state-dir", f"{lab.client}/var/adm/nimdoctor")
    shown = fix(lab)
    assert shown.status == 1
    assert (
        shown.out.splitlines()[0].startswith("run 2")
        and f"nimdoctor fix {lab.client_target} --resume" in shown.out.splitlines()[0]
    )
    asked = doctor("fix", "--resume", "last", *state, json=True)
    VALIDATOR.validate(asked.report)
    assert (asked.status, asked.report["result"]["state"]) == (1, "refused")
    resumed = doctor("fix", "--resume", "last", *state, "--yes", json=True)
    VALIDATOR.validate(resumed.report)
    assert (resumed.status, resumed.report["result"]["state"]) == (0, "applied-unverified")
    assert doctor("fix", "--resume", "last", *state, "--yes").status == 2, "there is nothing to go on with"


def test_scripts_without_a_step_are_not_written_and_the_status_stays(originals, fix, tmp_path):
    ended = fix(originals("healthy"), "--script", tmp_path / "scripts", json=True)
    assert (ended.status, (tmp_path / "scripts").exists()) == (0, False)
    assert "no script was written: the plan has no step" in ended.err


def test_the_text_of_a_plan_holds_no_control_character_whatever_the_evidence_holds(lab_of, fix):
    lab = lab_of("client-uses-rsh")
    with open(lab.client + "/etc/niminfo", "ab") as stream:
        stream.write(b'\nexport SITE="caf\xe9 \x1b[2J"\n')
    shown = fix(lab).out
    assert "caf\xe9 \\x1b[2J" in shown
    assert "\x1b" not in shown
