"""Plans, results, refusals and runs for programs: schemas nimdoctor.plan/1 and nimdoctor.runs/1."""

import json
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence

from nimdoctor.applying.execute import RunResult
from nimdoctor.applying.outcome import REFUSED, Outcomes
from nimdoctor.applying.prune import Pruned
from nimdoctor.applying.rollback import RolledBack
from nimdoctor.applying.run_document import SCHEMA as RUNS_SCHEMA
from nimdoctor.planning.document import SCHEMA, Plan

if TYPE_CHECKING:
    from nimdoctor.probe import Probe

ROLLBACK_SCHEMA = "nimdoctor.rollback/1"


def render_plan(plan: Plan) -> str:
    """The plan, the runs that must be ended first, and what was asked over the network."""
    return text(plan.to_dict())


def result_as_dict(plan: Plan, result: RunResult) -> Dict[str, Any]:
    """The plan with how its run ended."""
    ended = {
        "run": result.run,
        "state": result.state,
        "steps": [{"id": step, "outcome": outcome, "says": message} for step, outcome, message in result.steps],
        "findings": result.outcomes.as_list(),
        "caused": list(result.outcomes.caused),
        "stands": list(result.stands),
        "why": result.why or None,
        "state_directory": result.state_directory or None,
        "resume": list(result.resuming) or None,
        "rollback": list(result.taking_back) or None,
        "pushes": list(result.pushes),
    }
    return {**plan.as_dict(), "unfinished": [], "result": ended}


def refused_as_dict(
    plan: Optional[Plan],
    reasons: Sequence[str],
    unfinished: Sequence[str] = (),
    probes: "Sequence[Probe]" = (),
) -> Dict[str, Any]:
    """The plan, where there is one, with why nothing was done."""
    refused = {
        "run": None,
        "state": "refused",
        "steps": [],
        "findings": Outcomes.of_failure(plan, REFUSED).as_list() if plan else [],
        "caused": [],
        "stands": [],
        "why": "; ".join(reasons),
        "state_directory": None,
        "resume": None,
        "rollback": None,
        "pushes": list(plan.pushes) if plan else [],
    }
    document: Dict[str, Any] = plan.as_dict() if plan else {"schema": SCHEMA}
    probed = [one._asdict() for one in probes]
    return {**document, "unfinished": list(unfinished), "probes": probed, "result": refused}


def without_run_as_dict(plan: Plan) -> Dict[str, Any]:
    """The plan where it holds no step, so that nothing was begun: good when nothing is left to do either."""
    undone = (
        "nothing here can be done by nimdoctor: see the advice" if plan.advice else "no plan while so much is undecided"
    )
    good = plan.exit_status == 0
    document = refused_as_dict(plan, ["nothing to do" if good else undone])
    document["result"].update({"state": "complete"} if good else {})
    return document


def rolled_back_as_dict(done: RolledBack) -> Dict[str, Any]:
    """How a rollback ended."""
    ended = {"run": done.run, "state": done.state, "undone": list(done.undone), "stands": list(done.stands)}
    return {"schema": ROLLBACK_SCHEMA, **ended, "why": None}


def rollback_refused_as_dict(run: Optional[str], reasons: Sequence[str], stands: Sequence[str] = ()) -> Dict[str, Any]:
    """Why a run was not taken back; `stands` where nothing of it can be undone."""
    refused: Dict[str, Any] = {"run": run, "state": "refused", "undone": [], "stands": list(stands)}
    refused["why"] = "; ".join(reasons)
    return {"schema": ROLLBACK_SCHEMA, **refused}


def runs_as_dict(runs: Sequence[Mapping[str, Any]], state: str, pruned: Optional[Pruned] = None) -> Dict[str, Any]:
    """The runs of one state directory, oldest first, and what was removed from it and kept, where that was asked for."""
    document: Dict[str, Any] = {"schema": RUNS_SCHEMA, "state_directory": state, "runs": list(runs)}
    if pruned is not None:
        lists = {name: [{"run": run, "why": why} for run, why in part] for name, part in pruned._asdict().items()}
        document["pruned"] = lists
    return document


def text(document: Mapping[str, Any]) -> str:
    """A document as a command line prints it."""
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
