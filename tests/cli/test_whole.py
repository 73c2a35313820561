"""An installation that lacks something of nimdoctor's own, or into whose place somebody else puts theirs."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from scenarios import ON_DISK

from tests.cli.conftest import CHECKS, REPOSITORY, Outcome, environment

INFO = "nimdoctor-0.1.0.dist-info"
CLIENT = ON_DISK / "create-bio-hang" / "client"
PARTS = ("checks", "fixes")
WITHOUT_BYTE_CODE = shutil.ignore_patterns("__pycache__")


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """What nimdoctor needs of other distributions, without nimdoctor."""
    place = tmp_path_factory.mktemp("libraries")
    for name in os.listdir(sysconfig.get_paths()["purelib"]):
        if not name.startswith(("nimdoctor", "__editable__")) and not name.endswith((".pth", "__pycache__")):
            (place / name).symlink_to(Path(sysconfig.get_paths()["purelib"]) / name)
    return place


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A directory as pip fills it from a wheel, byte code and all; not to be changed."""
    place = tmp_path_factory.mktemp("whole")
    shutil.copytree(REPOSITORY / "nimdoctor", place / "nimdoctor", ignore=WITHOUT_BYTE_CODE)
    for part in PARTS:
        shutil.copytree(REPOSITORY / part, place / "nimdoctor" / part, ignore=WITHOUT_BYTE_CODE)
    listed = {part: sorted(path.stem for path in (REPOSITORY / part).glob("[!_]*.py")) for part in PARTS}
    (place / "nimdoctor" / "own.json").write_text(json.dumps(listed))
    groups = "".join(f"[nimdoctor.{part}]\nnimdoctor = nimdoctor.{part}\n" for part in PARTS)
    distribution(place, INFO, groups)
    subprocess.run([sys.executable, "-m", "compileall", "-q", place], env=beside(environment()), check=True)
    return place


@pytest.fixture
def installation(whole, tmp_path):
    """The same, to be changed."""
    return Path(shutil.copytree(whole, tmp_path / "installation"))


def beside(words):
    """The environment with which byte code lies beside its source, as pip puts it there."""
    return {name: value for name, value in words.items() if name != "PYTHONPYCACHEPREFIX"}


def distribution(place, info, entry_points):
    (place / info).mkdir(parents=True)
    name, version = info.rpartition(".")[0].split("-")
    (place / info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (place / info / "entry_points.txt").write_text(entry_points)


@pytest.fixture
def run(libraries):
    """`nimdoctor WORDS` from these places alone: nothing of the site's is read, no `.pth` is obeyed."""

    def made(places, *words):
        ended = subprocess.run(
            [sys.executable, "-S", "-m", "nimdoctor", *map(str, words)],
            capture_output=True,
            text=True,
            env={**beside(environment()), "PYTHONPATH": os.pathsep.join(map(str, [*places, libraries]))},
            cwd="/",
            timeout=60,
        )
        assert "Traceback" not in ended.stdout + ended.stderr
        return Outcome(ended.returncode, ended.stdout, ended.stderr)

    return made


def module(id):
    return id.replace("-", "_") + ".py"


# -- one is not there


def test_an_installation_that_is_whole_says_what_it_sees(run, installation):
    ended = run([installation], "scan", CLIENT, "--format", "json")
    assert (ended.status, ended.err) == (1, "")
    assert ended.report["asked"]["checks"] == ended.report["asked"]["of"] == CHECKS


def without_dist_info(place):
    shutil.rmtree(place / INFO)
    return "no entry point names them: a copy without its .dist-info"


def without_one(place):
    (place / "nimdoctor/checks/create_bio_hang.py").unlink()
    return "of its checks these are not there: create-bio-hang"


def with_an_empty_one(place):
    (place / "nimdoctor/checks/create_bio_hang.py").write_text("")
    return "nothing of that id stands in the module of checks create-bio-hang"


def without_any(place):
    shutil.rmtree(place / "nimdoctor/checks")
    return "nimdoctor.checks cannot be loaded: ModuleNotFoundError"


def with_a_broken_package(place):
    (place / "nimdoctor/checks/__init__.py").write_text("def")
    return "nimdoctor.checks cannot be loaded: SyntaxError"


@pytest.mark.parametrize(
    "damage", [without_dist_info, without_one, with_an_empty_one, without_any, with_a_broken_package]
)
def test_a_check_that_is_not_there_ends_every_command_that_rests_on_it(run, installation, damage):
    why = damage(installation)
    for words in (["scan", CLIENT, "--format", "json"], ["fix", CLIENT, "--apply"]):
        ended = run([installation], *words)
        assert (ended.status, ended.out) == (4, "")
        (line,) = ended.said
        assert line.startswith(f"nimdoctor: nimdoctor in {installation}/nimdoctor is not whole: ")
        assert why in line and line.endswith("; install it again (pip install)")
    monitored = run([installation], "scan", CLIENT, "--format", "nagios")
    assert monitored.status == 3 and monitored.out.startswith("NIMDOCTOR UNKNOWN - nimdoctor in ")


def test_a_broken_plug_in_of_that_name_does_not_stand_for_it(run, installation, tmp_path):
    with_an_empty_one(installation)
    distribution(tmp_path / "site", "aaa-1.0.dist-info", "[nimdoctor.checks]\ncreate-bio-hang = no_such_module\n")
    assert run([tmp_path / "site", installation], "scan", CLIENT).status == 4


def test_one_that_is_not_there_is_missed_by_a_scan_of_another_too(run, installation):
    without_one(installation)
    assert run([installation], "scan", CLIENT, "--check", "nimsh-inactive").status == 4


def test_a_source_tree_on_the_path_that_nobody_installed_finds_no_fault_with_nothing(run):
    ended = run([REPOSITORY], "scan", CLIENT)
    assert (ended.status, ended.out) == (4, "")
    assert "is not whole" in ended.err


def test_an_installed_tree_is_its_own_list(doctor, tmp_path):
    from nimdoctor.library.registry import Registry

    modules = {path.stem for path in (REPOSITORY / "checks").glob("[!_]*.py")}
    assert {name.replace("-", "_") for name in Registry().ids()} >= modules
    assert not (REPOSITORY / "nimdoctor" / "own.json").exists()


def test_a_fix_that_is_not_there_stops_fix_and_no_scan(run, installation):
    (installation / "nimdoctor/fixes/enable_tftp.py").unlink()
    assert run([installation], "scan", CLIENT).status == 1
    ended = run([installation], "fix", CLIENT)
    assert (ended.status, ended.out) == (4, "")
    assert "of its fixes these are not there: enable-tftp" in ended.err


def test_the_build_lists_the_modules_that_are_there(tmp_path):
    tree = tmp_path / "tree"
    for part in ("nimdoctor", *PARTS):
        shutil.copytree(REPOSITORY / part, tree / part, ignore=WITHOUT_BYTE_CODE)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, tree)
    (tree / "checks/one_more.py").write_text("")
    words = ["setup.py", "-q", "build_py", "--build-lib", str(tmp_path / "built")]
    subprocess.run([sys.executable, *words], cwd=tree, check=True, capture_output=True, timeout=120)
    listed = json.loads((tmp_path / "built/nimdoctor/own.json").read_text())
    there = {part: {path.stem for path in (tree / part).glob("[!_]*.py")} for part in PARTS}
    assert {part: set(names) for part, names in listed.items()} == there and "one_more" in listed["checks"]
    assert not (tree / "nimdoctor/own.json").exists()


