"""One step as lines of shell: what is done and seen, and the way back."""

from typing import Dict, Iterator, List

from nimdoctor.planning.client_crypto import CRYPTO_OFF
from nimdoctor.planning.conditions import BootRow, Condition, CryptoIs, FileAbsent, FileIs, ModeIs, NotHardened, PushIs
from nimdoctor.planning.conditions.base import shell_of
from nimdoctor.planning.policy import allowed, paths_of
from nimdoctor.planning.steps import Change, Edit, Move, Remove, RunCommand, Step, Subsystem, Transient
from nimdoctor.scripts.package.part import Part
from nimdoctor.scripts.quoting import awk_string, comment, printable, quoted, words

UNDO_DEADLINE = 300
"""Seconds that a command has that takes another back."""


def condition_line(verb: str, one: Condition, part: Part) -> str:
    """The condition as a guard, or as what must be seen."""
    shell = shell_of(one)
    if isinstance(one, NotHardened) and part.hardened:
        shell = ("never", printable(part.hardened))
    return f"{verb} {quoted(printable(one.words()))} {words(shell)}"


def heading(number: int, step: Step, total: int) -> List[str]:
    """The comment above a step: why, how it is undone, what it risks."""
    undo = "none needed: it takes back what was opened" if step.restores else step.undo or f"NONE: {step.no_undo}"
    lines = [f"# ---- {number} of {total}", *comment(f"why: {step.why}"), *comment(f"undo: {undo}")]
    return [*lines, *comment(f"impact: {step.impact}; risk: {step.risk}")]


def forward(number: int, step: Step, part: Part) -> Iterator[str]:
    """What does the step, and shows that it worked."""
    for path in paths_of(step):
        if not allowed(path):
            raise ValueError(f"step {step.id}: {path} is none of the paths that nimdoctor changes")
    failed = "stay" if step.leg else "put_back"
    do = step.do
    if _new(step):
        yield f'present {words(_new(step))} > "$STATE/there.{number}"'
    yield f"step {number} {quoted(printable(step.title))} || {failed}"
    if step.leg:
        yield from _leg(step, part)
        return
    if isinstance(do, Transient) and do.of:
        opened = part.steps[_opening(part, do.of) - 1].do
        assert isinstance(opened, Transient) and opened.edit is not None
        guards = " && ".join(words(shell_of(one)) for one in part.own(step.then)) or "true"
        yield f'{{ {guards}; }} || not_back {quoted(_by_hand(opened.edit))} "(left open: $SEEN)"'
        yield f'[ -n "$STAYS" ] || {_edit_back(opened.edit)}'
        return
    if number > 1:
        yield from (f"{condition_line('see', one, part)} || {failed}" for one in part.own(step.then))
    edit = do.edit if isinstance(do, Transient) else do
    if isinstance(edit, Edit):
        yield f"edit {words([edit.path, edit.old_cksum, edit.new_cksum])} {_program(edit)} || {failed}"
        if edit.rereads:
            yield f"run 60 refresh -s {quoted(edit.rereads)} || {failed}"
    elif isinstance(do, Remove):
        yield f"remove {quoted(do.path)} || {failed}"
    elif isinstance(do, Move):
        yield f"move {words([do.path, do.to])} || {failed}"
    elif isinstance(do, RunCommand):
        skip = "crypto_is off || " if do.argv == CRYPTO_OFF else ""
        if do.half_made:
            yield f'half_aside {quoted(do.half_made)} && : > "$STATE/tried" || {failed}'
        yield f"{skip}run {do.deadline} {words(do.argv)} || {failed}"
    elif isinstance(do, Subsystem):
        for argv in do.commands:
            yield f"run 60 {words(argv)} || {failed}"
            if argv[0] == "stopsrc" and len(do.commands) > 1:
                yield f"see 'it has ended' subsystem_is {quoted(do.name)} no || {failed}"
    seen = [one for one in part.own(step.verify) if not (isinstance(edit, Edit) and isinstance(one, FileIs))]
    yield from (f"{condition_line('see', one, part)} || {failed}" for one in seen)
    for one in step.verify:
        if one.where is not step.where:
            yield f"say {quoted(printable(f'to be seen on the {one.where.value}: {one.words()}'))}"


def _leg(step: Step, part: Part) -> Iterator[str]:
    """A step of the recycle leg, which goes on where an earlier start was cut off: SSL off, the old tree aside, SSL on."""
    do = step.do
    seen = [condition_line("see", one, part) for one in part.own(step.verify)]
    old = next(one.do.to for one in part.steps if one.leg and isinstance(one.do, Move))
    if isinstance(do, Move):
        yield f"anything {quoted(old)} || move {words([do.path, do.to])} || stay"
    elif isinstance(do, RunCommand) and do.half_made:
        holds = " && ".join(words(shell_of(one)) for one in part.own(step.verify))
        yield f"if ! {{ {holds}; }}; then"
        yield f'    half_aside {quoted(do.half_made)} && file_absent /ssl_nimsh && : > "$STATE/tried" || stay'
        yield f"    run {do.deadline} {words(do.argv)} || stay"
        yield "fi"
        yield from (f"{one} || stay" for one in seen)
    elif isinstance(do, RunCommand):
        holds = " && ".join(words(shell_of(one)) for one in part.own(step.verify))
        yield f"anything {quoted(old)} || {f'{{ {holds}; }}' if len(seen) > 1 else holds} || run {do.deadline} {words(do.argv)} || stay"
        yield from (f"anything {quoted(old)} || {one} || stay" for one in seen)
    else:
        raise ValueError(f"step {step.id} cannot be part of a leg")


