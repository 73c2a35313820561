"""ssl-not-configured: a master without ssl_support, and who expects it."""

from hosts import (
    PLAIN_MASTER_STANZA,
    PS,
    evidence,
    loose,
    machine,
    niminfo,
    processes,
    result_of,
)

CHECK = "ssl-not-configured"


def client(nimsh="-s", **commands):
    return evidence(files={"/etc/niminfo": niminfo()}, commands={PS: processes(nimsh), **commands})


def test_fails_on_what_a_client_sees_of_its_master():
    seen = {"nimclient -l -l master": PLAIN_MASTER_STANZA, "nimclient -l -l lpar7": machine()}
    found = result_of(CHECK, client("-s -c", **seen))
    assert (found.outcome.value, found.where.value, found.host) == ("fail", "master", None)


def test_unknown_when_only_some_rows_of_the_master_were_shown():
    shown = loose({"mail.txt": "# lsnim -l master | grep state\n   Cstate              = ready for a NIM operation\n"})
    assert result_of(CHECK, shown, role="master").outcome.value == "unknown"
