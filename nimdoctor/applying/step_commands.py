"""The commands of a step, run on its end: how one ended, and what a failed one left to read."""

import itertools
from typing import Mapping, Sequence

from nimdoctor.applying.command_output import last_lines, whole
from nimdoctor.applying.state import RunDirectory
from nimdoctor.evidence.catalog import file_name
from nimdoctor.model import Role
from nimdoctor.planning.ends import Snapshot
from nimdoctor.planning.steps import SRC_DEADLINE, Edit, Subsystem
from nimdoctor.system.command import OUTPUT_LIMIT, CommandResult


class Failed(Exception):
    """A step did not do what it should; the message says what was seen."""


class EndedAtDeadline(Failed):
    """A command did not end in its time and was ended: what it did must be looked at."""


class StepCommands:
    """Runs commands on the ends; the output of those that fail goes to `runs`, the run's directories by end."""

    def __init__(self, runs: Mapping[Role, RunDirectory]) -> None:
        self.runs = runs

    def run(self, now: Snapshot, where: Role, argv: Sequence[str], deadline: int) -> str:
        """Runs a command for at most `deadline` seconds; gives the last line of its output. Raises Failed, Elsewhere."""
        result, why = now.ask(where, list(argv), float(deadline))
        if result is None:
            raise Failed(f"{' '.join(argv)} cannot be run on the {where.value}: {why}")
        if result.timed_out:
            raise EndedAtDeadline(f"{' '.join(argv)} did not end within {deadline} s and was ended")
        if result.status != 0:
            flooded = f"printed more than {OUTPUT_LIMIT} bytes and was ended"
            ending = flooded if result.flooded else f"ended with status {result.status}"
            raise Failed(f"{' '.join(argv)} {ending}{self._saved_output(where, argv, ending, result)}")
        return "".join(last_lines(result, 1))

    def subsystem(self, now: Snapshot, where: Role, name: str, action: str) -> str:
        """Starts, stops or refreshes a subsystem of the SRC. Raises Failed, Elsewhere."""
        commands = Subsystem(name, action).commands
        return "; ".join(filter(None, (self.run(now, where, argv, SRC_DEADLINE) for argv in commands)))

    def reread(self, now: Snapshot, where: Role, edit: Edit) -> None:
        """Has the subsystem that reads an edited file read it again. Raises Failed, Elsewhere."""
        if edit.rereads:
            self.subsystem(now, where, edit.rereads, "refresh")

    def _saved_output(self, where: Role, argv: Sequence[str], ending: str, result: CommandResult) -> str:
        """Saves the output of a failed command beside the journal; gives in words where it is, and its last lines."""
        lines = last_lines(result)
        if not lines:
            return " and said nothing"
        run = self.runs[where]
        name = f"output-{file_name(' '.join(argv))[:150]}"
        number = next(number for number in itertools.count(1) if not run.has(f"{name}-{number}.txt"))
        try:
            run.write(f"{name}-{number}.txt", whole(argv, ending, result))
            saved = f"all that it said is in {run.path}/{name}-{number}.txt, mode 0600"
        except OSError as error:
            saved = f"what it said could not be kept in {run.path}: {error.strerror or error}"
        return "\n".join([f"; {saved}; it ends:", *(f"  {line}" for line in lines)])
