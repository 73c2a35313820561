"""Killed at any point, a run is resumed to its full result and taken back to its beginning, and says where it stands."""

import pytest
from effort import FEWER
from killing.explorations import EXPLORATIONS


@pytest.mark.parametrize("exploration", EXPLORATIONS)
def test_killed_anywhere_a_run_can_be_resumed_and_taken_back(explored, exploration):
    found = explored(exploration)
    assert not found.wrong, "\n\n".join(found.wrong)
    assert found.killed > (5 if FEWER else 10) and found.resumed and found.rolled_back
