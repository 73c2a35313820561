"""services-missing: the names that a push and a pull find their ports by."""

import pytest
from hosts import evidence, filesets, listening, loose, niminfo, quoted, result_of, results_of, subsystems

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


@pytest.mark.parametrize(
    ("lssrc", "netstat", "missing"), [(None, SERVED, ("lssrc -a",)), (RUNS, None, ("netstat -an",))]
)
def test_fails_medium_where_it_is_not_known_whether_nimsh_listens(lssrc, netstat, missing):
    found = judge(without("nimsh"), lssrc, netstat)
    assert (found.severity.value, found.missing) == ("medium", missing)


def test_fails_medium_when_only_the_way_back_of_stderr_has_no_name():
    found = judge(without("nimaux"), STOPPED, UNSERVED)
    assert (found.severity.value, found.objects, found.causes) == ("medium", ("nimaux",), ())


def test_fails_for_a_row_that_is_commented_out_and_shows_it():
    found = judge(WHOLE.replace("nimsh   ", "#nimsh  "))
    assert ("/etc/services", 3, "#nimsh           3901/tcp         # NIM Service Handler") in quoted(found)
    assert "commented out" in found.message


def test_a_port_that_has_another_name_is_shown_and_not_given_a_second_one():
    found = judge(without("nimsh") + "sapmsPRD 3901/tcp # SAP\n")
    assert (found.outcome.value, found.fix) == ("fail", None)
    assert ("/etc/services", 6, "sapmsPRD 3901/tcp # SAP") in quoted(found)
    assert judge(without("nimsh", "nimaux") + "sapmsPRD 3901/tcp\n").fix == "add-services", "nimaux can be added"


@pytest.mark.parametrize(("theirs", "severity"), [(3901, "high"), (3999, "low"), (None, "medium")])
def test_fails_when_nimsh_has_another_port_by_what_the_other_end_says(theirs, severity):
    moved = WHOLE.replace("3901/tcp", "3999/tcp")
    master = None
    if theirs:
        other = WHOLE.replace("3901/tcp", f"{theirs}/tcp")
        master = host(other, info="export NIM_CONFIGURATION=master\n", name="nim1", role="master")
    found = result_of(CHECK, host(moved), master, where="client")
    assert (found.outcome.value, found.severity.value, found.fix) == ("fail", severity, None)
    assert quoted(found)[0] == ("/etc/services", 3, "nimsh            3999/tcp         # NIM Service Handler")
    assert found.confidence.value == ("likely" if theirs else "possible")


def test_near_miss_the_masters_right_row_is_not_blamed_for_the_clients_odd_one():
    master = host(WHOLE, info="export NIM_CONFIGURATION=master\n", name="nim1", role="master")
    found = result_of(CHECK, host(WHOLE.replace("3901/tcp", "3999/tcp")), master, where="master")
    assert found.outcome.value == "pass"


def test_fails_for_udp_alone_which_is_a_persons_matter():
    found = judge(WHOLE.replace("3901/tcp", "3901/udp"), STOPPED, UNSERVED)
    assert (found.severity.value, found.fix, found.objects) == ("high", None, ("nimsh",))


def test_near_miss_udp_beside_tcp_is_how_the_ports_are_registered():
    assert judge(WHOLE + "nimsh 3901/udp\nnimaux 3902/udp\n").outcome.value == "pass"


@pytest.mark.parametrize(
    ("services", "info", "objects", "fix"),
    [
        (without("nim"), niminfo(), ("nim",), "add-services"),
        (without("nim", "nimreg"), niminfo(), ("nim", "nimreg"), "add-services"),
        (WHOLE, niminfo(NIM_MASTER_PORT="2058"), ("nim",), None),
        (WHOLE.replace("1059", "2059"), niminfo(NIM_REGISTRATION_PORT="1059"), ("nimreg",), None),
    ],
)
def test_fails_low_for_the_ports_of_a_pull(services, info, objects, fix):
    found = judge(services, info=info)
    assert (found.outcome.value, found.severity.value, found.objects, found.fix) == ("fail", "low", objects, fix)


def test_fails_apart_for_push_and_pull():
    found = results_of(CHECK, host(without("nimaux", "nim")))
    assert sorted((one.severity.value, one.objects) for one in found) == [("low", ("nim",)), ("medium", ("nimaux",))]


def test_passes_with_all_rows_and_quotes_them():
    found = judge(WHOLE)
    assert found.outcome.value == "pass"
    assert [line for _, line, _ in quoted(found)] == [3, 4, 5, 6]


def test_passes_where_nimesis_has_other_ports_that_agree():
    info = niminfo(NIM_MASTER_PORT="2058")
    assert judge(WHOLE.replace("1058", "2058"), info=info).outcome.value == "pass"


def test_passes_by_an_alias():
    assert judge(WHOLE.replace("nimsh    ", "nimd     ").replace("# NIM", "nimsh # NIM")).outcome.value == "pass"


def test_near_miss_a_second_name_of_the_port_is_a_note():
    found = judge(WHOLE + "sapmsPRD 3901/tcp\n")
    assert (found.outcome.value, found.severity.value) == ("pass", "info")
    assert quoted(found) == [("/etc/services", 7, "sapmsPRD 3901/tcp")]


def test_near_miss_another_name_that_begins_alike_is_no_row():
    assert judge(WHOLE.replace("nimsh  ", "nimshx ")).outcome.value == "fail"


def test_unknown_and_low_without_niminfo():
    found = judge(WHOLE, info=None)
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", "low", ("/etc/niminfo",))


def test_a_row_missing_is_found_without_niminfo_too():
    assert judge(without("nimsh"), info=None).outcome.value == "fail"


def test_unknown_without_the_file():
    assert judge(None).missing == ("/etc/services",)


def test_unknown_where_only_some_lines_were_shown():
    shown = "root@lpar7# grep nim /etc/services\nnim              1058/tcp\nnimaux 3902/tcp\nnimreg 1059/tcp\n"
    found = result_of(CHECK, loose({"mail.txt": shown}))
    assert (found.outcome.value, found.missing) == ("unknown", ("/etc/services",))
    assert "nimsh" in found.message


def test_a_row_among_those_shown_can_be_wrong():
    shown = "root@lpar7# grep -w nim /etc/services\n" + WHOLE.replace("3901/tcp", "3901/udp")
    assert result_of(CHECK, loose({"mail.txt": shown})).outcome.value == "fail"


def test_not_applicable_without_the_client_fileset():
    assert judge(without("nimsh"), lslpp=filesets("bos.rte 7.1.4.35")).outcome.value == "not-applicable"


def test_near_miss_a_host_of_which_nothing_says_that_it_is_in_nim():
    found = judge("ftp 21/tcp\n", lssrc=None, info=None)
    assert (found.outcome.value, found.missing) == ("unknown", ("/etc/niminfo", "lssrc -a"))
    assert judge("ftp 21/tcp\n", lssrc=None, info=None, lslpp=filesets("bos.sysmgt.nim.client 7.1.4.35")).fix
