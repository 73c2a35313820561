"""The story: findings that explain each other, the cause first, whatever their order."""

import itertools

import pytest
from hosts import MASTER_STANZA, evidence, machine, niminfo, registry
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.diagnosis.causes import Pair, story_of
from nimdoctor.diagnosis.engine import Result
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import open_hosts, pair_of, scan
from nimdoctor.model import Confidence, Finding, Outcome, Role, Severity, Topic, check
from nimdoctor.report import json_report, text_report

TEN = Pair(frozenset(["lpar7"]), frozenset(["lpar7", "lpar8", "lpar9"]), frozenset([None, "nim1"]))


def found(check, *causes, severity="high", confidence="likely", where="client", host=None, objects=(), outcome="fail"):
    return Result(
        check,
        f"title of {check}",
        Outcome(outcome),
        Severity(severity),
        Role(where),
        host or {"client": "lpar7", "master": "nim1"}[where],
        f"message of {check}",
        Confidence(confidence),
        cause=f"cause of {check}",
        objects=tuple(objects),
        causes=causes,
    )


def story(*results):
    return story_of(results, lambda: TEN)


def order(*results):
    made = story(*results)
    return [(one.check, depth) for one, depth in zip(made.findings, made.depths)]


def links(made):
    return {(made.findings[one.cause].check, made.findings[one.effect].check, one.sure) for one in made.links}


EXPIRED = found("certificate-expired", "handshake-fails", "create-bio-hang")
FAILS = found("handshake-fails", "create-bio-hang")
HANG = found("create-bio-hang", severity="critical")


# -- order and links


def test_an_expired_certificate_explains_the_failed_handshake_explains_the_hang():
    made = story(HANG, FAILS, EXPIRED)
    assert order(HANG, FAILS, EXPIRED) == [("certificate-expired", 0), ("handshake-fails", 1), ("create-bio-hang", 2)]
    # that it explains the hang too follows from the others
    assert links(made) == {
        ("certificate-expired", "handshake-fails", True),
        ("handshake-fails", "create-bio-hang", True),
    }
    assert [one.check for one in made.behind(HANG)] == ["handshake-fails", "certificate-expired"]
    assert made.chain() == [(EXPIRED, 0), (FAILS, 1), (HANG, 2)]


def test_what_explains_nothing_is_told_by_severity():
    low, high = found("a-low", severity="low"), found("z-high")
    assert order(low, HANG, high) == [("create-bio-hang", 0), ("z-high", 0), ("a-low", 0)]
    assert story(low, HANG, high).chain() == [(HANG, 0)]


def test_operation_is_told_before_what_stands_open_to_others_and_neither_explains_the_other():
    low = found("a-low", "open-door", severity="low")
    door = found("open-door", "a-low", severity="critical")._replace(topic=Topic.EXPOSURE)
    behind = found("behind-it", severity="high")._replace(topic=Topic.EXPOSURE)
    door = door._replace(causes=("a-low", "behind-it"))
    assert order(behind, door, low) == [("a-low", 0), ("open-door", 0), ("behind-it", 1)]
    assert links(story(behind, door, low)) == {("open-door", "behind-it", True)}


def test_a_cause_is_as_bad_as_the_worst_that_follows_from_it():
    cause, other = found("m-medium", "create-bio-hang", severity="medium"), found("a-high", confidence="certain")
    assert order(other, HANG, cause) == [("m-medium", 0), ("create-bio-hang", 1), ("a-high", 0)]


def test_a_finding_may_have_several_causes_and_stands_below_the_last():
    one, other = found("a-cause", "create-bio-hang"), found("b-cause", "create-bio-hang", severity="medium")
    made = story(HANG, other, one)
    assert order(HANG, other, one) == [("a-cause", 0), ("b-cause", 0), ("create-bio-hang", 1)]
    assert made.causes(HANG) == [(one, True), (other, True)]


def test_only_what_failed_is_told_or_explained():
    passed = found("handshake-fails", "create-bio-hang", outcome="pass")
    assert order(passed, HANG) == [("create-bio-hang", 0)]


