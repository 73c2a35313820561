"""niminfo-broken: a file that is not there, holds nothing, or does not say who the master is."""

import pytest
from hosts import (
    MASTER_STANZA,
    evidence,
    filesets,
    loose,
    machine,
    quoted,
    result_of,
    results_of,
    service_start,
    subsystems,
)
from hypothesis import given
from hypothesis import strategies as st

CHECK = "niminfo-broken"
WHOLE = {
    "NIM_NAME": "lpar7",
    "NIM_HOSTNAME": "lpar7",
    "NIM_CONFIGURATION": "standalone",
    "NIM_MASTER_HOSTNAME": "nim1",
    "NIM_MASTER_PORT": "1058",
    "NIM_REGISTRATION_PORT": "1059",
    "NIM_SHELL": '"nimsh"',
    "NIM_MASTERID": "00F6A1B14C00",
}
MASTERS = {"NIM_NAME": "master", "NIM_CONFIGURATION": "master", "NIM_MASTER_HOSTNAME": "nim1"}
REFUSED = "0042-137 nimclient: the /etc/niminfo file is missing some required environment variables\n"


def text(without=(), of=WHOLE, **changed):
    values = {**of, **changed}
    return "# NIM\n" + "".join(f"export {key}={value}\n" for key, value in values.items() if key not in without)


def host(niminfo, role="client", commands=None, **more):
    files = {} if niminfo is None else {"/etc/niminfo": niminfo}
    return evidence(files=files, commands=commands or {}, role=role, **more)


def judge(niminfo, **more):
    return result_of(CHECK, host(niminfo, **more))


def kind(found):
    return (found.outcome.value, found.severity.value, found.confidence.value if found.confidence else None, found.fix)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "/etc/niminfo is empty"),
        ("\n\n", "/etc/niminfo is empty"),
        ("# warning\n\0\0\0", "/etc/niminfo holds no NIM variable"),
    ],
)
def test_fails_on_a_file_that_holds_nothing(content, message):
    found = judge(content, commands={"lssrc -a": subsystems("nimsh nimclient active")})
    assert kind(found) == ("fail", "high", "likely", None)
    assert found.message == message and quoted(found) == [("/etc/niminfo", None, "")]
    assert "niminit" in found.cure and found.run == "smitty niminit"
    assert ("nimclient",) in {one.argv for one in found.rules_out}, "it refuses to run"


def test_certain_when_nim_says_so_too():
    found = judge("", commands={"nimclient -l -l master": REFUSED})
    assert kind(found) == ("fail", "high", "certain", None)
    assert quoted(found)[1] == ("nimclient -l -l master", 1, REFUSED.strip())


def test_unknown_when_an_empty_copy_is_all_there_is():
    found = judge("")
    assert (found.outcome.value, found.missing) == ("unknown", ("lslpp -lc", "lssrc -a"))


@pytest.mark.parametrize("lacking", ["NIM_NAME", "NIM_MASTER_HOSTNAME"])
def test_fails_without_who_it_is_or_who_the_master_is(lacking):
    found = judge(text([lacking]))
    assert kind(found) == ("fail", "high", "likely", None)
    assert list(found.objects) == [lacking] and lacking in found.message


def test_fails_on_a_variable_that_is_set_to_nothing():
    assert kind(judge(text(NIM_MASTER_HOSTNAME='""')))[:2] == ("fail", "high")


@pytest.mark.parametrize("lacking", ["NIM_MASTERID", "NIM_MASTER_PORT", "NIM_CONFIGURATION"])
def test_less_sure_where_another_variable_lacks(lacking):
    assert kind(judge(text([lacking]))) == ("fail", "medium", "possible", None)


def test_surer_where_nim_itself_refuses_and_its_line_is_quoted():
    found = judge(text(["NIM_MASTER_PORT"]), commands={"nimclient -l -l master": REFUSED})
    assert kind(found) == ("fail", "high", "likely", None)
    assert quoted(found)[1] == ("nimclient -l -l master", 1, REFUSED.strip())


def test_fails_when_nim_refuses_a_file_in_which_nothing_lacks_and_says_what_speaks_against_it():
    found = judge(text(), commands={"nimclient -c": REFUSED})
    assert kind(found) == ("fail", "high", "possible", None)
    assert [quote.text for quote in found.against] == ["export NIM_NAME=lpar7", "export NIM_MASTER_HOSTNAME=nim1"]


