"""The planner: what is called, what comes along, and the order of everything whatever is found together."""

import itertools
import json

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Repair, RepairTarget
from nimdoctor.model import Confidence, Outcome, Role
from nimdoctor.planning.conditions import ClientIdle, MasterIdle
from nimdoctor.planning.document import canonical, parse
from nimdoctor.planning.fix import Advice, Options, fix
from nimdoctor.planning.planner import Planner
from nimdoctor.planning.steps import Move, RunCommand

SCENARIOS = (
    "both-known-issues+tftp-disabled+nimsh-inactive+rhosts-left-over",
    "create-bio-hang-master+stale-ssl-libs+ssl-tree-damaged+tftp-not-refreshed",
    "ssl-not-configured+ssl-one-sided+openssl-missing",
    "client-uses-rsh+openssl-missing+tftp-disabled+nimsh-inactive",
)


@pytest.fixture(scope="module")
def repairs():
    """One repair for each scenario: both hosts scanned once, and all facts kept."""
    registry = Registry()
    labs = [Lab.build(name) for name in SCENARIOS]
    yield [Repair(RepairTarget(lab.client_target, lab.master_target), registry, Options()) for lab in labs]
    for lab in labs:
        lab.close()


FIXES = [one.id for one in Registry().fixes()]
OPTIONS = st.builds(
    Options,
    only=st.lists(st.sampled_from(FIXES), unique=True, max_size=4).map(tuple),
    transient_tftp=st.booleans(),
    accept_hung=st.sampled_from(["", "lpar7"]),
)


def plan_of(repair, results, options):
    """The plan for some of the results, over hosts already read."""
    return Planner(repair.engine, repair.ends, repair.registry.fixes(), options).plan(results)


def test_a_symptom_of_what_only_a_person_can_cure_is_advice_until_it_is_named(repairs):
    repair = repairs[0]
    hang = next(one for one in repair.report.results if one.check == "create-bio-hang")
    cause = hang._replace(check="certificate-not-yet-valid", fix=None, causes=("create-bio-hang",), rules_out=())
    plan = plan_of(repair, [cause, hang], Options())
    assert not plan.steps and not plan.findings
    (advice,) = (one for one in plan.advice if one.about == "create-bio-hang")
    assert "its cause comes first, certificate-not-yet-valid" in advice.text
    assert f"--only {hang.fix} plans it all the same" in advice.text
    assert plan_of(repair, [cause, hang], Options(only=(hang.fix,))).steps
    # a cause that a fix treats is treated with it
    assert plan_of(repair, [cause._replace(fix=hang.fix), hang], Options()).steps
    # one that only may be the cause holds nothing up
    assert plan_of(repair, [cause._replace(confidence=Confidence.POSSIBLE), hang], Options()).steps


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_found_together_the_plan_is_one_and_in_order(repairs, data):
    repair = data.draw(st.sampled_from(repairs))
    failed = [found for found in repair.report.results if found.outcome is Outcome.FAIL]
    results = data.draw(st.lists(st.sampled_from(failed), unique_by=id)) if failed else []
    options = data.draw(OPTIONS)
    plan = plan_of(repair, results, options)

    keys = [step.key for step in plan.steps]
    assert len(set(keys)) == len(keys), "equal steps once"
    order = [(step.phase.rank, step.where is not Role.MASTER) for step in plan.steps]
    assert order == sorted(order), "by phase, master before client"
    assert [step.id.split("-")[0] for step in plan.steps] == [str(n) for n in range(1, len(plan.steps) + 1)]

    words = [" ".join(step.do.argv) for step in plan.steps if isinstance(step.do, RunCommand)]
    assert words.count("nimclient -c") <= 1
    leg = [step.do.argv[1] if isinstance(step.do, RunCommand) else "move" for step in plan.steps if step.leg]
    assert leg in ([], ["-C", "move", "-c"], ["move", "-c"], ["-C", "-c"], ["-c"])

    brought = set()
    for step in plan.steps:
        assert not brought & set(step.before), "what the plan brings about is asked for only just before the step"
        brought |= set(step.verify)
        assert step.undo or step.no_undo
        assert step.fixes and set(step.fixes) <= set(FIXES)
    resting = [
        number
        for number, step in enumerate(plan.steps)
        if any(isinstance(one, (ClientIdle, MasterIdle)) for one in (*step.before, *step.then))
    ]
    off = [number for number, step in enumerate(plan.steps) if step.leg or step.phase.value == "crypto-off"]
    assert not off or max(resting) == off[0], "nobody is asked to be at rest once something is switched off"

    transient = [step for step in plan.steps if step.id.split("-", 2)[2].startswith("transient")]
    assert len(transient) in (0, 2) and all(one.do.of in ("", transient[0].id) for one in transient)

    document = json.loads(json.dumps(plan.as_dict()))
    assert parse(json.dumps(document).encode()) == plan
    assert document["id"] == plan_of(repair, list(reversed(results)), options).id, "the order of findings is no matter"


