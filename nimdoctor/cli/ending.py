"""What `fix`, `rollback` and `runs` have in common: whom they ask, how they refuse, and what they show at the end."""

import sys
from typing import TYPE_CHECKING, List

from nimdoctor.cli.output import INTERRUPTED, Format, lines, results_alone, say, width, write
from nimdoctor.library.interruption import Interruption

if TYPE_CHECKING:
    from nimdoctor.library.errors import Refused
    from nimdoctor.library.session import Result

REFUSED = 1
"""Exit status of a fix that was refused, stopped, restored or is waiting."""


@results_alone()
def complete_fixes(incomplete: str) -> List[str]:
    from nimdoctor.library.registry import Registry

    return [fix.id for fix in Registry().fixes() if fix.id.startswith(incomplete)]


def terminal() -> bool:
    return bool(sys.stdin and sys.stdin.isatty())


def answer_to(question: str, yes_does: str) -> str:
    """Why not, or empty when somebody at a terminal typed y or yes."""
    if not terminal():
        return f"nobody can be asked: no terminal; --yes {yes_does} without a question"
    print(f"{question} Type y or n: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip().lower()
    return "" if answer in ("y", "yes") else "the answer was not y or yes: nothing was changed"


def status_of(result: "Result", interrupted: Interruption) -> int:
    return INTERRUPTED if result.exit_status and interrupted.noted else result.exit_status


def show_result(result: "Result", format: Format) -> None:
    if format is Format.JSON:
        from nimdoctor.report.plan_json import text

        write(text(result.to_dict()), None)
    elif result.ended:
        from nimdoctor.report.run_text import render_result

        write(render_result(result.ended, result.plan, width=width()), None)


def refuse(error: "Refused", format: Format) -> int:
    """Says why nothing was done: on stderr, and as a document where one is asked for."""
    for reason in error.reasons:
        say(lines(f"refused: {reason}"))
    if format is Format.JSON:
        from nimdoctor.report.plan_json import text

        write(text(error.to_dict()), None)
    return REFUSED
