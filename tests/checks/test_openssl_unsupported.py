"""openssl-unsupported: lines of OpenSSL without support, and levels that need an interim fix."""

import pytest
from hosts import evidence, filesets, quoted, result_of

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


def test_fails_less_sure_when_another_fix_of_openssl_is_there():
    found = judge("3.0.16.1000", row(label="301610md"))
    assert (found.outcome.value, found.confidence.value) == ("fail", "likely")
    assert [quote.line for quote in found.against] == [1]
