"""fileset-broken: states of the filesets of NIM and TCP/IP, in words and letters."""

import pytest
from hosts import PS, evidence, filesets, processes, quoted, results_of

CHECK = "fileset-broken"
CLIENT, MASTER, TCP = "bos.sysmgt.nim.client", "bos.sysmgt.nim.master", "bos.net.tcp.client"
ROWS = ("bos.rte 7.2.5.200", f"{CLIENT} 7.2.5.203", f"{TCP} 7.2.5.200", "openssl.base 1.0.2.1800")
INSTALLP = " 9961738  3211664       01:10 installp -acgXd /mnt all\n"


def judge(listing, command="lslpp -lc", ps=None, **more):
    commands = {command: listing, **({PS: ps} if ps else {})}
    return results_of(CHECK, evidence(commands=commands, **more))


def with_state(state, name=CLIENT, **more):
    return judge(filesets(*(f"{row} {state}" if row.startswith(name + " ") else row for row in ROWS)), **more)


def row_of(root, name, level, state):
    return f"{root}:{name}:{level}::{state}:F:Some Words:\n"


@pytest.mark.parametrize("name", [CLIENT, TCP])
def test_fails_medium_when_a_fileset_that_a_push_rests_on_is_broken(name):
    (found,) = with_state("BROKEN", name)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "certain")
    assert (found.fix, found.objects, found.run) == (None, (name,), "lppchk -v")
    assert ("nimclient",) in {one.argv for one in found.rules_out}, "it is to be reinstalled before it is used"
    assert len(quoted(found)) == 1 and "BROKEN" in quoted(found)[0][2] and quoted(found)[0][0] == "lslpp -lc"


def test_fails_when_the_root_part_alone_is_broken_and_says_so():
    listing = filesets(*ROWS) + row_of("/etc/objrepos", CLIENT, "7.2.5.203", "BROKEN")
    (found,) = judge(listing)
    assert found.message == f"{CLIENT} is BROKEN in its root part"
    assert [line for _, line, _ in quoted(found)] == [6]


@pytest.mark.parametrize("letters", ["B", "?", "BE"])
def test_fails_by_letters_of_the_long_colon_form(letters):
    listing = "".join(
        f"{n}:{n}:7.2.5.203: : :{s}: :Words: : : : : : :0:0:/:\n" for n, s in ((CLIENT, letters), (TCP, "C"))
    )
    (found,) = judge(listing, command="lslpp -Lc")
    assert (found.outcome.value, found.objects) == ("fail", (CLIENT,))


def test_fails_low_for_a_fileset_beside_them():
    (found,) = judge(filesets(*ROWS, "bos.sysmgt.nim.spot 7.2.5.200 BROKEN"), role="master")
    assert (found.outcome.value, found.severity.value, found.where.value) == ("fail", "low", "master")


def test_fails_twice_when_both_kinds_are_broken():
    listing = filesets(*ROWS[:1], f"{CLIENT} 7.2.5.203 BROKEN", "bos.net.tcp.sendmail 7.2.5.0 BROKEN")
    assert [found.severity.value for found in judge(listing)] == ["medium", "low"]


@pytest.mark.parametrize("state", ["APPLYING", "COMMITTING", "REJECTING", "DEINSTALLING", "Applying"])
def test_fails_when_something_was_begun_and_nothing_of_it_runs(state):
    (found,) = with_state(state, ps=processes())
    assert (found.outcome.value, found.confidence.value, found.missing) == ("fail", "certain", ())


def test_fails_less_sure_when_nobody_knows_whether_installp_runs():
    (found,) = with_state("APPLYING")
    assert (found.outcome.value, found.confidence.value, found.missing) == ("fail", "likely", (PS,))


def test_near_miss_half_done_while_installp_runs_is_not_decided():
    (found,) = with_state("APPLYING", ps=processes(children=INSTALLP))
    assert (found.outcome.value, found.missing) == ("unknown", ("lslpp -lc",))
    assert quoted(found)[-1][:2] == (PS, 5)


