"""certificate-not-yet-valid: what begins later than the host's own date."""

import pytest
from hosts import UTC, evidence, processes, quoted, result_of

CHECK = "certificate-not-yet-valid"
SERVER = "/ssl_nimsh/certs/server.pem"


def host(pem, date="2025-03-15T09:53:20Z", role="client", **commands):
    paths = {SERVER: {"kind": "file", "mtime": 1700000000}}
    return evidence(files={SERVER: pem}, paths=paths, commands={UTC: date + "\n", **commands}, role=role)


@pytest.mark.parametrize("role", ["client", "master"])
def test_fails_before_it_begins(certificates, role):
    found = result_of(CHECK, host(certificates("future").pem, role=role))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert "valid from 2098-01-01T00:00:00Z on, and it is 2025-03-15T09:53:20Z" in found.message
    assert quoted(found)[-1] == (UTC, 1, "2025-03-15T09:53:20Z")
    # which clock is wrong a person decides
    assert found.fix is None and "ntp" in found.cure


def test_fails_by_a_clock_that_is_years_behind(certificates):
    assert result_of(CHECK, host(certificates("plain").pem, "1970-01-01T00:12:00Z")).outcome.value == "fail"


def test_near_miss_its_first_second_is_valid(certificates):
    assert result_of(CHECK, host(certificates("plain").pem, "2020-01-01T00:00:00Z")).outcome.value == "pass"
    assert result_of(CHECK, host(certificates("plain").pem, "2019-12-31T23:59:59Z")).outcome.value == "fail"


def test_passes_when_all_have_begun(certificates):
    found = result_of(CHECK, host(certificates("plain").pem))
    assert found.outcome.value == "pass" and "valid since 2020-01-01T00:00:00Z" in found.message


def test_passes_where_crypto_is_off(certificates):
    client = host(certificates("future").pem, **{"ps -eo pid,ppid,etime,args": processes("-s")})
    assert result_of(CHECK, client).outcome.value == "pass"
