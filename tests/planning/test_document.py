"""The plan as a document: its id, and what of a saved one is refused."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.model import Role
from nimdoctor.planning.conditions import FileAbsent, SecuredClientsAre, SubsystemIs
from nimdoctor.planning.document import (
    SCHEMA,
    Affected,
    BadPlan,
    Plan,
    PlanHost,
    PlannedAdvice,
    Refusal,
    Treated,
    canonical,
    id_of,
    parse,
)
from nimdoctor.planning.fix import Options
from nimdoctor.planning.steps import Change, Move, Phase, RunCommand, Step, Subsystem, Undo, make_edit, unchanged

EDIT = make_edit("/etc/inetd.conf", b"#tftp caf\xe9\n", [Change(1, "#tftp caf\xe9", "tftp caf\xe9")], "inetd")
STEPS = (
    Step(
        Role.MASTER, Phase.TFTP, "switch tftp on", EDIT, "why", "effect", (unchanged(Role.MASTER, EDIT),),
        verify=(SubsystemIs(Role.MASTER, "inetd", True),), undo="back", fixes=("enable-tftp",), id="1-master-edit",
    ),
    Step(
        Role.MASTER, Phase.MASTER_SSL, "rename", Move("/ssl_nimsh", "/ssl_nimsh_old.${RUN}"), "why", "effect",
        (SecuredClientsAre(Role.MASTER, ("lpar8",), ("lpar7",)),), no_undo="none", leg="recycle", risk="high: x",
        id="2-master-move",
    ),
    Step(
        Role.CLIENT, Phase.CRYPTO_ON, "fetch", RunCommand(("nimclient", "-c"), 300, (), (Undo(start="nimsh"),)), "why", "effect",
        then=(FileAbsent(Role.CLIENT, "/x"),), no_undo="none", risk="medium: y", checks=("create-bio-hang",),
        id="3-client-nimclient-c",
    ),
)  # fmt: skip
PLAN = Plan(
    hosts={
        Role.CLIENT: PlanHost("lpar7", "root:/lab/lpar7", "00F6A1B24C00", "7100-04-08-1914"),
        Role.MASTER: PlanHost(None, "", None, None),
    },
    checks=("create-bio-hang",),
    steps=STEPS,
    options=Options(("enable-tftp",), True, "lpp_7104", "lpar7", True),
    findings=(
        Treated("create-bio-hang", Role.CLIENT, "lpar7", "t", "m", "f", (("/var/adm/ras/nimsh.log", 7, "caf\xe9 \udcff"),)),
    ),
    advice=(PlannedAdvice("x", "text\nmore", None, None, ("a", "b")),),
    below=(PlannedAdvice("y", "text", "vi /.rhosts", "client"),),
    affects=Affected(("lpar8",), "why", (("nimclient", "-C"), ("nimclient", "-c"))),
    cautions=("know",),
    refusals=(Refusal("1-master-edit", "must", "seen"),),
    first="nimdoctor fix --accept-hung lpar7",
    pushes=("nim -o lslpp lpar7",),
)  # fmt: skip


def written(plan=PLAN):
    """The plan as it is read back from a file."""
    return json.loads(json.dumps(plan.as_dict()))


def read(document):
    return parse(json.dumps(document).encode())


def test_a_plan_is_read_back_the_same_and_has_the_same_id():
    assert read(written()) == PLAN
    assert read(written()).id == PLAN.id == written()["id"]
    assert read(written(Plan({}, (), ()))) == Plan({}, (), ())


def test_the_id_rests_on_hosts_levels_checks_and_steps_and_on_nothing_else():
    beside = PLAN._replace(
        options=Options(),
        findings=(),
        advice=(),
        below=(),
        affects=None,
        cautions=(),
        refusals=(),
        first=None,
        pushes=(),
    )
    assert beside.id == PLAN.id
    others = [
        PLAN._replace(checks=()),
        PLAN._replace(steps=STEPS[:2]),
        PLAN._replace(hosts={**PLAN.hosts, Role.MASTER: PlanHost(None, "", None, "7100-05-00-0000")}),
        PLAN._replace(hosts={**PLAN.hosts, Role.MASTER: PlanHost("nim1", "", None, None)}),
        PLAN._replace(steps=(STEPS[0]._replace(do=Subsystem("inetd", "refresh")), *STEPS[1:])),
    ]
    assert len({PLAN.id, *(other.id for other in others)}) == 1 + len(others)


def test_the_order_of_the_hosts_is_no_matter_to_the_id():
    assert PLAN._replace(hosts=dict(reversed(list(PLAN.hosts.items())))).id == PLAN.id


def test_the_point_of_no_return_is_the_first_step_without_undo_and_the_risk_the_worst():
    assert PLAN.point_of_no_return is STEPS[1]
    assert (PLAN.risk, PLAN._replace(steps=STEPS[:1]).risk, PLAN._replace(steps=STEPS[2:]).risk) == (
        "high",
        "low",
        "medium",
    )
    assert PLAN._replace(steps=STEPS[:1]).point_of_no_return is None
    assert written()["point_of_no_return"] == "2-master-move"


# -- what is refused


def leaves(value, path=()):
    """Every place of a document that holds no further one."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


