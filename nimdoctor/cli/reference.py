"""`nimdoctor checks`, `explain` and `demo`: what it looks for, what it knows, how it works."""

from typing import List, Optional

import typer

from nimdoctor.cli.output import Format, UsageError, say, write
from nimdoctor.cli.scan import RoleOption, SeverityOption, complete_ids, scan


def checks() -> int:
    """List every check: id, end, severity and title."""
    from tabulate import tabulate

    from nimdoctor.registry import Registry

    registry = Registry()
    rows = [
        [found.id, found.role.value, found.severity.value, found.fix or "-", found.title] for found in registry.checks()
    ]
    write(tabulate(rows, headers=["Check", "End", "Severity", "Fix", "Finds"], tablefmt="simple") + "\n", None)
    for broken in registry.broken:
        say(f"plug-in {broken.name}: {broken.reason}")
    return 0


def explain(
    words: List[str] = typer.Argument(
        ...,
        metavar="ID|MESSAGE",
        help="A check's id, a message number, or a line of a log.",
        autocompletion=complete_ids,
    ),
) -> int:
    """Teach about a check, or say what a message or a log line belongs to."""
    from nimdoctor.explain import explain as teach
    from nimdoctor.registry import Registry

    registry = Registry()
    explanation = teach(" ".join(words), registry.checks(), registry.catalog)
    if not explanation.found:
        raise UsageError(explanation.text.strip())
    write(explanation.text.rstrip("\n") + "\n", None)
    return 0


def _complete_scenarios(incomplete: str) -> List[str]:
    from nimdoctor.demo import scenarios

    return [name for name in scenarios() if name.startswith(incomplete)]


def demo(
    scenario: Optional[str] = typer.Argument(
        None, metavar="[SCENARIO]", help="Which embedded sample; `list` names them.", autocompletion=_complete_scenarios
    ),
) -> int:
    """Scan an embedded sample client together with its master; needs no AIX."""
    from nimdoctor import demo as samples

    names = samples.scenarios()
    if scenario == "list":
        write("\n".join(names) + "\n", None)
        return 0
    wanted = scenario or samples.DEFAULT
    if wanted not in names:
        raise UsageError(f"there is no scenario {wanted!r}; there are {', '.join(names)}")
    client, master = samples.directories(wanted)
    write(samples.introduction(wanted), None)
    scan([client], master=master, role=RoleOption.AUTO, check=None, skip=None, format=Format.TEXT, output=None,
         fail_on=SeverityOption.MEDIUM, timeout=30.0, probe=False)  # fmt: skip
    return 0
