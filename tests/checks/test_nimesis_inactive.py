"""nimesis-inactive: what SRC says of nimesis on the master."""

import pytest
from hosts import evidence, filesets, listening, loose, quoted, result_of, subsystems

CHECK = "nimesis-inactive"
RUNS = subsystems("inetd tcpip active", "nimesis nim active")
STOPPED = subsystems("inetd tcpip active", "nimesis nim inoperative")


def host(lssrc=RUNS, netstat=None, lslpp=None, niminfo=None, command="lssrc -a", name="nim1", role="master"):
    given = {command: lssrc, "netstat -an": netstat, "lslpp -lc": lslpp}
    return evidence(
        commands={line: text for line, text in given.items() if text is not None},
        files={"/etc/niminfo": niminfo} if niminfo else {},
        host=name,
        role=role,
    )


def judge(*args, **more):
    return result_of(CHECK, host(*args, **more))


def test_fails_when_src_says_inoperative():
    found = judge(STOPPED, listening(22, 3901))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "certain")
    assert (found.fix, found.where.value) == ("start-nimesis", "master")
    assert quoted(found) == [("lssrc -a", 3, " nimesis          nim                           inoperative")]


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("lssrc -a", subsystems("inetd tcpip active")),
        ("lssrc -s nimesis", "0513-085 The nimesis Subsystem is not on file.\n"),
    ],
)
def test_fails_when_src_does_not_know_nimesis(command, output):
    found = judge(output, command=command)
    assert (found.outcome.value, found.fix, found.run) == ("fail", None, "smitty nimconfig")


def test_fails_for_the_master_of_a_client_that_was_given():
    found = result_of(CHECK, host(subsystems("nimsh nimclient active"), name="lpar7", role="client"), host(STOPPED))
    assert (found.outcome.value, found.where.value, found.host) == ("fail", "master", "nim1")


def test_a_listener_on_its_port_speaks_against_it():
    found = judge(STOPPED, listening(22, 1058))
    assert (found.outcome.value, found.confidence.value) == ("fail", "likely")
    assert [(quote.source, quote.line) for quote in found.against] == [("netstat -an", 4)]
    assert "startsrc" not in found.run


def test_near_miss_the_port_is_that_of_niminfo():
    info = "export NIM_CONFIGURATION=master\nexport NIM_MASTER_PORT=2058\n"
    assert judge(STOPPED, listening(22, 1058), niminfo=info).confidence.value == "certain"
    assert judge(STOPPED, listening(22, 2058), niminfo=info).confidence.value == "likely"


@pytest.mark.parametrize("said", ["", "none", "99999", "-1"])
def test_near_miss_a_port_in_niminfo_that_is_none_counts_as_the_usual_one(said):
    info = f"export NIM_CONFIGURATION=master\nexport NIM_MASTER_PORT={said}\n"
    assert judge(STOPPED, listening(22, 1058), niminfo=info).confidence.value == "likely"


def test_passes_when_active():
    found = judge(RUNS)
    assert found.outcome.value == "pass"
    assert quoted(found) == [("lssrc -a", 3, " nimesis          nim              7799162      active")]


def test_near_miss_another_status_with_a_pid_is_another_language():
    assert judge(RUNS.replace("active", "actif")).outcome.value == "pass"


def test_not_applicable_without_the_master_fileset():
    assert judge(STOPPED, lslpp=filesets("bos.rte 7.1.4.35")).outcome.value == "not-applicable"


def test_not_applicable_on_a_client_whose_master_was_not_given():
    lone = host(subsystems("nimsh nimclient active"), name="lpar7", role="client")
    assert result_of(CHECK, lone).outcome.value == "not-applicable"


@pytest.mark.parametrize("output", ["", "ksh: lssrc:  not found.\n"])
def test_unknown_when_src_could_not_be_asked(output):
    found = judge(output)
    assert (found.outcome.value, found.missing) == ("unknown", ("lssrc -a",))


def test_unknown_when_only_another_subsystem_was_asked_for():
    assert judge(subsystems("sshd ssh active"), command="lssrc -s sshd").outcome.value == "unknown"


def test_a_loose_listing_of_the_master_is_enough():
    found = result_of(CHECK, loose({"lssrc.txt": STOPPED}))
    assert found.outcome.value == "fail"
