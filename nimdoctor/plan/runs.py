"""Runs of `fix` as their journals tell: their state, what each step came to, who has followed."""

import contextlib
import json
import os
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from nimdoctor.facts.repair_runs import UNFINISHED, left_open_of, state_of
from nimdoctor.named_tuple import NamedTuple
from nimdoctor.plan.document import BadPlan, Plan, parse
from nimdoctor.plan.journal import read_journal
from nimdoctor.plan.lock import Locked, lock
from nimdoctor.plan.place import Refused
from nimdoctor.plan.state import RunDirectory, StateDirectory
from nimdoctor.plan.steps import Step, with_run

SCHEMA = "nimdoctor.runs/1"

Record = Mapping[str, Any]


class Run(NamedTuple):
    """One run: `records` of its journal, the first of which is `start`."""

    name: str
    directory: RunDirectory
    records: Tuple[Record, ...]

    @property
    def state(self) -> str:
        """running, complete, applied-unverified, restored, stopped, rolling-back, rolled-back or abandoned."""
        return state_of([dict(record) for record in self.records])

    @property
    def start(self) -> Record:
        """The record that began the run."""
        return next((record for record in self.records if record.get("event") == "start"), {})

    @property
    def led_by(self) -> Optional[str]:
        """The run's directory in the other end's state, where that one leads."""
        found = self.start.get("led_by")
        return found if isinstance(found, str) else None

    def plan(self) -> Plan:
        """The plan it carries out. Raises Refused where it is gone or damaged."""
        try:
            return parse(self.directory.read("plan.json"))
        except BadPlan as error:
            raise Refused(f"the plan of run {self.name} cannot be used: {error}") from error
        except FileNotFoundError:
            raise Refused(f"the plan of run {self.name} is gone") from None

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

    def left_open(self) -> str:
        """Why a transient tftp was not closed; empty when it was, or there was none."""
        return left_open_of([dict(record) for record in self.records])


def load(state: str, name: str) -> Run:
    """The run of that name. Raises Refused where there is none, or it never began."""
    directory = StateDirectory(state).open_run(name)
    records, _ = read_journal(directory.journal_path)
    if not records:
        raise Refused(f"run {name} never began: its journal is empty")
    return Run(name, directory, tuple(records))


def every(state: str) -> List[Run]:
    """All runs that began, oldest first."""
    found = []
    for name in StateDirectory(state).runs():
        try:
            found.append(load(state, name))
        except (Refused, OSError):
            continue  # killed before its first record: it did nothing
    return found


def unfinished(state: str) -> List[Run]:
    """Runs that were neither brought to an end nor taken back, oldest first."""
    return [run for run in every(state) if believed(run).state in UNFINISHED]


def led(run: Run) -> Run:
    """The run as the state directory that leads it tells; the run itself where it leads. Raises Refused.

    Its journal in the other state directory is brought up to date where a crash left it behind.
    """
    leading = _leading(run)
    if leading is not run and leading.state not in UNFINISHED:
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
    if run.led_by is None:
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
    wanted = [
        {**record, "led_by": leading.directory.path} if record.get("event") == "start" else dict(record)
        for record in leading.records
        if record.get("event") != "followed"
    ]
    held, _ = read_journal(directory.journal_path)
    followed = [record for record in held if record.get("event") == "followed"]
    told = [record for record in held if record.get("event") != "followed"]
    if list(map(_name, told)) != list(map(_name, wanted[: len(told)])):
        lines = [json.dumps(record, separators=(",", ":")) for record in (*wanted, *followed)]
        directory.write(
            os.path.basename(directory.journal_path), "".join(f"{line}\n" for line in lines).encode("ascii")
        )
        return
    missing = wanted[len(told) :]
    if missing:
        with directory.journal() as journal:
            for record in missing:
                more = {name: value for name, value in record.items() if name not in ("event", "step", "at")}
                journal.append(str(record["event"]), record.get("step"), **more)


def _name(record: Record) -> Tuple[Any, Any]:
    return record.get("event"), record.get("step")


def mark_followed(state: str, client: str) -> List[str]:
    """Notes in every run that waits for this client that it has followed; gives the runs' names. Raises Refused, OSError."""
    waiting = [run for run in every(state) if client in run.affects() and client not in run.followed()]
    for run in waiting:
        # in both journals, so that either side shows it
        for one in {each.directory.path: each for each in (run, led(run))}.values():
            try:
                # a journal has one writer at a time
                with lock(one.directory.state), one.directory.journal() as journal:
                    journal.append("followed", None, client=client)
            except Locked as error:
                raise Refused(str(error)) from error
    return [run.name for run in waiting]


def as_dict(recorded: Run) -> Dict[str, Any]:
    """The run as JSON values; of one that another state directory leads, as that one tells."""
    run = believed(recorded)
    stopped, complete = run.last("stopped"), run.last("complete")
    end = complete or stopped
    done, begun, undone = run.done(), run.begun(), {r.get("step") for r in run.records if r.get("event") == "undone"}
    try:
        steps: Sequence[Step] = run.steps()
    except Refused:
        steps = ()
    return {
        "run": run.name,
        "state": run.state,
        "plan": run.start.get("plan"),
        "fixes": list(run.start.get("fixes") or ()),
        "targets": dict(run.start.get("targets") or {}),
        "started": run.start.get("at"),
        "ended": (complete or run.records[-1]).get("at"),
        "steps": [
            {
                "id": step.id,
                "where": step.where.value,
                "title": step.title,
                "state": "done"
                if step.id in done
                else "begun"
                if step.id in begun
                else "undone"
                if step.id in undone
                else "not-begun",
            }
            for step in steps
        ],
        "findings": list(end.get("findings") or ()),
        "caused": list(end.get("caused") or ()),
        "why": stopped.get("why") or complete.get("why"),
        "stands": list(end.get("stands") or ()),
        "affects": [{"client": name, "followed": name in run.followed()} for name in run.affects()],
        "left_open": run.left_open() or None,
        "led_by": recorded.led_by,
    }
