"""Taking steps back: of a run that failed, or of one that somebody wants undone."""

from typing import Any, Iterable, List, Mapping, Optional, Sequence

from nimdoctor.applying.effects import some_effect
from nimdoctor.applying.run_journals import RunJournals
from nimdoctor.applying.step_commands import Failed
from nimdoctor.applying.step_reverser import StepReverser
from nimdoctor.applying.undoable import closing_of, opening_of
from nimdoctor.facts import InetdServices, Processes
from nimdoctor.planning.asking import refusal
from nimdoctor.planning.document import Refusal
from nimdoctor.planning.ends import Elsewhere, Ends, Snapshot
from nimdoctor.planning.steps import RunCommand, Step, Transient
from nimdoctor.system.refused import Refused

NOT_DONE = (Failed, Refused, Elsewhere, OSError)
"""What doing or undoing a step raises when it does not work."""


class StepUndo:
    """Takes steps of a run back, each between a record `undo` and a record `undone`."""

    def __init__(self, steps: Sequence[Step], reverser: StepReverser, journals: RunJournals, ends: Ends) -> None:
        self.steps = tuple(steps)
        self.reverser = reverser
        self.journals = journals
        self.ends = ends

    def take_back(self, step: Step, opened: Mapping[str, Any], *, done: bool) -> str:
        """Undoes a step that was done or only begun; says what stands of it, or nothing.

        `opened` is the record of its beginning. Raises one of NOT_DONE; what was done before it then must stay as well.
        What stands is kept in the record, so that a step is never undone twice: the second time could
        take what undoing an earlier step has brought back for something this one brought.
        """
        if not done and isinstance(step.do, RunCommand) and not step.do.undo and not step.do.repair:
            return self._let_stand(step, opened)
        self.journals.note("undo", step.id)
        closing = closing_of(self.steps, step)
        if closing is not None:
            left_open = self._shut(step, closing)
            if left_open:
                self.journals.note("undo", step.id, left_open=left_open)
                return left_open
            self.journals.note("undone", step.id, closes=closing.id)
            return ""
        was = opened.get("was") or {}
        if done:
            self.reverser.undo(step, was, self.ends.now())
        else:
            self.reverser.undo_begun(step, was, self.ends.now())
            stands = self._effects_left(step, opened)
            if stands:
                self.journals.note("undone", step.id, stands=stands)
                return stands
        self.journals.note("undone", step.id)
        return ""

    def _let_stand(self, step: Step, opened: Mapping[str, Any]) -> str:
        """A command for which nothing can be done: begun it stays, unless it had no effect."""
        stands = self._effects_left(step, opened)
        if not stands:
            self.journals.note("undone", step.id)
        return stands

    def _effects_left(self, step: Step, opened: Mapping[str, Any]) -> str:
        if not step.no_undo or not some_effect(step, opened, self.ends):
            return ""
        return f"{step.title}: begun, some of its effects are there ({step.no_undo})"

    def close(self, closing: Step) -> str:
        """Does the step that closes what was opened for a time; says why it stays open, or nothing."""
        self.journals.note("begin", closing.id, was={}, open=[])
        left_open = self._shut(opening_of(self.steps, closing), closing)
        self.journals.note("done", closing.id, files={}, **({"left_open": left_open} if left_open else {}))
        return left_open

    def _shut(self, opening: Step, closing: Step) -> str:
        """Why it stays open: somebody may be using it, or that cannot be told."""
        snapshot = self.ends.now()
        try:
            if self._is_shut(opening, snapshot):
                return ""
            seen = next((seen for seen in (refusal(one, snapshot) for one in closing.then) if seen), "")
            if not seen:
                self.reverser.close_transient(closing, opening, snapshot)
                served = self._served(closing, self.ends.now())
                seen = "inetd still serves it after the refresh" if served else ""
        except (*NOT_DONE, ValueError) as error:
            seen = str(error)
        finally:
            snapshot.close()
        return f"tftp on the {closing.where.value} stays open: {seen}" if seen else ""

    def _is_shut(self, opening: Step, now: Snapshot) -> bool:
        """Whether the row is as it was before it was opened, and inetd does not serve it."""
        edit = opening.do.edit if isinstance(opening.do, Transient) else None
        if edit is None:
            return False
        files = now.files(opening.where)
        files.sweep(edit.path, self.reverser.label)
        return files.fingerprint(edit.path) == edit.old_sha256 and self._served(opening, now) is False

    def _served(self, step: Step, now: Snapshot) -> Optional[bool]:
        services = now.fact(step.where, InetdServices)
        return services.active("tftp") if services and services.known("tftp") else None


def still_running(begun: Iterable[str], steps: Sequence[Step], ends: Ends) -> List[Refusal]:
    """Commands of a killed run that go on without it: what they will have done cannot be told before they end."""
    found = []
    snapshot = ends.now()
    try:
        for step in steps:
            if step.id not in begun or not isinstance(step.do, RunCommand):
                continue
            processes = snapshot.fact(step.where, Processes)
            commands = [" ".join(argv) for argv in (step.do.argv, *(undo.argv for undo in step.do.undo)) if argv]
            for row in processes.rows if processes else ():
                shown = row.args.split()
                # a script shows its interpreter first
                named = [" ".join([words[0].rsplit("/", 1)[-1], *words[1:]]) for words in (shown, shown[1:]) if words]
                if set(named) & set(commands):
                    found.append(
                        Refusal(
                            step.id,
                            "no command of a run that was killed still runs",
                            f"{named[0]} runs on the {step.where.value} as process {row.pid} (ps -fp {row.pid}): "
                            "wait for its end, or end it",
                        )
                    )
    finally:
        snapshot.close()
    return found
