"""The one file's unpacked copy: made whole or not at all, used only while it is what was unpacked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from packages import REPOSITORY

from nimdoctor.remote.one_file import agent
from nimdoctor.remote.unpacked import COMPILED, Differs, compare

SCAN = {"request": "scan", "target": str(REPOSITORY / "fixtures" / "hosts" / "healthy" / "client")}
MODULE = "nimdoctor/library/serving.py"
COMPILED_MODULE = f"nimdoctor/library/__pycache__/serving.{sys.implementation.cache_tag}.pyc"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one file, where nothing else is."""
    made = agent()
    path = tmp_path_factory.mktemp("agent") / made.name
    path.write_bytes(made.content)
    return path


@pytest.fixture
def copy(file: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt, with the file beside it."""
    os.link(file, tmp_path / file.name)
    assert started(tmp_path / file.name, "unpack").returncode == 0
    return tmp_path / f"{file.stem}.d"


def started(path: Path, *words: str, request: object = SCAN) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-I", "-S", str(path), *words]
    return subprocess.run(argv, input=json.dumps(request), capture_output=True, text=True, timeout=120, check=False)


def asked(copy: Path) -> "list[dict[str, object]]":
    """The objects that the file beside the copy answers to a scan."""
    return [json.loads(line) for line in started(copy.with_suffix(".pyz")).stdout.splitlines()]


def without_time(report: "dict[str, object]") -> "dict[str, object]":
    return {name: value for name, value in report.items() if name != "generated"}


def test_out_of_its_copy_it_answers_the_same_and_writes_nothing(file: Path, copy: Path) -> None:
    before = sorted(copy.rglob("*"))
    (plain,) = [json.loads(line) for line in started(file).stdout.splitlines()]
    (report,) = asked(copy)
    assert without_time(report) == without_time(plain)
    assert sorted(copy.rglob("*")) == before and sorted(os.listdir(copy.parent)) == sorted([copy.name, file.name])
    assert {path.stat().st_mode & 0o777 for path in [copy, *before]} == {0o700, 0o600}


def test_it_is_the_copy_that_runs(copy: Path) -> None:
    traced = subprocess.run(
        [sys.executable, "-I", "-v", str(copy.with_suffix(".pyz"))],
        input=json.dumps(SCAN), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert f"code object from '{copy / COMPILED_MODULE}'" in traced.stderr
    assert (
        "zipimport: found" in traced.stderr
        and f"loaded from Zip {copy.with_suffix('.pyz')}/nimdoctor" not in traced.stderr
    )


def spoilt_source(copy: Path) -> str:
    (copy / MODULE).write_bytes((copy / MODULE).read_bytes().replace(b"runs", b"ruins"))
    return f"{MODULE} is not as it was"


def spoilt_code_of_the_same_size(copy: Path) -> str:
    path = copy / COMPILED_MODULE
    path.write_bytes(path.read_bytes().replace(b"nimdoctor.progress/1", b"nimdoctor.progress/2"))
    return f"{COMPILED_MODULE} is not as it was"


def half_a_file(copy: Path) -> str:
    os.truncate(copy / MODULE, 100)
    return f"{MODULE} is not as it was"


def one_more(copy: Path) -> str:
    (copy / "nimdoctor" / "sitecustomize.py").write_text("")
    return "nimdoctor/sitecustomize.py is not"


def one_less(copy: Path) -> str:
    (copy / MODULE).unlink()
    return f"{MODULE} is gone"


def a_link(copy: Path) -> str:
    os.rename(copy / MODULE, copy.parent / "moved")
    os.symlink(copy.parent / "moved", copy / MODULE)
    return f"{MODULE} is no regular file"


def a_directory_elsewhere(copy: Path) -> str:
    os.rename(copy / "nimdoctor", copy.parent / "moved")
    os.symlink(copy.parent / "moved", copy / "nimdoctor")
    return "nimdoctor is no regular file"


def written_by_others(copy: Path) -> str:
    (copy / MODULE).chmod(0o620)
    return f"{MODULE} is not root's alone"


def a_directory_for_others(copy: Path) -> str:
    (copy / "nimdoctor").chmod(0o777)
    return "nimdoctor/ is not root's alone"


def the_list(copy: Path) -> str:
    path = copy / COMPILED
    path.write_bytes(path.read_bytes().replace(b"serving", b"sErving"))
    return f"{COMPILED} is not as it was"


def the_whole(copy: Path) -> str:
    os.rename(copy, copy.parent / "moved")
    os.symlink(copy.parent / "moved", copy)
    return ". is no directory"


SPOILT = (
    spoilt_source, spoilt_code_of_the_same_size, half_a_file, one_more, one_less, a_link, a_directory_elsewhere,
    written_by_others, a_directory_for_others, the_list, the_whole,
)  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_is_not_as_it_was_unpacked_is_found(spoil, copy: Path) -> None:
    archive = str(copy.with_suffix(".pyz"))
    compare(archive, str(copy))
    why = spoil(copy)
    with pytest.raises(Differs) as raised:
        compare(archive, str(copy))
    assert why in str(raised.value)


def test_a_copy_that_differs_is_said_and_left_alone_and_the_file_answers(file: Path, copy: Path) -> None:
    half_a_file(copy)
    said, report = asked(copy)
    assert said["schema"] == "nimdoctor.progress/1" and f"{MODULE} is not as it was; find out why" in str(said["says"])
    assert report["schema"] == "nimdoctor.report/1" and (copy / MODULE).stat().st_size == 100


def test_the_list_of_another_owner_s_words_is_not_believed(copy: Path) -> None:
    (copy / COMPILED).write_bytes(b"{}")
    with pytest.raises(Differs):
        compare(str(copy.with_suffix(".pyz")), str(copy))


def test_what_is_cut_off_leaves_no_copy(file: Path, tmp_path: Path) -> None:
    (tmp_path / file.name).write_bytes(file.read_bytes()[:-5000])
    assert started(tmp_path / file.name, "unpack").returncode != 0
    assert os.listdir(tmp_path) == [file.name]


def test_a_second_time_changes_nothing(copy: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert started(copy.with_suffix(".pyz"), "unpack").returncode == 0
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


def test_a_run_out_of_the_copy_is_the_file_s(copy: Path) -> None:
    program = (
        f"import sys; sys.path[0] = {str(copy)!r}; from nimdoctor.applying.executor_file import executor, import_the_rest; "
        "import_the_rest(); print(executor())"
    )
    named = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert named.stdout.strip() == copy.with_suffix(".pyz").name
