"""client-certificate-missing: crypto on, and nothing below /ssl_nimsh/certs."""

from hosts import PS, evidence, niminfo, processes, quoted, result_of

CHECK = "client-certificate-missing"
SERVER = "/ssl_nimsh/certs/server.pem"
EMPTY = {"/ssl_nimsh/certs": {"kind": "dir", "mode": "0755", "mtime": 1700000000}}


def client(paths=EMPTY, nimsh="-s -c", files=None, **commands):
    if nimsh is not None:
        commands[PS] = processes(nimsh)
    return evidence(files={"/etc/niminfo": niminfo(), **(files or {})}, paths=paths, commands=commands)


def test_passes_when_one_is_there(certificates):
    found = result_of(CHECK, client(files={SERVER: certificates("plain").pem}))
    assert found.outcome.value == "pass" and "server.pem" in quoted(found)[0][0]