def test_fails_for_a_broken_one_though_installp_runs():
    (found,) = with_state("BROKEN", ps=processes(children=INSTALLP))
    assert found.outcome.value == "fail"


def test_passes_when_all_are_sound():
    (found,) = judge(filesets(*ROWS))
    assert found.outcome.value == "pass"
    assert [line for _, line, _ in quoted(found)] == [3, 4]


@pytest.mark.parametrize("state", ["VALIDE", "APPLIED", "OBSOLETE", "EFIXLOCKED"])
def test_passes_in_any_other_state_that_is_known(state):
    assert [found.outcome.value for found in with_state(state)] == ["pass"]


def test_passes_also_on_a_master_without_a_broken_one():
    assert judge(filesets(*ROWS, f"{MASTER} 7.2.5.204"), role="master")[0].outcome.value == "pass"


def test_near_miss_a_root_part_of_a_lower_level_is_normal():
    (found,) = judge(filesets(*ROWS) + row_of("/etc/objrepos", CLIENT, "7.2.5.0", "COMMITTED"))
    assert found.outcome.value == "pass"


@pytest.mark.parametrize("name", ["openssl.base", "openssl.license", "openssh.base.server", "bos.rte"])
def test_near_miss_what_another_check_reports_or_no_push_needs(name):
    rows = [row for row in ROWS if not row.startswith(name + " ")]
    (found,) = judge(filesets(*rows, f"{name} 1.0.2.1800 BROKEN"))
    assert found.outcome.value == "pass"


def test_near_miss_an_rpm_package_is_no_fileset():
    rpm = "bos.sysmgt.nim.x:bos.sysmgt.nim.x:1-1: : :?:R:Words: :/bin/rpm -e x: : : : :0: :(none):\n"
    rows = f"{CLIENT}:{CLIENT}:7.2.5.203: : :C: :Words: : : : : : :0:0:/:\n"
    assert judge(rows + rpm, command="lslpp -Lc")[0].outcome.value == "pass"


def test_unknown_but_low_when_the_words_are_of_another_language():
    (found,) = judge(filesets(*ROWS, state="BEST\u00c4TIGT").encode("iso8859-1"))
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", "low", ("lslpp -lc",))
    assert "BEST\u00c4TIGT" in found.message


def test_fails_though_the_other_words_are_of_another_language():
    (found,) = judge(filesets(*ROWS[:1], f"{CLIENT} 7.2.5.203 BROKEN", ROWS[2], state="BESTATIGT"))
    assert found.outcome.value == "fail"


def test_unknown_but_low_when_a_partial_listing_shows_the_client_alone():
    (found,) = judge(filesets(ROWS[1]), command=f"lslpp -lc {CLIENT}")
    assert (found.outcome.value, found.severity.value) == ("unknown", "low")


@pytest.mark.parametrize("listing", ["", filesets(ROWS[3])])
def test_unknown_when_no_fileset_of_nim_is_told(listing):
    (found,) = judge(listing, command="lslpp -lc openssl.base")
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", "medium", ("lslpp -lc",))


def test_unknown_without_a_listing():
    (found,) = results_of(CHECK, evidence())
    assert (found.outcome.value, found.missing) == ("unknown", ("lslpp -lc",))


def test_not_applicable_where_nim_is_not_installed():
    assert judge(filesets(ROWS[0], "bos.net.tcp.client 7.2.5.0 BROKEN"))[0].outcome.value == "not-applicable"


def test_both_ends_have_their_own_entry():
    sound, broken = filesets(*ROWS), filesets(*ROWS, f"{MASTER} 7.2.5.204 BROKEN")
    pair = results_of(
        CHECK,
        evidence(commands={"lslpp -lc": sound}),
        evidence(commands={"lslpp -lc": broken}, host="nim1", role="master"),
    )
    assert {(found.where.value, found.outcome.value) for found in pair} == {("client", "pass"), ("master", "fail")}
