"""nimdoctor as one file: the same bytes each time, on every Python from 3.9 on, and what it does is what `fix` does."""

import copy
import glob
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packages import REPOSITORY, modules
from programs import absent

import nimdoctor
from nimdoctor.planning.document import id_of
from nimdoctor.remote.one_file import agent, command_line

HEALTHY = [str(REPOSITORY / "fixtures" / "hosts" / "healthy" / end) for end in ("client", "master")]
SCAN = {"request": "scan", "target": HEALTHY[0], "master": HEALTHY[1]}
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def pythons():
    """Every Python on this machine, by its version."""
    found = {"{}.{}".format(*sys.version_info): sys.executable}
    for directory in [
        *os.environ["PATH"].split(os.pathsep),
        *sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin"))),
    ]:
        for path in sorted(glob.glob(os.path.join(directory, "python[23].[0-9]*"))):
            if not path.rpartition(".")[2].isdigit():
                continue
            ended = subprocess.run([path, "-c", VERSION], capture_output=True, text=True, timeout=60, check=False)
            if ended.returncode == 0:
                found.setdefault(ended.stdout.strip(), path)
    return found


PYTHONS = pythons()
NEW = [version for version in sorted(PYTHONS) if tuple(map(int, version.split("."))) >= (3, 9)]
OLD = [version for version in sorted(PYTHONS) if version not in NEW]


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    """The file, where nothing else is."""
    made = agent()
    path = tmp_path_factory.mktemp("carried") / made.name
    path.write_bytes(made.content)
    return path


@pytest.fixture
def ask(carried, tmp_path):
    """Sends a request; gives the exit status, and the objects that come back."""

    def asked(request, python=sys.executable):
        ended = subprocess.run(
            [python, "-I", "-S", str(carried)],
            input=request if isinstance(request, str) else json.dumps(request),
            capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False,
        )  # fmt: skip
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]

    return asked


def test_it_is_the_same_to_the_byte_and_named_by_its_sum():
    one, other = agent(), agent()
    assert one == other and one.name == f"nimdoctor-{hashlib.sha256(one.content).hexdigest()}.pyz"
    with zipfile.ZipFile(io.BytesIO(one.content)) as archive:
        members = archive.infolist()
    assert [member.filename for member in members] == sorted(member.filename for member in members)
    told = {(member.compress_type, member.date_time, member.external_attr >> 16) for member in members}
    assert told == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0), 0o100644)}


