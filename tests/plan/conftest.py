"""What the tests of plans share: labs that are built once and copied, command lines, and a count of what was killed."""

import collections
from typing import Any, Callable, Dict, Iterator, List, Mapping

import pytest
from killing import EXPLORATIONS, Ended, Explored, Workers, import_all, nimdoctor

from nimdoctor.lab import Lab

COUNTED = pytest.StashKey["collections.Counter[str]"]()


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> "collections.Counter[str]":
    """What is summed up at the end: scenarios by what they are."""
    return pytestconfig.stash.setdefault(COUNTED, collections.Counter())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Says how many scenarios ran."""
    counts = config.stash.get(COUNTED, None)
    if counts:
        terminalreporter.section("killed, failed, refused")
        for what, number in counts.items():
            terminalreporter.write_line(f"{number:6} {what}")


@pytest.fixture(scope="session", autouse=True)
def _imported() -> None:
    """Command lines run in children, each of which would import everything anew."""
    import_all()


@pytest.fixture(scope="session")
def explored(
    request: pytest.FixtureRequest, counted: "collections.Counter[str]"
) -> Iterator[Callable[[str], Explored]]:
    """The result of an exploration by its name; those that tests ask for run two at a time."""
    asked = [item.callspec.params.get("exploration") for item in request.session.items if hasattr(item, "callspec")]
    jobs: Mapping[str, Callable[[], Any]] = {
        name: explore.run for name, explore in EXPLORATIONS.items() if name in asked
    }
    workers = Workers(jobs)

    def get(name: str) -> Explored:
        found = Explored(*workers.result(name))
        counted["points at which a run was killed"] += found.killed
        counted["commands that failed, lied, hung or stopped half-way"] += found.failed
        counted["different states which that left"] += found.different
        counted["runs resumed from such a state"] += found.resumed
        counted["runs rolled back from such a state"] += found.rolled_back
        return found

    yield get
    workers.close()


@pytest.fixture(scope="session")
def originals() -> Iterator[Callable[..., Lab]]:
    """Labs by scenario, each built once; not to be changed."""
    built: Dict[Any, Lab] = {}

    def get(scenario: str, *clients: str) -> Lab:
        key = scenario, clients
        if key not in built:
            built[key] = Lab.build(scenario, **({"clients": clients} if clients else {}))
        return built[key]

    yield get
    for lab in built.values():
        lab.close()


@pytest.fixture
def lab_of(originals: Callable[..., Lab]) -> Iterator[Callable[..., Lab]]:
    """A lab of a scenario that the test may change."""
    copies: List[Lab] = []

    def get(scenario: str, *clients: str) -> Lab:
        copies.append(originals(scenario, *clients).copy())
        return copies[-1]

    yield get
    for lab in copies:
        lab.close()


@pytest.fixture
def doctor() -> Callable[..., Ended]:
    """A command line in a process of its own, which a test may kill or change by `prepare`."""
    return nimdoctor
