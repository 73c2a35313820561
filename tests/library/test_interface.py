"""nimdoctor as a library: it says what the command line says, by the same rules, and prints nothing."""

import ast
import doctest
import json
import re
import subprocess
import sys

import pytest
from packages import REPOSITORY, modules

import nimdoctor

PAGE = REPOSITORY / "docs" / "library.md"


@pytest.fixture
def hosts(lab_of):
    lab = lab_of("tftp-disabled")
    return lab.client_target, lab.master_target


def test_the_page_says_what_happens(lab_of, monkeypatch):
    lab = lab_of("tftp-disabled")
    monkeypatch.chdir(lab.place)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "library.md", str(PAGE), 0)
    told = []
    ended = doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    assert ended.attempted > 10 and not ended.failed, "".join(told)


def test_every_public_name_is_there_and_no_other():
    from nimdoctor.library import interface

    assert {*interface.__all__, "__version__"} == set(nimdoctor.__all__) <= set(dir(nimdoctor))
    assert all(getattr(nimdoctor, name).__doc__ for name in interface.__all__)
    page = PAGE.read_text("utf-8")
    assert [name for name in nimdoctor.__all__ if name != "__version__" and name not in page] == []
    with pytest.raises(AttributeError, match="no attribute 'scann'"):
        nimdoctor.scann  # noqa: B018


def test_no_module_hides_a_name_of_the_library(lab_of, tmp_path):
    lab = lab_of("nimsh-inactive")
    names = [name for name in modules() if not name.startswith("nimdoctor.evidence.rehearsal.performance")]
    program = f"""
import importlib, json
for name in {names!r}:
    if not name.endswith("__main__"):
        importlib.import_module(name)
import nimdoctor
hosts = {(lab.client_target, lab.master_target)!r}
for _ in range(2):
    assert nimdoctor.scan(*hosts).verdict
for _ in range(2):
    assert len(list(nimdoctor.scan_many(hosts))) == 2
plans = [nimdoctor.plan(*hosts) for _ in range(2)]
print(json.dumps([nimdoctor.apply(plan).state if number == 0 else "" for number, plan in enumerate(plans)]))
print(nimdoctor.apply(nimdoctor.plan(*hosts)).state)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "complete"


def test_importing_it_loads_none_of_its_rooms():
    program = "import sys, nimdoctor; print([name for name in sys.modules if name.startswith('nimdoctor')])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ast.literal_eval(ended.stdout) == ["nimdoctor"]


def test_a_report_is_the_command_lines(capsys):
    from nimdoctor.cli import main

    # recorded evidence says the same each time
    hosts = [str(REPOSITORY / "fixtures" / "hosts" / "healthy" / end) for end in ("client", "master")]
    report = nimdoctor.scan(*hosts)
    assert capsys.readouterr() == ("", "")
    said = {}
    for format in ("json", "html"):
        assert main(["scan", hosts[0], "--master", hosts[1], "--format", format]) == report.exit_status
        said[format] = capsys.readouterr().out
    assert {**json.loads(said["json"]), "generated": ""} == {**report.to_dict(), "generated": ""}
    moment = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
    assert moment.sub("", said["html"]) == moment.sub("", report._repr_html_())


def test_a_plan_and_its_result_are_the_command_lines(lab_of, capsys):
    from nimdoctor.cli import main

    one, other = lab_of("tftp-disabled"), lab_of("tftp-disabled")
    plan = nimdoctor.plan(one.client_target, one.master_target)
    assert main(["fix", other.client_target, "--master", other.master_target, "--format", "json"]) == plan.exit_status
    document = json.loads(capsys.readouterr().out)
    assert document.keys() == plan.to_dict().keys() and document["id"] == plan.id
    assert nimdoctor.apply(json.loads(json.dumps(plan.to_dict()))).state == "applied-unverified"
    words = ["--apply", "--yes", "--expect", plan.id]
    assert main(["fix", other.client_target, "--master", other.master_target, *words]) == 0
    assert one.calls("client") == other.calls("client") and one.calls("master") == other.calls("master")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"only": ["no-such"]}, "there is no check 'no-such'"),
        ({"skip": ["tftp-disable"]}, "did you mean tftp-disabled"),
        ({"role": "slave"}, "there is no role 'slave'; there are auto, client, master"),
        ({"fail_on": "grave"}, "there is no severity 'grave'"),
        ({"timeout": float("nan")}, "no number of seconds"),
    ],
)
def test_what_cannot_be_asked_is_said_at_once(hosts, asked, said):
    for scan in (nimdoctor.scan, nimdoctor.scan_many):
        with pytest.raises(nimdoctor.UsageError, match=said):
            scan(hosts[0], **asked)


def test_a_target_that_cannot_be_read_is_an_error_of_one_and_a_record_of_many(hosts, tmp_path):
    nowhere = str(tmp_path / "nowhere")
    for ask in (nimdoctor.scan, nimdoctor.plan):
        with pytest.raises(nimdoctor.TargetError, match="nowhere"):
            ask(nowhere)
    first, second = nimdoctor.scan_many([nowhere, hosts[0]], only=["tftp-disabled"])
    assert first.to_dict()["schema"] == "nimdoctor.failure/1" and second.verdict
    assert [one.target for one in nimdoctor.scan_many(hosts, master=nowhere)] == [nowhere], "and nothing else"
    with pytest.raises(nimdoctor.UsageError, match="these are 2 hosts"):
        nimdoctor.scan(hosts)


def test_another_plan_than_was_expected_is_refused_and_changes_nothing(lab_of, capsys):
    from nimdoctor.cli import main

    lab = lab_of("tftp-disabled")
    plan = nimdoctor.plan(lab.client_target, lab.master_target)
    with pytest.raises(nimdoctor.Refused, match="was expected") as error:
        nimdoctor.apply(plan, expect="0" * 64)
    assert error.value.plan.id == plan.id and error.value.to_dict()["result"]["state"] == "refused"
    words = ["fix", lab.client_target, "--master", lab.master_target, "--expect", plan.id[:16]]
    assert main([*words, "--apply", "--yes"]) == 1, "a part of an id is not the id"
    said = capsys.readouterr()
    assert f"refused: the plan is {plan.id}, and {plan.id[:16]} was expected" in said.err
    assert plan.id[:16] in said.out
    assert main(words) == 2
    assert "give both" in capsys.readouterr().err
    assert lab.calls("client") == lab.calls("master") == []


def test_other_clients_that_lose_their_push_must_be_counted(lab_of):
    lab = lab_of("both-known-issues")
    plan = nimdoctor.plan(lab.client_target, lab.master_target, only=["recycle-certificates"])
    assert plan.affects and plan.affects.clients
    for wrong in (None, 0, len(plan.affects.clients) + 1):
        with pytest.raises(nimdoctor.Refused, match="repeat their number with --affects"):
            nimdoctor.apply(plan, affects=wrong)
    assert lab.calls("client") == lab.calls("master") == []
