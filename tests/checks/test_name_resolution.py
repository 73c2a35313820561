"""name-resolution: the other end's name, there and back."""

import pytest
from hosts import evidence, niminfo, result_of

CHECK = "name-resolution"
HOSTS = "127.0.0.1 loopback localhost\n10.1.1.10 nim1\n10.1.1.17 lpar7\n"
NETSVC = "hosts=local,bind\n"


def judge(*given, where="client"):
    return result_of(CHECK, *given, where=where)


@pytest.mark.parametrize("path", ["/etc/hosts", "/etc/netsvc.conf"])
def test_a_table_that_was_given_and_is_damaged_is_said_to_be(path):
    files = {"/etc/niminfo": niminfo(), "/etc/hosts": HOSTS, "/etc/netsvc.conf": NETSVC, path: b"\x1f\x8b\x08\0\0\0"}
    found = judge(evidence(files=files))
    assert found.outcome.value == "unknown" and f"{path}: given but not understood" in found.message
