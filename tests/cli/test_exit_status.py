"""What a scan's exit status, streams and JSON promise to a script."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from effort import one_in
from scenarios import names

from nimdoctor.diagnosis.engine import Result
from nimdoctor.library.scanning import verdict
from nimdoctor.model import Outcome, Role, Severity, Topic

REPOSITORY = Path(__file__).resolve().parents[2]
SCENARIOS = one_in(3, names())
SCHEMA = REPOSITORY / "nimdoctor" / "report" / "report-1.schema.json"


@pytest.fixture(scope="session")
def validator():
    schema = json.loads(SCHEMA.read_text())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


# -- healthy, problems, inconclusive


def test_a_healthy_client_alone_exits_0_and_says_nothing_on_stderr(installed, hosts):
    ended = installed("scan", hosts / "healthy" / "client")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("HEALTHY")


def test_a_healthy_pair_exits_0(doctor, hosts):
    ended = doctor("scan", hosts / "healthy" / "client", "--master", hosts / "healthy" / "master", json=True)
    assert (ended.status, ended.report["verdict"]) == (0, "healthy")


def test_a_failing_check_of_medium_or_more_exits_1(installed, hosts):
    ended = installed("scan", hosts / "create-bio-hang" / "client", "--format", "json")
    assert (ended.status, ended.report["verdict"], ended.err) == (1, "problems", "")


def test_a_failing_low_check_alone_exits_0(doctor, hosts):
    ended = doctor("scan", hosts / "rhosts-left-over" / "client", json=True)
    assert ended.result("rhosts-left-over")["outcome"] == "fail"
    assert (ended.status, ended.report["verdict"]) == (0, "healthy")


def test_an_unknown_of_medium_or_more_without_such_a_fail_exits_3(installed, evidence, niminfo):
    ended = installed("scan", evidence({"/etc/niminfo": niminfo}), "--format", "json")
    assert (ended.status, ended.report["verdict"]) == (3, "inconclusive")


def test_an_unknown_of_low_moves_nothing_where_something_passed(doctor, evidence, niminfo):
    words = ["scan", evidence({"/etc/niminfo": niminfo}), "--check", "rhosts-left-over", "--check", "niminfo-broken"]
    ended = doctor(*words, json=True)
    assert ended.outcomes() == {"rhosts-left-over": "unknown", "niminfo-broken": "pass"}
    assert (ended.status, ended.report["verdict"]) == (0, "healthy")


@pytest.mark.parametrize(("bar", "status"), [("info", 1), ("low", 1), ("medium", 0), ("high", 0), ("critical", 0)])
def test_fail_on_moves_the_bar_for_fails(doctor, hosts, bar, status):
    ended = doctor("scan", hosts / "rhosts-left-over" / "client", "--fail-on", bar, json=True)
    assert ended.status == status
    assert ended.report["verdict"] == {0: "healthy", 1: "problems"}[status]


@pytest.mark.parametrize(("bar", "status"), [("low", 3), ("high", 3), ("critical", 0)])
def test_fail_on_moves_the_bar_for_unknowns(doctor, evidence, niminfo, bar, status):
    ended = doctor(
        "scan", evidence({"/etc/niminfo": niminfo}), "--check", "nimsh-inactive", "--check", "niminfo-broken",
        "--fail-on", bar, json=True,
    )  # fmt: skip
    assert ended.outcomes() == {"nimsh-inactive": "unknown", "niminfo-broken": "pass"}
    assert ended.status == status
    assert ended.report["verdict"] == {0: "healthy", 3: "inconclusive"}[status]


def test_a_fail_below_the_bar_and_an_unknown_at_it_is_inconclusive(doctor, evidence):
    place = evidence({"/.rhosts": "nim1 root\n"}, manifest={"schema": "nimdoctor.evidence/1", "role": "client"})
    ended = doctor("scan", place, "--fail-on", "high", json=True)
    assert (ended.status, ended.report["verdict"]) == (3, "inconclusive")


RANKS = [severity.value for severity in Severity]
NAMED = {0: "healthy", 1: "problems", 3: "inconclusive"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_verdict_and_exit_status_rest_on_the_same_bar_and_the_report_is_valid_by_the_schema(
    doctor, validator, hosts, scenario
):
    ended = doctor("scan", hosts / scenario / "client", "--master", hosts / scenario / "master", json=True)
    validator.validate(ended.report)
    assert ended.report["verdict"] == NAMED[ended.status] == NAMED[status_at("medium", ended.report["results"])]
    kinds = {(one["topic"], one["severity"], one["outcome"]) for one in ended.report["results"]}
    for bar in Severity:
        assert verdict([entry(*kind) for kind in kinds], bar) == NAMED[status_at(bar.value, ended.report["results"])]


def status_at(bar, results):
    """By the words of the page."""
    at_bar = {
        one["outcome"]
        for one in results
        if one["topic"] == "operation" and RANKS.index(one["severity"]) >= RANKS.index(bar)
    }
    return 1 if "fail" in at_bar else 3 if at_bar & {"unknown", "error"} else 0


def entry(topic, severity, outcome):
    """A result of which the verdict can be told."""
    found = Result("check", "title", Outcome(outcome), Severity(severity), Role.CLIENT, None, "message")
    return found._replace(topic=Topic(topic))


# -- usage


def one_line(ended):
    assert ended.out == ""
    (line,) = ended.said
    assert line.startswith("nimdoctor: ")
    return line


def test_an_unknown_check_exits_2_and_hints_at_the_right_one(installed, hosts):
    ended = installed("scan", hosts / "healthy" / "client", "--check", "create-bio-hand")
    assert ended.status == 2
    assert "create-bio-hang" in one_line(ended)


def test_an_unknown_check_to_skip_exits_2_as_well(doctor, hosts):
    ended = doctor("scan", hosts / "healthy" / "client", "--skip", "tftp-disable")
    assert ended.status == 2
    assert "tftp-disabled" in one_line(ended)


def test_an_unknown_check_like_no_other_names_the_command_that_lists_them(doctor, hosts):
    ended = doctor("scan", hosts / "healthy" / "client", "--check", "qqqqqq")
    assert ended.status == 2
    assert "nimdoctor checks" in one_line(ended)


@pytest.mark.parametrize(
    "words",
    [["--format", "yaml"], ["--fail-on", "urgent"], ["--role", "server"], ["--no-such"], ["--timeout", "0"]],
)
def test_a_wrong_option_exits_2_with_one_line(doctor, hosts, words):
    ended = doctor("scan", hosts / "healthy" / "client", *words)
    assert ended.status == 2
    one_line(ended)


def test_no_command_at_all_shows_the_usage_on_stderr_and_exits_2(installed):
    ended = installed()
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("Usage: nimdoctor")


def test_an_unknown_command_exits_2(doctor):
    ended = doctor("diagnose")
    assert ended.status == 2
    one_line(ended)


def test_a_missing_target_exits_2_with_exactly_one_line(installed, tmp_path):
    ended = installed("scan", tmp_path / "nowhere")
    assert ended.status == 2
    assert str(tmp_path / "nowhere") in one_line(ended)


def test_the_error_is_one_line_whatever_the_target_is_called(doctor, tmp_path):
    ended = doctor("scan", f"{tmp_path}/no\nsuch\x1b[2Jthing")
    assert ended.status == 2
    assert "\x1b" not in one_line(ended)


@pytest.mark.parametrize("words", [["root:/no/such/root"], ["ssh:no-such-host.invalid"], ["ssh:-v"]])
def test_a_target_that_cannot_be_asked_exits_2(doctor, words):
    ended = doctor("scan", *words)
    assert ended.status == 2
    assert words[0] in one_line(ended)


def test_a_missing_master_exits_2_and_prints_no_report(doctor, hosts, tmp_path):
    ended = doctor("scan", hosts / "healthy" / "client", "--master", tmp_path / "nowhere")
    assert ended.status == 2
    one_line(ended)


def test_an_empty_directory_exits_2(doctor, tmp_path):
    ended = doctor("scan", tmp_path)
    assert ended.status == 2
    one_line(ended)


def test_a_file_in_which_nothing_is_recognised_exits_2(doctor, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear support,\nit hangs.\n")
    ended = doctor("scan", tmp_path / "letter.txt")
    assert ended.status == 2
    assert "letter.txt" in one_line(ended)


def test_a_directory_in_which_nothing_is_recognised_exits_2(doctor, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear support,\nit hangs.\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    ended = doctor("scan", tmp_path)
    assert ended.status == 2
    one_line(ended)


# -- nimdoctor itself fails


def test_a_nimdoctor_that_cannot_report_exits_4_with_one_line(doctor, hosts, monkeypatch):
    from nimdoctor.report import text_report

    def broken(*_, **__):
        raise RuntimeError("no report today")

    monkeypatch.setattr(text_report, "render", broken)
    ended = doctor("scan", hosts / "healthy" / "client", may_fail=True)
    assert ended.status == 4
    assert "RuntimeError: no report today" in one_line(ended)


def test_a_reader_that_has_seen_enough_does_not_change_the_status(hosts):
    client = hosts / "healthy" / "client"
    process = subprocess.Popen(
        [sys.executable, "-m", "nimdoctor", "scan", str(client)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(30), said) == (0, b"")


# -- several targets


def test_several_targets_are_one_object_a_line_and_the_worst_status(installed, hosts):
    names = ["healthy", "create-bio-hang", "french-master"]
    ended = installed("scan", *(hosts / name / "client" for name in names), "--format", "json")
    reports = [json.loads(line) for line in ended.out.splitlines()]
    assert [Path(found["host"]["target"]).parent.name for found in reports] == names
    assert [found["verdict"] for found in reports] == ["healthy", "problems", "healthy"]
    assert ended.status == 1


def test_problems_are_worse_than_an_inconclusive_host_and_that_worse_than_a_healthy_one(
    doctor, hosts, evidence, niminfo
):
    unclear = evidence({"/etc/niminfo": niminfo})
    healthy, hung = hosts / "healthy" / "client", hosts / "create-bio-hang" / "client"
    assert doctor("scan", unclear, healthy).status == 3
    assert doctor("scan", healthy, unclear, hung).status == 1


def test_a_nimdoctor_that_fails_over_one_of_several_targets_is_worse_than_all_else(
    doctor, hosts, tmp_path, monkeypatch
):
    from nimdoctor.library import scanning

    judged = scanning.scan_hosts

    def broken(engine, **more):
        if engine.target.evidence.target.endswith("create-bio-hang/client"):
            raise RuntimeError("not today")
        return judged(engine, **more)

    monkeypatch.setattr(scanning, "scan_hosts", broken)
    ended = doctor(
        "scan", hosts / "healthy" / "client", tmp_path / "no", hosts / "create-bio-hang" / "client", may_fail=True
    )
    assert ended.status == 4


def test_one_missing_target_of_several_does_not_lose_the_others(doctor, hosts, tmp_path):
    ended = doctor(
        "scan", hosts / "healthy" / "client", tmp_path / "nowhere", hosts / "create-bio-hang" / "client", json=True
    )
    assert ended.status == 2
    assert len(ended.said) == 1 and "nowhere" in ended.err
    first, missing, last = map(json.loads, ended.out.splitlines())
    assert (first["verdict"], last["verdict"]) == ("healthy", "problems")
    assert missing["schema"] == "nimdoctor.failure/1" and missing["target"] == str(tmp_path / "nowhere")


def test_it_stays_one_object_a_line_when_only_one_of_several_targets_could_be_read(doctor, hosts, tmp_path):
    ended = doctor("scan", hosts / "healthy" / "client", tmp_path / "nowhere", json=True)
    assert ended.status == 2
    assert [json.loads(line)["schema"] for line in ended.out.splitlines()] == [
        "nimdoctor.report/1",
        "nimdoctor.failure/1",
    ]


def test_several_missing_targets_print_no_report_and_write_none(doctor, tmp_path):
    ended = doctor("scan", tmp_path / "a", tmp_path / "b", "--output", tmp_path / "report")
    assert (ended.status, ended.out, len(ended.said)) == (2, "", 2)
    assert not (tmp_path / "report").exists()


# -- where it is written


def test_output_writes_the_report_to_the_file_and_nothing_to_stdout(doctor, hosts, tmp_path):
    target = tmp_path / "report.json"
    ended = doctor("scan", hosts / "create-bio-hang" / "client", "--output", target, json=True)
    assert (ended.status, ended.out, ended.err) == (1, "", "")
    assert json.loads(target.read_text())["verdict"] == "problems"
    assert os.listdir(tmp_path) == ["report.json"]


def test_output_replaces_an_earlier_report_whole(doctor, hosts, tmp_path):
    target = tmp_path / "report.txt"
    target.write_text("x" * 1_000_000)
    assert doctor("scan", hosts / "healthy" / "client", "--output", target).status == 0
    assert target.read_text().startswith("HEALTHY") and target.stat().st_size < 100_000


def test_output_does_not_follow_a_link(doctor, hosts, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious\n")
    (tmp_path / "report").symlink_to(victim)
    doctor("scan", hosts / "healthy" / "client", "--output", tmp_path / "report")
    assert victim.read_text() == "precious\n"


@pytest.mark.parametrize("place", ["a-directory", "no/such/directory/report"])
def test_output_that_cannot_be_written_exits_2_with_one_line(doctor, hosts, tmp_path, place):
    (tmp_path / "a-directory").mkdir()
    ended = doctor("scan", hosts / "healthy" / "client", "--output", tmp_path / place)
    assert ended.status == 2
    assert "cannot be written" in one_line(ended)


def test_output_never_replaces_what_is_no_regular_file(doctor, hosts, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    before = os.stat(os.devnull)
    for target in (tmp_path / "pipe", Path(os.devnull), Path("/dev/nimdoctor-report")):
        ended = doctor("scan", hosts / "healthy" / "client", "--output", target)
        assert ended.status == 2
        one_line(ended)
    assert (os.stat(os.devnull).st_mode, os.stat(os.devnull).st_rdev) == (before.st_mode, before.st_rdev)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_report_about_a_target_whose_name_is_no_text_can_be_written(doctor, hosts, tmp_path):
    place = os.fsdecode(os.fsencode(tmp_path) + b"/lpar\xe9")
    os.symlink(hosts / "create-bio-hang" / "client", place)
    for kind in ("text", "json"):
        ended = doctor("scan", place, "--format", kind, "--output", tmp_path / f"report.{kind}")
        assert (ended.status, ended.err) == (1, "")


# -- the schema


@pytest.mark.parametrize("scenario", ["healthy", "create-bio-hang", "nim-vulnerable"])
@pytest.mark.parametrize("end", ["client", "master"])
def test_a_report_on_one_end_is_valid_by_the_published_schema_like_those_on_both(
    doctor, validator, hosts, scenario, end
):
    validator.validate(doctor("scan", hosts / scenario / end, json=True).report)


def test_reports_of_loose_files_and_of_roots_are_valid_too(doctor, validator, logs, root, evidence, niminfo):
    validator.validate(doctor("scan", logs / "hang.log", json=True).report)
    validator.validate(doctor("scan", f"root:{root({'/etc/niminfo': niminfo})}", json=True).report)
    ignoring = evidence({"/etc/niminfo": niminfo, "/etc/nimdoctor.ignore": "nimsh-inactive known\nwhat\n"})
    validator.validate(doctor("scan", ignoring, json=True).report)


def test_the_schema_ships_inside_the_package():
    from importlib import resources

    import nimdoctor.report

    text = resources.files(nimdoctor.report).joinpath("report-1.schema.json").read_text()
    assert json.loads(text)["properties"]["schema"]["const"] == "nimdoctor.report/1"


def test_the_sample_report_of_the_design_is_valid(validator):
    sample = REPOSITORY.parent / "shared" / "report-sample.json"
    if not sample.exists():
        pytest.skip("../shared/report-sample.json is not here")
    validator.validate(json.loads(sample.read_text()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["schema"], "nimdoctor.report/2"),
        (["verdict"], "ill"),
        (["asked", "checks"], None),
        (["exposure", "worst"], 10.1),
        (["results", 0, "topic"], "weather"),
        (["host", "role"], "server"),
        (["results", 0, "outcome"], "failed"),
        (["results", 0, "severity"], "urgent"),
        (["results", 0, "confidence"], "sure"),
        (["results", 0, "evidence", 0, "line"], 0),
        (["results", 0, "objects"], None),
        (["results", 0, "check"], ""),
    ],
)
def test_the_schema_refuses_what_is_not_in_the_contract(doctor, validator, hosts, path, value):
    report = doctor("scan", hosts / "create-bio-hang" / "client", json=True).report
    place = report
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not validator.is_valid(report)


def test_the_schema_lets_additions_pass_and_renames_fail(doctor, validator, hosts):
    report = doctor("scan", hosts / "create-bio-hang" / "client", json=True).report
    report["colour"] = "blue"
    report["results"][0]["weight"] = 3
    assert validator.is_valid(report)
    report["results"][0]["summary"] = report["results"][0].pop("message")
    assert not validator.is_valid(report)


# -- interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_its_like_say_one_line_exit_130_and_leave_nothing_running(root, tmp_path, gone, number):
    pids = tmp_path / "pids"
    place = root(commands={"lssrc": f"sleep 60 &\necho $$ $! > {pids}.new\nmv {pids}.new {pids}\nwait\n"})
    process = subprocess.Popen(
        [sys.executable, "-m", "nimdoctor", "scan", f"root:{place}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not pids.exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    # on a busy machine it says besides what it waits for
    said = [line for line in err.splitlines() if not line.startswith(b"nimdoctor: waiting for ")]
    assert said == [b"nimdoctor: interrupted"]
    assert gone(pids)


HEALTHY = str(Path(__file__).resolve().parents[2] / "fixtures" / "hosts" / "healthy" / "client")


@pytest.mark.parametrize(
    ("redirection", "target", "status"),
    [("2>&-", HEALTHY, 0), ("2>&-", "/nonexistent", 2), (">&-", HEALTHY, 4), ("2>/dev/full", "/nonexistent", 2)],
)
def test_a_closed_or_full_standard_stream_does_not_change_what_the_status_means(redirection, target, status):
    command = f'"$0" -m nimdoctor scan "$1" {redirection}'
    ended = subprocess.run(["/bin/sh", "-c", command, sys.executable, target], capture_output=True, text=True)
    assert ended.returncode == status
    assert "Traceback" not in ended.stdout + ended.stderr
    assert status == 0 or ended.stdout == ""


@pytest.mark.parametrize("value", ["nan", "inf", "1e308", "0", "-3"])
def test_a_timeout_that_is_no_span_is_refused(doctor, value):
    ended = doctor("scan", HEALTHY, "--timeout", value)
    assert ended.status == 2
    one_line(ended)
