"""The wheel holds what the tree holds: every module, and every file that is read at run time."""

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packages import PLACES, REPOSITORY, modules, tree
from programs import absent

import nimdoctor

MADE = {"nimdoctor/own.json"}
"""What the build itself may write: which checks and fixes there must be."""
BESIDE = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


def build(kind: str, source: Path, place: Path) -> Path:
    """Builds an sdist or a wheel in a process of its own, without a network."""
    program = f"import sys, setuptools.build_meta as it; print(it.build_{kind}(sys.argv[1]))"
    ended = subprocess.run(
        [sys.executable, "-c", program, str(place)],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return place / ended.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is made from: nothing of an earlier build is there, and this one leaves nothing."""
    if not importlib.util.find_spec("setuptools"):
        absent("setuptools")
    place = tmp_path_factory.mktemp("source")
    for name in BESIDE:
        shutil.copy(REPOSITORY / name, place)
    for name in PLACES:
        shutil.copytree(REPOSITORY / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    return place


@pytest.fixture(scope="module", params=["of the tree", "of an sdist"])
def wheel(request: pytest.FixtureRequest, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    if request.param == "of the tree":
        return build("wheel", source, place)
    packed = build("sdist", source, place)
    with tarfile.open(packed) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # of our own making; 3.14 wants to be told
        archive.extractall(place)
    return build("wheel", place / packed.name.replace(".tar.gz", ""), place)


def test_it_holds_every_file_of_the_tree_as_it_is_there_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {info.filename: info for info in archive.infolist() if ".dist-info/" not in info.filename}
        held = {name: info for name, info in held.items() if name not in MADE}
        here = tree()
        assert {
            "nimdoctor/py.typed",
            "nimdoctor/evidence/parts/answer.sh",
            "nimdoctor/checks/key_exposed.py",
        } <= set(here)
        assert sorted(held) == sorted(here)
        for name, info in held.items():
            assert archive.read(info) == here[name].read_bytes(), name
            executable = [bool(mode & 0o100) for mode in (info.external_attr >> 16, here[name].stat().st_mode)]
            assert executable[0] is executable[1], name


def test_it_says_whose_it_is_and_under_which_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        said = Parser().parsestr(archive.read(name).decode("utf-8"))
        (licence,) = (one for one in archive.namelist() if one.rpartition("/")[2] == "LICENSE")
        assert archive.read(licence) == (REPOSITORY / "LICENSE").read_bytes()
    assert (said["License-Expression"], said["Author"]) == ("Apache-2.0", "The nimdoctor authors")
    assert "Operating System :: POSIX :: AIX" in said.get_all("Classifier")


def test_the_changelog_begins_with_this_version() -> None:
    newest, *_ = [
        line for line in (REPOSITORY / "CHANGELOG.md").read_text("utf-8").splitlines() if line.startswith("## ")
    ]
    assert newest.split()[1].strip("[]") == nimdoctor.__version__


def test_every_module_of_the_tree_is_found_by_its_name_where_the_tests_run() -> None:
    assert "nimdoctor.remote" in modules() and "nimdoctor.checks.create_bio_hang" in modules()
    for name in modules():
        assert importlib.util.find_spec(name), name
