"""Whether a push came since nimsh was started, and since the certificate was written: to the second."""

from datetime import datetime, timedelta, timezone

import pytest

from nimdoctor.facts import NimshLog, NimshMode, Paths, PushSince
from nimdoctor.facts.clock import HostClock
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.model.text import Quote, Text
from tests.hosts import LOG, connection, plain_push, query, service_start, tls_push

PUSH = datetime(2025, 3, 14, 12, 5, 4)
ENDED = int((PUSH + timedelta(seconds=1)).replace(tzinfo=timezone.utc).timestamp())
"""When a push with TLS that began at PUSH ended, on a host of UTC."""
NOW = ENDED + 5000
PEM = "/ssl_nimsh/certs/server.pem"
LATER, EARLIER = PUSH + timedelta(hours=1), PUSH - timedelta(hours=1)


def since(log, *, elapsed=None, running=True, clock=True, certificate=None, mtime=None, mode=True):
    states = {} if mtime is None else {LOG: PathState("file", mtime=mtime)}
    states.update({} if certificate is None else {PEM: PathState("file", mtime=certificate)})
    return PushSince.derive(
        NimshLog.parse(Text.of(log, LOG)),
        Paths.of_record(PathRecord(states)) if states else None,
        HostClock(NOW, 0, "date -u") if clock else None,
        NimshMode(True, False, running, Quote("ps", 1, ""), elapsed) if mode else None,
    )


@pytest.mark.parametrize(
    ("elapsed", "start"), [(4998, False), (4999, False), (5000, True), (5001, True), (0, False), (10**6, True)]
)
def test_a_push_that_ended_in_the_second_in_which_nimsh_was_started_came_to_it(elapsed, start):
    found = since(tls_push(PUSH), elapsed=elapsed)
    assert (found.start, found.utc, found.certificate) == (start, ENDED, None)
    assert found.push.ended == PUSH + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("log", "start"),
    [
        (tls_push(PUSH), None),
        (service_start(EARLIER) + tls_push(PUSH), True),
        (service_start(EARLIER) + plain_push(PUSH), True),
        (tls_push(PUSH) + service_start(LATER), False),
        (service_start(EARLIER) + tls_push(PUSH) + service_start(LATER), False),
        (service_start(EARLIER) + tls_push(PUSH) + connection(LATER), True),
        # what comes after it is no push that came through
        (service_start(EARLIER) + tls_push(PUSH) + query(LATER), True),
        (service_start(EARLIER) + tls_push(PUSH) + tls_push(LATER, end=""), True),
        (tls_push(EARLIER) + service_start(PUSH - timedelta(minutes=1)) + tls_push(PUSH), True),
    ],
)
@pytest.mark.parametrize("unknown", [{"mode": False}, {"running": False, "elapsed": 1}, {"elapsed": None}, {"clock": False, "elapsed": 1}])  # fmt: skip
def test_where_the_age_of_the_process_is_not_known_the_starts_in_the_log_tell(log, start, unknown):
    assert since(log, **unknown).start is start


def test_a_start_in_the_log_after_the_push_outweighs_the_age_of_the_process():
    log = tls_push(PUSH) + service_start(LATER)
    assert since(log, elapsed=10**6).start is False
    assert since(service_start(EARLIER) + tls_push(PUSH), elapsed=10).start is False


@pytest.mark.parametrize("log", [service_start(PUSH), query(PUSH), connection(PUSH), tls_push(PUSH, end="")])
def test_no_push_in_the_log_is_no_proof_that_none_came(log):
    found = since(log, elapsed=10, certificate=ENDED - 10, mtime=ENDED)
    assert found[1:4] == (None, None, None) and found.utc is None
    assert [quote.source for quote in found.evidence] == [LOG]


@pytest.mark.parametrize(("written", "certificate"), [(-1, True), (0, False), (1, False), (-(10**6), True)])
def test_a_push_within_the_second_of_the_certificate_may_have_come_before_it(written, certificate):
    found = since(tls_push(PUSH), certificate=ENDED + written)
    assert found.certificate is certificate
    assert [quote.source for quote in found.evidence] == [LOG, PEM]
    assert since(tls_push(PUSH), certificate=ENDED + written, clock=False).certificate is None


def test_the_time_of_change_of_the_log_is_that_of_its_last_line():
    log = tls_push(PUSH) + connection(LATER)
    # a clock whose zone nobody knows tells nothing; the file's time does
    found = since(log, mtime=ENDED + 7 + 3599, clock=False, certificate=ENDED)
    assert (found.utc, found.certificate) == (ENDED + 7, True)


def test_the_newest_push_counts():
    assert since(tls_push(EARLIER) + plain_push(PUSH)).push.ended == PUSH
    assert since(plain_push(EARLIER) + tls_push(PUSH)).push.ended == PUSH + timedelta(seconds=1)
