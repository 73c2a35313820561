"""What NIM's filesets are open to: judged fileset by fileset, and never by a guess."""

import itertools

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.facts import Apars, Filesets, InterimFixes, IosLevel, LevelTables, NimExposure, OsLevel, SiteLevels
from nimdoctor.facts.generation_standing import CARRIED, LACKING, NIM_CLIENT, NIM_MASTER, NOT_KNOWN
from nimdoctor.model.text import BadEvidence, Text

NONE = "There is no efix data on this system.\n"
GENERATIONS = ("G1", "G2", "G3")


def fix(apar, state="S"):
    return f"1  {state}  {apar}m0a 11/20/25 10:00:00            NIM\n"


def answers(*told):
    shapes = {"+": "All filesets for {} were found.", "-": "There was no data for {} in the fix database.",
              "~": "Not all filesets for {} were found."}  # fmt: skip
    return "".join(f"    {shapes[one[0]].format(one[1:])}\n" for one in told)


def listing(client=None, master=None, locked=()):
    rows = [(NIM_CLIENT, client), (NIM_MASTER, master)]
    return "#Fileset\n/usr/lib/objrepos:bos.rte:7.2.5.1::COMMITTED:F:x:\n" + "".join(
        f"/usr/lib/objrepos:{name}:{level}::COMMITTED:F:x:{'EFIXLOCKED' if name in locked else ''}\n"
        for name, level in rows
        if level
    )


def exposure(oslevel=None, client="7.2.5.206", master=None, apars="", emgr=NONE, ios=None, locked=(), site=""):
    def parsed(kind, text, source):
        return kind.parse(Text.of(text, source, command=True, status=0)) if text else None

    return NimExposure.derive(
        parsed(Filesets, listing(client, master, locked), "lslpp -lc"),
        parsed(Apars, apars, "instfix -ik"),
        parsed(InterimFixes, emgr, "emgr -lv3"),
        parsed(OsLevel, oslevel, "oslevel -s"),
        parsed(IosLevel, ios, "ioscli ioslevel"),
        LevelTables.derive(parsed(SiteLevels, site, "/etc/nimdoctor.levels")),
    )


def states(found, fileset=NIM_CLIENT):
    return "".join({CARRIED: "+", LACKING: "-", NOT_KNOWN: "?"}[one.state] for one in found.get(fileset).generations)


