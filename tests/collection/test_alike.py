"""A scan of what was collected says what a scan of the host says, and the script collects what nimdoctor does."""

import json
import os
from pathlib import Path
from typing import Callable

import pytest
from effort import one_in

from nimdoctor.cli import main
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence import open_target
from nimdoctor.facts import Rhosts
from nimdoctor.lab import SCENARIOS, Lab

from .conftest import REGISTRY, Collector, collected, findings, same_but_for_times

RICH = "create-bio-hang-master+tftp-disabled+rhosts-left-over"


@pytest.mark.parametrize("scenario", one_in(3, [RICH, *SCENARIOS]))
def test_a_scan_of_the_collection_says_what_a_scan_of_the_host_says(
    scenario: str, lab_of: Callable[[str], Lab], tmp_path: Path
) -> None:
    lab = lab_of(scenario)
    for end in ("client", "master"):
        target = f"root:{lab.tree(end)}"
        place = tmp_path / end
        place.mkdir()
        live, recorded = findings(target), collected(target, place).findings()
        # only a rehearsal, which needs the private keys, is left out of the comparison
        assert recorded == live


def is_as_nimdoctor_collects(target: str, made: Collector) -> None:
    by_script, by_nimdoctor = made.archive(target), collected(target, made.place)
    assert same_but_for_times(by_script, by_nimdoctor) is None
    assert by_script.findings() == by_nimdoctor.findings()
    assert sorted(os.listdir(made.place))[0] == "collect.ksh"


@pytest.mark.parametrize("end", ["client", "master"])
def test_the_script_collects_what_nimdoctor_does(end: str, each: Collector, lab_of: Callable[[str], Lab]) -> None:
    is_as_nimdoctor_collects(f"root:{lab_of(RICH).tree(end)}", each)


@pytest.mark.parametrize("end", ["client", "master"])
def test_so_it_does_of_a_damaged_tree(end: str, one: Collector, lab_of: Callable[[str], Lab]) -> None:
    is_as_nimdoctor_collects(f"root:{lab_of('ssl-tree-damaged').tree(end)}", one)


def test_what_is_not_there_is_known_not_to_be(healthy: Lab, tmp_path: Path) -> None:
    manifest = collected(healthy.client_target, tmp_path).manifest
    assert manifest["paths"]["/.rhosts"] is None and manifest["paths"]["/etc/tftpaccess.ctl"] is None
    assert "/ssl_nimsh/**" in manifest["complete"] and "/usr/lib/libssl.so*" in manifest["complete"]
    assert manifest["not_collected"] == {"ioscli ioslevel": "no such command on this host"}
    state = manifest["paths"]["/ssl_nimsh/certs/server.pem"]
    assert state["kind"] == "file" and state["mode"].startswith("06") and state["mtime"] > 0


def test_it_says_what_it_is(healthy: Lab, tmp_path: Path) -> None:
    manifest = collected(healthy.master_target, tmp_path).manifest
    assert (manifest["host"], manifest["role"], manifest["redacted"]) == ("nim1", "master", False)
    assert manifest["schema"] == "nimdoctor.evidence/1" and manifest["collected"].endswith("Z")


def test_of_a_host_that_does_not_say_its_role_everything_is_collected(healthy: Lab, one: Collector) -> None:
    os.unlink(f"{healthy.client}/etc/niminfo")
    by_script, by_nimdoctor = one.archive(healthy.client_target), collected(healthy.client_target, one.place)
    assert same_but_for_times(by_script, by_nimdoctor) is None
    assert "role" not in by_script.manifest
    assert by_script.manifest["not_collected"]["nimclient -l -l NIM_NAME"] == "not run: NIM_NAME is not known"
    assert by_script.findings() == findings(healthy.client_target)


def test_a_name_that_would_be_an_option_is_given_to_no_command(healthy: Lab, one: Collector) -> None:
    niminfo = Path(healthy.client, "etc/niminfo")
    niminfo.write_text(niminfo.read_text().replace("NIM_NAME=lpar7", "NIM_NAME=-P"))
    by_script, by_nimdoctor = one.archive(healthy.client_target), collected(healthy.client_target, one.place)
    assert same_but_for_times(by_script, by_nimdoctor) is None
    assert "nimclient -l -l -P" not in by_script.manifest["commands"]


def test_names_that_no_archive_may_hold_are_left_out_and_said(healthy: Lab, one: Collector) -> None:
    for name in ("back\\slash.pem", "line\nend.pem", "\u00e9t\u00e9.pem"):
        Path(healthy.client, "ssl_nimsh/certs", name).write_text("x")
    for archive in (one.archive(healthy.client_target), collected(healthy.client_target, one.place)):
        names = [name for name in archive.members if name.startswith("files/ssl_nimsh/certs/")]
        assert names == ["files/ssl_nimsh/certs/server.pem"]
        said = [name for name, why in archive.manifest["not_collected"].items() if "its name" in why]
        assert len(said) == 3 and archive.findings()


def test_a_file_of_which_lines_were_left_out_is_edited_by_no_plan(lab_of: Callable[[str], Lab], tmp_path: Path) -> None:
    archive = collected(lab_of("rhosts-left-over").client_target, tmp_path)
    assert archive.manifest["files"]["/.rhosts"]["lines_left_out"] == 3
    evidence = open_target(archive.path)
    rhosts = Host(evidence, REGISTRY.catalog).fact(Rhosts)
    assert rhosts.rows and not rhosts.raw and rhosts.partial
    (remark,) = evidence.remarks
    assert remark == "/.rhosts: lines that were not collected: 3"
    plan = tmp_path / "plan.json"
    assert main(["fix", archive.path, "--only", "remove-rhosts", "--plan", str(plan)]) == 1
    document = json.loads(plan.read_text())
    assert document["steps"] == [] and "only part of /.rhosts was collected" in json.dumps(document["advice"])
