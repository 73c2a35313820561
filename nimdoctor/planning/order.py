"""The order of a plan's steps: equal ones once, by phase, the master first; what each then still must ask for."""

import re
from typing import Any, Dict, List, Sequence, Set, Tuple

from nimdoctor.model import Role
from nimdoctor.planning.conditions import ClientIdle, Condition, MasterIdle, SubsystemIs, TftpAnswers, TftpServed
from nimdoctor.planning.steps import Phase, RunCommand, Step, Subsystem, Transient, kind_of

_AT_REST = (ClientIdle, MasterIdle)


def arranged(steps: Sequence[Step]) -> Tuple[Step, ...]:
    """The steps of all fixes as one sequence, with their ids."""
    return tuple(_numbered(_unhindered(_deferred(_ordered(_merged(steps))))))


def _merged(steps: Sequence[Step]) -> List[Step]:
    """Equal steps as one, with the conditions, fixes and findings of all; superfluous ones left out."""
    found: Dict[Tuple[Any, ...], Step] = {}
    # those of a leg first: their order is their own, whoever else wants one of them
    for step in sorted(steps, key=lambda one: not one.leg):
        known = found.get(step.key)
        found[step.key] = step if known is None else _both(known, step)
    for key, step in list(found.items()):
        if not isinstance(step.do, Subsystem) or step.do.action not in ("start", "restart"):
            continue
        running = SubsystemIs(step.where, step.do.name, True)
        others = [one for one in found.values() if one is not step and running in one.verify]
        if others:
            # what starts nimsh itself, as nimclient -c does, makes a start of it superfluous
            last = max(others, key=lambda one: one.phase.rank)
            found[last.key] = _credited(last, step)
            del found[key]
    return list(found.values())


def _both(one: Step, other: Step) -> Step:
    # of a step in a leg and a lone one the leg counts, and one that cannot be undone: it has the stricter rules
    if (bool(other.leg), bool(other.no_undo)) > (bool(one.leg), bool(one.no_undo)):
        one, other = other, one
    return _credited(one, other)._replace(
        before=_joined(one.before, other.before),
        then=_joined(one.then, other.then),
        verify=_joined(one.verify, other.verify),
        why=one.why if other.why in one.why else f"{one.why}; {other.why}",
    )


def _credited(step: Step, other: Step) -> Step:
    """The step, with the fixes and findings of another that it does the work of."""
    fixes, checks = (
        tuple(sorted({*own, *more})) for own, more in ((step.fixes, other.fixes), (step.checks, other.checks))
    )
    return step._replace(fixes=fixes, checks=checks)


def _joined(one: Tuple[Any, ...], other: Tuple[Any, ...]) -> Tuple[Any, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _ordered(steps: Sequence[Step]) -> List[Step]:
    """By phase, within a phase the master first; steps of a leg keep their order."""
    return sorted(steps, key=lambda step: (step.phase.rank, step.where is not Role.MASTER))


def _deferred(steps: Sequence[Step]) -> List[Step]:
    """What an earlier step of the plan brings about is asked for only just before the step that needs it."""
    brought: Set[Condition] = set()
    found = []
    for step in steps:
        later = tuple(one for one in step.before if one in brought or _answers_then(one, brought))
        found.append(
            step._replace(before=tuple(one for one in step.before if one not in later), then=_joined(step.then, later))
        )
        brought |= set(step.verify)
    return found


def _answers_then(one: Condition, brought: Set[Condition]) -> bool:
    """Whether it is an answer of tftp, which the plan itself switches on first."""
    return isinstance(one, TftpAnswers) and any(isinstance(other, TftpServed) for other in brought)


def _unhindered(steps: Sequence[Step]) -> List[Step]:
    """Once SSL is off on one end nothing that comes by chance may keep the plan from putting it on again: whether
    somebody is at work is asked before the first step of a leg, or the first that switches crypto off, and no more after.
    """
    off = next((number for number, one in enumerate(steps) if one.leg or one.phase is Phase.CRYPTO_OFF), len(steps))
    resting = [one for step in steps[off:] for one in (*step.before, *step.then) if isinstance(one, _AT_REST)]
    return [
        step
        if number < off
        else step._replace(
            before=_joined(step.before, tuple(resting)) if number == off else _without_rest(step.before),
            then=_without_rest(step.then),
        )
        for number, step in enumerate(steps)
    ]


def _without_rest(conditions: Sequence[Condition]) -> Tuple[Condition, ...]:
    return tuple(one for one in conditions if not isinstance(one, _AT_REST))


def _numbered(steps: Sequence[Step]) -> List[Step]:
    """Steps with their ids; a step that restores names the one it undoes."""
    found = []
    opening = ""
    for number, step in enumerate(steps, 1):
        name = f"{number}-{step.where.value}-{_slug(step)}"
        if isinstance(step.do, Transient):
            if step.do.edit is not None:
                opening = name
            else:
                step = step._replace(do=Transient(of=opening))
        found.append(step._replace(id=name))
    return found


def _slug(step: Step) -> str:
    if isinstance(step.do, RunCommand):
        # the id is a part of file names, so of what follows the command only an option's letters
        option = "".join(word for word in step.do.argv[1:2] if word.startswith("-"))
        return re.sub(r"[^A-Za-z0-9._-]+", "-", step.do.argv[0] + option)[:40]
    return kind_of(step.do) if step.phase is not Phase.TIDY else f"{kind_of(step.do)}-tidy"
