"""nimsh-not-at-boot: what lsitab says of nimsh."""

import pytest
from hosts import PS, evidence, filesets, niminfo, processes, quoted, result_of

CHECK = "nimsh-not-at-boot"
INFO = niminfo()
ROW = "nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1\n"


def judge(lsitab="", ps=None, info=INFO, lslpp=None, status=1, role="client"):
    given = {"lsitab nimsh": lsitab, PS: ps, "lslpp -lc": lslpp}
    target = evidence(
        commands={line: text for line, text in given.items() if text is not None},
        files={"/etc/niminfo": info} if info else {},
        status={"lsitab nimsh": status},
        role=role,
    )
    return result_of(CHECK, target)


def test_fails_when_lsitab_prints_nothing():
    found = judge()
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "likely")
    assert (found.fix, found.named_only) == ("start-at-boot", True)
    assert quoted(found) == [("lsitab nimsh", None, "")]


def test_fails_and_quotes_a_nimsh_that_has_run_since_the_boot_against_it():
    assert [quote.source for quote in judge(ps=processes(elapsed="23-04:22:10")).against] == [PS]
    assert judge(ps=processes(elapsed="19:21:30")).against == ()


def test_fails_for_a_row_that_is_off_which_somebody_may_have_meant():
    found = judge(ROW.replace("wait", "off"), status=0)
    assert (found.outcome.value, found.confidence.value, found.fix, found.named_only) == ("fail", "likely", None, False)
    assert quoted(found) == [("lsitab nimsh", 1, ROW.strip().replace("wait", "off"))]
    assert found.run == f"chitab '{ROW.strip()}'"


@pytest.mark.parametrize(
    "row",
    [
        ROW.replace(":2:", ":3:"),
        ROW.replace("wait", "ondemand"),
        "nimsh:2:wait:/usr/bin/true\n",
        "nimsh:2:wait:/usr/bin/startsrc -g nim >/dev/console 2>&1\n",
        "nimsh:2:wait:# /usr/bin/startsrc -g nimclient\n",
    ],
)
def test_fails_less_sure_for_a_row_that_does_something_else(row):
    found = judge(row, status=0)
    assert (found.outcome.value, found.confidence.value, found.fix) == ("fail", "possible", None)


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        ROW.replace(":2:", "::"),
        ROW.replace(":2:", ":23456789:"),
        ROW.replace("wait", "once"),
        "nimsh:2:once:/usr/bin/startsrc -s nimsh\n",
        "nimsh:2:wait:sleep 60; startsrc -gnimclient\n",
        "nimsh:2:respawn:/usr/sbin/nimsh -s\n",
    ],
)
def test_passes_for_a_row_that_starts_nimsh(row):
    assert judge(row, status=0).outcome.value == "pass"


def test_passes_where_pushes_go_by_rsh():
    found = judge(info=niminfo("shell"))
    assert (found.outcome.value, found.evidence[0].source) == ("pass", "/etc/niminfo")


@pytest.mark.parametrize("status", [0, 127])
def test_near_miss_no_output_of_a_command_that_was_not_found_or_found_a_row_is_no_evidence(status):
    assert judge(status=status).outcome.value == "unknown"


def test_near_miss_a_row_of_another_name():
    assert judge("nimshx:2:wait:/usr/bin/startsrc -g nimclient\n", status=0).outcome.value == "unknown"


def test_unknown_when_it_was_not_recorded():
    assert judge(None).missing == ("lsitab nimsh",)


def test_not_applicable_without_the_client_fileset_and_on_a_master():
    assert judge(lslpp=filesets("bos.rte 7.1.4.35")).outcome.value == "not-applicable"
    assert judge(role="master").outcome.value == "not-applicable"
