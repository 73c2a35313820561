"""The directories of a run: the state directories it takes part in, locked, with its directory in each."""

import contextlib
import datetime
import json
import os
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.applying.backups import backed_up_path
from nimdoctor.applying.executor_file import executor, import_the_rest
from nimdoctor.applying.lock import lock
from nimdoctor.applying.operator import current_operator
from nimdoctor.applying.refusals import NotApplied, unfinished_words
from nimdoctor.applying.run_journals import RunJournals
from nimdoctor.applying.runs import believed, catch_up, every, unfinished
from nimdoctor.applying.script_runs import unfinished_packages
from nimdoctor.applying.state import RunDirectory, StateDirectory
from nimdoctor.applying.step_reverser import StepReverser
from nimdoctor.applying.step_runner import StepRunner
from nimdoctor.model import Role
from nimdoctor.planning.document import Plan, Refusal
from nimdoctor.planning.ends import End, Ends
from nimdoctor.planning.steps import Step, with_run
from nimdoctor.system.host_files import HostFiles

ROOM = 10 * 1024 * 1024
"""Bytes that must be free beside twice the backups."""

Say = Callable[[str], None]


class OpenRun(NamedTuple):
    """A run at work: its directory that leads, its steps with its name in them, and what does them, takes them back and records it."""

    lead: RunDirectory
    steps: Tuple[Step, ...]
    runner: StepRunner
    reverser: StepReverser
    journals: RunJournals


class Beginning(NamedTuple):
    """What whoever begins a run chooses: its name, where one run has the same on two hosts, and of which whole plan this
    is a part, as JSON values.
    """

    run: Optional[str] = None
    parts: Optional[Mapping[str, Any]] = None


ANOTHER = Beginning()
"""A run of which nothing is chosen."""


class RunDirectories:
    """The directories of one plan's runs. `target` is the end whose state directory leads."""

    def __init__(self, plan: Plan, ends: Ends, target: Role, say: Say) -> None:
        self.plan = plan
        self.ends = ends
        self.target = target
        self.say = say

    @property
    def lead(self) -> End:
        """The end whose state directory leads."""
        return self.ends.ends[self.target]

    @property
    def reached(self) -> str:
        """The leading end as it is named on the command line that goes on with a run."""
        return self.plan.hosts[self.target].reached if executor() else self.lead.target

    def taking_part(self) -> List[End]:
        """The ends whose state directories take part: the target's first, then the other's where it is touched."""
        wheres = [self.target]
        other = Role.MASTER if self.target is Role.CLIENT else Role.CLIENT
        if self.plan.touches(other):
            wheres.append(other)
        found: List[End] = []
        for where in wheres:
            end = self.ends.ends[where]
            if all(os.path.realpath(end.state) != os.path.realpath(known.state) for known in found):
                found.append(end)
        return found

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds their locks. Raises Locked, Refused, OSError."""
        with contextlib.ExitStack() as stack:
            for end in self.taking_part():
                StateDirectory(end.state).prepare()
                stack.enter_context(lock(end.state))
            yield

    def refuse_unfinished(self, but: str = "") -> None:
        """Raises NotApplied where another run is unfinished; puts in order what ended runs left that were killed."""
        for end in self.taking_part():
            for run in unfinished(end.state):
                if run.name != but:
                    raise NotApplied([Refusal("", "no other run is unfinished", unfinished_words(run))])
            for package in unfinished_packages(end.state):
                raise NotApplied([Refusal("", "no change package is unfinished", package.words(end.state))])
            for run in every(end.state):
                leading = believed(run)
                if leading is not run and run.state != leading.state and run.name != but:
                    catch_up(run.directory, leading)
                if run.name != but:
                    run.directory.drop_reserve()

    def refuse_too_little_room(self) -> None:
        """Raises NotApplied where backups and journal would not find room twice over."""
        for end in self.taking_part():
            size = 0
            for step in self.plan.steps:
                path = backed_up_path(step)
                if path and step.where is end.where and end.files:
                    stat = end.files.stat(path)
                    size += stat.size if stat else 0
            free = HostFiles(None).free_bytes(os.path.realpath(end.state))
            if free < 2 * size + ROOM:
                raise NotApplied(
                    [Refusal("", "there is room for backups and journal", f"{end.state} has {free} bytes free, "
                             f"{2 * size + ROOM} are needed")]
                )  # fmt: skip

    @contextlib.contextmanager
    def begun(
        self, before: Sequence[Any], scripts: Mapping[str, bytes], now: datetime.datetime, beginning: Beginning
    ) -> Iterator[OpenRun]:
        """A new run with its first record; whatever fails before that leaves nothing of it. Raises Refused, OSError."""
        ends = self.taking_part()
        made: List[RunDirectory] = []
        with contextlib.ExitStack() as stack:
            try:
                leading = StateDirectory(ends[0].state)
                made.append(leading.named_run(beginning.run) if beginning.run else leading.new_run(now))
                made += [StateDirectory(end.state).same_run(made[0].name) for end in ends[1:]]
                document = json.dumps(self.plan.as_dict(), indent=1).encode("ascii")
                for directory in made:
                    directory.write("plan.json", document)
                    for name, content in scripts.items():
                        directory.write(name.replace("/", "-"), content)
                made[0].write("before.json", json.dumps(before).encode("ascii"))
                run = stack.enter_context(self.opened(made[0].name))
                backups: Dict[str, Any] = {}
                for step in run.steps:
                    backups.update(run.runner.backups.make(step))
                run.journals.begin(
                    plan=self.plan.id,
                    who=current_operator(),
                    change=self.plan.options.change or None,
                    backups=backups,
                    fixes=sorted({fix for step in self.plan.steps for fix in step.fixes}),
                    targets={end.where.value: end.target for end in self.ends.ends.values()},
                    states={end.where.value: end.state for end in ends},
                    target=self.target.value,
                    affects=list(self.plan.affects.clients) if self.plan.affects else [],
                    executor=executor(),
                    reached=self.reached if executor() else None,
                    parts=beginning.parts,
                )
            except BaseException:
                stack.close()
                for directory in made:
                    with contextlib.suppress(OSError):
                        directory.discard()
                raise
            yield run

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[OpenRun]:
        """A run whose leading directory exists. Raises Refused, OSError."""
        import_the_rest()
        directories: Dict[Role, RunDirectory] = {}
        for end in self.taking_part():
            state = StateDirectory(end.state)
            directories[end.where] = state.open_run(name) if end.where is self.target else state.same_run(name)
        own = list(directories.values())
        # two ends may be one state directory: the target then serves both
        for where in self.ends.ends:
            directories.setdefault(where, own[0])
        steps = tuple(with_run(step, name) for step in self.plan.steps)
        with RunJournals(own, self.say) as journals:
            runner = StepRunner(self.ends, directories, name)
            yield OpenRun(own[0], steps, runner, StepReverser(self.ends, directories, name), journals)
