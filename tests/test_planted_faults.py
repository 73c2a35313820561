"""What benchmarks/faults.py would put into a source, and which tests it takes for that source's."""

import sys

import pytest
from documents import REPOSITORY

SOURCE = '''"""A page."""
import re

NAMES = ("one", "two")
SHAPE = re.compile(r"a+\\Z")


def told(name: str, most: int = 7) -> bool:
    """Whether it is."""
    if name in NAMES and len(name) < most:
        print("x")
        return True
    return False
'''


@pytest.fixture(scope="module")
def planter():
    sys.path.insert(0, str(REPOSITORY / "benchmarks"))
    try:
        import faults

        yield faults
    finally:
        sys.path.remove(str(REPOSITORY / "benchmarks"))


def test_a_fault_changes_one_place_and_what_it_leaves_is_another_program(planter):
    found = [one for one in planter.faults("checks/x.py", SOURCE) if planter.means_another(one, SOURCE)]
    after = {(one.kind, one.lines(SOURCE)[1]) for one in found}
    assert {
        ("condition negated", "if (not (name in NAMES and len(name) < most)):"),
        ("and, or", "if name in NAMES or len(name) < most:"),
        ("comparison", "if name in NAMES and len(name) <= most:"),
        ("comparison", "if name not in NAMES and len(name) < most:"),
        ("constant", "def told(name: str, most: int = 8) -> bool:"),
        ("string altered", 'NAMES = ("xone", "two")'),
        ("element dropped", 'NAMES = ("two")'),
        ("element dropped", 'NAMES = ("one",)'),
        ("repetition removed", 'SHAPE = re.compile(r"a\\Z")'),
        ("anchor removed", 'SHAPE = re.compile(r"a+")'),
        ("statement dropped", "pass"),
        ("returns nothing", "return None"),
    } <= after
    assert {one.kind for one in found} >= {"returns early"}
    assert not [one for one in found if "page" in one.instead or "Whether" in one.instead]


def test_the_nearest_tests_are_those_called_like_the_module(planter):
    tests = planter.Tests(REPOSITORY)
    assert tests.nearest("checks/tftp_denied.py") == [planter.SAMPLES]
    assert tests.nearest("nimdoctor/facts/lssrc.py") == ["tests/facts/test_lssrc.py", "nimdoctor/facts/lssrc.py"]
    assert "tests/fixes/test_allow_tftp.py" in tests.naming("checks/tftp_denied.py")
    assert all(name.startswith("tests/") for room in planter.ROOMS for name in tests.of_room(room))


def test_what_was_judged_has_its_reason_and_is_a_fault_that_can_be_planted(planter):
    for (file, within, before, after), reason in planter.judged().items():
        source = (REPOSITORY / file).read_text("utf-8")
        planted = {(one.within(source), *one.lines(source)) for one in planter.faults(file, source)}
        assert reason and (within, before, after) in planted, (file, before)
