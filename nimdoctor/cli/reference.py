"""`nimdoctor checks`, `explain`, `schema` and `demo`: what it looks for, what it knows, how a repair goes."""

import json
import pkgutil
import sys
from enum import Enum
from typing import List, Optional

import typer

from nimdoctor.cli.output import FAILED, UsageError, results_alone, say, width, write
from nimdoctor.library.interruption import end_like_ctrl_c
from nimdoctor.model.text import decode
from nimdoctor.model.wording import visible

PASTED = 1 << 20
"""Bytes of a text on standard input that are read."""


class ListFormat(str, Enum):
    """How the list of checks is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class Document(str, Enum):
    """What nimdoctor writes as JSON, by the shape of it that is published."""

    REPORT = "report"
    FAILURE = "failure"
    FLEET = "fleet"
    PLAN = "plan"
    RUNS = "runs"


def checks(
    format: ListFormat = typer.Option(ListFormat.TEXT, help="text is a table; the others say all of each check."),
) -> int:
    """List every check: id, end, severity and title."""
    from nimdoctor.library.registry import Registry

    registry = Registry()
    found, fixes = registry.checks(), registry.fixes()
    if format is ListFormat.TEXT:
        from tabulate import tabulate

        rows = [[one.id, one.role.value, one.severity.value, one.fix or "-", one.title] for one in found]
        write(tabulate(rows, headers=["Check", "End", "Severity", "Fix", "Finds"], tablefmt="simple") + "\n", None)
    elif format is ListFormat.JSON:
        from nimdoctor.manual.checks_document import described

        records = [described(one, registry.catalog, fixes) for one in found]
        write(json.dumps(records, indent=2) + "\n", None)
    else:
        from nimdoctor.manual.checks_document import markdown

        write(markdown(found, registry.catalog, fixes), None)
    for broken in registry.broken:
        say(f"plug-in {broken.name}: {broken.reason}")
    return 0


@results_alone()
def _complete_topics(incomplete: str) -> List[str]:
    from nimdoctor.library.registry import Registry

    registry = Registry()
    from nimdoctor.manual.topic_pages import topics

    ids = [*(check.id for check in registry.checks()), *(fix.id for fix in registry.fixes())]
    ids += [topic.id for topic in topics()]
    return [id for id in ids if id.startswith(incomplete)]


def explain(
    words: Optional[List[str]] = typer.Argument(
        None,
        metavar="ID|MESSAGE",
        help="A check, a fix, a topic, a message number, a CVE, an APAR, or lines of a log; - reads them.",
        autocompletion=_complete_topics,
    ),
) -> int:
    """Teach about a check, a fix or a topic, or say what messages and lines mean."""
    from nimdoctor.library.registry import Registry
    from nimdoctor.manual.explain import explain as teach

    if words and words != ["-"]:
        query = " ".join(words)
    elif sys.stdin is not None and (words or not sys.stdin.isatty()):
        query = decode(sys.stdin.buffer.read(PASTED))
    else:
        query = ""
    if not query.strip():
        raise UsageError("explain what? Give an id, a message number or a line; - reads lines from standard input")
    registry = Registry()
    explanation = teach(query, registry.checks(), registry.catalog, registry.fixes())
    if not explanation.found:
        raise UsageError(explanation.text.strip())
    write(explanation.text.rstrip("\n") + "\n", None)
    return 0


def schema(document: Document = typer.Argument(..., help="Which JSON it is of.")) -> int:
    """Print the JSON Schema of what nimdoctor writes."""
    found = pkgutil.get_data("nimdoctor.report", f"{document.value}-1.schema.json")
    write((found or b"").decode("ascii"), None)
    return 0


def _complete_scenarios(incomplete: str) -> List[str]:
    from nimdoctor.cli.demo import SCENARIOS

    return [name for name in (*SCENARIOS, "list") if name.startswith(incomplete)]


class _CannotShow(UsageError):
    """The simulated hosts cannot be built here."""

    status = FAILED


def demo(
    scenario: Optional[str] = typer.Argument(
        None, metavar="[SCENARIO]", help="What is the matter; `list` names all.", autocompletion=_complete_scenarios
    ),
) -> int:
    """Show a repair from scan to proof on simulated hosts; needs no AIX."""
    from nimdoctor.cli import demo as shown

    if scenario == "list":
        from tabulate import tabulate

        write(tabulate(shown.SCENARIOS.items(), tablefmt="plain", maxcolwidths=[None, width() - 28]) + "\n", None)
        return 0
    wanted = shown.DEFAULT if scenario is None else scenario
    if not shown.known(wanted):
        raise UsageError(f"there is no scenario {wanted!r}; there are {', '.join(shown.SCENARIOS)}")
    restore = end_like_ctrl_c()
    try:
        wrong = shown.show(wanted, lambda line: write(line + "\n", None), width())
    except shown.LabCannotBeBuilt as error:
        raise _CannotShow(f"the simulated hosts cannot be built: {visible(str(error))}") from error
    except OSError as error:
        raise _CannotShow(
            f"the simulated hosts cannot be built: {error.filename or ''}: {error.strerror or error}"
        ) from error
    finally:
        restore()
    return 1 if wrong else 0
