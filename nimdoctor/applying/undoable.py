"""Which steps of a run can still be taken back: those behind the last one that cannot be undone."""

from typing import Any, Collection, Iterable, List, Mapping, Optional, Sequence, Tuple

from nimdoctor.facts.repair_runs import SUSPICIOUS, UNFINISHED
from nimdoctor.planning.steps import Step, Transient


def opening_of(steps: Sequence[Step], closing: Step) -> Step:
    """The step that opened what this one closes."""
    return next(one for one in steps if isinstance(closing.do, Transient) and one.id == closing.do.of)


def closing_of(steps: Sequence[Step], opening: Step) -> Optional[Step]:
    """The step that closes what this one opens; None for a step that opens nothing."""
    return next((one for one in steps if isinstance(one.do, Transient) and one.do.of == opening.id), None)


def still_open(
    steps: Sequence[Step], finished: Mapping[str, Mapping[str, Any]], begun: Iterable[str] = ()
) -> List[Step]:
    """Steps that opened something for a time which is not closed; `finished` are records of steps that are done."""
    touched = {*finished, *begun}
    return [
        step
        for step in steps
        for closing in [closing_of(steps, step)]
        if closing and step.id in touched and (closing.id not in finished or finished[closing.id].get("left_open"))
    ]


def to_undo(
    steps: Sequence[Step], done: Mapping[str, Mapping[str, Any]], begun: Collection[str]
) -> Tuple[List[Step], List[Step]]:
    """The steps to undo, the last one first, and those that stand before the last one that cannot be undone.

    `done` are the records of steps that are done, `begun` the ids of those that are half-way.
    """
    open_still = still_open(steps, done, begun)
    # what was opened and closed again needs no undoing
    touched = [
        step
        for step in steps
        if (step.id in done or step.id in begun)
        and not step.restores
        and (closing_of(steps, step) is None or step in open_still)
    ]
    barrier = max((n for n, step in enumerate(touched) if step.no_undo and step.id in done), default=-1)
    before = [step for step in touched[: barrier + 1] if step not in open_still]
    return [*reversed(touched[barrier + 1 :]), *(step for step in touched[: barrier + 1] if step in open_still)], before


def in_leg(steps: Sequence[Step], touched: Collection[str], done: Collection[str]) -> bool:
    """Whether a leg was begun and not all of it is done: then the only way is forward."""
    leg = [step for step in steps if step.leg]
    return any(step.id in touched for step in leg) and not all(step.id in done for step in leg)


def can_be_taken_back(
    steps: Sequence[Step], state: str, done: Mapping[str, Mapping[str, Any]], begun: Collection[str]
) -> bool:
    """Whether a run of that state can be taken back: something can be undone, or it can at least be brought to an end."""
    if state in ("restored", "rolled-back", SUSPICIOUS) or in_leg(steps, {*done, *begun}, done):
        return False
    return state in UNFINISHED or bool(to_undo(steps, done, begun)[0])
