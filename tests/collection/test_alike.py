"""A scan of what was collected says what a scan of the host says, and the script collects what nimdoctor does."""

import os
from pathlib import Path
from typing import Callable

import pytest

from nimdoctor.lab import SCENARIOS, Lab

from .conftest import Collector, collected, findings, same_but_for_times

RICH = "create-bio-hang-master+tftp-disabled+rhosts-left-over"


@pytest.mark.parametrize("scenario", [*SCENARIOS, RICH])
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


@pytest.mark.parametrize("end", ["client", "master"])
@pytest.mark.parametrize("scenario", [RICH, "ssl-tree-damaged"])
def test_the_script_collects_what_nimdoctor_does(
    scenario: str, end: str, each: Collector, lab_of: Callable[[str], Lab]
) -> None:
    target = f"root:{lab_of(scenario).tree(end)}"
    by_script, by_nimdoctor = each.archive(target), collected(target, each.place)
    assert same_but_for_times(by_script, by_nimdoctor) is None
    assert by_script.findings() == by_nimdoctor.findings()
    assert sorted(os.listdir(each.place))[0] == "collect.ksh"


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


def test_of_a_host_that_does_not_say_its_role_everything_is_collected(healthy: Lab, each: Collector) -> None:
    os.unlink(f"{healthy.client}/etc/niminfo")
    by_script, by_nimdoctor = each.archive(healthy.client_target), collected(healthy.client_target, each.place)
    assert same_but_for_times(by_script, by_nimdoctor) is None
    assert "role" not in by_script.manifest
    assert by_script.manifest["not_collected"]["nimclient -l -l NIM_NAME"] == "not run: NIM_NAME is not known"
    assert by_script.findings() == findings(healthy.client_target)


def test_a_name_that_would_be_an_option_is_given_to_no_command(healthy: Lab, each: Collector) -> None:
    niminfo = Path(healthy.client, "etc/niminfo")
    niminfo.write_text(niminfo.read_text().replace("NIM_NAME=lpar7", "NIM_NAME=-P"))
    by_script, by_nimdoctor = each.archive(healthy.client_target), collected(healthy.client_target, each.place)
    assert same_but_for_times(by_script, by_nimdoctor) is None
    assert "nimclient -l -l -P" not in by_script.manifest["commands"]
