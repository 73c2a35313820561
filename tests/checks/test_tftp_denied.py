"""tftp-denied: what /etc/tftpaccess.ctl says of the certificate, whether it binds tftpd, and whether anybody needs it."""

import pytest
from hosts import MASTER_STANZA, certificate, evidence, loose, machine, niminfo, processes, quoted, result_of

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


def test_fails_when_no_allow_covers_the_certificate():
    found = judge()
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert (found.fix, found.objects) == ("allow-tftp", (PEM,))
    assert found.message.startswith(f"no allow: line of {ACCESS} covers {PEM}")
    assert quoted(found)[0] == (ACCESS, 2, "allow:/tftpboot") and quoted(found)[1][0] == ACCESS
    assert f"allow:{PEM}" in found.cure


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        (f"allow:/\ndeny:{PEM}\n", 2),
        ("deny:/ssl_nimsh\nallow:/ssl_nimsh/certs\n", 1),
        ("deny:/\nallow:/\n", 1),
    ],
)
def test_fails_when_a_deny_wins_and_leaves_it_to_a_person(rules, line):
    found = judge(rules=rules)
    assert (found.outcome.value, found.fix) == ("fail", None)
    assert found.message.startswith(f"line {line} of {ACCESS} denies {PEM}")
    assert quoted(found) == [(ACCESS, line, rules.splitlines()[line - 1])]
    assert "a person wrote it" in found.cure


def test_fails_when_the_file_holds_no_rule_at_all():
    found = judge(rules="# nothing yet\n")
    assert (found.outcome.value, found.fix) == ("fail", "allow-tftp")
    assert quoted(found)[0][0] == ACCESS


def test_fails_for_each_certificate_where_none_has_the_known_name():
    found = judge(rules=f"allow:{CLIENT_PEM}\n", pems=(CLIENT_PEM, "/ssl_nimsh/certs/nim.pem"))
    assert (found.outcome.value, found.objects) == ("fail", ("/ssl_nimsh/certs/nim.pem",))


@pytest.mark.parametrize(
    ("changes", "missing"),
    [({"state": None}, (ACCESS,)), ({"pems": ()}, ("/ssl_nimsh/certs/*",))],
    ids=["mode", "names of certificates"],
)
def test_fails_as_possible_where_something_is_assumed(changes, missing):
    found = judge(**changes)
    assert (found.outcome.value, found.confidence.value, found.missing) == ("fail", "possible", missing)


def test_fails_on_a_loose_file_alone():
    found = result_of(CHECK, loose({"tftpaccess.ctl": BOOTS}))
    assert (found.outcome.value, found.confidence.value) == ("fail", "possible")


@pytest.mark.parametrize(
    ("stanzas", "severity"),
    [(SECURE, "low"), (WAITING, "high"), (SECURE + machine("old01", "shell"), "high"), (None, "high")],
    ids=["all secure", "one is plain nimsh", "one is by rsh", "not known"],
)
def test_severity_is_high_while_a_client_must_fetch_and_else_low(stanzas, severity):
    assert judge(lsnim=stanzas).severity.value == severity


def test_severity_is_high_when_a_cure_of_the_same_scan_fetches():
    bad = {"/usr/lib/libssl.so.0.9.8": {"mode": "0755", "size": 1, "mtime": 1}}
    ar = "rwxr-xr-x     0/0     512318 Mar 14 04:41 2019 libssl.so.0.9.8\n"
    client = evidence(files={"/etc/niminfo": niminfo()}, commands={"ar -X32_64 -tv /usr/lib/libssl.a": ar}, paths=bad)
    found = result_of(CHECK, client, master(lsnim=SECURE), where="master")
    assert (found.severity.value, "a cure of this scan" in found.message) == ("high", True)


# -- healthy


@pytest.mark.parametrize("rule", [PEM, "/ssl_nimsh/certs", "/ssl_nimsh/", "/"])
def test_passes_when_an_allow_covers_it(rule):
    found = judge(rules=BOOTS + f"allow:{rule}\n")
    assert (found.outcome.value, quoted(found)) == ("pass", [(ACCESS, 3, f"allow:{rule}")])


def test_passes_without_the_file():
    found = judge(rules=None)
    assert found.outcome.value == "pass" and "it does not exist" in found.message
    assert quoted(found) == [(ACCESS, None, "does not exist")]


@pytest.mark.parametrize("rules", [BOOTS, "deny:/\n"])
def test_near_miss_rules_that_nobody_cannot_read_do_not_bind(rules):
    found = judge(rules=rules, state={**PLAIN, "mode": "0640"})
    assert found.outcome.value == "pass" and "nobody cannot read it" in found.message


def test_near_miss_a_deny_beside_the_certificate():
    assert judge(rules="allow:/ssl_nimsh\ndeny:/ssl_nimsh/keys\ndeny:/ssl_nimsh/certs/server\n").outcome.value == "pass"


def test_passes_at_generation_g2_and_says_why():
    found = judge(level="7200-05-13-2620")
    assert (found.outcome.value, "G2" in found.message) == ("pass", True)


def test_at_a_level_that_may_be_g2_it_is_advice():
    found = judge(level="7200-05-03-2148")
    assert (found.outcome.value, found.fix, found.run) == ("fail", None, None)
    assert "7251173" in found.cure


# -- not known


def test_unknown_when_the_line_has_blanks_where_the_page_shows_none():
    found = judge(rules=f"allow: {PEM}\n")
    assert (found.outcome.value, quoted(found)) == ("unknown", [(ACCESS, 1, f"allow: {PEM}")])
    assert f"allow:{PEM}" in found.message


@pytest.mark.parametrize(("stanzas", "severity"), [(WAITING, "high"), (SECURE, "low")])
def test_unknown_when_the_file_was_not_collected_as_severe_as_somebody_needs_it(stanzas, severity):
    found = judge(rules="", lsnim=stanzas)
    assert (found.outcome.value, found.missing, found.severity.value) == ("unknown", (ACCESS,), severity)


def test_not_applicable_on_a_client_alone():
    client = evidence(
        files={"/etc/niminfo": niminfo(), ACCESS: BOOTS}, commands={"ps -eo pid,ppid,etime,args": processes()}
    )
    assert result_of(CHECK, client).outcome.value == "not-applicable"