def test_fails_when_the_file_is_gone_from_a_client():
    found = judge(
        None,
        paths={"/etc/niminfo": None},
        commands={
            "lslpp -lc": filesets("bos.sysmgt.nim.client 7.1.4.35"),
            "lssrc -a": subsystems("nimsh nimclient active"),
        },
    )
    assert kind(found) == ("fail", "high", "certain", None)
    assert found.message == "/etc/niminfo does not exist" and "nim -o remove" in found.cause
    assert quoted(found)[1][0] == "lssrc -a"


def test_near_miss_a_host_without_the_client_fileset_needs_no_file():
    found = judge(None, paths={"/etc/niminfo": None}, commands={"lslpp -lc": filesets("bos.rte 7.1.4.35")})
    assert found.outcome.value == "not-applicable"


def test_near_miss_a_host_that_never_was_a_client_needs_no_file():
    commands = {"lslpp -lc": filesets("bos.sysmgt.nim.client 7.1.4.35"), "lssrc -a": subsystems("syslogd ras active")}
    assert judge(None, role=None, paths={"/etc/niminfo": None}, commands=commands).outcome.value == "not-applicable"


def test_near_miss_a_file_that_was_not_collected_is_not_gone():
    found = judge(None)
    assert (found.outcome.value, found.missing) == ("unknown", ("/etc/niminfo",))


def test_near_miss_a_wrapped_value_and_no_line_end_are_whole():
    assert judge(text() + 'export NIM_HOSTS=" 10.1.1.17:lpar7\n  10.1.1.10:nim1 "').outcome.value == "pass"


def test_passes_on_a_whole_file():
    found = judge(text())
    assert found.outcome.value == "pass"
    assert quoted(found) == [
        ("/etc/niminfo", 2, "export NIM_NAME=lpar7"),
        ("/etc/niminfo", 5, "export NIM_MASTER_HOSTNAME=nim1"),
    ]


def test_a_client_by_rsh_whose_file_has_what_niminit_needs_is_set_right_by_the_switch():
    shell = text(["NIM_MASTERID"], NIM_SHELL='"shell"')
    assert judge(shell).fix == "switch-to-nimsh"
    lsnim = evidence(commands={"lsnim -l": MASTER_STANZA + machine(connect="shell")}, host="nim1", role="master")
    assert result_of(CHECK, host(text(["NIM_MASTERID"])), lsnim, where="client").fix == "switch-to-nimsh"


def test_near_miss_the_switch_is_not_named_where_it_would_have_nothing_to_give():
    assert judge(text(["NIM_MASTER_PORT"], NIM_SHELL='"shell"')).fix is None


def test_the_masters_file_needs_less():
    assert judge(text(of=MASTERS), role="master").outcome.value == "pass"
    found = judge(text(["NIM_CONFIGURATION"], of=MASTERS), role="master")
    assert kind(found) == ("fail", "high", "likely", None)
    assert (found.where.value, found.run) == ("master", "nimconfig -r")


def test_each_end_is_judged_by_its_own_file():
    found = results_of(CHECK, host(text(["NIM_NAME"])), host(text(of=MASTERS), role="master"))
    assert [(one.where.value, one.outcome.value) for one in found] == [("client", "fail"), ("master", "pass")]


def test_a_refusal_on_the_client_says_nothing_of_the_masters_file():
    client = host(text(), commands={"nimclient -c": REFUSED})
    assert result_of(CHECK, client, host(text(of=MASTERS), role="master"), where="master").outcome.value == "pass"


def test_of_an_alternate_master_not_every_variable_of_a_client_is_asked():
    alternate = text(["NIM_MASTERID", "NIM_MASTER_PORT"], NIM_CONFIGURATION="alternate_master")
    assert judge(alternate, role=None).outcome.value == "pass"


def test_a_loose_file_is_judged_too():
    found = result_of(CHECK, loose({"niminfo": text(["NIM_MASTER_HOSTNAME"]), "nimsh.log": service_start_text()}))
    assert (found.outcome.value, found.evidence[0].source) == ("fail", "niminfo")


def service_start_text():
    from datetime import datetime

    return service_start(datetime(2025, 3, 14, 12, 5, 4))


@given(st.binary(max_size=200))
def test_whatever_is_in_the_file_it_is_judged(content):
    assert judge(content).outcome.value in ("fail", "pass", "unknown")
