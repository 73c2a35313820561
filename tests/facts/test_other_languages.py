"""Answers in other languages and code pages: known by place and number, else said to be of another language."""

import pytest

from nimdoctor.facts.emgr import InterimFixes
from nimdoctor.facts.lslpp import Filesets
from nimdoctor.facts.lssrc import InetdServices, Subsystems
from nimdoctor.facts.name_lookups import NameLookups
from nimdoctor.model.language import is_english
from nimdoctor.model.text import BadEvidence, Text

LISTING = "{}         {}           PID          {}\n nimsh            nimclient        8847720      {}\n nimesis          nim                           {}\n"


@pytest.mark.parametrize("code", ["utf-8", "iso8859-1"])
@pytest.mark.parametrize(
    "words",
    [
        ("Sous-système", "Groupe", "Statut", "actif", "inopérant"),
        ("Subsistema", "Grupo", "Estado", "activo", "no operativo"),
    ],
)
def test_a_subsystem_runs_that_has_a_process_whatever_the_word(words, code):
    src = Subsystems.parse(Text.of(LISTING.format(*words).encode(code), "lssrc -a"))
    assert src.complete
    assert (src.active("nimsh"), src.active("nimesis"), src.active("tftpd")) == (True, False, False)


@pytest.mark.parametrize("code", ["cp932", "euc-jp", "utf-8", "gb18030", "big5"])
def test_a_byte_of_any_code_page_keeps_the_row(code):
    listing = LISTING.format("子系統", "群組", "狀態" if code != "cp932" else "状態", "使用中", "停止中")
    src = Subsystems.parse(Text.of(listing.encode(code, "replace"), "lssrc -a"))
    assert [(row.name, row.pid) for row in src.rows] == [("nimsh", 8847720), ("nimesis", None)]
    assert src.quote("nimsh").line == 2


@pytest.mark.parametrize("byte", range(0x80, 0x100))
def test_no_byte_of_a_status_drops_its_row(byte):
    status = bytes([byte, 0x41, 0x83, byte])
    listing = LISTING.format("Subsystem", "Group", "Status", "S", "S").encode().replace(b"S\n", status + b"\n")
    src = Subsystems.parse(Text.of(listing, "lssrc -a"))
    assert [row.name for row in src.rows] == ["nimsh", "nimesis"]


def test_a_row_that_cannot_be_read_keeps_a_list_from_being_complete():
    listing = LISTING.format("Subsystem", "Group", "Status", "active", "inoperative") + " nim/esis nim 12 13 14\n"
    src = Subsystems.parse(Text.of(listing, "lssrc -a"))
    assert not src.complete and src.active("nimhttp") is None


@pytest.mark.parametrize("own, tftp, known", [("actif", "actif", True), ("active", "actif", False)])
def test_the_word_for_inetd_itself_is_known_by_its_process(own, tftp, known):
    services = InetdServices.parse(
        Text.of(
            f"Sous-syst\xe8me     Groupe           PID          Statut\n inetd            tcpip            3932498      {own}\n\n"
            f"Service       Commande                 Description              Statut\n tftp         /usr/sbin/tftpd          tftpd -n                 {tftp}\n".encode(
                "iso8859-1"
            ),
            "lssrc -ls inetd",
        )
    )
    assert (services.active("tftp"), services.known("tftp"), services.inetd_status) == (known, known, "active")


def test_a_row_of_emgr_that_cannot_be_read_keeps_the_listing_from_being_complete():
    table = (
        "ID  STATE LABEL      INSTALL TIME      UPDATED BY ABSTRACT\n"
        "=== ===== ========== ================= ========== ======================================\n"
        "1    S    IJ53757s1a 03/20/25 10:22:41            NIM\n"
    )
    assert InterimFixes.parse(Text.of(table, "emgr -l")).complete
    fixes = InterimFixes.parse(Text.of(table + "2    S    IJ5\n", "emgr -l"))
    assert not fixes.complete and len(fixes.fixes) == 1


@pytest.mark.parametrize(
    "query, line, address",
    [
        ("nim1", "nim1.example.com est 10.1.1.10,  Alias :   nim1", "10.1.1.10"),
        ("10.1.1.10", "nim1.example.com ist 10.1.1.10,  Aliase:   nim1", "10.1.1.10"),
    ],
)
def test_an_address_is_known_by_its_place(query, line, address):
    (row,) = NameLookups.parse(Text.of(line, f"host {query}")).rows
    assert (row.name, row.address, row.aliases) == ("nim1.example.com", address, ("nim1",))


@pytest.mark.parametrize("line", ["introuvable trouver 10.1.1.10", "unbekannt: lpar9 ist 10.1.1.10", "lpar9 inconnu"])
def test_a_complaint_of_another_language_is_no_answer(line):
    with pytest.raises(BadEvidence):
        NameLookups.parse(Text.of(line, "host 10.1.1.10"))


@pytest.mark.parametrize(
    "line",
    [
        "Not all filesets for IJ53757 were found.",
        "0513-085 The nimsh Subsystem is not on file.",
        "ksh: emgr:  not found.",
        "1004",
        "auditing off",
        "openssl.base:1.0.2.2103",
        "The \u201cfix\u201d database \u2013 none",
    ],
)
def test_english_messages_and_bare_names_are_not_called_foreign(line):
    assert is_english(line)


@pytest.mark.parametrize(
    "line",
    [
        "Nicht alle Dateigruppen für IJ53757 wurden gefunden.",
        "Es wurden nicht alle Dateigruppen gefunden",
        "No se han encontrado todos los conjuntos de archivos para IJ53757.",
        "Il n'existe pas de données efix sur ce système.",
        "efix のデータはありません",
        "Существующих исправлений нет",
    ],
)
def test_other_languages_are_seen(line):
    assert not is_english(line) and not is_english(line.encode("utf-8").decode("iso8859-1"))


def test_a_row_of_lslpp_that_cannot_be_read_keeps_the_list_from_being_complete():
    row = "/usr/lib/objrepos:openssl.base:1.1.2.2200::VALIDE:F:Open Secure Socket Layer:\n"
    assert Filesets.parse(Text.of(row, "lslpp -lc")).installed("bos.sysmgt.nim.client") is False
    cut = row + "/usr/lib/objrepos:bos.sysmgt.nim.client:?::VALIDE:F:Network Install Manager:\n"
    assert Filesets.parse(Text.of(cut, "lslpp -lc")).installed("bos.sysmgt.nim.client") is None
