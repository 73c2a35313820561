"""`nimdoctor runs`: every state as a document of the published schema, and who has followed."""

import json
from importlib import resources

import jsonschema
import pytest

import nimdoctor.report
from nimdoctor.lab import Lab

VALIDATOR = jsonschema.Draft7Validator(
    json.loads(resources.files(nimdoctor.report).joinpath("runs-1.schema.json").read_text())
)


@pytest.fixture(scope="module")
def recycled():
    """A lab in which a recycle was stopped, resumed and completed, and a cure was restored; and its state directory."""
    from nimdoctor.cli import main

    with Lab.build("create-bio-hang-master") as lab:
        state = f"{lab.client}/var/adm/nimdoctor"
        lab.fault("master", "nimconfig.-c", "fail once")
        words = ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]
        assert main([*words, "--affects", "1"]) == 1
        yield lab, state


def runs(doctor, state, *words):
    ended = doctor("runs", "--state-dir", state, *words, json=True)
    VALIDATOR.validate(ended.report)
    return ended


def test_a_state_directory_without_runs_is_an_empty_list(doctor, tmp_path):
    assert runs(doctor, tmp_path / "none").report["runs"] == []
    assert doctor("runs", "--state-dir", tmp_path / "none").out == f"No run in {tmp_path / 'none'}.\n"


def test_a_run_from_stopped_to_complete_and_who_must_follow(recycled, doctor):
    lab, state = recycled
    (run,) = runs(doctor, state).report["runs"]
    assert (run["state"], run["why"] is None, run["led_by"]) == ("stopped", False, None)
    assert [step["state"] for step in run["steps"]] == ["done", "done", "begun", "not-begun", "not-begun"]
    assert run["affects"] == [{"client": "lpar8", "followed": False}]
    assert run["targets"] == {"client": lab.client_target, "master": lab.master_target}
    (led,) = runs(doctor, f"{lab.master}/var/adm/nimdoctor").report["runs"]
    assert led["led_by"] == f"{state}/runs/{run['run']}"
    assert f"{run['run']} is unfinished" in doctor("runs", "--state-dir", state).out

    assert doctor("fix", "--resume", "last", "--state-dir", state, "--yes").status == 0
    (run,) = runs(doctor, state).report["runs"]
    assert (run["state"], {step["state"] for step in run["steps"]}) == ("applied-unverified", {"done"})
    assert {"nim -o lslpp lpar7"} == {found["push"] for found in run["findings"] if found["push"]}
    assert f"{run['run']}: lpar8: not yet" in doctor("runs", "--state-dir", state).out

    assert runs(doctor, state, "--followed", "lpar8").status == 0
    assert runs(doctor, state).report["runs"][0]["affects"] == [{"client": "lpar8", "followed": True}]
    again = doctor("runs", "--state-dir", state, "--followed", "lpar8")
    assert (again.status, "no run in" in again.err) == (2, True)


def test_a_rollback_is_a_document_too(recycled, doctor):
    _, state = recycled
    asked = doctor("rollback", "--state-dir", state, json=True)
    assert asked.report["schema"] == "nimdoctor.rollback/1"
    assert (asked.status, asked.report["state"]) == (1, "refused")
    assert asked.report["why"] == "nobody can be asked: no terminal; --yes takes it back without a question"
    taken = doctor("rollback", "--state-dir", state, "--yes", json=True)
    assert (taken.status, taken.report["undone"], taken.report["state"]) == (1, [], "refused")
    assert taken.report["why"].endswith("is applied-unverified: there is nothing to take back")
    assert len(taken.report["stands"]) == 5
    assert runs(doctor, state).report["runs"][0]["state"] == "applied-unverified"
    missing = doctor("rollback", "20200101T000000Z-0000", "--state-dir", state, "--yes")
    assert missing.status == 2