def test_a_check_does_not_explain_itself():
    one, other = found("openssl-missing", "openssl-missing"), found("openssl-missing", severity="low")
    assert not story(one, other).links


# -- hosts


def test_the_master_explains_its_client_and_not_the_other_way_round():
    cause = found("ssl-tree-damaged", "handshake-fails", where="master")
    assert links(story(cause, FAILS)) == {("ssl-tree-damaged", "handshake-fails", True)}
    upside = found("handshake-fails", "ssl-tree-damaged")
    assert not story(upside, found("ssl-tree-damaged", where="master")).links


def test_a_host_that_is_not_the_clients_master_explains_nothing_there():
    cause = found("ssl-tree-damaged", "handshake-fails", where="master", host="nim2")
    assert not story(cause, FAILS).links


def test_a_symptom_names_its_causes_which_need_not_know_of_it():
    push = found("push-failed")._replace(explained_by=("nimsh-inactive",))
    assert order(push, found("nimsh-inactive"), found("port-taken")) == [
        ("nimsh-inactive", 0),
        ("push-failed", 1),
        ("port-taken", 0),
    ]


@pytest.mark.parametrize(("objects", "explained"), [(("lpar7",), True), (("lpar8",), False), ((), False)])
def test_what_a_master_recorded_of_the_client_is_explained_by_the_clients_finding(objects, explained):
    push = found("push-failed", where="master", objects=objects)._replace(explained_by=("nimsh-inactive",))
    assert bool(links(story(push, found("nimsh-inactive")))) is explained


def test_a_host_explains_only_what_is_its_own():
    assert not story(EXPIRED._replace(host="lpar8"), HANG).links
    one, other = (found(name, "b-effect", where="master", host="nim1") for name in ("a-cause", "b-effect"))
    assert links(story(one, other)) == {("a-cause", "b-effect", True)}
    assert not story(one, other._replace(host="nim2")).links


@pytest.mark.parametrize(
    ("objects", "explains"),
    [((), True), (("lpar8", "lpar9"), False), (("lpar8", "lpar7"), True), (("/ssl_nimsh/certs",), True)],
)
def test_a_cause_that_is_about_other_clients_explains_nothing_here(objects, explains):
    cause = found("name-resolution", "create-bio-hang", where="master", objects=objects)
    assert bool(story(cause, HANG).links) is explains


def test_two_findings_of_a_master_about_different_clients_are_two_stories():
    one = found("a-cause", "b-effect", where="master", objects=["lpar8"])
    for objects, explains in ((["lpar9"], False), (["lpar9", "lpar8"], True), ([], True)):
        assert bool(story(one, found("b-effect", where="master", objects=objects)).links) is explains


# -- what is not sure


@pytest.mark.parametrize("doubt", [{"confidence": "possible"}, {"severity": "low"}, {"severity": "info"}])
def test_an_uncertain_cause_may_explain_and_moves_nothing(doubt):
    cause = found("certificate-weak", "create-bio-hang", **doubt)
    assert order(cause, HANG) == [("create-bio-hang", 0), ("certificate-weak", 0)]
    made = story(cause, HANG)
    assert made.causes(HANG) == [(cause, False)] and made.effects(cause) == [(HANG, False)]
    assert not made.behind(HANG) and made.chain() == [(HANG, 0)]


# -- cycles


def test_a_cycle_is_broken_where_the_worse_finding_would_be_the_effect():
    one, other = found("a", "b"), found("b", "a", severity="critical")
    for results in ((one, other), (other, one)):
        assert links(story(*results)) == {("b", "a", True)}


def test_a_link_that_only_may_be_never_pushes_out_a_sure_one():
    unsure, sure = found("a", "b", severity="critical", confidence="possible"), found("b", "a")
    assert links(story(unsure, sure)) == {("b", "a", True)}