def test_it_holds_what_an_executor_needs_and_nothing_of_others():
    with zipfile.ZipFile(io.BytesIO(agent().content)) as archive:
        names = set(archive.namelist())
        own = json.loads(archive.read("nimdoctor/own.json"))
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"nimdoctor", f"nimdoctor-{nimdoctor.__version__}.dist-info", "__main__.py"}
    assert not [name for name in names if name.endswith((".pyc", ".md")) or "__pycache__" in name]
    missing = {
        name
        for name in modules()
        if not names & {f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"}
    }
    assert {name.split(".")[1] for name in missing} == {"cli", "lab"}
    for group in ("checks", "fixes"):
        assert own[group] == sorted(path.stem for path in (REPOSITORY / group).glob("[!_]*.py"))


def test_made_by_itself_it_is_the_same(carried):
    program = "import sys; sys.path.insert(0, sys.argv[1]); from nimdoctor.remote import one_file as made; print(made.agent().name)"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(carried)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.strip() == carried.name


@pytest.mark.parametrize("version", NEW)
def test_it_scans_on_every_python_from_the_floor_on_with_nothing_installed(ask, version):
    status, (report,) = ask(SCAN, PYTHONS[version])
    assert (status, report["schema"], report["verdict"]) == (0, "nimdoctor.report/1", "healthy")
    assert report["asked"]["checks"] == len(list((REPOSITORY / "checks").glob("[!_]*.py")))


def test_an_older_python_is_told_in_one_line_which_one_is_needed(carried):
    if not OLD:
        absent("an older Python")
    for version in OLD:
        ended = subprocess.run(
            [PYTHONS[version], "-E", str(carried)], input="{}", capture_output=True, text=True, timeout=60, check=False
        )
        said = f"nimdoctor: Python 3.9 or newer is needed, and this is {version}\n"
        assert (ended.returncode, ended.stdout, ended.stderr) == (4, "", said)


def without_run(value, run, *places):
    """A document of a run without what differs from run to run and from lab to lab."""
    text = json.dumps(value).replace(run, "RUN")
    for place in places:
        text = text.replace(place, "LAB")
    return json.loads(re.sub(r"PID is \d+", "PID", text))


def test_a_plan_is_applied_and_taken_back_as_fix_does_it(ask, lab_of, capsys):
    from nimdoctor.cli import main

    carried, typed = lab_of("tftp-disabled"), lab_of("tftp-disabled")
    before = carried.snapshot("master")
    hosts = {"target": carried.client_target, "master": carried.master_target}
    status, (plan,) = ask({"request": "plan", **hosts})
    assert (status, plan["schema"]) == (1, "nimdoctor.plan/1")
    assert ask({"request": "apply", "plan": plan, "expect": "0" * 64})[0] == 1
    assert carried.calls("client") == carried.calls("master") == []

    status, (*told, done) = ask({"request": "apply", "plan": plan, "expect": plan["id"], "change": "CHG7"})
    assert {one["schema"] for one in told} <= {"nimdoctor.progress/1"}
    words = ["fix", typed.client_target, "--master", typed.master_target, "--change", "CHG7"]
    assert main([*words, "--apply", "--yes", "--format", "json"]) == status == 0
    here = json.loads(capsys.readouterr().out)
    runs = done["result"]["run"], here["result"]["run"]
    assert without_run(done["result"], runs[0], carried.place) == without_run(here["result"], runs[1], typed.place)
    for end in ("client", "master"):
        assert carried.calls(end) == typed.calls(end)
        assert carried.snapshot(end).keys() == typed.snapshot(end).keys()
    assert (Path(carried.master) / "etc/inetd.conf").read_bytes() == (
        Path(typed.master) / "etc/inetd.conf"
    ).read_bytes()

    status, (listed,) = ask({"request": "runs", "target": carried.client_target})
    assert (status, [one["run"] for one in listed["runs"]]) == (0, [runs[0]])
    assert listed["runs"][0]["change"] == "CHG7"
    status, (said,) = ask({"request": "resume", "target": carried.client_target})
    assert (status, said["kind"]) == (2, "usage") and "nothing to go on with" in said["message"]
    status, (*_, back) = ask({"request": "rollback", "target": carried.client_target, "run": runs[0]})
    assert back["schema"] == "nimdoctor.rollback/1" and back["run"] == runs[0]
    assert main(["rollback", "last", "--target", typed.client_target, "--yes", "--format", "json"]) == status
    assert without_run(back, runs[0], carried.place) == without_run(
        json.loads(capsys.readouterr().out), runs[1], typed.place
    )
    assert carried.snapshot("master").keys() == before.keys()


def test_a_run_that_was_stopped_is_gone_on_with(ask, lab_of):
    lab = lab_of("create-bio-hang-master")
    hosts = {"target": lab.client_target, "master": lab.master_target}
    _, (plan,) = ask({"request": "plan", **hosts})
    status, (refused,) = ask({"request": "apply", "plan": plan})
    assert (status, refused["result"]["state"]) == (1, "refused") and "--affects 1" in refused["result"]["why"]
    lab.fault("master", "nimconfig.-c", "fail once")
    status, (*_, stopped) = ask({"request": "apply", "plan": plan, "affects": 1})
    assert (status, stopped["result"]["state"]) == (1, "stopped")
    status, (*_, done) = ask({"request": "resume", "target": lab.client_target, "run": stopped["result"]["run"]})
    assert (status, done["result"]["state"]) == (0, "applied-unverified")


def test_a_plan_by_fixes_of_others_is_refused_by_their_names(ask, lab_of):
    lab = lab_of("tftp-disabled")
    plan = nimdoctor.plan(lab.client_target, lab.master_target).to_dict()
    foreign = copy.deepcopy(plan)
    foreign["steps"][0]["fixes"] = ["start-xntpd"]
    foreign["checks"] = ["xntpd-down", *foreign["checks"]]
    foreign["id"] = id_of(foreign)
    status, (refused,) = ask({"request": "apply", "plan": foreign})
    assert (status, refused["result"]["state"]) == (1, "refused")
    assert refused["result"]["why"] == (
        "the plan needs the check xntpd-down, the fix start-xntpd, which this nimdoctor does not have"
    )
    assert lab.calls("client") == lab.calls("master") == []


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("", "is no JSON object"),
        ("[]", "is no JSON object"),
        ('{"request": "scan"', "is no JSON object"),
        ({}, "there is no request None; there are scan, plan, apply, resume, rollback, runs"),
        ({"request": ["scan"]}, "there is no request"),
        ({"request": "scan", "targets": "x"}, "scan takes no 'targets'"),
        ({"request": "scan", "say": "x"}, "scan takes no 'say'"),
        ({"request": "scan", "only": ["no-such"]}, "there is no check 'no-such'"),
        ({"request": "scan", "only": "rhosts-left-over"}, "scan: only is no str"),
        ({"request": "plan", "probe": 1}, "plan: probe is no int"),
        ({"request": "apply"}, "apply needs plan"),
        ({"request": "runs", "target": HEALTHY[0]}, "recorded evidence has no runs"),
    ],
)
def test_what_cannot_be_answered_is_said_as_an_object(ask, request_, said):
    status, (failure,) = ask(request_)
    assert (status, failure["schema"], failure["kind"]) == (2, "nimdoctor.failure/1", "usage")
    assert said in failure["message"]


