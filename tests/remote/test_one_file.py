"""nimdoctor as one file: the same bytes each time, on every Python from 3.9 on, and what it does is what `fix` does."""

import ast
import copy
import glob
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from packages import REPOSITORY, modules
from programs import absent

import nimdoctor
from nimdoctor.model import Role
from nimdoctor.planning.document import id_of
from nimdoctor.remote.one_file import agent, command_line

HEALTHY = [str(REPOSITORY / "fixtures" / "hosts" / "healthy" / end) for end in ("client", "master")]
RUN = "20990101T000000Z-0a1b"
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

    def asked(request, python=sys.executable, *words, path=carried):
        ended = subprocess.run(
            [python, *(words or ("-I", "-S")), str(path)],
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


def modules_of(archive):
    """The source of every module in it, by name."""
    return {
        name[:-3].replace("/", ".").replace(".__init__", ""): archive.read(name).decode("utf-8")
        for name in archive.namelist()
        if name.startswith("nimdoctor/") and name.endswith(".py")
    }


def imported(source, known):
    """Modules of the file that one imports, and those that it imports as it is loaded."""
    found, at_once = set(), set()

    def walk(node, inside):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            names = []
            if isinstance(child, ast.Import):
                names = [one.name for one in child.names]
            elif isinstance(child, ast.ImportFrom):
                names = [name for one in child.names for name in (f"{child.module}.{one.name}", child.module)]
            found.update(names)
            at_once.update(() if inside else names)
            walk(child, inside or isinstance(child, (ast.FunctionDef, ast.Lambda)))

    walk(ast.parse(source), False)
    return found & known, at_once


def test_it_holds_what_requests_need_and_nothing_else():
    with zipfile.ZipFile(io.BytesIO(agent().content)) as archive:
        names, held = set(archive.namelist()), modules_of(archive)
        own = json.loads(archive.read("nimdoctor/own.json"))
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"nimdoctor", f"nimdoctor-{nimdoctor.__version__}.dist-info", "__main__.py", "unpacked.py"}
    assert not [name for name in names if name.endswith((".pyc", ".md")) or "__pycache__" in name]
    for group in ("checks", "fixes"):
        assert own[group] == sorted(path.stem for path in (REPOSITORY / group).glob("[!_]*.py"))
    # found by entry points; by name, in nimdoctor.facts; by a program in another process
    by_name = ("nimdoctor.checks", "nimdoctor.fixes", "nimdoctor.facts", "nimdoctor.evidence.rehearsal")
    reached, waiting = set(), ["nimdoctor.library.serving", *(name for name in held if name.startswith(by_name))]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [*imported(held[name], held.keys())[0], *([name.rpartition(".")[0]] if "." in name else [])]
    assert sorted(held.keys() - reached) == [], "no request comes to these"
    left_out = set(modules()) - held.keys()
    broken = {name: sorted(imported(source, held.keys())[1] & left_out) for name, source in held.items()}
    assert {name: absent for name, absent in broken.items() if absent} == {}, "without these it does not load"
    assert len(agent().content) < 2_000_000


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


@pytest.fixture
def evidence_of(tmp_path):
    """Evidence of an end of a lab, collected now."""
    from nimdoctor.cli import main

    def collected(target):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.tar"
        assert main(["collect", target, "--no-redact", "--output", str(path)]) == 0
        return str(path)

    return collected