NAMES = ["a", "b", "c", "d", "e", "f"]
FINDINGS = st.lists(
    st.builds(
        lambda name, causes, severity, confidence, where, objects: found(
            name, *causes, severity=severity, confidence=confidence, where=where, objects=objects
        ),
        st.sampled_from(NAMES),
        st.lists(st.sampled_from(NAMES), max_size=4),
        st.sampled_from([one.value for one in Severity]),
        st.sampled_from([one.value for one in Confidence]),
        st.sampled_from(["client", "master"]),
        st.lists(st.sampled_from(["lpar7", "lpar8", "/usr/lib"]), max_size=2),
    ),
    max_size=7,
    unique_by=lambda one: (one.check, one.where),
)


@given(FINDINGS, st.randoms(use_true_random=False))
def test_every_finding_is_told_once_after_its_causes_whatever_the_order(results, random):
    made = story(*results)
    assert sorted(map(id, made.findings)) == sorted(map(id, results))
    for link in made.links:
        assert link.cause != link.effect
        if link.sure:
            assert link.cause < link.effect and made.depths[link.cause] < made.depths[link.effect]
    for position, depth in enumerate(made.depths):
        above = [made.depths[link.cause] for link in made.links if link.sure and link.effect == position]
        assert depth == 1 + max(above, default=-1)
    shuffled = list(results)
    random.shuffle(shuffled)
    assert story(*shuffled) == made


@given(FINDINGS)
def test_no_finding_explains_itself_by_any_way(results):
    made = story(*results)
    for start in range(len(made.findings)):
        seen, waiting = set(), [start]
        while waiting:
            here = waiting.pop()
            for link in made.links:
                if link.cause == here and link.effect not in seen:
                    seen.add(link.effect)
                    waiting.append(link.effect)
        assert start not in seen


# -- who belongs together


LSNIM = MASTER_STANZA + "".join(machine(name) for name in ("lpar7", "lpar8"))


def pair(target, master=None):
    return pair_of(open_hosts(target, master, registry=registry()))


def test_the_client_is_known_by_its_nim_name_among_the_masters_clients():
    client = evidence(files={"/etc/niminfo": niminfo(NIM_NAME="lpar7")})
    master = evidence(commands={"lsnim -l": LSNIM}, host="nim1", role="master")
    assert pair(client, master) == Pair(frozenset(["lpar7"]), frozenset(["lpar7", "lpar8"]), frozenset([None, "nim1"]))


def test_a_client_alone_has_a_master_that_is_known_by_hearsay():
    assert pair(evidence(files={"/etc/niminfo": niminfo()})) == Pair()


def test_a_master_alone_has_clients_and_is_none():
    alone = pair(evidence(commands={"lsnim -l": LSNIM}, host="nim1", role="master"))
    assert alone == Pair(clients=frozenset(["lpar7", "lpar8"]))


# -- in a report


def site(*checks):
    """A registry of these checks alone."""
    made = Registry()
    made._checks = {one.id: one for one in checks}
    made._own = frozenset(made._checks)
    return made


def failing(id, *, severity=Severity.HIGH, explains=(), **finding):
    @check(id, title=f"Title of {id}", role=Role.CLIENT, severity=severity, source="a page", explains=explains)
    def sample():
        """What breaks."""
        yield Finding(f"message of {id}", cause=f"cause of {id}", cure=f"cure of {id}", **finding)

    return sample


def report(*checks):
    return scan(evidence(files={"/etc/niminfo": niminfo()}), registry=site(*checks))


