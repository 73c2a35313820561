"""Carrying out a plan so that nothing is lost or left half-way, whatever dies.

Order: lock (the target's, then the master's), no other run unfinished, every precondition, free
space, backups; then for each step a `begin` record, the step, a fresh read that proves it, a
`done` record. The target's journal is written first and believed.
"""

import datetime
import json
import time
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.applying.effects import left_behind, present, some_effect, state_before
from nimdoctor.applying.lock import Locked
from nimdoctor.applying.operator import current_operator
from nimdoctor.applying.outcome import Outcomes, assess
from nimdoctor.applying.progress import RunProgress
from nimdoctor.applying.proofs import Proofs
from nimdoctor.applying.refusals import NotApplied, refuse_up_front, unfinished_words
from nimdoctor.applying.run_directories import ANOTHER, Beginning, OpenRun, RunDirectories
from nimdoctor.applying.runs import Run, load, refuse_suspicious
from nimdoctor.applying.step_commands import EndedAtDeadline, Failed
from nimdoctor.applying.step_runner import remove_temporary_files
from nimdoctor.applying.undo import NOT_DONE, StepUndo, still_running
from nimdoctor.applying.undoable import closing_of, still_open
from nimdoctor.facts.repair_runs import UNFINISHED
from nimdoctor.model import Role
from nimdoctor.planning.asking import refusal
from nimdoctor.planning.command_lines import Argv, resuming
from nimdoctor.planning.conditions import Condition, FileAbsent, FileIs, LibraryCopyIs, ModeIs, Renamable
from nimdoctor.planning.document import Plan, Refusal
from nimdoctor.planning.ends import Ends, Snapshot
from nimdoctor.planning.steps import RunCommand, Step
from nimdoctor.planning.typed import as_typed
from nimdoctor.system.refused import Refused

TREE = "/ssl_nimsh"

Say = Callable[[str], None]


class RunResult(NamedTuple):
    """How a run ended: its name, state, each step's outcome, what stands, and what became of the findings.

    `resuming` and `taking_back` are the commands that go on with it and take it back; empty where that cannot be.
    """

    run: str
    state: str
    steps: Tuple[Tuple[str, str, str], ...]
    """Step id, its outcome (done, undone, failed, not-begun, left-open), and what is to be said of it."""
    stands: Tuple[str, ...] = ()
    why: str = ""
    outcomes: Outcomes = Outcomes()
    state_directory: str = ""
    resuming: Argv = ()
    taking_back: Argv = ()

    @property
    def pushes(self) -> Tuple[str, ...]:
        """The pushes that alone prove it."""
        return tuple(dict.fromkeys(found.push for found in self.outcomes.findings if found.push))

    @property
    def good(self) -> bool:
        """Whether every step is verified and no treated problem was found again."""
        return self.state in ("complete", "applied-unverified") and self.outcomes.good


