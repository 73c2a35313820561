"""What settles an unknown is data; every sentence of it is made from that."""

import re
from datetime import datetime, timedelta
from typing import Iterator

import pytest
import scenarios
from hosts import LOG, UTC, evidence, loose, niminfo, registry, scan_hosts, service_start, tls_push

from nimdoctor.diagnosis.engine import Engine
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.facts import MachineId, NimInfo
from nimdoctor.model import (
    COMMAND,
    FILE,
    PUSH,
    Command,
    File,
    Missing,
    OnMaster,
    Outcome,
    Push,
    Role,
    Severity,
    Topic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.report import html, json_report, junit_report, markdown_report, nagios_report, summary, text_report

INFO = {"/etc/niminfo": niminfo()}
THEN = datetime(2025, 3, 14, 12, 5, 4)
MASTER = evidence(host="nim1", role="master")


def ask(checked, target=None, master=None):
    host = Host(target or evidence(files=INFO), registry().catalog)
    (result,) = Engine(host, Host(master, registry().catalog, ("master",)) if master else None).ask(checked, None)
    return result


def says(*verdicts, role=Role.CLIENT):
    """A check that says this of a client's niminfo."""

    @check("sample", title="A sample", role=role, severity=Severity.HIGH)
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        yield from verdicts

    return sample


def test_what_a_check_says_settles_it_is_kept_with_the_end_it_is_on():
    assert ask(says(Unknown("open", settled_by=Push("lpar7")))).settled_by == Push("lpar7")
    assert ask(says(Unknown("open", settled_by=Command("audit", "query")))).settled_by == Command(
        "audit", "query", where=Role.CLIENT
    )
    there = Command("audit", "query", where=Role.MASTER)
    assert ask(says(Unknown("open", ["/etc/niminfo"], settled_by=there))).settled_by == there


@pytest.mark.parametrize(
    ("name", "settled_by"),
    [
        ("/etc/services", File("/etc/services", Role.CLIENT)),
        ("/usr/lib/libssl.so*", File("/usr/lib/libssl.so*", Role.CLIENT)),
        ("lssrc -a", Command("lssrc", "-a", where=Role.CLIENT)),
        # only a master has these, whichever end is judged
        ("lsnim -l", Command("lsnim", "-l", where=Role.MASTER)),
        ("/ssl_nimsh/configs/*", File("/ssl_nimsh/configs/*", Role.MASTER)),
        # what is known stands in the place of a placeholder
        ("nimclient -l -l NIM_NAME", Command("nimclient", "-l", "-l", "lpar7", where=Role.CLIENT)),
        ("host MASTER_HOSTNAME", Command("host", "nim1", where=Role.CLIENT)),
        # neither a file nor a command
        ("rehearsal of the handshake", None),
        ("NoSuchFact", None),
    ],
)
def test_of_what_is_missing_the_file_or_command_is_taken_at_the_end_that_has_it(name, settled_by):
    assert ask(says(Unknown("open", [name]))).settled_by == settled_by

    @check("sample", title="A sample", role=Role.CLIENT, severity=Severity.HIGH)
    def on_the_way(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        raise Missing(name)
        yield

    assert ask(on_the_way).settled_by == settled_by


def test_a_fact_of_the_other_end_is_to_be_had_there():
    @check("sample", title="A sample", role=Role.CLIENT, severity=Severity.HIGH)
    def sample(machine: OnMaster[MachineId]) -> Iterator[Verdict]:
        """Sample."""
        yield from ()

    assert ask(sample, master=MASTER).settled_by == Command("uname", "-m", where=Role.MASTER)


def test_what_is_decided_is_settled_by_nothing():
    for result in scan_hosts(evidence(files=INFO)).results:
        assert result.settled_by is None or result.outcome is Outcome.UNKNOWN


def test_a_name_that_would_be_an_option_is_put_into_no_push():
    assert Push("-P").argv is None and Push(None).argv is None and Push("lpar7").argv == ("nim", "-o", "lslpp", "lpar7")


@pytest.mark.parametrize("name", scenarios.names())
def test_every_unknown_of_every_scenario_says_what_settles_it_and_no_message_does(name):
    trees = scenarios.scenario(name)
    client, master = (lambda end=end: RecordedEvidence(f"case/{end}", trees[end]) for end in scenarios.ENDS)
    for report in (scan_hosts(client(), master()), scan_hosts(client()), scan_hosts(master())):
        for result in report.results:
            assert "nim -o lslpp" not in result.message or result.outcome is not Outcome.UNKNOWN
            if result.outcome is Outcome.UNKNOWN and any(registry().catalog.named(one) for one in result.missing):
                assert result.settled_by is not None, result
            if result.settled_by:
                where, kind, argv, path, _ = result.settled_by
                assert where in (Role.CLIENT, Role.MASTER)
                assert {PUSH: path is None, COMMAND: bool(argv) and path is None, FILE: bool(path) and argv is None}[
                    kind
                ]


def test_the_sentence_is_made_from_the_data_in_every_format():
    log = tls_push(THEN) + service_start(THEN + timedelta(hours=1))
    report = scan_hosts(evidence(files={LOG: log, **INFO}, commands={UTC: "2025-03-15T09:53:20Z\n"}))
    found = next(one for one in report.results if one.check == "create-bio-hang")
    assert (found.outcome, found.settled_by) == (Outcome.UNKNOWN, Push("lpar7"))
    assert "nim -o" not in found.message
    sentence = "On the master: nim -o lslpp lpar7"
    assert summary.why_undecided(found) == f"{found.message}. {sentence}"
    flat = " ".join(text_report.render(report).split())
    for written in (
        flat,
        markdown_report.render([report]).replace("`", ""),
        re.sub(r"</?span[^>]*>", "", html.render([report])),  # words that stay whole are marked as such
        junit_report.render([report]),
    ):
        assert sentence in written
    (entry,) = (one for one in json_report.as_dict(report)["results"] if one["check"] == "create-bio-hang")
    assert entry["settled_by"] == {
        "where": "master",
        "kind": "push",
        "argv": ["nim", "-o", "lslpp", "lpar7"],
        "path": None,
    }


def test_the_gravest_unknown_comes_next_and_not_a_low_finding():
    """A client that was pushed well before its last change has but low findings; the push tells whether it still is."""
    client, master = (
        RecordedEvidence(f"case/{end}", scenarios.scenario("rhosts-left-over")[end]) for end in scenarios.ENDS
    )
    report = scan_hosts(client, master)
    findings = [found for found in report.story.findings if found.topic is Topic.OPERATION]
    assert {found.severity for found in findings} == {Severity.LOW} and report.verdict == "healthy"
    undecided = report.results[0]._replace(
        check="create-bio-hang", outcome=Outcome.UNKNOWN, severity=Severity.CRITICAL, settled_by=Push("lpar7")
    )
    lesser = undecided._replace(check="a-check", severity=Severity.MEDIUM, settled_by=None, missing=("lssrc -a",))
    report = report._replace(verdict="inconclusive", results=(*report.results, lesser, undecided))
    assert summary.head(report).next == "on the master: nim -o lslpp lpar7"
    assert summary.next_command(report) == ("nim -o lslpp lpar7", Role.MASTER)
    assert "on the master: nim -o lslpp lpar7" in nagios_report.render([report], Severity.MEDIUM)
    report = report._replace(results=(*report.results[:-1], lesser))
    assert summary.head(report).next == "give the output of `lssrc -a`, then scan again"


def test_a_push_to_a_client_of_no_known_name_is_no_command():
    report = scan_hosts(loose({"nimsh.log": service_start(THEN)}))
    found = next(one for one in report.results if one.check == "create-bio-hang")
    assert found.settled_by == Push(None)
    assert summary.why_undecided(found).endswith("On the master: nim -o lslpp and its NIM name")
