"""master-id-changed: NIM_MASTERID against the master's own machine id."""

from datetime import datetime, timedelta

from hosts import (
    LOCAL,
    LOG,
    MASTER_STANZA,
    UTC,
    connection,
    evidence,
    machine,
    niminfo,
    result_of,
    service_start,
    stamped,
)

from nimdoctor.model import Push

CHECK = "master-id-changed"
ID, OTHER = "00F6A1B14C00", "00F6A1B94C00"
LSNIM = MASTER_STANZA + machine()


def master(own=ID, lsnim=LSNIM, name="nim1"):
    given = {"uname -m": own and own + "\n", "lsnim -l": lsnim, "hostname": name and name + "\n"}
    return evidence(commands={key: text for key, text in given.items() if text}, host="nim1", role="master")


def judge(*given):
    return result_of(CHECK, *given)


# -- what nimsh.log says of its own refusal

PUSH = datetime(2025, 3, 14, 12, 5, 4)


def refusal(passed=OTHER, kept=ID, when=PUSH, master=None):
    """A push that nimsh refused for an id."""
    named = stamped(when, f"success: we got 5th write Master hostname is {master}") if master else ""
    said = stamped(when, f"error: remote value passed, '{passed}', does not match environment value '{kept}'")
    return connection(when) + named + said


def logged(log, **more):
    files = {"/etc/niminfo": niminfo(NIM_MASTERID=ID), LOG: log}
    commands = {"uname -m": "00F6A1B24C00\n", UTC: "2025-03-15T09:53:20Z\n", LOCAL: "2025-03-15T11:53:20\n"}
    return evidence(files=files, commands={**commands, **more.pop("commands", {})}, **more)


def test_unknown_when_nimsh_was_started_since():
    found = judge(logged(refusal() + service_start(PUSH + timedelta(hours=1))))
    assert found.outcome.value == "unknown"
    assert "not tried since nimsh was started" in found.message and found.settled_by == Push("lpar7")
