"""A plan that was made elsewhere is carried out as it is, by the host that it is about, and by nobody else."""

import json
import os
import shutil
import tarfile
import time
from pathlib import Path

import pytest

import nimdoctor
from nimdoctor.applying import run_directories
from nimdoctor.cli import main
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.library import run_records, serving
from nimdoctor.model import Role
from nimdoctor.planning.document import parse

RUN = "20990101T000000Z-0a1b"
FILE = f"nimdoctor-{'0' * 64}.pyz"


def ask(name, **asked):
    said = []
    status, document = serving.answer({"request": name, **json.loads(json.dumps(asked))}, said.append)
    return status, document


def collected(lab, end, place):
    """Evidence of that end as it is now."""
    path = place / f"{end}-{len(list(place.iterdir()))}.tar"
    target = lab.client_target if end == "client" else lab.master_target
    assert main(["collect", target, "--no-redact", "--output", str(path)]) == 0
    with tarfile.open(path) as archive:
        archive.extractall(path.with_suffix(""), filter="data")
    return str(next(path.with_suffix("").rglob("manifest.json")).parent)


def planned(lab, **options):
    return nimdoctor.plan(lab.client_target, lab.master_target, **options)


def part(plan, where):
    return plan.part(where).to_dict()


def journal(lab, end, run=RUN):
    path = Path(lab.tree(end) + STATE_DIRECTORY, "runs", run, "journal.jsonl")
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def nothing_was_done(lab):
    for end in ("client", "master"):
        runs = lab.tree(end) + STATE_DIRECTORY + "/runs"
        assert lab.calls(end) == [] and (not os.path.isdir(runs) or os.listdir(runs) == [])


@pytest.fixture
def unplanned(monkeypatch):
    """Whoever plans fails."""
    monkeypatch.setattr("nimdoctor.library.repair.Planner", lambda *_: pytest.fail("it plans"))


def test_a_part_holds_what_is_done_and_found_on_one_end(lab_of):
    plan = planned(lab_of("create-bio-hang-master"))
    client, master = plan.part(Role.CLIENT), plan.part(Role.MASTER)
    assert client.steps + master.steps == plan.steps[3:] + plan.steps[:3]
    assert {(found.check, found.where) for found in client.findings + master.findings} == {
        (found.check, found.where) for found in plan.findings
    }
    assert {found.where for found in client.findings} <= {Role.CLIENT}
    assert (client.affects, master.affects, client.hosts) == (None, plan.affects, plan.hosts)
    assert len({plan.id, client.id, master.id}) == 3
    for one in (client, master):
        assert parse(json.dumps(one.as_dict()).encode()).id == one.id
    assert plan.inseparable() == []


@pytest.mark.parametrize(
    ("scenario", "options", "said"),
    [
        ("tftp-disabled", {"transient_tftp": True}, "it comes after a step of the client"),
        ("openssl-missing", {}, "on the client"),
    ],
)
def test_a_plan_that_cannot_be_parted_says_so(lab_of, scenario, options, said):
    found = planned(lab_of(scenario), **options).inseparable()
    assert found and said in found[0].seen


def test_each_host_carries_out_its_part_and_the_run_has_one_name(lab_of, tmp_path, capsys):
    parted, whole = lab_of("create-bio-hang-master"), lab_of("create-bio-hang-master")
    plan = planned(parted)
    parts = {"whole": plan.id, "role": "master", "then": {"role": "client", "name": "lpar7"}}
    status, done = ask(
        "apply", plan=part(plan, Role.MASTER), target=parted.master_target, other=collected(parted, "client", tmp_path),
        run=RUN, parts=parts, affects=1, change="CHG7",
    )  # fmt: skip
    assert (status, done["result"]["run"]) == (0, RUN), done["result"]
    assert parted.calls("client") == []
    status, after = ask(
        "apply", plan=part(plan, Role.CLIENT), target=parted.client_target, run=RUN,
        other=collected(parted, "master", tmp_path),
    )  # fmt: skip
    assert (status, after["result"]["run"]) == (0, RUN), after["result"]
    assert (
        main(["fix", whole.client_target, "--master", whole.master_target, "--apply", "--yes", "--affects", "1"]) == 0
    )
    capsys.readouterr()
    for end in ("client", "master"):
        assert parted.calls(end) == whole.calls(end)
    start = journal(parted, "master")[0]
    assert (start["parts"], start["change"], start["executor"]) == (parts, "CHG7", None)
    assert journal(parted, "client")[0]["parts"] is None
    _, listed = ask("runs", target=parted.master_target)
    assert [one["parts"] for one in listed["runs"]] == [parts]
    told = {(one["check"], one["where"]) for one in [*done["result"]["findings"], *after["result"]["findings"]]}
    assert told == {(found.check, found.where.value) for found in plan.findings}


def test_the_host_does_not_plan(lab_of, tmp_path, monkeypatch, request):
    lab = lab_of("tftp-disabled")
    plan = planned(lab)
    request.getfixturevalue("unplanned")
    other = collected(lab, "client", tmp_path)
    status, done = ask("apply", plan=part(plan, Role.MASTER), target=lab.master_target, other=other, run=RUN)
    assert (status, done["result"]["state"]) == (0, "complete"), done["result"]
    status, done = ask("rollback", run=RUN, target=lab.master_target)
    assert (status, done["state"]) == (0, "rolled-back"), done


