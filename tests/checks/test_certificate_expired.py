"""certificate-expired: the newest files by the host's own date, with the issuers they rest on."""

import pytest
from hosts import PLAIN_MASTER_STANZA, UTC, evidence, loose, processes, quoted, result_of

CHECK = "certificate-expired"
SERVER = "/ssl_nimsh/certs/server.pem"


def host(pem, date="2025-03-15T09:53:20Z", role="client", times=None, **commands):
    files = {SERVER: pem} if isinstance(pem, bytes) else pem
    paths = {
        path: {"kind": "file", "mtime": time} for path, time in (times or dict.fromkeys(files, 1700000000)).items()
    }
    return evidence(files=files, paths=paths, commands={UTC: date + "\n", **commands}, role=role)


@pytest.mark.parametrize("role", ["client", "master"])
def test_fails_when_it_ran_out_by_the_hosts_own_date(certificates, role):
    found = result_of(CHECK, host(certificates("expired").pem, role=role))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert "ran out at 2021-01-01T00:00:00Z" in found.message and found.objects == (SERVER,)
    (source, line, text), date = quoted(found)
    assert source.endswith("server.pem") and line is None and "notAfter=2021-01-01T00:00:00Z" in text
    assert date == (UTC, 1, "2025-03-15T09:53:20Z")


def test_fails_when_only_the_issuer_in_the_file_ran_out(certificates):
    # the leaf holds until 2099 and so does its root until the date passes
    leaf, root = certificates("leaf"), certificates("plain")
    assert result_of(CHECK, host(leaf.pem + root.pem)).outcome.value == "pass"
    assert result_of(CHECK, host(certificates("plain").pem + certificates("expired").pem)).outcome.value == "fail"


def test_the_client_alone_fetches_anew_where_the_masters_hold(certificates):
    client, good = host(certificates("expired").pem), host(certificates("plain").pem, role="master")
    found = result_of(CHECK, client, good, where="client")
    assert found.fix == "refresh-client-certificate" and "the master stays as it is" in found.cure
    bad = host(certificates("expired").pem, role="master")
    assert result_of(CHECK, client, bad, where="client").fix == "recycle-certificates"
    assert "not known: give --master" in result_of(CHECK, client).cure


def test_near_miss_an_older_file_that_ran_out_is_left_over(certificates):
    old = "/ssl_nimsh/certs/old.pem"
    files = {SERVER: certificates("plain").pem, old: certificates("expired").pem}
    found = result_of(CHECK, host(files, times={SERVER: 1700000000, old: 1600000000}))
    assert (found.outcome.value, found.severity.value) == ("pass", "info")
    assert "left over" in found.message and old in found.message


def test_near_miss_the_last_second_still_holds(certificates):
    assert result_of(CHECK, host(certificates("expired").pem, "2021-01-01T00:00:00Z")).outcome.value == "pass"
    assert result_of(CHECK, host(certificates("expired").pem, "2021-01-01T00:00:01Z")).outcome.value == "fail"


def test_passes_until_the_end(certificates):
    found = result_of(CHECK, host(certificates("plain").pem))
    assert found.outcome.value == "pass" and "holds until 2099-01-01T00:00:00Z" in found.message


def test_passes_where_crypto_is_off(certificates):
    client = host(certificates("expired").pem, **{"ps -eo pid,ppid,etime,args": processes("-s")})
    found = result_of(CHECK, client)
    assert found.outcome.value == "pass" and "without crypto" in found.message
    master = host(certificates("expired").pem, role="master", **{"lsnim -l": PLAIN_MASTER_STANZA})
    assert result_of(CHECK, master).outcome.value == "pass"


def test_by_the_scanners_clock_alone_it_is_only_possible(certificates):
    found = result_of(CHECK, loose({"server.pem": certificates("expired").pem}), where="client")
    assert (found.outcome.value, found.confidence.value) == ("fail", "possible")
    assert "by the clock of the scanning host" in found.message and found.missing == (UTC,)


def test_what_cannot_be_read_is_unknown(certificates):
    damaged = certificates("expired").pem.replace(b"M", b"!", 1)
    assert result_of(CHECK, host(damaged)).outcome.value == "unknown"
    assert result_of(CHECK, evidence(commands={UTC: "2025-03-15T09:53:20Z\n"})).outcome.value == "unknown"
