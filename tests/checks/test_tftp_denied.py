"""tftp-denied: what /etc/tftpaccess.ctl says of the certificate, whether it binds tftpd, and whether anybody needs it."""

from hosts import MASTER_STANZA, certificate, evidence, machine, result_of

CHECK = "tftp-denied"
ACCESS = "/etc/tftpaccess.ctl"
PEM = "/ssl_nimsh/certs/server.pem"
CLIENT_PEM = "/ssl_nimsh/certs/client.pem"
BOOTS = "# network boots\nallow:/tftpboot\n"
SECURE = MASTER_STANZA + machine()
WAITING = SECURE + machine("lpar9", "nimsh")
PLAIN = {"kind": "file", "mode": "0644", "owner": "root", "group": "system", "size": 32, "mtime": 1709546400}


def master(rules=BOOTS, state=PLAIN, pems=(PEM,), lsnim=WAITING, level="7100-04-08-1914"):
    files = {path: certificate(number) for number, path in enumerate(pems, 1)}
    if rules:
        files[ACCESS] = rules
    commands = {"lsnim -l": lsnim, "oslevel -s": level}
    return evidence(
        files=files,
        commands={name: output for name, output in commands.items() if output},
        paths={ACCESS: state if rules is not None else None} if state else {},
        host="nim1",
        role="master",
    )


def judge(**changes):
    return result_of(CHECK, master(**changes))


def test_fails_for_each_certificate_where_none_has_the_known_name():
    found = judge(rules=f"allow:{CLIENT_PEM}\n", pems=(CLIENT_PEM, "/ssl_nimsh/certs/nim.pem"))
    assert (found.outcome.value, found.objects) == ("fail", ("/ssl_nimsh/certs/nim.pem",))
