"""Taking a run back: in reverse, down to the last step that cannot be undone, and no file that somebody else changed."""

import contextlib
import fnmatch
import os
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

from nimdoctor.applying.backups import backed_up_path
from nimdoctor.applying.changed import changed_by, paths_changed
from nimdoctor.applying.executor_file import import_the_rest
from nimdoctor.applying.lock import lock
from nimdoctor.applying.operator import current_operator
from nimdoctor.applying.run_journals import RunJournals
from nimdoctor.applying.runs import Run, believed, catch_up, every, load, refuse_suspicious
from nimdoctor.applying.state import RunDirectory, StateDirectory
from nimdoctor.applying.step_reverser import StepReverser
from nimdoctor.applying.step_runner import remove_temporary_files
from nimdoctor.applying.undo import NOT_DONE, StepUndo, still_running
from nimdoctor.applying.undoable import in_leg, to_undo
from nimdoctor.facts.repair_runs import UNFINISHED
from nimdoctor.model import Role
from nimdoctor.planning.ends import End, Ends
from nimdoctor.planning.steps import Step, Transient
from nimdoctor.planning.typed import as_typed
from nimdoctor.system.refused import Refused

Say = Callable[[str], None]


class NothingToUndo(Refused):
    """Nothing of the run can be undone, and nothing was changed; `stands` says what stands and why."""

    def __init__(self, message: str, stands: Tuple[str, ...]) -> None:
        super().__init__("\n".join([message, *stands]))
        self.stands = stands


