"""client-not-secure: plain nimsh under a master with SSL; and how a client is found on its master."""

from datetime import datetime

import pytest
from hosts import (
    LOCAL,
    LOG,
    MASTER_STANZA,
    NETWORK_AND_RESOURCE,
    PLAIN_MASTER_STANZA,
    PS,
    UTC,
    evidence,
    machine,
    niminfo,
    plain_push,
    processes,
    quoted,
    result_of,
)

from nimdoctor.model import Push

CHECK = "client-not-secure"
PUSH = datetime(2025, 3, 14, 12, 5, 4)
PUSHED = 1741946704


def client(nimsh="-s", files=None, paths=None, **commands):
    dates = {UTC: "2025-03-15T09:53:20Z\n", LOCAL: "2025-03-15T11:53:20\n", PS: processes(nimsh)}
    own = {"/etc/niminfo": niminfo()} if files is None else files
    return evidence(files=own, commands={**dates, **commands}, paths=paths or {})


def master(*stanzas, own=MASTER_STANZA):
    return evidence(commands={"lsnim -l": own + "".join(stanzas)}, host="nim1", role="master")


def pushed(certificate_written):
    """A client with crypto on, a push in its log, and its certificate of that time."""
    state = {"mode": "0600", "size": 1, "mtime": certificate_written}
    files = {"/etc/niminfo": niminfo(), LOG: plain_push(PUSH)}
    paths = {"/ssl_nimsh/certs/server.pem": state, LOG: {"mode": "0644", "mtime": PUSHED}}
    return client("-s -c", files, paths)


def test_fails_when_connect_is_nimsh_and_the_master_has_ssl_support():
    found = result_of(CHECK, client(), master(machine(connect="nimsh")), where="client")
    assert (found.outcome.value, found.severity.value, found.fix) == ("fail", "medium", "enable-client-ssl")
    assert quoted(found) == [
        ("lsnim -l", 10, "   connect        = nimsh"),
        ("lsnim -l", 6, "   ssl_support         = yes"),
        (PS, 4, " 7799162  3211664 23-04:22:10 /usr/sbin/nimsh -s"),
    ]


def test_fails_on_the_master_with_every_such_client_as_object():
    found = result_of(CHECK, master(machine("a", "nimsh"), machine("b"), machine("c", "nimsh"), NETWORK_AND_RESOURCE))
    assert (found.outcome.value, found.objects) == ("fail", ("a", "c"))


def test_fails_by_what_the_client_sees_through_nimclient():
    seen = {"nimclient -l -l master": MASTER_STANZA, "nimclient -l -l lpar7": machine(connect="nimsh")}
    assert result_of(CHECK, client(**seen)).outcome.value == "fail"


def test_passes_when_nobody_is_on_plain_nimsh():
    found = result_of(CHECK, master(machine(), machine("old01", "shell")))
    assert found.outcome.value == "pass"
    assert quoted(found)[0] == ("lsnim -l", 6, "   ssl_support         = yes")


def test_near_miss_plain_nimsh_under_a_master_without_ssl_is_no_fault():
    pair = (client(), master(machine(connect="nimsh"), own=PLAIN_MASTER_STANZA))
    assert result_of(CHECK, *pair, where="client").outcome.value == "pass"
    assert result_of(CHECK, *pair, where="master").outcome.value == "pass"


def test_near_miss_networks_and_resources_are_no_clients():
    assert result_of(CHECK, master(NETWORK_AND_RESOURCE)).outcome.value == "pass"


def test_passes_on_a_client_alone_whose_nimsh_runs_with_crypto():
    found = result_of(CHECK, client("-s -c"))
    assert found.outcome.value == "pass"
    assert quoted(found) == [(PS, 4, " 7799162  3211664 23-04:22:10 /usr/sbin/nimsh -s -c")]


def test_not_applicable_on_a_client_alone_whose_nimsh_runs_without():
    assert result_of(CHECK, client("-s")).outcome.value == "not-applicable"


def test_unknown_when_nimsh_runs_with_crypto_and_its_certificate_is_newer_than_the_last_push():
    found = result_of(CHECK, pushed(PUSHED + 3600), master(machine(connect="nimsh")), where="client")
    assert found.outcome.value == "unknown"
    assert found.settled_by == Push("lpar7")
    assert (LOG, 5, "Fri Mar 14 12:05:04 2025 sending ack to client..") in quoted(found)


def test_passes_when_a_push_came_since_since_that_is_ssl_one_sided():
    found = result_of(CHECK, pushed(PUSHED - 3600), master(machine(connect="nimsh")), where="client")
    assert found.outcome.value == "pass"
    assert "ssl-one-sided" in found.message


def test_unknown_when_the_master_was_named_and_its_objects_are_missing():
    found = result_of(CHECK, client(), evidence(host="nim1", role="master"), where="client")
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))


@pytest.mark.parametrize("lsnim", [machine(connect="nimsh")], ids=["no master stanza"])
def test_unknown_when_the_listing_does_not_show_the_master(lsnim):
    host = evidence(commands={"lsnim -l lpar7": lsnim}, host="nim1", role="master")
    assert result_of(CHECK, host).outcome.value == "unknown"


# -- finding the client on its master: by NIM name, then interface, then cpuid


def found_as(files, stanzas, **commands):
    return result_of(CHECK, client(files=files, **commands), master(*stanzas), where="client")


def test_found_by_its_nim_name_though_an_interface_of_another_has_its_host_name():
    found = found_as(
        {"/etc/niminfo": niminfo()},
        [machine("other", "nimsh (secure)", "lpar7"), machine(connect="nimsh", interface="x")],
    )
    assert found.outcome.value == "fail"


@pytest.mark.parametrize("interface", ["lpar7", "lpar7.example.com", "LPAR7"])
def test_found_by_the_host_name_of_an_interface(interface):
    stanza = machine("p7", "nimsh", interface, cpuid="00FFFFFFFF00")
    assert found_as({}, [stanza, machine("lpar8")], hostname="lpar7\n").outcome.value == "fail"


def test_found_by_its_second_interface():
    stanza = machine("p7", "nimsh", "p7-adm") + "   if2            = net_10_2 lpar7 0\n"
    assert found_as({}, [stanza], hostname="lpar7\n").outcome.value == "fail"


def test_found_by_cpuid():
    stanzas = [machine("p7", "nimsh", "p7-nim", cpuid="00F6A1B24C00"), machine("p8", cpuid="00F6A1B34C00")]
    assert found_as({}, stanzas, hostname="prod\n", **{"uname -m": "00f6a1b24c00\n"}).outcome.value == "fail"


def test_unknown_and_said_when_none_is_found():
    found = found_as({}, [machine("p8", "nimsh")], hostname="prod\n", **{"uname -m": "00AAAAAAAA00\n"})
    assert found.outcome.value == "unknown"
    assert "no machine object for prod" in found.message


def test_unknown_and_said_when_several_are_found():
    stanzas = [machine("p7", "nimsh", "lpar7"), machine("q7", "nimsh (secure)", "lpar7")]
    found = found_as({}, stanzas, hostname="lpar7\n")
    assert found.outcome.value == "unknown"
    assert "several" in found.message and "p7, q7" in found.message
