"""Runs of `fix` as their journals tell: their state, what each step came to, who has followed."""

import contextlib
import json
import os
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from nimdoctor.applying.custody import Suspicious
from nimdoctor.applying.lock import Locked, lock
from nimdoctor.applying.operator import current_operator
from nimdoctor.applying.state import RunDirectory, StateDirectory
from nimdoctor.applying.undoable import can_be_taken_back
from nimdoctor.facts.repair_runs import SUSPICIOUS, UNFINISHED, left_open_of, state_of
from nimdoctor.planning.command_lines import Argv, resuming, taking_back
from nimdoctor.planning.document import BadPlan, Plan, id_of, parse
from nimdoctor.planning.steps import Step, with_run
from nimdoctor.system.refused import Refused

PLAN = "plan.json"
"""The plan's file in the directory of a run."""

Record = Mapping[str, Any]


class Run(NamedTuple):
    """One run: `records` of its journal, the first of which is `start`.

    `doubt` says why it is not believed, or is empty. Of a run in doubt nothing is ever carried out.
    """

    name: str
    directory: RunDirectory
    records: Tuple[Record, ...]
    doubt: str = ""

    @property
    def state(self) -> str:
        """running, complete, applied-unverified, restored, stopped, rolling-back, rolled-back, abandoned or suspicious."""
        return SUSPICIOUS if self.doubt else state_of([dict(record) for record in self.records])

    @property
    def unfinished(self) -> bool:
        """Whether it was neither brought to an end nor taken back, or may not have been."""
        return self.state in (*UNFINISHED, SUSPICIOUS)

    def refuse_doubt(self) -> None:
        """Raises Suspicious for a run in doubt, with what to do about it."""
        if self.doubt:
            raise Suspicious(
                f"run {self.name} is suspicious: {self.doubt}. Nothing of it is carried out. Find out who changed it, "
                f"look at what it was to change ({self.directory.path}/plan.json), then move {self.directory.path} away"
            )

    @property
    def start(self) -> Record:
        """The record that began the run."""
        return next((record for record in self.records if record.get("event") == "start"), {})

    @property
    def target(self) -> str:
        """The host whose state directory leads, as on a command line; empty for this host."""
        targets = self.start.get("targets")
        found = targets.get(str(self.start.get("target"))) if isinstance(targets, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def resuming(self) -> Optional[Argv]:
        """The command that goes on with it; None where there is nothing to go on with."""
        reached = self._noted("reached") or self.target
        return resuming(self.name, reached, self.directory.state) if self.state in UNFINISHED else None

    @property
    def taking_back(self) -> Optional[Argv]:
        """The command that takes it back; None where nothing can be undone, or the only way is forward."""
        try:
            steps = self.steps()
        except Refused:
            return None
        can = can_be_taken_back(steps, self.state, {**self.undoing(), **self.done()}, self.begun())
        return taking_back(self.name, self.target, self.directory.state) if can else None

    @property
    def executor(self) -> Optional[str]:
        """The name of the file that began it where it was sent here; None for a nimdoctor that is installed."""
        return self._noted("executor")

    @property
    def led_by(self) -> Optional[str]:
        """The run's directory in the other end's state, where that one leads."""
        return self._noted("led_by")

    def _noted(self, name: str) -> Optional[str]:
        found = self.start.get(name)
        return found if isinstance(found, str) else None

    def plan(self) -> Plan:
        """The plan it carries out. Raises Suspicious for a run in doubt, Refused where this version cannot use the plan."""
        self.refuse_doubt()
        try:
            plan = parse(self.directory.read(PLAN))
        except BadPlan as error:
            raise Refused(f"the plan of run {self.name} cannot be used: {error}") from error
        if plan.id != self.start.get("plan"):
            raise Suspicious(f"{self.directory.path}/{PLAN} is not the plan that the journal names")
        return plan

    def steps(self) -> Tuple[Step, ...]:
        """Its steps, with the run's name in them."""
        return tuple(with_run(step, self.name) for step in self.plan().steps)

    def done(self) -> Dict[str, Record]:
        """The `done` records of steps that are done, and whose undoing has not begun, by step."""
        return {step: done for step, (_, done, undoing) in self._steps_told().items() if done and not undoing}

    def begun(self) -> Dict[str, Record]:
        """The `begin` records of steps that may be half-way: begun and not done, or done and their undoing begun."""
        return {
            step: begin
            for step, (begin, done, undoing) in self._steps_told().items()
            if begin is not None and (not done or undoing)
        }

    def undoing(self) -> Dict[str, Record]:
        """The `done` records of steps that were done and whose undoing was begun and not ended."""
        return {step: done for step, (_, done, undoing) in self._steps_told().items() if done and undoing}

    def unsure(self) -> Set[str]:
        """Steps whose undoing was begun and not ended, whether they had been done or only begun."""
        return {step for step, (_, _, undoing) in self._steps_told().items() if undoing}

    def standing(self) -> Dict[str, str]:
        """What stands, in words, of steps that were begun and are undone as far as they can be, by step.

        Beginning such a step anew does not end that: only when it is done is it what it should be.
        """
        found: Dict[str, str] = {}
        for record in self.records:
            step = str(record.get("step"))
            if record.get("event") == "done":
                found.pop(step, None)
            elif record.get("event") == "undone" and record.get("stands"):
                found[step] = str(record["stands"])
        return found

    def _steps_told(self) -> Dict[str, Tuple[Optional[Record], Optional[Record], bool]]:
        """Of each step that is not undone: its `begin` and its `done` record, and whether its undoing was begun."""
        found: Dict[str, Tuple[Optional[Record], Optional[Record], bool]] = {}
        for record in self.records:
            event, step = record.get("event"), str(record.get("step"))
            begin, done, _ = found.get(step, (None, None, False))
            if event == "begin":
                found[step] = record, None, False
            elif event == "done":
                found[step] = begin, record, False
            elif event == "undo" and step in found:
                found[step] = begin, done, True
            elif event == "undone":
                found.pop(step, None)
        return found

    def opened(self) -> Dict[str, Record]:
        """The `begin` record of each step that was begun and not undone; of one begun twice, the first."""
        found: Dict[str, Record] = {}
        for record in self.records:
            step = str(record.get("step"))
            if record.get("event") == "begin":
                found.setdefault(step, record)
            elif record.get("event") == "undone":
                found.pop(step, None)
        return found

    def followed(self) -> Tuple[str, ...]:
        """Affected clients of which somebody said, or a push showed, that they have followed."""
        return tuple(
            dict.fromkeys(str(record.get("client")) for record in self.records if record.get("event") == "followed")
        )

    def affects(self) -> Tuple[str, ...]:
        """Clients that lost their push by this run."""
        return tuple(map(str, self.start.get("affects") or ()))

    def last(self, event: str) -> Record:
        """The newest record of that event, or an empty one."""
        return next((record for record in reversed(self.records) if record.get("event") == event), {})

    @property
    def ended(self) -> Optional[str]:
        """When it came to its end, in UTC; None where it has not."""
        at = self.last("complete").get("at")
        return str(at) if at else None

    def findings(self) -> Tuple[Dict[str, Any], ...]:
        """What became of its findings, as the newest record of that tells."""
        listed = (record.get("findings") for record in reversed(self.records))
        return tuple(map(dict, next((found for found in listed if isinstance(found, list)), ())))

    def left_open(self) -> str:
        """Why a transient tftp was not closed; empty when it was, or there was none."""
        return left_open_of([dict(record) for record in self.records])


def load(state: str, name: str) -> Run:
    """The run of that name, in doubt where it is not to be believed. Raises Refused where there is none, or it never
    began; PermissionError where this user may not read it.
    """
    directory = StateDirectory(state).open_run(name)
    run = Run(name, directory, ())
    try:
        run = run._replace(records=tuple(directory.records()))
        if run.records:
            _refuse_another_plan(run)
            _refuse_other_backups(run)
    except PermissionError:
        raise
    except Refused as error:
        return run._replace(doubt=str(error))
    except OSError as error:
        return run._replace(doubt=f"{error.filename or directory.path} cannot be read: {error.strerror or error}")
    if not run.records:
        raise Refused(f"run {name} never began: its journal is empty")
    return run


def _refuse_another_plan(run: Run) -> None:
    """Raises Suspicious where the plan is not the one that the journal names; Refused where it cannot be read."""
    path = f"{run.directory.path}/{PLAN}"
    try:
        found = id_of(json.loads(run.directory.read(PLAN).decode("utf-8")))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Suspicious(f"{path} is no plan") from None
    if found != run.start.get("plan"):
        raise Suspicious(f"{path} is not the plan that the journal names: its id is {found[:16]}")


def _refuse_other_backups(run: Run) -> None:
    """Raises Suspicious where a backup of this state directory is not the one that the journal names, or is gone."""
    backups: Mapping[str, Any] = run.start.get("backups") or {}
    try:
        others = [where for where in run.start.get("states") or {} if where != run.start.get("target")]
        own = [
            (name, one["kept"]) for name, one in backups.items() if (one["where"] in others) == (run.led_by is not None)
        ]
    except (AttributeError, KeyError, TypeError):
        raise Suspicious(f"{run.directory.journal_path} is no journal of a run") from None
    for name, written_down in own:
        run.directory.refuse_another(name, written_down)


def refuse_suspicious(states: Iterable[str], name: str) -> None:
    """Raises Suspicious where what one of these state directories holds of that run is not to be believed."""
    for state in states:
        try:
            run = load(state, name)
        except Refused:
            continue  # it never began there
        run.refuse_doubt()


def every(state: str) -> List[Run]:
    """All runs that began, oldest first. Raises PermissionError."""
    found = []
    for name in StateDirectory(state).runs():
        with contextlib.suppress(Refused):  # killed before its first record: it did nothing
            found.append(load(state, name))
    return found


def unfinished(state: str) -> List[Run]:
    """Runs that were neither brought to an end nor taken back, or may not have been, oldest first. Raises PermissionError."""
    return [run for run in every(state) if believed(run).unfinished]


def led(run: Run) -> Run:
    """The run as the state directory that leads it tells; the run itself where it leads. Raises Refused.

    Its journal in the other state directory is brought up to date where a crash left it behind.
    """
    leading = _leading(run)
    if leading is not run and not leading.unfinished:
        with contextlib.suppress(Locked, Refused, OSError), lock(run.directory.state):
            catch_up(run.directory, leading)
    return leading


def believed(run: Run) -> Run:
    """The run as its leading journal tells, which is written first; the run itself where that cannot be read."""
    try:
        return _leading(run)
    except (Refused, OSError):
        return run


def _leading(run: Run) -> Run:
    if run.led_by is None or run.doubt:
        return run
    path = run.led_by.rstrip("/")
    try:
        return load(os.path.dirname(os.path.dirname(path)), os.path.basename(path))
    except (Refused, OSError) as error:
        raise Refused(
            f"run {run.name} is led by {path}, which cannot be read: {error}. Put it back; if it is gone for good, "
            f"look at both hosts, then move {run.directory.path} away"
        ) from error


def catch_up(directory: RunDirectory, leading: Run) -> None:
    """Has the journal in `directory` say what the leading one says, where a crash or a full disk parted them.

    What clients followed is kept. Raises Refused, OSError.
    """
    if not directory.has(PLAN):
        directory.write(PLAN, leading.directory.read(PLAN))
    wanted = [
        {**record, "led_by": leading.directory.path} if record.get("event") == "start" else dict(record)
        for record in leading.records
        if record.get("event") != "followed"
    ]
    held = directory.records()
    followed = [record for record in held if record.get("event") == "followed"]
    known = [record for record in held if record.get("event") != "followed"]
    if list(map(_name, known)) != list(map(_name, wanted[: len(known)])):
        lines = [json.dumps(record, separators=(",", ":")) for record in (*wanted, *followed)]
        directory.write(
            os.path.basename(directory.journal_path), "".join(f"{line}\n" for line in lines).encode("ascii")
        )
        return
    missing = wanted[len(known) :]
    if missing:
        with directory.journal() as journal:
            for record in missing:
                more = {name: value for name, value in record.items() if name not in ("event", "step", "at")}
                journal.append(str(record["event"]), record.get("step"), **more)


def _name(record: Record) -> Tuple[Any, Any]:
    return record.get("event"), record.get("step")


def mark_followed(state: str, client: str) -> List[str]:
    """Notes in every run that waits for this client that it has followed; gives the runs' names. Raises Refused, OSError."""
    runs = [run for run in every(state) if not run.doubt]
    waiting = [run for run in runs if client in run.affects() and client not in run.followed()]
    for run in waiting:
        # in both journals, so that either side shows it
        for one in {each.directory.path: each for each in (run, led(run))}.values():
            try:
                # a journal has one writer at a time
                with lock(one.directory.state), one.directory.journal() as journal:
                    journal.append("followed", None, client=client, who=current_operator())
            except Locked as error:
                raise Refused(str(error)) from error
    return [run.name for run in waiting]
