"""What the commands of a script see of the environment in which it is started: what those of --apply do, which is nothing."""

import os
from pathlib import Path
from typing import Callable

from callers import CALLERS, PLACE, seen

from nimdoctor.lab import Lab
from nimdoctor.system.command import command_environment

from .conftest import Make


def test_a_command_of_a_package_sees_what_apply_gives_its_commands_and_nothing_of_the_caller(
    package: Make, lab_of: Callable[[str], Lab], shell: str, tmp_path: Path
) -> None:
    lab = lab_of("nimsh-inactive")
    made = package(lab, shell)
    (program,) = Path(lab.client).glob("usr/*/startsrc")
    head, rest = program.read_text().split("\n", 1)
    program.write_text(f"{head}\nenv > {tmp_path}/environment\n{rest}")

    # PATH is needed to find the shell, and ENV is a file that a shell reads as it starts
    ended = made.apply(
        "client/apply.ksh", **{name: PLACE for name in CALLERS if name not in ("PATH", "ENV")}, LC_ALL="de_DE", LANG="x"
    )

    assert ended.status == 0, ended
    found, given = seen((tmp_path / "environment").read_text()), command_environment()
    assert found.pop("NIMDOCTOR_ROOT") == lab.client
    assert PLACE not in str(found)
    assert {**found, "PATH": ""} == {**given, "PATH": ""}
    assert {*found["PATH"].split(":")} >= {"/usr/bin", "/usr/sbin"}
    assert all(os.path.isabs(place) for place in found["PATH"].split(":"))
