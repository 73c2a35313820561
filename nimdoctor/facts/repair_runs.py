"""/var/adm/nimdoctor/runs/RUN/journal.jsonl: what earlier runs of `nimdoctor fix` did on this host."""

import posixpath
import shlex
from datetime import datetime, timezone
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.paths import Paths
from nimdoctor.model.own_files import PACKAGES_BEGUN, RUN_JOURNALS
from nimdoctor.model.path_state import PathState
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text, from_json

UNFINISHED = ("running", "stopped", "rolling-back")
"""States of a run that was not brought to an end."""
PACKAGE = "chg-"
"""How the run of a change package is named, before the first digits of its plan's id."""
SUSPICIOUS = "suspicious"
"""The state of a run of which somebody else could have written something, or which is not what was written down."""


class RepairRun(NamedTuple):
    """One run. `state` is as `runs` shows it; `fixes` the ids of its fixes; `ended` epoch seconds of its newest
    `complete`, else of its last record; `left_open` says why a transient tftp was not closed, or is empty.
    """

    name: str
    state: str
    fixes: Tuple[str, ...]
    ended: Optional[int]
    left_open: str
    at: Quote
    target: str = ""
    """The host whose state directory leads, as on a command line there; empty for the host itself."""
    state_directory: str = ""
    """Where that one is, if it is not the target's usual place."""
    reached: str = ""
    """Of a run that was begun over ssh the host as it was reached: from there it is gone on with."""

    @property
    def packaged(self) -> bool:
        """Whether it is a change package's, which its own scripts bring to an end."""
        return self.name.startswith(PACKAGE)

    def resuming(self) -> str:
        """The command that goes on with it, as it is typed."""
        if self.packaged:
            return "ksh apply.ksh"
        if self.reached:
            return shlex.join(("nimdoctor", "fix", self.reached, "--resume", self.name))
        return self._typed("fix", *([self.target] if self.target else []), "--resume", self.name)

    def taking_back(self, *more: str) -> str:
        """The command that takes it back, as it is typed."""
        return self._typed("rollback", self.name, *(["--target", self.target] if self.target else []), *more)

    def _typed(self, *words: str) -> str:
        place = ["--state-dir", self.state_directory] if self.state_directory else []
        return " ".join(map(shlex.quote, ("nimdoctor", *words, *place)))

    @property
    def place(self) -> str:
        """Its directory."""
        return posixpath.dirname(self.at.source)


@fact(Row(RUN_JOURNALS, Kind.FILE), Row(PACKAGES_BEGUN, Kind.FILE))
class RepairRuns(NamedTuple):
    """The runs, oldest first.

    >>> runs = RepairRuns.parse(Text.of('''{"event":"start","step":null,"at":"2026-11-24T10:00:00Z","fixes":["start-nimsh"]}
    ... {"event":"begin","step":"1-client-start-nimsh","at":"2026-11-24T10:00:01Z"}
    ... ''', "/var/adm/nimdoctor/runs/20261124T100000Z-1a2b/journal.jsonl"))
    >>> [(run.name, run.state, run.fixes) for run in runs.unfinished()]
    [('20261124T100000Z-1a2b', 'running', ('start-nimsh',))]
    """

    source: str
    runs: Tuple[RepairRun, ...]

    @classmethod
    def parse(cls, text: Text) -> "RepairRuns":
        """One journal. Raises BadEvidence where no line of it is a record."""
        records: List[Tuple[Dict[str, Any], Quote]] = []
        for quote in text.quotes():
            record = _record(quote.text)
            if record is not None:
                records.append((record, quote))
        if not records:
            raise BadEvidence(f"{text.source} holds no record of a run")
        above, name = posixpath.split(posixpath.dirname(text.name))
        # what a change package has begun stands among `changes`, by the first digits of its plan
        name = f"{PACKAGE}{name}" if posixpath.basename(above) == "changes" else name or text.source
        only = [record for record, _ in records]
        fixes = next((tuple(record["fixes"]) for record in only if isinstance(record.get("fixes"), list)), ())
        # a client that follows later is noted later, and ends nothing
        ended = next((record for record in reversed(only) if record["event"] == "complete"), only[-1])
        start = next((record for record in only if record["event"] == "start"), {})
        reached = start["reached"] if isinstance(start.get("reached"), str) else ""
        told = state_of(only), fixes, _time(ended), left_open_of(only), records[-1][1]
        run = RepairRun(name, *told, *_leads(start), reached)
        return cls(text.source, (run,))

    @classmethod
    def combine(cls, parts: Sequence["RepairRuns"]) -> "RepairRuns":
        """The runs of all journals."""
        runs = sorted((run for part in parts for run in part.runs), key=lambda run: run.name)
        return cls(parts[0].source, tuple(runs))

    def unfinished(self) -> Tuple[RepairRun, ...]:
        """Runs that were neither brought to an end nor taken back."""
        return tuple(run for run in self.runs if run.state in UNFINISHED)

    def open_to_others(self, paths: Optional[Paths]) -> Dict[str, Tuple[str, str]]:
        """By the names of runs: what of one somebody else than root could have written, and why."""
        found: Dict[str, Tuple[str, str]] = {}
        for above in dict.fromkeys(posixpath.dirname(run.place) for run in self.runs if paths):
            assert paths is not None
            own = paths.get(above)
            inside: Dict[str, List[Tuple[str, PathState]]] = {}
            for path, state in sorted(paths.below(above).items()):
                name = path[len(above) :].lstrip("/").split("/", 1)[0]
                inside.setdefault(posixpath.join(above, name), []).append((path, state))
            for run in self.runs:
                if posixpath.dirname(run.place) == above:
                    states = [(above, own), *inside.get(run.place, ())]
                    doubts = ((path, _doubt(state, own)) for path, state in states if state)
                    doubted = next((doubt for doubt in doubts if doubt[1]), None)
                    if doubted:
                        found[run.name] = doubted
        return found

    def completed(self, fix: str) -> Tuple[int, ...]:
        """When runs with that fix were complete, epoch seconds, oldest first."""
        done = ("complete", "applied-unverified")
        return tuple(run.ended for run in self.runs if fix in run.fixes and run.state in done and run.ended is not None)

    def whole(self) -> Quote:
        """A quote that means all journals."""
        return Quote(self.source, None, "")


