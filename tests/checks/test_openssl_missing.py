"""openssl-missing: the three filesets, in whatever language and form they are listed."""

import pytest
from hosts import evidence, filesets, results_of

CHECK = "openssl-missing"
ALL = ("bos.rte 7.1.4.35", "openssl.base 1.0.2.1800", "openssl.license 1.0.2.1800", "openssl.man.en_US 1.0.2.1800")


def judge(listing, command="lslpp -lc", role="client", **more):
    return results_of(CHECK, evidence(commands={command: listing}, role=role, **more))


def test_fails_low_when_only_the_licence_is_missing():
    (found,) = judge(filesets(*(row for row in ALL if "license" not in row)))
    assert (found.outcome.value, found.severity.value) == ("fail", "low")


@pytest.mark.parametrize("state", ["VALIDE", "APPLIED", "BEST\u00c4TIGT"])
def test_passes_whatever_the_word_for_the_state_is(state):
    (found,) = judge(filesets(*ALL, state=state).encode("iso8859-1"), role="master")
    assert found.outcome.value == "pass"


def test_near_miss_a_fileset_locked_by_an_interim_fix_is_not_broken():
    locked = filesets(*ALL).replace(
        "openssl.base:1.0.2.1800::COMMITTED:F:Some Words:", "openssl.base:1.0.2.1800::COMMITTED:F:Some Words:EFIXLOCKED"
    )
    assert "EFIXLOCKED" in locked
    assert [found.outcome.value for found in judge(locked)] == ["pass"]


def test_both_ends_have_their_own_entry():
    pair = results_of(
        CHECK,
        evidence(commands={"lslpp -lc": filesets(*ALL)}),
        evidence(commands={"lslpp -lc": filesets(ALL[0], *ALL[2:])}, host="nim1", role="master"),
    )
    assert {(found.where.value, found.host, found.outcome.value) for found in pair} == {
        ("client", "lpar7", "pass"),
        ("master", "nim1", "fail"),
    }