def backward(number: int, step: Step) -> Iterator[str]:
    """The way back from a step, where there is one; each line changes nothing where it has nothing to take back."""
    do = step.do
    edit = do.edit if isinstance(do, Transient) else do
    if isinstance(edit, Edit):
        yield _edit_back(edit)
    elif isinstance(do, Move) and not step.leg:
        yield f"move_back {words([do.path, do.to])}"
    elif isinstance(do, Remove):
        yield f"remove_back {quoted(do.path)}"
    elif isinstance(do, RunCommand) and not step.leg:
        yield from _run_back(number, step)
    elif isinstance(do, Subsystem) and do.action in ("start", "stop") and not step.no_undo:
        state, command = ("no", "stopsrc") if do.action == "start" else ("yes", "startsrc")
        yield f"subsystem_is {quoted(do.name)} {state} || run 60 {command} -s {quoted(do.name)} || not_back {command} -s {quoted(do.name)}"


def _run_back(number: int, step: Step) -> Iterator[str]:
    do = step.do
    assert isinstance(do, RunCommand)
    for action in do.undo if do.undo and not step.no_undo else do.repair:
        if action.argv:
            former = _former(step)
            yield f"{former}run {UNDO_DEADLINE} {words(action.argv)} || not_back {words(action.argv)}"
        if action.new:
            yield f"new_gone {number} {words(_new(step))}"


def _former(step: Step) -> str:
    """What is seen where the command did nothing, so that nothing is to be undone."""
    for one in step.verify:
        if isinstance(one, (CryptoIs, PushIs)):
            return words(one._replace(on=not one.on).shell()) + " || "
        if isinstance(one, BootRow):
            return words(one._replace(present=not one.present).shell()) + " || "
    return ""


def as_left(step: Step, part: Part) -> Iterator[str]:
    """What must still be as the step left it before it is taken back by somebody."""
    do = step.do
    if isinstance(do, Edit):
        yield f"guard {quoted(f'{do.path} is as it was left')} as_left {words([do.path, do.new_cksum])}"
    elif isinstance(do, Move):
        yield condition_line("guard", FileAbsent(step.where, do.path), part)
    elif isinstance(do, RunCommand):
        yield from (condition_line("guard", one, part) for one in step.verify if isinstance(one, ModeIs))


def starts_nimsh(step: Step) -> bool:
    """Whether nimsh is started again where that step is taken back."""
    do = step.do
    return isinstance(do, RunCommand) and any(one.start == "nimsh" for one in (*do.undo, *do.repair))


def _new(step: Step) -> List[str]:
    """Patterns of what the step brings."""
    do = step.do
    actions = (*do.undo, *do.repair) if isinstance(do, RunCommand) else ()
    return list(dict.fromkeys(name for one in actions for name in one.new))


def _opening(part: Part, closes: str) -> int:
    found = next((at for at, one in part.numbered() if one.id == closes), 0)
    if not found:
        raise ValueError(f"what step {closes!r} opens is not opened on the {part.where.value}")
    return found


def _edit_back(edit: Edit) -> str:
    line = f"edit_back {words([edit.path, edit.new_cksum])}"
    if edit.rereads:
        again = f"refresh -s {quoted(edit.rereads)}"
        line += f" && {{ run 60 {again} || not_back {again}; }}"
    return line


def _by_hand(edit: Edit) -> str:
    return f"take the lines out of {edit.path} again" + (f", refresh -s {edit.rereads}" if edit.rereads else "")


def _program(edit: Edit) -> str:
    """The edit as a program of awk; the sum of what it makes decides, so lines are not compared."""
    replaced: Dict[int, Change] = {}
    added: Dict[int, List[str]] = {}
    for change in edit.changes:
        if change.old is None:
            if change.new is not None:
                added.setdefault(change.line, []).append(change.new)
        elif change.line in replaced:
            raise ValueError(f"{edit.path}: line {change.line} is changed twice")
        else:
            replaced[change.line] = change
    rows = [f"BEGIN {{ put({awk_string(text)}) }}" for text in added.get(0, [])]
    for number in sorted({*replaced, *added} - {0}):
        acts = ['put($0 "")']
        if number in replaced:
            new = replaced[number].new
            # where lines are added in its place the last one keeps its end
            acts = [f"dropped = {int(number not in added)}"] if new is None else [f"put({awk_string(new)} cr)"]
        acts += [f"put({awk_string(text)})" for text in added.get(number, [])]
        rows.append(f"NR == {number} {{ {'; '.join(acts)}; next }}")
    return "'" + "\n        ".join(rows) + "'"


__all__ = ["as_left", "backward", "condition_line", "forward", "heading", "starts_nimsh"]
