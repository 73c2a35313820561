"""Every fix against the problem it is for: found, planned, cured, proved, and nothing left to do."""

from pathlib import Path
from typing import Dict, NamedTuple, Tuple

import pytest
from effort import one_in

from nimdoctor.library.registry import Registry
from tests.fixes.conftest import failing, trees


class Situation(NamedTuple):
    """A scenario of the lab, the words that plan its cure, the steps, and what becomes of the findings."""

    scenario: str
    words: Tuple[str, ...]
    steps: Tuple[str, ...]
    outcomes: Dict[str, str]
    unproved: Tuple[str, ...] = ()


PUSH = ("nim -o lslpp lpar7",)
OFF, ON = "client-nimclient-C", "client-nimclient-c"
RECYCLE = ("master-nimconfig-C", "master-move", "master-nimconfig-c", OFF, ON)
REMOVED = ("client-remove", "client-remove")

SITUATIONS = {
    "refresh-client-certificate": Situation(
        "create-bio-hang",
        (),
        (OFF, ON),
        {"create-bio-hang": "applied-unverified", "certificate-mismatch": "fixed"},
        PUSH,
    ),
    "recycle-certificates": Situation(
        "create-bio-hang-master",
        ("--affects", "1"),
        RECYCLE,
        {"create-bio-hang": "applied-unverified"},
        PUSH,
    ),
    "recycle-certificates, a damaged tree": Situation(
        "ssl-tree-damaged", ("--affects", "1"), RECYCLE, {"ssl-tree-damaged": "fixed"}
    ),
    "refresh-ssl-libs": Situation("stale-ssl-libs", (), (*REMOVED, ON), {"stale-ssl-libs": "fixed"}),
    "both known issues": Situation(
        "both-known-issues",
        (),
        (OFF, *REMOVED, ON),
        {"create-bio-hang": "applied-unverified", "certificate-mismatch": "fixed", "stale-ssl-libs": "fixed"},
        PUSH,
    ),
    "refresh-client-certificate, an object error": Situation(
        "ssl-object-error", (), (OFF, ON), {"ssl-object-error": "applied-unverified"}, PUSH
    ),
    "enable-tftp": Situation(
        "tftp-disabled",
        (),
        ("master-edit", ON),
        {"tftp-disabled": "fixed", "client-not-secure": "applied-unverified"},
        PUSH,
    ),
    "enable-tftp, half done": Situation(
        "tftp-not-refreshed",
        (),
        ("master-subsystem", ON),
        {"tftp-disabled": "fixed", "client-not-secure": "applied-unverified"},
        PUSH,
    ),
    "allow-tftp": Situation(
        "tftp-denied",
        (),
        ("master-edit", ON),
        {"tftp-denied": "fixed", "client-not-secure": "applied-unverified"},
        PUSH,
    ),
    "restrict-keys": Situation("key-exposed", (), ("master-chmod",) * 3, {"key-exposed": "fixed"}),
    "install-openssl": Situation(
        "openssl-missing",
        (),
        ("master-nim-o", ON),
        {"openssl-missing": "fixed", "client-not-secure": "applied-unverified"},
        PUSH,
    ),
    "start-nimsh": Situation("nimsh-inactive", (), ("client-subsystem",), {"nimsh-inactive": "fixed"}),
    "start-nimesis": Situation("nimesis-inactive", (), ("master-subsystem",), {"nimesis-inactive": "fixed"}),
    "configure-ssl": Situation("ssl-not-configured", (), ("master-nimconfig-c",), {"ssl-not-configured": "fixed"}),
    "switch-to-nimsh": Situation(
        "client-uses-rsh", (), ("client-move", "client-niminit-a", ON), {"client-uses-rsh": "fixed"}
    ),
    "enable-client-ssl": Situation(
        "client-not-secure", (), (ON,), {"client-not-secure": "applied-unverified"}, PUSH
    ),
    "remove-rhosts": Situation(
        "rhosts-left-over", ("--only", "remove-rhosts"), ("client-edit-tidy",), {"rhosts-left-over": "fixed"}
    ),
    "add-services": Situation(
        "services-missing",
        (),
        ("client-edit", "client-subsystem"),
        {"services-missing": "fixed", "nimsh-inactive": "fixed"},
    ),
    "allow-push": Situation(
        "push-disabled", ("--only", "allow-push"), ("client-nimclient-p",), {"push-disabled": "fixed"}
    ),
    "start-at-boot": Situation(
        "nimsh-not-at-boot", ("--only", "start-at-boot"), ("client-mkitab",), {"nimsh-not-at-boot": "fixed"}
    ),
    "align-ssl-mode": Situation("ssl-one-sided", (), (ON,), {"ssl-one-sided": "fixed"}),
}  # fmt: skip
HERE = Path(__file__).resolve().parent
ELSEWHERE = {"disable-client-ssl"}
"""Fixes that cure no problem."""


