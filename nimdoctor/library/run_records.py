"""The runs on record in one state directory: shown, gone on with, taken back, and looked after."""

import os
from typing import Any, Optional, Sequence, Tuple

from nimdoctor.applying.execute import NotApplied, RunResult, refuse_up_front
from nimdoctor.applying.executor_file import executor
from nimdoctor.applying.outcome import UNVERIFIED
from nimdoctor.applying.proved import note_proved, waiting
from nimdoctor.applying.refusals import strange_commands
from nimdoctor.applying.rollback import Rollback, RolledBack
from nimdoctor.applying.runs import Run, every, led, load
from nimdoctor.evidence import TargetError, is_asked_now, open_target
from nimdoctor.evidence.source import Evidence
from nimdoctor.library.carrying import ends_as_target, old_evidence
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Interrupted, Repair, Say, never
from nimdoctor.library.scanning import open_hosts, scan_hosts
from nimdoctor.model import Role
from nimdoctor.planning.fix import Options
from nimdoctor.planning.typed import as_typed
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
        other: Optional[str] = None,
    ) -> None:
        """`other` is evidence, collected anew, of the end that a run had as evidence."""
        self.state = state
        self.other = other
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
            checks = sorted({found["check"] for found in run.findings() if found["outcome"] == UNVERIFIED})
            try:
                engine = open_hosts(self._evidence(client), self._master(master, client), registry=self.registry)
                report = scan_hosts(engine, registry=self.registry, only=checks)
            except TargetError as error:
                self.say(f"whether a push has proved run {run.name} cannot be told: {error}")
                continue
            note_proved(run, report.results, engine.target, self.say)

    def _master(self, target: Any, client: str) -> Optional[Evidence]:
        if not isinstance(target, str) or target == client or target.startswith("ssh:") or not is_asked_now(target):
            return None  # what was recorded of it when the run began shows no push since
        return self._evidence(target)

    def _evidence(self, target: str) -> Evidence:
        return open_target(target, timeout=self.timeout, progress=self.progress, catalog=self.registry.catalog)

    def resume(self, run: Run, options: Options, interrupted: Interrupted = never) -> RunResult:
        """Goes on with a run. Raises NotApplied, Locked, Refused, TargetError, OSError."""
        plan = run.plan()
        _refuse_another_executor(run)
        repair = self._repair(run, options._replace(probe=options.probe or plan.options.probe), resumed=True)
        refusals = refuse_up_front(plan, repair.ends, os.geteuid())
        refusals += strange_commands(plan.steps, self.registry.fixes())
        refusals += old_evidence(plan, repair.ends) if run.executor else []
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
        repair = self._repair(run, Options(), resumed=False)
        repair.note_proved()
        return Rollback(run, repair.ends, repair.target_role, only=only, say=self.say).roll_back()

    def _repair(self, run: Run, options: Options, resumed: bool) -> Repair:
        targets = run.start.get("targets") or {}
        if not isinstance(targets.get(str(run.start.get("target"))), str):
            raise Refused(f"the journal of run {run.name} does not say which host it is about")
        leads = Role(run.start["target"])
        ends = {role: targets[role.value] for role in (Role.CLIENT, Role.MASTER) if role.value in targets}
        recorded = next((role for role, target in ends.items() if role is not leads and not is_asked_now(target)), None)
        if recorded is None and self.other is not None:
            raise Refused(f"run {run.name} needs no evidence of another end")
        if recorded is not None and self.other is not None:
            ends[recorded] = self.other
        elif recorded is not None and resumed and run.executor:
            raise Refused(f"run {run.name} rests on the {recorded.value}, and no evidence of it is given")
        elif recorded is not None and not resumed and all(step.where is not recorded for step in run.steps()):
            del ends[recorded]  # what it was when the run began is no help, and it may be gone
        where = ends_as_target(ends, leads, os.path.dirname(os.path.dirname(run.directory.path)), self.timeout)
        return Repair(
            where, self.registry, options, progress=self.progress, say=self.say, roles=tuple(ends), leads=leads
        )


def _refuse_another_executor(run: Run) -> None:
    """Raises Refused for a run that another nimdoctor has begun, where that or this one is a file that was sent here."""
    if run.executor == executor():
        return
    if run.executor is None:
        raise Refused(
            f"run {run.name} was begun by the nimdoctor that is installed here: log in, then {as_typed(run.resuming or ())}"
        )
    raise Refused(f"run {run.name} was begun by {run.executor}, which goes on with it: {as_typed(run.resuming or ())}")
