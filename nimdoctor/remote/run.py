"""A request carried out by the one file on a host: sent, started, followed to its end, and forgotten."""

import contextlib
import datetime
import os
import time
from typing import Any, Callable, Dict, Iterable, Mapping, Optional, TypeVar

from nimdoctor.applying.execute import RunResult
from nimdoctor.applying.outcome import Outcomes
from nimdoctor.applying.state import STAMP
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.planning.command_lines import resuming
from nimdoctor.planning.document import Plan
from nimdoctor.remote.follow import Follower, Unfollowed, surely
from nimdoctor.remote.host import Lost, Overview, RemoteHost
from nimdoctor.remote.one_file import OneFile
from nimdoctor.remote.result import NotDone, run_result, runs_of, seen_of
from nimdoctor.system.refused import Refused

SPARE = 1800.0
"""Seconds beyond the deadlines of its steps for which a request is followed."""

Say = Callable[[str], None]
Answered = TypeVar("Answered")


class Killed(Exception):
    """What was started there ended without a word of how; the message is what it complained of."""


class Errand:
    """Carries requests out on one host. `interrupted` is asked before each question: once it says yes, what was begun is
    no longer followed, and goes on there.
    """

    def __init__(
        self,
        host: RemoteHost,
        say: Say,
        interrupted: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = host
        self.say = say
        self.interrupted = interrupted
        self.sleep = sleep

    def overview(self) -> Overview:
        """What there is on the host. Raises Lost, Refused."""
        return self._surely(self.host.overview)

    def bring(self, file: OneFile, seen: Optional[Overview] = None) -> None:
        """Sees to it that the one file is on the host, where it may be already. Raises Lost, Refused."""
        if file.name not in (seen or self.overview()).files:
            self._surely(lambda: self.host.send(file))
            self.say(f"sent {file.name} to {self.host.target}")

    def begin(self, place: str, file: str, request: Mapping[str, Any], other: bytes = b"") -> None:
        """Starts that file with a request. Raises Unfollowed where nobody knows whether it began, Refused."""
        try:
            self._surely(lambda: self.host.start(place, file, request, other))
        except Lost as error:
            raise Unfollowed(f"{error}; whether it was started is not known") from error

    def end(self, place: str, plan: Plan) -> Dict[str, Any]:
        """Follows it, and gives how it ended. Raises Unfollowed, Killed, Refused."""
        limit = SPARE + 2 * sum(float(getattr(step.do, "deadline", 60)) for step in plan.steps)
        try:
            ended = Follower(self.host, self.say, self.interrupted, limit, sleep=self.sleep).follow(place)
        except Refused as error:
            if place in {one.name for one in self.overview().places}:
                raise
            raise Killed(str(error)) from error  # somebody else has read how it ended, and the journal tells
        with contextlib.suppress(Lost, Refused):  # what is not removed now goes after its time
            self.host.forget(place)
        if ended.document is None:
            raise Killed(ended.errors.strip().rpartition("\n")[2])
        return ended.document

    def followed(self, run: str, plan: Plan, place: str, file: str, begin: Callable[[], None]) -> RunResult:
        """How a run ends that `begin` has begun or gone on with; one that nobody follows any more, or that was killed, is
        `running`. Raises NotDone, Refused, TargetError.
        """
        target = self.host.target
        try:
            begin()
            return run_result(self.end(place, plan), target)
        except Killed as error:
            why = f"what was sent was killed there{': ' if str(error) else ''}{error}"
        except Unfollowed as error:
            steps = tuple((step.id, "not-begun", "not known") for step in plan.steps)
            on = f"{error}; what was begun goes on, on {target}, to its own end"
            return RunResult(run, "running", steps, (), on, Outcomes(), STATE_DIRECTORY, resuming(run, target, ""))
        answers = self._surely(lambda: self.host.question(file, {"request": "runs"}))
        for row in runs_of(answers[-1], target)["runs"]:
            if row["run"] == run:
                return seen_of(row, plan, target, f"{why}; the run did not end, and waits on {target}")
        raise NotDone(f"{target}: {why}; no run was begun")

    def _surely(self, question: Callable[[], Answered]) -> Answered:
        return surely(question, self.say, self.sleep)


def new_run(seen: Iterable[Overview], random: Callable[[int], bytes] = os.urandom) -> str:
    """The name of a run to begin on these hosts: of the latest of their clocks, and newer than what any of them has.

    >>> new_run([Overview("20260301T120005Z"), Overview("20260301T115930Z")], lambda size: b"\\x1f\\x2e")
    '20260301T120005Z-1f2e'
    """
    hosts = list(seen)
    stamp = max(one.clock for one in hosts)
    names = [name for one in hosts for name in (*(run.name for run in one.runs), *(place.run for place in one.places))]
    newest = max(names, default="").partition("-")[0]
    if newest >= stamp:
        later = datetime.datetime.strptime(newest, STAMP) + datetime.timedelta(seconds=1)
        stamp = later.strftime(STAMP)
    return f"{stamp}-{random(2).hex()}"


def new_place(run: str, what: str) -> str:
    """The name of a place for a request about a run that there is: resume or rollback."""
    return f"{run}-{what}-{os.urandom(4).hex()}"
