"""What the tests of scripts share: labs, plans made of them, and the shells the scripts run under."""

import os
import shutil
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

import pytest
from effort import one_in
from shells import SHELLS, shell_named

from nimdoctor.diagnosis.engine import Engine
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.live import LiveHost
from nimdoctor.lab import Entry, Lab
from nimdoctor.library.registry import Registry
from nimdoctor.model import Role
from nimdoctor.planning.document import Plan
from nimdoctor.planning.ends import End, Ends
from nimdoctor.planning.fix import Options
from nimdoctor.planning.planner import Planner
from nimdoctor.scripts import ScriptEnd
from nimdoctor.system.host_files import HostFiles

STATE = "/var/adm/nimdoctor"
REGISTRY = Registry()
NOTHING_CHOSEN = Options()
Tree = Dict[str, Entry]


# what a shell makes of a script does not hang on the Python that wrote it
@pytest.fixture(params=one_in(3, SHELLS))
def shell(request: pytest.FixtureRequest) -> str:
    """Each shell in turn, as far as they are installed."""
    return shell_named(str(request.param))


@pytest.fixture
def dash() -> str:
    """One shell, where the shells cannot differ."""
    return shell_named("dash")


class Again:
    """A lab that is put back to where it was, at the same place, so that its plan stays the same."""

    def __init__(self, lab: Lab, keep: str) -> None:
        self.lab = lab
        self.keep = keep
        if not os.path.exists(keep):
            shutil.copytree(lab.place, keep, symlinks=True)

    def put_back(self) -> None:
        shutil.rmtree(self.lab.place)
        shutil.copytree(self.keep, self.lab.place, symlinks=True)


@pytest.fixture(scope="session")
def labs(originals: Callable[[str], Lab]) -> Iterator[Callable[[str], Again]]:
    """Labs by scenario, each of them at one place."""
    built: Dict[str, Again] = {}

    def get(scenario: str) -> Again:
        if scenario not in built:
            original = originals(scenario)
            built[scenario] = Again(original.copy(), original.place)
        return built[scenario]

    yield get
    for one in built.values():
        one.lab.close()


@pytest.fixture
def lab_of(labs: Callable[[str], Again]) -> Iterator[Callable[[str], Lab]]:
    """A lab of a scenario as it was built; one a scenario and test."""
    used: List[Again] = []

    def get(scenario: str) -> Lab:
        used.append(labs(scenario))
        used[-1].put_back()
        return used[-1].lab

    yield get


def ends_of(lab: Lab) -> Ends:
    """The ends of a plan: the lab's first client and its master."""
    found = {}
    for where, root in ((Role.CLIENT, lab.client), (Role.MASTER, lab.master)):

        def opened(root: str = root) -> LiveHost:
            return LiveHost(root=root)

        found[where] = End(where, f"root:{root}", opened, (where.value,), HostFiles(root), root + STATE)
    return Ends(found, REGISTRY.catalog)


def plan_of(lab: Lab, options: Options = NOTHING_CHOSEN) -> Plan:
    """The plan for what is the matter in the lab."""
    client, master = LiveHost(root=lab.client), LiveHost(root=lab.master)
    ends = (Host(client, REGISTRY.catalog, ("client",)), Host(master, REGISTRY.catalog, ("master",)))
    engine = Engine(*ends, REGISTRY.traits)
    checks = REGISTRY.all_checks()
    return Planner(engine, ends_of(lab), REGISTRY.fixes(), options).plan(engine.scan(checks, lambda: checks))


class Ran(NamedTuple):
    """How a script ended."""

    status: int
    out: str
    err: str


def script_ends(lab: Lab) -> Dict[str, ScriptEnd]:
    """The ends of a lab as a script sees them."""
    return {where: ScriptEnd(lab.tree(where), lab.tree(where) + STATE) for where in ("client", "master")}


def both(lab: Lab) -> Tuple[Tree, Tree]:
    """What both trees hold, but for programs, logs and state."""
    return lab.snapshot("client"), lab.snapshot("master")