# -- one is there and does not load


NOT_LOADING = {
    "create-bio-hang": "def (",
    "services-missing": "import no_such_module\n",
    "push-disabled": "raise SystemExit(0)\n",
}


def test_a_check_that_does_not_load_is_an_error_of_high(run, installation):
    for id, text in NOT_LOADING.items():
        (installation / "nimdoctor/checks" / module(id)).write_text(text)
    chosen = [word for id in NOT_LOADING for word in ("--check", id)]
    for words in ([], chosen, [*chosen, "--check", "nimsh-inactive"]):
        ended = run([installation], "scan", CLIENT, *words, "--format", "json")
        assert ended.status == 3 and ended.report["asked"]["of"] == CHECKS
        for id in NOT_LOADING:
            found = ended.result(id)
            assert (found["outcome"], found["severity"]) == ("error", "high")
            assert f"nimdoctor.checks.{id.replace('-', '_')} cannot be loaded" in found["message"]
    skipped = [word for id in NOT_LOADING for word in ("--skip", id)]
    left = run([installation], "scan", CLIENT, *skipped, "--format", "json")
    assert (left.status, left.report["asked"]["checks"]) == (0, CHECKS - len(NOT_LOADING))


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("checks/create_bio_hang.py", []),
        ("checks/create_bio_hang.py", ["--resume", "last"]),
        ("fixes/enable_tftp.py", ["--apply", "--yes"]),
        ("fixes/enable_tftp.py", ["--only", "enable-tftp"]),
    ],
)
def test_fix_refuses_where_one_does_not_load(run, installation, part, words):
    (installation / "nimdoctor" / part).write_text("def (")
    ended = run([installation], "fix", CLIENT, *words, "--format", "json")
    assert ended.status == 1
    assert ended.report["result"]["state"] == "refused" and "steps" not in ended.report
    name = Path(part).stem.replace("_", "-")
    assert f"nimdoctor's own {name} does not load" in ended.report["result"]["why"]
    assert f"refused: nimdoctor's own {name} does not load" in ended.err


# -- somebody else's


THEIRS = """
from nimdoctor.model import Passed, Role, Severity, check

@check("create-bio-hang", title="ours", role=Role.CLIENT, severity=Severity.LOW)
def theirs():
    "Nothing to see here."
    yield Passed("all is well", [])
"""
THEIR_FACT = """
from nimdoctor.model import Kind, Row, fact

@fact({row})
class {name}:
    pass
"""


