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


def judge(output, command="nim -o showres lpp_7104"):
    return result_of(CHECK, evidence(commands={command: output}, host="nim1", role="master"))


def test_fails_when_the_listing_has_no_openssl():
    found = judge(HEAD + BOS)
    assert (found.outcome.value, found.severity.value, found.fix) == ("fail", "low", None)
    assert found.objects == ("lpp_7104",)
    assert [one.argv for one in found.rules_out] == [("nim", "-o", "cust", "-a", "lpp_source=lpp_7104")]
    assert quoted(found) == [("nim -o showres lpp_7104", None, "")]
    assert "nim -o update" in found.cure


@pytest.mark.parametrize("pipe", ["grep bos", "head -20"])
def test_near_miss_a_filtered_listing_without_it_proves_nothing(pipe):
    found = result_of(CHECK, loose({"mail.txt": f"# nim -o showres lpp_7104 | {pipe}\n{BOS}"}), role="master")
    assert found.outcome.value == "unknown"
