"""tftp-exposes-keys: keys that nobody can read, while tftp is served and no rule keeps them."""

import pytest
from hosts import evidence, quoted, result_of

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


def test_fails_without_rules_when_others_can_read_a_key():
    found = judge()
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert (found.fix, found.objects, found.run) == (None, (KEY,), f"chmod 600 {KEY}")
    assert [quote[0] for quote in quoted(found)] == [KEY, ACCESS]
    assert f"there is no {ACCESS}" in found.message and "only a person can write" in found.cure


@pytest.mark.parametrize("rule", ["allow:/", "allow:/ssl_nimsh", f"allow:{KEYS}/", f"allow:{KEY}"])
def test_fails_when_an_allow_covers_the_keys(rule):
    found = judge(rules=rule + "\n")
    assert (found.outcome.value, quoted(found)[-1]) == ("fail", (ACCESS, 1, rule))


def test_fails_when_nobody_cannot_read_the_rules():
    found = judge(rules=f"deny:{KEYS}\n", rules_mode="0600")
    assert found.outcome.value == "fail" and f"nobody cannot read {ACCESS}" in found.message


def test_fails_also_where_the_modes_of_directories_are_not_known():
    assert judge(paths={KEYS: {"kind": "dir"}, "/ssl_nimsh": {"kind": "dir"}}.items()).outcome.value == "fail"


@pytest.mark.parametrize(
    ("key", "directory"),
    [("0600", "0755"), ("0640", "0755"), ("0644", "0750"), ("0644", "0700"), ("0602", "0755")],
)
def test_passes_when_nobody_can_read_no_key(key, directory):
    found = judge(key, directory)
    assert (found.outcome.value, quoted(found)[0][0]) == ("pass", KEY)


@pytest.mark.parametrize(
    "rules",
    [f"allow:/ssl_nimsh\ndeny:{KEYS}\n", "allow:/tftpboot\n", "allow:/ssl_nimsh/certs/server.pem\n", "# none\n"],
)
def test_passes_when_the_rules_keep_them(rules):
    found = judge(rules=rules)
    assert found.outcome.value == "pass" and KEY in found.message


@pytest.mark.parametrize(
    "off",
    [{"conf": "#" + ROW, "served": None}, {"served": SERVED.replace("-n                 active", "-n          inoperative")},
     {"audit": "on"}],
    ids=["row off", "not refreshed", "auditing"],
)  # fmt: skip
def test_near_miss_tftp_serves_nothing_now_and_what_it_would_is_said(off):
    found = judge(**off)
    assert found.outcome.value == "pass" and "once it does, it serves" in found.message and KEY in found.message
    assert found.evidence


def test_unknown_when_it_is_not_known_whether_tftp_is_served():
    found = judge(conf=None, served=None)
    assert (found.outcome.value, found.missing) == ("unknown", (CONF,))


def test_unknown_when_the_rules_or_the_modes_were_not_collected():
    assert judge(paths={ACCESS: FILE}.items()).missing == (ACCESS,)
    assert judge(key=None).missing == (KEY,)
    assert judge(paths={KEYS: {**DIRECTORY, "kind": "link", "mode": "0777"}, KEY: None}.items()).missing == (KEYS,)


def test_not_applicable_where_there_is_no_key():
    assert judge(paths={KEY: None}.items()).outcome.value == "not-applicable"
    assert judge(paths={KEY: None, KEYS: None}.items()).outcome.value == "not-applicable"
