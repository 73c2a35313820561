"""What the tests of plans share: labs that are built once and copied, and command lines."""

import collections
import os
from typing import Any, Callable, Dict, Iterator, List

import pytest
from killing.children import Ended, import_all, nimdoctor
from killing.explorations import EXPLORATIONS
from killing.judging import Explored
from killing.workers import Workers

from nimdoctor.lab import Lab


@pytest.fixture(scope="session", autouse=True)
def _imported() -> None:
    """Command lines run in children, each of which would import everything anew."""
    import_all()


@pytest.fixture(scope="session")
def explored(
    request: pytest.FixtureRequest, counted: "collections.Counter[str]"
) -> Iterator[Callable[[str], Explored]]:
    """The result of an exploration by its name; those that tests ask for run as many at a time as there are processors."""
    asked = [item.callspec.params.get("exploration") for item in request.session.items if hasattr(item, "callspec")]
    # pytest-xdist parts the tests among its own workers, each of which then runs what it is asked for
    parted = hasattr(request.config, "workerinput")
    workers = Workers([name for name in EXPLORATIONS if name in asked], at_once=1 if parted else os.cpu_count() or 1)

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