def test_a_target_that_cannot_be_read_is_said_as_an_object(ask, tmp_path):
    status, (failure,) = ask({"request": "scan", "target": str(tmp_path / "none")})
    assert (status, failure["kind"], failure["target"]) == (2, "target", str(tmp_path / "none"))


# -- the command line in one file


@pytest.fixture(scope="module")
def for_people(tmp_path_factory):
    """What `make pyz` builds, where the tests run on that; else the same with the libraries that are installed here, for
    this Python alone."""
    named = os.environ.get("NIMDOCTOR_PYZ")
    if named:
        return Path(named), NEW
    place = tmp_path_factory.mktemp("people")
    import tabulate
    import typer

    libraries = place / "libraries"
    libraries.mkdir()
    for path in Path(typer.__file__).parents[1].iterdir():
        if path.name.split("-")[0] in (
            "typer",
            "click",
            "shellingham",
            "annotated_doc",
            "tabulate",
            "typing_extensions.py",
        ):
            (shutil.copytree if path.is_dir() else shutil.copy)(path, libraries / path.name)
    assert (
        Path(tabulate.__file__).parents[1 if "tabulate/" in tabulate.__file__ else 0] == Path(typer.__file__).parents[1]
    )
    one, other = command_line(str(libraries)), command_line(str(libraries))
    assert one == other
    path = place / "nimdoctor.pyz"
    path.write_bytes(one.content)
    return path, ["{}.{}".format(*sys.version_info)]


def test_the_command_line_in_one_file_is_the_whole_of_it(for_people, tmp_path):
    path, versions = for_people
    for version in versions:

        def run(*words):
            return subprocess.run(
                [PYTHONS[version], "-I", "-S", str(path), *words],  # noqa: B023
                capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False,
            )  # fmt: skip

        scanned = run("scan", HEALTHY[0], "--master", HEALTHY[1])
        assert (scanned.returncode, scanned.stderr) == (0, "") and scanned.stdout.startswith("HEALTHY"), version
        if version == versions[0]:
            assert run("--version").stdout == f"nimdoctor {nimdoctor.__version__}\n"
            assert "tftp-disabled" in run("checks").stdout
            assert run("explain", "tftp-disabled").stdout.startswith("# tftp-disabled")
            assert "Usage: nimdoctor scan" in run("scan", "--help").stdout
            assert run("scan", "no/such/place").returncode == 2
