"""In which order evidence is given, packed or listed never changes a verdict."""

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any, List, Tuple

import pytest
from effort import examples
from hosts import loose, scan_hosts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenarios import names, scenario

from nimdoctor.evidence import open_target

SCENARIOS = names()
few = settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def judged(*hosts: Any) -> List[Tuple[Any, ...]]:
    """Everything that a scan says, in its order."""
    report = scan_hosts(*hosts)
    return [report.verdict, *report.results, *report.remarks]


def packed(files: "dict[str, bytes]", order: List[str], place: Path, how: str) -> str:
    archive = place / f"host.{how}"
    if how == "zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            for name in order:
                zipped.writestr(name, files[name])
    else:
        with tarfile.open(archive, "w") as tar:
            for name in order:
                member = tarfile.TarInfo(name)
                member.size = len(files[name])
                tar.addfile(member, io.BytesIO(files[name]))
    return str(archive)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packed")


@few
@given(data=st.data())
@pytest.mark.parametrize("how", ["tar", "zip"])
def test_the_order_of_an_archives_members_changes_nothing(how: str, place: Path, data: Any) -> None:
    name = data.draw(st.sampled_from(SCENARIOS), label="scenario")
    told = []
    for shuffled in (False, True):
        hosts = []
        for end, tree in scenario(name).items():
            files = {f"bundle/{file}": raw for file, raw in tree.files.items()}
            order = data.draw(st.permutations(sorted(files)), label=end) if shuffled else sorted(files)
            (place / end).mkdir(exist_ok=True)
            hosts.append(open_target(packed(files, order, place / end, how)))
        told.append(judged(*hosts))
        for host in hosts:
            host.close()
    assert told[0] == told[1]


@few
@given(data=st.data())
def test_the_order_of_loose_files_changes_nothing(data: Any) -> None:
    tree = scenario(data.draw(st.sampled_from(SCENARIOS), label="scenario"))[
        data.draw(st.sampled_from(["client", "master"]))
    ]
    files = {name.replace("/", "_"): raw for name, raw in tree.files.items() if name != "manifest.json"}
    order = data.draw(st.permutations(sorted(files)))
    assert judged(loose(files)) == judged(loose({name: files[name] for name in order}))
