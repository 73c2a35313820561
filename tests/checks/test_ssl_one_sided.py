"""ssl-one-sided: connect, nimsh's arguments, ssl_support and the log's setting must agree."""

from datetime import datetime, timedelta

import pytest
from hosts import (
    LOCAL,
    LOG,
    MASTER_STANZA,
    PLAIN_MASTER_STANZA,
    PS,
    UTC,
    definition,
    evidence,
    machine,
    niminfo,
    plain_push,
    processes,
    quoted,
    result_of,
    service_start,
    tls_push,
)

from nimdoctor.model import Push

CHECK = "ssl-one-sided"
PUSH = datetime(2025, 3, 14, 12, 5, 4)
DEFINITION = "lssrc -S -s nimsh"


def client(nimsh="-s -c", log="", elapsed="23-04:22:10", **more):
    commands = {UTC: "2025-03-15T09:53:20Z\n", LOCAL: "2025-03-15T11:53:20\n"}
    if nimsh is not None:
        commands[PS] = processes(nimsh, elapsed)
    files = {"/etc/niminfo": niminfo()}
    if log:
        files[LOG] = log
    paths = {LOG: {"mode": "0644", "mtime": 1741946704}} if log else {}
    return evidence(files=files, commands={**commands, **more}, paths=paths)


def master(connect, own=MASTER_STANZA):
    return evidence(commands={"lsnim -l": own + machine(connect=connect)}, host="nim1", role="master")


def judge(own, connect, stanza=MASTER_STANZA):
    return result_of(CHECK, own, master(connect, stanza), where="client")


def test_fails_when_nimsh_runs_without_crypto_but_connect_is_secure():
    found = judge(client("-s"), "nimsh (secure)")
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "certain")
    assert found.fix == "align-ssl-mode"
    assert quoted(found) == [
        (PS, 4, " 7799162  3211664 23-04:22:10 /usr/sbin/nimsh -s"),
        ("lsnim -l", 10, "   connect        = nimsh (secure)"),
    ]


def test_fails_by_the_odm_while_nimsh_is_not_seen_but_is_less_sure():
    found = judge(client(None, **{DEFINITION: definition("-s")}), "nimsh (secure)")
    assert (found.outcome.value, found.confidence.value) == ("fail", "likely")
    assert quoted(found)[0][:2] == (DEFINITION, 2)


def test_fails_by_the_logs_setting_when_neither_is_known():
    found = judge(client(None, plain_push(PUSH)), "nimsh (secure)")
    assert found.outcome.value == "fail"
    assert quoted(found)[0] == (LOG, 4, "Fri Mar 14 12:05:04 2025 success: we got 6th write Openssl setting is 0")


def test_fails_when_nimsh_runs_with_crypto_and_a_push_since_its_start_left_connect_plain():
    found = judge(client("-s -c", plain_push(PUSH)), "nimsh")
    assert found.outcome.value == "fail"
    assert quoted(found)[-1] == (LOG, 5, "Fri Mar 14 12:05:04 2025 sending ack to client..")


@pytest.mark.parametrize(
    "own",
    [
        client("-s -c", plain_push(PUSH), elapsed="01:02:03"),
        client("-s -c", plain_push(PUSH) + service_start(PUSH + timedelta(hours=1))),
        client("-s -c"),
        client(None, plain_push(PUSH), **{DEFINITION: definition()}),
        client("-s -c", service_start(PUSH)),
    ],
    ids=["started since, by ps", "started since, by the log", "no log", "start not known", "no push in the log"],
)
def test_unknown_when_connect_is_plain_and_may_be_older_than_nimsh(own):
    found = judge(own, "nimsh")
    assert found.outcome.value == "unknown"
    assert found.settled_by == Push("lpar7")


def test_passes_when_both_are_secure():
    found = judge(client("-s -c", tls_push(PUSH)), "nimsh (secure)")
    assert found.outcome.value == "pass"
    assert ("lsnim -l", 10, "   connect        = nimsh (secure)") in quoted(found)


def test_passes_when_both_are_plain_since_that_is_client_not_secure():
    assert judge(client("-s"), "nimsh").outcome.value == "pass"


@pytest.mark.parametrize("connect", ["nimsh", "nimsh (secure)"])
def test_near_miss_crypto_under_a_master_without_ssl_belongs_to_ssl_not_configured(connect):
    found = judge(client("-s -c", plain_push(PUSH)), connect, PLAIN_MASTER_STANZA)
    assert found.outcome.value == "pass"


def test_near_miss_a_client_by_rsh_has_no_setting_to_agree_on():
    assert judge(client("-s -c"), "shell").outcome.value == "pass"


def test_fails_by_what_the_client_sees_through_nimclient():
    seen = {"nimclient -l -l lpar7": machine(), "nimclient -l -l master": MASTER_STANZA}
    found = result_of(CHECK, client("-s", **seen))
    assert found.outcome.value == "fail"
    assert quoted(found)[1] == ("nimclient -l -l lpar7", 4, "   connect        = nimsh (secure)")


def test_not_applicable_when_no_master_was_named():
    assert result_of(CHECK, client("-s")).outcome.value == "not-applicable"


def test_not_applicable_at_the_masters_end():
    found = result_of(CHECK, client("-s"), master("nimsh (secure)"), where="master")
    assert found.outcome.value == "not-applicable"
    assert "judged on the client" in found.message


def test_unknown_when_the_master_was_named_and_its_objects_are_missing():
    found = result_of(CHECK, client("-s"), evidence(host="nim1", role="master"), where="client")
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))


def test_unknown_when_the_mode_of_nimsh_is_not_known():
    found = judge(client(None), "nimsh (secure)")
    assert (found.outcome.value, found.missing) == ("unknown", (PS,))


def test_unknown_when_the_master_has_no_object_for_the_client():
    other = evidence(commands={"lsnim -l": MASTER_STANZA + machine("lpar8", cpuid="1")}, host="nim1", role="master")
    found = result_of(CHECK, client("-s"), other, where="client")
    assert found.outcome.value == "unknown"
    assert "no machine object for lpar7" in found.message


def test_not_applicable_alone_when_only_the_masters_own_object_was_asked_for():
    shown = "master:\n   class       = machines\n   type        = master\n   ssl_support = yes\n"
    client = evidence(
        files={"/etc/niminfo": niminfo()},
        commands={"ps -eo pid,ppid,etime,args": processes(), "nimclient -l -l master": shown},
    )
    assert result_of("ssl-one-sided", client).outcome.value == "not-applicable"
