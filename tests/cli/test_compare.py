"""`scan --compare` as it is typed: what it says, and what it refuses."""

import json

import jsonschema
import pytest

from tests.cli.conftest import REPOSITORY

SCHEMA = REPOSITORY / "nimdoctor/report/report-1.schema.json"


@pytest.fixture
def before(doctor, hosts, tmp_path):
    """What a scan of a pair said while tftp was off."""
    file = tmp_path / "before.json"
    ends = (hosts / "tftp-disabled" / "client", "--master", hosts / "tftp-disabled" / "master")
    assert doctor("scan", *ends, "--format", "json", "--output", file).status == 1
    return file


def test_after_the_repair_the_finding_is_gone_and_the_exit_status_is_the_scans(doctor, hosts, before):
    ends = (hosts / "healthy" / "client", "--master", hosts / "healthy" / "master")
    ended = doctor("scan", *ends, "--compare", before, "--format", "json")
    assert ended.status == 0
    jsonschema.validate(ended.report, json.loads(SCHEMA.read_text()))
    compared = ended.report["compared"]
    assert [one["check"] for one in compared["gone"]] == ["tftp-disabled", "client-not-secure"]
    assert compared["before"]["verdict"] == "problems" and compared["new"] == compared["changed"] == []
    text = " ".join(doctor("scan", *ends, "--compare", before).out.split())
    assert "2 gone (tftp-disabled, client-not-secure)" in text


def test_a_new_finding_is_told_and_the_verdict_stays(doctor, hosts, before):
    ends = (hosts / "certificate-expired" / "client", "--master", hosts / "certificate-expired" / "master")
    ended = doctor("scan", *ends, "--compare", before, "--format", "json")
    assert ended.status == 1 and "certificate-expired" in {one["check"] for one in ended.report["compared"]["new"]}
    jsonschema.validate(ended.report, json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("format", ["text", "json", "html", "markdown", "junit"])
def test_a_report_of_another_host_is_refused(doctor, hosts, before, format):
    ended = doctor("scan", hosts / "healthy" / "master", "--compare", before, "--format", format)
    assert ended.status == 2
    assert "is of lpar7, and this is nim1: nothing can be compared" in ended.err


def test_what_is_no_report_is_refused_before_anything_is_scanned(doctor, hosts, tmp_path):
    file = tmp_path / "before.json"
    file.write_text('{"schema": "nimdoctor.plan/1"}')
    for path in (file, tmp_path / "none.json"):
        ended = doctor("scan", hosts / "healthy" / "client", "--compare", path)
        assert ended.status == 2 and ended.out == ""
        assert str(path) in ended.err and "nimdoctor scan --format json" in ended.err


def test_each_of_several_targets_is_compared_with_its_own(doctor, hosts, tmp_path):
    targets = (hosts / "healthy" / "client", hosts / "healthy" / "master")
    file = tmp_path / "all.jsonl"
    doctor("scan", *targets, "--format", "jsonl", "--output", file)
    ended = doctor("scan", *targets, "--compare", file, "--format", "jsonl")
    found = [json.loads(line)["compared"] for line in ended.out.splitlines()]
    assert ended.status == 0 and len(found) == 2
    assert all(one["new"] == one["gone"] == one["changed"] == [] for one in found)