def standing(found, generation, fileset=NIM_CLIENT):
    return found.get(fileset).standing(generation)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        # by service pack, and a later one
        ({"oslevel": "7200-05-13-2635"}, "+++"),
        ({"oslevel": "7300-03-07-2735", "client": "7.3.3.9"}, "+++"),
        # a service pack shows what it carries, and not that the next is lacking
        ({"oslevel": "7200-05-10-2520"}, "+??"),
        # by APAR of this technology level; of another one it says nothing
        ({"oslevel": "7200-05-10-2520", "apars": answers("+IJ55968", "-IJ59566")}, "++-"),
        ({"oslevel": "7200-05-10-2520", "apars": answers("+IJ55897", "-IJ59566")}, "+?-"),
        # by interim fix, only when it is stable
        ({"oslevel": "7200-05-09-2446", "client": "7.2.5.203", "emgr": fix("IJ55968")}, "++-"),
        ({"oslevel": "7200-05-10-2520", "emgr": fix("IJ55968")}, "++?"),
        ({"oslevel": "7200-05-10-2520", "emgr": fix("IJ55968", "*Q*"), "apars": answers("-IJ55968")}, "+--"),
        # neither APAR nor interim fix; without emgr it is not known
        ({"oslevel": "7200-05-10-2520", "apars": answers("-IJ55968")}, "+--"),
        ({"oslevel": "7200-05-10-2520", "apars": answers("-IJ55968"), "emgr": ""}, "+??"),
        # by the levels that IBM lists, at both ends of the range
        ({"oslevel": "7200-05-09-2446", "client": "7.2.5.203"}, "---"),
        ({"oslevel": "7200-05-09-2446", "client": "7.2.5.204"}, "+??"),
        ({"oslevel": "7200-05-09-2446", "client": "7.2.5.203", "emgr": ""}, "???"),
        # no fix was ever made
        ({"oslevel": "7100-04-08-1914", "client": "7.1.4.35"}, "---"),
        ({"oslevel": "7200-04-06-2220", "client": "7.2.4.5", "emgr": ""}, "---"),
        ({"oslevel": "7300-00-04-2320", "client": "7.3.0.4"}, "---"),
        ({"oslevel": "7300-01-04-2320", "client": "7.3.1.4", "apars": answers("+IJ56230")}, "++-"),
        ({"oslevel": "7200-05-09-2446", "client": "7.2.5.206", "ios": "3.1.4.40", "apars": answers("+IJ55968")}, "++-"),
        # newer than the tables
        ({"oslevel": "7300-05-00-2746", "client": "7.3.5.0"}, "???"),
        ({"oslevel": "7400-00-00-2946", "client": "7.4.0.0", "emgr": ""}, "???"),
        ({"oslevel": "7300-04-00-2546", "client": "7.3.4.0", "apars": answers("-IJ59563")}, "??-"),
        ({"oslevel": "7300-04-02-2646", "client": "7.3.4.2"}, "+++"),
        # a VIOS by its own level
        ({"oslevel": "7300-02-03-2446", "client": "7.3.2.4", "ios": "4.1.0.50"}, "+++"),
        ({"oslevel": "7300-02-03-2446", "client": "7.3.2.4", "ios": "4.1.0.49"}, "+??"),
        ({"client": "7.3.9.9", "ios": "4.1.3.10"}, "???"),
        # without oslevel the fileset's own level tells the line
        ({"client": "7.2.5.206", "apars": answers("+IJ59566")}, "+++"),
        ({"client": "7.1.5.32"}, "---"),
        # half an answer: another fileset of the APAR may be behind
        ({"oslevel": "7200-05-10-2520", "apars": answers("~IJ55968")}, "+--"),
    ],
)  # fmt: skip
def test_each_generation_is_carried_lacking_or_not_known(known, expected):
    assert states(exposure(**known)) == expected


def test_the_two_filesets_are_judged_each():
    found = exposure("7200-05-09-2446", "7.2.5.203", "7.2.5.205", answers("~IJ53757", "-IJ55968", "-IJ59566"))
    assert (states(found), states(found, NIM_MASTER)) == ("---", "+--")
    assert (found.get(NIM_CLIENT).proved, found.get(NIM_MASTER).proved) == ("G0", "G1")
    only_client = exposure("7200-05-13-2635")
    assert only_client.get(NIM_MASTER) is None and not only_client.unlisted


def test_an_interim_fix_treats_only_the_filesets_that_it_locks():
    found = exposure(
        "7200-05-10-2520",
        "7.2.5.206",
        "7.2.5.206",
        answers("-IJ55968", "-IJ59566"),
        fix("IJ55968"),
        locked=[NIM_MASTER],
    )
    assert (states(found), states(found, NIM_MASTER)) == ("+--", "++-")


def test_an_interim_fix_that_instfix_alone_names_carries_its_generation_and_its_state_is_said_not_to_be_known():
    told = "    Interim fix 'IJ53757m9a' associated with IJ53757 is installed.\n"
    found = exposure("7200-05-09-2446", "7.2.5.203", apars=told, emgr="")
    assert standing(found, "G1").state == CARRIED and "state" in standing(found, "G1").why
    assert standing(found, "G2").state == NOT_KNOWN
    # emgr's own list counts more
    owed = exposure("7200-05-09-2446", "7.2.5.203", apars=told, emgr=fix("IJ53757", "*Q*"))
    assert standing(owed, "G1").state != CARRIED


