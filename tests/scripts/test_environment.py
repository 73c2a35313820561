"""What the commands of a script see of the environment in which it is started: what those of --apply do, which is nothing."""

import os
import subprocess
from pathlib import Path
from typing import Callable

from callers import CALLERS, PLACE, seen

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.shell import NO_ALIASES
from nimdoctor.lab import Lab
from nimdoctor.scripts.collector import collector
from nimdoctor.scripts.library import with_library
from nimdoctor.system.command import command_environment

from .conftest import Make


def test_a_script_begins_with_the_environment_that_apply_gives_its_commands(shell: str) -> None:
    own = "begin_script\nenv\n"
    text = NO_ALIASES + "\n".join([*with_library(own), own])
    environment = {**CALLERS, "PATH": os.environ["PATH"], "LC_ALL": "de_DE", "LANG": "de_DE"}
    ended = subprocess.run([shell, "-c", text], capture_output=True, text=True, env=environment, check=True)
    found, given = seen(ended.stdout), command_environment()
    assert {**found, "PATH": ""} == {**given, "PATH": ""}
    assert set(found["PATH"].split(":")) == set(given["PATH"].split(":"))


def test_every_script_begins_so(scripts: Make, lab_of: Callable[[str], Lab]) -> None:
    texts = [*scripts(lab_of("create-bio-hang-master"), "/bin/sh").texts.items(), ("collect.ksh", collector(Catalog()))]
    for name, text in texts:
        if name.endswith(".ksh"):
            assert "\nbegin_script\n" in text and "unset ENV CDPATH ODMDIR " in text


def test_a_command_of_a_script_sees_nothing_of_the_caller(
    scripts: Make, lab_of: Callable[[str], Lab], tmp_path: Path
) -> None:
    lab = lab_of("stale-ssl-libs")
    made = scripts(lab, "/bin/sh")
    seen_by = tmp_path / "environments"
    (program,) = Path(lab.client).glob("usr/*/nimclient")
    head, rest = program.read_text().split("\n", 1)
    program.write_text(f"{head}\nenv >> {seen_by}\n{rest}")
    ended = made.apply(**{name: value for name, value in CALLERS.items() if name not in ("PATH", "ENV")})
    assert ended.status == 0, ended.err
    env = seen_by.read_text()
    assert "HOME=/\n" in env and PLACE not in env
