"""hung-push: which processes belong to the push that hangs."""

from datetime import datetime, timedelta, timezone

import pytest
from hosts import (
    LOCAL,
    LOG,
    MASTER_STANZA,
    PS,
    UTC,
    evidence,
    machine,
    niminfo,
    plain_push,
    processes,
    quoted,
    result_of,
    scan_hosts,
    tls_push,
)
from hypothesis import given, settings
from hypothesis import strategies as st

CHECK = "hung-push"
NOW = datetime(2025, 3, 15, 9, 53, 20)
ZONE = timedelta(hours=2)
PUSH = datetime(2025, 3, 14, 12, 5, 4)
HANG = tls_push(PUSH, end="")
AGE = "23:48:17"
CHILD = " 9306482  7799162 {:>11} /usr/sbin/nimsh -s -c\n"
NIM = " 9437574        1 {:>11} nim -o lslpp {}\n"
FULL = (
    "     UID     PID    PPID   C    STIME    TTY  TIME CMD\n"
    "    root 3211664       1   0   Feb 20      -  0:00 /usr/sbin/srcmstr\n"
    "    root 7799162 3211664   0   Feb 20      -  0:00 /usr/sbin/nimsh -s -c\n"
    "    root 9306482 7799162   0   Mar 14      -  0:00 /usr/sbin/nimsh -s -c\n"
)


def client(children="", log=HANG, ps=None, elapsed="23-04:22:10", dated=True):
    last = [line for line in log.splitlines() if line.strip()][-1]
    written = datetime.strptime(" ".join(last.split()[1:5]), "%b %d %H:%M:%S %Y") - ZONE
    commands = {UTC: f"{NOW:%Y-%m-%dT%H:%M:%SZ}", LOCAL: f"{NOW + ZONE:%Y-%m-%dT%H:%M:%S}"} if dated else {}
    if ps is None:
        commands[PS] = processes(children=children, elapsed=elapsed)
    elif ps:
        commands["ps -ef"] = ps
    mtime = int(written.replace(tzinfo=timezone.utc).timestamp())
    return evidence(
        files={LOG: log, "/etc/niminfo": niminfo()},
        commands=commands,
        paths={LOG: {"mode": "0644", "size": len(log), "mtime": mtime}},
    )


def without_daemon():
    return client(ps="     PID     PPID     ELAPSED COMMAND\n" + CHILD.replace("7799162", "      1").format(AGE))


def master(rows="", now=NOW, ps=True):
    commands = {UTC: f"{now:%Y-%m-%dT%H:%M:%SZ}", "lsnim -l": MASTER_STANZA + machine() + machine("lpar8")}
    if ps:
        commands[PS] = processes(children=rows)
    return evidence(commands=commands, host="nim1", role="master")


def kind(found):
    return (found.outcome.value, found.severity.value, found.confidence and found.confidence.value)


def test_fails_with_the_processes_of_both_ends():
    found = result_of(CHECK, client(CHILD.format(AGE)), master(NIM.format("23:48:19", "lpar7")))
    assert kind(found) == ("fail", "low", "likely")
    assert found.objects == ("master 9437574", "client 9306482")
    assert "process 9437574 on the master since 2025-03-14T10:05:01Z: nim -o lslpp lpar7" in found.message
    assert [source for source, _, _ in quoted(found)][:2] == [PS, PS]
    assert "kill 9437574" in found.cure and (found.fix, found.run) == (None, None)
    assert "kill 9306482 (never nimsh itself, 7799162)" in found.cure
    assert "--accept-hung lpar7" in found.impact


def test_fails_on_the_client_alone_and_says_where_else_to_look():
    found = result_of(CHECK, client(CHILD.format(AGE)))
    assert kind(found) == ("fail", "low", "likely") and found.objects == ("client 9306482",)
    assert found.missing == (f"{PS} of the master",) and "--master" in found.cure


def test_fails_on_the_masters_process_alone():
    found = result_of(CHECK, client(ps=""), master(NIM.format(AGE, "lpar7")))
    assert kind(found) == ("fail", "low", "likely") and found.missing == (PS,)


