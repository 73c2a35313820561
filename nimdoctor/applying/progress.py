"""How far a run has come: which steps are done, which are half-way, and what stands of those taken back."""

from typing import Any, Dict, Mapping, Sequence, Set

from nimdoctor.applying.proofs import Proofs
from nimdoctor.applying.runs import Run
from nimdoctor.applying.step_reverser import StepReverser
from nimdoctor.applying.undoable import closing_of, in_leg
from nimdoctor.model import Role
from nimdoctor.planning.steps import RunCommand, Step, Subsystem

Record = Mapping[str, Any]


class RunProgress:
    """Of a run's steps, by id: `done` and `begun` hold the records of that, `opened` the first record of each
    beginning; the undoing of those `unsure` was begun; `standing` says in words what stands of those undone.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self.done: Dict[str, Record] = {}
        self.begun: Dict[str, Record] = {}
        self.opened: Dict[str, Record] = {}
        self.unsure: Set[str] = set()
        self.standing: Dict[str, str] = {}

    @classmethod
    def of(cls, run: Run, steps: Sequence[Step], reverser: StepReverser, proofs: Proofs) -> "RunProgress":
        """What the journal tells of a run, where the hosts do not show otherwise. Raises Refused, OSError."""
        found = cls(steps)
        found.done, found.begun, found.opened = dict(run.done()), dict(run.begun()), dict(run.opened())
        found.unsure, found.standing = run.unsure(), run.standing()
        found._look_again(reverser, proofs)
        found._open_again()
        return found

    def is_done(self, step: Step) -> bool:
        """Whether nothing is left to do of it; what was left open is tried once more."""
        return step.id in self.done and not self.done[step.id].get("left_open")

    def beyond_return(self) -> bool:
        """Whether a step that cannot be undone was begun."""
        begun = {**self.done, **self.begun, **self.opened}
        return any(step.no_undo and not step.restores and step.id in begun for step in self.steps)

    def in_leg(self) -> bool:
        """Whether a leg was begun, and not all of it is done."""
        return in_leg(self.steps, {*self.done, *self.opened}, self.done)

    def had_nimsh(self, where: Role) -> bool:
        """Whether nimsh was active on that end when the run found it, whatever its steps did since."""
        ids = {step.id for step in self.steps if step.where is where}
        return any((one.get("was") or {}).get("nimsh") for step, one in self.opened.items() if step in ids)

    def _look_again(self, reverser: StepReverser, proofs: Proofs) -> None:
        """What was undone while the journal took no record of it is not done."""
        for at, step in reversed(list(enumerate(self.steps))):
            if step.id not in self.done or step.restores:
                continue
            if step.no_undo:
                break
            opened = self.opened[step.id]
            if isinstance(step.do, (RunCommand, Subsystem)):
                undone = bool(opened.get("open")) and proofs.effects(step, opened, self.unsure) == "none"
            else:
                changed = {
                    path for later in self.steps[at + 1 :] if later.where is step.where for path in self._files(later)
                }
                undone = (
                    not changed & self._files(step)
                    and closing_of(self.steps, step) is None
                    and reverser.looks_undone(step)
                )
            if undone:
                del self.done[step.id]
                self.begun[step.id] = opened

    def _files(self, step: Step) -> Set[str]:
        return set((self.done.get(step.id) or {}).get("files") or ())

    def _open_again(self) -> None:
        """Before a step that needs what was opened for a time is done again, that is looked at: it may be closed by now."""
        for at, opening in enumerate(self.steps):
            closing = closing_of(self.steps, opening)
            if closing is None or opening.id not in self.done:
                continue
            between = self.steps[at + 1 : self.steps.index(closing)]
            if any(step.id not in self.done for step in between):
                del self.done[opening.id]
                self.begun[opening.id] = self.opened[opening.id]
                self.done.pop(closing.id, None)