def test_the_same_evidence_gives_the_same_id_at_every_call(repairs):
    for repair in repairs:
        again = Repair(repair.where, repair.registry, Options())
        assert (again.plan.id, again.plan.steps) == (repair.plan.id, repair.plan.steps)
        assert canonical(again.plan.core()) == canonical(repair.plan.core())
        moved = any(isinstance(step.do, Move) for step in again.plan.steps)
        assert (b"${RUN}" in canonical(again.plan.core())) >= moved, "the run's name is made when it begins"


def test_a_copy_of_a_host_elsewhere_has_the_same_plan(lab_of):
    one, other = lab_of("stale-ssl-libs"), lab_of("stale-ssl-libs")
    plans = [
        Repair(RepairTarget(lab.client_target, lab.master_target), Registry(), Options()).plan for lab in (one, other)
    ]
    assert plans[0].steps and plans[0].targets != plans[1].targets
    assert plans[0].id == plans[1].id


@pytest.mark.parametrize("pair", list(itertools.combinations(SCENARIOS, 2))[:2])
def test_another_host_gives_another_id(pair, repairs):
    one, other = (repairs[SCENARIOS.index(name)] for name in pair)
    assert one.plan.id != other.plan.id


# -- what is called, with fixes of a third party


def plan_with(repair, *fixes, only=(), results=None):
    planner = Planner(repair.engine, repair.ends, fixes, Options(only=only))
    return planner.plan(repair.report.results if results is None else results)


def test_a_fix_that_says_nothing_plans_nothing_and_takes_nothing_along(repairs):
    @fix("refresh-ssl-libs", title="Nothing", where=Role.CLIENT, risk="", needs=("enable-tftp",))
    def nothing():
        yield from ()

    @fix("enable-tftp", title="Never", where=Role.MASTER, risk="")
    def never():
        yield Advice("asked although nobody needs it")

    plan = plan_with(repairs[0], nothing, never, only=("refresh-ssl-libs",))
    assert plan.steps == () and not [one for one in plan.advice if "nobody needs it" in one.text]


def test_a_finding_for_which_its_fix_says_nothing_is_advice_all_the_same(repairs):
    @fix("refresh-ssl-libs", title="Nothing", where=Role.CLIENT, risk="")
    def nothing():
        yield from ()

    for only in ((), ("refresh-ssl-libs",)):
        (told,) = [one for one in plan_with(repairs[0], nothing, only=only).advice if one.about == "stale-ssl-libs"]
        assert told.text.endswith("(refresh-ssl-libs finds nothing that it could do)")


def test_a_finding_whose_fix_is_not_installed_is_advice(repairs):
    plan = plan_with(repairs[0])
    assert {one.about for one in plan.advice} == {
        found.check
        for found in repairs[0].report.results
        if found.outcome is Outcome.FAIL and found.severity.value in ("medium", "high", "critical")
    }
    assert plan.steps == ()


def test_a_fix_that_lacks_a_fact_is_said(repairs):
    from nimdoctor.facts import CryptoSetup

    @fix("start-nimsh", title="Cannot know", where=Role.CLIENT, risk="")
    def cannot(setup: CryptoSetup):
        yield from ()

    plan = plan_with(repairs[0], cannot, only=("start-nimsh",))
    assert [one.text.split(":")[0] for one in plan.advice] == ["Cannot know"]
    assert "not planned" in plan.advice[0].text


def test_a_fix_that_breaks_is_said_and_the_others_go_on(repairs):
    @fix("start-nimsh", title="Breaks", where=Role.CLIENT, risk="")
    def breaks():
        raise LookupError("nothing there")

    others = [one for one in repairs[0].registry.fixes() if one.id != "start-nimsh"]
    plan = plan_with(repairs[0], breaks, *others)
    assert "Breaks: not planned, the fix broke: LookupError: nothing there" in [one.text for one in plan.advice]
    assert plan.steps


def test_findings_below_medium_are_treated_where_their_fix_is_planned_anyway(repairs):
    plan = repairs[2].plan
    treated = [found.message for found in plan.findings if found.check == "openssl-missing"]
    assert treated == [
        "openssl.base is not installed",
        "openssl.license is not installed, openssl.man.en_US is not installed",
    ]
    assert all(one.about != "openssl-missing" for one in plan.below)


def test_findings_below_medium_alone_stand_beside_the_plan(repairs):
    assert [one.about for one in repairs[0].plan.below] == ["rhosts-left-over"]
