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


@given(st.binary(max_size=200))
def test_whatever_is_in_the_file_it_is_judged(content):
    assert judge(content).outcome.value in ("fail", "pass", "unknown")