def test_a_lock_whose_interim_fix_no_table_knows_keeps_it_unknown():
    found = exposure("7200-05-10-2520", apars=answers("-IJ55968"), emgr=fix("IJ99999"), locked=[NIM_CLIENT])
    assert states(found) == "+??" and "no table knows its APAR" in standing(found, "G2").why
    # nor is a level on the list then known to be open
    assert states(exposure("7200-05-09-2446", "7.2.5.9", emgr=fix("IJ99999"), locked=[NIM_CLIENT])) == "???"


def test_a_listed_level_counts_more_than_what_oslevel_says_and_the_other_is_told():
    found = standing(exposure("7200-05-10-2520", "7.2.5.9"), "G1")
    assert found.state == LACKING and found.against[0].text == "7200-05-10-2520"


def test_a_level_and_instfix_that_contradict_each_other_prove_nothing():
    found = standing(exposure("7200-05-13-2635", apars=answers("-IJ59566")), "G3")
    assert found.state == NOT_KNOWN and "contradict" in found.why and len(found.evidence) == 2


def test_how_sure_it_is_follows_the_weakest_source():
    assert standing(exposure("7100-04-08-1914", "7.1.4.35"), "G3").sure == "C"
    assert standing(exposure("7200-05-09-2446", "7.2.5.203"), "G1").sure == "A"
    g2 = answers("-IJ55968")
    assert standing(exposure("7200-05-10-2520", apars=g2), "G2").sure == "B"
    assert standing(exposure("7200-05-10-2520", apars=answers("~IJ59566")), "G3").sure == "C"


def test_what_is_missing_is_named():
    assert standing(exposure("7200-05-10-2520", emgr=""), "G3").missing == ("instfix -ik APARS", "emgr -lv3")
    assert "IJ59566" in standing(exposure("7200-05-10-2520"), "G3").why


def test_the_way_to_a_generation_is_a_service_pack_an_apar_or_a_move():
    assert exposure("7200-05-10-2520").way_to("G3") == "install 7200-05-13 (APAR IJ59566) for G3"
    assert exposure("7200-05-10-2520").way_to("G2") == "install APAR IJ55968 for G2"
    assert "move to 7200-05, 7300-02, 7300-03, 7300-04 or later" in exposure("7100-05-01", "7.1.5.3").way_to("G3")
    vios = exposure("7200-05-09-2446", ios="3.1.4.40")
    assert "VIOS 3.1.4: move to VIOS 4.1.0, VIOS 4.1.1, VIOS 4.1.2 or later" in vios.way_to("G3")
    assert vios.way_to("G2") == "install APAR IJ55968 for G2 (updateios -dev DIRECTORY -install -accept, as padmin)"
    assert exposure("7200-05-10-2520").way_to("G9").endswith("ask IBM")


def test_filesets_that_are_not_installed_are_none_and_those_not_told_are_named():
    assert exposure("7200-05-10-2520", client=None).filesets == ()
    single = Text.of(
        "#h\n/usr/lib/objrepos:bos.sysmgt.nim.client:7.2.5.9::COMMITTED:F:x:\n", "lslpp -lc bos.sysmgt.nim.client"
    )
    found = NimExposure.derive(Filesets.parse(single), None, None, None, None, LevelTables(None))
    assert found.unlisted == (NIM_MASTER,)
    other = Text.of("#h\n/usr/lib/objrepos:bos.rte:7.2.5.9::COMMITTED:F:x:\n", "lslpp -lc bos.rte")
    with pytest.raises(BadEvidence):
        NimExposure.derive(Filesets.parse(other), None, None, None, None, LevelTables(None))


# -- a site's rows


def test_what_a_sites_row_proves_is_marked_as_such():
    site = "generations generation=G3 tl=7200-05 apar=IJ60001 source=letter 7\n"
    found = standing(exposure("7200-05-10-2520", apars=answers("+IJ60001"), site=site), "G3")
    assert (found.state, found.site) == (CARRIED, True)
    assert found.why == "G3 is there (/etc/nimdoctor.levels line 1: letter 7)"
    assert found.evidence[1].source == "/etc/nimdoctor.levels"


