"""clock-skew: the master's date between two of the client's, and what depends on it."""

from datetime import datetime, timedelta

import pytest
from hosts import PLAIN_MASTER_STANZA, PS, UTC, AskedNow, evidence, machine, processes, quoted, result_of, scan_hosts

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.date_reader import DateReader
from nimdoctor.evidence.live import LiveHost
from nimdoctor.model.text import Text

CHECK = "clock-skew"
NOW = datetime(2025, 3, 15, 9, 53, 20)
SERVER = "/ssl_nimsh/certs/server.pem"
RAN_OUT = datetime(2021, 1, 1)


def live(host, now, took=1):
    """The host as one that is asked now: each reading of its clock comes `took` seconds after the last."""
    dates = [f"{now + timedelta(seconds=took * number):%Y-%m-%dT%H:%M:%SZ}" for number in range(9)]
    asked = AskedNow(host)
    asked.again = lambda row: (Text.of(dates.pop(0), row.name), "")
    return asked


def end(role="client", pem=None, now=NOW, more=None):
    files = {SERVER: pem} if pem else {}
    paths = {SERVER: {"kind": "file", "mtime": 1600000000}} if pem else {}
    date = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    name = "nim1" if role == "master" else "lpar7"
    return evidence(files=files, paths=paths, commands={UTC: date, **(more or {})}, role=role, host=name)


def pair(ahead, pem=None, now=NOW, took=2, more=None):
    """Client and master; the master's clock is that many seconds ahead, and read a second after the client's."""
    theirs = now + timedelta(seconds=ahead)
    return (
        live(end("client", pem, now), now, took),
        live(end("master", pem, theirs, more), theirs + timedelta(seconds=1)),
    )


def judged(*given, **more):
    return result_of(CHECK, *pair(*given, **more), where="master")


def kind(found):
    return (found.outcome.value, found.severity.value, found.confidence and found.confidence.value)


@pytest.mark.parametrize(("ahead", "words"), [(7200, "ahead of"), (-7200, "behind")])
def test_fails_when_the_clocks_are_hours_apart(ahead, words, certificates):
    found = judged(ahead, certificates("plain").pem)
    assert kind(found) == ("fail", "medium", "likely") and found.fix is None and found.causes == ()
    assert f"at least 1 h 59 min {words} the client's" in found.message
    assert "between the client's 2025-03-15T09:53:20Z and 2025-03-15T09:53:22Z" in found.message
    assert [text for _, _, text in quoted(found)] == [
        "2025-03-15T09:53:20Z",
        f"{NOW + timedelta(seconds=ahead + 1):%Y-%m-%dT%H:%M:%SZ}",
        "2025-03-15T09:53:22Z",
    ]
    assert "nimclient -d" in found.cure


def test_fails_low_where_no_certificate_is_in_use():
    assert kind(judged(7200)) == ("fail", "low", "likely")


@pytest.mark.parametrize(
    ("ahead", "client_now"), [(-3600, RAN_OUT + timedelta(minutes=5)), (3600, RAN_OUT - timedelta(minutes=5))]
)
def test_fails_high_where_a_certificate_holds_by_one_clock_alone(ahead, client_now, certificates):
    client, master = pair(ahead, certificates("expired").pem, client_now)
    report = scan_hosts(client, master, only=[CHECK, "certificate-expired"])
    skew, expired = report.story.findings
    assert (skew.check, skew.severity.value, skew.causes) == (CHECK, "high", ("certificate-expired",))
    assert expired.where.value == ("client" if ahead < 0 else "master")
    assert report.story.causes(expired) == [(skew, True)]


def test_a_few_seconds_matter_where_a_certificate_begins_between(certificates):
    found = judged(90, certificates("expired").pem, RAN_OUT - timedelta(seconds=30))
    assert found.severity.value == "high"


def test_near_miss_what_ran_out_by_both_clocks_is_not_explained(certificates):
    client, master = pair(3600, certificates("expired").pem)
    found = result_of(CHECK, client, master, where="master")
    assert kind(found) == ("fail", "medium", "likely") and found.causes == ()


