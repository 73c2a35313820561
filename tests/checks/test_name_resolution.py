"""name-resolution: the other end's name, there and back."""

import pytest
from hosts import evidence, niminfo, quoted, result_of

CHECK = "name-resolution"
HOSTS = "127.0.0.1 loopback localhost\n10.1.1.10 nim1\n10.1.1.17 lpar7\n"
NETSVC = "hosts=local,bind\n"
NO_ADDRESS = "host: 0827-803 Cannot find address for host nim1.\n"


def answers(forward, back=None):
    given = {"host nim1": forward, "host 10.1.1.10": back}
    files = {"/etc/niminfo": niminfo()}
    return evidence(files=files, commands={command: text for command, text in given.items() if text is not None})


def judge(*given, where="client"):
    return result_of(CHECK, *given, where=where)


def kind(found):
    return (found.outcome.value, found.severity.value, found.confidence and found.confidence.value)


def test_fails_when_the_masters_name_does_not_resolve():
    found = judge(answers(NO_ADDRESS))
    assert kind(found) == ("fail", "high", "certain")
    assert (found.fix, found.run) == (None, "host nim1")
    assert quoted(found) == [("host nim1", 1, NO_ADDRESS.strip())]


@pytest.mark.parametrize("path", ["/etc/hosts", "/etc/netsvc.conf"])
def test_a_table_that_was_given_and_is_damaged_is_said_to_be(path):
    files = {"/etc/niminfo": niminfo(), "/etc/hosts": HOSTS, "/etc/netsvc.conf": NETSVC, path: b"\x1f\x8b\x08\0\0\0"}
    found = judge(evidence(files=files))
    assert found.outcome.value == "unknown" and f"{path}: given but not understood" in found.message