def test_another_host_is_refused(lab_of, tmp_path):
    lab, elsewhere = lab_of("tftp-disabled"), lab_of("tftp-disabled", "lpar9")
    plan = part(planned(lab), Role.CLIENT)
    other = collected(lab, "master", tmp_path)
    status, refused = ask("apply", plan=plan, target=elsewhere.client_target, other=other)
    assert (status, refused["result"]["state"]) == (1, "refused")
    assert (
        "stale plan" in refused["result"]["why"]
        and "another host: the plan's client is lpar7" in refused["result"]["why"]
    )
    status, refused = ask("apply", plan=plan, target=lab.client_target, other=collected(elsewhere, "client", tmp_path))
    assert "another host: the plan's master is nim1" in refused["result"]["why"], "the other end is another"
    nothing_was_done(lab)
    nothing_was_done(elsewhere)


def test_another_level_is_refused(lab_of, tmp_path):
    lab = lab_of("tftp-disabled")
    plan = planned(lab)
    stale = plan._replace(
        hosts={
            role: host._replace(level="7200-01-01-0000") if role is Role.MASTER else host
            for role, host in plan.hosts.items()
        }
    )
    other = collected(lab, "client", tmp_path)
    _, refused = ask("apply", plan=part(stale, Role.MASTER), target=lab.master_target, other=other)
    assert "the master's level was 7200-01-01-0000 and is" in refused["result"]["why"]
    nothing_was_done(lab)


def test_a_precondition_that_no_longer_holds_is_read_anew(lab_of, tmp_path):
    lab = lab_of("tftp-disabled")
    plan = planned(lab)
    other = collected(lab, "client", tmp_path)
    with open(lab.tree("master") + "/etc/inetd.conf", "a", encoding="ascii") as stream:
        stream.write("# somebody was here\n")
    _, refused = ask("apply", plan=part(plan, Role.MASTER), target=lab.master_target, other=other)
    assert refused["result"]["state"] == "refused" and "/etc/inetd.conf" in refused["result"]["why"]
    nothing_was_done(lab)


def test_what_the_steps_need_of_the_other_end_must_be_given_and_fresh(lab_of, tmp_path):
    lab = lab_of("both-known-issues")
    plan = planned(lab)
    asked = {"plan": part(plan, Role.CLIENT), "target": lab.client_target}
    _, refused = ask("apply", **asked)
    assert refused["result"]["why"] == "the plan rests on the master, and no evidence of it is given"
    other = collected(lab, "master", tmp_path)
    manifest = Path(other, "manifest.json")
    document = json.loads(manifest.read_text("utf-8"))
    hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    manifest.write_text(json.dumps({**document, "collected": hour}), "utf-8")
    _, refused = ask("apply", **asked, other=other)
    assert "the evidence of the master was collected" in refused["result"]["why"]
    nothing_was_done(lab)
    status, done = ask("apply", **asked, other=other, evidence_age=120)
    assert (status, done["result"]["state"]) == (0, "applied-unverified"), done["result"]


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"whole": True}, "refused", "each is given its own part of it"),
        ({"run": "tomorrow"}, "refused", "is no run"),
        ({"affects": 4}, "refused", "no other client loses its push"),
        ({"expect": "0" * 64}, "refused", "was expected"),
        ({"other": "/no/such/place"}, "target", "/no/such/place"),
        ({"parts": ["x"]}, "usage", "apply: parts is no list"),
        ({"run": 7}, "usage", "apply: run is no int"),
    ],
)
def test_what_is_not_as_it_must_be_is_refused(lab_of, tmp_path, asked, kind, said):
    lab = lab_of("tftp-disabled")
    plan = planned(lab)
    sent = plan.to_dict() if asked.pop("whole", False) else part(plan, Role.MASTER)
    other = {"other": collected(lab, "client", tmp_path)}
    _, document = ask("apply", plan=sent, target=lab.master_target, **{**other, **asked})
    found = document.get("result", document)
    assert (found.get("state") or found["kind"]) == kind
    assert said in (found.get("why") or found["message"])
    nothing_was_done(lab)


def test_a_run_is_begun_once_and_is_the_newest(lab_of, tmp_path):
    lab = lab_of("tftp-disabled")
    asked = {"plan": part(planned(lab), Role.MASTER), "target": lab.master_target}
    asked["other"] = collected(lab, "client", tmp_path)
    assert ask("apply", **asked, run=RUN)[0] == 0
    assert ask("rollback", run=RUN, target=lab.master_target)[0] == 0
    calls = lab.calls("master")
    _, refused = ask("apply", **asked, run=RUN)
    assert refused["result"]["why"] == f"run {RUN} is not begun: it is there"
    _, refused = ask("apply", **asked, run="20260101T000000Z-0000")
    assert f"run {RUN}, which is newer, is there" in refused["result"]["why"]
    assert lab.calls("master") == calls


