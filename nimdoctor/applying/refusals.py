"""What keeps a plan from being applied before anything is read, and how that is said."""

from typing import Iterable, List, Mapping, Sequence, Tuple

from nimdoctor.applying.custody import Suspicious
from nimdoctor.applying.runs import Run, believed
from nimdoctor.evidence.source import AIX, named_system
from nimdoctor.model import Role
from nimdoctor.planning.document import Plan, Refusal
from nimdoctor.planning.ends import Ends
from nimdoctor.planning.fix import Fix
from nimdoctor.planning.policy import allowed, commands_of, paths_of
from nimdoctor.planning.steps import RunCommand, Step
from nimdoctor.planning.typed import as_typed

COMMANDS = (
    ("nim", "-o", "cust"),
    ("nimclient", "-C"),
    ("nimclient", "-c"),
    ("nimclient", "-P"),
    ("nimclient", "-p"),
    ("nimconfig", "-C"),
    ("nimconfig", "-c"),
    ("niminit",),
)
"""Beginnings, in words, of every command that a step may run or be undone by; a fix that needs another says so in `runs`."""


class NotApplied(Exception):
    """Nothing was done: the plan is refused. `refusals` say why, one a reason."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(one.seen for one in refusals))
        self.refusals = tuple(refusals)


def refuse_up_front(plan: Plan, ends: Ends, uid: int, answered: Mapping[Role, Tuple[str, str]] = {}) -> List[Refusal]:
    """What forbids applying the plan before anything is read: whose machine this is, and who asks.

    `answered` are the ends that are changed over ssh: what each said of its system and of who asks (`uname -s`, `id -u`).
    """
    found: List[Refusal] = []
    for where in (Role.CLIENT, Role.MASTER):
        if not plan.touches(where):
            continue
        end = ends.ends.get(where)
        if where in answered:
            runs, user = answered[where]
            if runs != AIX:
                found.append(Refusal("", "the host runs AIX", f"the {where.value} runs {named_system(runs)}, not AIX"))
            if user != "0":
                found.append(
                    Refusal("", "ssh logs in as root", f"it logged in as user {ascii(user)[1:-1]}: ssh:root@HOST")
                )
        elif end is not None and end.remote:
            found.append(
                Refusal("", f"the {where.value} can be changed from here", f"the {where.value} is {end.target}, and the "
                        f"other end is not over ssh: nimdoctor fix {end.target} changes it alone")
            )  # fmt: skip
        elif end is None or not end.live:
            target = end.target if end else "not given"
            found.append(
                Refusal("", f"the {where.value} can be changed from here", f"the {where.value} is {target}: recorded "
                        "evidence cannot be changed; run nimdoctor fix on that host")
            )  # fmt: skip
        elif end.system is not None and end.system != AIX:
            found.append(Refusal("", "the host runs AIX", f"this host runs {named_system(end.system)}, not AIX"))
        elif end.system is not None and uid != 0:
            found.append(Refusal("", "nimdoctor runs as root", "not run as root: su - root, then again"))
    for step in plan.steps:
        aside = [step.do.half_made] if isinstance(step.do, RunCommand) and step.do.half_made else []
        for path in (*paths_of(step), *aside):
            if not allowed(path):
                found.append(
                    Refusal(step.id, "only paths that NIMSH over SSL uses are changed", f"{path} is none of them")
                )
    return found


def strange_commands(steps: Sequence[Step], fixes: Iterable[Fix]) -> List[Refusal]:
    """Commands of these steps that are none of `COMMANDS` and none that their fixes say they run: a plan on record may
    be older than this nimdoctor, or of a fix that is no longer installed.
    """
    runs = {fix.id: fix.runs for fix in fixes}
    found = []
    for step in steps:
        known = (*COMMANDS, *(beginning for name in step.fixes for beginning in runs.get(name, ())))
        for argv in commands_of(step):
            if not any(tuple(argv[: len(beginning)]) == beginning for beginning in known):
                found.append(
                    Refusal(step.id, "only commands that its fixes need are run", f"{as_typed(argv)} is none of them")
                )
    return found


def unfinished_words(recorded: Run) -> str:
    """What to do about an unfinished run, or one in doubt, with the commands."""
    run = believed(recorded)
    try:
        run.refuse_doubt()
    except Suspicious as error:
        return str(error)
    ways = [f"{as_typed(run.resuming)} goes on with it"] if run.resuming else []
    ways += [f"{as_typed(run.taking_back)} takes it back"] if run.taking_back else []
    return f"run {run.name} is {run.state}: {', '.join(ways)}"
