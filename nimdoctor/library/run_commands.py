"""What is asked of runs on record, on this host, below another root or over ssh: which there are, on, back, and away."""

import contextlib
from datetime import datetime, timezone
from typing import Any, ContextManager, Dict, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.applying import runs as recorded
from nimdoctor.applying.custody import Suspicious
from nimdoctor.applying.prune import Pruned, prune
from nimdoctor.applying.rollback import RolledBack
from nimdoctor.applying.run_document import as_dict
from nimdoctor.evidence.source import TargetError
from nimdoctor.facts.repair_runs import SUSPICIOUS, UNFINISHED
from nimdoctor.library.errors import Refused, UsageError
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Interrupted, Say, absolute, state_directory
from nimdoctor.library.session import (
    UNINTERRUPTED,
    Confirm,
    Result,
    failed_at,
    known_fixes,
    over_ssh,
    refused_as_one,
    unasked,
)
from nimdoctor.planning.fix import Options
from nimdoctor.system.refused import Refused as NotDone

NO_OPTIONS = Options()


def silent(line: str) -> None:
    """Says nothing."""


class RunsRequest(NamedTuple):
    """Whose runs: those of a target, as typed, or of the state directory given. `timeout` is in seconds, for one command;
    `other` is evidence, collected anew, of the other end of a run that had it as evidence.
    """

    target: str = ""
    state_dir: Optional[str] = None
    timeout: float = 30.0
    other: Optional[str] = None


class RunList(NamedTuple):
    """The runs of one state directory, oldest first, each as JSON values. `pruned` is what was removed and kept, where
    that was asked for, `refused` why something that was asked for was not done.
    """

    runs: Tuple[Dict[str, Any], ...]
    state_directory: str
    pruned: Optional[Pruned] = None
    refused: Tuple[str, ...] = ()

    def to_dict(self) -> Dict[str, Any]:
        """As plain values of JSON, schema nimdoctor.runs/1."""
        from nimdoctor.report.plan_json import runs_as_dict

        return runs_as_dict(self.runs, self.state_directory, self.pruned)


class RecordedRun:
    """One run, open: to be gone on with, or to be taken back. Raises UsageError where there is none of that name, Refused
    and TargetError where it cannot be looked for.
    """

    def __init__(self, where: RunsRequest, name: str, *, registry: Registry, say: Say = silent) -> None:
        self.runs: Any = _opened(where, registry, say)
        try:
            with _as_usage():
                self.run = self.runs.find(name)
        except BaseException:
            self.close()
            raise

    @property
    def remote(self) -> bool:
        """Whether it is on a host over ssh, by a script that was sent there."""
        return bool(self.runs.remote)

    def close(self) -> None:
        """Ends what is held open."""
        self.runs.close()

    def resume(
        self,
        options: Options = NO_OPTIONS,
        *,
        confirm: Confirm = unasked,
        interruption: ContextManager[Interrupted] = UNINTERRUPTED,
    ) -> Result:
        """Goes on with it. `confirm` is asked where something is still to be done. Raises UsageError, Refused, TargetError."""
        runs, run = self.runs, self.run
        if run.state == SUSPICIOUS:
            raise Refused([_doubt(run)])
        if run.state not in (*UNFINISHED, *runs.retold):
            raise UsageError(f"run {run.name} is {run.state}: there is nothing to go on with")
        answer = confirm() if run.state not in runs.retold else ""
        if answer:
            raise Refused([answer])
        with refused_as_one():
            plan = run.plan()
            with interruption as interrupted:
                return Result(plan, runs.resume(run, options, interrupted))

    def roll_back(
        self,
        only: Sequence[str] = (),
        *,
        confirm: Confirm = unasked,
        interruption: ContextManager[Interrupted] = UNINTERRUPTED,
    ) -> RolledBack:
        """Takes it back, or only the steps of the fixes named. Raises UsageError, Refused, TargetError."""
        known_fixes(self.runs.registry, tuple(only))
        if self.run.state == SUSPICIOUS:
            raise Refused([_doubt(self.run)])
        answer = confirm()
        if answer:
            raise Refused([answer])
        with refused_as_one(), interruption as interrupted:
            done: RolledBack = self.runs.roll_back(self.run, tuple(only), interrupted)
            return done


def list_runs(
    where: RunsRequest, *, followed: Optional[str] = None, prune_days: Optional[int] = None, say: Say = silent
) -> RunList:
    """The runs there are. `followed` is a client that has fetched its new certificate, as somebody says; `prune_days`
    removes what has been complete for so many days. Raises UsageError.
    """
    if over_ssh(where.target, where.state_dir, False):
        return _over_ssh(where, followed, prune_days, say)
    state = _state(where)
    refused: List[str] = []
    with _as_usage():
        if any(recorded.believed(run).state == "applied-unverified" for run in recorded.every(state)):
            # what scans a host is loaded only where there is something to look for
            from nimdoctor.library.run_records import Runs

            Runs(state, Registry(), say=say).look_for_pushes()
    if followed is not None:
        try:
            with refused_as_one():
                marked = recorded.mark_followed(state, followed)
            if not marked:
                raise UsageError(f"no run in {state} waits for a client {followed!r}")
        except Refused as error:
            refused += error.reasons
    pruned = None
    if prune_days is not None:
        try:
            with refused_as_one():
                pruned = prune(state, prune_days, datetime.now(timezone.utc))
        except Refused as error:
            refused += error.reasons
    found = tuple(as_dict(run) for run in recorded.every(state))
    return RunList(found, state, pruned, tuple(refused))


def _over_ssh(where: RunsRequest, followed: Optional[str], prune_days: Optional[int], say: Say) -> RunList:
    with contextlib.closing(_opened(where, Registry(), say)) as runs, _as_usage():
        found, refused = runs.listed(followed, prune_days)
    lists = found.get("pruned")
    pruned = lists and Pruned(**{name: tuple((one["run"], one["why"]) for one in part) for name, part in lists.items()})
    return RunList(tuple(found["runs"]), found["state_directory"], pruned, tuple(refused))


@contextlib.contextmanager
def _as_usage() -> Any:
    """What cannot be looked for, raised as what was asked for and cannot be had."""
    try:
        yield
    except NotDone as error:
        raise UsageError(str(error)) from error
    except PermissionError as error:
        raise UsageError(f"{failed_at(error)}: run nimdoctor as root") from error


def _doubt(run: Any) -> str:
    """Why a run is suspicious, and what to do about it."""
    try:
        run.refuse_doubt()
    except Suspicious as error:
        return str(error)
    return ""


def _state(where: RunsRequest) -> str:
    """Where the runs on a target are kept. Raises UsageError where it has none."""
    with _as_usage():
        state = state_directory(absolute(where.target), where.state_dir)
    if not state:
        raise UsageError(f"{where.target}: recorded evidence has no runs")
    return state


def _opened(where: RunsRequest, registry: Registry, say: Say) -> Any:
    """A `Runs`, or over ssh a `RemoteRuns`, which is asked in the same words. Raises UsageError, TargetError."""
    if over_ssh(where.target, where.state_dir, False):
        from nimdoctor.library.runs_over_ssh import RemoteRuns

        return RemoteRuns(where.target, registry, timeout=where.timeout, say=say)
    from nimdoctor.library.run_records import Runs

    return Runs(_state(where), registry, timeout=where.timeout, say=say, other=where.other)


__all__ = ["RecordedRun", "RunList", "RunsRequest", "TargetError", "list_runs"]
