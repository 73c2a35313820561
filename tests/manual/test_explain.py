"""What `explain` answers."""

import sys
from dataclasses import dataclass
from typing import Iterator, Optional, Tuple
from zipfile import ZipFile

import pytest

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.facts.inetd_conf import InetdConf
from nimdoctor.manual import explain as module
from nimdoctor.manual.explain import explain
from nimdoctor.manual.pages import FIX_HEADINGS, HEADINGS, facts_of, fix_page, page
from nimdoctor.model import Finding, OnMaster, Role, Severity, check
from nimdoctor.planning.fix import FixContext, PlanItem, fix


@dataclass(frozen=True)
class NimshLog:
    """Stands in for the fact of that name."""


@dataclass(frozen=True)
class ListensBehind:
    """A derived fact."""

    @classmethod
    def derive(cls, conf: InetdConf, log: Optional[NimshLog]) -> "ListensBehind":
        return cls()


def _check(id, function, **more):
    given = {"title": "Something is wrong", "role": Role.CLIENT, "severity": Severity.HIGH, "source": "isg3T1024615"}
    return check(id, **{**given, **more})(function)


def _hang(log: NimshLog) -> Iterator[Finding]:
    """A push hangs."""
    yield from ()


def _tftp(inetd: OnMaster[InetdConf]) -> Iterator[Finding]:
    """tftp is needed."""
    yield from ()


def _derived(behind: Optional[ListensBehind]) -> Iterator[Finding]:
    """Rests on others."""
    yield from ()


CHECKS = [
    _check("create-bio-hang", _hang, fix="refresh-client-certificate"),
    _check(
        "tftp-disabled", _tftp, cure="uncomment the row; refresh -s inetd", cause="a leading #", messages=["0513-095"]
    ),
    _check("tftp-other", _derived),
]


def _open_tftp(case: FixContext, inetd: Optional[OnMaster[InetdConf]]) -> Iterator[PlanItem]:
    """Opens tftp.

    Second paragraph.
    """
    yield from ()


def _fix(id, function=_open_tftp, **more):
    given = {"title": "Open it", "where": Role.MASTER, "risk": "others may use it", "source": "a handbook"}
    return fix(id, **{**given, **more})(function)


FIXES = [
    _fix("open-tftp"),
    _fix("refresh-client-certificate", where=Role.CLIENT, needs=("open-tftp",), classic=True),
    _fix("give-up", named_only=True),
]


@pytest.fixture
def unrecognised(monkeypatch):
    monkeypatch.setattr(module, "_recognised", lambda line: None)


def is_plain(text: str) -> bool:
    return text.isascii() and text.endswith("\n")


@pytest.mark.parametrize("query", ["create-bio-hang", "CREATE_BIO_HANG", " create-bio-hang\n", "create", "cre"])
def test_an_id_or_the_only_one_that_begins_so_gives_its_page(query):
    said = explain(query, CHECKS, Catalog())
    assert said.found
    assert said.text.startswith("# create-bio-hang: ")


def test_a_beginning_of_several_ids_is_no_answer_but_names_them(unrecognised):
    said = explain("quota", [_check("quota-full", _hang), _check("quota-odd", _hang)], Catalog())
    assert not said.found
    assert "quota-full  Something is wrong" in said.text and "quota-odd   Something is wrong" in said.text


@pytest.mark.parametrize("query", ["creat-boi-hang", "creat-bio-hang", "create-bio-hung"])
def test_a_slip_of_the_hand_gives_the_page_that_is_meant(query, unrecognised):
    said = explain(query, CHECKS, Catalog())
    assert said.found
    assert said.text.startswith(f"(the nearest to '{query}')\n\n# ")
    assert "create-bio-hang" in said.text


def test_a_slip_that_may_mean_two_things_gives_both_and_no_page(unrecognised):
    twins = [_check("port-takem", _hang), _check("port-takes", _hang)]
    said = explain("port-take_", twins, Catalog())
    assert not said.found
    assert "port-takem" in said.text and "port-takes" in said.text


@pytest.mark.parametrize("query", ["", "   ", "\u2603 no such thing", "x" * 5000, "\0\x1b[31m", "9999-999"])
def test_nonsense_is_not_found_and_answered_in_ascii(query, unrecognised):
    said = explain(query, CHECKS, Catalog())
    assert not said.found
    assert is_plain(said.text)
    assert "\0" not in said.text and "\x1b" not in said.text
    assert max(map(len, said.text.splitlines())) <= 79


