"""lslpp: installed filesets in all the forms the command prints them."""

import pytest

from nimdoctor.facts.level import Level
from nimdoctor.facts.lslpp import Filesets
from nimdoctor.model.text import BadEvidence, Text

LC = (
    "#Fileset:Level:PTF Id:State:Type:Description:EFIX Locked\n"
    "/usr/lib/objrepos:bos.rte:7.2.5.200::COMMITTED:F:Base Operating System Runtime:\n"
    "/usr/lib/objrepos:bos.sysmgt.nim.client:7.2.5.203::COMMITTED:F:Network Install Manager - Client Tools:EFIXLOCKED\n"
    "/usr/lib/objrepos:openssl.base:1.1.2.2200::COMMITTED:F:Open: Secure Socket Layer:\n"
    "/etc/objrepos:bos.rte:7.2.5.100::BROKEN:F:Base Operating System Runtime:\n"
    "/etc/objrepos:openssl.base:1.1.2.2200::COMMITTED:F:Open Secure Socket Layer:\n"
)
BIG_LC = (
    "#Package Name:Fileset:Level:State:PTF Id:Fix State:Type:Description:Destination Dir.:Uninstaller:"
    "Message Catalog:Message Set:Message Number:Parent:Automatic:EFIX Locked:Install Path:Build Date\n"
    "bos.sysmgt:bos.sysmgt.nim.client:7.2.5.203: : :C:F:NIM client tools: : : : : : :0:1:/:2105\n"
    "openssl.base:openssl.base:1.1.2.2200: : :?:F:Open Secure Socket Layer: : : : : : :0:0:/:\n"
    "openssl:openssl-1.1.1l-1:1.1.1l-1: : :C:R:Secure Sockets: :/bin/rpm -e openssl: : : : :0: :/opt/freeware:"
    "Tue Apr 27 18:35:51 WET 2021\n"
)
TABLE = (
    "  Fileset                      Level  State      Description         \n"
    "  ----------------------------------------------------------------------------\n"
    "Path: /usr/lib/objrepos\n"
    "  bos.rte                  7.2.5.200  COMMITTED  Base Operating System Runtime\n"
    "  bos.sysmgt.nim.client    7.2.5.203  COMMITTED  Network Install Manager -\n"
    "                                                 Client Tools\n"
    "                                      EFIXLOCKED\n"
    "  a.very.long.fileset.name.indeed\n"
    "                             1.0.0.7  APPLIED    Something\n"
    "\n"
    "Path: /etc/objrepos\n"
    "  bos.rte                  7.2.5.100  APPLYING   Base Operating System Runtime\n"
)
BIG_TABLE = (
    "  Fileset                      Level  State  Type  Description (Uninstaller)\n"
    "  ----------------------------------------------------------------------------\n"
    "  bos.rte                  7.2.5.200    C     F    Base Operating System Runtime\n"
    "  openssl.base            1.1.2.2200    B     F    Open Secure Socket Layer\n"
    "  openssl                   1.1.1l-1    C     R    Secure Sockets (/bin/rpm)\n"
    "\nState codes:\n A -- Applied.\n B -- Broken.\n ? -- Inconsistent State...Run lppchk -v.\n"
    "\nType codes:\n F -- Installp Fileset\n R -- RPM Package\n"
)


def filesets(content, name="lslpp -lc", **more):
    return Filesets.parse(Text.of(content, "evidence", name=name, **more))


def test_a_fileset_with_a_root_part_has_two_rows_and_the_worst_counts():
    lpp = filesets(LC)
    assert len(lpp.parts("bos.rte")) == 2
    assert lpp.broken("bos.rte")
    assert lpp.get("bos.rte").root == "/etc/objrepos"
    assert lpp.level("bos.rte") == "7.2.5.200"
    assert lpp.quote("bos.rte").line == 5
    assert not lpp.broken("openssl.base")


def test_a_description_may_hold_colons_and_the_last_field_is_the_lock():
    lpp = filesets(LC)
    assert lpp.get("openssl.base").description == "Open: Secure Socket Layer"
    assert not lpp.get("openssl.base").efix_locked
    assert lpp.get("bos.sysmgt.nim.client").efix_locked


def test_a_french_master_has_its_filesets_installed():
    lpp = filesets(
        b"#Ens. fich.:Niveau:ID cor:Etat:Type:Description:verrouill\xe9\r\n"
        b"/usr/lib/objrepos:openssl.base:0.9.8.1300::VALIDE:F:Open Secure Socket Layer:\r\n"
    )
    assert lpp.installed("openssl.base") is True
    assert not lpp.broken("openssl.base")
    assert lpp.get("openssl.base").state == "VALIDE"


def test_absence_needs_a_complete_listing():
    assert filesets(LC).installed("openssl.license") is False
    assert filesets(LC).quote("openssl.license") == filesets(LC).whole()
    assert filesets(LC, "lslpp -lc openssl.base").installed("openssl.license") is None


@pytest.mark.parametrize(
    ("name", "complete"),
    [
        ("lslpp -lc", True),
        ("/usr/bin/lslpp -Lqc all", True),
        ("lslpp -qLc 2>/dev/null", True),
        ("lslpp -l", True),
        ("lslpp_-lc", True),
        ("lslpp -l openssl.base", False),
        ("lslpp_-l_openssl.base", False),
        ("lslpp -lc | grep openssl", False),
        ("lslpp -Or -lc", False),
        ("attachment.txt", True),
        ("lslpp.txt", True),
        ("lslpp_-lc.aix72", True),
    ],
)
def test_what_was_typed_tells_whether_the_listing_is_complete(name, complete):
    assert filesets(LC, name).complete is complete


