"""A change package as the command line writes it."""

import contextlib
import io
import os

import pytest
from effort import one_in
from shells import SHELLS

from nimdoctor.cli import main
from nimdoctor.lab import Lab

from ..random_trees import script


def quiet(*words: str) -> int:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main(list(words))


@pytest.mark.parametrize("shell", one_in(3, SHELLS))
def test_a_package_written_by_the_command_line_runs_as_it_is_and_rolls_back(shell: str) -> None:
    with Lab.build("tftp-disabled") as lab:
        original = [lab.snapshot(end) for end in ("client", "master")]
        scripts = os.path.join(lab.place, "scripts")
        assert quiet("fix", lab.client_target, "--master", lab.master_target, "--script", scripts) == 1
        assert sorted(os.listdir(scripts)) == ["README", "client", "master", "plan.json"]
        for name in ("client/check.ksh", "master/apply.ksh", "master/check.ksh", "client/apply.ksh"):
            ran = script(shell, f"{scripts}/{name}", "--yes")
            assert ran.returncode == 0, ran.stdout + ran.stderr
        assert quiet("scan", lab.client_target, "--master", lab.master_target, "--check", "tftp-disabled") == 0
        for name in ("client/rollback.ksh", "master/rollback.ksh"):
            ran = script(shell, f"{scripts}/{name}")
            assert ran.returncode == 0, ran.stdout + ran.stderr
        assert [lab.snapshot(end) for end in ("client", "master")] == original
