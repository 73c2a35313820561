"""Each scenario shows nimdoctor what it says it shows, and nothing else."""

import pytest

from nimdoctor.evidence.catalog import Catalog, Kind
from nimdoctor.lab import SCENARIOS, Lab, problems
from nimdoctor.model import Outcome, Severity

from .conftest import failing, only_finding

JOINED = (
    "create-bio-hang+tftp-disabled",
    "tftp-not-refreshed+create-bio-hang-master",
    "both-known-issues+tftp-disabled+nimsh-inactive+rhosts-left-over",
    "client-uses-rsh+tftp-disabled",
    "nimsh-inactive+tftp-disabled",
    "tftp-disabled+tftp-denied+key-exposed",
)


@pytest.mark.parametrize("scenario", [*SCENARIOS, *JOINED])
def test_a_scan_finds_the_problems_of_the_scenario_and_no_other(scenario, originals, scan):
    report = scan(originals(scenario))
    assert failing(report) == problems(scenario)
    assert report.with_outcome(Outcome.ERROR) == []
    # what stands open to others is found, and leaves the exit status to operation
    operation = problems(scenario) - set(report.exposure.checks)
    assert report.exit_status == (1 if operation else 0)


def test_a_healthy_lab_leaves_nothing_undecided(originals, scan):
    assert {found.outcome for found in scan(originals("healthy")).results} <= {Outcome.PASS, Outcome.NOT_APPLICABLE}


def test_what_rhosts_still_trusts_is_low(originals, scan):
    report = scan(originals("rhosts-left-over"))
    assert failing(report, Severity.LOW) == {"rhosts-left-over"}
    assert list(only_finding(report, "rhosts-left-over").objects) == ["nim1 root", "nim1.example.com\troot"]


def test_the_processes_of_a_push_that_hangs_are_named_and_low(lab_of, scan):
    lab = lab_of("create-bio-hang")
    lab.hang()
    report = scan(lab)
    found = only_finding(report, "hung-push")
    assert found.objects == ("master 9437574", "client 9306482")
    assert [cause.check for cause in report.story.behind(found)] == ["create-bio-hang", "certificate-mismatch"]
    assert failing(report) == problems("create-bio-hang")


def test_a_clock_that_is_far_behind_is_told_as_the_reason_of_a_certificate_that_is_not_valid_yet(lab_of, scan):
    lab = lab_of("clock-skew")
    with open(f"{lab.client}/.lab/clock", "w", encoding="ascii") as stream:
        stream.write(f"{-200 * 86400}\n")
    report = scan(lab)
    skew = only_finding(report, "clock-skew")
    assert skew.severity is Severity.HIGH and report.story.findings[0] is skew
    assert [one.check for one, _ in report.story.effects(skew)] == ["certificate-not-yet-valid"]


def test_certificates_are_not_made_anew_before_the_clocks_agree(originals, scan):
    report = scan(originals("create-bio-hang-master+clock-skew"))
    assert (report.story.findings[0].check, report.first.check) == ("create-bio-hang", "clock-skew")


@pytest.mark.parametrize(
    ("scenario", "fix"),
    [
        ("create-bio-hang", "refresh-client-certificate"),
        ("create-bio-hang-master", "recycle-certificates"),
        ("both-known-issues", "refresh-client-certificate"),
    ],
)
def test_one_hang_needs_the_client_alone_and_one_the_master(scenario, fix, originals, scan):
    assert only_finding(scan(originals(scenario)), "create-bio-hang").fix == fix


def test_every_client_that_was_asked_for_has_the_trouble(scan):
    names = ("lpar7", "lpar21", "lpar22")
    with Lab.build("create-bio-hang", clients=names) as lab:
        assert list(lab.clients) == [*names, "lpar8"]
        for name in names:
            assert failing(scan(Lab("", lab.place, [name]))) == {"create-bio-hang", "certificate-mismatch"}
        assert failing(scan(Lab("", lab.place, ["lpar8"]))) == set()


def test_a_scan_changes_nothing(originals, scan):
    lab = originals("both-known-issues")
    before = [lab.snapshot(end, log=True) for end in ("master", "lpar7", "lpar8")]
    scan(lab)
    assert [lab.snapshot(end, log=True) for end in ("master", "lpar7", "lpar8")] == before
    assert lab.calls() == lab.calls("master") == []


@pytest.mark.parametrize("end", ["master", "client"])
def test_every_command_that_a_scan_runs_has_its_stand_in(end, originals):
    lab = originals("healthy")
    for row in Catalog():
        if row.kind is Kind.COMMAND and row.live and end in row.roles and not row.name.startswith("ioscli"):
            words = row.name.format(
                APARS="IV58877 IJ07373",
                CLIENT_HOSTNAME="lpar7",
                MASTER_HOSTNAME="nim1",
                NIM_NAME="lpar7",
                CLIENT_ADDRESS="10.1.1.17",
                MASTER_ADDRESS="10.1.1.10",
            ).split(" ", 2)
            result = lab.run(end, *words)
            assert result.stdout or result.stderr, row.name


def test_an_unknown_scenario_is_told_with_those_there_are():
    with pytest.raises(ValueError, match=r"no scenario no-such; there are healthy, .*ssl-one-sided"):
        Lab.build("healthy+no-such")


def test_an_unknown_kind_of_key_is_told():
    with pytest.raises(ValueError, match="there are ec, rsa"):
        Lab.build(key="dsa")


def test_keys_may_be_rsa():
    with Lab.build("healthy", key="rsa") as lab:
        shown = lab.run(
            "master", "openssl", "x509", "-noout", "-text", "-in", f"{lab.master}/ssl_nimsh/certs/server.pem"
        )
        assert b"rsaEncryption" in shown.stdout
        assert lab.push().status == 0
