"""Over random small trees a change package ends as the Python executor does: applied, applied again, taken back."""

import os
import re
import tempfile
from pathlib import Path

import pytest
from effort import examples
from hypothesis import HealthCheck, example, given, settings
from shells import SHELLS

from nimdoctor.applying.execute import Executor
from nimdoctor.model import Role
from nimdoctor.planning.steps import Change, Phase, make_edit, unchanged, written
from nimdoctor.scripts import ScriptEnd
from nimdoctor.scripts.package import change_package

from ..random_trees import grow, plan_for, script, shown, step, trees


def of_an_empty_file(*changes):
    edit = make_edit("/.rhosts", b"", changes)
    one = step(Phase.TFTP, edit, (unchanged(Role.CLIENT, edit),), (written(Role.CLIENT, edit),), "bytes back")
    return {"/.rhosts": (b"", 0o600)}, [one._replace(id="1-client")]


def like(tree):
    """What a tree holds, with the one name of a run for all."""
    return {re.sub(r"chg-[0-9a-f]{16}", "RUN", name): state for name, state in shown(tree).items()}


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(of_an_empty_file(Change(1, "", "0")))
@example(of_an_empty_file(Change(1, None, "0")))
@given(trees().filter(lambda made: made[1]))
def test_over_random_trees_package_and_executor_end_alike_and_the_package_goes_back(shell, made):
    files, steps = made
    with tempfile.TemporaryDirectory() as place:
        place = os.path.realpath(place)
        ours, theirs = f"{place}/ours", f"{place}/theirs"
        for tree in (ours, theirs):
            grow(tree, files)
        original = like(theirs)
        plan, ends = plan_for(ours, steps)
        assert Executor(plan, ends, Role.CLIENT, rescan=list).apply([]).state == "complete"

        plan, _ = plan_for(theirs, steps)
        for name, content in change_package(plan, {"client": ScriptEnd(theirs, f"{theirs}/var/adm/nimdoctor")}).items():
            # these trees have no commands that say which host they are
            Path(place, name).write_bytes(re.sub(rb"(?m)^    guard .* says .*\n", b"", content))
        for _ in range(2):
            ran = script(shell, f"{place}/apply.ksh")
            assert ran.returncode == 0, ran.stdout + ran.stderr
            assert like(theirs) == like(ours)
        ran = script(shell, f"{place}/rollback.ksh")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert like(theirs) == original
