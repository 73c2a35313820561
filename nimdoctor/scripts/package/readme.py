"""The README of a change package, in plain text, for those who approve the change."""

import textwrap
from typing import Iterator, List

from nimdoctor.model.wording import as_file_name
from nimdoctor.planning.document import Plan
from nimdoctor.planning.steps import Edit, Move, Remove, RunCommand, Step, Subsystem, Transient, unified_diff
from nimdoctor.scripts.package.part import Part, needed
from nimdoctor.scripts.quoting import comment, printable

_WIDTH = 96


def readme(plan: Plan, parts: List[Part]) -> str:
    """The whole text."""
    blocks: List[List[str]] = [
        _head(plan, parts),
        _why(plan),
        _what(plan),
        _impact(plan),
        _order(plan, parts),
        _test(plan),
        _BACK_OUT.splitlines(),
        _LACKS.splitlines(),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _wrapped(text: str, first: str = "", indent: str = "") -> List[str]:
    return textwrap.wrap(
        printable(text), _WIDTH, initial_indent=indent + first, subsequent_indent=indent + " " * len(first)
    ) or [indent + first.rstrip()]


def _head(plan: Plan, parts: List[Part]) -> List[str]:
    lines = ["NIMSH over SSL: a change package of nimdoctor", "=" * 45, ""]
    lines += [
        "NOT YET RUN ON AIX: tried under ksh93, mksh and dash against simulated hosts only.",
        "",
        f"Plan    {plan.id}",
    ]
    lines += [f"Change  {printable(plan.options.change)}"] if plan.options.change else []
    for part in parts:
        below = f", simulated below {printable(part.end.root)}" if part.end.root else ""
        lines.append(
            f"{part.where.value.capitalize():7} {printable(part.name)}, {printable(part.host.level or 'level not known')}{below}"
        )
    return lines


def _why(plan: Plan) -> List[str]:
    if not plan.findings:
        return ["WHY", "", "No finding calls for it: these fixes were asked for by name."]
    lines = ["WHY"]
    for found in plan.findings:
        lines += ["", *_wrapped(f"{found.check} ({found.where.value}): {found.title}"), *_wrapped(found.message, "  ")]
        for source, line, text in found.evidence:
            at = f" line {line}" if line is not None else ""
            lines += comment(f"{source}{at}: {text}", "  | ")
    return lines


def _what(plan: Plan) -> List[str]:
    lines = ["WHAT IS DONE, IN THIS ORDER"]
    returned = False
    for number, step in enumerate(plan.steps, 1):
        if step.no_undo and not step.restores and not returned:
            returned = True
            lines += [
                "",
                "---- POINT OF NO RETURN: from here on neither this step nor what came before is taken back ----",
            ]
        lines += ["", *_wrapped(f"{step.where.value}: {step.title}", f"{number}. ")]
        lines += [line for text in _step(step) for line in text]
        edit = step.do.edit if isinstance(step.do, Transient) else step.do
        if isinstance(edit, Edit):
            lines += [line for text in unified_diff(edit) for line in comment(text, "     ")]
    return lines


def _step(step: Step) -> Iterator[List[str]]:
    rows = [("does", _done(step)), ("why", step.why)]
    rows += [("needs", one.words()) for one in needed(step)]
    rows += [("shown by", one.words()) for one in step.verify]
    rows += [("effect", step.effect), ("undo", f"NONE: {step.no_undo}" if step.no_undo else step.undo or "none needed")]
    for name, text in [*rows, ("impact", step.impact), ("risk", step.risk)]:
        yield _wrapped(text, f"{name:10}", "   ")


def _done(step: Step) -> str:
    do = step.do
    edit = do.edit if isinstance(do, Transient) else do
    if isinstance(edit, Edit):
        again = f", then refresh -s {edit.rereads}" if edit.rereads else ""
        return f"changes {edit.path} as shown below{again}"
    if isinstance(do, RunCommand):
        shown = " ".join(f'"{word}"' if " " in word else word for word in do.argv)
        return f"{shown} (at most {do.deadline} s)"
    if isinstance(do, Move):
        return f"renames {do.path} to {do.to}"
    if isinstance(do, Remove):
        return f"removes {do.path}, of which a backup is kept"
    if isinstance(do, Subsystem):
        return "; ".join(" ".join(argv) for argv in do.commands)
    return "takes back what was opened for a time, unless somebody is using it"


def _impact(plan: Plan) -> List[str]:
    lines = ["IMPACT", "", f"  The riskiest step is of risk {plan.risk}."]
    if plan.affects:
        lines += ["", f"  OTHER CLIENTS THAT LOSE THEIR PUSH UNTIL THEY HAVE FOLLOWED: {len(plan.affects.clients)}"]
        lines += _wrapped(plan.affects.why, indent="  ")
        lines += ["  On each, by ssh or console, as root:"]
        lines += [f"    {printable(name)}: clients/{as_file_name(name)}.ksh" for name in plan.affects.clients]
        lines += ["  or by hand: " + "; ".join(printable(" ".join(argv)) for argv in plan.affects.cure)]
    for text in plan.cautions:
        lines += comment(text, "  ")
    for one in plan.advice:
        lines += _wrapped(f"not done by this plan: {one.text}", indent="  ")
        lines += comment(one.run, "    ") if one.run else []
    for refusal in plan.refusals:
        lines += _wrapped(f"did not hold when the plan was made: {refusal.must}, but {refusal.seen}", indent="  ")
    return lines


def _order(plan: Plan, parts: List[Part]) -> List[str]:
    lines = ["ORDER", "", "  Copy the directory of a host, or this one where there is only one, to it; there, as root:"]
    doing = [part for part in parts if part.steps]
    for part in doing:
        other = next((one for one in parts if one is not part and one.for_others), None)
        if other is not None:
            lines.append(
                f"    on {printable(other.name)}: ksh {other.directory}check.ksh      reads only; its OK counts for 15 minutes"
            )
        number = f" --affects {len(plan.affects.clients)}" if plan.affects and part is doing[0] else ""
        lines.append(f"    on {printable(part.name)}: ksh {part.directory}apply.ksh{number}")
    return [*lines, *_RUNNING.splitlines()]


def _test(plan: Plan) -> List[str]:
    lines = ["TEST", "", "  Before: apply.ksh --check reads every guard on that host and changes nothing."]
    proof = "; ".join(plan.pushes) or "a push, as nim -o lslpp CLIENT on the master"
    return [*lines, *_wrapped(f"Afterwards: only a push proves it: {proof}", indent="  ")]


_RUNNING = """\
  apply.ksh first reads every guard of every step; the first that does not hold or cannot be told ends it, and nothing is
  changed. It asks whether check.ksh said OK on the other end; --yes says yes. Each command has a deadline. From the first
  change on Ctrl-C and a lost terminal wait until no step is half-way that needs another one: from crypto off to crypto on,
  while new certificates are made, while tftp is open for a time. Then it puts back what can be, and says where things stand.
  Started again it has nothing to do; after a kill it puts back what was begun, and the start after that does everything;
  steps that make new certificates it brings to their end instead. Exit status: 0 done and seen to be, or nothing was left to
  do; 1 refused, stopped or failed: the last lines say which."""

_BACK_OUT = """\
BACK-OUT

  A step that fails, or is not seen to have worked, has everything put back that lies behind the last step without undo, in
  reverse; nimsh is started where it ran. After the end: rollback.ksh takes back the same steps, says what stands (exit
  status 1 then) and refuses, with the difference, a file that somebody has changed since. From the first to the last step that makes
  new certificates there is no way back: apply.ksh again, when the cause is mended.
  Backups, marks and what commands said: /var/adm/nimdoctor/changes/ and the first 16 digits of the plan, root's alone."""

_LACKS = """\
WHAT IT LACKS AGAINST nimdoctor fix --apply

  No journal that is flushed record by record: after a crash of the machine the last mark may be missing. No going on inside
  a block: what was cut off is put back first. No scan afterwards, and no comparison of both ends' certificates: a push shows
  it. Files are compared by cksum and size. On the other end nothing is read while this one is changed: that is what check.ksh
  and its 15 minutes are for."""
