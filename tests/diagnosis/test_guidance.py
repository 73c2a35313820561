"""What a report says where cures are advice only: an end is, or may be, of security generation G2 or later."""

from datetime import datetime

import pytest
from hosts import evidence, niminfo, scan_hosts, tls_push

from nimdoctor.diagnosis.guidance import AHEAD, ALIKE, DIFFER, OPEN
from nimdoctor.model import Role
from nimdoctor.report import advice_only, json_report, summary, text_report

THEN = datetime(2026, 10, 2, 12, 5, 4)
NIM = "/usr/lib/objrepos:bos.sysmgt.nim.{}:7.2.5.{}::COMMITTED:F:text:\n"
NONE = "There is no efix data on this system.\n"
APARS = ("IJ53757", "IJ55968", "IJ59566")
HANG = tls_push(THEN, "")
ASKED = ["create-bio-hang", "hardening-order", "hardening-skew"]


def answers(*installed):
    return "".join(
        f"    All filesets for {apar} were found.\n"
        if apar in installed
        else f"    There was no data for {apar} in the fix database.\n"
        for apar in APARS
    )


def proved(generation):
    """Commands of a host at 7.2 TL5 that prove the generation; none do where it is None."""
    if generation is None:
        return {"oslevel -s": "7200-05-11-2546\n"}
    return {
        "oslevel -s": "7200-05-11-2546\n" if generation > "G0" else "7200-05-03-2148\n",
        "instfix -ik IJ53757 IJ55968 IJ59566": answers(*APARS[: int(generation[1])]),
        "emgr -lv3": NONE,
    }


def client(generation, **more):
    log = {"/var/adm/ras/nimsh.log": HANG, "/etc/niminfo": niminfo()}
    commands = {"lslpp -lc": NIM.format("client", 205), **proved(generation), **more}
    return evidence(files=log, commands=commands, host="lpar7", role="client")


def master(generation):
    listing = NIM.format("client", 205) + NIM.format("master", 205)
    return evidence(commands={"lslpp -lc": listing, **proved(generation)}, host="nim1", role="master")


@pytest.mark.parametrize(
    ("own", "other", "standing"),
    [
        ("G3", "G3", ALIKE),
        ("G1", "G2", DIFFER),
        ("G3", "G2", DIFFER),
        ("G2", "G1", AHEAD),
        (None, "G2", OPEN),
        ("G3", None, OPEN),
    ],
)
def test_how_two_ends_stand_to_each_other(own, other, standing):
    found = scan_hosts(client(own), master(other)).guidance
    assert found.standing == standing
    assert [end.settled for end in found.ends] == [own is not None, other is not None]


@pytest.mark.parametrize(("own", "other"), [("G0", "G0"), ("G1", "G1"), ("G0", "G1")])
def test_below_g2_there_is_none(own, other):
    assert scan_hosts(client(own), master(other)).guidance is None


def test_an_end_that_is_proved_shows_the_line_that_does():
    own, other = scan_hosts(client("G3"), master("G2")).guidance.ends
    assert [quote.text.strip() for quote in own.proved_by] == ["All filesets for IJ59566 were found."]
    assert (own.generation, other.generation) == ("G3", "G2") and other.proved_by[0].line == 2


def test_what_proves_an_end_comes_next_and_is_data():
    report = scan_hosts(client(None), master("G3"), only=ASKED)
    assert report.guidance.next == (Role.CLIENT, (("instfix", "-ik", *APARS), ("emgr", "-lv3")))
    assert summary.next_command(report) == ("instfix -ik IJ53757 IJ55968 IJ59566; emgr -lv3", Role.CLIENT)
    assert summary.head(report).next == "on lpar7 (client): instfix -ik IJ53757 IJ55968 IJ59566; emgr -lv3"


def test_what_was_asked_already_is_not_asked_again():
    report = scan_hosts(client(None, **{"emgr -lv3": NONE}), master("G3"))
    assert report.guidance.next == (Role.CLIENT, (("instfix", "-ik", *APARS),))


def test_a_master_that_was_not_given_is_an_end_that_is_not_proved():
    report = scan_hosts(client("G3"), only=ASKED)
    assert report.guidance.standing == OPEN and report.guidance.next[0] is Role.MASTER
    assert summary.head(report).next.startswith("on the master: oslevel -s; instfix -ik ")


def test_where_both_are_proved_the_client_is_asked_for_itself():
    assert (
        summary.head(scan_hosts(client("G3"), master("G3"), only=ASKED)).next
        == "on nim1 (master): nimquery -a host=lpar7"
    )


@pytest.mark.parametrize(("own", "other", "check"), [("G1", "G2", "hardening-order"), ("G2", "G3", "hardening-skew")])
def test_ends_that_differ_are_the_cause_of_a_hang(own, other, check):
    report = scan_hosts(client(own), master(other), only=ASKED)
    assert summary.chain(report) == f"{check} -> create-bio-hang"
    assert "certificates" not in summary.head(report).cause


def test_nothing_is_said_of_certificates_that_must_fit_and_no_old_cure_where_g2_is_proved():
    text = text_report.render(scan_hosts(client("G3"), master("G3"), only=ASKED))
    assert "no longer fit each other" not in text and "nimclient -C" not in text


def test_the_part_stands_in_text_and_json():
    report = scan_hosts(client("G3"), master("G2"))
    shown = [item.label for item in advice_only.items(report)]
    assert shown[:3] == ["Each end", "Each end", "Together"] and shown[-1] == "Case"
    text = text_report.render(report, every=True)
    assert advice_only.TITLE in text and "https://www.ibm.com/support/pages/node/7283157" in text
    first_page = " ".join(text_report.render(report).split())
    assert "Fixes: advice only" in first_page
    assert "Each end: lpar7 (client): G3" in first_page and "nim1 (master): G2" in first_page
    assert "they differ: this comes first" in first_page
    told = json_report.as_dict(report)["guidance"]
    assert told["standing"] == DIFFER and told["case"][:2] == ["nimdoctor", "report"]
    assert {look["what"]: look["state"] for look in told["looks"]}["the clocks of both ends"] == "not asked"


def test_a_host_that_is_well_is_told_nothing_of_it():
    report = scan_hosts(client("G3"), only=["fileset-broken"])
    assert report.verdict == "healthy" and report.guidance is None
    assert list(advice_only.items(report)) == [] and json_report.as_dict(report)["guidance"] is None