def test_a_plan_is_applied_and_taken_back_as_fix_does_it(ask, lab_of, evidence_of, carried, capsys):
    from nimdoctor.cli import main

    lab, typed = lab_of("create-bio-hang-master"), lab_of("create-bio-hang-master")
    plan = nimdoctor.plan(lab.client_target, lab.master_target)
    other = evidence_of(lab.client_target)
    part = plan.part(Role.MASTER)
    master = {"request": "apply", "plan": part.to_dict(), "target": lab.master_target, "other": other}
    assert ask({**master, "expect": "0" * 64, "affects": 1})[0] == 1
    assert lab.calls("client") == lab.calls("master") == []
    status, (*told, done) = ask({**master, "expect": part.id, "affects": 1, "run": RUN, "change": "CHG7"})
    assert (status, done["result"]["run"], done["result"]["state"]) == (0, RUN, "complete")
    assert told and {one["schema"] for one in told} == {"nimdoctor.progress/1"}
    _, (listed,) = ask({"request": "runs", "target": lab.master_target})
    assert [(one["run"], one["change"], one["executor"]) for one in listed["runs"]] == [(RUN, "CHG7", carried.name)]

    client = {"request": "apply", "plan": plan.part(Role.CLIENT).to_dict(), "target": lab.client_target, "run": RUN}
    status, (*_, done) = ask({**client, "other": evidence_of(lab.master_target)})
    assert (status, done["result"]["run"], done["result"]["state"]) == (0, RUN, "applied-unverified")
    words = ["fix", typed.client_target, "--master", typed.master_target, "--apply", "--yes", "--affects", "1"]
    assert main(words) == 0
    for end in ("client", "master"):
        assert lab.calls(end) == typed.calls(end)
        assert named(lab, end) == named(typed, end)
    scripts = [
        sorted(path.name for path in Path(one.master).glob("var/adm/nimdoctor/runs/*/clients-*"))
        for one in (lab, typed)
    ]
    assert scripts[0] == scripts[1] != []

    status, (said,) = ask({"request": "resume", "target": lab.client_target, "run": RUN})
    assert (status, said["kind"]) == (2, "usage") and "nothing to go on with" in said["message"]
    status, (*_, back) = ask({"request": "rollback", "target": lab.client_target, "run": RUN})
    assert (status, back["schema"], back["run"]) == (1, "nimdoctor.rollback/1", RUN) and back["stands"]


def test_evidence_is_collected_whole_for_its_owner_alone(ask, lab_of, tmp_path):
    lab, place = lab_of("tftp-disabled"), tmp_path / "here"
    place.mkdir()
    output = str(place / "nim1.tar.gz")
    status, (told,) = ask({"request": "collect", "target": lab.master_target, "output": output})
    raw = Path(output).read_bytes()
    assert (status, told["schema"], told["host"], told["size"]) == (0, "nimdoctor.collected/1", "nim1", len(raw))
    assert told["sha256"] == hashlib.sha256(raw).hexdigest() and os.stat(output).st_mode & 0o777 == 0o600
    assert [one.name for one in place.iterdir()] == ["nim1.tar.gz"]
    live, recorded = (nimdoctor.plan(lab.client_target, master) for master in (lab.master_target, output))
    assert [step.id for step in recorded.steps] == [step.id for step in live.steps] != []


@pytest.mark.parametrize("output", ["nim1.tar.gz", "/tmp/nim1.zip", "/no/such/place/nim1.tar"])
def test_evidence_is_collected_only_where_it_can_be_kept(ask, lab_of, output):
    status, (told,) = ask({"request": "collect", "target": lab_of("tftp-disabled").master_target, "output": output})
    assert (status, told["schema"]) == (2, "nimdoctor.failure/1")


