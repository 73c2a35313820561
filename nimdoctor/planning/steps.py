"""Steps: what a plan does, a closed list of kinds, as data that can be shown, scripted, done and undone."""

import difflib
import enum
import hashlib
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Type, Union

from nimdoctor.model import Role
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.planning.checksum import cksum
from nimdoctor.planning.conditions import Condition, FileIs, from_dict
from nimdoctor.planning.conditions.base import as_dict as condition_as_dict

RUN = "${RUN}"
"""Stands for the run's name until a run is begun."""

NIMCLIENT_DEADLINE, NIMCONFIG_DEADLINE, CUST_DEADLINE, SRC_DEADLINE = 300, 600, 3600, 60
"""Seconds."""


class Phase(enum.Enum):
    """The order of a plan's steps."""

    SERVICES = "services"
    TFTP = "tftp"
    MASTER_SSL = "master-ssl"
    FILESETS = "filesets"
    IDENTITY = "identity"
    CRYPTO_OFF = "crypto-off"
    LIBRARIES = "libraries"
    CRYPTO_ON = "crypto-on"
    DAEMON = "daemon"
    TIDY = "tidy"

    @property
    def rank(self) -> int:
        """0 for what comes first."""
        return list(Phase).index(self)


class Change(NamedTuple):
    """One line of an edit: `line` counts from 1 in the old file; `old` None adds it after that line, `new` None drops it.

    Texts are without their line end, bytes as ISO8859-1 characters, so that any byte survives.
    """

    line: int
    old: Optional[str]
    new: Optional[str]


class Edit(NamedTuple):
    """Changes lines of a file and leaves every other byte, owner and mode.

    `rereads` is the subsystem that must be refreshed to see it, or empty.
    """

    path: str
    changes: Tuple[Change, ...]
    old_sha256: str
    new_sha256: str
    old_cksum: str
    new_cksum: str
    rereads: str = ""

    def apply_to(self, content: bytes) -> bytes:
        """The new bytes. Raises ValueError where a line is not what it was."""
        return edited(content, self.changes)


class Move(NamedTuple):
    """Renames a file or a directory."""

    path: str
    to: str


class Remove(NamedTuple):
    """Removes a file; a backup is kept."""

    path: str


class Undo(NamedTuple):
    """One action of undoing a command: run `argv`; remove what is `new` at these paths; start `subsystem` if it was active."""

    argv: Tuple[str, ...] = ()
    new: Tuple[str, ...] = ()
    start: str = ""


class RunCommand(NamedTuple):
    """Runs a command. `undo` takes it back once it is done; `repair` is what a failure calls for;
    `half_made` is a tree that is renamed out of the way before it runs again.
    """

    argv: Tuple[str, ...]
    deadline: int
    undo: Tuple[Undo, ...] = ()
    repair: Tuple[Undo, ...] = ()
    half_made: str = ""


class Subsystem(NamedTuple):
    """start, stop, restart or refresh of a subsystem of SRC."""

    name: str
    action: str

    @property
    def commands(self) -> Tuple[Tuple[str, ...], ...]:
        """The commands that do it, in order."""
        start, stop = ("startsrc", "-s", self.name), ("stopsrc", "-s", self.name)
        known = {"start": (start,), "stop": (stop,), "restart": (stop, start)}
        return known.get(self.action, ((self.action, "-s", self.name),))


class Transient(NamedTuple):
    """Switches something on for the steps that follow (`edit` given), or restores it (`of` given: that step's id)."""

    edit: Optional[Edit] = None
    of: str = ""


Action = Union[Edit, Move, Remove, RunCommand, Subsystem, Transient]

_KINDS: Dict[str, Type[Any]] = {
    "edit": Edit,
    "move": Move,
    "remove": Remove,
    "run": RunCommand,
    "subsystem": Subsystem,
    "transient": Transient,
}


def kind_of(action: Action) -> str:
    """edit, move, remove, run, subsystem or transient."""
    return next(kind for kind, cls in _KINDS.items() if isinstance(action, cls))


