"""What a report can show as a picture, made of the facts of a scan."""

from datetime import datetime

import pytest
from hosts import registry
from scenarios import names, scenario

from nimdoctor.diagnosis.pictures.links import BROKEN, NO_FAULT, NOT_SEEN, UNDECIDED
from nimdoctor.diagnosis.pictures.sessions import ENDS
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.library.scanning import scan
from nimdoctor.model import Traffic

PUSH, PULL, TFTP = (one.value for one in Traffic)


def made(name, master=True, client=True, **more):
    ends = scenario(name)
    both = [RecordedEvidence(f"{name}/{end}", ends[end]) for end in ("client", "master")]
    if not client:
        return scan(both[1], registry=registry(), pictures=True, **more).pictures
    return scan(both[0], both[1] if master else None, registry=registry(), pictures=True, **more).pictures


def states(pictures):
    return {link.name: (link.state, link.checks) for link in pictures.ends.links}


def test_every_link_is_broken_by_the_finding_of_some_check():
    assert {one for check in registry().checks() for one in check.breaks} == set(Traffic)


@pytest.mark.parametrize("name", names())
def test_of_every_scenario_all_pictures_can_be_made(name):
    for master in (True, False):
        assert made(name, master).unmade == ()
    assert made(name, client=False).unmade == ()


# -- links


@pytest.mark.parametrize(
    ("name", "link", "check"),
    [
        ("create-bio-hang", PUSH, "create-bio-hang"),
        ("ssl-object-error", PUSH, "ssl-object-error"),
        ("nimsh-inactive", PUSH, "nimsh-inactive"),
        ("nimesis-inactive", PULL, "nimesis-inactive"),
    ],
)
def test_the_link_that_a_finding_breaks_is_broken_and_names_it(name, link, check):
    found = states(made(name))
    assert found[link][0] == BROKEN and check in found[link][1]
    others = {one: state for one, (state, _) in found.items() if one != link}
    assert BROKEN not in others.values()


def test_of_a_healthy_pair_no_link_has_a_fault():
    pictures = made("healthy")
    assert set(states(pictures).values()) == {(NO_FAULT, ())}
    assert (pictures.ends.master, pictures.ends.client) == ("nim1", "lpar7")


def test_the_first_named_is_the_cause():
    assert states(made("certificate-expired"))[PUSH][1][0] == "certificate-expired"


def test_a_client_alone_names_its_master_and_says_what_was_not_looked_at():
    pictures = made("healthy", master=False)
    assert pictures.ends.master == "nim1"
    assert states(pictures)[TFTP] == (NOT_SEEN, ())


def test_a_master_alone_counts_its_clients():
    pictures = made("healthy", client=False)
    assert (pictures.ends.master, pictures.ends.client) == ("nim1", None)
    assert pictures.ends.clients >= 3


def test_what_a_master_says_of_other_clients_breaks_nothing_here():
    pictures = made("rsh-many")
    said = [one for one in pictures.ends.links if one.name == PUSH]
    alone = states(made("rsh-many", client=False))
    assert "client-uses-rsh" in alone[PUSH][1]
    assert "client-uses-rsh" not in said[0].checks


def test_what_could_not_be_decided_is_no_good_link():
    from hosts import evidence

    pictures = scan(evidence(host="lpar7"), registry=registry(), pictures=True).pictures
    assert states(pictures)[PUSH][0] == UNDECIDED


# -- sessions


def test_sessions_are_counted_by_how_they_ended_and_the_deciding_one_is_marked():
    (timeline,) = made("create-bio-hang").timelines
    assert timeline.counts() == [("hung", 1), ("went-on", 2), ("query", 2), ("service", 1)]
    assert (timeline.verdict.end, timeline.verdict.line) == ("hung", 58)
    assert timeline.verdict.when == datetime(2025, 3, 14, 12, 5, 4)
    assert timeline.read == datetime(2025, 3, 15, 11, 53, 20)


def test_what_changed_on_either_end_stands_beside_them_in_the_clients_time():
    (timeline,) = made("create-bio-hang").timelines
    assert (datetime(2025, 3, 12, 22, 10, 35), "nim1: openssl.base 1.0.2.2002 installed") in timeline.events
    assert timeline.events == tuple(sorted(timeline.events))


def test_every_end_of_a_session_has_words():
    from nimdoctor.facts.nimsh_session import SessionEnd

    assert set(ENDS) == {end.value for end in SessionEnd}


# -- what it costs


def test_a_scan_that_is_not_asked_makes_none():
    ends = scenario("healthy")
    assert scan(RecordedEvidence("x", ends["client"]), registry=registry()).pictures is None


def test_a_fact_that_breaks_costs_its_picture_and_not_the_report(monkeypatch):
    from nimdoctor.facts import NimshLog

    def broken(text):
        raise ZeroDivisionError

    monkeypatch.setattr(NimshLog, "parse", broken)
    pictures = made("create-bio-hang", only=["tftp-disabled"])
    assert pictures.timelines == ()
    assert pictures.unmade[0] == "no picture of the sessions: ZeroDivisionError"
