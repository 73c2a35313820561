"""Carrying a plan out on its hosts by its scripts, one stretch after the other, and what came of it."""

import hashlib
import time
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, TypeVar

from nimdoctor.applying.execute import RunResult
from nimdoctor.applying.outcome import Outcomes
from nimdoctor.applying.rollback import RolledBack
from nimdoctor.applying.script_runs import ScriptRun
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.model import Role
from nimdoctor.planning.document import Plan
from nimdoctor.remote.follow import RECONNECTING, Ended, Follower, Unfollowed, failure_in, refusal_in, undone_in
from nimdoctor.remote.host import SENT, Lost, RemoteHost, Sent
from nimdoctor.scripts.steps import numbered, stretches
from nimdoctor.system.refused import Refused

SPARE = 1800.0
"""Seconds beyond the deadlines of its steps for which a script is followed."""

Say = Callable[[str], None]
Answered = TypeVar("Answered")


class Stretch(NamedTuple):
    """One start of a script: on which host, and with which words."""

    host: RemoteHost
    words: Tuple[str, ...]


class Remote:
    """A plan on the hosts it changes. `hosts` are those of the ends that it touches; `places` where its scripts stand."""

    def __init__(
        self,
        plan: Plan,
        hosts: Mapping[Role, RemoteHost],
        say: Say,
        interrupted: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.plan = plan
        self.document: Mapping[str, Any] = plan.as_dict()
        self.hosts = {where: host for where, host in hosts.items() if plan.touches(where)}
        self.places: Dict[str, str] = {}
        self.say = say
        self.interrupted = interrupted
        self.sleep = sleep
        self._said = ""

    # -- sending

    def refuse_what_runs(self) -> None:
        """Raises Refused where another run is under way or unfinished on one of the hosts."""
        for host in self._each():
            found = unfinished(host)
            if found:
                raise Refused(found[0])

    def send(self, files: Mapping[str, bytes]) -> None:
        """Sends the scripts to each host, and says what was sent. Raises Refused, Lost."""
        for host in self._each():
            place = host.send(self.plan.id, files)
            self.places[host.target] = place
            for name, content in files.items():
                self.say(f"sent {name} to {host.target}:{SENT}/{place}, sha256 {hashlib.sha256(content).hexdigest()}")

    def found(self, host: RemoteHost, sent: Sent) -> None:
        """Its scripts stand on that host already."""
        self.places[host.target] = sent.place

    # -- forward

    def apply(self, follow: Optional[Sent] = None) -> RunResult:
        """Starts apply.ksh on each host in order and follows it; one that runs there already is followed first.

        Raises Refused where nothing was done.
        """
        if self.interrupted():
            raise Refused("interrupted by somebody, before anything was started")
        waiting = list(self._stretches())
        for number, one in enumerate(waiting):
            if number and self.interrupted():
                return self._left(
                    f"interrupted by somebody, before {' '.join(one.words)} was started on {one.host.target}"
                )
            try:
                ended = self._run(one, follow)
            except (Unfollowed, Lost) as error:
                return self._left(str(error))
            if follow is not None and follow.words == one.words:
                follow = None
            if ended.status != 0:
                return self._failed(ended, bool(number))
        try:
            return self._result("complete")
        except Lost as error:
            return self._left(str(error))

    def told(self) -> RunResult:
        """What came of a plan whose every step is done, by its marks. Raises Lost, Refused."""
        return self._result("complete")

    def _run(self, stretch: Stretch, follow: Optional[Sent]) -> Ended:
        place = self.places[stretch.host.target]
        under_way = follow is not None and follow.place == place and follow.words == stretch.words
        start = follow.start if follow and under_way else self._started(stretch, place)
        ended = Follower(stretch.host, self.say, self.interrupted, self._limit()).follow(place, start)
        self._said += ended.said
        return ended

    def _started(self, stretch: Stretch, place: str) -> int:
        """The number of a new start. Where the answer is lost, the host is asked whether it began. Raises Lost, Refused."""
        before = self._surely(lambda: self._starts(stretch.host, place))
        for pause in RECONNECTING:
            try:
                now = before if pause is RECONNECTING[0] else self._starts(stretch.host, place)
                return now if now > before else stretch.host.start(place, *stretch.words)
            except Lost as error:
                self.say(f"{error}; connecting again")
                self.sleep(pause)
        raise Lost(
            f"{stretch.host.target} cannot be reached again: whether {stretch.words[0]} was started is not known"
        )

    def _starts(self, host: RemoteHost, place: str) -> int:
        return next((sent.start for sent in host.overview().sent if sent.place == place), 0)

    def _failed(self, ended: Ended, later: bool) -> RunResult:
        """What a start that did not end well leaves. Raises Refused where it left nothing."""
        step, why = failure_in(ended.said)
        refusal = refusal_in(ended.said)
        if not step and refusal and not later:
            raise Refused("\n".join(refusal))
        if not step and not refusal:
            # killed, or interrupted by somebody on that host: its marks say how far it came
            last = ended.said.rstrip("\n").rpartition("\n")[2]
            return self._left(f"the script was killed there{': ' + last if last else ''}", killed=True)
        states = [marks.get("state") for marks in self._marks().values()]
        whole = "restored" if step and set(states) == {"restored"} else "stopped"
        return self._result(whole, why or "; ".join(refusal), step)

    def _left(self, why: str, killed: bool = False) -> RunResult:
        """It may go on, and nobody follows it."""
        on = " and ".join(host.target for host in self._each())
        try:
            result = self._result("running", f"{why}; it did not end, and waits on {on}" if killed else "")
        except (Lost, Refused):
            steps = tuple((step.id, "not-begun", "not known") for step in self.plan.steps)
            result = RunResult(self._name({}), "running", steps)
        return result if killed else result._replace(why=f"{why}; what was begun goes on, on {on}, to its own end")

    # -- what came of it

    def _marks(self) -> Mapping[str, Mapping[str, str]]:
        return {host.target: self._surely(lambda host=host: host.marks(self.plan.id)) for host in self._each()}  # type: ignore[misc]

    def _surely(self, question: Callable[[], Answered]) -> Answered:
        """The answer to a question that changes nothing, asked again where it was lost. Raises Lost, Refused."""
        for pause in RECONNECTING:
            try:
                return question()
            except Lost:
                self.sleep(pause)
        return question()

    def _result(self, state: str, why: str = "", failed: int = 0) -> RunResult:
        marks = self._marks()
        steps, stands = [], []
        undone = undone_in(self._said)
        for number, step in enumerate(self.plan.steps, 1):
            own = marks[self.hosts[step.where].target]
            if f"open.{number}" in own:
                told = ("left-open", own[f"open.{number}"])
            elif f"done.{number}" in own:
                told = ("done", "")
            elif number == failed:
                told = ("failed", why)
            elif number in undone:
                told = ("undone", "")
            else:
                told = ("not-begun", "")
            steps.append((step.id, *told))
            said = own.get(f"stands.{number}") or ("begun, not done" if f"begun.{number}" in own else "")
            if told[0] in ("done", "left-open") or said:
                stands.append(f"{step.title}: {told[1] or said if told[0] != 'done' else 'done'}")
        outcomes = Outcomes()
        if state in ("stopped", "restored"):
            outcomes = Outcomes.of_failure(self.plan, "restored" if state == "restored" else "failed")
        return RunResult(
            self._name(marks), state, tuple(steps), tuple(stands) if state == "stopped" else (), why, outcomes
        )

    def _name(self, marks: Mapping[str, Mapping[str, str]]) -> str:
        return next((own["run"] for own in marks.values() if own.get("run")), next(iter(self.places.values()), ""))

    # -- back

    def roll_back(self, follow: Optional[Sent] = None) -> RolledBack:
        """Starts rollback.ksh on each host, the last step's first; one that runs there is followed. Raises Refused, Unfollowed, Lost."""
        before = self._marks()
        ordered = list(self._stretches())
        undone: List[int] = []
        for host in dict.fromkeys(one.host for one in reversed(ordered)):
            words = ("rollback.ksh", *self._end_of(host), "--yes")
            ended = self._run(Stretch(host, words), follow)
            refusal = refusal_in(ended.said)
            undone += undone_in(ended.said)
            if ended.status is None or (ended.status and refusal and not undone):
                raise Refused("\n".join(refusal) or "rollback.ksh was killed there: start it again")
        marks = self._marks()
        stands = []
        for number, step in enumerate(self.plan.steps, 1):
            own = marks[self.hosts[step.where].target]
            said = own.get(f"stands.{number}") or own.get(f"open.{number}") or step.no_undo
            if f"done.{number}" in own or f"stands.{number}" in own:
                stands.append(f"{step.title}: stands, {said or 'it was not undone'}")
        states = {own.get("state", "") for own in marks.values()}
        state = "rolling-back" if "rolling-back" in states else "abandoned" if stands else "rolled-back"
        ids = tuple(self.plan.steps[number - 1].id for number in undone)
        return RolledBack(self._name(before), state, ids, tuple(stands))

    # -- the hosts

    def _each(self) -> Tuple[RemoteHost, ...]:
        return tuple(dict.fromkeys(self.hosts.values()))

    def _stretches(self) -> Iterator[Stretch]:
        """The starts of apply.ksh that carry the plan out, in order."""
        affects = ("--affects", str(len(self.plan.affects.clients))) if self.plan.affects else ()
        if self.one_host:
            yield Stretch(next(iter(self.hosts.values())), ("apply.ksh", *affects, "--yes"))
            return
        for where, again in stretches(numbered(self.document)):
            more = (*affects, *(("--next",) if again else ()), "--yes")
            yield Stretch(self.hosts[Role(where)], ("apply.ksh", where, *more))

    def _end_of(self, host: RemoteHost) -> Sequence[str]:
        return () if self.one_host else [where.value for where, one in self.hosts.items() if one is host]

    @property
    def one_host(self) -> bool:
        """Whether all ends of the plan are the one host that its scripts are made for."""
        return len({end.target for end in self.plan.hosts.values()}) == 1

    def _limit(self) -> float:
        deadlines = [float(getattr(step.do, "deadline", 60)) for step in self.plan.steps]
        return SPARE + 2 * sum(deadlines)


def unfinished(host: RemoteHost) -> List[str]:
    """A line for each run by script on that host that was not brought to an end: what it is, and what to do."""
    seen = host.overview()
    lines = []
    sent_plans = set()
    for sent in seen.sent:
        if not sent.unfinished:
            continue
        newest = [one for one in seen.sent if one.plan == sent.plan][-1]
        if sent.place != newest.place and not sent.under_way:
            continue
        sent_plans.add(sent.plan)
        if sent.under_way:
            lines.append(
                f"run {sent.name} is under way on {host.target} ({sent.words[0] if sent.words else 'a script'} in "
                f"{SENT}/{sent.place}): nimdoctor fix {host.target} --resume {sent.name} follows it"
            )
        else:
            lines.append(
                f"run {sent.name} on {host.target} is {sent.state}: nimdoctor fix {host.target} --resume {sent.name} goes "
                f"on with it, nimdoctor rollback {sent.name} --target {host.target} takes it back"
            )
    for plan, (_, state) in seen.plans.items():
        run = ScriptRun(plan, state)
        if run.unfinished and plan not in sent_plans:
            lines.append(f"on {host.target}, {run.words(STATE_DIRECTORY)}")
    if seen.lock and not any(sent.under_way for sent in seen.sent):
        lines.append(
            f"process {seen.lock} on {host.target} holds {STATE_DIRECTORY}/lock.d: wait for its end (ps -fp {seen.lock} there)"
        )
    return lines