class Step(NamedTuple):
    """One step. `before` holds when the plan is made and again just before the step, `then` only just
    before it; `verify` is read anew after it. `undo` says how it is undone, or `no_undo` why it cannot be.
    Steps of one `leg` are undone neither alone nor together once the first has begun. `again` says that
    it may be done again when only some of its effects are seen.
    """

    where: Role
    phase: Phase
    title: str
    do: Action
    why: str
    effect: str
    before: Tuple[Condition, ...] = ()
    then: Tuple[Condition, ...] = ()
    verify: Tuple[Condition, ...] = ()
    undo: str = ""
    no_undo: str = ""
    impact: str = ""
    risk: str = "low"
    leg: str = ""
    again: bool = True
    fixes: Tuple[str, ...] = ()
    checks: Tuple[str, ...] = ()
    id: str = ""

    @property
    def restores(self) -> bool:
        """Whether it closes a transient: undoing is then the matter of the step that opened it."""
        return isinstance(self.do, Transient) and bool(self.do.of)

    @property
    def key(self) -> Tuple[Any, ...]:
        """Equal steps of several fixes are one: the same end and the same thing done; of a command, the same words."""
        done = self.do.argv if isinstance(self.do, RunCommand) else self.do
        return self.where, kind_of(self.do), done


def edited(content: bytes, changes: Sequence[Change]) -> bytes:
    r"""The content with these lines changed; every other byte stays, a missing last newline too.

    >>> edited(b"a\n#tftp\nb", [Change(2, "#tftp", "tftp")])
    b'a\ntftp\nb'
    >>> edited(b"a\nb", [Change(2, "b", None)]), edited(b"a\nb", [Change(2, None, "c")])
    (b'a\n', b'a\nb\nc')
    """
    lines = content.split(b"\n")
    ended = lines[-1] == b"" and len(lines) > 1
    if ended:
        lines.pop()
    dropped_last = False
    # from the end, so that line numbers keep their meaning; lines added after one come before it is dropped
    for change in sorted(changes, key=lambda one: (one.line, one.old is None))[::-1]:
        at = change.line - 1
        new = [] if change.new is None else [change.new.encode("iso8859-1")]
        if change.old is None:
            if not 0 <= change.line <= len(lines):
                raise ValueError(f"there is no line {change.line} to add to")
            lines[change.line : change.line] = new
            continue
        if not 0 <= at < len(lines):
            raise ValueError(f"line {change.line} is not as expected")
        end = b"\r" if lines[at].endswith(b"\r") else b""
        if lines[at][: len(lines[at]) - len(end)] != change.old.encode("iso8859-1"):
            raise ValueError(f"line {change.line} is not as expected")
        dropped_last = dropped_last or (at == len(lines) - 1 and not new)
        lines[at : at + 1] = [line + end for line in new]
    if not lines:
        return b""
    # where the last line, which had no newline, was dropped, the one before it keeps its own
    return b"\n".join(lines) + (b"\n" if ended or dropped_last else b"")


def last_line(content: bytes) -> int:
    r"""The number of the last line, behind which a row is added.

    >>> last_line(b"a\nb\n"), last_line(b"a\nb"), last_line(b"\n\n")
    (2, 2, 2)
    """
    lines = content.split(b"\n")
    return len(lines) - 1 if lines[-1] == b"" and len(lines) > 1 else len(lines)


def make_edit(path: str, content: bytes, changes: Sequence[Change], rereads: str = "") -> Edit:
    """The edit, with the checksums of the file before and after."""
    new = edited(content, changes)
    return Edit(
        path,
        tuple(changes),
        hashlib.sha256(content).hexdigest(),
        hashlib.sha256(new).hexdigest(),
        cksum(content),
        cksum(new),
        rereads,
    )


def unchanged(where: Role, edit: Edit) -> FileIs:
    """The file holds the bytes that the edit was made for."""
    return FileIs(where, edit.path, edit.old_sha256, edit.old_cksum)


def written(where: Role, edit: Edit) -> FileIs:
    """The file holds the bytes that the edit leaves."""
    return FileIs(where, edit.path, edit.new_sha256, edit.new_cksum)


def reversed_changes(edit: Edit) -> Tuple[Change, ...]:
    """The changes that take the edit back, with the line numbers of the file it left.

    Of a last line that was dropped or added the newline stays: only the backup knows whether there was one.
    """
    back = []
    shift = 0
    for change in sorted(edit.changes, key=lambda one: (one.line, one.old is None)):
        if change.old is None:
            shift += 1
            back.append(Change(change.line + shift, change.new, None))
        elif change.new is None:
            shift -= 1
            back.append(Change(change.line + shift, None, change.old))
        else:
            back.append(Change(change.line + shift, change.new, change.old))
    return tuple(back)