def named(lab, end):
    """The paths of a host, without what carries a run's name."""
    return sorted(re.sub(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}", "RUN", path) for path in lab.snapshot(end))


def test_a_run_that_was_stopped_is_gone_on_with_by_the_same_file_alone(ask, lab_of, evidence_of, carried, tmp_path):
    lab = lab_of("create-bio-hang-master")
    plan = nimdoctor.plan(lab.client_target, lab.master_target).part(Role.MASTER).to_dict()
    asked = {"target": lab.master_target, "other": evidence_of(lab.client_target)}
    status, (refused,) = ask({"request": "apply", "plan": plan, **asked})
    assert (status, refused["result"]["state"]) == (1, "refused") and "--affects 1" in refused["result"]["why"]
    lab.fault("master", "nimconfig.-c", "fail once")
    status, (*_, stopped) = ask({"request": "apply", "plan": plan, "affects": 1, **asked})
    assert (status, stopped["result"]["state"]) == (1, "stopped")
    run = stopped["result"]["run"]
    assert stopped["result"]["resume"] == ["nimdoctor", "fix", "ssh:nim1", "--resume", run]
    assert f"nimdoctor fix ssh:nim1 --resume {run}" in "; ".join(stopped["result"]["stands"]), "the only way is forward"
    another = tmp_path / f"nimdoctor-{'1' * 64}.pyz"
    shutil.copy(carried, another)
    status, (refused,) = ask({"request": "resume", "run": run, **asked}, path=another)
    assert (status, refused["result"]["state"]) == (1, "refused")
    assert f"was begun by {carried.name}, which goes on with it" in refused["result"]["why"]
    status, (*_, done) = ask({"request": "resume", "run": run, **asked})
    assert (status, done["result"]["state"]) == (0, "complete")


def in_front(lab, end, program, line):
    """Has a stand-in do something first, but where nimclient only asks."""
    path = next(path for path in Path(lab.tree(end), "usr").glob(f"*bin/{program}"))
    head, rest = path.read_text("utf-8").split("\n", 1)
    path.write_text(f'{head}\n[ "$1" = -l ] || {line}\n{rest}', "utf-8")


def test_a_file_that_is_removed_while_it_runs_runs_to_its_end(ask, lab_of, evidence_of, carried, tmp_path):
    lab = lab_of("both-known-issues")
    plan = nimdoctor.plan(lab.client_target, lab.master_target).part(Role.CLIENT).to_dict()
    asked = {"target": lab.client_target, "other": evidence_of(lab.master_target)}
    own = tmp_path / carried.name
    shutil.copy(carried, own)
    in_front(lab, "client", "nimclient", f"rm -f {own}")
    status, (*_, done) = ask({"request": "apply", "plan": plan, **asked}, path=own)
    assert (status, done["result"]["state"], own.exists()) == (0, "applied-unverified", False), done


WITHOUT_THE_FILE = """
import os, sys, zipfile
path = sys.argv[1]
sys.path.insert(0, path)
from nimdoctor.applying import executor_file
with zipfile.ZipFile(path) as archive:
    names = archive.namelist()
executor_file.import_the_rest()
os.unlink(path)
for name in names:
    module = name[:-3].replace("/", ".").replace(".__init__", "")
    if name.startswith("nimdoctor/") and name.endswith(".py") and module not in sys.modules:
        print(module)
from nimdoctor.facts.level_table import table
print(len(table("nim_cves").rows) > 5)
"""


def test_nothing_of_it_is_read_any_more_once_a_host_is_changed(carried, tmp_path):
    own = shutil.copy(carried, tmp_path / carried.name)
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", WITHOUT_THE_FILE, str(own)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.splitlines() == ["nimdoctor.evidence.rehearsal.performance", "True"], "OpenSSL is not here"


def started(carried, request, place):
    """A process of its own that answers the request."""
    path = place / "request"
    path.write_text(json.dumps(request), "utf-8")
    with path.open("rb") as stream:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(carried)], stdin=stream, stdout=subprocess.PIPE, start_new_session=True
        )


