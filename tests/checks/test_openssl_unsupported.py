"""openssl-unsupported: lines of OpenSSL without support, and levels that need an interim fix."""

import pytest
from hosts import evidence, filesets, quoted, result_of, results_of

CHECK = "openssl-unsupported"
NONE = "There is no efix data on this system.\n"
FIX = "301610mc"
LEVELS = "/etc/nimdoctor.levels"


def row(state="S", label=FIX, abstract="OpenSSL security fix"):
    return f"1   {state:^5} {label:<10} 05/20/26 10:22:41            {abstract}\n"


def given(level, fixes=NONE, site=None, **more):
    commands = {"lslpp -lc": filesets("bos.rte 7.2.5.200", *([f"openssl.base {level}"] if level else []))}
    if fixes is not None:
        commands["emgr -lv3"] = fixes
    return evidence(commands=commands, files={LEVELS: site} if site else {}, **more)


def judge(level, fixes=NONE, **more):
    return result_of(CHECK, given(level, fixes, **more))


@pytest.mark.parametrize(
    "level", ["1.0.2.1800", "1.0.2.2104", "1.0.1.516", "0.9.8.2400", "20.13.102.1000", "20.16.102.2104", "12.9.8.1100"]
)
def test_fails_low_for_a_line_without_support(level):
    found = judge(level)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "low", "likely")
    assert found.fix is None and "2023-12" in found.message and "1.0.2" in found.message
    assert quoted(found) == [("lslpp -lc", 3, f"/usr/lib/objrepos:openssl.base:{level}::COMMITTED:F:Some Words:")]


def test_fails_for_a_fips_build_and_names_the_line_it_is_of():
    assert "a FIPS build of 1.0.2" in judge("20.13.102.1000").message
    assert "OpenSSL 1.0.1, older than 1.0.2, has no support" in judge("20.11.101.500").message


@pytest.mark.parametrize("level", ["3.0.0.0", "3.0.8.1000", "3.0.16.1000"])
def test_fails_low_but_certain_for_a_vulnerable_level_without_its_interim_fix(level):
    found = judge(level)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "low", "certain")
    assert FIX in found.message and [line[0] for line in quoted(found)] == ["lslpp -lc", "emgr -lv3"]
    assert "openssl_advisory47" in found.cure


@pytest.mark.parametrize("state", ["*Q*", "B", "U"])
def test_fails_while_the_interim_fix_is_not_stable(state):
    found = judge("3.0.16.1000", row(state))
    assert found.outcome.value == "fail" and f"in state {state}" in found.message
    assert quoted(found)[-1] == ("emgr -lv3", 1, row(state).rstrip("\n"))


def test_fails_less_sure_when_another_fix_of_openssl_is_there():
    found = judge("3.0.16.1000", row(label="301610md"))
    assert (found.outcome.value, found.confidence.value) == ("fail", "likely")
    assert [quote.line for quote in found.against] == [1]


def test_fails_as_sure_when_the_other_fix_is_of_something_else():
    assert judge("3.0.16.1000", row(label="IJ11111s1a", abstract="tcpdump")).confidence.value == "certain"


def test_passes_with_the_interim_fix_and_shows_it():
    found = judge("3.0.16.1000", row())
    assert found.outcome.value == "pass"
    assert [line[:2] for line in quoted(found)] == [("lslpp -lc", 3), ("emgr -lv3", 1)]


@pytest.mark.parametrize("level", ["3.0.16.1001", "3.0.17.1000"])
def test_passes_above_the_vulnerable_levels(level):
    found = judge(level, None)
    assert (found.outcome.value, found.severity.value) == ("pass", "low")


@pytest.mark.parametrize("level", ["1.1.1.2200", "1.1.2.2200", "3.5.0.1000"])
def test_near_miss_a_line_of_which_nothing_is_told_is_a_note(level):
    found = judge(level)
    assert (found.outcome.value, found.severity.value) == ("pass", "info")
    assert "say nothing of its line" in found.message


def test_near_miss_a_level_that_only_begins_like_the_line():
    assert judge("1.0.20.1000").outcome.value == "pass"


def test_near_miss_the_openssl_of_an_rpm_package_does_not_count():
    rpm = "openssl-1.0.2u:openssl-1.0.2u:1.0.2u-1: : :C:R:Words: :/bin/rpm -e openssl: : : : :0: :(none):\n"
    base = "openssl.base:openssl.base:3.0.17.1000: : :C: :Words: : : : : : :0:0:/:\n"
    found = result_of(CHECK, evidence(commands={"lslpp -Lc": rpm + base, "emgr -lv3": NONE}))
    assert found.outcome.value == "pass"


@pytest.mark.parametrize("fixes", [None, "", "emgr: you must be root\n"])
def test_unknown_when_the_interim_fixes_of_a_vulnerable_level_are_not_known(fixes):
    found = judge("3.0.16.1000", fixes)
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", "low", ("emgr -lv3",))


def test_unknown_when_another_fix_alone_was_listed():
    commands = {"lslpp -lc": filesets("openssl.base 3.0.16.1000"), "emgr -l -L IJ11111s1a": row(label="IJ11111s1a")}
    assert result_of(CHECK, evidence(commands=commands)).outcome.value == "unknown"


def test_a_line_without_support_needs_no_list_of_interim_fixes():
    assert judge("1.0.2.1800", None).outcome.value == "fail"


def test_unknown_without_a_level():
    found = result_of(CHECK, evidence())
    assert (found.outcome.value, found.missing) == ("unknown", ("lslpp -lc",))
    partial = evidence(commands={"lslpp -lc bos.rte": filesets("bos.rte 7.2.5.200")})
    assert result_of(CHECK, partial).outcome.value == "unknown"


def test_not_applicable_without_openssl():
    assert judge(None).outcome.value == "not-applicable"


def test_a_row_of_the_site_counts_and_is_quoted():
    line = "openssl_support affected=3.0.17.0-3.0.17.1000 since=2026-11 interim_fix=301710ma source=our letter 7"
    found = judge("3.0.17.1000", site=line + "\n")
    assert (found.outcome.value, found.confidence.value) == ("fail", "likely")
    assert quoted(found)[-1] == (LEVELS, 1, line)
    line = "openssl_support line=1.1.1 since=2026-11 source=our letter 8"
    assert judge("1.1.1.2200", site=line + "\n").outcome.value == "fail"
    assert judge("1.1.2.2200", site=line + "\n").outcome.value == "pass"


def test_both_ends_have_their_own_entry():
    pair = results_of(CHECK, given("1.0.2.1800"), given("3.0.17.1000", host="nim1", role="master"))
    assert {(found.where.value, found.outcome.value) for found in pair} == {("client", "fail"), ("master", "pass")}
