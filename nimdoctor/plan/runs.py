"""Runs of `fix` as their journals tell: their state, what each step came to, who has followed."""

import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.repair_runs import UNFINISHED, state_of
from nimdoctor.plan.document import BadPlan, Plan, parse
from nimdoctor.plan.journal import read_journal
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
        """The `done` records of steps that are done and not undone, by step."""
        found: Dict[str, Record] = {}
        for record in self.records:
            step = str(record.get("step"))
            if record.get("event") == "done":
                found[step] = record
            elif record.get("event") == "undone":
                found.pop(step, None)
        return found

    def begun(self) -> Dict[str, Record]:
        """The `begin` records of steps that were begun and are neither done nor undone."""
        found: Dict[str, Record] = {}
        for record in self.records:
            step = str(record.get("step"))
            if record.get("event") == "begin":
                found[step] = record
            elif record.get("event") in ("done", "undone"):
                found.pop(step, None)
        return found

    def was(self) -> Dict[str, Mapping[str, Any]]:
        """What was before each step that was begun; of one begun twice, before the first."""
        found: Dict[str, Mapping[str, Any]] = {}
        for record in self.records:
            step = str(record.get("step"))
            if record.get("event") == "begin" and step not in found:
                found[step] = record.get("was") or {}
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
        if self.state == "rolled-back":
            return ""
        return next((str(record["left_open"]) for record in reversed(self.records) if record.get("left_open")), "")


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
    return [run for run in every(state) if run.state in UNFINISHED]


def led(run: Run) -> Run:
    """The run as the state directory that leads it tells; the run itself where it leads. Raises Refused."""
    if run.led_by is None:
        return run
    path = run.led_by.rstrip("/")
    return load(os.path.dirname(os.path.dirname(path)), os.path.basename(path))


def mark_followed(state: str, client: str) -> List[str]:
    """Notes in every run that waits for this client that it has followed; gives the runs' names. Raises Refused, OSError."""
    marked = []
    for run in every(state):
        runs = [run] if run.led_by is None else [run, led(run)]
        if client in run.affects() and client not in run.followed():
            for one in runs:
                with one.directory.journal() as journal:
                    journal.append("followed", None, client=client)
            marked.append(run.name)
    return marked


def as_dict(run: Run) -> Dict[str, Any]:
    """The run as JSON values."""
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
        "ended": run.records[-1].get("at"),
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
        "led_by": run.led_by,
    }
