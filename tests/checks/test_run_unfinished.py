"""run-unfinished: what the journals of earlier repairs say."""

import pytest
from hosts import evidence, scan_hosts

from nimdoctor.facts import RepairRuns
from nimdoctor.model import Outcome, Severity, Text
from nimdoctor.model.path_state import PathState

RUN = "20261124T100000Z-1a2b"
START = '{"event":"start","step":null,"at":"2026-11-24T10:00:00Z","fixes":["enable-tftp","enable-client-ssl"]}\n'
BEGIN = '{"event":"begin","step":"1-master-edit","at":"2026-11-24T10:00:01Z"}\n'
DONE = '{"event":"done","step":"1-master-edit","at":"2026-11-24T10:00:02Z","files":{}}\n'
COMPLETE = '{"event":"complete","step":null,"at":"2026-11-24T10:00:09Z","state":"complete"}\n'
LEFT_OPEN = '{"event":"done","step":"3-master-transient-tidy","at":"2026-11-24T10:00:08Z","left_open":"tftp on the master stays open: a tftpd runs"}\n'


def judged(*journals, run=RUN):
    files = {f"/var/adm/nimdoctor/runs/{run[:-1]}{number}/journal.jsonl": text for number, text in enumerate(journals)}
    report = scan_hosts(evidence(files=files, role="client"))
    return [result for result in report.results if result.check == "run-unfinished"]


@pytest.mark.parametrize(
    ("journal", "state"),
    [
        (START, "running"),
        (START + BEGIN, "running"),
        (START + BEGIN + DONE, "running"),
        (START + BEGIN + '{"event":"stopped","step":"1-master-edit","at":"2026-11-24T10:00:03Z"}\n', "stopped"),
        (START + BEGIN + DONE + '{"event":"undone","step":"1-master-edit","at":"x"}\n', "rolling-back"),
        (START + BEGIN + DONE + COMPLETE + '{"event":"rollback","step":null,"at":"x"}\n', "rolling-back"),
    ],
)
def test_fails_for_a_run_that_was_not_brought_to_an_end(journal, state):
    (found,) = judged(journal)
    assert (found.outcome, found.severity) == (Outcome.FAIL, Severity.HIGH)
    assert state in found.message and "fix --resume" in found.cure and "rollback" in found.cure
    assert found.evidence[0].source.endswith("journal.jsonl") and found.evidence[0].line == len(journal.splitlines())


def test_fails_low_for_a_tftp_that_stays_open():
    (found,) = judged(START + BEGIN + DONE + LEFT_OPEN + COMPLETE)
    assert (found.outcome, found.severity) == (Outcome.FAIL, Severity.LOW)
    assert "a tftpd runs" in found.message and "--only enable-tftp" in found.run


@pytest.mark.parametrize("state", ["complete", "applied-unverified", "restored", "rolled-back", "abandoned"])
def test_passes_when_every_run_came_to_its_end(state):
    (found,) = judged(START + BEGIN + DONE + COMPLETE.replace('"complete"}', f'"{state}"}}'))
    assert found.outcome is Outcome.PASS and state in found.message


def test_near_miss_a_torn_last_line_is_no_record():
    (found,) = judged(START + BEGIN + DONE + COMPLETE + '{"event":"beg')
    assert found.outcome is Outcome.PASS


def test_near_miss_a_tftp_left_open_by_a_run_taken_back_is_history():
    journal = START + BEGIN + DONE + LEFT_OPEN + COMPLETE + '{"event":"rollback","at":"x"}\n'
    journal += '{"event":"undone","step":"1-master-transient","closes":"3-master-transient-tidy","at":"x"}\n'
    (found,) = judged(journal + COMPLETE.replace('"complete"}', '"rolled-back"}'))
    assert found.outcome is Outcome.PASS


def test_one_of_several_runs_is_named():
    (found,) = judged(START + COMPLETE, START + BEGIN)
    assert found.objects == (RUN[:-1] + "1",)


