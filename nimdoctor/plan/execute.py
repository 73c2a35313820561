"""Carrying out a plan so that nothing is lost or left half-way, whatever dies.

Order: lock (the target's, then the master's), no other run unfinished, every precondition, free
space, backups; then for each step a `begin` record, the step, a fresh read that proves it, a
`done` record. The target's journal is written first and believed.
"""

import contextlib
import datetime
import json
import os
import time
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model import Role
from nimdoctor.plan.actions import EndedAtDeadline, Failed, Hands, allowed, kept_path, left_behind, paths_of, present
from nimdoctor.plan.conditions import Condition
from nimdoctor.plan.document import Plan, Refusal
from nimdoctor.plan.ends import Elsewhere, End, Ends, Moment, state_of
from nimdoctor.plan.journal import Journal
from nimdoctor.plan.lock import Locked, lock
from nimdoctor.plan.outcome import Outcomes, assess
from nimdoctor.plan.place import Place, Refused
from nimdoctor.plan.runs import Run as RecordedRun
from nimdoctor.plan.runs import load, unfinished
from nimdoctor.plan.state import RunDirectory, StateDirectory
from nimdoctor.plan.steps import Run, Step, Transient, with_run

ROOM = 10 * 1024 * 1024
"""Bytes that must be free beside twice the backups."""
SETTLING = (0.0, 0.3, 1.0)
"""Seconds waited before each reading that verifies a step: a daemon needs a moment to show."""

Say = Callable[[str], None]


class NotApplied(Exception):
    """Nothing was done: the plan is refused. `refusals` say why, one a reason."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(one.seen for one in refusals))
        self.refusals = tuple(refusals)


class Result(NamedTuple):
    """How a run ended: its name, state, each step's outcome, what stands, and what became of the findings."""

    run: str
    state: str
    steps: Tuple[Tuple[str, str, str], ...]
    """Step id, its outcome (done, undone, failed, not-begun, left-open), and what is to be said of it."""
    stands: Tuple[str, ...] = ()
    why: str = ""
    outcomes: Outcomes = Outcomes()

    @property
    def good(self) -> bool:
        """Whether every step is verified and no treated problem was found again."""
        return self.state in ("complete", "applied-unverified") and self.outcomes.good


def refuse_up_front(plan: Plan, ends: Ends, uid: int, system: str) -> List[Refusal]:
    """What forbids applying the plan before anything is read: whose machine this is, and who asks."""
    found: List[Refusal] = []
    for where in (Role.CLIENT, Role.MASTER):
        if not plan.touches(where):
            continue
        end = ends.ends.get(where)
        if end is None or not end.live:
            target = end.target if end else "not given"
            found.append(
                Refusal("", f"the {where.value} can be changed from here", f"the {where.value} is {target}: recorded "
                        "evidence cannot be changed; run nimdoctor fix on that host")
            )  # fmt: skip
        elif end.this_host and system != "AIX":
            found.append(Refusal("", "the host runs AIX", f"this host runs {system}, not AIX"))
        elif end.this_host and uid != 0:
            found.append(Refusal("", "nimdoctor runs as root", "not run as root: su - root, then again"))
    for step in plan.steps:
        for path in paths_of(step):
            if not allowed(path):
                found.append(
                    Refusal(step.id, "only paths that NIMSH over SSL uses are changed", f"{path} is none of them")
                )
    return found


