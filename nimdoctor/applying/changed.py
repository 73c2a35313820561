"""The paths that a run changed."""

from typing import Any, Mapping, Set, Tuple

from nimdoctor.applying.runs import Run
from nimdoctor.model import Role
from nimdoctor.planning.policy import paths_of
from nimdoctor.planning.steps import RunCommand as Command
from nimdoctor.planning.steps import Step

Paths = Set[Tuple[Role, str]]


def changed_by(run: Run, step: Step) -> Set[str]:
    """The paths that a step changed, with patterns where a command may have written over what was there."""
    files: Mapping[str, Any] = ({**run.undoing(), **run.done()}.get(step.id) or {}).get("files") or {}
    patterns = (
        [pattern for action in (*step.do.undo, *step.do.repair) for pattern in action.new]
        if isinstance(step.do, Command)
        else []
    )
    return {*paths_of(step), *files, *patterns}


def paths_changed(run: Run) -> Paths:
    """What the steps of a run changed that are done or half-way, by end. Raises Refused."""
    touched = {*run.done(), *run.begun()}
    return {(step.where, path) for step in run.steps() if step.id in touched for path in changed_by(run, step)}
