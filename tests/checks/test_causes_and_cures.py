"""What a finding says of its cause and its cure: no surer than what it rests on, and never against its own evidence.

Every finding that any test brings about is read as well: see `_causes_and_cures_are_read` in tests/conftest.py.
"""

import re
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hosts import (
    HISTORY,
    LOCAL,
    MASTER_STANZA,
    UTC,
    evidence,
    filesets,
    listening,
    machine,
    members,
    niminfo,
    processes,
    registry,
    result_of,
    results_of,
    scan_hosts,
    subsystems,
    tls_push,
)
from marks import misworded, of_result
from scenarios import ENDS, names, scenario

from nimdoctor.diagnosis.engine import Engine
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Finding, Inferred, Outcome, Role, Severity, check

CHECKS = registry().checks()


# -- no surer than what it rests on


def test_every_check_has_a_mark_for_its_causes_and_its_cures():
    assert all(re.fullmatch("[ABCM] [ABCM]", check.marks) for check in CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_a_check_declares_is_worded_by_its_mark(check):
    assert not misworded(check.id, "cause", check.cause)
    assert not misworded(check.id, "cure", check.cure)


@pytest.mark.parametrize("name", names())
def test_what_is_inferred_is_worded_as_likely_in_every_scenario(name):
    ends = {end: RecordedEvidence(end, scenario(name)[end]) for end in ENDS}
    reports = [scan_hosts(ends["client"], ends["master"]), *(scan_hosts(ends[end]) for end in ENDS)]
    found = [result for report in reports for result in report.with_outcome(Outcome.FAIL)]
    assert found and not list(filter(None, map(of_result, found)))


@pytest.mark.parametrize(
    ("cause", "wrong"),
    [
        ("the clock is wrong", "is no Inferred"),
        (Inferred("the clock is wrong"), "not worded as likely"),
        (Inferred("the clock is likely wrong"), ""),
    ],
)
def test_a_finding_is_read_as_it_is_emitted(cause, wrong):
    def clock_skew():
        yield Finding("differ", cause=cause)

    clock_skew.__module__ = "nimdoctor.checks.clock_skew"
    made = check("clock-skew", title="t", role=Role.CLIENT, severity=Severity.LOW, cure="set it")(clock_skew)
    engine = Engine(Host(evidence(), Catalog()))
    if wrong:
        with pytest.raises(AssertionError, match=wrong):
            engine.ask(made, None)
    else:
        assert engine.ask(made, None)[0].cause == cause


def test_advice_instead_of_a_cure_is_as_sure_as_the_cure():
    made = check("a-b", title="t", role=Role.CLIENT, severity=Severity.LOW, fix="x", classic=True)(
        lambda: iter([Finding("m", cause=Inferred("likely"), cure=Inferred("this should do"))])
    )
    (found,) = Engine(Host(evidence(commands={"oslevel -s": "7200-05-10-2520\n"}), Catalog())).ask(made, None)
    assert found.cure.startswith("advice only") and isinstance(found.cure, Inferred)


# -- never against its own evidence

INETD_CONF = "/etc/inetd.conf"
TFTP = "tftp    dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n"


def tftp_cause(row, inetd="active", served=True):
    services = (
        "Subsystem         Group            PID          Status\n inetd            tcpip            3867068      active\n\n"
        "Service       Command                  Description              Status\n"
    )
    services += " tftp         /usr/sbin/tftpd          tftpd -n                 active\n" if served else ""
    commands = {
        "lssrc -a": subsystems(f"inetd tcpip {inetd}"),
        "lssrc -ls inetd": services,
        "oslevel -s": "7100-04-08-1914\n",
    }
    host = evidence(files={INETD_CONF: row}, commands=commands, host="nim1", role="master")
    return result_of("tftp-disabled", host).cause


def test_hardening_is_named_where_the_row_is_off_and_nowhere_else():
    assert "hardening" in tftp_cause("#" + TFTP, served=False)
    assert tftp_cause(TFTP, inetd="inoperative") == "inetd was likely stopped, or died"
    assert tftp_cause(TFTP, served=False) == "inetd was likely not refreshed since the row was made active"


SSL, AR_SSL = "/usr/lib/libssl.so.0.9.8", "ar -X32_64 -tv /usr/lib/libssl.a"
NOW = datetime(2025, 3, 15, 9, 53, 20)


def stale(*, push=None, openssl="11/05/24"):
    """stale-ssl-libs of a client that was pushed `push` before NOW; the copy is of last year and not its member's size."""
    when = NOW - push if push else None
    log = {"/var/adm/ras/nimsh.log": tls_push(when)} if when else {}
    paths = {SSL: {"kind": "file", "mode": "0755", "size": 494526, "mtime": 1731000000}}
    if when:
        stamp = int((when - datetime(1970, 1, 1)).total_seconds()) + 1
        paths["/var/adm/ras/nimsh.log"] = {"kind": "file", "mode": "0644", "size": 1, "mtime": stamp}
    commands = {
        AR_SSL: members("libssl.a", 512318),
        UTC: f"{NOW:%Y-%m-%dT%H:%M:%SZ}\n",
        LOCAL: f"{NOW:%Y-%m-%dT%H:%M:%S}\n",
        HISTORY: f"#Path:Fileset:Level\n/usr/lib/objrepos:openssl.base:1.0.2.1800::COMMIT:COMPLETE:{openssl}:16;20;11\n",
        "ps -eo pid,ppid,etime,args": processes(),
    }
    return result_of("stale-ssl-libs", evidence(files=log, commands=commands, paths=paths))


def test_pushes_are_not_said_to_fail_after_one_that_went_well():
    found = stale(push=timedelta(days=1))
    assert found.outcome is Outcome.FAIL and "went on with these copies" in found.impact
    assert [quote.source for quote in found.against] == ["/var/adm/ras/nimsh.log"]


def test_a_push_from_before_the_update_says_nothing_of_the_copies():
    for found in (stale(), stale(push=timedelta(days=3), openssl="03/14/25")):
        assert found.impact == "secured pushes likely fail with 'Error connecting to SSL object'" and not found.against


RHOSTS = {"/etc/niminfo": niminfo(), "/.rhosts": "nim1 root\n"}
SHELL = "shell   stream  tcp6    nowait  root    /usr/sbin/rshd   rshd\n"


@pytest.mark.parametrize(
    ("files", "impact"),
    [
        ({INETD_CONF: "#" + SHELL}, "none now: inetd serves no rsh here"),
        ({INETD_CONF: SHELL}, "root on the master can still log in by rsh"),
        ({}, "where rshd answers, root on the master can still log in by rsh"),
        ({INETD_CONF: TFTP}, "where rshd answers"),
    ],
    ids=["off", "on", "not collected", "not in what was collected"],
)
def test_rsh_is_said_to_work_only_where_inetd_serves_it(files, impact):
    assert result_of("rhosts-left-over", evidence(files={**RHOSTS, **files})).impact.startswith(impact)


NIM_CLIENT = "bos.sysmgt.nim.client"
ASKED = "instfix -ik IJ53757 IJ55968 IJ59566"
NONE_FOUND = "".join(f"    There was no data for {apar} in the fix database.\n" for apar in ASKED.split()[2:])


def vulnerable(emgr):
    commands = {"oslevel -s": "7200-05-09-2446\n", "lslpp -lc": filesets(f"{NIM_CLIENT} 7.2.5.203"), "emgr -lv3": emgr}
    return result_of("nim-vulnerable", evidence(commands={**commands, ASKED: NONE_FOUND}))


def test_the_list_of_a_generation_is_no_cause_of_what_came_after_its_cure():
    cured = vulnerable("1    S    IJ55968m0a 11/20/25 10:00:00            NIM\n")
    assert cured.cause == f"{NIM_CLIENT} 7.2.5.203 is from before G3, and its interim fix is of G2"
    assert not any("2025" in cve for cve in cured.objects)
    assert "among the levels listed" in vulnerable("There is no efix data on this system.\n").cause


def test_a_fix_that_is_there_and_not_stable_is_not_said_to_be_missing():
    def cause(row):
        commands = {"lslpp -lc": filesets("openssl.base 3.0.16.1000"), "emgr -lv3": row}
        return result_of("openssl-unsupported", evidence(commands=commands)).cause

    assert cause("1   *Q*   301610mc   05/20/26 10:22:41            OpenSSL\n").endswith(
        "was installed, and is not stable"
    )
    assert cause("There is no efix data on this system.\n").endswith("is not installed")


@pytest.mark.parametrize(
    ("state", "cause"),
    [("B", "likely failed"), ("*Q*", "waits for a reboot"), ("M", "only mounted"), ("U", "took the mounts away")],
)
def test_an_interim_fix_has_the_cause_of_its_own_state(state, cause):
    row = f"1   {state:^5} IJ55968m0a 11/20/25 10:00:00            NIM\n"
    assert cause in result_of("interim-fix-unstable", evidence(commands={"emgr -lv3": row})).cause


@pytest.mark.parametrize(
    ("event", "cause"),
    [("stopped", "a step failed"), ("begin", "likely killed, unless it is still at work"), ("undone", "rollback")],
)
def test_a_run_has_the_cause_of_its_own_state(event, cause):
    journal = '{"event":"start","step":null,"at":"2026-11-24T10:00:00Z","fixes":["enable-tftp"]}\n'
    journal += f'{{"event":"{event}","step":"1-master-edit","at":"2026-11-24T10:00:01Z"}}\n'
    path = "/var/adm/nimdoctor/runs/20261124T100000Z-1a2b/journal.jsonl"
    assert cause in result_of("run-unfinished", evidence(files={path: journal})).cause


def test_a_listener_nobody_looked_at_is_only_likely_another_program():
    def cause(**commands):
        given = {"lssrc -a": subsystems("nimsh nimclient inoperative"), "netstat -an": listening(3901), **commands}
        return result_of("port-taken", evidence(commands=given)).cause

    assert "likely" in cause() and "likely" not in cause(**{"ps -eo pid,ppid,etime,args": processes(None)})


def test_a_message_that_the_file_speaks_against_does_not_say_that_the_file_was_cut():
    whole = niminfo(NIM_MASTER_PORT="1058", NIM_REGISTRATION_PORT="1059", NIM_MASTERID="00F6A1B14C00")
    refused = "0042-137 nimclient: the /etc/niminfo file is missing some required environment variables\n"
    host = evidence(files={"/etc/niminfo": whole}, commands={"nimclient -c": refused})
    found = result_of("niminfo-broken", host)
    assert found.against and "cut" not in found.cause


def test_no_page_of_ibm_is_cited_for_the_row_of_inittab_which_none_shows():
    things = [thing for thing in (*CHECKS, *registry().fixes()) if thing.id in ("nimsh-not-at-boot", "start-at-boot")]
    pages = [Path(sys.modules[thing.function.__module__].__file__).with_suffix(".md") for thing in things]
    assert len(things) == 2
    for text in (*(thing.source for thing in things), *(page.read_text("utf-8") for page in pages)):
        assert "isg3T" not in text and "no page of IBM" in text


# -- cures that AIX takes


def niminit_lines(text):
    return [part for part in text.split("niminit")[1:] if part.lstrip().startswith("-a")]


WRONG_ID = evidence(files={"/etc/niminfo": niminfo(NIM_MASTERID="00F6A1B14C00")})
OTHER_MASTER = evidence(
    commands={"uname -m": "00F6A1B94C00\n", "lsnim -l": MASTER_STANZA + machine()}, host="nim1", role="master"
)
EMPTY = {"files": {"/etc/niminfo": ""}, "commands": {"lssrc -a": subsystems("nimsh nimclient active")}}
LOST = {"files": {"/etc/niminfo": niminfo(master="nim0"), "/etc/hosts": "10.1.1.17 lpar7\n"}}


@pytest.mark.parametrize(
    ("check_id", "hosts"),
    [
        ("master-id-changed", (WRONG_ID, OTHER_MASTER)),
        ("niminfo-broken", (evidence(**EMPTY),)),
        ("niminfo-wrong-master", (evidence(**LOST), OTHER_MASTER)),
    ],
)
def test_niminit_keeps_a_client_on_nimsh_and_a_secured_one_is_secured_again(check_id, hosts):
    (cure,) = {found.cure for found in results_of(check_id, *hosts) if found.outcome is Outcome.FAIL}
    (line,) = niminit_lines(cure)
    assert "-a connect=nimsh" in line and line.count("-a ") <= 5
    assert "nimclient -c" in line


VIOS = {"ioscli ioslevel": "3.1.4.21\n"}
AS_VIOS = MASTER_STANZA + machine(kind="vios", connect="shell")


@pytest.mark.parametrize(
    ("check_id", "hosts"),
    [
        ("master-id-changed", (evidence(files={"/etc/niminfo": niminfo(NIM_MASTERID="00F6A1B14C00")}, commands=VIOS), OTHER_MASTER)),
        ("niminfo-broken", (evidence(files=EMPTY["files"], commands={**EMPTY["commands"], **VIOS}),)),
        ("niminfo-broken", (evidence(**EMPTY), evidence(commands={"lsnim -l": AS_VIOS}, host="nim1", role="master"))),
        ("niminfo-wrong-master", (evidence(**LOST, commands=VIOS), OTHER_MASTER)),
        ("nimsh-inactive", (evidence(commands={"lssrc -a": subsystems("syslogd ras active"), **VIOS}),)),
        ("client-uses-rsh", (evidence(files={"/etc/niminfo": niminfo("shell")}, commands=VIOS),)),
    ],
)  # fmt: skip
def test_a_vios_is_told_remote_management_and_never_niminit(check_id, hosts):
    found = next(
        one for one in results_of(check_id, *hosts) if one.outcome is Outcome.FAIL and one.where is Role.CLIENT
    )
    assert "remote_management [-interface INTERFACE] MASTER" in found.cure
    assert "niminit" not in found.cure and "niminit" not in (found.run or "")