def test_a_report_begins_with_the_cause_and_shows_the_chain_below_it():
    made = report(
        failing("create-bio-hang", severity=Severity.CRITICAL),
        failing("handshake-fails", explains=["create-bio-hang"]),
        failing("certificate-expired", explains=["handshake-fails", "create-bio-hang"]),
        failing("another"),
    )
    assert made.root().check == "certificate-expired"
    assert [one.check for one in made.results] == [
        "certificate-expired",
        "handshake-fails",
        "create-bio-hang",
        "another",
    ]
    text = text_report.render(made, width=96, every=True)
    assert (
        "Cause:    cause of certificate-expired (certificate-expired -> handshake-fails ->\n          create-bio-hang)"
        in text
    )
    assert "\n1. HIGH certificate-expired on lpar7 (client), likely\n" in text
    assert "\n   Explains: 2. handshake-fails\n" in text
    assert "\n   2. HIGH handshake-fails on lpar7 (client), likely\n" in text
    assert "\n      Because:  1. certificate-expired\n      Explains: 3. create-bio-hang\n" in text
    assert "\n      3. CRITICAL create-bio-hang on lpar7 (client), likely\n" in text
    assert "\n         Because:  2. handshake-fails\n" in text
    assert "Do:       first what 2 says, then scan again. If it stays: cure of create-bio-hang" in text
    assert "\n4. HIGH another on lpar7 (client), likely\n" in text
    assert "Do:       first what 2 says, then scan again\n" in text_report.render(made)
    document = json_report.as_dict(made)
    assert document["summary"]["cause"] == "cause of certificate-expired"
    assert document["summary"]["chain"] == [
        {"check": name, "where": "client", "host": "lpar7", "depth": depth}
        for depth, name in enumerate(["certificate-expired", "handshake-fails", "create-bio-hang"])
    ]
    assert document["results"][1]["explained_by"] == [
        {"check": "certificate-expired", "where": "client", "host": "lpar7", "sure": True}
    ]
    assert document["results"][1]["explains"] == [
        {"check": "create-bio-hang", "where": "client", "host": "lpar7", "sure": True}
    ]


def test_a_cause_that_is_only_possible_is_told_with_perhaps():
    made = report(
        failing("create-bio-hang", severity=Severity.CRITICAL),
        failing("clock-skew", explains=["create-bio-hang"], confidence=Confidence.POSSIBLE),
    )
    text = text_report.render(made, every=True)
    assert "Cause:    cause of create-bio-hang (create-bio-hang)\n" in text
    assert "\n   Because:  perhaps 2. clock-skew\n" in text
    assert "\n   Explains: perhaps 1. create-bio-hang\n" in text
    assert "Do:       cure of create-bio-hang\n" in text


def test_what_one_finding_explains_may_be_fewer_than_what_its_check_does():
    effect = failing("create-bio-hang")
    assert report(effect, failing("a-cause", explains=["create-bio-hang"])).story.links
    assert not report(effect, failing("a-cause", severity=Severity.LOW)).story.links
    narrowed = failing("b-cause", explains=["create-bio-hang"])
    narrowed = narrowed._replace(function=lambda: iter([Finding("message", explains=())]))
    assert not report(effect, narrowed).story.links


def test_effects_at_one_level_stand_side_by_side_in_the_head():
    made = report(
        failing("a-cause", explains=["b-effect", "c-effect"]),
        failing("b-effect"),
        failing("c-effect", explains=["d-effect"]),
        failing("d-effect"),
    )
    assert "(a-cause -> b-effect + c-effect -> d-effect)" in text_report.render(made)


def test_an_ignored_cause_explains_nothing():
    from nimdoctor.diagnosis.ignore import parse
    from nimdoctor.model.text import Text

    rules, _ = parse(Text.of("certificate-expired known until Monday\n"))
    checks = site(failing("create-bio-hang"), failing("certificate-expired", explains=["create-bio-hang"]))
    made = scan(evidence(files={"/etc/niminfo": niminfo()}), registry=checks, rules=rules)
    assert made.root().check == "create-bio-hang" and not made.story.links


def test_what_speaks_against_and_what_is_missing_stand_below_the_evidence():
    from nimdoctor.model.text import Quote

    made = report(
        failing(
            "create-bio-hang",
            evidence=[Quote("/a.log", 3, "for")],
            against=[Quote("/a.log", 4, "against")],
            missing=["netstat -an", "ps -ef"],
        )
    )
    text = text_report.render(made, every=True)
    assert (
        "\n   Evidence: /a.log line 3: for\n   Against:  /a.log line 4: against\n"
        "   Missing:  netstat -an, ps -ef: with it this would be surer\n"
    ) in text


def test_every_order_of_a_small_story_is_told_alike():
    for results in itertools.permutations([EXPIRED, FAILS, HANG, found("another")]):
        assert [one.check for one in story(*results).findings][:3] == [
            "certificate-expired",
            "handshake-fails",
            "create-bio-hang",
        ]
