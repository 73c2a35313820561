"""Taking a run back: in reverse, down to the last step that cannot be undone, and no file that somebody else changed."""

import contextlib
import os
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from nimdoctor.model import Role
from nimdoctor.plan.actions import Failed, Hands, paths_of
from nimdoctor.plan.ends import Elsewhere, End, Ends
from nimdoctor.plan.lock import lock
from nimdoctor.plan.place import Refused
from nimdoctor.plan.runs import Run, every, load
from nimdoctor.plan.state import RunDirectory, StateDirectory
from nimdoctor.plan.steps import Step

Say = Callable[[str], None]


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
        with self._locked():
            self.run = load(self._state_ends()[0].state, self.run.name)
            directories = self._directories()
            hands = Hands(self.ends, directories, self.run.name)
            undo, stands = self._chosen()
            self._refuse(hands, undo)
            journals = [directories[end.where].journal() for end in self._state_ends()]
            for journal in journals:
                journal.append("rollback", None, only=sorted(self.only))
            undone: List[str] = []
            was = self.run.was()
            for step in undo:
                self.say(f"{step.where.value}: undoing: {step.title} ...")
                try:
                    stands += self._undo(hands, step, was.get(step.id) or {})
                except (Failed, Refused, Elsewhere) as error:
                    stands.append(f"{step.title}: not undone, {error}")
                    break
                for journal in journals:
                    journal.append("undone", step.id)
                undone.append(step.id)
            state = self._state(stands)
            for journal in journals:
                journal.append("complete", None, state=state, stands=stands)
            return RolledBack(self.run.name, state, tuple(undone), tuple(stands))

    def _undo(self, hands: Hands, step: Step, was: Mapping[str, Any]) -> List[str]:
        """Undoes a step, done or only begun; gives what stands of it."""
        if step.id in self.run.done():
            hands.undo(step, was, self.ends.now())
            return []
        hands.undo_begun(step, was, self.ends.now())
        stands = bool(step.no_undo) and hands.some_effect(step, was)
        return [f"{step.title}: begun, some of its effects stand ({step.no_undo})"] if stands else []

    def _chosen(self) -> Tuple[List[Step], List[str]]:
        """Steps to undo, the last first, and what stands before the last one that cannot be undone."""
        done, begun = self.run.done(), self.run.begun()
        touched = [step for step in self.steps if (step.id in done or step.id in begun) and not step.restores]
        barrier = max((n for n, step in enumerate(touched) if step.no_undo and step.id in done), default=-1)
        stands = [
            f"{step.title}: stands, {step.no_undo or 'it lies before a step that cannot be undone'}"
            for step in touched[: barrier + 1]
        ]
        undo = touched[barrier + 1 :]
        if self.only:
            undo = [step for step in undo if set(step.fixes) <= self.only]
            stands = []
        return list(reversed(undo)), stands

    def _refuse(self, hands: Hands, undo: Sequence[Step]) -> None:
        """Whatever forbids it, before anything is changed."""
        run = self.run
        if run.state in ("restored", "rolled-back") or (run.state == "abandoned" and not undo):
            raise Refused(f"run {run.name} is {run.state}: there is nothing to take back")
        done, begun = run.done(), run.begun()
        leg = [step for step in self.steps if step.leg]
        if any(step.id in done or step.id in begun for step in leg) and not all(step.id in done for step in leg):
            raise Refused(
                f"run {run.name} stands within the recycle of certificates: undoing it would leave the master with SSL off. "
                f"The only way is forward: nimdoctor fix --resume {run.name}"
            )
        self._refuse_older(undo)
        for step in undo:
            record: Mapping[str, Any] = done.get(step.id) or {}
            reason = hands.refuse_undo(step, record.get("files") or {})
            if reason:
                raise Refused(f"{reason}\nnothing was changed")

    def _refuse_older(self, undo: Sequence[Step]) -> None:
        """Only the newest run on a path may be taken back."""
        for end in self._state_ends():
            ours = {path for step in undo if step.where is end.where for path in paths_of(step)}
            for other in every(end.state):
                if other.name <= self.run.name or other.state in ("restored", "rolled-back"):
                    continue
                theirs = {path for step in other.steps() if step.where is end.where for path in paths_of(step)}
                if ours & theirs:
                    raise Refused(
                        f"run {other.name} changed {', '.join(sorted(ours & theirs))} later: "
                        f"take that one back first: nimdoctor rollback {other.name}"
                    )

    def _state(self, stands: Sequence[str]) -> str:
        if stands:
            return "abandoned"
        left = [
            step for step in self.steps if self.only and step.id in self.run.done() and not set(step.fixes) <= self.only
        ]
        return self.run.state if left and self.run.state in ("complete", "applied-unverified") else "rolled-back"

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
