"""certificate-expiring: thirty days are medium, ninety low."""

import pytest
from hosts import UTC, evidence, result_of

CHECK = "certificate-expiring"
SERVER = "/ssl_nimsh/certs/server.pem"


def host(pem, date, role="client"):
    paths = {SERVER: {"kind": "file", "mtime": 1700000000}}
    return evidence(files={SERVER: pem}, paths=paths, commands={UTC: date + "T00:00:00Z\n"}, role=role)


# the certificate holds until 2099-01-01
@pytest.mark.parametrize(
    ("date", "severity", "days"),
    [
        ("2098-12-31", "medium", "1 day"),
        ("2098-12-03", "medium", "29 days"),
        ("2098-12-02", "low", "30 days"),
        ("2098-10-03", "low", "90 days"),
    ],
)
def test_fails_the_harder_the_nearer_the_end(certificates, date, severity, days):
    found = result_of(CHECK, host(certificates("plain").pem, date))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", severity, "likely")
    assert f"runs out at 2099-01-01T00:00:00Z, in {days}" in found.message
    assert found.fix is None and "recycle-certificates" in found.cure


def test_near_miss_ninety_one_days_are_long_enough(certificates):
    assert result_of(CHECK, host(certificates("plain").pem, "2098-10-02")).outcome.value == "pass"


def test_near_miss_one_that_has_run_out_is_not_expiring(certificates):
    found = result_of(CHECK, host(certificates("plain").pem, "2099-06-01"))
    assert found.outcome.value == "not-applicable" and "certificate-expired" in found.message


def test_passes_long_before(certificates):
    assert result_of(CHECK, host(certificates("plain").pem, "2025-03-15")).outcome.value == "pass"


def test_a_client_fetches_anew_where_the_masters_hold_longer(certificates):
    client, master = (
        host(certificates("expired").pem, "2020-12-20"),
        host(certificates("plain").pem, "2020-12-20", "master"),
    )
    assert result_of(CHECK, client, master, where="client").fix == "refresh-client-certificate"
    assert result_of(CHECK, client).fix is None