class RolledBack(NamedTuple):
    """How it ended: the run's state, the steps that were undone, and what stands."""

    run: str
    state: str
    undone: Tuple[str, ...]
    stands: Tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing stands."""
        return not self.stands


class Rollback:
    """Takes one run back. `ends` are the run's ends, `target` the one whose state directory leads."""

    def __init__(
        self, run: Run, ends: Ends, target: Role, *, only: Sequence[str] = (), say: Say = lambda line: None
    ) -> None:
        self.run = run
        self.ends = ends
        self.target = target
        self.only = frozenset(only)
        self.say = say
        self.steps = run.steps()

    def roll_back(self) -> RolledBack:
        """Undoes what can be undone. Raises Refused, before anything is changed, when it may not; Locked, OSError."""
        import_the_rest()
        with self._locked():
            self.run = load(self._state_ends()[0].state, self.run.name)
            refuse_suspicious([end.state for end in self._state_ends()], self.run.name)
            directories = self._directories()
            reverser = StepReverser(self.ends, directories, self.run.name)
            if self.run.state not in UNFINISHED:
                self._finish_killed(directories)
            undo, stands = self._chosen()
            self._refuse_nothing(undo, stands)
            self._refuse(reverser, undo)
            with RunJournals([directories[end.where] for end in self._state_ends()], self.say) as journals:
                journals.take_up()
                journals.append("rollback", None, only=sorted(self.only), who=current_operator())
                remove_temporary_files(undo, self.ends, self.run.name)
                undone = self._undo(StepUndo(self.steps, reverser, journals, self.ends), undo, stands)
                state = self._state(undo, stands)
                journals.note("complete", None, state=state, stands=stands, **self._kept_findings(state))
        return RolledBack(self.run.name, state, tuple(undone), tuple(stands))

    def _finish_killed(self, directories: Mapping[Role, RunDirectory]) -> None:
        """What a run still owes that was killed after its last record in the leading journal."""
        leading, *others = (directories[end.where] for end in self._state_ends())
        leading.drop_reserve()
        for directory in others:
            catch_up(directory, self.run)
            directory.drop_reserve()

    def _undo(self, undoing: StepUndo, undo: Sequence[Step], stands: List[str]) -> List[str]:
        """Undoes these steps until one cannot be; gives those that are undone, and adds to `stands` what is not."""
        opened, whole = self.run.opened(), {*self.run.done(), *self.run.undoing()}
        undone: List[str] = []
        for step in undo:
            self.say(f"{step.where.value}: undoing: {step.title} ...")
            try:
                # one that cannot be undone is looked at like one that was only begun: some of it may stand
                done = step.id in whole and not step.no_undo
                stood = undoing.take_back(step, opened.get(step.id) or {}, done=done)
            except NOT_DONE as error:
                stands.append(f"{step.title}: not undone, {error}")
                break
            if stood:
                stands += [] if stood in stands else [stood]
            else:
                undone.append(step.id)
        return undone

    def _kept_findings(self, state: str) -> Dict[str, Any]:
        """What became of the findings, where the run stays what it was."""
        if state != self.run.state:
            return {}
        return {"findings": list(self.run.findings()), "caused": self.run.last("complete").get("caused") or []}

    def _chosen(self) -> Tuple[List[Step], List[str]]:
        """Steps to undo, the last first, and what stands before the last one that cannot be undone."""
        done, begun = self.run.done(), self.run.begun()
        undo, before = to_undo(self.steps, done, begun)
        if self.only:
            before = [step for step in before if set(step.fixes) & self.only]
            undo = [step for step in undo if set(step.fixes) <= self.only]
        stands = [
            f"{step.title}: stands, {step.no_undo or 'it lies before a step that cannot be undone'}" for step in before
        ]
        return undo, stands if self.only else [*stands, *self.run.standing().values()]

    def _refuse_nothing(self, undo: Sequence[Step], stands: Sequence[str]) -> None:
        """A run that came to its end stays what it is where nothing can be undone; an unfinished one comes to an end."""
        run = self.run
        if run.state in ("restored", "rolled-back") or (run.state not in UNFINISHED and not undo):
            raise NothingToUndo(f"run {run.name} is {run.state}: there is nothing to take back", tuple(stands))

    def _refuse(self, reverser: StepReverser, undo: Sequence[Step]) -> None:
        """Whatever forbids it, before anything is changed."""
        run = self.run
        if self.only and run.state in UNFINISHED:
            raise Refused(f"run {run.name} is {run.state}: it is taken back whole, without --only, or resumed")
        running = still_running(run.begun(), self.steps, self.ends)
        if running:
            raise Refused(running[0].seen)
        done, begun = {**run.undoing(), **run.done()}, run.begun()
        if in_leg(self.steps, {*done, *begun}, done):
            raise Refused(
                f"run {run.name} stands within the recycle of certificates: undoing it would leave the master with SSL off. "
                f"The only way is forward: {as_typed(run.resuming or ())}"
            )
        self._refuse_older(undo)
        for step in undo:
            if backed_up_path(step) is not None and reverser.backups.of(step) is None:
                raise Refused(f"the backup of {backed_up_path(step)} is gone: nothing was changed")
        changed_later: Set[Tuple[Role, str]] = set()
        for step in undo:
            files: Mapping[str, Any] = (done.get(step.id) or {}).get("files") or {}
            left = {path: found for path, found in files.items() if (step.where, path) not in changed_later}
            reason = reverser.refuse_undo(step, left)
            if reason:
                raise Refused(f"{reason}\nnothing was changed")
            changed_later |= {(step.where, path) for path in files}
            if step.id not in done:
                was = self.run.opened()[step.id].get("was") or {}
                changed_later |= {(step.where, path) for path in reverser.brought(step, was)}

    def _refuse_older(self, undo: Sequence[Step]) -> None:
        """Only the newest run on a path may be taken back."""
        for end in self._state_ends():
            ours = {
                path
                for step in undo
                if step.where is end.where
                for path in changed_by(self.run, step)
                if "*" not in path
            }
            for recorded in every(end.state):
                other = believed(recorded)
                if other.name <= self.run.name or other.state in ("restored", "rolled-back"):
                    continue
                theirs = [pattern for where, pattern in paths_changed(other) if where is end.where]
                both = sorted(path for path in ours for pattern in theirs if fnmatch.fnmatchcase(path, pattern))
                if both:
                    first = (
                        f": {as_typed(other.taking_back)}" if other.taking_back else ", which cannot be done any more"
                    )
                    raise Refused(
                        f"run {other.name} changed {', '.join(dict.fromkeys(both))} later: take that one back first{first}"
                    )

    def _state(self, undo: Sequence[Step], stands: Sequence[str]) -> str:
        applied = self.run.state in ("complete", "applied-unverified")
        if applied and stands and all(isinstance(step.do, Transient) for step in undo):
            return self.run.state  # no more than closed what was open for a time: the repair is what it was
        if self.only and applied:
            touched = [step for step in self.steps if step.id in self.run.done() and not step.restores]
            if any(not set(step.fixes) <= self.only for step in touched):
                return self.run.state  # other fixes of the run are as they were
        return "abandoned" if stands else "rolled-back"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for end in self._state_ends():
                StateDirectory(end.state).prepare()
                stack.enter_context(lock(end.state))
            yield

    def _state_ends(self) -> List[End]:
        """The ends whose state directories hold the run: the target's first."""
        wheres = [self.target, *(where for where in self.ends.ends if where is not self.target)]
        found: List[End] = []
        for where in wheres:
            end = self.ends.ends[where]
            touched = where is self.target or any(step.where is where for step in self.steps)
            if touched and all(os.path.realpath(end.state) != os.path.realpath(known.state) for known in found):
                found.append(end)
        return found

    def _directories(self) -> Dict[Role, RunDirectory]:
        found: Dict[Role, RunDirectory] = {}
        for number, end in enumerate(self._state_ends()):
            state = StateDirectory(end.state)
            found[end.where] = state.same_run(self.run.name) if number else state.open_run(self.run.name)
        for where in self.ends.ends:
            found.setdefault(where, found[self.target])
        return found
