"""The runs on record in one state directory: shown, gone on with, taken back, and looked after."""

import os
from typing import Any, Optional, Sequence, Tuple

from nimdoctor.applying.execute import NotApplied, RunResult, refuse_up_front
from nimdoctor.applying.outcome import UNVERIFIED
from nimdoctor.applying.proved import note_proved, waiting
from nimdoctor.applying.refusals import strange_commands
from nimdoctor.applying.rollback import Rollback, RolledBack
from nimdoctor.applying.runs import Run, every, led, load
from nimdoctor.evidence import TargetError, open_target
from nimdoctor.evidence.source import Evidence
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Interrupted, Repair, RepairTarget, Say, never
from nimdoctor.library.scanning import open_hosts, scan_hosts
from nimdoctor.model import Role
from nimdoctor.planning.fix import Options
from nimdoctor.system.refused import Refused


class Runs:
    """The runs of one state directory."""

    remote = False
    retold: Tuple[str, ...] = ()
    """States of a run that is at its end, and is looked at again by a resume."""

    def __init__(
        self,
        state: str,
        registry: Registry,
        *,
        timeout: float = 30.0,
        progress: Any = None,
        say: Say = lambda line: None,
    ) -> None:
        self.state = state
        self.registry = registry
        self.timeout = timeout
        self.progress = progress
        self.say = say

    def close(self) -> None:
        """Nothing is held open."""

    def find(self, name: str) -> Run:
        """The run of that name, or the last; of one that another end leads, as that one tells. Raises Refused."""
        if name == "last":
            runs = every(self.state)
            if not runs:
                raise Refused(f"there is no run in {self.state}")
            return led(runs[-1])
        return led(load(self.state, name))

    def look_for_pushes(self) -> None:
        """Reads the hosts of runs that wait for a push, and writes down which of them one has proved.

        Nothing is sent anywhere for it: a master over ssh is left out. Raises PermissionError.
        """
        for run in waiting(self.state):
            targets = run.start.get("targets") or {}
            client, master = targets.get("client"), targets.get("master")
            if not isinstance(client, str) or client.startswith("ssh:"):
                continue
            asked = sorted({found["check"] for found in run.findings() if found["outcome"] == UNVERIFIED})
            try:
                engine = open_hosts(self._evidence(client), self._master(master, client), registry=self.registry)
                report = scan_hosts(engine, registry=self.registry, only=asked)
            except TargetError as error:
                self.say(f"whether a push has proved run {run.name} cannot be told: {error}")
                continue
            note_proved(run, report.results, engine.target, self.say)

    def _master(self, target: Any, client: str) -> Optional[Evidence]:
        elsewhere = not isinstance(target, str) or target == client or target.startswith("ssh:")
        return None if elsewhere else self._evidence(target)

    def _evidence(self, target: str) -> Evidence:
        return open_target(target, timeout=self.timeout, progress=self.progress, catalog=self.registry.catalog)

    def resume(self, run: Run, options: Options, interrupted: Interrupted = never) -> RunResult:
        """Goes on with a run. Raises NotApplied, Locked, Refused, TargetError, OSError."""
        plan = run.plan()
        repair = self._repair(run, options._replace(probe=options.probe or plan.options.probe))
        refusals = refuse_up_front(plan, repair.ends, os.geteuid(), os.uname().sysname)
        refusals += strange_commands(plan.steps, self.registry.fixes())
        if refusals:
            raise NotApplied(refusals)
        result = repair._executor(plan, interrupted).resume(run)
        repair._note_followed()
        return result

    def roll_back(self, run: Run, only: Sequence[str], interrupted: Interrupted = never) -> RolledBack:
        """Takes a run back, whoever interrupts. Raises as `Rollback.roll_back`, and TargetError."""
        strange = strange_commands(run.steps(), self.registry.fixes())
        if strange:
            raise Refused(f"{strange[0].step}: needs: {strange[0].must}, but {strange[0].seen}")
        repair = self._repair(run, Options())
        repair.note_proved()
        return Rollback(run, repair.ends, repair.target_role, only=only, say=self.say).roll_back()

    def _repair(self, run: Run, options: Options) -> Repair:
        targets = run.start.get("targets") or {}
        target = targets.get(str(run.start.get("target")))
        if not isinstance(target, str):
            raise Refused(f"the journal of run {run.name} does not say which host it is about")
        master = targets.get("master") if run.start.get("target") == "client" else None
        state = os.path.dirname(os.path.dirname(run.directory.path))
        where = RepairTarget(
            target, master if isinstance(master, str) and master != target else None, state, self.timeout
        )
        roles = [role for role in (Role.CLIENT, Role.MASTER) if role.value in targets]
        return Repair(where, self.registry, options, progress=self.progress, say=self.say, roles=roles)
