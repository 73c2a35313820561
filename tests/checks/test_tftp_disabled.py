"""tftp-disabled: the row in inetd.conf, what inetd serves, and whether anybody needs it."""

import pytest
from hosts import (
    MASTER_STANZA,
    NETWORK_AND_RESOURCE,
    REST,
    evidence,
    loose,
    machine,
    niminfo,
    processes,
    quoted,
    result_of,
    subsystems,
)

CHECK = "tftp-disabled"
CONF = "/etc/inetd.conf"
FTP = "ftp     stream  tcp6    nowait  root    /usr/sbin/ftpd   ftpd\n"
ON = "tftp    dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n"
HEADER = "Service       Command                  Description              Status\n"
ACTIVE = " tftp         /usr/sbin/tftpd          tftpd -n                 active\n"
OWN = (
    "Subsystem         Group            PID          Status\n inetd            tcpip            3867068      active\n\n"
)
SERVED = OWN + HEADER + " ftp          /usr/sbin/ftpd           ftpd                     active\n" + ACTIVE
NOT_SERVED = SERVED.replace(ACTIVE, "")
SECURE = MASTER_STANZA + machine() + machine("lpar8")


def master(conf=FTP + ON, served=SERVED, lsnim=SECURE, level="7100-04-08-1914", **commands):
    given = {"lssrc -ls inetd": served, "lsnim -l": lsnim, "oslevel -s": level, **commands.pop("commands", {})}
    given = {name: output for name, output in given.items() if output}
    return evidence(files={CONF: conf} if conf else {}, commands=given, host="nim1", role="master")


def judge(**changes):
    return result_of(CHECK, master(**changes))


@pytest.mark.parametrize("row", ["#" + ON, "# " + ON, "##\t" + ON], ids=["#tftp", "# tftp", "## tftp"])
def test_fails_when_the_row_is_commented_out(row):
    found = judge(conf=FTP + row, served=NOT_SERVED)
    assert (found.outcome.value, found.confidence.value, found.fix) == ("fail", "certain", "enable-tftp")
    assert found.message.startswith("the tftp row is commented out")
    assert quoted(found) == [(CONF, 2, row.rstrip("\n"))]


def test_fails_when_there_is_no_row():
    found = judge(conf=FTP, served=NOT_SERVED)
    assert found.message.startswith("no tftp row in /etc/inetd.conf")
    assert quoted(found) == [(CONF, None, "")]


@pytest.mark.parametrize(
    ("command", "output", "line"),
    [
        ("lssrc -ls inetd", NOT_SERVED, None),
        ("lssrc -t tftp", HEADER + " tftp                                                           inoperative\n", 2),
    ],
)
def test_fails_when_inetd_was_never_refreshed_for_an_active_row(command, output, line):
    found = judge(served=None, commands={command: output})
    assert found.outcome.value == "fail"
    assert "refresh missing" in found.message
    assert quoted(found)[0][:2] == (command, line)
    assert (CONF, 2, ON.rstrip()) in quoted(found)
    assert "compar" in found.cure and "refresh -s inetd" in found.cure


def test_fails_when_lssrc_t_prints_its_header_alone():
    # FACTS: a row that `lssrc -t tftp` does not show active is a missing refresh
    assert judge(served=None, commands={"lssrc -t tftp": HEADER}).outcome.value == "fail"


@pytest.mark.parametrize(
    "commands",
    [
        {"lssrc -a": subsystems("syslogd ras active", "inetd tcpip inoperative")},
        {"lssrc -ls inetd": "0513-036 The request could not be passed to the inetd subsystem.\nStart the subsystem.\n"},
    ],
    ids=["lssrc -a", "lssrc -ls inetd"],
)
def test_fails_when_inetd_is_down(commands):
    found = judge(served=None, commands=commands)
    assert found.outcome.value == "fail"
    assert "inetd is not running" in found.message
    assert found.cure == "startsrc -s inetd"


def test_fails_on_a_loose_inetd_conf_alone():
    found = result_of(CHECK, loose({"inetd.conf": FTP + "#" + ON}))
    assert found.outcome.value == "fail"
    assert quoted(found) == [("inetd.conf", 2, "#" + ON.rstrip())]


# -- how much it matters


