"""Hosts without Python: collected by the shell alone over a real sshd, judged on the controller."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from loopback import Loopback, why_not

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.lab import Lab
from nimdoctor.remote.one_file import agent
from nimdoctor.scripts.collector import collector

REPOSITORY = Path(__file__).resolve().parents[2]
ANSIBLE = os.environ.get("NIMDOCTOR_ANSIBLE", "")

pytestmark = pytest.mark.skipif(
    not ANSIBLE, reason="NIMDOCTOR_ANSIBLE names no venv with ansible-core: `make ansible-test` does"
)


class Site:
    """A controller, and the two ends of a lab as hosts without Python."""

    def __init__(self, place: Path, lab: Lab, sshd: Loopback) -> None:
        self.place, self.lab = place, lab
        hosts = {"ansible_ssh_executable": sshd.ssh, "ansible_ssh_retries": 0}
        children = {
            "nim_masters": {"hosts": {"nim1": {}}},
            "nim_clients": {"hosts": {"lpar7": {"nim_master": "nim1"}}},
        }
        (place / "inventory.json").write_text(json.dumps({"all": {"vars": hosts, "children": children}}))

    def run(self, program: str, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        own = {
            "ANSIBLE_COLLECTIONS_PATH": str(self.place / "collections"),
            "ANSIBLE_HOME": str(self.place / "home"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.place / "cp"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            **environment,
        }
        return subprocess.run(
            [f"{ANSIBLE}/bin/{program}", "-i", str(self.place / "inventory.json"), *words],
            env={**os.environ, **own},
            cwd=self.place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def collect(self, host: str = "lpar7", **given: Any) -> Dict[str, Any]:
        """The result of the task at that host."""
        asked = json.dumps({"dest": str(self.place / "evidence"), **given})
        ended = self.run("ansible", host, "-m", "nimdoctor.aix.collect_by_script", "-a", asked)
        found = re.search(rf"^{host} \| ([A-Z]+)!? => ({{.*}})", ended.stdout, re.DOTALL | re.MULTILINE)
        assert found, ended
        return {**json.loads(found[2]), "failed": found[1] == "FAILED"}

    def left(self) -> List[str]:
        """What is left of a run on either host."""
        return [
            name
            for end in ("client", "master")
            for name in os.listdir(f"{self.lab.tree(end)}/tmp")
            if "nimdoctor" in name
        ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    reason = why_not()
    if reason:
        pytest.skip(f"no sshd on loopback: {reason}")
    place = tmp_path_factory.mktemp("site")
    collection = place / "collections/ansible_collections/nimdoctor/aix"
    shutil.copytree(REPOSITORY / "ansible", collection, ignore=shutil.ignore_patterns("files"))
    (collection / "files").mkdir()
    (collection / "files/nimdoctor.pyz").write_bytes(agent().content)
    (collection / "files/collect.ksh").write_text(collector(Catalog()), encoding="ascii")
    daemon = Loopback(str(place / "sshd"))
    try:
        with Lab.build("create-bio-hang", str(place / "lab")) as lab:
            daemon.add("lpar7", lab.client, lab.place)
            daemon.add("nim1", lab.master, lab.place)
            yield Site(place, lab, daemon)
    finally:
        daemon.close()


def modes(*paths: str) -> List[str]:
    return [oct(os.stat(path).st_mode & 0o777) for path in paths]


@pytest.mark.both_pairs
def test_masters_then_clients_are_collected_and_judged_together(site: Site) -> None:
    before = {end: site.lab.snapshot(end) for end in ("client", "master")}
    ended = site.run("ansible-playbook", "nimdoctor.aix.collect", "-e", f"collect_dest={site.place}/play")
    assert ended.returncode == 0, ended
    assert re.search(r"lpar7 +: ok=\d+ +changed=0 ", ended.stdout) and re.search(
        r"nim1 +: ok=\d+ +changed=0 ", ended.stdout
    )
    archives = sorted(path for path in os.listdir(site.place / "play"))
    assert [name.partition(".")[0] for name in archives] == ["lpar7", "lpar7", "nim1", "nim1"]
    reports = [json.loads((site.place / "play" / name).read_text()) for name in archives if name.endswith(".json")]
    assert [report["host"]["name"] for report in reports] == ["lpar7", "nim1"]
    hang = next(one for one in reports[0]["results"] if one["check"] == "create-bio-hang")
    assert hang["outcome"] == "fail"
    # the master's checks are decided by the master's evidence
    assert {one["outcome"] for one in reports[0]["results"] if one["check"] == "nimesis-inactive"} == {"pass"}
    assert site.left() == []
    assert {end: site.lab.snapshot(end) for end in before} == before


def test_the_archive_is_the_owner_s_alone_and_the_host_s_copy_is_gone(site: Site) -> None:
    got = site.collect()
    assert got["changed"] is False and got["verdict"] == "problems"
    assert "create-bio-hang" in {one["check"] for one in got["findings"]}
    assert modes(got["archive"], got["report"]) == ["0o600", "0o600"]
    assert os.path.basename(got["archive"]).startswith("lpar7.nimdoctor-RAW.")
    assert site.left() == []


def test_without_a_scan_there_is_the_archive_alone(site: Site) -> None:
    got = site.collect("nim1", scan=False)
    assert os.path.exists(got["archive"]) and "verdict" not in got and not os.path.exists(f"{got['archive']}.json")


def test_it_does_the_same_in_check_mode(site: Site) -> None:
    ended = site.run("ansible-playbook", "nimdoctor.aix.collect", "--check", "-e", f"collect_dest={site.place}/checked")
    assert ended.returncode == 0, ended
    kept = sorted(name.partition(".nimdoctor-RAW.")[0] for name in os.listdir(site.place / "checked"))
    assert kept == ["lpar7", "lpar7", "nim1", "nim1"] and site.left() == []


@pytest.mark.parametrize(
    "given, said", [({"place": "/no/such"}, "could not make a directory"), ({"place": "a; b"}, "place: ")]
)
def test_a_place_that_cannot_be_used_is_told(site: Site, given: Dict[str, str], said: str) -> None:
    got = site.collect(**given)
    assert got["failed"] and said in got["msg"]


def test_a_collector_that_fails_is_told_in_its_words_and_nothing_is_left(site: Site) -> None:
    script = site.place / "collections/ansible_collections/nimdoctor/aix/files/collect.ksh"
    whole = script.read_text()
    try:
        script.write_text("echo 'nothing collected: no room' >&2; exit 1\n")
        got = site.collect()
        assert got["failed"] and "could not collect: status 1: nothing collected: no room" in got["msg"]
        script.write_text("echo /etc/passwd\n")
        got = site.collect()
        assert got["failed"] and "is no archive of its own" in got["msg"]
    finally:
        script.write_text(whole)
    assert site.left() == []


def test_a_collection_that_was_not_built_says_so(site: Site) -> None:
    script = site.place / "collections/ansible_collections/nimdoctor/aix/files/collect.ksh"
    script.rename(script.with_suffix(".away"))
    try:
        assert "make collection" in site.collect()["msg"]
    finally:
        script.with_suffix(".away").rename(script)
