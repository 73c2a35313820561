"""A plan carried out by its change package ends as `nimdoctor fix --apply` does: bytes, modes, owners."""

import functools
import re
from typing import Callable

import pytest
from effort import EVERYTHING
from shells import SHELLS, shell_named

from nimdoctor.applying.execute import Executor
from nimdoctor.model import Role

from ..conftest import Again, both, ends_of, plan_of
from ..situations import SITUATIONS
from ..situations import comparable as _comparable
from .conftest import Make

_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}|chg-[0-9a-f]{16}")


comparable = functools.partial(_comparable, run=_RUN)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_package_ends_as_apply_does_and_changes_nothing_when_run_again(
    situation: str, labs: Callable[[str], Again], package: Make
) -> None:
    lab = labs(situation).lab
    labs(situation).put_back()
    before = both(lab)
    plan = plan_of(lab, SITUATIONS[situation])
    done = Executor(plan, ends_of(lab), Role.CLIENT, rescan=list).apply([])
    assert done.state in ("complete", "applied-unverified"), done
    fresh = any(getattr(step.do, "argv", ()) == ("nimconfig", "-c") for step in plan.steps)
    expected = [comparable(tree, fresh) for tree in both(lab)]

    # situations share their lines of shell, so each is run in the shells in turn
    shells = SHELLS if EVERYTHING else (SHELLS[list(SITUATIONS).index(situation) % len(SHELLS)],)
    for shell in map(shell_named, shells):
        labs(situation).put_back()
        made = package(lab, shell, SITUATIONS[situation])
        first = made.apply_all()

        assert [one.status for one in first] == [0] * len(made.applies), (shell, first)
        assert not any(one.err for one in first), first
        after = both(lab)
        assert [comparable(tree, fresh) for tree in after] == expected, shell
        calls = lab.calls("client"), lab.calls("master")

        for script in made.applies:
            again = made.run(script, "--yes")
            assert again.status == 0 and "nothing to do" in again.out
        assert both(lab) == after
        assert (lab.calls("client"), lab.calls("master")) == calls

        for script in made.applies[::-1]:
            where = script.partition("/")[0]
            back = made.run(script.replace("apply", "rollback"))
            if any(step.no_undo for step in plan.steps if step.where.value == where):
                assert back.status == 1 and "stands: " in back.out, (shell, back)
            else:
                assert back.status == 0 and "nothing of this plan is left" in back.out, (shell, back)
        if not any(step.no_undo for step in plan.steps):
            assert both(lab) == before
