"""interim-fix-unstable: states of the interim fixes of NIM and OpenSSL."""

from pathlib import Path

import pytest
from hosts import PS, evidence, result_of

CHECK = "interim-fix-unstable"
SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "samples"


def judge(listing, command="emgr -lv3", ps=None, **more):
    commands = {command: listing, **({PS: ps} if ps else {})}
    return result_of(CHECK, evidence(commands=commands, **more))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no recorded samples in ../shared/samples")
@pytest.mark.parametrize(("name", "outcome"), [(".1", "unknown"), (".2", "unknown"), (".3", "pass"), (".4", "pass")])
def test_recorded_listings_without_details_leave_open_what_a_fix_replaces(name, outcome):
    found = judge((SAMPLES / f"emgr_-l{name}").read_text("ascii"), command="emgr -l")
    assert found.outcome.value == outcome
