"""ssl-object-error: the message in the newest session or in a recorded push."""

from datetime import datetime, timedelta

import pytest
from hosts import (
    AR_CRYPTO,
    AR_SSL,
    HISTORY,
    LOCAL,
    LOG,
    PS,
    REST,
    UTC,
    evidence,
    installed,
    loose,
    members,
    niminfo,
    plain_push,
    processes,
    quoted,
    result_of,
    service_start,
    tls_push,
)

from nimdoctor.model import Push

CHECK = "ssl-object-error"
PUSH = datetime(2025, 3, 14, 12, 5, 4)
MESSAGE = "Error connecting to SSL object"
FAILED = tls_push(PUSH, end=MESSAGE)
RECORDED = f'0042-001 nim: processing error encountered on "master":\n   0042-006 m_lslpp: {MESSAGE}\n'


def client(log=FAILED, ps=None, paths=None, without=(), **commands):
    given = {
        UTC: "2025-03-15T09:53:20Z\n",
        LOCAL: "2025-03-15T11:53:20\n",
        PS: ps or processes(),
        HISTORY: installed("openssl.base 1.0.2.1800 11/05/24 14;20;11"),
        **commands.pop("commands", {}),
    }
    given = {name: output for name, output in given.items() if name not in without}
    changed = {LOG: {"mode": "0644", "mtime": 1741946704}, **(paths or {})}
    files = {"/etc/niminfo": niminfo()}
    if log is not None:
        files[LOG] = log
    return evidence(files=files, commands=given, paths=changed)


def master(command, output):
    return evidence(commands={command: output, "hostname": "nim1\n"}, host="nim1", role="master")


def test_fails_when_the_newest_session_says_it():
    found = result_of(CHECK, client())
    assert (found.outcome.value, found.confidence.value, found.severity.value) == ("fail", "likely", "high")
    assert quoted(found) == [(LOG, 9, f"Fri Mar 14 12:05:05 2025 {MESSAGE}")]
    assert found.fix == "refresh-client-certificate"


def test_fails_when_a_push_recorded_on_the_master_says_it():
    found = result_of(CHECK, client(None, paths={LOG: None}), master("nim -o lslpp lpar7", RECORDED))
    assert found.outcome.value == "fail"
    assert quoted(found) == [("nim -o lslpp lpar7", 2, f"   0042-006 m_lslpp: {MESSAGE}")]


def test_fails_on_a_loose_transcript_of_a_push_alone():
    found = result_of(CHECK, loose({"mail.txt": f"# nim -o lslpp lpar7\n{RECORDED}"}))
    assert found.outcome.value == "fail"
    assert quoted(found)[0][:2] == ("mail.txt", 3)


def test_near_miss_a_recorded_push_to_another_client_says_nothing_of_this_one():
    found = result_of(CHECK, client(tls_push(PUSH)), master("nim -o lslpp lpar8", RECORDED))
    assert found.outcome.value == "pass"


def test_a_recorded_push_against_a_log_that_does_not_say_it_is_only_possible():
    found = result_of(CHECK, client(tls_push(PUSH)), master("nim -o lslpp lpar7", RECORDED))
    assert (found.outcome.value, found.confidence.value) == ("fail", "possible")


def test_the_cure_is_that_of_stale_libraries_when_those_hold_too():
    stale = {"/usr/lib/libssl.so.0.9.8": {"mode": "0755", "size": 494526, "mtime": 1732090481}}
    archives = {AR_SSL: members("libssl.a", 512318), AR_CRYPTO: members("libcrypto.a", 2405971)}
    found = result_of(CHECK, client(paths=stale, commands=archives))
    assert found.fix == "refresh-ssl-libs"
    assert "/usr/lib/libssl.so.0.9.8" in found.cure
    assert ("manifest.json" not in found.cure) and found.references == (
        "isg3T1024615, Known Issues 2",
        "APAR IV58877",
    )


def test_passes_when_the_newest_session_went_on():
    found = result_of(CHECK, client(tls_push(PUSH)))
    assert found.outcome.value == "pass"
    assert quoted(found) == [(LOG, 9, "Fri Mar 14 12:05:05 2025 sending ack to client..")]


def test_passes_when_a_later_session_went_on():
    assert result_of(CHECK, client(FAILED + tls_push(PUSH + timedelta(hours=1)))).outcome.value == "pass"


def test_passes_while_nimsh_runs_without_crypto_and_never_loaded_certificates():
    assert result_of(CHECK, client(plain_push(PUSH), ps=processes("-s"))).outcome.value == "pass"


def test_near_miss_a_plain_push_after_the_failure_does_not_disprove_it():
    assert result_of(CHECK, client(FAILED + plain_push(PUSH + timedelta(hours=1)))).outcome.value == "fail"


@pytest.mark.parametrize(
    "changes",
    [
        {"ps": processes(elapsed="01:02:03")},
        {"log": FAILED + service_start(PUSH + timedelta(hours=2))},
        {"paths": {"/ssl_nimsh/certs/server.pem": {"mode": "0600", "mtime": 1742000000}}},
        {"paths": {"/usr/lib/libssl.so.0.9.8": {"mode": "0755", "mtime": 1742000000, "size": 1}}},
        {"commands": {HISTORY: installed("openssl.base 1.0.2.2002 03/14/25 18;00;00")}},
    ],
    ids=["ps", "log", "certificate", "library", "openssl"],
)
def test_unknown_not_tried_since_a_change_names_the_push_that_settles_it(changes):
    found = result_of(CHECK, client(**changes))
    assert found.outcome.value == "unknown"
    assert found.message.startswith("not tried since")
    assert found.settled_by == Push("lpar7")
    assert quoted(found)[0] == (LOG, 9, f"Fri Mar 14 12:05:05 2025 {MESSAGE}")


def test_unknown_on_a_freshly_started_log_while_nimsh_runs_with_crypto():
    found = result_of(CHECK, client(service_start(PUSH)))
    assert found.outcome.value == "unknown"
    assert "not tried yet" in found.message


@pytest.mark.parametrize("gone", [HISTORY, PS])
def test_unknown_rather_than_pass_when_what_would_show_a_later_change_was_not_collected(gone):
    found = result_of(CHECK, client(tls_push(PUSH), without=[gone], commands=REST))
    assert (found.outcome.value, found.missing) == ("unknown", (gone,))


def test_unknown_without_a_log_or_a_recorded_push():
    found = result_of(CHECK, client(None, paths={LOG: None}))
    assert (found.outcome.value, found.missing) == ("unknown", (LOG,))