def test_create_bio_hang_is_told_as_its_cause():
    report = scan_hosts(client(CHILD.format(AGE)), only=["create-bio-hang", CHECK])
    assert [found.check for found in report.story.findings] == ["create-bio-hang", CHECK]
    assert report.story.causes(report.story.findings[1]) == [(report.story.findings[0], True)]


def test_the_masters_time_is_by_its_own_clock_and_collection():
    later = NOW + timedelta(days=1)
    found = result_of(CHECK, client(), master(NIM.format("1-23:48:19", "lpar7"), now=later))
    assert kind(found) == ("fail", "low", "likely")
    assert result_of(CHECK, client(), master(NIM.format(AGE, "lpar7"), now=later)).outcome.value == "pass"


def test_passes_when_nobody_is_left():
    found = result_of(CHECK, client(), master())
    assert found.outcome.value == "pass" and "nothing to end" in found.message


def test_passes_when_the_newest_push_went_on():
    found = result_of(CHECK, client(CHILD.format(AGE), log=HANG + tls_push(PUSH + timedelta(hours=1))))
    assert found.outcome.value == "pass" and "did not hang" in found.message


@pytest.mark.parametrize("age", ["05:10", "23:40:00", "1-00:10:00", "00:30"])
def test_near_miss_a_child_of_another_time_is_left_alone(age):
    assert result_of(CHECK, client(CHILD.format(age))).outcome.value == "pass"


@pytest.mark.parametrize(
    ("age", "name"), [("05:10", "lpar7"), (AGE, "lpar8"), (AGE, "lpar70"), ("2-00:00:00", "lpar7")]
)
def test_near_miss_a_nim_command_for_another_client_or_of_another_time(age, name):
    assert result_of(CHECK, client(), master(NIM.format(age, name))).outcome.value == "pass"


def test_near_miss_the_daemon_itself_is_never_named():
    found = result_of(CHECK, client(elapsed=AGE))
    assert found.outcome.value == "pass"


def test_several_of_one_time_are_only_possible():
    twice = CHILD.format(AGE) + CHILD.format("23:48:30").replace("9306482", "9306484")
    found = result_of(CHECK, client(twice))
    assert kind(found) == ("fail", "low", "possible") and "kill 9306482 or 9306484" in found.cure


def test_without_times_it_is_only_possible():
    found = result_of(CHECK, client(ps=FULL))
    assert kind(found) == ("fail", "low", "possible") and "since Mar 14 local time" in found.message
    undated = result_of(CHECK, client(CHILD.format(AGE), dated=False))
    assert kind(undated) == ("fail", "low", "possible") and "for 23 h 48 min" in undated.message


def test_a_child_whose_nimsh_was_stopped_is_found_and_may_be_a_nimsh_that_somebody_started():
    orphan = client(CHILD.replace("7799162", "      1").format(AGE))
    for found in (result_of(CHECK, orphan), result_of(CHECK, without_daemon())):
        assert kind(found) == ("fail", "low", "possible") and found.objects == ("client 9306482",)


def test_unknown_without_ps():
    found = result_of(CHECK, client(ps=""))
    assert kind(found) == ("unknown", "low", None) and found.missing[0] == PS


def test_not_applicable_without_a_push_that_loaded_certificates():
    assert result_of(CHECK, client(log=plain_push(PUSH))).outcome.value == "not-applicable"
    assert result_of(CHECK, client(CHILD.format(AGE), elapsed="01:00:00")).outcome.value == "not-applicable"


@settings(deadline=None)
@given(st.integers(0, 400_000), st.sampled_from(["lpar7", "lpar8", "x"]))
def test_whatever_the_age_only_what_fits_is_named(seconds, name):
    days, rest = divmod(seconds, 86400)
    age = f"{days}-{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    found = result_of(CHECK, client(CHILD.format(age)), master(NIM.format(age, name)))
    fits = abs(seconds - 85696) <= 120, abs(seconds - 85696) <= 900 and name == "lpar7"
    assert (found.outcome.value == "fail") == any(fits)
    assert set(found.objects) == {
        one for one, does in zip(("client 9306482", "master 9437574"), fits) if does and any(fits)
    }
