"""What `fix`, `rollback` and `runs` have in common: whom they ask, how they refuse, and what they show at the end."""

import sys
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from nimdoctor.cli.interrupt import Interruption
from nimdoctor.cli.output import INTERRUPTED, Format, UsageError, lines, results_alone, say, width, write
from nimdoctor.model.wording import visible

if TYPE_CHECKING:
    from nimdoctor.applying.execute import RunResult
    from nimdoctor.library.registry import Registry
    from nimdoctor.planning.document import Plan, Refusal
    from nimdoctor.probe import Probe

REFUSED = 1
"""Exit status of a fix that was refused, stopped, restored or is waiting."""
UNDECIDED = 3
"""Exit status of a fix that has nothing to do as far as is known, which is not all."""


@results_alone()
def complete_fixes(incomplete: str) -> List[str]:
    from nimdoctor.library.registry import Registry

    return [fix.id for fix in Registry().fixes() if fix.id.startswith(incomplete)]


def known_fixes(registry: "Registry", names: Tuple[str, ...]) -> None:
    from nimdoctor.library.registry import close_ids

    fixes = registry.fixes()
    for name in names:
        if name in {fix.id for fix in fixes}:
            continue
        check = next((check for check in registry.checks() if check.id == name), None)
        if check and check.fix:
            raise UsageError(f"{name!r} is a check; its fix is {check.fix}: --only {check.fix}")
        close = close_ids(name, fixes)
        hint = f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(one.id for one in fixes)}"
        raise UsageError(f"there is no fix {name!r}{hint}")


def over_ssh(target: Optional[str], state_dir: Optional[str], probe: bool) -> bool:
    """Whether the target is reached over ssh. Raises UsageError for what cannot be done so."""
    if not target or not target.startswith("ssh:"):
        return False
    if state_dir is not None:
        from nimdoctor.evidence.catalog import STATE_DIRECTORY

        raise UsageError(f"--state-dir is for runs that are kept here: on {visible(target)} it is {STATE_DIRECTORY}")
    if probe:
        raise UsageError(
            f"--probe asks the network from the host that is repaired, and {visible(target)} is asked from here: give "
            "--master, or run nimdoctor fix on that host"
        )
    return True


def terminal() -> bool:
    return bool(sys.stdin and sys.stdin.isatty())


def answer_to(question: str, yes_does: str) -> str:
    """Why not, or empty when somebody at a terminal typed y or yes."""
    if not terminal():
        return f"nobody can be asked: no terminal; --yes {yes_does} without a question"
    print(f"{question} Type y or n: ", end="", file=sys.stderr, flush=True)
    said = sys.stdin.readline().strip().lower()
    return "" if said in ("y", "yes") else "the answer was not y or yes: nothing was changed"


def status_of(result: "RunResult", interrupted: Interruption) -> int:
    if result.good:
        return 0
    return INTERRUPTED if interrupted.noted else REFUSED


def failed_at(error: OSError) -> str:
    return f"{error.filename or 'the state directory'}: {error.strerror or error}"


def show_result(result: "RunResult", plan: "Plan", format: Format) -> None:
    if format is Format.JSON:
        from nimdoctor.report import plan_json

        write(plan_json.render_result(plan, result), None)
        return
    from nimdoctor.report.plan_text import render_result

    write(render_result(result, plan, width=width()), None)


def refuse(
    plan: "Optional[Plan]",
    reasons: List[str],
    format: Format,
    open_runs: Sequence[str] = (),
    probes: "Sequence[Probe]" = (),
) -> int:
    """Says why nothing was done: on stderr, and as a document where one is asked for."""
    for reason in reasons:
        say(lines(f"refused: {reason}"))
    if format is Format.JSON:
        from nimdoctor.report.plan_json import render_refused

        write(render_refused(plan, reasons, open_runs, probes), None)
    return REFUSED


def words_of(one: "Refusal") -> str:
    helps = f"; what helps: {one.run}" if one.run else ""
    return f"{one.step + ': ' if one.step else ''}needs: {one.must}, but {one.seen}{helps}"
