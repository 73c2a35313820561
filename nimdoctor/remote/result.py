"""Documents that the one file ends with, taken for what they are: a result, a rollback, or why nothing was done."""

from typing import Any, Mapping, Optional, Sequence

from nimdoctor.applying.execute import RunResult
from nimdoctor.applying.outcome import REFUSED, UNVERIFIED, FindingOutcome, Outcomes
from nimdoctor.applying.rollback import RolledBack
from nimdoctor.applying.run_document import SCHEMA as RUNS
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.evidence.source import TargetError
from nimdoctor.facts.repair_runs import UNFINISHED
from nimdoctor.model import Role, Settlement
from nimdoctor.planning.command_lines import resuming, taking_back
from nimdoctor.planning.document import SCHEMA as PLAN
from nimdoctor.planning.document import Plan
from nimdoctor.remote.host import understood
from nimdoctor.system.refused import Refused

ROLLBACK, FAILURE = "nimdoctor.rollback/1", "nimdoctor.failure/1"
_BEGUN = {"begun": "begun, not done"}
APPLIED = ("complete", UNVERIFIED)
"""States of a run whose every step is verified."""

Document = Mapping[str, Any]


class NotDone(Refused):
    """The host refused, and nothing was changed there; `stands` is what of a run cannot be undone."""

    def __init__(self, message: str, stands: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.stands = tuple(stands)


def run_result(document: Document, target: str) -> RunResult:
    """How a run ended on the host `target`, with the ways on from here. Raises NotDone, TargetError."""
    with understood(target):
        return _run_result(_of_schema(document, PLAN, target)["result"], target)


def _run_result(ended: Document, target: str) -> RunResult:
    if ended["state"] == REFUSED or not ended["run"]:
        raise NotDone(f"{target}: {ended['why']}")
    run = ended["run"]
    return RunResult(
        run,
        ended["state"],
        tuple((step["id"], step["outcome"], step["says"]) for step in ended["steps"]),
        tuple(ended["stands"]),
        ended["why"] or "",
        Outcomes(tuple(map(_finding, ended["findings"])), tuple(ended["caused"])),
        ended["state_directory"] or "",
        resuming(run, target, "") if ended["resume"] else (),
        taking_back(run, target, "") if ended["rollback"] else (),
    )


def rolled_back(document: Document, target: str) -> RolledBack:
    """How a rollback ended. Raises NotDone, TargetError."""
    with understood(target):
        ended = _of_schema(document, ROLLBACK, target)
        if ended["state"] == REFUSED:
            raise NotDone(f"{target}: {ended['why']}", ended["stands"])
        return RolledBack(ended["run"], ended["state"], tuple(ended["undone"]), tuple(ended["stands"]))


def runs_of(document: Document, target: str) -> Document:
    """The runs of a host, schema nimdoctor.runs/1, with the ways on from here. Raises NotDone, TargetError, Refused."""
    with understood(target):
        found = dict(_of_schema(document, RUNS, target))
        found["runs"] = [
            {
                **run,
                "resume": list(resuming(run["run"], target, "")) if run["resume"] else None,
                "rollback": list(taking_back(run["run"], target, "")) if run["rollback"] else None,
            }
            for run in found["runs"]
        ]
        return found


def _of_schema(document: Document, schema: str, target: str) -> Document:
    if document.get("schema") == schema:
        return document
    if document.get("schema") == FAILURE:
        raise TargetError(f"{target}: {document.get('message')}")
    if document.get("schema") == PLAN:  # what keeps a rollback from being looked at is said as of a fix
        raise NotDone(f"{target}: {document['result']['why']}")
    raise Refused(f"{target}: an answer was not understood: its schema is {document.get('schema')!r}")


def _finding(found: Mapping[str, Any]) -> FindingOutcome:
    settled = found.get("settled_by")
    settled_by: Optional[Settlement] = None
    if settled:
        where, argv = settled["where"], settled["argv"]
        settled_by = Settlement(
            Role(where) if where else None,
            settled["kind"],
            tuple(argv) if argv else None,
            settled["path"],
            tuple(tuple(one) for one in settled.get("also", ())),
        )
    return FindingOutcome(found["check"], found["where"], found["host"], found["outcome"], found["says"], settled_by)


def seen_of(row: Document, plan: Plan, target: str, why: str) -> RunResult:
    """How a run stands that nobody could follow to its end, by what its journal says: a row of the host's runs."""
    known = {step["id"]: step["state"] for step in row["steps"]}
    states = [known.get(step.id, "not-begun") for step in plan.steps]
    return RunResult(
        row["run"],
        row["state"],
        tuple(
            (step.id, state, "") if state in ("done", "undone") else (step.id, "not-begun", _BEGUN.get(state, ""))
            for step, state in zip(plan.steps, states)
        ),
        tuple(row["stands"]),
        why if row["state"] in UNFINISHED else row["why"] or "",
        Outcomes(tuple(map(_finding, row["findings"])), tuple(row["caused"])),
        STATE_DIRECTORY,
        resuming(row["run"], target, "") if row["resume"] else (),
        taking_back(row["run"], target, "") if row["rollback"] else (),
    )


def joined(plan: Plan, ended: Sequence[RunResult], left: Mapping[Role, str]) -> RunResult:
    """One result of the parts of a plan, in the order in which they were carried out; `left` says why one was not begun."""
    by_step = {step: (outcome, says) for one in ended for step, outcome, says in one.steps}
    steps = tuple((step.id, *by_step.get(step.id, ("not-begun", left.get(step.where, "")))) for step in plan.steps)
    known = {(one.check, one.where, one.host): one for result in ended for one in result.outcomes.findings}
    applied = [one for one in ended if one.state in APPLIED]
    worst = next((one.state for one in ended if one.state not in APPLIED), "stopped" if left else "")
    findings = [
        known.get((one.check, one.where.value, one.host))
        or FindingOutcome(one.check, one.where.value, one.host, REFUSED, one.message)
        for one in plan.findings
        if worst or (one.check, one.where.value, one.host) in known
    ]
    stands = [line for one in ended for line in one.stands]
    if worst and applied:
        # what one host has taken back is not all of it
        worst = "stopped" if worst == "restored" else worst
        done = {step for one in applied for step, outcome, _ in one.steps if outcome == "done"}
        stands += [f"{step.title}: done" for step in plan.steps if step.id in done]
    return ended[-1]._replace(
        state=worst or next((one.state for one in ended if one.state == UNVERIFIED), "complete"),
        steps=steps,
        stands=tuple(dict.fromkeys(stands)),
        why="; ".join(dict.fromkeys(filter(None, [*(one.why for one in ended), *left.values()]))),
        outcomes=Outcomes(
            tuple(dict.fromkeys(findings)),
            tuple(sorted({check for one in ended for check in one.outcomes.caused})),
        ),
        resuming=next((one.resuming for one in reversed(ended) if one.resuming), ()),
        taking_back=next((one.taking_back for one in reversed(ended) if one.taking_back), ()),
    )
