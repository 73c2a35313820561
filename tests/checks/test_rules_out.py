"""What findings rule out, as data: the steps that cannot work, or cannot be taken back. Which check rules out what, its samples say."""

import pytest
from hosts import registry, scan_hosts
from scenarios import WAYS, scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Role, RuledOut
from nimdoctor.model.ruling import NO_FETCH, NO_INSTALLATION, NO_NIMSH, NO_PUSH, NO_WAY_BACK, no_command


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_ruled_out_on_a_healthy_pair(way):
    ends = [RecordedEvidence(end, tree) for end, tree in scenario("healthy").items() if way in ("pair", end)]
    assert [one.check for one in scan_hosts(*ends).results if one.rules_out] == []


def test_what_no_fetch_means_is_never_half_said():
    """A copy that only `nimclient -c` brings back stays where that cannot work."""
    for rulings in (NO_FETCH, NO_WAY_BACK, no_command("nimclient")):
        assert {one.path for one in rulings if one.path} == {"/usr/lib/libssl.so*", "/usr/lib/libcrypto.so*"}
    assert set(NO_FETCH) < set(NO_WAY_BACK)
    assert NO_PUSH == NO_INSTALLATION == (RuledOut(Role.MASTER, ("nim", "-o", "cust")),)
    assert all(one.where is None for one in NO_NIMSH), "on whichever end the port is taken"


@pytest.mark.parametrize("checked", registry().checks(), ids=lambda one: one.id)
def test_every_ruling_names_a_command_or_a_path(checked):
    for one in checked.rules_out:
        assert bool(one.argv) is not bool(one.path)
        assert one.path == "" or one.path.startswith("/")
