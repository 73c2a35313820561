"""Journals of earlier runs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts import RepairRuns
from nimdoctor.model.text import BadEvidence, Text

PLACE = "/var/adm/nimdoctor/runs/20261124T100000Z-1a2b/journal.jsonl"
AT = 1795514400
"""2026-11-24T10:00:00Z"""


def record(event, minute=0, **more):
    return json.dumps({"event": event, "step": None, "at": f"2026-11-24T10:{minute:02}:00Z", **more})


def run(*records, place=PLACE):
    return RepairRuns.parse(Text.of("\n".join(records) + "\n", place)).runs[0]


START = record("start", fixes=["enable-tftp", "recycle-certificates"])
STEP = {"step": "1-master-edit"}


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([], "running"),
        ([record("begin", **STEP), record("done", **STEP)], "running"),
        ([record("stopped", **STEP)], "stopped"),
        ([record("stopped", **STEP), record("resume")], "running"),
        ([record("complete", state="complete")], "complete"),
        ([record("complete", state="applied-unverified"), record("followed", client="lpar8")], "applied-unverified"),
        ([record("complete", state="restored")], "restored"),
        ([record("complete", state="complete"), record("rollback")], "rolling-back"),
        ([record("rollback"), record("undone", **STEP)], "rolling-back"),
        ([record("rollback"), record("complete", state="rolled-back")], "rolled-back"),
        ([record("rollback"), record("complete", state="abandoned")], "abandoned"),
    ],
)
def test_the_newest_record_that_says_so_gives_the_state(records, state):
    found = run(START, *records)
    assert (found.state, found.name, found.fixes) == (
        state, "20261124T100000Z-1a2b", ("enable-tftp", "recycle-certificates"),
    )  # fmt: skip
    runs = RepairRuns("", (found,))
    assert bool(runs.unfinished()) is (state in ("running", "stopped", "rolling-back"))
    assert runs.completed("recycle-certificates") == ((AT,) if state in ("complete", "applied-unverified") else ())
    assert runs.completed("start-nimsh") == ()


def test_a_run_ends_with_its_completion_and_not_with_who_follows_later():
    found = run(START, record("complete", 5, state="complete"), record("followed", 50, client="lpar8"))
    assert found.ended == AT + 300
    assert run(START, record("begin", 7, **STEP)).ended == AT + 420


def test_a_torn_last_line_and_lines_that_are_no_record_are_left_out():
    found = run(START, "", "[]", "{", '{"no": "event"}', '{"event": 1}', record("stopped")[:-9])
    assert (found.state, found.at.line) == ("running", 1)


def test_a_record_without_a_time_gives_none():
    assert run('{"event": "complete", "state": "complete", "at": "yesterday", "fixes": ["a"]}').ended is None


def test_runs_of_several_journals_are_in_order():
    parts = [
        RepairRuns.parse(Text.of(START, f"/var/adm/nimdoctor/runs/{name}/journal.jsonl"))
        for name in ("20261125T100000Z-0001", "20261124T100000Z-ffff")
    ]
    assert [one.name for one in RepairRuns.combine(parts).runs] == ["20261124T100000Z-ffff", "20261125T100000Z-0001"]


@pytest.mark.parametrize("text", ["", "\n", "{}", "no json", "[" * 5000])
def test_a_journal_without_a_record_is_no_evidence(text):
    with pytest.raises(BadEvidence):
        RepairRuns.parse(Text.of(text, PLACE))


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=4), lambda one: st.lists(one, max_size=2), max_leaves=4
)


@given(
    st.lists(st.dictionaries(st.sampled_from(["event", "step", "at", "fixes", "state", "left_open", "closes"]), JSON))
)
def test_any_records_are_read_or_are_no_evidence(records):
    try:
        found = run(*map(json.dumps, records))
    except BadEvidence:
        return
    assert isinstance(found.state, str) and isinstance(found.left_open, str)


@pytest.mark.parametrize(
    ("start", "resume", "rollback"),
    [
        ({}, "nimdoctor fix --resume {}", "nimdoctor rollback {}"),
        (
            {"target": "client", "targets": {"client": "", "master": "/evidence"}},
            "nimdoctor fix --resume {}",
            "nimdoctor rollback {}",
        ),
        (
            {"target": "client", "targets": {"client": "root:/mnt/a b"}},
            "nimdoctor fix 'root:/mnt/a b' --resume {}",
            "nimdoctor rollback {} --target 'root:/mnt/a b'",
        ),
        (
            {"target": "client", "targets": {"client": "root:/mnt"}, "led_by": "/mnt/var/adm/nimdoctor/runs/X"},
            "nimdoctor fix root:/mnt --resume {}",
            "nimdoctor rollback {} --target root:/mnt",
        ),
        (
            {"target": "client", "targets": {"client": "root:/mnt"}, "led_by": "/srv/state/runs/X"},
            "nimdoctor fix root:/mnt --resume {} --state-dir /srv/state",
            "nimdoctor rollback {} --target root:/mnt --state-dir /srv/state",
        ),
        (
            {"target": "client", "targets": {"client": "; rm -r /"}},
            "nimdoctor fix --resume {}",
            "nimdoctor rollback {}",
        ),
        (
            {"target": ["client"], "targets": {"client": 7}, "led_by": 7},
            "nimdoctor fix --resume {}",
            "nimdoctor rollback {}",
        ),
    ],
)
def test_the_commands_on_from_a_run_are_those_of_the_host_whose_directory_leads(start, resume, rollback):
    text = json.dumps({"event": "start", "step": None, "at": "2026-11-24T10:00:00Z", **start})
    (run,) = RepairRuns.parse(Text.of(text + "\n", PLACE)).runs
    assert (run.resuming(), run.taking_back()) == (resume.format(run.name), rollback.format(run.name))
