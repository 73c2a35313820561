"""The stand-ins as scripts: plain POSIX shell, each where AIX has the command."""

import os
import subprocess
from pathlib import Path

import pytest
from programs import program

STAND_INS = Path(__file__).resolve().parents[2] / "nimdoctor" / "lab" / "stand_ins"
SCRIPTS = sorted(path for path in STAND_INS.iterdir())


@pytest.mark.parametrize("shell", ["sh", "dash", "ksh93", "mksh"])
def test_every_shell_reads_them(shell):
    found = program(shell)
    for script in SCRIPTS:
        subprocess.run([found, "-n", str(script)], check=True)


def test_shellcheck_has_nothing_to_say():
    ended = subprocess.run([program("shellcheck"), "-s", "sh", *map(str, SCRIPTS)], stdout=subprocess.PIPE)
    assert ended.stdout.decode() == ""


def test_every_script_says_what_it_stands_for():
    for script in SCRIPTS:
        lines = script.read_text(encoding="ascii").splitlines()
        if script.name != "lib.sh":
            assert lines[0] == "#!/bin/sh"
            assert lines[1].startswith(f"# {script.name}"), script.name


def test_every_script_is_in_a_tree(originals):
    lab = originals("healthy")
    places = [Path(tree) / "usr" / part for tree in (lab.master, lab.client) for part in ("bin", "sbin")]
    found = {program.name for place in places for program in place.iterdir()}
    assert found == {script.name for script in SCRIPTS} - {"lib.sh"}
    assert all(os.access(program, os.X_OK) for place in places for program in place.iterdir())


def test_a_stand_in_acts_on_the_tree_it_lies_in_whatever_the_environment_says(originals):
    lab = originals("healthy")
    ended = subprocess.run(
        [f"{lab.client}/usr/bin/hostname"], env={"NIMDOCTOR_ROOT": lab.master}, stdout=subprocess.PIPE, check=True
    )
    assert ended.stdout == b"lpar7\n"
