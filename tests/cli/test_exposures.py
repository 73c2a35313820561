"""What stands open to others: told beside the verdict, which is that of operation, and moving nothing unasked."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import CHECKS


@pytest.fixture
def exposed(hosts, tmp_path):
    """A healthy client whose only open vulnerability has that score, or no score."""

    def make(score):
        place = Path(shutil.copytree(hosts / "healthy" / "client", tmp_path / f"client{score}"))
        lslpp = place / "commands" / "lslpp_-lc"
        # of a line of OpenSSL that is supported, and of NIM nothing but one advisory of the site
        lslpp.write_text("\n".join(one for one in lslpp.read_text().splitlines() if "nim." not in one) + "\n")
        lslpp.write_text(lslpp.read_text().replace("openssl.base:1.0.2.1800", "openssl.base:3.0.17.1000"))
        row = "openssl_support affected=3.0.17.0-3.0.17.1000 since=2027-01 advisory=advisory99 source=ours"
        levels = f"{row} score={score}\n" if score else f"{row}\n"
        (place / "files/etc/nimdoctor.levels").write_text(levels)
        return place

    return make


WORDS = ("--check", "openssl-unsupported", "--check", "niminfo-broken")


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        ("10.0", "high"),
        ("9.0", "high"),
        ("8.9", "medium"),
        ("7.0", "medium"),
        ("6.9", "low"),
        ("0.1", "low"),
        (None, "low"),
    ],
)
def test_an_exposure_is_as_grave_as_its_worst_score(doctor, exposed, score, severity):
    ended = doctor("scan", exposed(score), *WORDS, json=True)
    found = ended.result("openssl-unsupported")
    assert (found["topic"], found["outcome"], found["severity"]) == ("exposure", "fail", severity)
    assert found["vulnerabilities"] == [{"id": "advisory99", "score": float(score) if score else None}]
    assert (ended.status, ended.report["verdict"]) == (0, "healthy")
    worst = float(score) if score else None
    assert ended.report["exposure"] == {"open": 1, "worst": worst, "checks": ["openssl-unsupported"]}


def test_the_four_checks_of_exposures_say_so_and_no_other(doctor):
    listed = json.loads(doctor("checks", "--format", "json").out)
    exposures = {one["id"] for one in listed if one["topic"] == "exposure"}
    assert exposures == {"nim-vulnerable", "openssl-unsupported", "key-exposed", "tftp-exposes-keys"}
    assert {one["topic"] for one in listed} == {"operation", "exposure"}


def test_the_same_vulnerability_at_both_ends_counts_once(doctor, hosts):
    client, master = hosts / "healthy" / "client", hosts / "healthy" / "master"
    pair = doctor("scan", client, "--master", master, json=True).report
    each = [doctor("scan", end, json=True).report["exposure"]["open"] for end in (client, master)]
    assert pair["exposure"]["open"] == 11 and max(each) <= 11 < sum(each)


@pytest.mark.parametrize(
    ("score", "given", "status"),
    [("8.9", "9.0", 0), ("9.0", "9.0", 1), ("9.1", "9", 1), (None, "7.0", 0), (None, "0", 1)],
)
def test_only_fail_on_exposure_moves_the_exit_status(doctor, exposed, score, given, status):
    place = exposed(score)
    for bar in ("info", "low", "critical"):
        assert doctor("scan", place, *WORDS, "--fail-on", bar).status == 0
    ended = doctor("scan", place, *WORDS, "--fail-on-exposure", given, json=True)
    assert (ended.status, ended.report["verdict"]) == (status, "healthy"), "the verdict stays that of operation"
    first = " ".join(doctor("scan", place, *WORDS, "--fail-on-exposure", given).out.partition("\nHost:")[0].split())
    assert (f"more than --fail-on-exposure {float(given)} allows" in first) is bool(status)


def test_an_exposure_without_a_score_counts_by_its_severity(doctor, lab_of):
    lab = lab_of("key-exposed")
    words = ["scan", lab.client_target, "--master", lab.master_target]
    ended = doctor(*words, json=True)
    assert ended.report["exposure"] == {"open": 0, "worst": None, "checks": ["key-exposed"]}
    assert (ended.status, ended.report["verdict"]) == (0, "healthy")
    severity = ended.result("key-exposed")["severity"]
    stands_for = {"high": "9.0", "medium": "7.0"}[severity]
    assert doctor(*words, "--fail-on-exposure", stands_for).status == 1
    assert doctor(*words, "--fail-on-exposure", "9.1").status == 0
    assert doctor(*words).out.startswith(
        f"HEALTHY, BUT EXPOSED ({CHECKS - 1} of {CHECKS} checks asked, 2 findings ignored): key-exposed\n"
    )


@pytest.mark.parametrize("given", ["-1", "10.1", "nan", "high"])
def test_what_is_no_score_is_2(doctor, hosts, given):
    assert doctor("scan", hosts / "healthy" / "client", "--fail-on-exposure", given).status == 2


def test_an_exposure_that_is_not_known_moves_nothing(doctor, evidence, niminfo):
    words = ["scan", evidence({"/etc/niminfo": niminfo}), "--check", "nim-vulnerable", "--check", "niminfo-broken"]
    ended = doctor(*words, "--fail-on", "low", "--fail-on-exposure", "0", json=True)
    assert ended.outcomes() == {"nim-vulnerable": "unknown", "niminfo-broken": "pass"}
    assert (ended.status, ended.report["verdict"]) == (0, "healthy")
    assert doctor(*words, "--format", "nagios").status == 0


def test_an_exposure_is_a_warning_of_monitoring_whatever_its_score(doctor, exposed, hosts):
    for score in ("10.0", None):
        ended = doctor("scan", exposed(score), *WORDS, "--format", "nagios")
        assert ended.status == 1
        assert ended.out.startswith(
            f"NIMDOCTOR WARNING - lpar7 (2 of {CHECKS} checks asked): 1 known vulnerability is open"
        )
    assert doctor("scan", hosts / "create-bio-hang" / "client", "--format", "nagios").status == 2


@pytest.mark.parametrize("scenario", ["healthy", "create-bio-hang", "rhosts-left-over"])
def test_operation_comes_first_in_every_order(doctor, hosts, scenario):
    words = ["scan", hosts / scenario / "client", "--master", hosts / scenario / "master"]
    topics = [found["topic"] for found in doctor(*words, json=True).report["results"]]
    assert topics == sorted(topics, key=["operation", "exposure"].index)
    assert set(topics) == {"operation", "exposure"}


@pytest.mark.parametrize(
    ("format", "heading"), [("markdown", "\n## Exposures: 10 known"), ("html", ">Exposures: 10 known")]
)
def test_they_have_a_section_of_their_own_behind_the_findings(doctor, hosts, format, heading):
    out = doctor("scan", hosts / "create-bio-hang" / "client", "--format", format).out
    before, _, section = out.partition(heading)
    findings = before[before.index("1. ") :]
    assert "create-bio-hang" in findings and "nim-vulnerable on" not in findings.replace("#finding", "")
    assert "nim-vulnerable" in section and "openssl-unsupported" in section


def test_a_vulnerability_that_a_site_ignores_no_longer_weighs(doctor, hosts, exposed):
    place = exposed("5.0")
    source = hosts / "healthy" / "client" / "commands" / "lslpp_-lc"
    (place / "commands" / "lslpp_-lc").write_text(source.read_text())
    rules = "".join(f"nim-vulnerable [{cve}] behind a firewall\n" for cve in ("CVE-2025-36250", "CVE-2026-15068"))
    (place / "files/etc/nimdoctor.ignore").write_text(rules)
    exposure = doctor("scan", place, json=True).report["exposure"]
    assert (exposure["open"], exposure["worst"]) == (8, 9.6)


# -- fix


def test_what_only_a_person_can_close_is_told_in_the_plan_and_nothing_waits_for_it(doctor, hosts):
    place = hosts / "healthy" / "client"
    for words in ([], ["--apply", "--yes"]):
        ended = doctor("fix", place, *words)
        assert ended.status == 0
        nothing, _, exposures = ended.out.partition("\nOpen to others, and left to a person: it stops no push\n")
        assert nothing.startswith("Nothing to do: ") and "nim-vulnerable" not in nothing
        assert "- nim-vulnerable: " in exposures and "- openssl-unsupported: " in exposures
    plan = doctor("fix", place, json=True).report
    assert (plan["advice"], plan["below"]) == ([], [])
    assert [one["about"] for one in plan["exposures"]] == ["nim-vulnerable", "openssl-unsupported"]


def test_steps_that_close_an_exposure_are_a_plan_that_waits(doctor, lab_of):
    lab = lab_of("key-exposed")
    words = ["fix", lab.client_target, "--master", lab.master_target]
    ended = doctor(*words, json=True)
    assert ended.status == 1
    assert {one["topic"] for one in ended.report["findings"]} == {"exposure"} and ended.report["steps"]
    assert doctor(*words, "--apply", "--yes").status == 0
    assert doctor(*words).status == 0
