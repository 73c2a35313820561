"""The README of a plan's scripts, in plain text, for change management."""

import textwrap
from typing import Any, Iterator, List, Mapping

from nimdoctor.model.wording import as_file_name
from nimdoctor.scripts.quoting import comment, said
from nimdoctor.scripts.script import ScriptEnd
from nimdoctor.scripts.steps import KshStep, numbered, stretches

_WIDTH = 96


def readme(plan: Mapping[str, Any], ends: Mapping[str, ScriptEnd]) -> str:
    """The whole text."""
    steps = numbered(plan)
    parts: List[List[str]] = [
        _head(plan, ends),
        _why(plan),
        _steps(plan, steps),
        _affected(plan),
        _cautions(plan),
        _how(plan, ends, steps),
        _REFUSES.splitlines(),
        _BACK.splitlines(),
        _STATE.splitlines(),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _wrapped(text: str, indent: str = "", first: str = "") -> List[str]:
    return textwrap.wrap(
        said(text), _WIDTH, initial_indent=indent + first, subsequent_indent=indent + " " * len(first)
    ) or [indent + first.rstrip()]


def _head(plan: Mapping[str, Any], ends: Mapping[str, ScriptEnd]) -> List[str]:
    lines = [
        "NIMSH over SSL: a plan of nimdoctor as scripts",
        "==============================================",
        "",
        "NOT YET RUN ON AIX. The scripts were tried under ksh93, mksh and dash against simulated hosts only.",
        "",
        f"Plan    {plan['id']}",
    ]
    change = (plan.get("options") or {}).get("change")
    lines += [f"Change  {said(change)}"] if change else []
    for where, host in (plan.get("hosts") or {}).items():
        end = ends.get(where)
        place = "" if end is None or not end.root else f", simulated below {said(end.root)}"
        level = (plan.get("levels") or {}).get(where) or "level not known"
        lines.append(f"{where.capitalize():7} {said(host['name'] or 'name not known')}, {said(level)}{place}")
    return lines


def _why(plan: Mapping[str, Any]) -> List[str]:
    findings = plan.get("findings") or ()
    if not findings:
        return ["WHY", "", "No finding calls for it: these fixes were asked for by name."]
    lines = ["WHY"]
    for finding in findings:
        lines += ["", *_wrapped(f"{finding['check']} ({finding['where']}): {finding['title']}")]
        lines += _wrapped(finding["message"], "  ")
        for quote in finding["evidence"]:
            at = f" line {quote['line']}" if quote["line"] is not None else ""
            lines += comment(f"{quote['source']}{at}: {quote['text']}", "  | ")
    return lines


def _steps(plan: Mapping[str, Any], steps: List[KshStep]) -> List[str]:
    lines = ["WHAT IS DONE, IN THIS ORDER"]
    returned = False
    for one in steps:
        step = one.step
        if one.no_undo and not returned:
            returned = True
            lines += [
                "",
                "---- POINT OF NO RETURN: once the next step is done, neither it nor what came before is taken back ----",
            ]
        lines += ["", *_wrapped(f"{one.where}: {step['title']}", "", f"{one.number}. ")]
        lines += _wrapped(_done(one), "   ", "does       ")
        lines += _wrapped(step["why"], "   ", "why        ")
        for word, name in (("needs", "before"), ("just then", "then"), ("proved by", "verify")):
            for condition in step[name]:
                lines += _wrapped(condition["says"], "   ", f"{word:11}")
        lines += _wrapped(step["effect"], "   ", "effect     ")
        undo = f"NONE: {one.no_undo}" if one.no_undo else step["undo"] or "none needed"
        lines += _wrapped(undo, "   ", "undo       ")
        lines += _wrapped(step["impact"], "   ", "impact     ")
        lines += _wrapped(step["risk"], "   ", "risk       ")
        if one.edit:
            lines += [line for text in one.edit.get("diff") or () for line in comment(text, "     ")]
    return lines


def _done(one: KshStep) -> str:
    do = one.do
    edit = one.edit
    if edit:
        again = f", then refresh -s {edit['rereads']}" if edit["rereads"] else ""
        return f"changes {edit['path']} as shown below{again}"
    if one.opened:
        return f"takes back what step {one.opened.number} changed, unless somebody is using it"
    if one.kind == "run":
        shown = " ".join(f'"{word}"' if " " in word else word for word in do["argv"])
        return f"{shown} (at most {do['deadline']} s)"
    if one.kind == "move":
        return f"renames {do['path']} to {do['to']}"
    if one.kind == "remove":
        return f"removes {do['path']}, of which a backup is kept"
    return f"{do['action']} of {do['name']}"


def _affected(plan: Mapping[str, Any]) -> List[str]:
    affects = plan.get("affects")
    if not affects:
        return []
    clients = affects["clients"]
    lines = [f"OTHER CLIENTS THAT LOSE THEIR PUSH UNTIL THEY HAVE FOLLOWED: {len(clients)}", ""]
    lines += _wrapped(affects["why"], "  ")
    lines += ["  On each, by ssh or console, as root:"]
    lines += [f"    {said(name)}: clients/{as_file_name(name)}.ksh" for name in clients]
    lines += ["  or by hand: " + "; ".join(said(" ".join(argv)) for argv in affects["cure"])]
    return lines


def _cautions(plan: Mapping[str, Any]) -> List[str]:
    lines: List[str] = []
    for text in plan.get("cautions") or ():
        lines += ["", *comment(text, "  ")]
    for one in plan.get("advice") or ():
        lines += ["", *_wrapped(f"not done by this plan: {one['text']}", "  ")]
        if one.get("run"):
            lines += comment(one["run"], "    ")
    for refusal in plan.get("refusals") or ():
        lines += ["", *_wrapped(f"did not hold when the plan was made: {refusal['must']}, but {refusal['seen']}", "  ")]
    return ["KEEP IN MIND", *lines] if lines else []


def _how(plan: Mapping[str, Any], ends: Mapping[str, ScriptEnd], steps: List[KshStep]) -> List[str]:
    affects = plan.get("affects")
    number = f" --affects {len(affects['clients'])}" if affects else ""
    lines = ["HOW TO RUN IT", "", "  Copy this directory to the host; as root:"]
    lines += [f"    {line}" for line in _order(ends, steps, number)]
    lines += [
        "  On a terminal it shows the steps and asks; --yes answers yes. Without a terminal it asks nothing.",
        "  Interrupted or killed, it is started again in the same way and goes on where it was.",
        "  Exit status: 0 every step was done and seen to be, or nothing was left to do; 1 refused, restored or",
        "  stopped, and the last lines say which; 2 wrong usage.",
    ]
    return lines


def _order(ends: Mapping[str, ScriptEnd], steps: List[KshStep], number: str) -> Iterator[str]:
    """The command lines in order, one for each stretch of steps on one end."""
    if all(where in ends and ends[where].here for where in {one.where for one in steps}):
        yield f"ksh ./apply.ksh{number}"
        return
    for where, again in stretches(steps):
        yield f"ksh ./apply.ksh {where}{number}{' --next' if again else ''}    (on the {where})"


_REFUSES = """\
WHAT IT REFUSES

  Nothing is done when: the script does not run as root on AIX; another run, or an unfinished run of
  nimdoctor, holds the host; a precondition above does not hold or cannot be told; a file is a link, has
  several names or other bytes than the plan was made from; there is no room for the backups; the level of
  a host is not the plan's; a push, an installation or a nim command runs. Conditions about a host that is
  not reached from where the script runs are said as notes."""

_BACK = """\
HOW TO ROLL BACK

    ksh ./rollback.ksh
  takes back the steps last first, down to the last one that cannot be undone, and says what stands (exit
  status 1 then). A file that somebody changed since is left alone, and the difference shown. Between the
  first and the last step that make new certificates there is no way back: apply.ksh goes on with them.
  When a step of apply.ksh fails it takes back by itself what can be."""

_STATE = """\
WHERE THINGS ARE KEPT

  STATE/scripts/ and the first 16 digits of the plan, STATE being /var/adm/nimdoctor of the host: backup/ has
  the files as they were, log/ what commands said, begun.N and done.N the marks of the steps."""
