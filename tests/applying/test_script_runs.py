"""A script that was killed half-way keeps `nimdoctor fix` from starting beside it."""

import os

import pytest

from nimdoctor.applying.script_runs import unfinished_scripts
from nimdoctor.cli import main
from nimdoctor.lab import Lab


def left(lab, state):
    place = f"{lab.client}/var/adm/nimdoctor/scripts/0123456789abcdef"
    os.makedirs(place)
    if state is not None:
        with open(f"{place}/state", "w", encoding="ascii") as stream:
            stream.write(state + "\n")


@pytest.mark.parametrize("state", ["running", "stopped", "rolling-back"])
def test_an_unfinished_script_is_named_first_and_nothing_is_applied(state, capsys):
    with Lab.build("create-bio-hang") as lab:
        left(lab, state)
        assert main(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]) == 1
        said = capsys.readouterr()
        first = said.out.splitlines()[0]
        assert first.startswith(f"apply.ksh of plan 0123456789abcdef is {state}") and "rollback.ksh" in first
        assert lab.calls("client") == []


@pytest.mark.parametrize("state", ["complete", "restored", "rolled-back", "abandoned", "", None])
def test_a_script_that_came_to_its_end_is_no_hindrance(state):
    with Lab.build("healthy") as lab:
        left(lab, state)
        assert unfinished_scripts(f"{lab.client}/var/adm/nimdoctor") == []


def test_a_state_directory_without_scripts_has_none(tmp_path):
    assert unfinished_scripts(str(tmp_path)) == []
    os.symlink("/etc", tmp_path / "scripts")
    assert unfinished_scripts(str(tmp_path)) == []