@pytest.mark.parametrize("query", ["open-tftp", "OPEN_TFTP", "open"])
def test_an_id_of_a_fix_or_its_beginning_gives_its_page(query):
    said = explain(query, CHECKS, Catalog(), FIXES)
    assert said.found
    assert said.text.startswith("# open-tftp: Open it")


def test_a_fix_without_a_page_gets_one_of_its_attributes():
    text = fix_page(FIXES[0], Catalog(), CHECKS, FIXES)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == list(FIX_HEADINGS)
    for said in ("Opens tftp.", "Second paragraph.", "a handbook", "Risk: others may use it.", "It acts on the master",
                 "It reads: /etc/inetd.conf.", "It comes along with refresh-client-certificate", "No check calls for it"):  # fmt: skip
        assert said in " ".join(text.split()), said
    assert is_plain(text) and max(map(len, text.splitlines())) <= 79


def test_a_fix_tells_which_checks_call_for_it_what_it_brings_along_and_from_when_it_is_advice():
    shown = " ".join(fix_page(FIXES[1], Catalog(), CHECKS, FIXES).split())
    assert "It is the fix of create-bio-hang." in shown
    assert "With it comes open-tftp" in shown
    assert "advice only" in shown


def test_a_fix_that_must_be_named_says_so():
    assert "--only give-up" in fix_page(FIXES[2], Catalog(), CHECKS, FIXES)


def test_the_page_of_a_check_names_its_fix_and_the_risk_of_that():
    shown = " ".join(page(CHECKS[0], Catalog(), FIXES).split())
    assert "Its fix is refresh-client-certificate, on the client: Open it. Risk: others may use it." in shown
    assert "open-tftp comes along" in shown and "nimdoctor explain refresh-client-certificate" in shown
    assert "Its fix" not in page(CHECKS[1], Catalog(), FIXES)


def test_a_slip_of_the_hand_may_mean_a_fix(unrecognised):
    said = explain("open-tfpt", CHECKS, Catalog(), FIXES)
    assert said.found and "# open-tftp: Open it" in said.text


def test_a_check_without_a_page_gets_one_of_its_attributes():
    text = page(CHECKS[1], Catalog())
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == list(HEADINGS)
    assert "/etc/inetd.conf" in text and "refresh -s inetd" in text and "a leading #" in text
    assert "isg3T1024615" in text
    assert is_plain(text)


def test_a_third_partys_page_is_found_beside_its_module(tmp_path, monkeypatch):
    (tmp_path / "site_nim").mkdir()
    (tmp_path / "site_nim" / "__init__.py").write_text("")
    (tmp_path / "site_nim" / "site_naming.py").write_text(_THIRD_PARTY)
    (tmp_path / "site_nim" / "site_naming.md").write_text("# site-naming: Names \u2013 ours\n", "utf-8")
    assert _third_party(tmp_path, monkeypatch, "site_nim").text == "# site-naming: Names - ours\n"


def test_a_page_inside_a_zip_is_found_too(tmp_path, monkeypatch):
    with ZipFile(tmp_path / "site.zip", "w") as archive:
        archive.writestr("zipped_nim/__init__.py", "")
        archive.writestr("zipped_nim/site_naming.py", _THIRD_PARTY)
        archive.writestr("zipped_nim/site_naming.md", "# site-naming: from a zip\n")
    said = _third_party(tmp_path / "site.zip", monkeypatch, "zipped_nim")
    assert said.text == "# site-naming: from a zip\n"


def test_a_page_of_another_check_in_the_same_module_is_not_taken(tmp_path, monkeypatch):
    (tmp_path / "other_nim").mkdir()
    (tmp_path / "other_nim" / "__init__.py").write_text("")
    (tmp_path / "other_nim" / "site_naming.py").write_text(_THIRD_PARTY)
    (tmp_path / "other_nim" / "site_naming.md").write_text("# another-check: no\n")
    assert "## Problem" in _third_party(tmp_path, monkeypatch, "other_nim").text


_THIRD_PARTY = """
from nimdoctor.model import Role, Severity, check

@check("site-naming", title="Names", role=Role.CLIENT, severity=Severity.LOW)
def naming():
    "Host names follow the rule."
"""


def _third_party(path, monkeypatch, package):
    monkeypatch.syspath_prepend(str(path))
    site = __import__(package + ".site_naming", fromlist=["naming"])
    try:
        return explain("site-naming", [site.naming], Catalog())
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            del sys.modules[name]


def test_message_numbers_are_explained_one_by_one(unrecognised):
    said = explain("0042-001 nim: error on lpar7\n0042-175 c_installp: ...", CHECKS, Catalog())
    assert said.found
    assert said.text.index("0042-001") < said.text.index("0042-175")
    assert max(map(len, said.text.splitlines())) <= 79


