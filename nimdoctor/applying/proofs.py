"""What is seen of a step: whether it did what it should, and how far one came that was begun and not ended."""

import fnmatch
from typing import Any, Callable, Collection, Iterable, List, Mapping, Sequence

from nimdoctor.facts import Subsystems
from nimdoctor.planning.asking import holds, refusal
from nimdoctor.planning.ends import Ends, Snapshot
from nimdoctor.planning.policy import RESTARTING
from nimdoctor.planning.steps import Remove, RunCommand, Step

SETTLING = (0.0, 0.3, 1.0)
"""Seconds waited before each reading that verifies a step: a daemon needs a snapshot to show."""


class Proofs:
    """Reads the ends anew at each question. `steps` are all steps of the run."""

    def __init__(self, steps: Sequence[Step], ends: Ends, sleep: Callable[[float], None]) -> None:
        self.steps = tuple(steps)
        self.ends = ends
        self.sleep = sleep

    def open_before(self, step: Step, snapshot: Snapshot, was: Mapping[str, Any]) -> List[int]:
        """Which of the step's proofs do not hold yet, by number: only these can show that it was done."""
        return [number for number, one in enumerate(step.verify) if holds(one, snapshot, was) is not True]

    def effects(self, step: Step, opened: Mapping[str, Any], unsure: Collection[str] = ()) -> str:
        """all, some or none of the effects that were not there before a step that was begun.

        `opened` is the record of its beginning; of the steps `unsure` the undoing was begun.
        """
        snapshot = self.ends.now()
        was = opened.get("was") or {}
        try:
            numbers = [number for number in opened.get("open") or () if number < len(step.verify)]
            seen = [holds(step.verify[number], snapshot, was) is True for number in numbers]
            ended = _seen_to_end(step, was, snapshot, self._removed(step))
        finally:
            snapshot.close()
        if not any(seen):
            return "none"
        # of a command whose undoing was begun, what no proof shows may be gone
        sure = ended and not (isinstance(step.do, RunCommand) and step.id in unsure)
        return "all" if all(seen) and sure else "some"

    def unverified(self, step: Step, was: Mapping[str, Any]) -> List[str]:
        """What a fresh read does not show, after a moment for daemons to start."""
        unmet: List[str] = []
        for pause in SETTLING:
            if pause:
                self.sleep(pause)
            snapshot = self.ends.now()
            try:
                unmet = [
                    f"done, but not seen: {one.words()} ({seen})"
                    for one in step.verify
                    for seen in [refusal(one, snapshot, was)]
                    if seen
                ]
            finally:
                snapshot.close()
            if not unmet:
                break
        return unmet

    def done_though_ended(self, step: Step, was: Mapping[str, Any]) -> bool:
        """Whether a command that was ended at its deadline had done its work."""
        if self.unverified(step, was):
            return False
        return _seen_to_end(step, was, self.ends.now(), self._removed(step))

    def _removed(self, step: Step) -> List[str]:
        """What steps before it remove on its end."""
        before = self.steps[: self.steps.index(step)]
        return [one.do.path for one in before if isinstance(one.do, Remove) and one.where is step.where]


def _seen_to_end(step: Step, was: Mapping[str, Any], now: Snapshot, removed: Iterable[str]) -> bool:
    """Whether a command that was killed, or whose killer was, is seen to have come to its end.

    Those that change how nimsh runs start it anew at last, and bring copies back that steps before
    them `removed`; of others it cannot be told apart from their proofs.
    """
    if not isinstance(step.do, RunCommand) or step.do.argv[0] not in RESTARTING:
        return True
    patterns = [pattern for action in step.do.repair for pattern in action.new]
    files = now.files(step.where)
    for path in removed:
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns) and files.stat(path) is None:
            return False
    subsystems = now.fact(step.where, Subsystems)
    row = subsystems.get("nimsh") if subsystems else None
    return bool(row and row.active and row.pid != was.get("nimsh_pid"))
