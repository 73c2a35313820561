"""openssl-missing: the three filesets, in whatever language and form they are listed."""

import pytest
from hosts import evidence, filesets, quoted, results_of

CHECK = "openssl-missing"
ALL = ("bos.rte 7.1.4.35", "openssl.base 1.0.2.1800", "openssl.license 1.0.2.1800", "openssl.man.en_US 1.0.2.1800")


def judge(listing, command="lslpp -lc", role="client", **more):
    return results_of(CHECK, evidence(commands={command: listing}, role=role, **more))


def test_fails_high_without_the_base_and_low_without_the_others():
    base, others = judge(filesets(ALL[0]))
    assert (base.outcome.value, base.severity.value, base.objects) == ("fail", "high", ("openssl.base",))
    assert (others.severity.value, others.objects) == ("low", ("openssl.license", "openssl.man.en_US"))
    assert quoted(base) == [("lslpp -lc", None, "")]
    assert base.fix == "install-openssl"


def test_fails_low_when_only_the_licence_is_missing():
    (found,) = judge(filesets(*(row for row in ALL if "license" not in row)))
    assert (found.outcome.value, found.severity.value) == ("fail", "low")


@pytest.mark.parametrize("state", ["BROKEN", "APPLYING"])
def test_fails_when_the_base_is_broken(state):
    (found,) = judge(filesets(ALL[0], f"openssl.base 1.0.2.1800 {state}", *ALL[2:]))
    assert (found.outcome.value, found.severity.value) == ("fail", "high")
    assert quoted(found)[0][1] == 3 and state in quoted(found)[0][2]


def test_fails_when_the_root_part_alone_is_broken():
    root = "/etc/objrepos:openssl.base:1.0.2.1800::BROKEN:F:Some Words:\n"
    (found,) = judge(filesets(*ALL) + root)
    assert quoted(found) == [("lslpp -lc", 6, root.rstrip())]


def test_fails_on_the_masters_end_without_a_fix_since_cust_is_for_clients():
    base, _ = judge(filesets(ALL[0]), role="master")
    assert (base.where.value, base.fix) == ("master", None)


def test_fails_when_lslpp_itself_says_that_the_base_is_not_installed():
    said = "lslpp: 0504-132  Fileset openssl.base not installed.\n"
    base = judge(said, command="lslpp -l openssl.base")[0]
    assert (base.outcome.value, base.severity.value) == ("fail", "high")
    assert quoted(base) == [("lslpp -l openssl.base", 1, said.rstrip())]


def test_passes_when_all_are_there():
    (found,) = judge(filesets(*ALL))
    assert found.outcome.value == "pass"
    assert [line for _, line, _ in quoted(found)] == [3, 4, 5]


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


def test_near_miss_an_rpm_of_openssl_is_not_the_fileset():
    rows = "".join(
        f"{name.split()[0]}:{name.split()[0]}:{name.split()[1]}: : :C: :Words: : : : : : :0:0:/:\n" for name in ALL[:1]
    )
    rpm = "openssl-1.0.2u:openssl-1.0.2u:1.0.2u-1: : :C:R:Words: :/bin/rpm -e openssl: : : : :0: :(none):\n"
    found = judge(rows + rpm, command="lslpp -Lc")
    assert found[0].outcome.value == "fail"


def test_unknown_when_a_partial_listing_does_not_show_the_base():
    (found,) = judge(filesets(ALL[2]), command="lslpp -lc openssl.license")
    assert (found.outcome.value, found.missing) == ("unknown", ("lslpp -lc",))


def test_unknown_but_low_when_a_partial_listing_shows_the_base_alone():
    (found,) = judge(filesets(ALL[1]), command="lslpp -lc openssl.base")
    assert (found.outcome.value, found.severity.value) == ("unknown", "low")


def test_unknown_without_a_listing():
    (found,) = results_of(CHECK, evidence())
    assert (found.outcome.value, found.missing) == ("unknown", ("lslpp -lc",))


def test_unknown_when_the_listing_is_empty():
    assert [found.outcome.value for found in judge("")] == ["unknown"]


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
