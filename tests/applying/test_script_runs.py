"""A script that was killed half-way keeps `nimdoctor fix` from starting beside it."""

import os
import re
from pathlib import Path

import pytest

from nimdoctor.applying.script_runs import unfinished_packages, unfinished_scripts
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


def test_a_change_package_that_was_begun_is_an_unfinished_run_until_it_is_complete(capsys):
    with Lab.build("create-bio-hang") as lab:
        place = f"{lab.client}/var/adm/nimdoctor/changes/0123456789abcdef"
        os.makedirs(place)
        with open(f"{place}/begun", "w", encoding="ascii") as stream:
            stream.write('{"event":"begin","step":null,"at":"2026-11-24T10:00:00Z","fixes":["start-nimsh"]}\n')
        assert main(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]) == 1
        first = re.sub(r"\n +", " ", capsys.readouterr().out).splitlines()[0]
        assert first.startswith("the change package of plan 0123456789abcdef was begun and is not complete")
        assert "start its apply.ksh again" in first
        assert lab.calls("client") == []

        assert main(["scan", lab.client_target, "--check", "run-unfinished"]) == 1
        shown = re.sub(r"\n +", " ", capsys.readouterr().out)
        assert "run chg-0123456789abcdef (start-nimsh) is running" in shown

        Path(f"{place}/back").touch()
        (taken_back,) = unfinished_packages(f"{lab.client}/var/adm/nimdoctor")
        assert taken_back.words("/s").endswith("start its rollback.ksh again")
        os.unlink(f"{place}/back")

        os.rename(f"{place}/begun", f"{place}/complete")
        assert main(["scan", lab.client_target, "--check", "run-unfinished"]) == 3
        assert "no run of nimdoctor fix is recorded here" in capsys.readouterr().out
