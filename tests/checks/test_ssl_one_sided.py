"""ssl-one-sided: connect, nimsh's arguments, ssl_support and the log's setting must agree."""

from datetime import datetime, timedelta

import pytest
from hosts import (
    LOCAL,
    LOG,
    MASTER_STANZA,
    PS,
    UTC,
    definition,
    evidence,
    machine,
    niminfo,
    plain_push,
    processes,
    result_of,
    service_start,
)

from nimdoctor.model import Push

CHECK = "ssl-one-sided"
PUSH = datetime(2025, 3, 14, 12, 5, 4)
DEFINITION = "lssrc -S -s nimsh"


def client(nimsh="-s -c", log="", elapsed="23-04:22:10", **more):
    commands = {UTC: "2025-03-15T09:53:20Z\n", LOCAL: "2025-03-15T11:53:20\n"}
    if nimsh is not None:
        commands[PS] = processes(nimsh, elapsed)
    files = {"/etc/niminfo": niminfo()}
    if log:
        files[LOG] = log
    paths = {LOG: {"mode": "0644", "mtime": 1741946704}} if log else {}
    return evidence(files=files, commands={**commands, **more}, paths=paths)


def master(connect, own=MASTER_STANZA):
    return evidence(commands={"lsnim -l": own + machine(connect=connect)}, host="nim1", role="master")


def judge(own, connect, stanza=MASTER_STANZA):
    return result_of(CHECK, own, master(connect, stanza), where="client")


@pytest.mark.parametrize(
    "own",
    [
        client("-s -c", plain_push(PUSH), elapsed="01:02:03"),
        client("-s -c", plain_push(PUSH) + service_start(PUSH + timedelta(hours=1))),
        client("-s -c"),
        client(None, plain_push(PUSH), **{DEFINITION: definition()}),
        client("-s -c", service_start(PUSH)),
    ],
    ids=["started since, by ps", "started since, by the log", "no log", "start not known", "no push in the log"],
)
def test_unknown_when_connect_is_plain_and_may_be_older_than_nimsh(own):
    found = judge(own, "nimsh")
    assert found.outcome.value == "unknown"
    assert found.settled_by == Push("lpar7")