def unified_diff(edit: Edit) -> List[str]:
    """The edit as a unified diff without context, as lines."""
    lines = [f"--- {edit.path}", f"+++ {edit.path}"]
    shift = 0
    for change in sorted(edit.changes, key=lambda one: one.line):
        old = [] if change.old is None else [change.old]
        new = [] if change.new is None else [change.new]
        begin = change.line + shift + (0 if old else 1) - (0 if new else 1)
        lines.append(f"@@ -{change.line},{len(old)} +{begin},{len(new)} @@")
        lines += [f"-{line}" for line in old] + [f"+{line}" for line in new]
        shift += len(new) - len(old)
    return lines


def text_diff(path: str, old: bytes, new: bytes, names: Tuple[str, str] = ("before", "after")) -> List[str]:
    """A unified diff of two contents of a file, for people; private keys are left out of it."""
    before, after = (without_private_keys(part).decode("iso8859-1").splitlines() for part in (old, new))
    return list(difflib.unified_diff(before, after, f"{path} ({names[0]})", f"{path} ({names[1]})", lineterm="", n=1))


# -- as JSON


def action_as_dict(action: Action) -> Dict[str, Any]:
    """The action as JSON values, its kind left out."""
    fields = dict(action._asdict())
    if isinstance(action, Edit):
        fields["changes"] = [change._asdict() for change in action.changes]
        fields["diff"] = unified_diff(action)
    elif isinstance(action, RunCommand):
        fields["argv"] = list(action.argv)
        for name in ("undo", "repair"):
            fields[name] = [_undo_as_dict(one) for one in getattr(action, name)]
    elif isinstance(action, Transient):
        fields["edit"] = action_as_dict(action.edit) if action.edit else None
    return fields


def _undo_as_dict(undo: Undo) -> Dict[str, Any]:
    return {"argv": list(undo.argv), "new": list(undo.new), "start": undo.start}


def action_from_dict(kind: str, document: Mapping[str, Any]) -> Action:
    """The action that `action_as_dict` wrote. Raises ValueError or KeyError."""
    fields = dict(document)
    fields.pop("diff", None)
    if kind == "edit":
        fields["changes"] = tuple(Change(**change) for change in fields["changes"])
    elif kind == "run":
        fields["argv"] = tuple(fields["argv"])
        for name in ("undo", "repair"):
            fields[name] = tuple(
                Undo(tuple(one["argv"]), tuple(one["new"]), str(one["start"])) for one in fields.get(name, ())
            )
    elif kind == "transient" and fields.get("edit"):
        fields["edit"] = action_from_dict("edit", fields["edit"])
    try:
        action: Action = _KINDS[kind](**fields)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no step of kind {kind!r} can be made: {error}") from error
    return action


def step_as_dict(step: Step) -> Dict[str, Any]:
    """The step as JSON values."""
    return {
        "id": step.id,
        "where": step.where.value,
        "phase": step.phase.value,
        "kind": kind_of(step.do),
        "title": step.title,
        "why": step.why,
        "do": action_as_dict(step.do),
        "before": [condition_as_dict(one) for one in step.before],
        "then": [condition_as_dict(one) for one in step.then],
        "verify": [condition_as_dict(one) for one in step.verify],
        "effect": step.effect,
        "undo": step.undo or None,
        "no_undo": step.no_undo or None,
        "impact": step.impact,
        "risk": step.risk,
        "leg": step.leg or None,
        "again": step.again,
        "fixes": list(step.fixes),
        "checks": list(step.checks),
    }


def step_from_dict(document: Mapping[str, Any]) -> Step:
    """The step that `step_as_dict` wrote. Raises ValueError or KeyError for anything else."""
    return Step(
        where=Role(document["where"]),
        phase=Phase(document["phase"]),
        title=document["title"],
        do=action_from_dict(document["kind"], document["do"]),
        why=document["why"],
        effect=document["effect"],
        before=tuple(map(from_dict, document["before"])),
        then=tuple(map(from_dict, document["then"])),
        verify=tuple(map(from_dict, document["verify"])),
        undo=document["undo"] or "",
        no_undo=document["no_undo"] or "",
        impact=document["impact"],
        risk=document["risk"],
        leg=document["leg"] or "",
        again=document["again"],
        fixes=tuple(document["fixes"]),
        checks=tuple(document["checks"]),
        id=document["id"],
    )


def with_run(step: Step, run: str) -> Step:
    """The step with the run's name in the place of `${RUN}`."""
    return step_from_dict(_replaced(step_as_dict(step), run))


def _replaced(value: Any, run: str) -> Any:
    if isinstance(value, str):
        return value.replace(RUN, run)
    if isinstance(value, list):
        return [_replaced(item, run) for item in value]
    if isinstance(value, dict):
        return {name: _replaced(item, run) for name, item in value.items()}
    return value