class Executor:
    """Applies one plan. `target` is the end whose state directory leads; `rescan` scans both ends anew.

    `interrupted` is asked before each step: what was done is then undone, unless a step that cannot be was begun.
    """

    run: OpenRun
    progress: RunProgress
    proofs: Proofs
    undoing: StepUndo

    def __init__(
        self,
        plan: Plan,
        ends: Ends,
        target: Role,
        *,
        rescan: Callable[[], Sequence[Any]],
        push: Optional[Callable[[Plan], Mapping[str, str]]] = None,
        scripts: Mapping[str, bytes] = {},
        say: Say = lambda line: None,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.timezone.utc),
        sleep: Callable[[float], None] = time.sleep,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.plan = plan
        self.ends = ends
        self.rescan = rescan
        self.push = push
        self.scripts = scripts
        self.say = say
        self.now = now
        self.sleep = sleep
        self.interrupted = interrupted
        self.directories = RunDirectories(plan, ends, target, say)

    # -- the two ways in

    def apply(self, before: Sequence[Any], beginning: Beginning = ANOTHER) -> RunResult:
        """Begins a new run. `before` are the results of the scan before it.

        Raises NotApplied when nothing was done, Locked, Refused, OSError.
        """
        with self.directories.locked():
            self.directories.refuse_unfinished()
            refusals = self.unmet(self.plan.steps)
            if refusals:
                raise NotApplied(refusals)
            self.directories.refuse_too_little_room()
            with self.directories.begun(before, self.scripts, self.now(), beginning) as run:
                self._take(run)
                return self._with_ways(self._forward())

    def resume(self, recorded: Run) -> RunResult:
        """Goes on with a run that was not finished. Raises as `apply` does."""
        with self.directories.locked():
            # as it is now that nobody else can go on with it
            latest = load(self.directories.taking_part()[0].state, recorded.name)
            refuse_suspicious([end.state for end in self.directories.taking_part()], latest.name)
            if latest.state not in UNFINISHED:
                raise NotApplied([Refusal("", "the run is unfinished", f"run {latest.name} is {latest.state} by now")])
            self.directories.refuse_unfinished(but=latest.name)
            running = still_running(latest.begun(), latest.steps(), self.ends)
            if running:
                raise NotApplied(running)
            with self.directories.opened(latest.name) as run:
                self._take(run)
                run.journals.take_up()
                run.journals.append("resume", who=current_operator())
                touched = {**latest.done(), **latest.begun()}
                remove_temporary_files((step for step in run.steps if step.id in touched), self.ends, latest.name)
                self.progress = RunProgress.of(latest, run.steps, run.reverser, self.proofs)
                return self._with_ways(self._forward())

    def unmet(self, steps: Sequence[Step]) -> List[Refusal]:
        """Preconditions of these steps that do not hold now."""
        snapshot = self.ends.now()
        found = []
        try:
            for step in steps:
                for condition in step.before:
                    seen = refusal(condition, snapshot)
                    if seen:
                        found.append(Refusal(step.id, condition.words(), seen))
        finally:
            snapshot.close()
        return found

    def _take(self, run: OpenRun) -> None:
        self.run = run
        self.progress = RunProgress(run.steps)
        self.proofs = Proofs(run.steps, self.ends, self.sleep)
        self.undoing = StepUndo(run.steps, run.reverser, run.journals, self.ends)
        self._anew = False
        self._outcomes: Dict[str, Tuple[str, str]] = {}

    # -- forward

    def _forward(self) -> RunResult:
        """Does what is not done."""
        for step in self.run.steps:
            if self.progress.is_done(step):
                self._outcomes[step.id] = ("done", "")
                continue
            if self.interrupted() and not self.progress.beyond_return():
                return self._failed(step, "interrupted by somebody, before this step")
            try:
                self._advance(step)
            except Exception as error:  # one that nobody foresaw must not leave the host half-way either
                return self._failed(step, _words(error))
        return self._complete()

    def _advance(self, step: Step) -> None:
        """Does one step, or finds that it was done. Raises one of NOT_DONE."""
        if step.restores:
            self.say(f"{step.where.value}: {step.title} ...")
            left_open = self.undoing.close(step)
            self.progress.done[step.id] = {"left_open": left_open} if left_open else {}
            self._outcomes[step.id] = ("left-open", left_open) if left_open else ("done", "")
            return
        opened = self.progress.begun.get(step.id)
        seen = self._seen(step, opened)
        if opened is not None and seen == "all":
            self._record_done(step, opened.get("was") or {}, "its effects were seen")
            return
        self.say(f"{step.where.value}: {step.title} ...")
        if opened is not None:
            self._make_ready_again(step, opened, seen)
            seen = self._seen(step, opened)
        self._begin_and_do(step, opened, half_done=seen == "some")
        self._anew = True

    def _seen(self, step: Step, opened: Optional[Mapping[str, Any]]) -> str:
        if opened is None:
            return "none"
        seen = self.proofs.effects(step, opened, self.progress.unsure)
        # a command may not have seen what a step before it has just done anew
        return "some" if seen == "all" and self._anew and isinstance(step.do, RunCommand) else seen

    def _begin_and_do(self, step: Step, opened: Optional[Mapping[str, Any]], half_done: bool) -> None:
        snapshot = self.ends.now()
        try:
            self._check(step, snapshot, half_done)
            was = dict(opened.get("was") or {}) if opened else {}
            if not was:
                was = {**state_before(step, snapshot), "present": present(snapshot.files(step.where))}
                # whatever a step before it did to nimsh: undoing brings back what the run found
                was["nimsh"] = was["nimsh"] or self.progress.had_nimsh(step.where)
            open_before = list(opened.get("open") or ()) if opened else self.proofs.open_before(step, snapshot, was)
            self._begin(step, {"was": was, "open": open_before})
            try:
                note = self.run.runner.do(step, snapshot)
            except EndedAtDeadline as error:
                if not self.proofs.done_though_ended(step, was):
                    raise
                note = f"{error}; all its effects are seen"
        finally:
            snapshot.close()
        unverified = self.proofs.unverified(step, was)
        if unverified:
            raise Failed(f"{step.title}: {unverified[0]}")
        self._record_done(step, was, note)

    def _begin(self, step: Step, beginning: Mapping[str, Any]) -> None:
        try:
            self.run.journals.append("begin", step.id, **beginning)
        except OSError:
            self.run.journals.note("undone", step.id)  # one journal may have it, and nothing was done
            raise
        self.progress.opened.setdefault(step.id, beginning)

    def _check(self, step: Step, snapshot: Snapshot, half_done: bool) -> None:
        """Preconditions just before the step, read anew."""
        for condition in (*step.before, *step.then):
            if half_done and _of_files(condition):
                continue  # the step itself has changed the file; the step's own test of its bytes remains
            seen = refusal(condition, snapshot)
            if seen:
                raise Refused(f"{step.title}: not done. Needs: {condition.words()}, but {seen}")

    def _make_ready_again(self, step: Step, opened: Mapping[str, Any], seen: str) -> None:
        """Before a step that was begun is done again: repair what it left, or stop where that is not safe."""
        do = step.do
        if not isinstance(do, RunCommand):
            return
        if seen == "some" and not step.again:
            raise Failed(
                f"{step.title}: some of its effects are seen and others are not; it is not safe to do it again"
            )
        files = self.ends.now().files(step.where)
        if do.half_made and files.stat(TREE):
            to, number = do.half_made, 2
            while files.stat(to):
                to, number = f"{do.half_made}.{number}", number + 1
            files.rename(TREE, to)
        elif seen == "some":
            self.run.reverser.act(step.where, do.repair, opened.get("was") or {}, self.ends.now())

    def _record_done(self, step: Step, was: Mapping[str, Any], note: str) -> None:
        files = left_behind(self.ends.now().files(step.where), step, was)
        self.run.journals.append("done", step.id, files=files, says=note)
        self.progress.done[step.id] = {"files": files}
        self.progress.standing.pop(step.id, None)
        self._outcomes[step.id] = ("done", note)

    # -- the end

    def _complete(self) -> RunResult:
        try:
            outcomes = self._assess()
            state = "applied-unverified" if outcomes.unverified else "complete"
            self.run.journals.conclude(
                "complete", None, state=state, findings=outcomes.as_list(), caused=list(outcomes.caused)
            )
        except Exception as error:
            why = f"every step is done, but what came of it cannot be told: {_words(error)}"
            return self._stopped(None, why, [f"{step.title}: done" for step in self.run.steps])
        return RunResult(self.run.lead.name, state, self._step_list(), (), "", outcomes)

    def _with_ways(self, result: RunResult) -> RunResult:
        """The result with where the run is kept, and the ways on from it."""
        state = self.run.lead.state
        try:
            run = load(state, result.run)
        except (Refused, OSError):
            return result._replace(state_directory=state)
        return result._replace(state_directory=state, resuming=run.resuming or (), taking_back=run.taking_back or ())

    def _assess(self) -> Outcomes:
        pushed = self.push(self.plan) if self.push else {}
        try:
            before = json.loads(self.run.lead.read("before.json"))
        except (Refused, OSError, ValueError):
            before = []
        return assess(self.plan, before, self.rescan(), pushed, self.run.lead.name)

    def _failed(self, failing: Step, why: str) -> RunResult:
        """Undoes what lies behind the last step that cannot be undone; says where things stand."""
        self._outcomes[failing.id] = ("failed", why)
        self.say(f"failed: {why}")
        in_leg = self.progress.in_leg()
        stands = list(self.progress.standing.values())
        stands += self._forward_only(failing) if in_leg else self._undo_behind(failing)
        stands += self._close_what_is_open()
        done = [self._done_words(step) for step in self.run.steps if step.id in self.progress.done]
        if in_leg or done or stands:
            return self._stopped(failing.id, why, list(dict.fromkeys([*done, *stands])))
        outcomes = Outcomes.of_failure(self.plan, "restored")
        self.run.journals.note("complete", None, state="restored", why=why, findings=outcomes.as_list())
        return RunResult(self.run.lead.name, "restored", self._step_list(), (), why, outcomes)

    def _stopped(self, failing: Optional[str], why: str, stands: List[str]) -> RunResult:
        outcomes = Outcomes.of_failure(self.plan, "failed")
        self.run.journals.note("stopped", failing, why=why, stands=stands, findings=outcomes.as_list())
        return RunResult(self.run.lead.name, "stopped", self._step_list(), tuple(stands), why, outcomes)

    def _forward_only(self, failing: Step) -> List[str]:
        """What is to be said where undoing would leave the master with SSL off."""
        opened = self.progress.opened.get(failing.id)
        begun = opened is not None and some_effect(failing, opened, self.ends)
        return [
            *([f"{failing.title}: begun, some of its effects are there"] if begun else []),
            f"the only way is forward: {as_typed(resuming(self.run.lead.name, self.directories.reached, self.run.lead.state))}",
        ]

    def _undo_behind(self, failing: Step) -> List[str]:
        """Undoes, in reverse, the failing step and what was done since the last one that cannot be undone."""
        behind: List[Step] = []
        for step in reversed(self.run.steps[: self.run.steps.index(failing)]):
            if step.id in self.progress.done and step.no_undo and not step.restores:
                break
            closing = closing_of(self.run.steps, step)
            shut = closing is not None and self.progress.is_done(closing)
            if step.id in self.progress.done and not step.restores and not shut:
                behind.append(step)
        begun = [failing] if failing.id in self.progress.opened and not failing.restores else []
        stands: List[str] = []
        for step in [*begun, *behind]:
            opened = self.progress.opened.get(step.id) or {}
            try:
                stood = self.undoing.take_back(step, opened, done=step.id in self.progress.done)
            except Exception as error:
                if step is failing:
                    return [f"{step.title}: begun and not undone, {_words(error)}"]
                self._outcomes[step.id] = ("done", f"not undone: {_words(error)}")
                return stands
            if stood:
                stands.append(stood)
            elif step is not failing:
                self._outcomes[step.id] = ("undone", "")
                del self.progress.done[step.id]
        return stands

    def _close_what_is_open(self) -> List[str]:
        """What was opened for a time is closed whatever failed, as one that is undone: a resume opens it again."""
        stands = []
        for opening in still_open(self.run.steps, self.progress.done):
            left_open = self.undoing.take_back(opening, {}, done=True)
            self._outcomes[opening.id] = ("left-open", left_open) if left_open else ("undone", "")
            stands += [left_open] if left_open else []
            del self.progress.done[opening.id]
        return stands

    def _done_words(self, step: Step) -> str:
        outcome, note = self._outcomes.get(step.id, ("done", ""))
        if outcome == "left-open":
            return f"{step.title}: {note}"
        return f"{step.title}: done, {note}" if note.startswith("not undone") else f"{step.title}: done"

    def _step_list(self) -> Tuple[Tuple[str, str, str], ...]:
        return tuple((step.id, *self._outcomes.get(step.id, ("not-begun", ""))) for step in self.run.steps)


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, NOT_DONE) else f"{type(error).__name__}: {error}"


def _of_files(condition: Condition) -> bool:
    """Whether a step's own half-done work may make the condition false."""
    return isinstance(condition, (FileIs, LibraryCopyIs, ModeIs, Renamable, FileAbsent))


__all__ = ["Executor", "Locked", "NotApplied", "RunResult", "refuse_up_front", "unfinished_words"]
