"""emgr: interim fixes and the APARs they carry."""

import pytest

from nimdoctor.facts.emgr import InterimFixes
from nimdoctor.model.text import BadEvidence, Text

TABLE = (
    "ID  STATE LABEL      INSTALL TIME      UPDATED BY ABSTRACT\n"
    "=== ===== ========== ================= ========== ======================================\n"
    "1    S    IJ53757s1a 03/20/25 10:22:41            NIM security fix\n"
    "2   *Q*   IJ55968s5a 12/01/25 09:00:12            IJ55968 for 7.2 TL5 SP10\n"
    "3    S    301610mc   05/20/26 10:22:41 IJ11111s1a OpenSSL security fix\n"
    "4    SN   IJ22222s1a 05/20/26 10:22:41            Kernel fix\n"
    "\nSTATE codes:\n S = STABLE\n Q = REBOOT REQUIRED\n"
)
DETAILS = (
    "\n=============================================================================\n"
    "EFIX ID: 1\n"
    "EFIX LABEL: nimfix\n"
    "INSTALL TIME: 03/20/25 10:22:41\n"
    "EFIX STATE: STABLE\n"
    "ABSTRACT: fix for IJ53757\n"
    "APAR REFERENCE: IJ53929\n"
    "                IJ53923\n"
    "PREREQUISITES: IJ99999\n"
    "+-----------------------------------------------------------------------------+\n"
    "EFIX ID: 2\n"
    "EFIX LABEL: IJ55968s5a\n"
    "EFIX STATE: REBOOT REQUIRED\n"
    "ABSTRACT: second\n"
)


def fixes(content, **more):
    return InterimFixes.parse(Text.of(content, "emgr -lv3", **more))


def test_only_a_stable_fix_counts():
    told = fixes(TABLE)
    assert told.stable_apars() == ("IJ53757",)
    assert [fix.label for fix in told.unstable()] == ["IJ55968s5a", "IJ22222s1a"]
    assert told.quote("IJ55968").line == 4
    assert told.quote("IJ59566") == told.whole()


def test_the_label_of_another_fix_is_not_taken_for_this_ones_apar():
    fix = fixes(TABLE).get("301610mc")
    assert fix.apars == ()
    assert fix.abstract == "OpenSSL security fix"


def test_details_name_apars_in_abstract_and_reference_only():
    told = fixes(DETAILS)
    assert told.get("nimfix").apars == ("IJ53757", "IJ53929", "IJ53923")
    assert told.get("nimfix").stable
    assert told.get("nimfix").number == 1
    assert told.get("IJ55968s5a").letters == "Q"
    assert told.stable_apars() == ("IJ53757", "IJ53923", "IJ53929")


def test_table_and_details_of_one_fix_are_one():
    both = InterimFixes.combine([fixes(TABLE), fixes(DETAILS)])
    assert sorted(fix.label for fix in both.fixes) == ["301610mc", "IJ22222s1a", "IJ53757s1a", "IJ55968s5a", "nimfix"]
    assert both.get("IJ55968s5a").state == "*Q*"
    assert fixes(TABLE + DETAILS).get("IJ55968s5a").abstract == "IJ55968 for 7.2 TL5 SP10"


def test_no_fix_at_all_is_an_answer():
    told = fixes("There is no efix data on this system.\r\n", status=1)
    assert told.none
    assert told.fixes == ()
    assert told.stable_apars() == ()


def test_lost_alignment_keeps_the_apar_of_the_abstract():
    told = fixes("1 S nimfix 03/20/25 10:22:41 IJ53757 is for 7.2\n")
    assert told.stable_apars() == ("IJ53757",)


@pytest.mark.parametrize(
    "content", ["", "ksh: emgr:  not found.\n", "STATE codes:\n S = STABLE\n", "IJ53757 is said to be installed\n"]
)
def test_what_lists_no_fix_is_refused(content):
    with pytest.raises(BadEvidence):
        fixes(content)


# the shape in which a program of IBM's reads `emgr -lv3`; the values are invented
LISTED = (
    "EFIX ID: 1\n"
    "EFIX LABEL: IJ55968s5a\n"
    "EFIX STATE: STABLE\n"
    "ABSTRACT: a potential security issue exists\n"
    "\nEFIX FILES:\n"
    "   LOCATION:      /usr/sbin/nimsh\n"
    "   PACKAGE:            bos.sysmgt.nim.client\n"
    "   LOCATION:      /usr/lpp/bos.sysmgt/nim/methods/c_script\n"
    "   PACKAGE:            bos.sysmgt.nim.client\n"
    "APAR information:\n=================\n\n"
    "APAR number:      IJ55968\n"
    "APAR abstract:    a potential security issue exists\n"
)


def test_the_longest_listing_tells_files_and_packages():
    (fix,) = fixes(LISTED).fixes
    assert fix.files == ("/usr/sbin/nimsh", "/usr/lpp/bos.sysmgt/nim/methods/c_script")
    assert fix.packages == ("bos.sysmgt.nim.client",)
    assert (fix.abstract, fix.apars) == ("a potential security issue exists", ("IJ55968",))


def test_a_table_beside_the_longest_listing_keeps_files_and_packages():
    row = "1   *Q*   IJ55968s5a 12/01/25 09:00:12            IJ55968 for 7.2 TL5 SP10\n"
    for both in (fixes(row + LISTED), InterimFixes.combine([fixes(row), fixes(LISTED)])):
        assert [(fix.letters, fix.packages) for fix in both.fixes] == [("Q", ("bos.sysmgt.nim.client",))]


@pytest.mark.parametrize(
    ("printed", "letters"),
    [
        ("S", "S"),
        ("STABLE", "S"),
        ("*Q*", "Q"),
        ("*RQ*", "RQ"),
        ("sn", "SN"),
        ("REBOOT REQUIRED", "Q"),
        ("STABLE + PATCHED", "SP"),
        ("STABLE+NOT PATCHED", "SN"),
        ("Z", ""),
        ("", ""),
        ("*", ""),
    ],
)
def test_a_state_is_told_by_the_letters_of_the_legend(printed, letters):
    (fix,) = fixes("1    S    nimfix     03/20/25 10:22:41            x\n").fixes
    assert fix._replace(state=printed).letters == letters


@pytest.mark.parametrize(
    ("command", "complete"),
    [
        ("emgr -lv3", True),
        ("emgr -l", True),
        ("emgr_-lv3", True),
        ("emgr -l -L IJ53757s1a -v 3", False),
        ("emgr -lv3L IJ53757s1a", False),
        ("emgr_-l_-L_IJ53757s1a", False),
        ("emgr -ln1", False),
        ("emgr -l -n 1", False),
    ],
)
def test_a_listing_of_one_fix_is_not_all_of_them(command, complete):
    told = InterimFixes.parse(Text.of(TABLE, command, name=command))
    assert told.complete is complete
    assert InterimFixes.combine([told, fixes(TABLE)]).complete