def test_a_message_names_the_checks_that_explain_it_the_gravest_first(unrecognised):
    said = explain("0513-095", CHECKS, Catalog())
    assert "Checks to look at: tftp-disabled." in said.text
    worse = _check("worse", _derived, messages=["0513-095"], severity=Severity.CRITICAL)
    said = explain("0513-095", [*CHECKS, worse], Catalog())
    assert "Checks to look at: worse, tftp-disabled." in said.text
    assert "Checks to look at" not in explain("0513-059", CHECKS, Catalog()).text


def test_an_unknown_number_of_a_known_speaker_is_said_to_be_unknown(unrecognised):
    said = explain("0042-999", CHECKS, Catalog())
    assert not said.found
    assert "NIM" in said.text and "number is not in" in said.text


@pytest.mark.parametrize("query", ["2025-03-14", "10042-001", "0042-0011", "7.2.5.0-203"])
def test_what_only_looks_like_a_number_is_none(query, unrecognised):
    assert not explain(query, CHECKS, Catalog()).found


def test_a_line_of_nimsh_log_names_the_file_and_the_checks_that_it_leads_to(unrecognised):
    hang = _check("create-bio-hang", _hang, log_lines=["create bio"])
    said = explain("Fri Mar 14 10:05:04 2025 create BIO", [hang, *CHECKS[1:]], Catalog())
    assert said.found
    assert "/var/adm/ras/nimsh.log" in said.text
    assert "Checks to look at: create-bio-hang." in said.text


def test_a_remembered_line_is_called_remembered(unrecognised):
    said = explain("Fri Mar 14 10:05:04 2025 source addr is : 10.1.1.5", CHECKS, Catalog())
    assert said.found
    assert "remembered" in said.text


def test_a_recognised_line_names_the_file_and_who_asks_for_it(monkeypatch):
    monkeypatch.setattr(module, "_recognised", lambda line: "/etc/inetd.conf")
    said = explain("#ntalk dgram udp wait root /usr/sbin/talkd talkd", CHECKS, Catalog())
    assert said.found
    assert "Looks like a line of /etc/inetd.conf" in said.text
    assert "Checks that ask for it: tftp-disabled, tftp-other." in said.text


def test_where_many_checks_ask_for_a_file_they_are_counted_and_not_listed(monkeypatch):
    monkeypatch.setattr(module, "_recognised", lambda line: "/etc/inetd.conf")
    many = [_check(f"many-{number}", _tftp) for number in range(20)]
    said = explain("#ntalk dgram udp wait root /usr/sbin/talkd talkd", many, Catalog())
    assert "20 checks ask for it" in said.text and "many-1" not in said.text


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n", "/etc/inetd.conf"),
        ("connect        = nimsh (secure)", "lsnim -l"),
        ("nimsh            nimclient        7799162      active", "lssrc -a"),
        ("tcp        0      0  *.3901                 *.*                    LISTEN", "netstat -an"),
        ("Received 2788 Bytes in 0.0 Seconds", "nimclient -c"),
    ],
)
def test_a_single_line_is_enough_to_say_where_it_comes_from(line, source):
    said = explain(line, CHECKS, Catalog())
    assert said.found
    assert f"Looks like a line of {source}" in said.text


def test_a_question_in_words_is_taken_for_no_evidence():
    said = explain("my brother snores, what now?", CHECKS, Catalog())
    assert not said.found and "Looks like" not in said.text


def test_a_third_partys_row_is_explained_as_well(monkeypatch):
    monkeypatch.setattr(module, "_recognised", lambda line: "/etc/site.conf")
    said = explain("owner=unix", CHECKS, Catalog([Row("/etc/site.conf", Kind.FILE, ("SiteConf",))]))
    assert "Looks like a line of /etc/site.conf" in said.text and "No check asks for it." in said.text


def test_facts_behind_optional_roles_and_derived_facts_are_found():
    assert facts_of(CHECKS[1]) == ("InetdConf",)
    assert facts_of(CHECKS[2]) == ("ListensBehind", "InetdConf", "NimshLog")


def test_a_hint_that_cannot_be_evaluated_does_not_break_the_page():
    def broken(fact: "NoSuchFact") -> Iterator[Finding]:  # noqa: F821
        """Broken hint."""
        yield from ()

    text = page(_check("broken-hint", broken), Catalog())
    assert "Broken hint." in text


def test_a_tuple_of_facts_counts_as_asking_for_them():
    def several(confs: Tuple[InetdConf, ...]) -> Iterator[Finding]:
        """Several."""
        yield from ()

    assert facts_of(_check("several", several)) == ("InetdConf",)
