"""fileset-broken: states of the filesets of NIM and TCP/IP, in words and letters."""

import pytest
from hosts import PS, evidence, filesets, quoted, results_of

CHECK = "fileset-broken"
CLIENT, MASTER, TCP = "bos.sysmgt.nim.client", "bos.sysmgt.nim.master", "bos.net.tcp.client"
ROWS = ("bos.rte 7.2.5.200", f"{CLIENT} 7.2.5.203", f"{TCP} 7.2.5.200", "openssl.base 1.0.2.1800")


def judge(listing, command="lslpp -lc", ps=None, **more):
    commands = {command: listing, **({PS: ps} if ps else {})}
    return results_of(CHECK, evidence(commands=commands, **more))


def with_state(state, name=CLIENT, **more):
    return judge(filesets(*(f"{row} {state}" if row.startswith(name + " ") else row for row in ROWS)), **more)


@pytest.mark.parametrize("name", [CLIENT, TCP])
def test_fails_medium_when_a_fileset_that_a_push_rests_on_is_broken(name):
    (found,) = with_state("BROKEN", name)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "certain")
    assert (found.fix, found.objects, found.run) == (None, (name,), "lppchk -v")
    assert ("nimclient",) in {one.argv for one in found.rules_out}, "it is to be reinstalled before it is used"
    assert len(quoted(found)) == 1 and "BROKEN" in quoted(found)[0][2] and quoted(found)[0][0] == "lslpp -lc"


@pytest.mark.parametrize("name", ["openssl.base", "openssl.license", "openssh.base.server", "bos.rte"])
def test_near_miss_what_another_check_reports_or_no_push_needs(name):
    rows = [row for row in ROWS if not row.startswith(name + " ")]
    (found,) = judge(filesets(*rows, f"{name} 1.0.2.1800 BROKEN"))
    assert found.outcome.value == "pass"


def test_unknown_but_low_when_the_words_are_of_another_language():
    (found,) = judge(filesets(*ROWS, state="BEST\u00c4TIGT").encode("iso8859-1"))
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", "low", ("lslpp -lc",))
    assert "BEST\u00c4TIGT" in found.message
