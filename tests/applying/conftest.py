"""What the tests of plans share: labs that are built once and copied, and command lines."""

import collections
import os
from typing import Callable, Iterator

import pytest
from killing.children import Ended, import_all, nimdoctor
from killing.explorations import EXPLORATIONS
from killing.judging import Explored
from killing.workers import Workers
from programs import program


@pytest.fixture(scope="session", autouse=True)
def _imported() -> None:
    """Some command lines run in children, each of which would import everything anew."""
    import_all()


@pytest.fixture(scope="session")
def explored(
    request: pytest.FixtureRequest, counted: "collections.Counter[str]"
) -> Iterator[Callable[[str], Explored]]:
    """The result of an exploration by its name; those that tests ask for run as many at a time as there are processors."""
    asked = [item.callspec.params.get("exploration") for item in request.session.items if hasattr(item, "callspec")]
    # pytest-xdist parts the tests among its own workers, each of which then runs what it is asked for
    parted = hasattr(request.config, "workerinput")
    workers = Workers([name for name in EXPLORATIONS if name in asked and not parted], os.cpu_count() or 1)

    def get(name: str) -> Explored:
        program("openssl")  # they build their labs in processes of their own
        found = Explored(*workers.result(name))
        counted["points at which a run was killed"] += found.killed
        counted["commands that failed, lied, hung or stopped half-way"] += found.failed
        counted["different states which that left"] += found.different
        counted["runs resumed from such a state"] += found.resumed
        counted["runs rolled back from such a state"] += found.rolled_back
        return found

    yield get
    workers.close()


@pytest.fixture
def doctor() -> Callable[..., Ended]:
    """A command line; in a process of its own where a test changes that by `prepare`."""
    return nimdoctor