def test_not_applicable_where_nothing_was_ever_repaired():
    report = scan_hosts(evidence(files={"/etc/hosts": "127.0.0.1 localhost\n"}, role="client"))
    (found,) = [result for result in report.results if result.check == "run-unfinished"]
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_a_recycle_that_was_completed_is_remembered_with_its_time():
    journal = START.replace("enable-tftp", "recycle-certificates") + COMPLETE
    runs = RepairRuns.parse(Text.of(journal, f"/var/adm/nimdoctor/runs/{RUN}/journal.jsonl"))
    assert runs.completed("recycle-certificates") == (1795514409,)
    assert runs.completed("start-nimsh") == ()


PLACE = f"/var/adm/nimdoctor/runs/{RUN[:-1]}0"


def judged_with(changed, *journals):
    """The results for runs whose paths are root's, but for those that are given."""
    files = {f"{PLACE[:-1]}{number}/journal.jsonl": text for number, text in enumerate(journals)}
    states = {"/var/adm/nimdoctor/runs": PathState("dir", 0o700, "root")}
    for path in files:
        states[path.rpartition("/")[0]] = PathState("dir", 0o700, "root")
        states[path] = states[path.replace("journal.jsonl", "plan.json")] = PathState("file", 0o600, "root")
    recorded = {
        path: {"kind": state.kind, "mode": f"{state.mode:o}", "owner": state.owner}
        for path, state in {**states, **changed}.items()
    }
    found = evidence(files=files, role="client", paths=recorded)
    return [result for result in scan_hosts(found).results if result.check == "run-unfinished"]


@pytest.mark.parametrize("journal", [START + BEGIN, START + COMPLETE], ids=["unfinished", "complete"])
@pytest.mark.parametrize(
    ("path", "state", "why"),
    [
        (f"{PLACE}/plan.json", PathState("file", 0o666, "root"), "may be written by others (mode 0666)"),
        (f"{PLACE}/journal.jsonl", PathState("file", 0o620, "root"), "may be written by others (mode 0620)"),
        (f"{PLACE}/backups/1-client-edit.backup", PathState("file", 0o600, "eve"), "belongs to eve"),
        (f"{PLACE}/plan.json", PathState("link", 0o777, "root"), "is a symbolic link"),
        (PLACE, PathState("dir", 0o777, "root"), "may be written by others (mode 0777)"),
        ("/var/adm/nimdoctor/runs", PathState("dir", 0o777, "root"), "may be written by others (mode 0777)"),
    ],
)
def test_fails_for_a_run_that_others_could_have_written_in_and_advises_no_resume(path, state, why, journal):
    (found,) = judged_with({path: state}, journal)
    assert (found.outcome, found.severity, found.objects) == (Outcome.FAIL, Severity.HIGH, (RUN[:-1] + "0",))
    assert f"is suspicious: {path} {why}" in found.message
    assert "--resume" not in found.cure + found.run and found.evidence[0].source.endswith(("manifest.json", path))


def test_near_miss_a_run_that_is_roots_or_of_whoever_made_the_whole_tree_is_believed():
    assert "is suspicious" not in judged_with({}, START + BEGIN)[0].message
    whole = {path: PathState("dir", 0o755, "ada") for path in ("/var/adm/nimdoctor/runs", PLACE)}
    whole.update({f"{PLACE}/{name}": PathState("file", 0o600, "ada") for name in ("plan.json", "journal.jsonl")})
    assert "is suspicious" not in judged_with(whole, START + BEGIN)[0].message


def test_only_the_run_that_is_in_doubt_is_told_of_as_that():
    found = judged_with({f"{PLACE}/plan.json": PathState("file", 0o666, "root")}, START + BEGIN, START + BEGIN)
    assert ["is suspicious" in one.message for one in sorted(found, key=lambda one: one.objects)] == [True, False]