class Executor:
    """Applies one plan. `target` is the end whose state directory leads; `rescan` scans both ends anew."""

    def __init__(
        self,
        plan: Plan,
        ends: Ends,
        target: Role,
        *,
        rescan: Callable[[], Sequence[Any]],
        push: Optional[Callable[[Plan], Mapping[str, str]]] = None,
        scripts: Mapping[str, bytes] = {},
        say: Say = lambda line: None,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.timezone.utc),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.plan = plan
        self.ends = ends
        self.target = target
        self.rescan = rescan
        self.push = push
        self.scripts = scripts
        self.say = say
        self.now = now
        self.sleep = sleep
        self._journals: List[Journal] = []
        self._runs: Dict[Role, RunDirectory] = {}
        self._steps: Tuple[Step, ...] = ()
        self._said: Dict[str, Tuple[str, str]] = {}

    # -- the two ways in

    def apply(self, before: Sequence[Any]) -> Result:
        """Begins a new run. `before` are the results of the scan the plan was made from.

        Raises NotApplied when nothing was done, Locked, Refused, OSError.
        """
        with self._locked():
            self._refuse_unfinished()
            refusals = self.unmet(self.plan.steps)
            if refusals:
                raise NotApplied(refusals)
            self._begin_run(before)
            return self._forward({}, {}, {})

    def resume(self, recorded: RecordedRun) -> Result:
        """Goes on with a run that was not finished. Raises as `apply` does."""
        with self._locked():
            self._refuse_unfinished(but=recorded.name)
            self._open_run(recorded.name)
            self._append("resume")
            return self._forward(recorded.done(), recorded.begun(), recorded.was())

    def unmet(self, steps: Sequence[Step]) -> List[Refusal]:
        """Preconditions of these steps that do not hold now."""
        moment = self.ends.now()
        found = []
        try:
            for step in steps:
                for condition in step.before:
                    seen = _refusal(condition, moment)
                    if seen:
                        found.append(Refusal(step.id, condition.words(), seen))
        finally:
            moment.close()
        return found

    # -- a run's places

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for end in self._changed_ends():
                state = StateDirectory(end.state)
                state.prepare()
                stack.enter_context(lock(end.state))
            yield

    def _changed_ends(self) -> List[End]:
        """The ends whose state directories take part: the target's first, then the master's where it is touched."""
        wheres = [self.target]
        other = Role.MASTER if self.target is Role.CLIENT else Role.CLIENT
        if self.plan.touches(other):
            wheres.append(other)
        found: List[End] = []
        for where in wheres:
            end = self.ends.ends[where]
            if all(os.path.realpath(end.state) != os.path.realpath(known.state) for known in found):
                found.append(end)
        return found

    def _refuse_unfinished(self, but: str = "") -> None:
        for end in self._changed_ends():
            for run in unfinished(end.state):
                if run.name != but:
                    raise NotApplied([Refusal("", "no other run is unfinished", unfinished_words(run, end.state))])

    def _begin_run(self, before: Sequence[Any]) -> None:
        ends = self._changed_ends()
        self._check_room(ends)
        lead = StateDirectory(ends[0].state).new_run(self.now())
        document = json.dumps(self.plan.as_dict(), indent=1).encode("ascii")
        for end in ends:
            directory = lead if end is ends[0] else StateDirectory(end.state).same_run(lead.name)
            directory.write("plan.json", document)
            for name, content in self.scripts.items():
                directory.write(name.replace("/", "-"), content)
            if end is ends[0]:
                directory.write("before.json", json.dumps(before).encode("ascii"))
            self._runs[end.where] = directory
        self._share_run()
        self._steps = tuple(with_run(step, lead.name) for step in self.plan.steps)
        hands = Hands(self.ends, self._runs, lead.name)
        for step in self._steps:
            hands.keep(step)
        self._open_journals(ends)
        affected = list(self.plan.affects.clients) if self.plan.affects else []
        for number, journal in enumerate(self._journals):
            journal.reserve()
            journal.append(
                "start",
                None,
                plan=self.plan.id,
                fixes=sorted({fix for step in self.plan.steps for fix in step.fixes}),
                targets={end.where.value: end.target for end in self.ends.ends.values()},
                states={end.where.value: end.state for end in ends},
                target=self.target.value,
                led_by=lead.path if number else None,
                affects=affected,
            )

    def _open_run(self, name: str) -> None:
        ends = self._changed_ends()
        for end in ends:
            self._runs[end.where] = (
                StateDirectory(end.state).open_run(name) if end is ends[0] else StateDirectory(end.state).same_run(name)
            )
        self._share_run()
        self._steps = tuple(with_run(step, name) for step in self.plan.steps)
        self._open_journals(ends)

    def _share_run(self) -> None:
        # two ends may be one state directory: the target then serves both
        for where in self.ends.ends:
            self._runs.setdefault(where, self._runs[self.target])

    def _open_journals(self, ends: Sequence[End]) -> None:
        self._journals = [self._runs[end.where].journal() for end in ends]

    def _check_room(self, ends: Sequence[End]) -> None:
        for end in ends:
            moment = self.ends.now()
            size = 0
            for step in self.plan.steps:
                path = kept_path(step)
                if path and step.where is end.where:
                    look = moment.place(end.where).look(path)
                    size += look.size if look else 0
            free = Place(None).free_bytes(os.path.realpath(end.state))
            if free < 2 * size + ROOM:
                raise NotApplied(
                    [Refusal("", "there is room for backups and journal", f"{end.state} has {free} bytes free, "
                             f"{2 * size + ROOM} are needed")]
                )  # fmt: skip

    def _append(self, event: str, step: Optional[str] = None, **more: Any) -> None:
        for journal in self._journals:
            journal.append(event, step, **more)

    # -- forward

    def _forward(
        self,
        done: Mapping[str, Mapping[str, Any]],
        begun: Mapping[str, Mapping[str, Any]],
        states: Mapping[str, Mapping[str, Any]],
    ) -> Result:
        """Does what is not done. `done` and `begun` hold the journal's records by step, `states` what was before each."""
        was: Dict[str, Mapping[str, Any]] = dict(states)
        finished: Dict[str, Mapping[str, Any]] = dict(done)
        try:
            for step in self._steps:
                if step.id in finished:
                    self._said[step.id] = ("done", "")
                    continue
                opened = begun.get(step.id)
                if opened is not None and self._effects(step, opened) == "all":
                    finished[step.id] = self._done(step, opened.get("was") or {}, "its effects were seen")
                    continue
                self._step(step, opened, was, finished)
        except (Failed, Refused, Elsewhere, OSError) as error:
            return self._failed(str(error), finished, was)
        return self._complete(finished)

    def _step(
        self,
        step: Step,
        opened: Optional[Mapping[str, Any]],
        was: Dict[str, Mapping[str, Any]],
        finished: Dict[str, Mapping[str, Any]],
    ) -> None:
        hands = Hands(self.ends, self._runs, self._name)
        self.say(f"{step.where.value}: {step.title} ...")
        moment = self.ends.now()
        try:
            if opened is not None:
                self._make_ready_again(step, opened, hands)
                moment = self.ends.now()
            self._check(step, moment, opened)
            if step.restores:
                finished[step.id] = self._close(step, hands, finished)
                return
            before = dict(opened.get("was") or {}) if opened else {}
            if not before:
                before = {**state_of(moment, step.where), "present": present(moment.place(step.where))}
            was[step.id] = before
            self._append("begin", step.id, was=before, open=self._open_effects(step, moment, before))
            try:
                said = hands.do(step, moment)
            except EndedAtDeadline as error:
                if self._unverified(step, before):
                    raise
                said = f"{error}; all its effects are seen"
        finally:
            moment.close()
        unverified = self._unverified(step, before)
        if unverified:
            raise Failed(f"{step.title}: {unverified[0]}")
        finished[step.id] = self._done(step, before, said)

    def _check(self, step: Step, moment: Moment, opened: Optional[Mapping[str, Any]]) -> None:
        """Preconditions just before the step, read anew."""
        closing = step.restores
        half_done = opened is not None and self._effects(step, opened) == "some"
        conditions = () if closing else (*step.before, *step.then)
        for condition in conditions:
            if half_done and condition in _of_files(step):
                continue  # the step itself has changed the file; the step's own test of its bytes remains
            seen = _refusal(condition, moment)
            if seen:
                raise Refused(f"{step.title}: not done, since it must hold that {condition.words()}, but {seen}")

    def _make_ready_again(self, step: Step, opened: Mapping[str, Any], hands: Hands) -> None:
        """Before a step that was begun is done again: repair what it left, or stop where that is not safe."""
        do = step.do
        if not isinstance(do, Run):
            return
        seen = self._effects(step, opened)
        if seen == "some" and not step.again:
            raise Failed(
                f"{step.title}: some of its effects are seen and others are not; it is not safe to do it again"
            )
        place = self.ends.now().place(step.where)
        if do.half_made and place.look("/ssl_nimsh"):
            to, number = do.half_made, 2
            while place.look(to):
                to, number = f"{do.half_made}.{number}", number + 1
            place.rename("/ssl_nimsh", to)
        elif seen == "some":
            hands.act(step.where, do.repair, opened.get("was") or {}, self.ends.now())

    def _close(self, step: Step, hands: Hands, finished: Mapping[str, Any]) -> Mapping[str, Any]:
        """Closes what was opened for a time; where somebody may be using it, or it cannot be told, it stays open."""
        opening = next(one for one in self._steps if isinstance(step.do, Transient) and one.id == step.do.of)
        self._append("begin", step.id, was={}, open=[])
        moment = self.ends.now()
        left_open = next((seen for seen in (_refusal(one, moment) for one in step.then) if seen), "")
        if not left_open:
            try:
                hands.close_transient(step, opening, moment)
                left_open = self._still_served(step)
            except (Failed, Refused, OSError, ValueError) as error:
                left_open = str(error)
        moment.close()
        record = {"left_open": f"tftp on the {step.where.value} stays open: {left_open}"} if left_open else {}
        self._append("done", step.id, files={}, **record)
        self._said[step.id] = ("left-open", record["left_open"]) if left_open else ("done", "")
        return {"files": {}, **record}

    def _still_served(self, step: Step) -> str:
        from nimdoctor.facts import InetdServices

        services = self.ends.now().fact(step.where, InetdServices)
        return "inetd still serves it after the refresh" if services and services.active("tftp") else ""

    def _done(self, step: Step, before: Mapping[str, Any], said: str) -> Mapping[str, Any]:
        files = left_behind(self.ends.now().place(step.where), step, before)
        self._append("done", step.id, files=files, says=said)
        self._said[step.id] = ("done", said)
        return {"files": files}

    # -- what is seen of a step

    def _open_effects(self, step: Step, moment: Moment, before: Mapping[str, Any]) -> List[int]:
        """Which of the step's proofs do not hold yet: only these can show that it was done."""
        return [number for number, one in enumerate(step.verify) if _answer(one, moment, before) is not True]

    def _effects(self, step: Step, opened: Mapping[str, Any]) -> str:
        """all, some or none of the effects that were not there before a step that was begun."""
        moment = self.ends.now()
        try:
            numbers = [number for number in opened.get("open") or () if number < len(step.verify)]
            seen = [_answer(step.verify[number], moment, opened.get("was") or {}) is True for number in numbers]
        finally:
            moment.close()
        if not seen or not any(seen):
            return "none"
        return "all" if all(seen) else "some"

    def _unverified(self, step: Step, before: Mapping[str, Any]) -> List[str]:
        """What a fresh read does not show, after a moment for daemons to start."""
        unmet: List[str] = []
        for pause in SETTLING:
            if pause:
                self.sleep(pause)
            moment = self.ends.now()
            try:
                unmet = [
                    f"done, but not seen: {one.words()} ({seen})"
                    for one in step.verify
                    for seen in [_refusal(one, moment, before)]
                    if seen
                ]
            finally:
                moment.close()
            if not unmet:
                break
        return unmet

    @property
    def _name(self) -> str:
        return self._runs[self.target].name

    # -- the end

    def _complete(self, finished: Mapping[str, Mapping[str, Any]]) -> Result:
        outcomes = self._assess()
        state = "applied-unverified" if outcomes.unverified else "complete"
        self._append("complete", None, state=state, findings=outcomes.as_list(), caused=list(outcomes.caused))
        return Result(self._name, state, self._step_list(), (), "", outcomes)

    def _assess(self) -> Outcomes:
        pushed = self.push(self.plan) if self.push else {}
        try:
            before = json.loads(self._runs[self.target].read("before.json"))
        except (Refused, OSError, ValueError):
            before = []
        return assess(self.plan, before, self.rescan(), pushed)

    def _failed(self, why: str, finished: Dict[str, Mapping[str, Any]], was: Mapping[str, Mapping[str, Any]]) -> Result:
        """Undoes what lies behind the last step that cannot be undone; says where things stand."""
        at = next(number for number, step in enumerate(self._steps) if step.id not in finished)
        failing = self._steps[at]
        self._said[failing.id] = ("failed", why)
        self.say(f"failed: {why}")
        stands: List[str] = []
        hands = Hands(self.ends, self._runs, self._name)
        in_leg = self._in_leg(finished, was)
        if failing.id in was and not in_leg:
            try:
                hands.undo_begun(failing, was[failing.id], self.ends.now())
            except (Failed, Refused, Elsewhere, OSError) as error:
                stands.append(f"{failing.title}: not undone, {error}")
        if not in_leg and not stands:
            self._undo_behind(at, finished, was, hands, stands)
        self._close_what_is_open(finished, hands)
        stands += [f"{step.title}: done" for step in self._steps if step.id in finished]
        if failing.id in was and hands.some_effect(failing, was[failing.id]):
            stands.append(f"{failing.title}: begun, some of its effects are there")
        if in_leg:
            stands.append("the only way is forward: nimdoctor fix --resume " + self._name)
        restored = not stands
        outcomes = Outcomes.of_failure(self.plan, "restored" if restored else "failed")
        if restored:
            self._note("complete", None, state="restored", why=why, findings=outcomes.as_list())
        else:
            self._note("stopped", failing.id, why=why, stands=stands, findings=outcomes.as_list())
        return Result(
            self._name, "restored" if restored else "stopped", self._step_list(), tuple(stands), why, outcomes
        )

    def _note(self, event: str, step: Optional[str], **more: Any) -> None:
        """A record of undoing; a journal that takes no more must not keep the host from being put back."""
        for journal in self._journals:
            try:
                journal.append(event, step, **more)
            except OSError as error:
                self.say(f"the journal {journal.path} cannot be written: {error}")

    def _undo_behind(
        self,
        at: int,
        finished: Dict[str, Mapping[str, Any]],
        was: Mapping[str, Mapping[str, Any]],
        hands: Hands,
        stands: List[str],
    ) -> None:
        """Undoes, in reverse, what was done since the last step that cannot be undone."""
        barriers = [n + 1 for n in range(at) if self._steps[n].no_undo and self._steps[n].id in finished]
        for step in reversed(self._steps[max(barriers, default=0) : at]):
            if step.id not in finished:
                continue
            try:
                hands.undo(step, was.get(step.id) or {}, self.ends.now())
            except (Failed, Refused, Elsewhere, OSError) as error:
                stands.append(f"{step.title}: not undone, {error}")
                self._said[step.id] = ("done", f"not undone: {error}")
                return
            self._note("undone", step.id)
            self._said[step.id] = ("undone", "")
            finished.pop(step.id)

    def _in_leg(self, finished: Mapping[str, Any], was: Mapping[str, Any]) -> bool:
        """Whether the failure lies within a leg: begun, and not all of it done."""
        leg = [step for step in self._steps if step.leg]
        begun = any(step.id in finished or step.id in was for step in leg)
        return begun and any(step.id not in finished for step in leg)

    def _close_what_is_open(self, finished: Mapping[str, Any], hands: Hands) -> None:
        """A transient that is still open is closed whatever failed."""
        for step in self._steps:
            do = step.do
            if isinstance(do, Transient) and do.of in finished and step.id not in finished:
                try:
                    self._close(step, hands, finished)
                except (Failed, Refused, Elsewhere, OSError) as error:
                    self.say(f"tftp stays open: {error}")

    def _step_list(self) -> Tuple[Tuple[str, str, str], ...]:
        return tuple((step.id, *self._said.get(step.id, ("not-begun", ""))) for step in self._steps)


