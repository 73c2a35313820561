"""The scripts of a plan: apply.ksh, rollback.ksh and one for each client that must follow."""

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional

from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.evidence.shell import NO_ALIASES
from nimdoctor.model.wording import as_file_name
from nimdoctor.scripts.library import functions, with_library
from nimdoctor.scripts.quoting import comment, quoted, said, words
from nimdoctor.scripts.steps import KshStep, numbered

SETTLING = 4
"""Times, a second apart, that the proofs of a step are read before it counts as failed."""

_CHECKED_BY = """\
# chains of conditions; texts of the plan, in which nothing is to be expanded; functions called by a name put together
# shellcheck disable=SC2015,SC2016,SC2034,SC2317
"""
_TAIL = """\
begin_script
# not in a function: ksh88 would take the last for the end of that function
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP
trap 'let_go' EXIT
main "$@"
"""


class ScriptEnd(NamedTuple):
    """An end as a script sees it. `root` is None or empty for the host itself, else the directory that holds
    its files; `state` its state directory, absolute where the script runs; `here` is False for recorded
    evidence and for another machine.
    """

    root: Optional[str]
    state: str
    here: bool


def apply_script(plan: Mapping[str, Any], ends: Mapping[str, ScriptEnd]) -> str:
    """apply.ksh. Raises ValueError for what no script can do."""
    steps = numbered(plan)
    about = [
        "Carries out a plan of nimdoctor step by step, and proves each by a fresh read.",
        "Usage: apply.ksh [client|master] [--affects N] [--next] [--yes]",
        "Without an end: all steps of the ends that are here. Started again it goes on where it was;",
        "when all is done it changes nothing. See README; rollback.ksh takes back what can be.",
    ]
    bodies: List[str] = []
    for one in steps:
        bodies.append("\n".join(one.heading(len(steps))) + "\n")
        bodies += one.forward()
    return _script("apply.ksh", plan, ends, about, steps, bodies, functions("apply.sh").values())


def rollback_script(plan: Mapping[str, Any], ends: Mapping[str, ScriptEnd]) -> str:
    """rollback.ksh. Raises ValueError for what no script can do."""
    steps = numbered(plan)
    about = [
        "Takes back what apply.ksh did, last step first, down to the last step that cannot be undone.",
        "Usage: rollback.ksh [client|master] [--yes]",
        "A file that is no longer as apply.ksh left it is refused, with a diff. Started again it changes nothing.",
    ]
    bodies = []
    for one in steps:
        bodies.append("\n".join(one.heading(len(steps))) + "\n")
        bodies += one.backward()
    return _script("rollback.ksh", plan, ends, about, steps, bodies, functions("rollback.sh").values())


def client_script(name: str, plan: Mapping[str, Any]) -> str:
    """What one affected client must run: the cure, then the proof that nimsh runs with -c."""
    affects = plan["affects"]
    about = [
        f"For the client {said(name)}, on that client, as root, after apply.ksh has run on its master.",
        f"why: {affects['why']}",
        "Usage: NAME.ksh [--yes]",
        "It ends with the word followed; then, on the master: nimdoctor runs --followed NAME",
    ]
    cure = "cure() {\n"
    for argv in affects["cure"]:
        cure += "".join(f"    {line}\n" for line in comment(f"{' '.join(argv)}: {affects['why']}"))
        cure += f"    run_command client 300 {words(argv)} || return 1\n"
    cure += "}\n"
    ends = {"client": ScriptEnd(None, STATE_DIRECTORY, True)}
    own = [cure, *functions("client.sh").values()]
    variables = [f"THIS={quoted(name)}"]
    return _assembled(as_file_name(name) + ".ksh", plan, ends, about, variables, own)


def _script(
    name: str,
    plan: Mapping[str, Any],
    ends: Mapping[str, ScriptEnd],
    about: List[str],
    steps: List[KshStep],
    bodies: List[str],
    own: Iterable[str],
) -> str:
    affects = plan.get("affects") or {}
    clients = affects.get("clients") or []
    known = (plan.get("options") or {}).get("affects")
    variables = [
        f"STEPS={quoted(' '.join(str(one.number) for one in steps))}",
        f"AFFECTED={len(clients) or quoted('')} AFFECTED_NAMES={quoted(said(' '.join(clients)))}",
        f"AFFECTS_KNOWN={quoted(str(known) if known is not None else '')}",
        f"PUSHES={quoted(said('; '.join(plan.get('pushes') or ())))}",
    ]
    table = "step() {\n    case $1 in\n" + "\n".join(one.facts() for one in steps) + "\n    esac\n}\n"
    head = "# step N: what is fixed about it\n" + table
    return _assembled(name, plan, ends, about, variables, [head, *bodies, *own])


def _assembled(
    name: str,
    plan: Mapping[str, Any],
    ends: Mapping[str, ScriptEnd],
    about: List[str],
    variables: List[str],
    own: List[str],
) -> str:
    lines = ["#!/bin/ksh", f"# {said(name)}"]
    lines += [line for text in about for line in comment(text)]
    lines += comment(f"Plan {plan['id']}")
    for where, host in (plan.get("hosts") or {}).items():
        level = (plan.get("levels") or {}).get(where) or "level not known"
        lines += comment(f"{where}: {host['name']} ({host['target'] or 'this host'}), {level}")
    lines += ["# Not yet run on AIX: tried under ksh93, mksh and dash against simulated hosts.", _CHECKED_BY]
    lines += [
        NO_ALIASES,
        f"NAME={quoted(said(name))}",
        f"PLAN={quoted(str(plan['id']))}",
        f"PLAN16={quoted(str(plan['id'])[:16])}",
        f"SETTLING={SETTLING}",
        *variables,
        *_ends(ends),
        "",
    ]
    own = [*own, _TAIL]
    return "\n".join(lines) + "\n" + "\n".join([*with_library("\n".join(own)), *own])


def _ends(ends: Mapping[str, ScriptEnd]) -> List[str]:
    lines = []
    for where in ("client", "master"):
        end = ends.get(where)
        values: Dict[str, str] = {
            "ROOT": (end.root or "").rstrip("/") if end else "",
            "STATE": end.state if end else "",
            "HERE": "none" if end is None else "yes" if end.here else "no",
        }
        lines.append(" ".join(f"{where.upper()}_{name}={quoted(value)}" for name, value in values.items()))
    return lines
