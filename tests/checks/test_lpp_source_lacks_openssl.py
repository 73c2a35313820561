"""lpp-source-lacks-openssl: a recorded `nim -o showres`."""

import pytest
from hosts import evidence, loose, quoted, result_of

CHECK = "lpp-source-lacks-openssl"
HEAD = (
    "  Fileset Name           Level              I/U Q Content\n  ==================================================\n"
)


def row(name, level="1.0.2.1800"):
    return f"  {name:<24}{level:<20}I  N usr,root\n#   Some Words\n"


BOS = row("bos.mp64", "7.1.4.35")
WHOLE = HEAD + BOS + row("openssl.base") + row("openssl.license") + row("openssl.man.en_US")


def judge(output, command="nim -o showres lpp_7104"):
    return result_of(CHECK, evidence(commands={command: output}, host="nim1", role="master"))


def test_fails_when_the_listing_has_no_openssl():
    found = judge(HEAD + BOS)
    assert (found.outcome.value, found.severity.value, found.fix) == ("fail", "low", None)
    assert found.objects == ("lpp_7104",)
    assert [one.argv for one in found.rules_out] == [("nim", "-o", "cust", "-a", "lpp_source=lpp_7104")]
    assert quoted(found) == [("nim -o showres lpp_7104", None, "")]
    assert "nim -o update" in found.cure


def test_fails_for_the_one_of_two_sources_that_lacks_it():
    given = {"nim -o showres lpp_7104": WHOLE, "nim -o showres lpp_7200": HEAD + BOS}
    found = result_of(CHECK, evidence(commands=given, host="nim1", role="master"))
    assert (found.outcome.value, found.objects) == ("fail", ("lpp_7200",))


def test_passes_when_it_is_there():
    found = judge(WHOLE)
    assert found.outcome.value == "pass"
    assert quoted(found)[0][:2] == ("nim -o showres lpp_7104", 5)


def test_near_miss_a_fileset_that_only_begins_like_it_is_not_it():
    assert judge(HEAD + BOS + row("openssl.base.adt")).outcome.value == "fail"


@pytest.mark.parametrize("pipe", ["grep bos", "head -20"])
def test_near_miss_a_filtered_listing_without_it_proves_nothing(pipe):
    found = result_of(CHECK, loose({"mail.txt": f"# nim -o showres lpp_7104 | {pipe}\n{BOS}"}), role="master")
    assert found.outcome.value == "unknown"


def test_not_applicable_when_none_was_recorded():
    assert result_of(CHECK, evidence(host="nim1", role="master")).outcome.value == "not-applicable"


def test_not_applicable_on_a_client_alone():
    assert result_of(CHECK, evidence()).outcome.value == "not-applicable"
