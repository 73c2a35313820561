"""nimsh-not-at-boot: what lsitab says of nimsh."""

from hosts import PS, evidence, niminfo, quoted, result_of

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


def test_fails_for_a_row_that_is_off_which_somebody_may_have_meant():
    found = judge(ROW.replace("wait", "off"), status=0)
    assert (found.outcome.value, found.confidence.value, found.fix, found.named_only) == ("fail", "likely", None, False)
    assert quoted(found) == [("lsitab nimsh", 1, ROW.strip().replace("wait", "off"))]
    assert found.run == f"chitab '{ROW.strip()}'"
