"""What findings rule out, as data: the steps that a check says cannot work, or cannot be taken back."""

import pytest
from hosts import registry

from nimdoctor.model import Role, RuledOut
from nimdoctor.model.ruling import NO_FETCH, NO_INSTALLATION, NO_NIMSH, NO_PUSH, NO_WAY_BACK, no_command
from tests.fixes.conftest import scanned as scanned

CLIENT, MASTER = Role.CLIENT, Role.MASTER
ON, OFF, CUST = ("nimclient", "-c"), ("nimclient", "-C"), ("nim", "-o", "cust")

BY_SCENARIO = {
    "tftp-blocked-by-audit": ("tftp-blocked-by-audit", {(CLIENT, ON)}),
    "port-taken": ("port-taken", {(CLIENT, ("startsrc", "-s", "nimsh")), (CLIENT, ON), (CLIENT, OFF)}),
    "nimsh-inactive": ("nimsh-inactive", {(MASTER, CUST)}),
    "push-disabled": ("push-disabled", {(MASTER, CUST)}),
    "create-bio-hang": ("create-bio-hang", {(MASTER, CUST)}),
    "ssl-object-error": ("ssl-object-error", {(MASTER, CUST)}),
    "ssl-one-sided": ("ssl-one-sided", {(MASTER, CUST)}),
    "filesystem-full": ("filesystem-full", {(CLIENT, ON), (CLIENT, OFF)}),
    "clock-skew": ("clock-skew", {(MASTER, ("nimconfig",))}),
    "cstate-stuck": ("cstate-stuck", {(MASTER, CUST)}),
}


@pytest.mark.parametrize("scenario", BY_SCENARIO)
def test_a_finding_rules_out_what_it_says_cannot_work(scenario, originals, scanned):
    check, wanted = BY_SCENARIO[scenario]
    found = [one for one in scanned(originals(scenario)).results if one.check == check and one.rules_out]
    assert found, scenario
    for one in found:
        assert wanted <= {(ruled.where, ruled.argv) for ruled in one.rules_out}
        assert all(ruled.why for ruled in one.rules_out)


def test_nothing_is_ruled_out_on_a_healthy_pair(originals, scanned):
    assert [one.check for one in scanned(originals("healthy")).results if one.rules_out] == []


def test_what_no_fetch_means_is_never_half_said():
    """A copy that only `nimclient -c` brings back stays where that cannot work."""
    for rulings in (NO_FETCH, NO_WAY_BACK, no_command("nimclient")):
        assert {one.path for one in rulings if one.path} == {"/usr/lib/libssl.so*", "/usr/lib/libcrypto.so*"}
    assert set(NO_FETCH) < set(NO_WAY_BACK)
    assert NO_PUSH == NO_INSTALLATION == (RuledOut(MASTER, CUST),)
    assert all(one.where is None for one in NO_NIMSH), "on whichever end the port is taken"


@pytest.mark.parametrize("checked", registry().checks(), ids=lambda one: one.id)
def test_every_ruling_names_a_command_or_a_path(checked):
    for one in checked.rules_out:
        assert bool(one.argv) is not bool(one.path)
        assert one.path == "" or one.path.startswith("/")
