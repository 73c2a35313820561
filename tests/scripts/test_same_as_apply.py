"""A plan carried out by the scripts ends as `nimdoctor fix --apply` does: bytes, modes, owners."""

import re
from typing import Callable, Dict, Tuple

import pytest
from effort import FEWER
from shells import SHELLS, shell_named

from nimdoctor.applying.execute import Executor
from nimdoctor.lab import Entry
from nimdoctor.model import Role
from nimdoctor.planning.fix import Options

from .conftest import Again, Make, Tree, both, ends_of, plan_of

SITUATIONS: Dict[str, Options] = {
    "tftp-disabled": Options(),
    "tftp-not-refreshed": Options(),
    "create-bio-hang": Options(),
    "create-bio-hang-master": Options(),
    "both-known-issues": Options(),
    "stale-ssl-libs": Options(),
    "openssl-missing": Options(),
    "nimsh-inactive": Options(),
    "nimesis-inactive": Options(),
    "tftp-denied": Options(),
    "key-exposed": Options(),
    "ssl-not-configured": Options(),
    "client-uses-rsh": Options(),
    "rhosts-left-over": Options(only=("remove-rhosts",)),
    "services-missing": Options(),
    "push-disabled": Options(only=("allow-push",)),
    "nimsh-not-at-boot": Options(only=("start-at-boot",)),
    "healthy": Options(only=("disable-client-ssl",)),
}
ALL_SHELLS = (
    "tftp-disabled", "create-bio-hang-master", "both-known-issues", "openssl-missing", "client-uses-rsh", "rhosts-left-over",
    "services-missing", "push-disabled", "nimsh-not-at-boot",
    "tftp-denied", "key-exposed",
)  # fmt: skip
"""Together they have every kind of step; the others run under one shell."""
_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}")


def comparable(tree: Tree, fresh: bool, run: "re.Pattern[str]" = _RUN) -> Dict[str, Tuple[object, ...]]:
    """A tree without the name of a run, which `run` finds, and where keys are made anew without the bytes that no two runs share."""
    found = {}
    for path, entry in tree.items():
        content = None if fresh and path.startswith("/ssl_nimsh/") else entry.content
        found[run.sub("RUN", path)] = (entry.kind, entry.mode, entry.uid, entry.gid, content)
    return found


@pytest.mark.parametrize("situation", SITUATIONS)
def test_scripts_end_as_apply_does_and_change_nothing_when_run_again(
    situation: str, labs: Callable[[str], Again], scripts: Make
) -> None:
    lab = labs(situation).lab
    labs(situation).put_back()
    before = both(lab)
    plan = plan_of(lab, SITUATIONS[situation])
    done = Executor(plan, ends_of(lab), Role.CLIENT, rescan=list).apply([])
    assert done.state in ("complete", "applied-unverified"), done
    fresh = any(getattr(step.do, "argv", ()) == ("nimconfig", "-c") for step in plan.steps)
    expected = [comparable(tree, fresh) for tree in both(lab)]

    shells = SHELLS if situation in ALL_SHELLS else SHELLS[-1:]
    if FEWER:
        shells = (SHELLS[list(SITUATIONS).index(situation) % len(SHELLS)],)
    for shell in map(shell_named, shells):
        labs(situation).put_back()
        made = scripts(lab, shell, SITUATIONS[situation])
        first = made.apply()

        assert first.status == 0, (shell, first)
        assert not first.err
        after = both(lab)
        assert [comparable(tree, fresh) for tree in after] == expected, shell
        calls = lab.calls("client"), lab.calls("master")

        again = made.apply()

        assert again.status == 0 and "nothing to do" in again.out
        assert both(lab) == after
        assert (lab.calls("client"), lab.calls("master")) == calls

        back = made.roll_back()

        if any(step["no_undo"] for step in made.document["steps"]):
            assert back.status == 1 and "cannot be undone" in back.out, (shell, back)
        else:
            assert back.status == 0 and "nothing of this plan is left" in back.out, (shell, back)
            assert both(lab) == before
        assert made.roll_back().status == back.status


def test_entries_are_compared_with_their_modes() -> None:
    one, other = Entry("file", 0o600, 0, 0, b""), Entry("file", 0o644, 0, 0, b"")

    assert comparable({"/etc/x.20261124T164107Z-f074": one}, False) != comparable({"/etc/x.RUN": other}, False)