def unfinished_words(run: RecordedRun, state: str) -> str:
    """What to do about an unfinished run, with the commands."""
    where = "" if state == "/var/adm/nimdoctor" else f" --state-dir {state}"
    return (
        f"run {run.name} is {run.state}: nimdoctor fix --resume {run.name}{where} goes on with it, "
        f"nimdoctor rollback {run.name}{where} takes it back"
    )


def _of_files(step: Step) -> Tuple[Condition, ...]:
    """The conditions of a step that its own half-done work makes false."""
    from nimdoctor.plan.conditions import FileAbsent, FileIs, LibraryCopyIs, Renamable

    return tuple(
        one for one in (*step.before, *step.then) if isinstance(one, (FileIs, LibraryCopyIs, Renamable, FileAbsent))
    )


def _answer(condition: Condition, moment: Moment, was: Mapping[str, Any]) -> Optional[bool]:
    try:
        return condition.decide(moment, was).holds
    except (Elsewhere, Refused, OSError):
        return None


def _refusal(condition: Condition, moment: Moment, was: Mapping[str, Any] = {}) -> str:
    """Why a condition does not hold; empty when it does."""
    try:
        answer = condition.decide(moment, was)
    except Elsewhere as error:
        return f"that cannot be told: {error}"
    except Refused as error:
        return str(error)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    return "" if answer.holds else answer.says


__all__ = ["Executor", "Locked", "NotApplied", "Result", "load", "refuse_up_front", "unfinished_words"]
