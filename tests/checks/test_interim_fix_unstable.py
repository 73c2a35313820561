"""interim-fix-unstable: states of the interim fixes of NIM and OpenSSL."""

from pathlib import Path

import pytest
from hosts import PS, evidence, result_of

CHECK = "interim-fix-unstable"
HEAD = (
    "ID  STATE LABEL      INSTALL TIME      UPDATED BY ABSTRACT\n"
    "=== ===== ========== ================= ========== ======================================\n"
)
LEGEND = "\nSTATE codes:\n S = STABLE\n M = MOUNTED\n Q = REBOOT REQUIRED\n B = BROKEN\n"
SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "samples"
NIM = "NIM security fix"


def row(state, abstract=NIM, label="IJ53757s1a", number=1):
    return f"{number:<4}{state:^5} {label:<10} 03/20/25 10:22:41            {abstract}\n"


def table(*rows):
    return HEAD + "".join(rows) + LEGEND


def details(state, *parts, label="IJ99999s1a"):
    """One fix of `emgr -lv3`; each part is LOCATION or PACKAGE with its value."""
    lines = "".join(f"   {name}:      {value}\n" for name, value in (part.split() for part in parts))
    return f"EFIX ID: 1\nEFIX LABEL: {label}\nEFIX STATE: {state}\nABSTRACT: a security issue\nREBOOT REQUIRED: yes\n{lines}"


def judge(listing, command="emgr -lv3", ps=None, **more):
    commands = {command: listing, **({PS: ps} if ps else {})}
    return result_of(CHECK, evidence(commands=commands, **more))


@pytest.mark.parametrize("state", ["B", "*B*", "BROKEN"])
def test_fails_medium_for_a_broken_one(state):
    found = judge(table(row("B"))) if state == "B" else judge(details(state, "PACKAGE openssl.base"))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "certain")
    assert found.fix is None and found.run.startswith("emgr -c -L IJ")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no recorded samples in ../shared/samples")
@pytest.mark.parametrize(("name", "outcome"), [(".1", "unknown"), (".2", "unknown"), (".3", "pass"), (".4", "pass")])
def test_recorded_listings_without_details_leave_open_what_a_fix_replaces(name, outcome):
    found = judge((SAMPLES / f"emgr_-l{name}").read_text("ascii"), command="emgr -l")
    assert found.outcome.value == outcome
