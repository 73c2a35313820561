"""Each fix in each of its situations plans the steps that were reviewed, with all that they rest on: see plans.py."""

import pytest

from nimdoctor.library.registry import Registry
from tests.fixes import plans


def test_every_fix_was_reviewed():
    fixes = {fix.id: fix for fix in Registry().fixes()}
    assert set(plans.SITUATIONS) == set(fixes) == {path.stem for path in plans.EXPECTED.iterdir()}


@pytest.mark.parametrize("fix", plans.SITUATIONS)
def test_the_plan_is_the_one_that_was_reviewed(fix, lab_of):
    expected = (plans.EXPECTED / f"{fix}.txt").read_text("utf-8")
    # what differs is shown by lines
    assert plans.shown(fix, lab_of).splitlines() == expected.splitlines()