def test_a_sites_row_never_rules_out_and_never_hides_what_nimdoctors_own_row_proves():
    site = "generations generation=G2 tl=7300-04 apar=IJ60001 source=letter 7\n"
    assert states(exposure("7300-04-00-2546", "7.3.4.0", apars=answers("-IJ60001"), site=site))[1] == "?"
    both = "generations generation=G3 tl=7200-05 apar=IJ60001 source=letter 7\n"
    found = standing(exposure("7200-05-13-2635", apars=answers("+IJ60001"), site=both), "G3")
    assert (found.state, found.site) == (CARRIED, False)


def test_a_sites_generation_and_cves_are_judged_like_the_others():
    site = (
        "nim_cves cve=CVE-2027-1111 generation=G4 score=9.8 source=IBM node/7300000\n"
        "generations generation=G4 tl=7200-05 apar=IJ60001 first=7200-05-14 source=IBM node/7300000\n"
    )
    found = exposure("7200-05-13-2635", apars=answers("-IJ60001"), site=site)
    # a site's row rules nothing out
    assert states(found) == "+++?"
    assert states(exposure("7200-05-14-2735", site=site)) == "++++"
    assert states(exposure("7200-05-09-2446", "7.2.5.9", site=site)) == "----"
    assert [row.text("cve") for row in found.open_to(found.get(NIM_CLIENT), NOT_KNOWN)] == ["CVE-2027-1111"]


# -- whatever is known


APARS = ("IJ53757", "IJ55968", "IJ59566", "IJ53923", "IJ56113", "IJ59565")
KNOWN = st.fixed_dictionaries(
    {
        "host": st.sampled_from([
            ("7100-04-08", "7.1.4.35", None), ("7200-05-09", "7.2.5.203", "7.2.5.204"), ("7200-05-09", "7.2.5.203", "7.2.5.205"),
            ("7200-05-10", "7.2.5.204", None), ("7200-05-13", "7.2.5.300", "7.2.5.300"), ("7300-02-03", "7.3.2.2", "7.3.2.3"),
            ("7300-02-04", "7.3.2.4", None), ("7300-05-00", "7.3.5.0", "7.3.5.0")]),
        "apars": st.lists(st.tuples(st.sampled_from("+-~"), st.sampled_from(APARS)).map("".join), max_size=4, unique_by=lambda one: one[1:]).map(lambda told: answers(*told)),
        "emgr": st.sampled_from(["", NONE, fix("IJ55968"), fix("IJ55968", "*Q*"), fix("IJ99999"), fix("IJ56113")]),
        "ios": st.sampled_from([None, "3.1.4.40", "4.1.0.20", "4.1.0.50", "4.1.9.9"]),
        "locked": st.sampled_from([(), (NIM_CLIENT,), (NIM_MASTER,), (NIM_CLIENT, NIM_MASTER)]),
    }
)  # fmt: skip


def host_of(known):
    rest = {name: value for name, value in known.items() if name != "host"}
    return {**rest, **dict(zip(("oslevel", "client", "master"), known["host"]))}


@settings(max_examples=examples(300))
@given(KNOWN)
def test_a_higher_generation_includes_the_lower_and_every_state_shows_its_lines(known):
    found = exposure(**host_of(known))
    for one in found.filesets:
        order = [item.state for item in one.generations]
        for lower, higher in itertools.combinations(order, 2):
            assert higher != CARRIED or lower == CARRIED
            assert lower != LACKING or higher == LACKING
        assert all(item.evidence for item in one.generations if item.state != NOT_KNOWN)
        assert all(item.evidence or item.missing for item in one.generations)
        assert not set(found.open_to(one)) & set(found.open_to(one, CARRIED))


@settings(max_examples=examples(300))
@given(KNOWN, st.sampled_from(["oslevel", "apars", "emgr", "ios"]))
def test_taking_evidence_away_never_proves_more(known, gone):
    more, less = exposure(**host_of(known)), exposure(**{**host_of(known), gone: ""})
    for one in more.filesets:
        for item in one.generations:
            if item.state == LACKING:
                assert less.get(one.fileset).standing(item.generation).state != CARRIED
