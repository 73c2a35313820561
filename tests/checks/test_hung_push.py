"""hung-push: which processes belong to the push that hangs."""

from datetime import datetime, timedelta, timezone

from hosts import (
    LOCAL,
    LOG,
    MASTER_STANZA,
    PS,
    UTC,
    evidence,
    machine,
    niminfo,
    processes,
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


def master(rows="", now=NOW, ps=True):
    commands = {UTC: f"{now:%Y-%m-%dT%H:%M:%SZ}", "lsnim -l": MASTER_STANZA + machine() + machine("lpar8")}
    if ps:
        commands[PS] = processes(children=rows)
    return evidence(commands=commands, host="nim1", role="master")


def test_create_bio_hang_is_told_as_its_cause():
    report = scan_hosts(client(CHILD.format(AGE)), only=["create-bio-hang", CHECK])
    assert [found.check for found in report.story.findings] == ["create-bio-hang", CHECK]
    assert report.story.causes(report.story.findings[1]) == [(report.story.findings[0], True)]


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
