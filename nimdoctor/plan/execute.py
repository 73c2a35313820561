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
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.facts.repair_runs import UNFINISHED
from nimdoctor.model import Role
from nimdoctor.plan.actions import (
    EndedAtDeadline,
    Failed,
    Hands,
    allowed,
    kept_path,
    left_behind,
    paths_of,
    present,
    state_before,
)
from nimdoctor.plan.asking import holds, refusal
from nimdoctor.plan.conditions import Condition
from nimdoctor.plan.document import Plan, Refusal
from nimdoctor.plan.ends import End, Ends, Moment
from nimdoctor.plan.lock import Locked, lock
from nimdoctor.plan.outcome import Outcomes, assess
from nimdoctor.plan.place import Place, Refused
from nimdoctor.plan.run_journals import RunJournals
from nimdoctor.plan.runs import Run as RecordedRun
from nimdoctor.plan.runs import believed, catch_up, every, load, unfinished
from nimdoctor.plan.state import RunDirectory, StateDirectory
from nimdoctor.plan.steps import Remove, Run, Step, Subsystem, with_run
from nimdoctor.plan.undo import NOT_DONE, Undoing, closing_of, still_open, still_running

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
    """Applies one plan. `target` is the end whose state directory leads; `rescan` scans both ends anew.

    `interrupted` is asked before each step: what was done is then undone, unless a step that cannot be was begun.
    """

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
        interrupted: Callable[[], bool] = lambda: False,
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
        self.interrupted = interrupted
        self._runs: Dict[Role, RunDirectory] = {}
        self._steps: Tuple[Step, ...] = ()
        self._done: Dict[str, Mapping[str, Any]] = {}
        self._begun: Dict[str, Mapping[str, Any]] = {}
        self._opened: Dict[str, Mapping[str, Any]] = {}
        self._unsure: Set[str] = set()
        self._anew = False
        self._standing: Dict[str, str] = {}
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
            with self._begun_run(before):
                return self._forward()

    def resume(self, recorded: RecordedRun) -> Result:
        """Goes on with a run that was not finished. Raises as `apply` does."""
        with self._locked():
            # as it is now that nobody else can go on with it
            run = load(self._changed_ends()[0].state, recorded.name)
            if run.state not in UNFINISHED:
                raise NotApplied([Refusal("", "the run is unfinished", f"run {run.name} is {run.state} by now")])
            self._refuse_unfinished(but=run.name)
            self._take_places(run.name)
            running = still_running(run.begun(), self._steps, self.ends)
            if running:
                raise NotApplied(running)
            with self._opened_journals() as journals:
                journals.take_up()
                journals.append("resume")
                self._hands.sweep(step for step in self._steps if step.id in {**run.done(), **run.begun()})
                self._done, self._begun, self._opened = dict(run.done()), dict(run.begun()), dict(run.opened())
                self._unsure, self._standing = run.unsure(), run.standing()
                self._look_again(run)
                self._open_again()
                return self._forward()

    def unmet(self, steps: Sequence[Step]) -> List[Refusal]:
        """Preconditions of these steps that do not hold now."""
        moment = self.ends.now()
        found = []
        try:
            for step in steps:
                for condition in step.before:
                    seen = refusal(condition, moment)
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
            for run in every(end.state):
                leading = believed(run)
                if leading is not run and run.state != leading.state and run.name != but:
                    catch_up(run.directory, leading)
                if run.name != but:
                    run.directory.drop_reserve()  # killed after its last record

    @contextlib.contextmanager
    def _begun_run(self, before: Sequence[Any]) -> Iterator[None]:
        """A new run, up to its first record; whatever fails before that leaves nothing of it."""
        ends = self._changed_ends()
        self._check_room(ends)
        made: List[RunDirectory] = []
        with contextlib.ExitStack() as stack:
            try:
                lead = StateDirectory(ends[0].state).new_run(self.now())
                made.append(lead)
                made += [StateDirectory(end.state).same_run(lead.name) for end in ends[1:]]
                document = json.dumps(self.plan.as_dict(), indent=1).encode("ascii")
                for directory in made:
                    directory.write("plan.json", document)
                    for name, content in self.scripts.items():
                        directory.write(name.replace("/", "-"), content)
                lead.write("before.json", json.dumps(before).encode("ascii"))
                self._take_places(lead.name)
                for step in self._steps:
                    self._hands.keep(step)
                stack.enter_context(self._opened_journals()).begin(
                    plan=self.plan.id,
                    fixes=sorted({fix for step in self.plan.steps for fix in step.fixes}),
                    targets={end.where.value: end.target for end in self.ends.ends.values()},
                    states={end.where.value: end.state for end in ends},
                    target=self.target.value,
                    affects=list(self.plan.affects.clients) if self.plan.affects else [],
                )
            except BaseException:
                stack.close()
                for directory in made:
                    with contextlib.suppress(OSError):
                        directory.discard()
                raise
            yield

    def _take_places(self, name: str) -> None:
        """The run's directories, which exist, and its steps with its name in them."""
        for end in self._changed_ends():
            state = StateDirectory(end.state)
            self._runs[end.where] = state.open_run(name) if end.where is self.target else state.same_run(name)
        self._share_run()
        self._steps = tuple(with_run(step, name) for step in self.plan.steps)
        self._hands = Hands(self.ends, self._runs, name)

    def _opened_journals(self) -> RunJournals:
        self._journals = RunJournals([self._runs[end.where] for end in self._changed_ends()], self.say)
        self._undoing = Undoing(self._steps, self._hands, self._journals, self.ends)
        return self._journals

    def _share_run(self) -> None:
        # two ends may be one state directory: the target then serves both
        for where in self.ends.ends:
            self._runs.setdefault(where, self._runs[self.target])

    def _check_room(self, ends: Sequence[End]) -> None:
        for end in ends:
            size = 0
            for step in self.plan.steps:
                path = kept_path(step)
                if path and step.where is end.where and end.place:
                    look = end.place.look(path)
                    size += look.size if look else 0
            free = Place(None).free_bytes(os.path.realpath(end.state))
            if free < 2 * size + ROOM:
                raise NotApplied(
                    [Refusal("", "there is room for backups and journal", f"{end.state} has {free} bytes free, "
                             f"{2 * size + ROOM} are needed")]
                )  # fmt: skip

    def _look_again(self, run: RecordedRun) -> None:
        """What was undone while the journal took no record of it is not done."""
        for step in reversed(self._steps):
            if step.id not in self._done or step.restores:
                continue
            if step.no_undo:
                break
            opened = self._opened[step.id]
            files = set(run.done()[step.id].get("files") or ())
            if isinstance(step.do, (Run, Subsystem)):
                undone = bool(opened.get("open")) and self._effects(step, opened) == "none"
            else:
                changed_later = any(
                    files & set(run.done()[later.id].get("files") or ())
                    for later in self._steps[self._steps.index(step) + 1 :]
                    if later.id in self._done and later.where is step.where
                )
                undone = not changed_later and closing_of(self._steps, step) is None and self._hands.looks_undone(step)
            if undone:
                del self._done[step.id]
                self._begun[step.id] = opened

    def _open_again(self) -> None:
        """Before a step that needs what was opened for a time is done again, that is looked at: it may be closed by now."""
        for at, opening in enumerate(self._steps):
            closing = closing_of(self._steps, opening)
            if closing is None or opening.id not in self._done:
                continue
            between = self._steps[at + 1 : self._steps.index(closing)]
            if any(step.id not in self._done for step in between):
                del self._done[opening.id]
                self._begun[opening.id] = self._opened[opening.id]
                self._done.pop(closing.id, None)

    # -- forward

    def _forward(self) -> Result:
        """Does what is not done."""
        for step in self._steps:
            if step.id in self._done and not self._done[step.id].get("left_open"):
                self._said[step.id] = ("done", "")
                continue
            if self.interrupted() and not self._beyond_return():
                return self._failed(step, "interrupted by somebody, before this step")
            try:
                self._advance(step)
            except Exception as error:  # one that nobody foresaw must not leave the host half-way either
                known = isinstance(error, NOT_DONE)
                return self._failed(step, str(error) if known else f"{type(error).__name__}: {error}")
        return self._complete()

    def _beyond_return(self) -> bool:
        """Whether a step that cannot be undone was begun: then a run goes on to its end, interrupted or not."""
        begun = {**self._done, **self._begun, **self._opened}
        return any(step.no_undo and not step.restores and step.id in begun for step in self._steps)

    def _advance(self, step: Step) -> None:
        """Does one step, or finds that it was done. Raises one of NOT_DONE."""
        if step.restores:
            self.say(f"{step.where.value}: {step.title} ...")
            self._close(step)
            return
        opened = self._begun.get(step.id)
        seen = "none" if opened is None else self._effects(step, opened)
        if seen == "all" and self._anew and isinstance(step.do, Run):
            seen = "some"  # it may not have seen what a step before it has just done
        if opened is not None and seen == "all":
            self._keep_done(step, opened.get("was") or {}, "its effects were seen")
            return
        self.say(f"{step.where.value}: {step.title} ...")
        if opened is not None:
            self._make_ready_again(step, opened, seen)
            seen = self._effects(step, opened)
        self._begin_and_do(step, opened, half_done=seen == "some")
        self._anew = True

    def _begin_and_do(self, step: Step, opened: Optional[Mapping[str, Any]], half_done: bool) -> None:
        moment = self.ends.now()
        try:
            self._check(step, moment, half_done)
            before = dict(opened.get("was") or {}) if opened else {}
            if not before:
                before = {**state_before(step, moment), "present": present(moment.place(step.where))}
                # whatever a step before it did to nimsh: undoing brings back what the run found
                before["nimsh"] = before["nimsh"] or self._had_nimsh(step.where)
            beginning = {"was": before, "open": self._open_effects(step, moment, before)}
            try:
                self._journals.append("begin", step.id, **beginning)
            except OSError:
                self._journals.note("undone", step.id)  # one journal may have it, and nothing was done
                raise
            self._opened.setdefault(step.id, beginning)
            self._standing.pop(step.id, None)
            try:
                said = self._hands.do(step, moment)
            except EndedAtDeadline as error:
                removed = self._removed(step)
                if self._unverified(step, before) or not self._hands.seen_to_end(
                    step, before, self.ends.now(), removed
                ):
                    raise
                said = f"{error}; all its effects are seen"
        finally:
            moment.close()
        unverified = self._unverified(step, before)
        if unverified:
            raise Failed(f"{step.title}: {unverified[0]}")
        self._keep_done(step, before, said)

    def _removed(self, step: Step) -> List[str]:
        """What steps before it removed on its end."""
        before = self._steps[: self._steps.index(step)]
        return [one.do.path for one in before if isinstance(one.do, Remove) and one.where is step.where]

    def _had_nimsh(self, where: Role) -> bool:
        ids = {step.id for step in self._steps if step.where is where}
        return any((one.get("was") or {}).get("nimsh") for step, one in self._opened.items() if step in ids)

    def _check(self, step: Step, moment: Moment, half_done: bool) -> None:
        """Preconditions just before the step, read anew."""
        for condition in (*step.before, *step.then):
            if half_done and condition in _of_files(step):
                continue  # the step itself has changed the file; the step's own test of its bytes remains
            seen = refusal(condition, moment)
            if seen:
                raise Refused(f"{step.title}: not done, since it must hold that {condition.words()}, but {seen}")

    def _make_ready_again(self, step: Step, opened: Mapping[str, Any], seen: str) -> None:
        """Before a step that was begun is done again: repair what it left, or stop where that is not safe."""
        do = step.do
        if not isinstance(do, Run):
            return
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
            self._hands.act(step.where, do.repair, opened.get("was") or {}, self.ends.now())

    def _close(self, step: Step) -> None:
        left_open = self._undoing.close(step)
        self._done[step.id] = {"left_open": left_open} if left_open else {}
        self._said[step.id] = ("left-open", left_open) if left_open else ("done", "")

    def _keep_done(self, step: Step, before: Mapping[str, Any], said: str) -> None:
        files = left_behind(self.ends.now().place(step.where), step, before)
        self._journals.append("done", step.id, files=files, says=said)
        self._done[step.id] = {"files": files}
        self._said[step.id] = ("done", said)

    # -- what is seen of a step

    def _open_effects(self, step: Step, moment: Moment, before: Mapping[str, Any]) -> List[int]:
        """Which of the step's proofs do not hold yet: only these can show that it was done."""
        return [number for number, one in enumerate(step.verify) if holds(one, moment, before) is not True]

    def _effects(self, step: Step, opened: Mapping[str, Any]) -> str:
        """all, some or none of the effects that were not there before a step that was begun."""
        moment = self.ends.now()
        was = opened.get("was") or {}
        try:
            numbers = [number for number in opened.get("open") or () if number < len(step.verify)]
            seen = [holds(step.verify[number], moment, was) is True for number in numbers]
            ended = self._hands.seen_to_end(step, was, moment, self._removed(step))
        finally:
            moment.close()
        if not seen or not any(seen):
            return "none"
        # of a command whose undoing was begun, what no proof shows may be gone
        sure = ended and not (isinstance(step.do, Run) and step.id in self._unsure)
        return "all" if all(seen) and sure else "some"

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
                    for seen in [refusal(one, moment, before)]
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

    def _complete(self) -> Result:
        try:
            outcomes = self._assess()
            state = "applied-unverified" if outcomes.unverified else "complete"
            self._journals.conclude(
                "complete", None, state=state, findings=outcomes.as_list(), caused=list(outcomes.caused)
            )
        except Exception as error:
            why = f"every step is done, but what came of it cannot be told: {error}"
            stands = [f"{step.title}: done" for step in self._steps]
            outcomes = Outcomes.of_failure(self.plan, "failed")
            self._journals.note("stopped", None, why=why, stands=stands, findings=outcomes.as_list())
            return Result(self._name, "stopped", self._step_list(), tuple(stands), why, outcomes)
        return Result(self._name, state, self._step_list(), (), "", outcomes)

    def _assess(self) -> Outcomes:
        pushed = self.push(self.plan) if self.push else {}
        try:
            before = json.loads(self._runs[self.target].read("before.json"))
        except (Refused, OSError, ValueError):
            before = []
        return assess(self.plan, before, self.rescan(), pushed, self._name)

    def _failed(self, failing: Step, why: str) -> Result:
        """Undoes what lies behind the last step that cannot be undone; says where things stand."""
        self._said[failing.id] = ("failed", why)
        self.say(f"failed: {why}")
        in_leg = self._in_leg()
        stands = [*self._standing.values()] + ([] if in_leg else self._undo_behind(failing))
        for opening in still_open(self._steps, self._done):
            # as one that is undone, so that a resume opens it again
            left_open = self._undoing.take_back(opening, {}, done=True)
            if left_open:
                stands.append(left_open)
                self._said[opening.id] = ("left-open", left_open)
            else:
                self._said[opening.id] = ("undone", "")
            del self._done[opening.id]
        for step in self._steps:
            if step.id in self._done:
                outcome, said = self._said.get(step.id, ("done", ""))
                stands.append(
                    f"{step.title}: {said if outcome == 'left-open' else f'done, {said}' if 'not undone' in said else 'done'}"
                )
        if in_leg and failing.id in self._opened and self._hands.some_effect(failing, self._opened[failing.id]):
            stands.append(f"{failing.title}: begun, some of its effects are there")
        if in_leg:
            stands.append("the only way is forward: nimdoctor fix --resume " + self._name)
        restored = not stands
        outcomes = Outcomes.of_failure(self.plan, "restored" if restored else "failed")
        if restored:
            self._journals.note("complete", None, state="restored", why=why, findings=outcomes.as_list())
        else:
            self._journals.note("stopped", failing.id, why=why, stands=stands, findings=outcomes.as_list())
        return Result(
            self._name, "restored" if restored else "stopped", self._step_list(), tuple(stands), why, outcomes
        )

    def _undo_behind(self, failing: Step) -> List[str]:
        """Undoes, in reverse, the failing step and what was done since the last one that cannot be undone."""
        at = self._steps.index(failing)
        behind: List[Step] = []
        for step in reversed(self._steps[:at]):
            if step.id in self._done and step.no_undo and not step.restores:
                break
            closing = closing_of(self._steps, step)
            shut = closing is not None and closing.id in self._done and not self._done[closing.id].get("left_open")
            if step.id in self._done and not step.restores and not shut:
                behind.append(step)
        stands: List[str] = []
        for step in [*([failing] if failing.id in self._opened and not failing.restores else []), *behind]:
            try:
                stood = self._undoing.take_back(step, self._opened.get(step.id) or {}, done=step.id in self._done)
            except NOT_DONE as error:
                if step is failing:
                    return [f"{step.title}: begun and not undone, {error}"]
                self._said[step.id] = ("done", f"not undone: {error}")
                return stands
            if stood:
                stands.append(stood)
            if step is not failing and not stood:
                self._said[step.id] = ("undone", "")
                del self._done[step.id]
        return stands

    def _in_leg(self) -> bool:
        """Whether the failure lies within a leg: begun, and not all of it done."""
        leg = [step for step in self._steps if step.leg]
        begun = any(step.id in self._done or step.id in self._opened for step in leg)
        return begun and any(step.id not in self._done for step in leg)

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


__all__ = ["Executor", "Locked", "NotApplied", "Result", "refuse_up_front", "unfinished_words"]
