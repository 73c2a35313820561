"""The record of a bundle: what a scan of it finds, whoever was judged before it in the same worker."""

import pytest
from scenarios import ON_DISK, names

import nimdoctor
from nimdoctor.fleet.judging import judge

FAILING = ("check", "severity", "where", "host", "message", "fix", "topic", "confidence")


def told(report: "nimdoctor.Report") -> "dict[str, object]":
    """What a record and a report both tell, in the words of the record."""
    document = report.to_dict()
    failing = [one for one in document["results"] if one["outcome"] == "fail"]
    return {
        "verdict": document["verdict"],
        "exit_status": report.exit_status,
        "host": document["host"]["name"],
        "role": document["host"]["role"],
        "level": document["host"]["oslevel"],
        "findings": [{key: one[key] for key in FAILING} for one in failing],
        "undecided": [
            {key: one[key] for key in ("check", "severity", "message")}
            for one in document["results"]
            if one["outcome"] in ("unknown", "error") and one["severity"] in ("critical", "high", "medium")
        ],
    }


def recorded(record: "dict[str, object]") -> "dict[str, object]":
    wanted = ("verdict", "exit_status", "host", "role", "level", "undecided")
    findings = [{key: one[key] for key in FAILING} for one in record["findings"]]
    return {**{key: record[key] for key in wanted}, "findings": findings}


@pytest.mark.parametrize("name", names())
def test_a_record_is_what_a_scan_with_that_master_finds(name):
    client, master = (str(ON_DISK / name / end) for end in ("client", "master"))
    record = judge(client, master, "found by name")
    assert record["failure"] is None and record["master_target"] == master
    assert recorded(record) == told(nimdoctor.scan(client, master))
    assert recorded(judge(client, None, "none")) == told(nimdoctor.scan(client))
    assert recorded(judge(master, None, "it is a master")) == told(nimdoctor.scan(master))


def test_a_master_that_is_kept_open_tells_each_client_what_a_fresh_one_would():
    for name in names():
        masters = str(ON_DISK / name / "master")
        clients = [str(ON_DISK / other / "client") for other in ("create-bio-hang", "healthy", "stale-ssl-libs", name)]
        for client in clients:
            assert recorded(judge(client, masters, "")) == told(nimdoctor.scan(client, masters)), (client, masters)
