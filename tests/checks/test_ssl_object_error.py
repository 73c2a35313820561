"""ssl-object-error: the message in the newest session or in a recorded push."""

from datetime import datetime, timedelta

import pytest
from hosts import (
    AR_CRYPTO,
    AR_SSL,
    HISTORY,
    LOCAL,
    LOG,
    PS,
    UTC,
    evidence,
    installed,
    members,
    niminfo,
    processes,
    quoted,
    result_of,
    service_start,
    tls_push,
)

from nimdoctor.model import Push

CHECK = "ssl-object-error"
PUSH = datetime(2025, 3, 14, 12, 5, 4)
MESSAGE = "Error connecting to SSL object"
FAILED = tls_push(PUSH, end=MESSAGE)


def client(log=FAILED, ps=None, paths=None, without=(), **commands):
    given = {
        UTC: "2025-03-15T09:53:20Z\n",
        LOCAL: "2025-03-15T11:53:20\n",
        PS: ps or processes(),
        HISTORY: installed("openssl.base 1.0.2.1800 11/05/24 14;20;11"),
        **commands.pop("commands", {}),
    }
    given = {name: output for name, output in given.items() if name not in without}
    changed = {LOG: {"mode": "0644", "mtime": 1741946704}, **(paths or {})}
    files = {"/etc/niminfo": niminfo()}
    if log is not None:
        files[LOG] = log
    return evidence(files=files, commands=given, paths=changed)


def test_the_cure_is_that_of_stale_libraries_when_those_hold_too():
    stale = {"/usr/lib/libssl.so.0.9.8": {"mode": "0755", "size": 494526, "mtime": 1732090481}}
    archives = {AR_SSL: members("libssl.a", 512318), AR_CRYPTO: members("libcrypto.a", 2405971)}
    found = result_of(CHECK, client(paths=stale, commands=archives))
    assert found.fix == "refresh-ssl-libs"
    assert "/usr/lib/libssl.so.0.9.8" in found.cure
    assert ("manifest.json" not in found.cure) and found.references == (
        "isg3T1024615, Known Issues 2",
        "APAR IV58877",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"ps": processes(elapsed="01:02:03")},
        {"log": FAILED + service_start(PUSH + timedelta(hours=2))},
        {"paths": {"/ssl_nimsh/certs/server.pem": {"mode": "0600", "mtime": 1742000000}}},
        {"paths": {"/usr/lib/libssl.so.0.9.8": {"mode": "0755", "mtime": 1742000000, "size": 1}}},
        {"commands": {HISTORY: installed("openssl.base 1.0.2.2002 03/14/25 18;00;00")}},
    ],
    ids=["ps", "log", "certificate", "library", "openssl"],
)
def test_unknown_not_tried_since_a_change_names_the_push_that_settles_it(changes):
    found = result_of(CHECK, client(**changes))
    assert found.outcome.value == "unknown"
    assert found.message.startswith("not tried since")
    assert found.settled_by == Push("lpar7")
    assert quoted(found)[0] == (LOG, 9, f"Fri Mar 14 12:05:05 2025 {MESSAGE}")