IN_THE_ID = [
    path
    for path in leaves(written())
    if path[0] in ("id", "schema", "hosts", "levels", "checks", "steps") and path[-1:] != ("target",)
]


@pytest.mark.parametrize("path", IN_THE_ID, ids=lambda path: ".".join(map(str, path)))
def test_a_plan_that_was_changed_after_it_was_made_is_refused(path):
    document = copy.deepcopy(written())
    place = document
    for name in path[:-1]:
        place = place[name]
    value = place[path[-1]]
    place[path[-1]] = (value + "x") if isinstance(value, str) else (not value) if isinstance(value, bool) else "x"
    with pytest.raises(BadPlan):
        read(document)


def test_a_host_has_the_same_plan_whichever_way_it_is_reached():
    hosts = {where: host._replace(target=f"ssh:{host.name}") for where, host in PLAN.hosts.items()}
    over_ssh = PLAN._replace(hosts=hosts)
    assert (over_ssh.id, over_ssh == PLAN) == (PLAN.id, False)
    assert read(over_ssh.as_dict()) == over_ssh, "where to apply it is written all the same"


@pytest.mark.parametrize("name", list(written()))
def test_a_plan_without_one_of_its_parts_is_refused(name):
    document = written()
    del document[name]
    if name in ("risk", "point_of_no_return"):
        assert read(document) == PLAN, "these are made from the steps"
        return
    with pytest.raises(BadPlan):
        read(document)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"[]", "its schema is None"),
        (b'"nimdoctor.plan/1"', "its schema is None"),
        (b"{}", "its schema is None"),
        (b'{"schema": "nimdoctor.plan/2"}', "its schema is 'nimdoctor.plan/2', not 'nimdoctor.plan/1'"),
        (b'{"schema": "nimdoctor.plan/1"}', "it is damaged: KeyError"),
        (b'{"schema": "nimdoctor.plan/1", "options": 1, "affects": null}', "it is damaged"),
    ],
)
def test_what_is_no_plan_is_refused_with_why(raw, why):
    with pytest.raises(BadPlan) as error:
        parse(raw)
    assert str(error.value).startswith(why) and "\n" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_a_plan_with_anything_in_the_place_of_a_part_is_refused_or_read_and_never_breaks(data):
    document = copy.deepcopy(written())
    path = data.draw(st.sampled_from(list(leaves(document))))
    place = document
    for name in path[: data.draw(st.integers(0, len(path) - 1))]:
        place = place[name]
    name = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
    place[name] = data.draw(JSON)
    try:
        found = read(document)
    except BadPlan:
        return
    assert found.id == document["id"] == PLAN.id


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("checks", 0), ["create-bio-hang"], "plan.checks"),
        (("hosts", "client", "target"), 7, "plan.hosts.target"),
        (("levels", "client"), [], "plan.hosts.level"),
        (("options", "lpp_source"), ["x"], "plan.options.lpp_source"),
        (("options", "evidence_age"), True, "plan.options.evidence_age"),
        (("steps", 0, "title"), {}, "plan.steps.title"),
        (("steps", 0, "do", "path"), 1, "plan.steps.do"),
        (("steps", 2, "again"), "no", "plan.steps.again"),
        (("findings", 0, "evidence", 0, "line"), "7", "plan.findings.evidence"),
        (("first",), 1, "plan.first"),
    ],
)
def test_a_plan_with_a_value_of_another_type_is_refused_by_its_name_though_its_id_fits(path, value, named):
    document = json.loads(json.dumps(PLAN.as_dict()))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(BadPlan, match=f"damaged: {named} is of another type") as error:
        parse(canonical({**document, "id": id_of(document)}))
    assert "\n" not in str(error.value)


@given(JSON)
def test_canonical_json_is_one_spelling(value):
    raw = canonical(value)
    assert raw.isascii() and b"\n" not in raw
    assert canonical(json.loads(raw)) == raw
    if isinstance(value, dict):
        assert canonical(dict(reversed(list(value.items())))) == raw


def test_the_schema_is_named_first_but_for_the_id():
    assert list(written())[:2] == ["id", "schema"] and written()["schema"] == SCHEMA
