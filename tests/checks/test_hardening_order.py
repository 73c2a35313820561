"""hardening-order: the master had the fix of G2 before its client."""

from hosts import evidence, filesets, quoted, result_of

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
