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


def test_fails_when_only_the_client_is_of_g3():
    found = result_of(CHECK, end("client"), end("master", "7100-05-09-2246"))
    assert found.message == "lpar7 (client) is of generation G3, the master is not"
    assert "on the master: no fix of G3 is made for 7100-05: move to 7200-05" in found.cure


def test_passes_when_both_are_of_g3_whatever_their_technology_levels():
    assert result_of(CHECK, end("client", "7300-02-05-2635"), end("master", "7300-04-02-2635")).outcome.value == "pass"


def test_passes_when_neither_is():
    found = result_of(CHECK, behind("client"), end("master", "7100-05-09-2246"))
    assert found.outcome.value == "pass" and quoted(found)


def test_near_miss_a_client_ahead_by_g2_alone_is_in_the_right_order():
    fix = "1    S    IJ55968m0a 11/20/25 10:00:00            NIM\n"
    found = result_of(CHECK, behind("client", **{"emgr -lv3": fix}), behind("master"))
    assert (found.outcome.value, found.severity.value) == ("pass", "info") and "the master is next" in found.message


def test_near_miss_an_end_that_is_not_known_is_no_difference():
    found = result_of(CHECK, end("client", "7200-05-10-2520"), end("master"))
    assert (found.outcome.value, found.severity.value) == ("unknown", "medium")
    assert found.message.startswith("client: ") and found.missing == ("instfix -ik APARS",)


def test_with_nothing_known_of_either_end_it_is_no_matter_for_tonight():
    found = result_of(CHECK, end("client", "7300-06-00-2820"), end("master", "7300-06-00-2820"))
    assert (found.outcome.value, found.severity.value) == ("unknown", "low") and "likely included" in found.message


def test_without_the_master_it_is_not_asked():
    found = result_of(CHECK, end("client"))
    assert found.outcome.value == "not-applicable" and "give --master" in found.message


def test_a_master_whose_filesets_were_not_listed_leaves_it_unknown():
    master = evidence(commands={"oslevel -s": "7200-05-13-2635\n"}, role="master", host="nim1")
    assert result_of(CHECK, end("client"), master).missing == ("lslpp -lc",)
    # a master without bos.sysmgt.nim.master is none
    other = end("client")
    assert result_of(CHECK, end("client"), other).outcome.value == "unknown"
