"""A run as a document tells it: schema nimdoctor.runs/1."""

from typing import Any, Dict, Sequence

from nimdoctor.applying.runs import Run, believed
from nimdoctor.planning.steps import Step
from nimdoctor.system.refused import Refused

SCHEMA = "nimdoctor.runs/1"


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
    back = run.taking_back
    return {
        "run": run.name,
        "state": run.state,
        "plan": run.start.get("plan"),
        "fixes": list(run.start.get("fixes") or ()),
        "targets": dict(run.start.get("targets") or {}),
        "started": run.start.get("at"),
        "ended": (complete or (run.records[-1] if run.records else {})).get("at"),
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
        "findings": list(run.findings()),
        "caused": list(end.get("caused") or ()),
        "who": run.start.get("who"),
        "change": run.start.get("change"),
        "proved": run.last("proved").get("at"),
        "why": run.doubt or stopped.get("why") or complete.get("why"),
        "stands": list(end.get("stands") or ()),
        "affects": [{"client": name, "followed": name in run.followed()} for name in run.affects()],
        "left_open": run.left_open() or None,
        "led_by": recorded.led_by,
        "executor": run.executor,
        "parts": run.start.get("parts"),
        "resume": list(run.resuming) if run.resuming else None,
        "rollback": list(back) if back else None,
    }
