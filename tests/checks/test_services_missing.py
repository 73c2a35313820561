"""services-missing: the names that a push and a pull find their ports by."""

import pytest
from hosts import evidence, listening, niminfo, quoted, result_of, subsystems

CHECK = "services-missing"
INFO = niminfo()
ROWS = {
    "nimsh": "nimsh            3901/tcp         # NIM Service Handler\n",
    "nimaux": "nimaux           3902/tcp\n",
    "nim": "nim              1058/tcp\n",
    "nimreg": "nimreg           1059/tcp\n",
}
WHOLE = "# Network services\nftp 21/tcp\n" + "".join(ROWS.values())
RUNS, STOPPED = subsystems("nimsh nimclient active"), subsystems("nimsh nimclient inoperative")
SERVED, UNSERVED = listening(22, 3901), listening(22)


def without(*names, text=WHOLE):
    for name in names:
        text = text.replace(ROWS[name], "")
    return text


def host(services, lssrc=RUNS, netstat=SERVED, info=INFO, lslpp=None, name="lpar7", role="client"):
    given = {"lssrc -a": lssrc, "netstat -an": netstat, "lslpp -lc": lslpp}
    files = {"/etc/services": services, "/etc/niminfo": info}
    return evidence(
        commands={line: text for line, text in given.items() if text is not None},
        files={path: text for path, text in files.items() if text is not None},
        host=name,
        role=role,
    )


def judge(*args, **more):
    return result_of(CHECK, host(*args, **more))


@pytest.mark.parametrize("role", ["client", "master"])
def test_fails_high_without_a_row_for_nimsh_where_nothing_serves_the_port(role):
    info = niminfo() if role == "client" else "export NIM_CONFIGURATION=master\n"
    found = judge(without("nimsh"), STOPPED, UNSERVED, info, role=role)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert (found.fix, found.where.value, found.objects) == ("add-services", role, ("nimsh",))
    assert quoted(found) == [("/etc/services", None, "")]
    assert found.causes == ("nimsh-inactive",)


def test_fails_medium_while_nimsh_listens_which_speaks_against_it():
    found = judge(without("nimsh", "nimaux"))
    assert (found.severity.value, found.confidence.value) == ("medium", "possible")
    assert [quote.source for quote in found.against] == ["netstat -an"]
    assert found.objects == ("nimsh", "nimaux") and found.causes == ()


def test_fails_medium_when_only_the_way_back_of_stderr_has_no_name():
    found = judge(without("nimaux"), STOPPED, UNSERVED)
    assert (found.severity.value, found.objects, found.causes) == ("medium", ("nimaux",), ())
