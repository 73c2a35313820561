"""ssl-not-configured: a master without ssl_support, and who expects it."""

from hosts import (
    MASTER_STANZA,
    NETWORK_AND_RESOURCE,
    PLAIN_MASTER_STANZA,
    PS,
    evidence,
    loose,
    machine,
    niminfo,
    processes,
    quoted,
    result_of,
)

CHECK = "ssl-not-configured"


def master(lsnim, command="lsnim -l"):
    return evidence(commands={command: lsnim}, host="nim1", role="master")


def client(nimsh="-s", **commands):
    return evidence(files={"/etc/niminfo": niminfo()}, commands={PS: processes(nimsh), **commands})


def test_fails_when_clients_are_secure():
    found = result_of(CHECK, master(PLAIN_MASTER_STANZA + machine() + machine("lpar8")))
    assert (found.outcome.value, found.severity.value, found.fix) == ("fail", "high", "configure-ssl")
    assert found.objects == ("lpar7", "lpar8")
    assert quoted(found)[:2] == [("lsnim -l", 1, "master:"), ("lsnim -l", 9, "   connect        = nimsh (secure)")]


def test_fails_when_the_given_clients_nimsh_runs_with_crypto_though_no_connect_says_so():
    found = result_of(CHECK, client("-s -c"), master(PLAIN_MASTER_STANZA + machine(connect="nimsh")))
    assert (found.outcome.value, found.severity.value) == ("fail", "high")
    assert quoted(found)[-1][:2] == (PS, 4)


def test_fails_on_what_a_client_sees_of_its_master():
    seen = {"nimclient -l -l master": PLAIN_MASTER_STANZA, "nimclient -l -l lpar7": machine()}
    found = result_of(CHECK, client("-s -c", **seen))
    assert (found.outcome.value, found.where.value, found.host) == ("fail", "master", None)


def test_passes_with_ssl_support():
    found = result_of(CHECK, master(MASTER_STANZA + machine()))
    assert found.outcome.value == "pass"
    assert quoted(found) == [("lsnim -l", 6, "   ssl_support         = yes")]


def test_near_miss_no_ssl_support_is_no_fault_where_nobody_is_secure():
    stanzas = PLAIN_MASTER_STANZA + NETWORK_AND_RESOURCE + machine(connect="nimsh") + machine("old01", "shell")
    found = result_of(CHECK, master(stanzas))
    assert (found.outcome.value, found.severity.value) == ("pass", "info")
    assert quoted(found) == [("lsnim -l", 1, "master:")]


def test_near_miss_ssl_support_no_is_as_good_as_absent():
    stanzas = MASTER_STANZA.replace("= yes", "= no") + machine()
    found = result_of(CHECK, master(stanzas))
    assert found.outcome.value == "fail"
    assert quoted(found)[0] == ("lsnim -l", 6, "   ssl_support         = no")


def test_unknown_when_the_masters_own_object_is_not_shown():
    found = result_of(CHECK, master(machine(), "lsnim -l lpar7"))
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))


def test_unknown_when_only_some_rows_of_the_master_were_shown():
    shown = loose({"mail.txt": "# lsnim -l master | grep state\n   Cstate              = ready for a NIM operation\n"})
    assert result_of(CHECK, shown, role="master").outcome.value == "unknown"


def test_unknown_when_nothing_shows_whether_a_client_is_secure():
    found = result_of(CHECK, master(PLAIN_MASTER_STANZA, "lsnim -l master"))
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))
    seen = evidence(files={"/etc/niminfo": niminfo()}, commands={"nimclient -l -l master": PLAIN_MASTER_STANZA})
    assert result_of(CHECK, seen).outcome.value == "not-applicable"


def test_near_miss_a_plain_client_that_sees_its_master_without_ssl():
    found = result_of(CHECK, client(**{"nimclient -l -l master": PLAIN_MASTER_STANZA}))
    assert (found.outcome.value, found.severity.value) == ("pass", "info")


def test_not_applicable_on_a_client_that_sees_nothing_of_its_master():
    assert result_of(CHECK, client("-s -c")).outcome.value == "not-applicable"