def test_near_miss_a_minute_or_more_is_a_note():
    found = judged(100)
    assert (found.outcome.value, found.severity.value) == ("pass", "info")


@pytest.mark.parametrize("took", [2, 40, 3000])
def test_near_miss_the_time_that_asking_takes_is_no_skew(took):
    client, _ = pair(0, took=took)
    master = live(end("master"), NOW + timedelta(seconds=took - 1))
    assert result_of(CHECK, client, master, where="master").outcome.value == "pass"


def test_passes_when_the_clocks_agree():
    found = judged(0)
    assert kind(found)[0] == "pass" and len(quoted(found)) == 3


def test_ssl_that_is_off_does_not_count(certificates):
    off = {"lsnim -l": PLAIN_MASTER_STANZA + machine(), PS: processes(nimsh="-s")}
    client, master = pair(7200, certificates("plain").pem, more=off)
    client = live(end("client", certificates("plain").pem, more={PS: processes(nimsh="-s")}), NOW, 2)
    assert result_of(CHECK, client, master, where="master").severity.value == "low"


def test_two_collections_prove_nothing_whatever_their_dates():
    apart = end("client"), end("master", now=NOW + timedelta(days=3))
    found = result_of(CHECK, *apart, where="master")
    assert found.outcome.value == "not-applicable" and "one live run" in found.message
    client, master = pair(7200)
    assert result_of(CHECK, end("client"), master, where="master").outcome.value == "not-applicable"
    assert result_of(CHECK, client, end("master"), where="master").outcome.value == "not-applicable"


def test_one_end_alone_is_not_applicable():
    client, master = pair(7200)
    assert result_of(CHECK, client).outcome.value == "not-applicable"
    assert result_of(CHECK, master).outcome.value == "not-applicable"


def test_a_host_that_is_both_ends_is_not_compared_with_itself():
    both = live(evidence(commands={UTC: "2025-03-15T09:53:20Z"}, role="client,master"), NOW)
    assert result_of(CHECK, both).outcome.value == "not-applicable"


def test_unknown_and_low_when_a_date_cannot_be_read_or_runs_back():
    client, master = pair(0)
    master.again = lambda row: (None, "hung and was ended after 30 s")
    found = result_of(CHECK, client, master, where="master")
    assert kind(found) == ("unknown", "low", None) and found.missing == (UTC,) and "hung" in found.message
    back, master = pair(0, took=-100)
    assert "ran back" in result_of(CHECK, back, master, where="master").message
    back.again = lambda row: (Text.of("Sam Mar 15 2025", row.name), "")
    assert result_of(CHECK, back, master, where="master").outcome.value == "unknown"


def test_a_live_host_is_asked_anew_each_time(tmp_path):
    for name, ahead in (("client", 0), ("master", 7200)):
        (tmp_path / name / "usr/bin").mkdir(parents=True)
        program = tmp_path / name / "usr/bin/date"
        program.write_text(
            f'#!/bin/sh\nread -r n < "$0.n"; echo $((n + 1)) > "$0.n"\nexec /bin/date -d @$(({ahead} + 1742032400 + n)) "$@"\n'
        )
        program.chmod(0o755)
        (tmp_path / name / "usr/bin/date.n").write_text("0\n")
    client, master = (LiveHost(str(tmp_path / name)) for name in ("client", "master"))
    readers = [DateReader(host, Catalog()) for host in (client, master)]
    texts, problem = readers[0].around(readers[1])
    assert [text.read().strip() for text in texts] == [
        "2025-03-15T09:53:20Z",
        "2025-03-15T11:53:20Z",
        "2025-03-15T09:53:21Z",
    ]
    assert problem == "" and not readers[0].is_of(readers[1])
    (tmp_path / "master/usr/bin/date").unlink()
    assert readers[0].around(readers[1]) == ([], "no such command on this host")