def test_a_loose_text_without_bos_rte_is_not_complete():
    only = "".join(line for line in LC.splitlines(keepends=True) if "bos.rte" not in line)
    assert filesets(only, "attachment.txt").complete is False


def test_a_listing_that_ended_badly_is_not_complete():
    assert filesets(LC, status=1).complete is False


def test_lower_case_states_letters_and_rpm_rows():
    lpp = filesets(BIG_LC, "lslpp -Lc")
    assert lpp.get("bos.sysmgt.nim.client").efix_locked
    assert lpp.broken("openssl.base")
    rpm = next(row for row in lpp.rows if row.is_rpm)
    assert rpm.name == "openssl-1.1.1l-1"
    assert lpp.get(rpm.name) is None
    assert lpp.installed(rpm.name) is False


def test_the_table_wraps_names_and_descriptions_and_puts_the_lock_below():
    lpp = filesets(TABLE, "lslpp -l")
    assert [(row.name, row.level, row.root) for row in lpp.rows] == [
        ("bos.rte", "7.2.5.200", "/usr/lib/objrepos"),
        ("bos.sysmgt.nim.client", "7.2.5.203", "/usr/lib/objrepos"),
        ("a.very.long.fileset.name.indeed", "1.0.0.7", "/usr/lib/objrepos"),
        ("bos.rte", "7.2.5.100", "/etc/objrepos"),
    ]
    assert lpp.get("bos.sysmgt.nim.client").efix_locked
    assert not lpp.get("a.very.long.fileset.name.indeed").efix_locked
    assert lpp.broken("bos.rte")


def test_the_table_of_letters_is_read_and_its_legend_is_not():
    lpp = filesets(BIG_TABLE, "lslpp -L")
    assert [(row.name, row.state, row.kind) for row in lpp.rows] == [
        ("bos.rte", "C", "F"),
        ("openssl.base", "B", "F"),
        ("openssl", "C", "R"),
    ]
    assert lpp.broken("openssl.base")


def test_a_state_in_an_unknown_language_is_installed_and_not_broken():
    table = TABLE.replace("APPLIED  ", "ANGEWANDT")
    lpp = filesets(table, "lslpp -l")
    assert lpp.installed("a.very.long.fileset.name.indeed") is True
    assert not lpp.broken("a.very.long.fileset.name.indeed")


@pytest.mark.parametrize(
    "content",
    [
        "lslpp: 0504-132  Fileset openssl.base not installed.\n",
        "lslpp: 0504-132\nlslpp: Fileset openssl.base not installed.\n",
        b"lslpp: 0504-132  L'ensemble de fichiers openssl.base n'est pas install\xe9.\n",
        "lslpp: 0504-132  Fileset openssl.* not installed.\n",
    ],
)
def test_0504_132_alone_says_that_a_fileset_is_absent(content):
    lpp = filesets(content, "lslpp -l openssl.base")
    assert lpp.installed("openssl.base") is False
    assert lpp.quote("openssl.base").line in (1, 2)
    assert lpp.installed("bos.rte") is None


def test_a_row_speaks_louder_than_an_older_absence():
    absent = filesets("lslpp: 0504-132  Fileset openssl.base not installed.\n", "lslpp -l openssl.base")
    both = Filesets.combine([absent, filesets(LC)])
    assert both.installed("openssl.base") is True
    assert both.complete
    assert len(both.parts("bos.rte")) == 2


def test_the_first_listing_of_a_fileset_counts():
    later = filesets("  bos.rte   7.2.5.200  COMMITTED  Base\n", "lslpp -l bos.rte")
    assert Filesets.combine([filesets(LC), later]).broken("bos.rte")
    assert not Filesets.combine([later, filesets(LC)]).broken("bos.rte")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\0\0\0",
        "ksh: lslpp:  not found.\n",
        "#Fileset:Level:PTF Id:State:Type:Description:EFIX Locked\n",
        "the fileset bos.rte 7.2 is applied\n",
        "host 10.1.1.7 A\n",
        "tcp4 0 0 10.1.1.7.3901 10.1.1.2.1021 ESTABLISHED\n",
    ],
)
def test_what_lists_no_fileset_is_refused(content):
    with pytest.raises(BadEvidence):
        filesets(content)


def test_the_newest_of_several_levels_is_found_by_its_numbers():
    lpp = filesets(
        "/usr/lib/objrepos:bos.sysmgt.nim.client:7.2.5.31::COMMITTED:F:NIM:\n"
        "/usr/lib/objrepos:bos.sysmgt.nim.client:7.2.5.203::COMMITTED:F:NIM:\n"
    )
    assert lpp.level("bos.sysmgt.nim.client") == "7.2.5.203"
    assert lpp.vrmf("bos.sysmgt.nim.client") == Level((7, 2, 5, 203))
    assert lpp.vrmf("openssl.base") is None


@pytest.mark.parametrize(
    ("state", "half_done", "known"),
    [
        ("COMMITTED", False, True),
        ("APPLYING", True, True),
        ("BROKEN", False, True),
        ("VALIDE", False, True),
        ("BEST\u00c4TIGT", False, False),
    ],
)
def test_a_state_is_half_done_or_not_known(state, half_done, known):
    row = filesets(LC.replace("COMMITTED", state)).get("openssl.base")
    assert (row.half_done, row.state_known) == (half_done, known)
