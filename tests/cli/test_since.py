"""`scan --since`: of nimsh.log only what came from that time on, and it is said."""

import io
from datetime import datetime

import pytest

import nimdoctor
from nimdoctor.facts.nimsh_log import NimshLog
from nimdoctor.facts.nimsh_part import LogPart
from nimdoctor.facts.nimsh_session import SessionEnd
from nimdoctor.facts.nimsh_stream import Limits
from nimdoctor.model.text import Text

TLS = [
    "Loading certificates..",
    "Negotiating SSL_CTX object using SSLv23_method",
    "Loading private key file..",
    "create BIO",
]
ANSWER = ["success: we got 1st write query is 0", "sending ack to client.."]
CHECK = ("--check", "create-bio-hang")


def lines(day, *messages):
    return "".join(f"Fri Mar {day} 10:05:00 2025        {message}\n" for message in messages)


@pytest.fixture
def log(tmp_path):
    """A hang of the fourteenth, and a nimquery of the sixteenth."""
    place = tmp_path / "nimsh.log"
    query = ["file descriptor is : 0", "success: we got 1st write query is 1"]
    place.write_text(lines(12, *TLS, *ANSWER) + lines(14, *TLS) + lines(16, *query))
    return place


@pytest.mark.parametrize("since", ["2025-03-13", "2025-03-14T10:05", "2025-03-14 10:05:00"])
def test_what_came_since_is_judged_with_its_true_lines(doctor, log, since):
    ended = doctor("scan", log, *CHECK, "--since", since, json=True)
    found = ended.result("create-bio-hang")
    assert (found["outcome"], found["evidence"][-1]["line"]) == ("fail", 10)


def test_of_what_came_before_nothing_is_judged_and_that_is_said(doctor, log):
    ended = doctor("scan", log, *CHECK, "--since", "2025-03-15", json=True)
    found = ended.result("create-bio-hang")
    assert found["outcome"] == "unknown"
    assert "no session since 2025-03-15 00:00:00 loaded certificates" in found["message"]
    said = " ".join(doctor("scan", log, *CHECK, "--since", "2025-03-15").out.split())
    assert "--since: of nimsh.log only sessions from 2025-03-15 00:00:00 on were looked at" in said


def test_a_log_without_times_is_looked_at_whole_and_that_is_said(doctor, log):
    log.write_text("\n".join(TLS) + "\n")
    ended = doctor("scan", log, *CHECK, "--since", "2025-03-15")
    assert "has no times, so all of it was looked at" in " ".join(ended.out.split())
    assert "create-bio-hang" in ended.out and ended.status == 1


@pytest.mark.parametrize("given", ["yesterday", "", "2025-02-30", "2025-03-14T10:05Z"])
def test_what_is_no_time_is_refused_with_what_to_give(doctor, log, given):
    ended = doctor("scan", log, "--since", given)
    assert ended.status == 2 and "2026-11-30T10:05" in ended.err


def test_a_program_may_ask_the_same(log):
    assert nimdoctor.scan(str(log), only=["create-bio-hang"], since="2025-03-15").results[0].outcome.value == "unknown"


def test_after_a_clock_that_was_put_back_what_was_written_later_counts():
    log = NimshLog.of([LogPart(since(lines(14, *TLS) + lines(12, *TLS, *ANSWER), 13))])
    assert [session.end for session in log.sessions] == [SessionEnd.HUNG, SessionEnd.WENT_ON]


def test_of_a_large_log_older_sessions_are_counted_from_that_time_on():
    raw = "".join(lines(day, *TLS, *ANSWER) * 50 for day in range(10, 20))
    log = NimshLog.of([LogPart(since(raw, 15), Limits(window=9000, chunk=4096))])
    assert log.counts() == {SessionEnd.WENT_ON: 5 * 50}
    assert log.sessions[-1].last.line == raw.count("\n")


def since(raw, day):
    text = Text("/var/adm/ras/nimsh.log", lambda: io.BytesIO(raw.encode()))
    text.since = datetime(2025, 3, day)
    return text
