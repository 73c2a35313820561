"""Steps as a person types them, on the hosts that they are done on."""

from shlex import quote
from typing import List, Sequence, Tuple

from nimdoctor.model import Role
from nimdoctor.planning.steps import RUN, Action, Edit, Move, Phase, Remove, RunCommand, Step, Subsystem
from nimdoctor.planning.typed import as_typed


def command_of(do: Action, run: str = RUN) -> str:
    """The command that does it, empty for an edit, which an editor does; `run` ends the name of what is renamed.

    >>> command_of(Remove("/usr/lib/libssl.so.0.9.8")), command_of(Subsystem("nimsh", "restart"))
    ('rm /usr/lib/libssl.so.0.9.8', 'stopsrc -s nimsh; startsrc -s nimsh')
    """
    if isinstance(do, RunCommand):
        return as_typed(do.argv)
    if isinstance(do, Move):
        return as_typed(["mv", do.path, do.to.replace(RUN, run)])
    if isinstance(do, Remove):
        return as_typed(["rm", do.path])
    return "; ".join(map(as_typed, do.commands)) if isinstance(do, Subsystem) else ""


def by_hand(steps: Sequence[Step], day: str) -> List[Tuple[Role, str]]:
    """What to type, an entry for each change of host; `day` ends the name of what is renamed.

    A command waits for the one before it, but for the one that follows `nimclient -C`: with crypto off the way is
    forward. `mv` would move into a directory that is there already, so that is tested before anything is done.
    """
    found: List[Tuple[Role, List[Step]]] = []
    for step in steps:
        if not found or found[-1][0] is not step.where:
            found.append((step.where, []))
        found[-1][1].append(step)
    return [(where, _line(part, day)) for where, part in found]


def _line(steps: Sequence[Step], day: str) -> str:
    targets = [step.do.to.replace(RUN, day) for step in steps if isinstance(step.do, Move)]
    line, before = " && ".join(f"test ! -e {quote(path)}" for path in targets), " && " if targets else ""
    removed: List[str] = []
    for number, step in enumerate(steps):
        typed = command_of(step.do, day) or _edited(step)
        if isinstance(step.do, Remove):
            removed.append(step.do.path)
            if number + 1 < len(steps) and isinstance(steps[number + 1].do, Remove):
                continue
            typed = as_typed(["rm", *removed])
        line += before + typed
        before = "; " if step.phase is Phase.CRYPTO_OFF else " && "
    return line


def _edited(step: Step) -> str:
    do = step.do
    if not isinstance(do, Edit):
        return step.title
    return f"vi {do.path}" + (f" && refresh -s {do.rereads}" if do.rereads else "")