@pytest.fixture
def detached(ask, lab_of, tmp_path, carried):
    """Starts a plan of two steps of the master alone, whose first stands in `refresh` until a second is over."""
    lab = lab_of("nimesis-inactive+tftp-disabled")
    plan = nimdoctor.plan(lab.master_target)
    in_front(lab, "master", "refresh", "sleep 1")
    process = started(carried, {"request": "apply", "plan": plan.to_dict(), "target": lab.master_target}, tmp_path)
    assert "switch tftp on" in json.loads(process.stdout.readline())["says"]
    yield lab, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_killed_outright_it_is_gone_on_with_to_the_same_end(ask, lab_of, evidence_of, tmp_path):
    killed, whole = lab_of("both-known-issues"), lab_of("both-known-issues")
    plan = nimdoctor.plan(killed.client_target, killed.master_target).part(Role.CLIENT).to_dict()
    once = (
        f"[ {tmp_path}/$1 != {tmp_path}/-c ] || [ -e {tmp_path}/-c ] || {{ : > {tmp_path}/-c; kill -9 $PPID; exit 1; }}"
    )
    in_front(killed, "client", "nimclient", once)
    asked = {"target": killed.client_target, "run": RUN}
    status, _ = ask({"request": "apply", "plan": plan, "other": evidence_of(killed.master_target), **asked})
    assert status == -signal.SIGKILL
    _, (listed,) = ask({"request": "runs", "target": killed.client_target})
    assert [(one["run"], one["state"]) for one in listed["runs"]] == [(RUN, "running")]
    status, (*_, done) = ask({"request": "resume", "other": evidence_of(killed.master_target), **asked})
    assert (status, done["result"]["state"]) == (0, "applied-unverified"), done["result"]
    assert nimdoctor.apply(nimdoctor.plan(whole.client_target, whole.master_target)).good
    assert named(killed, "client") == named(whole, "client")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_kill_finishes_the_step_under_way_and_undoes_what_was_done(detached, number):
    lab, process = detached
    process.send_signal(number)
    *told, done = [json.loads(line) for line in process.communicate(timeout=60)[0].splitlines()]
    assert (process.returncode, done["result"]["state"]) == (130, "restored"), done
    assert done["result"]["why"] == "interrupted by somebody, before this step"
    assert [one["says"][:13] for one in told[:1]] == ["interrupted: "]
    assert lab.calls("master") == ["refresh -s inetd", "refresh -s inetd"]


def test_a_lost_connection_stops_nothing(detached):
    lab, process = detached
    process.send_signal(signal.SIGHUP)
    process.stdout.close()
    assert process.wait(timeout=60) == 4, "what came of it could not be told"
    (listed,) = nimdoctor_runs(lab.master_target)
    assert listed["state"] in ("complete", "applied-unverified")


def nimdoctor_runs(target):
    from nimdoctor.library.run_commands import RunsRequest, list_runs

    return list_runs(RunsRequest(target)).runs


def test_nothing_of_the_hosts_own_python_is_loaded(ask, carried, tmp_path):
    venv.create(tmp_path / "host", with_pip=False)
    place = next((tmp_path / "host" / "lib").glob("python3*/site-packages"))
    (place / "others.py").write_text("raise SystemExit('loaded')\n")
    (place / "others-1.dist-info").mkdir()
    (place / "others-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1\n")
    groups = "".join(f"[nimdoctor.{group}]\nothers = others\n" for group in ("checks", "fixes", "facts"))
    (place / "others-1.dist-info" / "entry_points.txt").write_text(groups)
    python = str(tmp_path / "host" / "bin" / "python")
    seen = "import importlib.metadata as found; print(found.distribution('others').version)"
    assert (
        subprocess.run([python, "-I", "-c", seen], capture_output=True, text=True, timeout=60, check=True).stdout
        == "1\n"
    )
    status, (report,) = ask(SCAN, python, "-I")
    assert (status, report["verdict"], [one for one in report["results"] if one["outcome"] == "error"]) == (
        0,
        "healthy",
        [],
    )


def test_a_plan_by_fixes_of_others_is_refused_by_their_names(ask, lab_of):
    lab = lab_of("tftp-disabled")
    plan = nimdoctor.plan(lab.master_target).to_dict()
    foreign = copy.deepcopy(plan)
    foreign["steps"][0]["fixes"] = ["start-xntpd"]
    foreign["checks"] = ["xntpd-down", *foreign["checks"]]
    foreign["id"] = id_of(foreign)
    status, (refused,) = ask({"request": "apply", "plan": foreign, "target": lab.master_target})
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
        ({"request": "scan", "target": "ssh:lpar7"}, "which holds no nimdoctor.evidence.ssh"),
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


def test_made_by_the_command_line_in_one_file_it_is_the_same(for_people, carried):
    program = "import sys; sys.path.insert(0, sys.argv[1]); from nimdoctor.remote import one_file as made; print(made.agent().name)"
    for version in for_people[1]:
        ended = subprocess.run(
            [PYTHONS[version], "-I", "-S", "-c", program, str(for_people[0])],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert ended.stdout.strip() == carried.name, version


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
