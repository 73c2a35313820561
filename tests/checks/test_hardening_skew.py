"""hardening-skew: one end of generation G3, the other not."""

from hosts import evidence, filesets, quoted, result_of

CHECK = "hardening-skew"
NAMES = {"client": "bos.sysmgt.nim.client", "master": "bos.sysmgt.nim.master"}
NO_FIX = "There is no efix data on this system.\n"
G1 = "".join(f"    There was no data for {apar} in the fix database.\n" for apar in ("IJ55968", "IJ59566"))


def end(role, level="7200-05-13-2635", **more):
    tl = level.split("-")
    commands = {
        "oslevel -s": f"{level}\n",
        "lslpp -lc": filesets(f"{NAMES[role]} {tl[0][0]}.{tl[0][1]}.{int(tl[1])}.300"),
        "emgr -lv3": NO_FIX,
        **more,
    }
    return evidence(commands=commands, role=role, host={"client": "lpar7", "master": "nim1"}[role])


def behind(role, **more):
    return end(role, "7200-05-10-2520", **{"instfix -ik IJ55968 IJ59566": G1, **more})


def test_fails_when_only_the_master_is_of_g3():
    found = result_of(CHECK, behind("client"), end("master"))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "likely")
    assert found.message == "the master is of generation G3, lpar7 (client) is not"
    assert "install 7200-05-13" in found.cure and "node/7283157" in found.cure and found.fix is None
    assert {"7200-05-13-2635"} < {text for _, _, text in quoted(found)}
