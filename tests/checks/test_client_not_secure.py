"""client-not-secure: plain nimsh under a master with SSL; and how a client is found on its master."""

from datetime import datetime

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
)

from nimdoctor.model import Push

CHECK = "client-not-secure"
PUSH = datetime(2025, 3, 14, 12, 5, 4)
PUSHED = 1741946704


def client(nimsh="-s", files=None, paths=None, **commands):
    dates = {UTC: "2025-03-15T09:53:20Z\n", LOCAL: "2025-03-15T11:53:20\n", PS: processes(nimsh)}
    own = {"/etc/niminfo": niminfo()} if files is None else files
    return evidence(files=own, commands={**dates, **commands}, paths=paths or {})


def master(*stanzas, own=MASTER_STANZA):
    return evidence(commands={"lsnim -l": own + "".join(stanzas)}, host="nim1", role="master")


def pushed(certificate_written):
    """A client with crypto on, a push in its log, and its certificate of that time."""
    state = {"mode": "0600", "size": 1, "mtime": certificate_written}
    files = {"/etc/niminfo": niminfo(), LOG: plain_push(PUSH)}
    paths = {"/ssl_nimsh/certs/server.pem": state, LOG: {"mode": "0644", "mtime": PUSHED}}
    return client("-s -c", files, paths)


def test_unknown_when_nimsh_runs_with_crypto_and_its_certificate_is_newer_than_the_last_push():
    found = result_of(CHECK, pushed(PUSHED + 3600), master(machine(connect="nimsh")), where="client")
    assert found.outcome.value == "unknown"
    assert found.settled_by == Push("lpar7")
    assert (LOG, 5, "Fri Mar 14 12:05:04 2025 sending ack to client..") in quoted(found)
