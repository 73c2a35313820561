"""cpuid-changed: the client's machine id against the one that the master keeps of it."""

from hosts import LOG, evidence, niminfo, quoted, result_of

CHECK = "cpuid-changed"
ID, OTHER = "00F6A1B24C00", "00F6A1B94C00"


REFUSED = f"Fri Mar 14 12:05:04 2025 error: remote value passed, '{ID}', does not match environment value '{OTHER}'\n"


def logged(log):
    files = {"/etc/niminfo": niminfo(NIM_MASTERID="00F6A1B14C00"), LOG: log}
    return evidence(files=files, commands={"uname -m": OTHER + "\n"})


def test_fails_as_possible_where_the_log_says_that_a_push_was_refused_for_this_machines_id():
    found = result_of(CHECK, logged(REFUSED))
    assert (found.outcome.value, found.confidence.value) == ("fail", "possible")
    assert quoted(found) == [(LOG, 1, REFUSED.strip()), ("uname -m", 1, OTHER)]
    assert result_of("master-id-changed", logged(REFUSED)).outcome.value == "not-applicable"
