"""port-taken: something listens on 3901 while SRC says that nimsh is down."""

import pytest
from hosts import PS, evidence, listening, processes, quoted, result_of, scan_hosts, subsystems

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


@pytest.mark.parametrize("parent", [1, 7012345])
def test_near_miss_a_nimsh_past_src_is_no_other_program(parent):
    stray = f" 7799162  {parent:7} 02:10 /usr/sbin/nimsh -s -c\n"
    found = judge(ps=processes(None, children=stray))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "likely")
    assert "other than" not in found.message and "7799162" in found.message
    assert found.run == "ps -fp 7799162"


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
