"""Change packages of labs, to be run under the shells."""

import os
import re
import subprocess
from typing import Any, Callable, Dict, List, Mapping, Tuple

import pytest
from shells import with_system_v

from nimdoctor.lab import Lab
from nimdoctor.planning.document import Plan
from nimdoctor.planning.fix import Options
from nimdoctor.scripts import ScriptEnd
from nimdoctor.scripts.package import change_package

from ..conftest import NOTHING_CHOSEN, Again, Ran, both, labs, plan_of, script_ends

__all__ = ["Again", "both", "labs"]


_TICKING = frozenset(
    ["main", "begin", "step", "edit", "edit_back", "remove_back", "new_gone", "nimsh_as_before", "put_back"]
)


def ticking(text: str) -> str:
    """The script, which from `begin` on kills itself, as kill -9 does, before the command whose number TICK says; each
    line of main and of what changes something counts as it is come to.
    """
    tick = 'tick() { TICKS=$((${TICKS:-0} + 1)); [ "$TICKS" != "${TICK:-}" ] || kill -KILL $$; }\n'
    found, inside, open_ended = [], False, False
    for line in text.split("\n"):
        function = re.match(r"(\w+)\(\) \{(?: #.*)?$", line)
        if function:
            inside, open_ended = function.group(1) in _TICKING - {"main"}, False
        elif line == "}":
            inside = False
        elif line.strip() == "begin":
            inside, open_ended = True, False
        elif inside and not open_ended and not line.lstrip().startswith("#"):
            found.append("    tick")
        found.append(line)
        if inside and not line.lstrip().startswith("#"):
            quoted = line.replace("'\\''", "").count("'") % 2 == 1
            open_ended = open_ended != quoted or line.endswith(("&&", "||"))
    return "\n".join(found).replace("\nmain() {", f"\n{tick}main() {{", 1)


class Package:
    """A change package on disk, to be run under one shell."""

    def __init__(self, plan: Plan, ends: Mapping[str, ScriptEnd], place: str, shell: str) -> None:
        self.plan = plan
        self.ends = ends
        self.place = place
        self.shell = shell
        self.texts = {name: content.decode("utf-8") for name, content in change_package(plan, ends).items()}
        # what others write to this machine's disks, and clocks that show whole seconds, are nothing to wait for here
        self.texts = {name: re.sub(r"^( *)sync$", r"\1:", text, flags=re.M) for name, text in self.texts.items()}
        self.texts = {
            name: text.replace(" && sync", "").replace("sleep 1 #", ": #") for name, text in self.texts.items()
        }
        self.patience = 60.0

    @property
    def applies(self) -> List[str]:
        """Its apply.ksh, in the order of the steps."""
        wheres = list(dict.fromkeys(step.where.value for step in self.plan.steps))
        return [f"{where}/apply.ksh" if len(self.plan.hosts) > 1 else "apply.ksh" for where in wheres]

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

    def run(self, script: str, *words: str, given: bytes = b"", **environment: str) -> Ran:
        """Runs a script to its end; everything it started must have let go of its output by then."""
        done = subprocess.run(
            self.command(script, *words),
            input=given,
            capture_output=True,
            timeout=self.patience,
            env={"PATH": "/usr/bin:/bin", **environment},
        )
        return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def confirmed(self) -> List[str]:
        """What an apply.ksh is told so that it asks nothing."""
        clients = self.plan.affects.clients if self.plan.affects else ()
        return ["--yes", *(["--affects", str(len(clients))] if clients else [])]

    def apply(self, script: str, **environment: str) -> Ran:
        """One apply.ksh, with the check on the other end before it."""
        for other in ("client", "master"):
            if f"{other}/check.ksh" in self.texts and not script.startswith(other):
                checked = self.run(f"{other}/check.ksh", **environment)
                if checked.status != 0:
                    return checked
        return self.run(script, *self.confirmed(), **environment)

    def apply_all(self) -> List[Ran]:
        """Each in its turn, until one fails."""
        done: List[Ran] = []
        for script in self.applies:
            done.append(self.apply(script))
            if done[-1].status:
                break
        return done

    def directory(self, end: str) -> str:
        """Where a script keeps its marks and backups."""
        return os.path.join(self.ends[end].state, "changes", self.plan.id[:16])

    def marks(self, end: str) -> Tuple[str, ...]:
        """The marks that stand there."""
        try:
            names = os.listdir(self.directory(end))
        except FileNotFoundError:
            return ()
        return tuple(sorted(set(names) & {"begun", "complete", "rolled-back", "followed"}))


Make = Callable[..., Package]


@pytest.fixture(scope="session")
def made_plans() -> Dict[Tuple[str, Options], Plan]:
    """The plans of labs as they were built."""
    return {}


@pytest.fixture
def package(tmp_path: Any, made_plans: Dict[Tuple[str, Options], Plan]) -> Make:
    """Makes the package of the plan for a lab; `changed` says that the lab is no longer as it was built."""

    def make(lab: Lab, shell: str, options: Options = NOTHING_CHOSEN, changed: bool = False) -> Package:
        key = (lab.scenario, options)
        plan = plan_of(lab, options) if changed or key not in made_plans else made_plans[key]
        if not changed:
            made_plans[key] = plan
        assert plan.steps, "the lab needs no cure"
        return Package(plan, script_ends(lab), str(tmp_path / "package"), shell)

    return make
