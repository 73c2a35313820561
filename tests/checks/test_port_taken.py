"""port-taken: something listens on 3901 while SRC says that nimsh is down."""

import pytest
from hosts import PS, evidence, filesets, listening, processes, quoted, result_of, results_of, scan_hosts, subsystems

CHECK = "port-taken"
RUNS, STOPPED = subsystems("nimsh nimclient active"), subsystems("nimsh nimclient inoperative")
SAP = " 8913244        1    18:40:12 /usr/sap/PRD/ASCS01/exe/ms.sapPRD_ASCS01 pf=/x\n"
HELD = listening(22, 3901)
OTHERS = processes(None, children=SAP)


def host(lssrc=STOPPED, netstat=HELD, ps=OTHERS, services=None, lslpp=None, role="client"):
    given = {"lssrc -a": lssrc, "netstat -an": netstat, PS: ps, "lslpp -lc": lslpp}
    return evidence(
        commands={line: text for line, text in given.items() if text is not None},
        files={"/etc/services": services} if services else {},
        role=role,
    )


def judge(*args, **more):
    return result_of(CHECK, host(*args, **more))


@pytest.mark.parametrize("role", ["client", "master"])
def test_fails_when_somebody_else_listens(role):
    found = judge(role=role)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "certain")
    assert (found.fix, found.run, found.where.value) == (None, "netstat -Aan | grep 3901", role)
    assert [(source, line) for source, line, _ in quoted(found)] == [("netstat -an", 4), ("lssrc -a", 2), (PS, 4)]
    assert "rmsock" in found.cure and "rmsock" not in found.run


def test_fails_and_is_the_cause_of_nimsh_inactive_which_calls_for_no_start_by_hand():
    report = scan_hosts(host(), only=[CHECK, "nimsh-inactive"])
    cause, effect = report.story.findings
    assert (cause.check, effect.check) == (CHECK, "nimsh-inactive")
    assert [found.check for found, sure in report.story.causes(effect) if sure] == [CHECK]
    assert (effect.confidence.value, effect.run) == ("likely", None)
    assert [quote.source for quote in effect.against] == ["netstat -an"]


def test_fails_with_the_name_that_the_port_has_there():
    found = judge(services="nimsh 3901/tcp\nsapmsPRD 3901/tcp\n")
    assert ("/etc/services", 2, "sapmsPRD 3901/tcp") in quoted(found)


def test_fails_likely_where_the_processes_are_not_known():
    found = judge(ps=None)
    assert (found.confidence.value, found.missing) == ("likely", (PS,))


def test_fails_possible_where_only_the_loopback_address_is_listened_on():
    assert judge(netstat=HELD.replace("*.3901", "127.0.0.1.3901")).confidence.value == "possible"


@pytest.mark.parametrize("parent", [1, 7012345])
def test_near_miss_a_nimsh_past_src_is_no_other_program(parent):
    stray = f" 7799162  {parent:7} 02:10 /usr/sbin/nimsh -s -c\n"
    found = judge(ps=processes(None, children=stray))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "likely")
    assert "other than" not in found.message and "7799162" in found.message
    assert found.run == "ps -fp 7799162"


@pytest.mark.parametrize("args", ["grep nimsh", "vi /var/adm/ras/nimsh.log", "/usr/sbin/nimshx"])
def test_near_miss_what_only_names_nimsh_is_not_it(args):
    assert judge(ps=processes(None, children=f" 7799162  1 02:10 {args}\n")).severity.value == "high"


def test_near_miss_a_connection_to_the_port_of_another_host_is_no_listener():
    assert judge(netstat=listening(22, established=["10.1.1.17.3901"])).outcome.value == "pass"


@pytest.mark.parametrize("port", [39010, 13901, 3902])
def test_near_miss_other_ports(port):
    assert judge(netstat=listening(22, port)).outcome.value == "pass"


def test_passes_while_nimsh_is_active():
    assert judge(RUNS, ps=processes()).outcome.value == "pass"
    assert judge(RUNS, netstat=None).outcome.value == "pass"


def test_passes_when_nothing_listens():
    found = judge(netstat=listening(22))
    assert (found.outcome.value, [source for source, _, _ in quoted(found)]) == ("pass", ["lssrc -a", "netstat -an"])


@pytest.mark.parametrize(("given", "missing"), [({"lssrc": None}, "lssrc -a"), ({"netstat": None}, "netstat -an")])
def test_unknown_without_src_or_the_sockets(given, missing):
    found = judge(**given)
    assert (found.outcome.value, found.missing) == ("unknown", (missing,))


def test_not_applicable_where_there_is_no_nimsh():
    assert judge(subsystems("syslogd ras active")).outcome.value == "not-applicable"
    assert judge(lslpp=filesets("bos.rte 7.1.4.35")).outcome.value == "not-applicable"


def test_nothing_is_found_of_a_host_whose_nimsh_is_just_down():
    assert [one.outcome.value for one in results_of(CHECK, host(netstat=listening(22), ps=None))] == ["pass"]


STOPPING = (
    "Subsystem         Group            PID          Status\n nimsh            nimclient        7799162      stopping\n"
)


@pytest.mark.parametrize("status", ["stopping", "warned to stop"])
def test_near_miss_a_nimsh_that_src_has_not_ended_yet_holds_its_own_port(status):
    report = scan_hosts(host(STOPPING.replace("stopping", status), ps=processes()), only=[CHECK, "nimsh-inactive"])
    port, down = sorted(report.results, key=lambda found: found.check != CHECK)
    assert port.outcome.value == "pass" and port.evidence[0].source == "lssrc -a"
    assert down.outcome.value == "fail" and "has not ended" in down.message
    # nothing is to be started, and nobody else to be looked for, while its own process is there
    assert (down.fix, down.run) == (None, "lssrc -s nimsh") and "netstat" not in down.cure


def test_fails_on_a_stopped_one_whose_port_another_nimsh_holds():
    assert judge(ps=processes()).outcome.value == "fail"
