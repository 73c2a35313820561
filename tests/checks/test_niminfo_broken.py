"""niminfo-broken: a file that is not there, holds nothing, or does not say who the master is."""

import pytest
from hosts import (
    evidence,
    quoted,
    result_of,
    subsystems,
)
from hypothesis import given
from hypothesis import strategies as st

CHECK = "niminfo-broken"
WHOLE = {
    "NIM_NAME": "lpar7",
    "NIM_HOSTNAME": "lpar7",
    "NIM_CONFIGURATION": "standalone",
    "NIM_MASTER_HOSTNAME": "nim1",
    "NIM_MASTER_PORT": "1058",
    "NIM_REGISTRATION_PORT": "1059",
    "NIM_SHELL": '"nimsh"',
    "NIM_MASTERID": "00F6A1B14C00",
}
MASTERS = {"NIM_NAME": "master", "NIM_CONFIGURATION": "master", "NIM_MASTER_HOSTNAME": "nim1"}
REFUSED = "0042-137 nimclient: the /etc/niminfo file is missing some required environment variables\n"


def text(without=(), of=WHOLE, **changed):
    values = {**of, **changed}
    return "# NIM\n" + "".join(f"export {key}={value}\n" for key, value in values.items() if key not in without)


def host(niminfo, role="client", commands=None, **more):
    files = {} if niminfo is None else {"/etc/niminfo": niminfo}
    return evidence(files=files, commands=commands or {}, role=role, **more)


def judge(niminfo, **more):
    return result_of(CHECK, host(niminfo, **more))


def kind(found):
    return (found.outcome.value, found.severity.value, found.confidence.value if found.confidence else None, found.fix)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "/etc/niminfo is empty"),
        ("\n\n", "/etc/niminfo is empty"),
        ("# warning\n\0\0\0", "/etc/niminfo holds no NIM variable"),
    ],
)
def test_fails_on_a_file_that_holds_nothing(content, message):
    found = judge(content, commands={"lssrc -a": subsystems("nimsh nimclient active")})
    assert kind(found) == ("fail", "high", "likely", None)
    assert found.message == message and quoted(found) == [("/etc/niminfo", None, "")]
    assert "niminit" in found.cure and found.run == "smitty niminit"
    assert ("nimclient",) in {one.argv for one in found.rules_out}, "it refuses to run"


def test_fails_when_nim_refuses_a_file_in_which_nothing_lacks_and_says_what_speaks_against_it():
    found = judge(text(), commands={"nimclient -c": REFUSED})
    assert kind(found) == ("fail", "high", "possible", None)
    assert [quote.text for quote in found.against] == ["export NIM_NAME=lpar7", "export NIM_MASTER_HOSTNAME=nim1"]


def test_near_miss_the_switch_is_not_named_where_it_would_have_nothing_to_give():
    assert judge(text(["NIM_MASTER_PORT"], NIM_SHELL='"shell"')).fix is None


def test_the_masters_file_needs_less():
    assert judge(text(of=MASTERS), role="master").outcome.value == "pass"
    found = judge(text(["NIM_CONFIGURATION"], of=MASTERS), role="master")
    assert kind(found) == ("fail", "high", "likely", None)
    assert (found.where.value, found.run) == ("master", "nimconfig -r")


@given(st.binary(max_size=200))
def test_whatever_is_in_the_file_it_is_judged(content):
    assert judge(content).outcome.value in ("fail", "pass", "unknown")
