"""nimsh-inactive: what SRC says, and whether anything listens on 3901."""

import pytest
from hosts import evidence, filesets, listening, quoted, result_of, subsystems

CHECK = "nimsh-inactive"
RUNS = subsystems("syslogd ras active", "nimsh nimclient active")
STOPPED = subsystems("syslogd ras active", "nimsh nimclient inoperative")


def host(lssrc=RUNS, netstat=None, lslpp=None, role="client", command="lssrc -a"):
    given = {command: lssrc, "netstat -an": netstat, "lslpp -lc": lslpp}
    return evidence(commands={name: text for name, text in given.items() if text is not None}, role=role)


def judge(*args, **more):
    return result_of(CHECK, host(*args, **more))


@pytest.mark.parametrize("role", ["client", "master"])
def test_fails_when_src_says_inoperative(role):
    found = judge(STOPPED, role=role)
    assert (found.outcome.value, found.severity.value, found.where.value) == ("fail", "high", role)
    assert found.fix == "start-nimsh"
    assert quoted(found) == [("lssrc -a", 3, " nimsh            nimclient                     inoperative")]


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("lssrc -a", subsystems("syslogd ras active")),
        ("lssrc -s nimsh", "0513-085 The nimsh Subsystem is not on file.\n"),
    ],
)
def test_fails_when_src_does_not_know_nimsh(command, output):
    found = judge(output, command=command)
    assert (found.outcome.value, found.fix) == ("fail", None)
    assert "niminit" in found.cure


def test_fails_when_active_but_nothing_listens_on_3901():
    found = judge(RUNS, listening(22, 1058))
    assert (found.outcome.value, found.confidence.value) == ("fail", "likely")
    assert [source for source, _, _ in quoted(found)] == ["lssrc -a", "netstat -an"]


def test_near_miss_a_connection_on_3901_is_not_a_listener():
    assert judge(RUNS, listening(22, established=["10.1.1.17.3901"])).outcome.value == "fail"


def test_near_miss_somebody_else_on_3901_does_not_make_an_inoperative_nimsh_active():
    assert judge(STOPPED, listening(3901)).outcome.value == "fail"


def test_passes_when_active_and_listening():
    found = judge(RUNS, listening(22, 3901))
    assert found.outcome.value == "pass"
    assert [(source, line) for source, line, _ in quoted(found)] == [("lssrc -a", 3), ("netstat -an", 4)]


def test_passes_when_listening_where_etc_services_moved_it():
    moved = {"/etc/services": "ssh 22/tcp\nnimsh 3911/tcp\n"}
    given = {"lssrc -a": RUNS, "netstat -an": listening(22, 3911)}
    found = result_of(CHECK, evidence(files=moved, commands=given))
    assert (found.outcome.value, "listens on 3911" in found.message) == ("pass", True)
    gone = result_of(CHECK, evidence(files=moved, commands={**given, "netstat -an": listening(22)}))
    assert (gone.outcome.value, "nothing listens on 3911" in gone.message) == ("fail", True)
    # nimsh was not started again since the row was changed
    before = result_of(CHECK, evidence(files=moved, commands={**given, "netstat -an": listening(22, 3901)}))
    assert (before.outcome.value, "listens on 3901" in before.message) == ("pass", True)


def test_passes_on_src_alone_and_says_that_the_listener_is_not_known():
    found = judge(RUNS)
    assert found.outcome.value == "pass"
    assert "whether it listens is not known" in found.message


def test_not_applicable_without_the_client_fileset():
    assert judge(STOPPED, lslpp=filesets("bos.rte 7.1.4.35")).outcome.value == "not-applicable"


def test_near_miss_a_partial_listing_without_the_client_fileset_does_not_excuse_it():
    given = {"lssrc -a": STOPPED, "lslpp -lc openssl.base": filesets("openssl.base 1.0.2.1800")}
    assert result_of(CHECK, evidence(commands=given)).outcome.value == "fail"


@pytest.mark.parametrize("output", ["", "ksh: lssrc:  not found.\n"])
def test_unknown_when_src_could_not_be_asked(output):
    found = judge(output)
    assert (found.outcome.value, found.missing) == ("unknown", ("lssrc -a",))


def test_unknown_when_only_another_subsystem_was_asked_for():
    assert judge(subsystems("sshd ssh active"), command="lssrc -s sshd").outcome.value == "unknown"
