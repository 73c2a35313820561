"""cpuid-changed: the client's machine id against the one that the master keeps of it."""

from hosts import LOG, MASTER_STANZA, evidence, machine, niminfo, quoted, result_of

CHECK = "cpuid-changed"
ID, OTHER = "00F6A1B24C00", "00F6A1B94C00"
BEFORE = machine(connect="nimsh")


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


REFUSED = f"Fri Mar 14 12:05:04 2025 error: remote value passed, '{ID}', does not match environment value '{OTHER}'\n"


def logged(log):
    files = {"/etc/niminfo": niminfo(NIM_MASTERID="00F6A1B14C00"), LOG: log}
    return evidence(files=files, commands={"uname -m": OTHER + "\n"})


def test_fails_as_possible_where_the_log_says_that_a_push_was_refused_for_this_machines_id():
    found = result_of(CHECK, logged(REFUSED))
    assert (found.outcome.value, found.confidence.value) == ("fail", "possible")
    assert quoted(found) == [(LOG, 1, REFUSED.strip()), ("uname -m", 1, OTHER)]
    assert result_of("master-id-changed", logged(REFUSED)).outcome.value == "not-applicable"
