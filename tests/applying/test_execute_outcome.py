"""What becomes of each finding: a second scan decides, never a return code."""

import json

import pytest
from killing.children import nimdoctor
from killing.scenes import STATE

from nimdoctor.applying.outcome import Outcomes, assess, remembered
from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Outcome, Push, Role, Severity
from nimdoctor.planning.document import Plan, Treated

RUN = "20260301T120005Z-1f2e"
PLAN = Plan({}, ("create-bio-hang",), (), findings=(
    Treated("create-bio-hang", Role.CLIENT, "lpar7", "title", "it hangs", "refresh-client-certificate", ()),
))  # fmt: skip


def seen(outcome, check="create-bio-hang", message="what is seen", severity=Severity.HIGH, host="lpar7", **more):
    return Result(check, check, outcome, severity, Role.CLIENT, host, message, **more)


@pytest.mark.parametrize(
    ("again", "outcome", "says"),
    [
        (Outcome.PASS, "fixed", "what is seen"),
        (Outcome.NOT_APPLICABLE, "fixed", "what is seen"),
        (Outcome.FAIL, "failed", "found again: what is seen"),
        (Outcome.UNKNOWN, "applied-unverified", "what is seen"),
        (Outcome.ERROR, "applied-unverified", "what is seen"),
        (None, "applied-unverified", "the second scan says nothing of it"),
    ],
)
def test_a_finding_ends_as_the_second_scan_shows_it(again, outcome, says):
    found = assess(PLAN, [], [seen(again)] if again else [])
    assert [(one.outcome, one.says) for one in found.findings] == [(outcome, says)]
    assert found.good is (outcome != "failed")


def test_of_several_entries_the_worst_counts():
    found = assess(PLAN, [], [seen(Outcome.PASS), seen(Outcome.FAIL), seen(Outcome.UNKNOWN)])
    assert found.findings[0].outcome == "failed"


def test_the_same_check_on_another_host_is_another_matter():
    assert assess(PLAN, [], [seen(Outcome.FAIL, host="lpar8"), seen(Outcome.PASS)]).findings[0].outcome == "fixed"


def test_what_only_a_push_can_prove_names_it_and_a_push_that_failed_decides():
    asked = seen(Outcome.UNKNOWN, message="not tried since", settled_by=Push("lpar7"))
    found = assess(PLAN, [], [asked])
    assert found.unverified and found.findings[0].push == "nim -o lslpp lpar7"
    found = assess(PLAN, [], [asked], {"lpar7": "it hangs still"})
    assert found.findings[0].outcome == "failed" and "it hangs still" in found.findings[0].says
    assert assess(PLAN, [], [asked], {"lpar8": "it hangs"}).findings[0].outcome == "applied-unverified"


def test_a_check_that_passed_and_now_fails_was_caused_by_the_run():
    before = remembered([seen(Outcome.PASS, "nimsh-inactive"), seen(Outcome.UNKNOWN, "tftp-disabled")])
    after = [seen(Outcome.PASS), seen(Outcome.FAIL, "nimsh-inactive"), seen(Outcome.FAIL, "tftp-disabled")]
    found = assess(PLAN, before, after)
    assert found.caused == ("nimsh-inactive",) and not found.good


def test_a_low_finding_and_the_treated_one_are_not_caused():
    before = remembered([seen(Outcome.PASS, "rhosts-left-over"), seen(Outcome.PASS)])
    after = [seen(Outcome.FAIL, "rhosts-left-over", severity=Severity.LOW), seen(Outcome.FAIL)]
    assert assess(PLAN, before, after).caused == ()


def test_the_run_itself_is_unfinished_while_it_is_judged_and_another_one_is_not_forgiven():
    before = remembered([seen(Outcome.PASS, "run-unfinished")])
    mine, other = (seen(Outcome.FAIL, "run-unfinished", objects=(name,)) for name in (RUN, "20260301T120006Z-aaaa"))
    assert assess(PLAN, before, [mine], run=RUN).caused == ()
    assert assess(PLAN, before, [mine, other], run=RUN).caused == ("run-unfinished",)


def test_of_a_plan_that_came_to_nothing_every_finding_ends_alike():
    for word in ("restored", "refused", "failed"):
        assert [one.outcome for one in Outcomes.of_failure(PLAN, word).findings] == [word]


def test_what_a_run_broke_is_shown_recorded_and_makes_the_exit_status_1(lab_of):
    lab = lab_of("rhosts-left-over")

    def prepare():
        from nimdoctor.applying.step_runner import StepRunner

        do = StepRunner.do

        def doing(self, step, now):
            said = do(self, step, now)
            lab.run("client", "stopsrc", "-s", "nimsh")
            return said

        StepRunner.do = doing

    words = ["fix", lab.client_target, "--master", lab.master_target, "--only", "remove-rhosts", "--apply", "--yes"]
    ended = nimdoctor([*words, "--format", "json"], prepare)
    result = json.loads(ended.out)["result"]
    assert ended.status == 1
    assert (result["state"], result["caused"]) == ("complete", ["nimsh-inactive"])
    assert [one["outcome"] for one in result["findings"]] == ["fixed"]
    shown = nimdoctor(["runs", "--format", "json", "--state-dir", lab.client + STATE]).out
    assert json.loads(shown)["runs"][0]["caused"] == ["nimsh-inactive"]


def test_a_second_run_on_the_same_host_is_not_held_against_itself(lab_of):
    lab = lab_of("rhosts-left-over+nimsh-inactive")
    for words in (["--only", "remove-rhosts"], []):
        ended = nimdoctor(["fix", lab.client_target, "--master", lab.master_target, *words, "--apply", "--yes"])
        assert ended.status == 0, ended