def other(place, text, group="checks", entry="aaa"):
    """A distribution of somebody else with one module."""
    distribution(place, f"{entry}-1.0.dist-info", f"[nimdoctor.{group}]\n{entry} = {entry}_nim\n")
    (place / f"{entry}_nim.py").write_text(text)
    return place


@pytest.mark.parametrize("first", [True, False], ids=["first on the path", "last on the path"])
@pytest.mark.parametrize("words", [[], ["--check", "create-bio-hang"]], ids=["all", "that check"])
def test_a_check_of_ours_is_not_switched_off_by_one_that_takes_its_id(run, installation, tmp_path, first, words):
    site = other(tmp_path / "site", THEIRS)
    places = [site, installation] if first else [installation, site]
    ended = run(places, "scan", CLIENT, *words, "--format", "json")
    assert (ended.status, ended.result("create-bio-hang")["outcome"]) == (1, "fail")
    if not words:
        error = ended.result("aaa")
        assert (error["outcome"], error["severity"]) == ("error", "critical"), "that of the check whose id it took"
        assert "the id create-bio-hang is nimdoctor's own: what aaa_nim has under it is not loaded" in error["message"]


def test_nor_where_ours_does_not_load(run, installation, tmp_path):
    (installation / "nimdoctor/checks/create_bio_hang.py").write_text("def (")
    site = other(tmp_path / "site", THEIRS)
    ended = run([site, installation], "scan", CLIENT, "--format", "json")
    assert {one["outcome"] for one in ended.results("create-bio-hang")} == {"error"}
    assert (ended.result("aaa")["outcome"], ended.result("aaa")["severity"]) == ("error", "high")


def test_somebody_who_offers_our_own_check_again_changes_nothing(run, installation, tmp_path):
    text = "from nimdoctor.checks.create_bio_hang import create_bio_hang as again\n"
    site = other(tmp_path / "site", text)
    for words in ([], ["--check", "create-bio-hang"], ["--check", "nimsh-inactive"]):
        ended = run([site, installation], "scan", CLIENT, *words, "--format", "json")
        assert not ended.results("aaa") and ended.report["asked"]["of"] == CHECKS


def test_a_fix_of_ours_stays_ours(run, installation, tmp_path):
    text = """
from nimdoctor.model import Role
from nimdoctor.planning.fix import fix

@fix("refresh-client-certificate", title="ours", where=Role.CLIENT, risk="low")
def theirs():
    "Nothing."
    yield from ()
"""
    site = other(tmp_path / "site", text, "fixes")
    ended = run([site, installation], "fix", CLIENT, "--format", "json")
    assert ended.status == 1 and ended.report["steps"]
    listed = run([site, installation], "checks")
    assert "the id refresh-client-certificate is nimdoctor's own" in listed.err


OURS = (
    ("NimInfo", 'Row("/etc/other", Kind.FILE, ("NimInfo",))'),
    ("NimExposure", 'Row("/etc/other", Kind.FILE, ("NimExposure",))'),
    ("{own}", 'Row("/etc/other", Kind.FILE, ("{own}", "NimInfo"))'),
    ("{own}", 'Row("/etc/niminfo", Kind.FILE, ("{own}",))'),
    ("{own}", '"/etc/niminfo"'),
    ("{own}", 'Row("/ssl_nimsh/certs/server.pem", Kind.FILE, ("{own}",))'),
    ("{own}", 'Row("lsnim -l lpar7", Kind.COMMAND, ("{own}",))'),
    ("{own}", 'Row("sitecmd", Kind.COMMAND, ("{own}",), variants=("lssrc -a",))'),
)
"""Facts and rows that are ours, or are fed by what is ours."""
THEIR_OWN = (
    ("{own}", 'Row("/etc/site", Kind.FILE, ("{own}",))'),
    ("{own}", 'Row("/etc/site", Kind.PATHS, ("Paths",))'),
    ("{own}", 'Row("sitecmd -x", Kind.COMMAND)'),
)


def test_a_fact_of_ours_is_fed_by_our_rows_alone_and_what_is_their_own_is_loaded(run, installation, tmp_path):
    """Each is a distribution of its own."""
    named = {f"site{number}": pair for number, pair in enumerate((*OURS, *THEIR_OWN))}
    for entry, (name, row) in named.items():
        own = {"own": entry.title()}
        other(
            tmp_path / "site", THEIR_FACT.format(name=name.format(**own), row=row.format(**own)), "facts", entry=entry
        )
    ended = run([tmp_path / "site", installation], "scan", CLIENT, "--format", "json")
    for entry, pair in named.items():
        found = [(error["outcome"], error["severity"]) for error in ended.results(entry)]
        assert found == ([("error", "high")] if pair in OURS else []), (entry, pair)
    assert ended.result("create-bio-hang")["outcome"] == "fail" and ended.status == 1