def test_a_plan_of_one_host_is_sent_as_it_is(lab_of):
    lab = lab_of("tftp-disabled")
    plan = nimdoctor.plan(lab.master_target)
    status, done = ask("apply", plan=plan.to_dict(), target=lab.master_target, run=RUN)
    assert (status, done["id"], done["result"]["state"]) == (0, plan.id, "complete")
    _, failed = ask("apply", plan=plan.to_dict(), target=lab.master_target, other="/x")
    assert failed["kind"] == "usage" and "there is no other" in failed["message"]


def test_a_host_that_is_client_and_master_is_one(lab_of):
    lab = lab_of("tftp-disabled")
    plan = nimdoctor.plan(lab.master_target)
    host = plan.hosts[Role.MASTER]
    both = plan._replace(hosts={Role.CLIENT: host, Role.MASTER: host})
    status, done = ask("apply", plan=both.to_dict(), target=lab.master_target, run=RUN)
    assert (status, done["result"]["state"]) == (0, "complete"), done["result"]
    start = journal(lab, "master")[0]
    assert (start["target"], set(start["targets"].values())) == ("client", {lab.master_target})


# -- a run is gone on with by what began it


@pytest.fixture
def sent(monkeypatch):
    """From here on nimdoctor runs from a file of that name, or is installed."""

    def run_from(name):
        for module in (run_directories, run_records):
            monkeypatch.setattr(module, "executor", lambda: name)

    return run_from


@pytest.fixture
def stopped(lab_of, tmp_path, sent):
    """A client's part that was stopped, begun by a file."""
    lab = lab_of("both-known-issues")
    plan = planned(lab)
    sent(FILE)
    lab.fault("client", "nimclient.-c", "fail")
    other = collected(lab, "master", tmp_path)
    status, done = ask("apply", plan=part(plan, Role.CLIENT), target=lab.client_target, other=other, run=RUN)
    assert (status, done["result"]["state"]) == (1, "stopped"), done["result"]
    assert done["result"]["resume"] == ["nimdoctor", "fix", "ssh:lpar7", "--resume", RUN]
    lab.fault("client", "nimclient.-c", None)
    shutil.rmtree(other)
    return lab


def test_a_run_by_a_file_is_told_and_gone_on_with_by_that_file_alone(stopped, sent, tmp_path, capsys):
    _, listed = ask("runs", target=stopped.client_target)
    assert [(one["run"], one["executor"]) for one in listed["runs"]] == [(RUN, FILE)]
    calls = stopped.calls("client")
    other = collected(stopped, "master", tmp_path)
    for name in (None, FILE.replace("0", "1")):
        sent(name)
        _, refused = ask("resume", run=RUN, target=stopped.client_target, other=other)
        way = f"nimdoctor fix ssh:lpar7 --resume {RUN}"
        assert refused["result"]["why"] == f"run {RUN} was begun by {FILE}, which goes on with it: {way}"
    sent(None)
    capsys.readouterr()
    assert main(["fix", stopped.client_target, "--resume", RUN, "--yes"]) == 1
    assert way in capsys.readouterr().err
    assert main(["fix", stopped.client_target]) == 1
    assert f"{way} goes on with it" in capsys.readouterr().out, "and the next fix names that way"
    assert main(["scan", stopped.client_target, "--check", "run-unfinished"]) == 1
    assert way in capsys.readouterr().out
    assert stopped.calls("client") == calls
    sent(FILE)
    _, refused = ask("resume", run=RUN, target=stopped.client_target)
    assert refused["result"]["why"] == f"run {RUN} rests on the master, and no evidence of it is given"
    status, done = ask("resume", run=RUN, target=stopped.client_target, other=other)
    assert (status, done["result"]["state"]) == (0, "applied-unverified"), done["result"]
    assert ask("runs", target=stopped.client_target)[0] == 0, "the evidence it was begun with is gone"


def test_old_evidence_does_not_serve_a_run_that_is_gone_on_with(stopped, tmp_path):
    other = collected(stopped, "master", tmp_path)
    calls = stopped.calls("client")
    _, refused = ask("resume", run=RUN, target=stopped.client_target, other=other, evidence_age=0)
    assert "the evidence of the master was collected" in refused["result"]["why"]
    assert stopped.calls("client") == calls


def test_a_run_by_a_file_is_taken_back_by_any_without_the_other_end(stopped, sent):
    sent(None)
    _, done = ask("rollback", run=RUN, target=stopped.client_target)
    assert done["run"] == RUN and done["state"] in ("rolled-back", "abandoned"), done


def test_a_run_by_an_installed_nimdoctor_is_not_gone_on_with_by_a_file(lab_of, sent, capsys):
    lab = lab_of("both-known-issues")
    lab.fault("client", "nimclient.-c", "fail")
    assert main(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]) == 1
    lab.fault("client", "nimclient.-c", None)
    capsys.readouterr()
    calls = lab.calls("client")
    sent(FILE)
    _, refused = ask("resume", target=lab.client_target)
    assert "was begun by the nimdoctor that is installed here: log in, then nimdoctor fix " in refused["result"]["why"]
    assert lab.calls("client") == calls