@pytest.mark.parametrize(
    ("stanzas", "severity"),
    [
        (SECURE, "low"),
        (MASTER_STANZA + NETWORK_AND_RESOURCE, "low"),
        (SECURE + machine("lpar9", "nimsh"), "high"),
        (SECURE + machine("old01", "shell"), "high"),
        (None, "high"),
    ],
    ids=["all secure", "no client at all", "one is plain nimsh", "one is by rsh", "not known"],
)
def test_severity_is_high_while_a_client_must_fetch_and_else_low(stanzas, severity):
    assert judge(conf=FTP + "#" + ON, served=NOT_SERVED, lsnim=stanzas).severity.value == severity


def test_severity_is_high_when_a_cure_of_the_same_scan_fetches_a_certificate():
    bad = {"/usr/lib/libssl.so.0.9.8": {"mode": "0755", "size": 1, "mtime": 1}}
    ar = "rwxr-xr-x     0/0     512318 Mar 14 04:41 2019 libssl.so.0.9.8\n"
    client = evidence(files={"/etc/niminfo": niminfo()}, commands={"ar -X32_64 -tv /usr/lib/libssl.a": ar}, paths=bad)
    found = result_of(CHECK, client, master(conf=FTP + "#" + ON, served=NOT_SERVED), where="master")
    assert found.severity.value == "high"
    assert "a cure of this scan runs nimclient -c" in found.message


# -- healthy


def test_passes_when_the_row_is_active_and_served():
    found = judge()
    assert found.outcome.value == "pass"
    assert quoted(found) == [(CONF, 2, ON.rstrip()), ("lssrc -ls inetd", 6, ACTIVE.rstrip())]


@pytest.mark.parametrize("protocol", ["udp", "udp6"])
def test_passes_when_either_protocol_has_an_active_row(protocol):
    other = {"udp": "udp6", "udp6": "udp"}[protocol]
    conf = FTP + ON.replace("udp6", protocol) + "#" + ON.replace("udp6", other)
    assert judge(conf=conf).outcome.value == "pass"


def test_near_miss_tftpd_inoperative_in_lssrc_a_is_no_fault():
    idle = {"lssrc -a": subsystems("inetd tcpip active", "tftpd tcpip inoperative")}
    assert judge(commands=idle).outcome.value == "pass"


def test_near_miss_prose_that_mentions_tftp_is_no_row():
    assert judge(conf="# tftp is needed by NIM, see security order 17\n" + ON).outcome.value == "pass"


@pytest.mark.parametrize("level", ["7200-05-13-2620", "7300-02-05-2620"])
def test_passes_at_generation_g2_and_says_why(level):
    found = judge(conf=FTP + "#" + ON, served=NOT_SERVED, level=level)
    assert found.outcome.value == "pass"
    assert "G2" in found.message
    assert quoted(found) == [("oslevel -s", 1, level)]


def test_passes_when_both_ends_are_of_generation_g2():
    client = evidence(files={"/etc/niminfo": niminfo()}, commands={"oslevel -s": "7200-05-13-2620\n"})
    other = master(conf=FTP + "#" + ON, served=NOT_SERVED, level="7200-05-13-2620")
    assert result_of(CHECK, client, other, where="master").outcome.value == "pass"


def test_near_miss_a_master_at_g2_with_a_client_that_is_not_still_needs_tftp_but_only_as_advice():
    client = evidence(files={"/etc/niminfo": niminfo()}, commands={"oslevel -s": "7100-04-08-1914\n"})
    other = master(conf=FTP + "#" + ON, served=NOT_SERVED, level="7200-05-13-2620")
    found = result_of(CHECK, client, other, where="master")
    assert (found.outcome.value, found.fix) == ("fail", None)
    assert "7251173" in found.cure


def test_passes_on_an_active_row_alone_and_says_what_it_rests_on():
    found = judge(served=None)
    assert (found.outcome.value, quoted(found)) == ("pass", [(CONF, 2, ON.rstrip())])
    assert "whether inetd was refreshed since is not known" in found.message


def test_unknown_rather_than_pass_when_a_whole_collection_lacks_what_inetd_serves():
    found = judge(served=None, commands=REST)
    assert (found.outcome.value, found.missing) == ("unknown", ("lssrc -ls inetd",))


def test_unknown_when_neither_file_nor_services_were_collected():
    found = judge(conf=None, served=None)
    assert (found.outcome.value, found.missing) == ("unknown", (CONF,))


def test_not_applicable_on_a_client_alone():
    client = evidence(
        files={CONF: "#" + ON, "/etc/niminfo": niminfo()}, commands={"ps -eo pid,ppid,etime,args": processes()}
    )
    assert result_of(CHECK, client).outcome.value == "not-applicable"
