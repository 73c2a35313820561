"""nimesis-inactive: what SRC says of nimesis on the master."""

from hosts import evidence, listening, result_of, subsystems

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


def test_fails_for_the_master_of_a_client_that_was_given():
    found = result_of(CHECK, host(subsystems("nimsh nimclient active"), name="lpar7", role="client"), host(STOPPED))
    assert (found.outcome.value, found.where.value, found.host) == ("fail", "master", "nim1")


def test_a_listener_on_its_port_speaks_against_it():
    found = judge(STOPPED, listening(22, 1058))
    assert (found.outcome.value, found.confidence.value) == ("fail", "likely")
    assert [(quote.source, quote.line) for quote in found.against] == [("netstat -an", 4)]
    assert "startsrc" not in found.run
