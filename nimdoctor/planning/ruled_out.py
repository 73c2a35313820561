"""Which steps the findings of the same scan rule out: what they say cannot work, or cannot be taken back."""

import fnmatch
from typing import Iterable, Iterator, NamedTuple, Sequence, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import RuledOut
from nimdoctor.planning.steps import Action, Remove, RunCommand, Step, Subsystem


class Ruling(NamedTuple):
    """A finding that rules a step out, and the words in which it does."""

    result: Result
    ruled_out: RuledOut


def rulings(step: Step, results: Iterable[Result], one_host: bool = False) -> Iterator[Ruling]:
    """Every finding that rules the step out, also one that a site ignores: to live with a fault does not make it go.

    `one_host` says that one host is client and master: as a master it says nothing of itself as another's client.
    """
    for result in results:
        for one in result.rules_out:
            if one.where is step.where and not (one_host and one.where is not result.where) and _covers(one, step.do):
                yield Ruling(result, one)
                break


def commands_of(do: Action) -> Tuple[Sequence[str], ...]:
    """The commands that an action runs."""
    if isinstance(do, RunCommand):
        return (do.argv,)
    return do.commands if isinstance(do, Subsystem) else ()


def _covers(one: RuledOut, do: Action) -> bool:
    if isinstance(do, Remove):
        return bool(one.path) and fnmatch.fnmatchcase(do.path, one.path)
    return bool(one.argv) and any(tuple(argv[: len(one.argv)]) == one.argv for argv in commands_of(do))


def named(step: Step) -> str:
    """A step in few words: its command, or what it does."""
    if isinstance(step.do, Remove):
        return f"the removal of {step.do.path}"
    return "; ".join(" ".join(argv) for argv in commands_of(step.do)) or step.title
