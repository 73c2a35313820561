"""hardening-order: the master had the fix of G2 before its client."""

from hosts import MASTER_STANZA, evidence, filesets, machine, quoted, result_of

CHECK = "hardening-order"
NAMES = {"client": "bos.sysmgt.nim.client", "master": "bos.sysmgt.nim.master"}
NO_FIX = "There is no efix data on this system.\n"
G2 = "1    S    IJ55968m0a 11/20/25 10:00:00            NIM\n"
ASKED = "instfix -ik IJ55968 IJ59566"
NONE_FOUND = "".join(f"    There was no data for {apar} in the fix database.\n" for apar in ASKED.split()[2:])


def end(role, level="7200-05-10-2520", emgr=NO_FIX, nim="7.2.5.206", **more):
    commands = {
        "oslevel -s": f"{level}\n",
        "lslpp -lc": filesets(f"{NAMES[role]} {nim}"),
        "emgr -lv3": emgr,
        ASKED: NONE_FOUND,
        **more,
    }
    commands = {name: text for name, text in commands.items() if text}
    return evidence(commands=commands, role=role, host={"client": "lpar7", "master": "nim1"}[role])


def test_fails_when_the_master_has_its_fix_and_the_client_has_none():
    found = result_of(CHECK, end("client"), end("master", emgr=G2))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "likely")
    assert found.message == "the master is of generation G2, lpar7 (client) is not"
    assert "on lpar7: install APAR IJ55968 for G2" in found.cure and found.fix is None
    assert ("emgr -lv3", 1, G2.rstrip("\n")) in quoted(found)


def test_fails_for_a_client_whose_level_never_got_the_fix():
    found = result_of(CHECK, end("client", "7100-05-09-2246", nim="7.1.5.40"), end("master", emgr=G2))
    assert found.outcome.value == "fail" and "no fix of G2 is made for 7100-05: move to" in found.cure


def test_an_alternate_master_is_named():
    listing = {"lsnim -l": MASTER_STANZA + machine() + machine("nim2", kind="alternate_master")}
    found = result_of(CHECK, end("client"), end("master", emgr=G2, **listing))
    assert "alternate master nim2: the server fix there too, then niminit on both" in found.cure


def test_passes_in_the_right_order_and_at_its_end():
    assert result_of(CHECK, end("client", emgr=G2), end("master")).outcome.value == "pass"
    assert result_of(CHECK, end("client", emgr=G2), end("master", emgr=G2)).outcome.value == "pass"


def test_passes_while_the_master_is_not_hardened():
    found = result_of(CHECK, end("client", "7100-05-09-2246", nim="7.1.5.40"), end("master"))
    assert found.outcome.value == "pass" and quoted(found)


def test_near_miss_a_fix_of_the_master_that_waits_for_a_reboot_is_not_there_yet():
    assert result_of(CHECK, end("client"), end("master", emgr=G2.replace("  S  ", " *Q* "))).outcome.value == "pass"


def test_near_miss_from_g3_on_the_order_is_another():
    found = result_of(CHECK, end("client"), end("master", "7200-05-13-2635", nim="7.2.5.300", **{ASKED: ""}))
    assert found.outcome.value == "not-applicable" and "hardening-skew" in found.message


def test_an_end_that_is_not_known_leaves_it_unknown():
    unasked = {ASKED: ""}
    found = result_of(CHECK, end("client", **unasked), end("master", emgr=G2))
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", "medium", ("instfix -ik APARS",))
    both = result_of(CHECK, end("client", **unasked), end("master", **unasked))
    assert (both.outcome.value, both.severity.value) == ("unknown", "low")


def test_without_the_master_it_is_not_asked():
    found = result_of(CHECK, end("client"))
    assert found.outcome.value == "not-applicable" and "give --master" in found.message
