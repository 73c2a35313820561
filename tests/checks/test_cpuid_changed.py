"""cpuid-changed: the client's machine id against the one that the master keeps of it."""

from datetime import datetime

import pytest
from hosts import LOG, MASTER_STANZA, evidence, loose, machine, niminfo, quoted, result_of, tls_push

CHECK = "cpuid-changed"
ID, OTHER = "00F6A1B24C00", "00F6A1B94C00"
BEFORE = machine(connect="nimsh")
NO_CHECK = "   validate_cpuid = no\n"


def client(own=OTHER, **commands):
    given = {"uname -m": own + "\n"} if own else {}
    return evidence(files={"/etc/niminfo": niminfo()}, commands={**given, **commands})


def master(lsnim, command="lsnim -l"):
    return evidence(commands={command: lsnim}, host="nim1", role="master")


def judge(own=OTHER, lsnim=None, **more):
    return result_of(CHECK, client(own), master(MASTER_STANZA + BEFORE if lsnim is None else lsnim, **more))


def test_fails_when_the_master_keeps_another_id():
    found = judge()
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert (found.fix, found.objects) == (None, ("lpar7",))
    # what must be asked first stands beside it, so it is no command to run as it is
    assert f"nim -Fo change -a cpuid={OTHER} lpar7" in found.cure and found.run is None
    assert quoted(found) == [
        ("lsnim -l", 12, f"   cpuid          = {ID}"),
        ("uname -m", 1, OTHER),
        ("lsnim -l", 10, "   connect        = nimsh"),
    ]


def test_fails_no_more_than_medium_where_pushes_go_by_rsh():
    found = judge(lsnim=MASTER_STANZA + machine(connect="shell"))
    assert (found.outcome.value, found.severity.value) == ("fail", "medium")


def test_fails_on_what_the_client_sees_of_its_own_object():
    seen = {"nimclient -l -l lpar7": BEFORE, "nimclient -l -l master": MASTER_STANZA}
    assert result_of(CHECK, client(**seen)).outcome.value == "fail"


def test_passes_on_the_same_id():
    found = judge(ID)
    assert found.outcome.value == "pass"
    assert [quote[:2] for quote in quoted(found)] == [("lsnim -l", 12), ("uname -m", 1)]


def test_near_miss_capitals_do_not_matter():
    assert judge(ID.lower()).outcome.value == "pass"


@pytest.mark.parametrize(
    "lsnim",
    [MASTER_STANZA + BEFORE + NO_CHECK, MASTER_STANZA + NO_CHECK + BEFORE, MASTER_STANZA + machine()],
)
def test_near_miss_another_id_is_a_note_where_nobody_compares_it(lsnim):
    found = judge(lsnim=lsnim)
    assert (found.outcome.value, found.severity.value) == ("pass", "info")
    assert len(quoted(found)) == 3


def test_near_miss_another_machine_with_this_id_is_no_fault():
    lsnim = MASTER_STANZA + machine(connect="nimsh", cpuid=OTHER) + machine("lpar8", cpuid=OTHER)
    assert judge(lsnim=lsnim).outcome.value == "pass"


def test_not_applicable_where_the_master_keeps_no_id():
    bare = BEFORE.replace(f"   cpuid          = {ID}\n", "")
    assert judge(lsnim=MASTER_STANZA + bare).outcome.value == "not-applicable"


def test_unknown_when_only_some_rows_of_the_object_were_shown():
    found = judge(lsnim="   connect        = nimsh\n", command="lsnim -l lpar7 | grep connect")
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))


def test_unknown_without_an_object_of_this_client():
    found = judge(lsnim=MASTER_STANZA + machine("lpar9", cpuid="00F6A1B44C00"))
    assert found.outcome.value == "unknown" and "no machine object for lpar7" in found.message


def test_unknown_without_the_clients_id():
    assert judge(None).missing == ("uname -m",)


def test_not_applicable_without_anything_of_the_master():
    assert result_of(CHECK, client()).outcome.value == "not-applicable"


def test_no_more_than_possible_on_loose_files():
    given = loose(
        {"niminfo": niminfo(), "uname.txt": f"# uname -m\n{OTHER}\n", "o.txt": "# lsnim -l\n" + MASTER_STANZA + BEFORE}
    )
    assert result_of(CHECK, given).confidence.value == "possible"


REFUSED = f"Fri Mar 14 12:05:04 2025 error: remote value passed, '{ID}', does not match environment value '{OTHER}'\n"


def logged(log):
    files = {"/etc/niminfo": niminfo(NIM_MASTERID="00F6A1B14C00"), LOG: log}
    return evidence(files=files, commands={"uname -m": OTHER + "\n"})


def test_fails_as_possible_where_the_log_says_that_a_push_was_refused_for_this_machines_id():
    found = result_of(CHECK, logged(REFUSED))
    assert (found.outcome.value, found.confidence.value) == ("fail", "possible")
    assert quoted(found) == [(LOG, 1, REFUSED.strip()), ("uname -m", 1, OTHER)]
    assert result_of("master-id-changed", logged(REFUSED)).outcome.value == "not-applicable"


def test_near_miss_a_later_push_came_past_it():
    log = REFUSED + tls_push(datetime(2025, 3, 14, 13, 5, 4))
    assert result_of(CHECK, logged(log)).outcome.value == "not-applicable"


def test_the_masters_object_is_believed_before_the_log():
    assert result_of(CHECK, logged(REFUSED), master(MASTER_STANZA + machine(cpuid=OTHER))).outcome.value == "pass"
