"""What the tests of the rendered scripts share: labs, plans made of them, and the shells the scripts run under."""

import json
import os
import re
import shutil
import subprocess
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import pytest
from effort import one_in
from shells import SHELLS, shell_named, with_system_v

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
from nimdoctor.scripts import ScriptEnd, render
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


class Scripts:
    """A plan's scripts on disk, to be run under one shell."""

    def __init__(self, document: Mapping[str, Any], ends: Mapping[str, ScriptEnd], place: str, shell: str) -> None:
        self.document = json.loads(json.dumps(document))
        self.ends = ends
        self.place = place
        self.shell = shell
        self.texts = {name: content.decode("utf-8") for name, content in render(self.document, ends).files.items()}
        # what others write to this machine's disks is nothing to wait for here
        self.texts = {name: re.sub(r"^ *sync$", "    :", text, flags=re.M) for name, text in self.texts.items()}
        self.patience = 60.0

    def patch(self, script: str, old: str, new: str) -> None:
        """Changes a script, to stage what cannot be waited for."""
        assert old in self.texts[script], old
        self.texts[script] = self.texts[script].replace(old, new)

    def command(self, script: str, *words: str) -> List[str]:
        path = os.path.join(self.place, script)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(with_system_v(self.texts[script]))
        return [self.shell, path, *words]

    def run(self, script: str, *words: str, yes: bool = True, **environment: str) -> Ran:
        """Runs a script to its end; everything it started must have let go of its output by then."""
        done = subprocess.run(
            self.command(script, *words, *(["--yes"] if yes else [])),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=self.patience,
            env={"PATH": "/usr/bin:/bin", **environment},
        )
        return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def apply(self, *words: str, **environment: str) -> Ran:
        affects = (self.document.get("affects") or {}).get("clients")
        number = ["--affects", str(len(affects))] if affects else []
        return self.run("apply.ksh", *number, *words, **environment)

    def roll_back(self, *words: str) -> Ran:
        return self.run("rollback.ksh", *words)

    def directory(self, end: str) -> str:
        """Where the script keeps its marks and backups."""
        return os.path.join(self.ends[end].state, "scripts", str(self.document["id"])[:16])

    def marks(self, end: str) -> Tuple[str, ...]:
        """begun.N and done.N, sorted."""
        try:
            names = os.listdir(self.directory(end))
        except FileNotFoundError:
            return ()
        return tuple(sorted(name for name in names if name.startswith(("begun.", "done."))))

    def state(self, end: str) -> str:
        with open(os.path.join(self.directory(end), "state"), encoding="ascii") as stream:
            return stream.read().strip()


def script_ends(lab: Lab, here: Sequence[str] = ("client", "master")) -> Dict[str, ScriptEnd]:
    """The ends of a lab as a script sees them."""
    return {
        "client": ScriptEnd(lab.client, lab.client + STATE, "client" in here),
        "master": ScriptEnd(lab.master, lab.master + STATE, "master" in here),
    }


Make = Callable[..., Scripts]


@pytest.fixture(scope="session")
def plans() -> Dict[Tuple[str, Options], Any]:
    """The plans of labs as they were built."""
    return {}


@pytest.fixture
def scripts(tmp_path: Any, plans: Dict[Tuple[str, Options], Any]) -> Make:
    """Makes the scripts of the plan for a lab; `changed` says that the lab is no longer as it was built."""

    def make(
        lab: Lab,
        shell: str,
        options: Options = NOTHING_CHOSEN,
        ends: Optional[Mapping[str, ScriptEnd]] = None,
        changed: bool = False,
    ) -> Scripts:
        key = (lab.scenario, options)
        if changed or key not in plans:
            document = plan_of(lab, options).as_dict()
            if not changed:
                plans[key] = document
        else:
            document = plans[key]
        assert document["steps"], "the lab needs no cure"
        return Scripts(document, ends or script_ends(lab), str(tmp_path / "scripts"), shell)

    return make


def both(lab: Lab) -> Tuple[Tree, Tree]:
    """What both trees hold, but for programs, logs and state."""
    return lab.snapshot("client"), lab.snapshot("master")


def killed_at(scripts: Scripts, script: str, number: int, place: str = "write_mark") -> None:
    """Has the script kill itself, as kill -9 does, when it is about to call that function for that time."""
    scripts.patch(
        script,
        f"\n{place}() {{\n",
        f'\n{place}() {{\n    KILLED_AT=$((${{KILLED_AT:-0}} + 1))\n    [ "$KILLED_AT" != {number} ] || kill -KILL $$\n',
    )