def state_of(records: Sequence[Dict[str, Any]]) -> str:
    """The state of a run by its records: what its newest `complete` says unless more was begun after it.

    running, complete, applied-unverified, restored, stopped, rolling-back, rolled-back or abandoned.
    """
    state = "running"
    for record in records:
        event = record.get("event")
        if event == "complete":
            state = str(record.get("state") or "complete")
        elif event == "proved":
            state = "complete"
        elif event == "stopped":
            state = "stopped"
        elif event in ("rollback", "undo", "undone"):
            state = "rolling-back"
        elif event in ("begin", "done", "resume"):
            state = "running"
    return state


def left_open_of(records: Sequence[Dict[str, Any]]) -> str:
    """Why a tftp that was opened for a time stays open; empty when it was closed, or none was opened.

    It is closed by a `done` of the step that left it open, or by the undoing of the one that opened it.
    """
    reason, steps = "", set()
    for record in records:
        if record.get("left_open"):
            reason = str(record["left_open"])
            steps.add(str(record.get("step")))
        elif record.get("event") in ("done", "undone") and steps & {str(record.get("step")), str(record.get("closes"))}:
            reason = ""
    return reason


def _leads(start: Dict[str, Any]) -> Tuple[str, str]:
    """The target whose state directory leads, and where that is unless it is the target's usual one."""
    targets = start.get("targets")
    target = targets.get(str(start.get("target"))) if isinstance(targets, dict) else None
    if not isinstance(target, str) or not target.startswith("root:/"):
        target = ""
    led_by = start.get("led_by")
    if not isinstance(led_by, str) or not led_by.startswith("/"):
        return target, ""  # the journal itself stands in the usual place
    leading = posixpath.dirname(posixpath.dirname(led_by))
    return target, "" if leading == f"{target[5:]}/var/adm/nimdoctor" else leading


def _doubt(state: PathState, above: Optional[PathState]) -> str:
    if state.kind == "link":
        return "is a symbolic link"
    if state.mode is not None and state.mode & 0o022:
        return f"may be written by others (mode {state.mode:04o})"
    # of a tree below another root that somebody made for a try, all is theirs
    if state.owner not in (None, "root", above.owner if above else None):
        return f"belongs to {state.owner}"
    return ""


def _record(line: str) -> Optional[Dict[str, Any]]:
    if not line.startswith("{"):
        return None
    try:
        found = from_json(line.encode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("event"), str) else None


def _time(record: Dict[str, Any]) -> Optional[int]:
    try:
        when = datetime.strptime(str(record.get("at")), "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None
    return int(when.replace(tzinfo=timezone.utc).timestamp())
