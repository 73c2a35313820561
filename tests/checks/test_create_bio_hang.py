"""create-bio-hang: when a log shows a push that hangs in TLS, how sure that is, and what cures it."""

from datetime import datetime, timedelta, timezone

import pytest
from effort import examples
from hosts import (
    FIXTURES,
    HISTORY,
    LOCAL,
    LOG,
    MASTER_STANZA,
    PS,
    REST,
    UTC,
    certificate,
    evidence,
    installed,
    listening,
    loose,
    machine,
    niminfo,
    processes,
    query,
    quoted,
    result_of,
    scan_hosts,
    service_start,
    stamped,
    tls_push,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.model import Push

CHECK = "create-bio-hang"
NOW = datetime(2025, 3, 15, 9, 53, 20)
"""When the evidence was taken, UTC; the host's zone is two hours east."""
ZONE = timedelta(hours=2)
PUSH = datetime(2025, 3, 14, 12, 5, 4)
HANG = tls_push(PUSH, end="")
OLD = ["openssl.base 1.0.2.1800 11/05/24 14;20;11", "bos.sysmgt.nim.client 7.1.4.35 01/15/25 18;02;31"]
CERT, LIBRARY = "/ssl_nimsh/certs/server.pem", "/usr/lib/libssl.so.0.9.8"
LONG_AGO = datetime(2024, 11, 20, 8, 14, 43)


PS_NOW = processes()
HISTORY_NOW = installed(*OLD)
CERTIFICATE = certificate(1)
MASTER_HISTORY = installed(
    "openssl.base 1.0.2.2002 03/12/25 22;10;26", "bos.sysmgt.nim.master 7.1.4.35 11/04/24 14;05;52"
)
STANZAS = MASTER_STANZA + machine() + machine("lpar8") + machine("lpar9")


def seconds(moment):
    return int(moment.replace(tzinfo=timezone.utc).timestamp())


def written(log):
    """The UTC time of the log's last line, as its time of change."""
    last = [line for line in log.splitlines() if line.strip()][-1]
    return seconds(datetime.strptime(" ".join(last.split()[1:5]), "%b %d %H:%M:%S %Y") - ZONE)


def client(
    log,
    mtime="by the last line",
    ps=PS_NOW,
    history=HISTORY_NOW,
    certificate_written=LONG_AGO,
    library_written=LONG_AGO,
    own=CERTIFICATE,
    without=(),
    **more,
):
    commands = {
        UTC: f"{NOW:%Y-%m-%dT%H:%M:%SZ}\n",
        LOCAL: f"{NOW + ZONE:%Y-%m-%dT%H:%M:%S}\n",
        PS: ps,
        HISTORY: history,
        "netstat -an": listening(3901),
        "lssrc -S -s nimsh": "nimsh::-s -c:/usr/sbin/nimsh:0:0:/dev/null\n",
        **more.pop("commands", {}),
    }
    paths = {
        CERT: {"mode": "0600", "mtime": seconds(certificate_written)},
        LIBRARY: {"mode": "0755", "mtime": seconds(library_written), "size": 512318},
    }
    changed = written(log) if mtime == "by the last line" else mtime
    if changed is not None:
        paths[LOG] = {"mode": "0644", "mtime": changed}
    files = {LOG: log, "/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 10.1.1.10:nim1 "')}
    files.update(more.pop("files", {}))
    if own:
        files[CERT] = own
    else:
        del paths[CERT]
        paths["/ssl_nimsh/certs"] = None
    commands = {name: output for name, output in commands.items() if name not in without and output is not None}
    return evidence(files=files, commands=commands, paths=paths, **more)


def master(
    *,
    own=CERTIFICATE,
    made=LONG_AGO,
    history=MASTER_HISTORY,
    stanzas=STANZAS,
    level="7100-04-08-1914",
):
    return evidence(
        files={CERT: own} if own else {},
        commands={
            "lsnim -l": stanzas,
            HISTORY: history,
            "oslevel -s": level,
            UTC: f"{NOW:%Y-%m-%dT%H:%M:%SZ}\n",
            LOCAL: f"{NOW + ZONE:%Y-%m-%dT%H:%M:%S}\n",
        },
        paths={CERT: {"mode": "0644", "mtime": seconds(made)}} if own else {},
        host="nim1",
        role="master",
    )


def judge(log, **changes):
    return result_of(CHECK, client(log, **changes))


def verdict(result):
    return (result.outcome.value, result.confidence.value if result.confidence else None)


# -- the sign


def test_fails_when_the_newest_session_that_loaded_certificates_stops_at_create_bio():
    found = judge(HANG)
    assert verdict(found) == ("fail", "likely")
    assert (found.severity.value, found.where.value, found.host) == ("critical", "client", "lpar7")
    assert quoted(found) == [
        (LOG, 5, "Fri Mar 14 12:05:04 2025 Loading certificates.."),
        (LOG, 8, "Fri Mar 14 12:05:04 2025 create BIO"),
    ]
    # from 2025-03-14T10:05:04Z to 2025-03-15T09:53:20Z
    assert "23 h 48 min ago" in found.message
    assert "lpar7 hangs until it is ended by hand" in found.impact


# -- a session speaks only up to its own time


@pytest.mark.parametrize(
    ("changes", "what", "shown"),
    [
        ({"ps": processes(elapsed="01:02:03")}, "nimsh was started", "7799162"),
        ({"certificate_written": NOW - timedelta(hours=1)}, "a certificate was written", "mtime 2025-03-15T08:53:20Z"),
        ({"library_written": NOW - timedelta(hours=1)}, "a library was written", "mtime 2025-03-15T08:53:20Z"),
        (
            {"history": installed(*OLD, "openssl.base 1.0.2.2002 03/14/25 18;00;00")},
            "openssl.base 1.0.2.2002 was installed",
            "03/14/25:18;00;00",
        ),
    ],
    ids=["ps", "certificate", "library", "openssl"],
)
@pytest.mark.parametrize("log", [HANG, tls_push(PUSH)], ids=["hang", "went on"])
def test_unknown_not_tried_since_a_change_after_the_session(log, changes, what, shown):
    found = judge(log, **changes)
    assert (found.outcome.value, found.severity.value) == ("unknown", "critical")
    assert found.message.startswith(f"not tried since {what}")
    assert found.settled_by == Push("lpar7")
    assert any(shown in text for _, _, text in quoted(found))


@pytest.mark.parametrize("gone", [HISTORY, PS])
def test_unknown_rather_than_pass_when_what_would_show_a_later_change_was_not_collected(gone):
    found = judge(tls_push(PUSH), without=[gone], commands=REST)
    assert found.outcome.value == "unknown"
    assert found.missing == (gone,)
    assert found.settled_by == Push("lpar7")


@pytest.mark.parametrize("log", [service_start(PUSH), service_start(PUSH) + query(PUSH + timedelta(hours=1))])
def test_unknown_on_a_freshly_started_log_while_nimsh_runs_with_crypto(log):
    found = judge(log, ps=processes(elapsed="05:00"))
    assert found.outcome.value == "unknown"
    assert found.settled_by == Push("lpar7")


# -- how sure


def connected(foreign):
    row = f"tcp4       0      0  10.1.1.17.3901         {foreign:<22} ESTABLISHED\n"
    return {"netstat -an": listening(3901) + row}


@pytest.mark.parametrize("foreign", ["10.1.1.99.1021", "10.1.1.10.1024", "10.1.1.10.40112", "10.1.1.10.login", "*.*"])
def test_a_connection_from_elsewhere_or_from_a_port_that_anybody_may_have_is_no_witness(foreign):
    found = judge(HANG, commands=connected(foreign))
    assert verdict(found) == ("fail", "likely")
    assert all("ESTABLISHED" not in text for _, _, text in quoted(found))


def interleaved(*, apart=0, later="sending ack to client.."):
    """A second push begins while the first stands at `create BIO`; then one of them goes on, `apart` seconds later."""
    second = PUSH + timedelta(seconds=apart)
    return HANG + tls_push(second, end="") + stamped(second + timedelta(seconds=1), later)


@pytest.mark.parametrize("later", ["sending ack to client..", "command to exec __ /usr/bin/test -f FILE"])
def test_unknown_which_of_two_interleaved_sessions_went_on(later):
    found = judge(interleaved(apart=1, later=later))
    assert found.outcome.value == "unknown" and "which, nobody knows" in found.message
    assert "is history" not in found.message and found.settled_by == Push("lpar7")
    assert [text.split(" ", 5)[-1] for _, _, text in quoted(found)] == ["create BIO", "create BIO", later]


def test_interleaved_sessions_are_not_told_as_no_hang_by_the_check_of_their_processes():
    hung = result_of("hung-push", client(interleaved(apart=1)))
    assert (hung.outcome.value, hung.severity.value) == ("unknown", "low")


SHAPES = {
    "hang": HANG,
    "hang, then query": HANG + query(PUSH + timedelta(hours=2)),
    "went on": tls_push(PUSH),
    "restarted": HANG + service_start(PUSH + timedelta(hours=2)),
    "young": tls_push(NOW + ZONE - timedelta(seconds=30), end=""),
}


def shifted(log, by):
    lines = []
    for line in log.splitlines(keepends=True):
        when = datetime.strptime(" ".join(line.split()[1:5]), "%b %d %H:%M:%S %Y") + by
        lines.append(stamped(when, " ".join(line.split()[5:])))
    return "".join(lines)


@settings(max_examples=examples(60), deadline=None)
@given(quarters=st.integers(-12 * 4, 14 * 4), shape=st.sampled_from(sorted(SHAPES)), local=st.booleans())
def test_a_host_in_any_time_zone_gets_the_same_verdict_and_confidence(quarters, shape, local):
    log = SHAPES[shape]
    here = judge(log)
    offset = timedelta(minutes=15 * quarters)
    move = offset - ZONE
    dates = {LOCAL: f"{NOW + offset:%Y-%m-%dT%H:%M:%S}\n"} if local else {LOCAL: None}
    history = installed(
        *(
            f"{row.rsplit(None, 2)[0]} {datetime.strptime(row.split()[2] + row.split()[3], '%m/%d/%y%H;%M;%S') + move:%m/%d/%y %H;%M;%S}"
            for row in OLD
        )
    )
    there = judge(shifted(log, move), mtime=written(log), commands=dates, history=history)
    assert verdict(there) == verdict(here)


# -- the smallest cure, in the order of FACTS section 6


def cure(own, other):
    found = result_of(CHECK, own, other)
    assert found.outcome.value == "fail"
    return found.fix, found.cure, found.touches


def test_1_the_client_alone_when_both_share_no_certificate():
    fix, words, touches = cure(client(HANG), master(own=certificate(2)))
    assert (fix, touches) == ("refresh-client-certificate", 0)
    assert "shares no certificate with the master" in words


def test_1_the_client_alone_when_it_has_no_certificate():
    fix, words, _ = cure(client(HANG, own=None), master())
    assert fix == "refresh-client-certificate"
    assert "shares no certificate with the master" in words


def test_2_the_client_alone_when_the_masters_newest_certificate_is_later_than_the_hang():
    fix, words, _ = cure(client(HANG), master(made=PUSH - ZONE + timedelta(hours=5)))
    assert fix == "refresh-client-certificate"
    assert "newer than the hang" in words


def test_1_comes_before_2():
    _, words, _ = cure(client(HANG), master(own=certificate(2), made=PUSH - ZONE + timedelta(hours=5)))
    assert "shares no certificate" in words


LATE = datetime(2025, 2, 1, 12, 0, 0)
EARLY_ON_MASTER = installed(
    "openssl.base 1.0.2.1800 11/04/24 14;31;17", "bos.sysmgt.nim.master 7.1.4.35 11/04/24 14;05;52"
)


def test_3_advice_when_they_match_and_are_newer_than_every_installation_on_both_ends():
    fix, words, touches = cure(client(HANG, certificate_written=LATE), master(made=LATE, history=EARLY_ON_MASTER))
    assert (fix, touches) == (None, 0)
    assert "making new ones would not help" in words and "MTU" in words


def test_5_else_the_master_is_recycled_and_the_others_who_lose_push_are_counted():
    fix, words, touches = cure(client(HANG), master())
    assert (fix, touches) == ("recycle-certificates", 2)
    assert "lpar8, lpar9" in words
    assert "lpar7" not in words.split("Note:")[1]
    # the guide's mv moves into an existing ssl_nimsh_old
    assert "new name" in words


def test_5_clients_that_are_not_secure_lose_nothing():
    stanzas = MASTER_STANZA + machine() + machine("lpar8", "nimsh") + machine("old01", "shell")
    fix, words, touches = cure(client(HANG), master(stanzas=stanzas))
    assert (fix, touches) == ("recycle-certificates", 0)
    assert "no other client is secured" in words


def test_a_master_whose_certificates_were_not_collected_leaves_the_cure_at_the_client():
    fix, words, _ = cure(client(HANG), master(own=None))
    assert fix == "refresh-client-certificate"
    assert "not known" in words


def test_the_report_on_a_hang_says_so_first_and_exits_1():
    report = scan_hosts(client(HANG))
    assert report.root().check == CHECK
    assert report.exit_status == 1


def test_near_miss_the_sample_logs_are_judged_by_their_names():
    logs = FIXTURES.parent / "logs"
    told = {
        path.name: result_of(CHECK, loose({"nimsh.log": path.read_bytes()})).outcome.value
        for path in sorted(logs.glob("*.log"))
        if path.stat().st_size
    }
    hangs = {name for name in told if "hang" in name}
    assert {told[name] for name in hangs - {"hang-then-service-handler.log"}} == {"fail"}
    assert told["hang-then-service-handler.log"] == "unknown"
    assert told["recovered.log"] == "pass"
    assert told["plain-only.log"] == "unknown"
    assert told["object-error.log"] == "pass"
