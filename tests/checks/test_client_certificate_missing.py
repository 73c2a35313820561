"""client-certificate-missing: crypto on, and nothing below /ssl_nimsh/certs."""

from hosts import MASTER_STANZA, PS, evidence, machine, niminfo, processes, quoted, result_of

CHECK = "client-certificate-missing"
SERVER = "/ssl_nimsh/certs/server.pem"
EMPTY = {"/ssl_nimsh/certs": {"kind": "dir", "mode": "0755", "mtime": 1700000000}}
ABSENT = {"/ssl_nimsh": None, "/ssl_nimsh/certs": None}


def client(paths=EMPTY, nimsh="-s -c", files=None, **commands):
    if nimsh is not None:
        commands[PS] = processes(nimsh)
    return evidence(files={"/etc/niminfo": niminfo(), **(files or {})}, paths=paths, commands=commands)


def test_fails_when_nimsh_runs_with_crypto_and_the_directory_is_empty():
    found = result_of(CHECK, client())
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert found.fix == "refresh-client-certificate"
    assert next(source for source, _, _ in quoted(found)) == PS


def test_fails_when_the_directory_is_known_to_be_absent():
    assert result_of(CHECK, client(ABSENT)).outcome.value == "fail"


def test_fails_when_the_master_pushes_secured_though_ps_is_not_there():
    master = evidence(commands={"lsnim -l": MASTER_STANZA + machine()}, role="master", host="nim1")
    found = result_of(CHECK, client(nimsh=None), master)
    assert found.outcome.value == "fail" and "connect is" in found.message


def test_near_miss_a_client_without_crypto_needs_none():
    found = result_of(CHECK, client(ABSENT, "-s"))
    assert found.outcome.value == "not-applicable"


def test_near_miss_a_directory_that_was_not_collected_is_not_empty():
    found = result_of(CHECK, client({}))
    assert found.outcome.value == "unknown" and found.missing == ("/ssl_nimsh/certs/*",)


def test_near_miss_a_file_that_is_there_and_was_not_collected():
    paths = {**EMPTY, SERVER: {"kind": "file", "mode": "0644", "mtime": 1700000000}}
    assert result_of(CHECK, client(paths)).outcome.value == "unknown"


def test_passes_when_one_is_there(certificates):
    found = result_of(CHECK, client(files={SERVER: certificates("plain").pem}))
    assert found.outcome.value == "pass" and "server.pem" in quoted(found)[0][0]


def test_from_g2_on_the_place_of_keys_is_not_public():
    assert result_of(CHECK, client(**{"oslevel -s": "7300-03-03-2630\n"})).outcome.value == "unknown"


def test_how_nimsh_runs_must_be_known():
    assert result_of(CHECK, client(nimsh=None)).outcome.value == "unknown"
