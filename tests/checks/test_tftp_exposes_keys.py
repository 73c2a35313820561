"""tftp-exposes-keys: keys that nobody can read, while tftp is served and no rule keeps them."""

import pytest
from hosts import evidence, result_of

CHECK = "tftp-exposes-keys"
ACCESS, CONF = "/etc/tftpaccess.ctl", "/etc/inetd.conf"
KEYS = "/ssl_nimsh/keys"
KEY = f"{KEYS}/serverkey.pem"
ROW = "tftp    dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n"
SERVED = (
    "Subsystem         Group            PID          Status\n inetd            tcpip            3867068      active\n\n"
    "Service       Command                  Description              Status\n"
    " tftp         /usr/sbin/tftpd          tftpd -n                 active\n"
)
FILE = {"kind": "file", "owner": "root", "group": "system", "size": 1708, "mtime": 1732089934}
DIRECTORY = {"kind": "dir", "owner": "root", "group": "system", "mtime": 1732089936}


def judge(key="0644", directory="0755", rules=None, rules_mode="0644", conf=ROW, served=SERVED, audit="off", paths=()):
    states = {
        "/ssl_nimsh": {**DIRECTORY, "mode": "0755"},
        "/ssl_nimsh/certs/server.pem": {**FILE, "mode": "0644"},
        KEYS: {**DIRECTORY, "mode": directory},
        KEY: {**FILE, "mode": key} if key else FILE,
        ACCESS: {**FILE, "mode": rules_mode} if rules is not None else None,
        **dict(paths),
    }
    files = {CONF: conf, ACCESS: rules}
    commands = {"lssrc -ls inetd": served, "audit query": f"auditing {audit}\n" if audit else ""}
    host = evidence(
        files={path: text for path, text in files.items() if text},
        commands={name: output for name, output in commands.items() if output},
        paths=states,
        host="nim1",
        role="master",
    )
    return result_of(CHECK, host)


@pytest.mark.parametrize(
    "rules",
    [f"allow:/ssl_nimsh\ndeny:{KEYS}\n", "allow:/tftpboot\n", "allow:/ssl_nimsh/certs/server.pem\n", "# none\n"],
)
def test_passes_when_the_rules_keep_them(rules):
    found = judge(rules=rules)
    assert found.outcome.value == "pass" and KEY in found.message