def test_every_fix_has_a_situation_here_or_tests_of_its_own():
    others = {fix.id for fix in Registry().fixes()} - set(SITUATIONS) - ELSEWHERE
    assert not {name for name in others if not (HERE / f"test_{name.replace('-', '_')}.py").exists()}


@pytest.mark.parametrize("name", one_in(3, SITUATIONS))
def test_found_planned_cured_proved_and_then_nothing_left_to_do(name, lab_of, fix, cure, scanned):
    case = SITUATIONS[name]
    lab = lab_of(case.scenario)
    before = trees(lab)

    planned = fix(lab, *case.words)
    assert (planned.status, tuple(planned.steps), planned.refused) == (1, case.steps, [])
    assert set(case.outcomes) <= {found["check"] for found in planned.document["findings"]}
    assert trees(lab) == before, "a plan writes nothing"

    cured = cure(lab, *case.words)
    assert (cured.status, cured.outcomes, tuple(cured.unproved)) == (0, case.outcomes, case.unproved), cured.said
    assert cured.document["id"] == planned.document["id"], "what is applied is what was shown"
    assert cured.state == ("applied-unverified" if case.unproved else "complete")
    assert not set(case.outcomes) & failing(scanned(lab))

    after = trees(lab)
    again = cure(lab, *(word for word in case.words if word not in ("--affects", "1")))
    assert (again.status, again.document["steps"], again.advice, again.state) == (0, [], [], "complete")
    assert again.document["pushes"] == [] or again.document["pushes"] == list(PUSH)
    assert trees(lab) == after, "fixed again, nothing changes"


@pytest.mark.parametrize(
    "only",
    [fix.id for fix in Registry().fixes() if fix.id not in (
        # these do what they are asked to, whatever the state
        "refresh-client-certificate", "recycle-certificates", "disable-client-ssl")],
)  # fmt: skip
def test_where_all_is_right_already_nothing_is_planned(only, originals, fix):
    planned = fix(originals("healthy"), "--only", only)
    assert (planned.status, planned.steps, planned.advice) == (0, [], [])


def test_the_push_that_proves_a_cure_is_made_with_probe(lab_of, cure, scanned, monkeypatch):
    monkeypatch.setattr("nimdoctor.probe.tftp_address", lambda host: None)
    lab = lab_of("create-bio-hang")
    cured = cure(lab, "--probe")
    assert (cured.status, cured.state, cured.outcomes) == (
        0,
        "complete",
        {"create-bio-hang": "fixed", "certificate-mismatch": "fixed"},
    )
    assert lab.connect() == "nimsh (secure)"
    assert failing(scanned(lab)) == set()


def test_nothing_to_do_but_a_push_exits_0_and_names_it(lab_of, cure, fix, capsys):
    from nimdoctor.cli import main

    lab = lab_of("create-bio-hang")
    cure(lab)
    assert fix(lab).document["pushes"] == list(PUSH)
    capsys.readouterr()
    assert main(["fix", lab.client_target, "--master", lab.master_target]) == 0
    assert capsys.readouterr().out == (
        "Nothing to do: no finding of medium or more has a fix here.\n"
        "Not tried since the last change; this settles it, on the master:\nnim -o lslpp lpar7\n"
    )
