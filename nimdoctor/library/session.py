"""One repair with all its rules: whom it may be asked of, what it refuses, what it comes to."""

import contextlib
import json
from typing import Any, Callable, ContextManager, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

from nimdoctor.applying.execute import Locked, NotApplied, RunResult
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.evidence.source import TargetError
from nimdoctor.library.errors import PlanRefused, Refused, UsageError
from nimdoctor.library.registry import Registry, close_ids
from nimdoctor.library.repair import Interrupted, Repair, RepairTarget, Say, never
from nimdoctor.library.scanning import local_rules
from nimdoctor.library.stale import stale
from nimdoctor.model import Role
from nimdoctor.model.wording import count, named, visible
from nimdoctor.planning.document import BadPlan, Plan, Refusal, parse
from nimdoctor.planning.fix import Options
from nimdoctor.system.refused import Refused as NotDone

CHANGE_LIMIT = 64
"""Characters of the number of a change."""
Confirm = Callable[[], str]
"""Asks somebody, and gives why it is not to be done, or an empty text."""


UNINTERRUPTED: ContextManager[Interrupted] = contextlib.nullcontext(never)


def unasked() -> str:
    """Nobody is asked."""
    return ""


class Result(NamedTuple):
    """What came of applying a plan: `ended` is None where it held no step, so that nothing was begun."""

    plan: Plan
    ended: Optional[RunResult] = None

    @property
    def run(self) -> Optional[str]:
        """The name of the run, by which it is resumed and taken back."""
        return self.ended.run if self.ended else None

    @property
    def state(self) -> str:
        """That of the run: complete, applied-unverified, restored or stopped; of none complete, or refused where
        something is left to do.
        """
        return self.ended.state if self.ended else "refused" if self.exit_status else "complete"

    @property
    def good(self) -> bool:
        """Whether every step is verified, no treated problem was found again, and nothing is left to do."""
        return self.exit_status == 0

    @property
    def exit_status(self) -> int:
        """0 good; 1 stopped, restored, or found again; of a plan without a step, its own."""
        if self.ended is None:
            return self.plan.exit_status
        return 0 if self.ended.good else 1

    def to_dict(self) -> Dict[str, Any]:
        """The plan with its `result`, as plain values of JSON, schema nimdoctor.plan/1."""
        from nimdoctor.report.plan_json import result_as_dict, without_run_as_dict

        return result_as_dict(self.plan, self.ended) if self.ended else without_run_as_dict(self.plan)


class RepairSession:
    """A repair that is open, and its plan. `saved` is a plan made before, which must be the very same now.

    Raises UsageError, Refused, TargetError, Incomplete.
    """

    def __init__(
        self,
        where: RepairTarget,
        options: Options,
        *,
        registry: Registry,
        saved: Optional[Plan] = None,
        progress: Any = None,
        say: Say = lambda line: None,
    ) -> None:
        options = options._replace(change=number_of_change(options.change))
        if saved is not None:
            refuse_what_is_not_here(saved, registry)
            options = _saved_options(saved, options)
            where = where._replace(master=where.master or _saved_master(saved))
        self.where = where
        kind: Any = Repair
        if over_ssh(where.target, where.state_dir, options.probe):
            from nimdoctor.library.repair_over_ssh import RemoteRepair as kind
        rules = () if where.target == "" or where.target.startswith(("root:", "ssh:")) else local_rules()
        self._take(lambda: kind(where, registry, options, rules=rules, progress=progress, say=say), saved)

    def _take(self, opened: Callable[[], Repair], saved: Optional[Plan]) -> None:
        try:
            self.repair = opened()
        except NotDone as error:
            raise TargetError(str(error)) from error
        try:
            self._prepare(saved)
        except BaseException:
            self.repair.close()
            raise

    def _prepare(self, saved: Optional[Plan]) -> None:
        repair = self.repair
        repair.note_proved()
        plan, unfinished = repair.plan, tuple(repair.unfinished())
        self.plan = plan._replace(unfinished=unfinished, probes=tuple(repair.probes))
        if saved is not None:
            self._refuse_stale(saved, stale(saved, plan))
            repair.render_as(saved)

    def _refuse_stale(self, saved: Plan, reasons: Sequence[str]) -> None:
        if reasons:
            raise Refused([f"stale plan {saved.id[:16]}: {one}" for one in reasons], self.plan, self.plan.unfinished)

    def close(self) -> None:
        """Ends what is held open to other hosts."""
        self.repair.close()

    def scripts(self) -> Mapping[str, bytes]:
        """The plan as a change package: relative names and contents. Raises PlanRefused."""
        unscripted = [f"no script was written: {words_of(one)}" for one in self.repair.unpackaged()]
        if unscripted:
            raise PlanRefused(unscripted, self.plan, self.plan.unfinished, self.plan.probes)
        return self.repair.package() if self.plan.steps else {}

    def apply(
        self,
        *,
        expect: Optional[str] = None,
        affects: Optional[int] = None,
        confirm: Confirm = unasked,
        interruption: ContextManager[Interrupted] = UNINTERRUPTED,
    ) -> Result:
        """Carries the plan out. `expect` is the id it must have, `affects` the number of other clients that lose their
        push by it, `interruption` is entered while hosts are changed. Raises Refused, TargetError.
        """
        plan = self.plan
        if expect is not None and plan.id != expect:
            raise PlanRefused([f"the plan is {plan.id}, and {expect} was expected"], plan, plan.unfinished)
        if plan.unfinished:
            raise Refused(plan.unfinished, plan, plan.unfinished)
        if not plan.steps:
            return Result(plan)
        refusals = {(one.step, one.must): one for one in [*self.repair.refusals(), *plan.refusals]}
        reasons = [words_of(one) for one in refusals.values()] or unconfirmed(plan, affects)
        if reasons:
            raise PlanRefused(reasons, plan, (), plan.probes)
        answer = confirm()
        if answer:
            raise Refused([answer], plan)
        with refused_as_one(plan), interruption as interrupted:
            if interrupted():
                raise Refused(["interrupted by somebody, before anything was begun"], plan)
            return Result(plan, self.repair.apply(interrupted))


@contextlib.contextmanager
def refused_as_one(plan: Optional[Plan] = None) -> Iterator[None]:
    """Whatever keeps a run from being begun, gone on with or taken back, raised as Refused."""
    try:
        yield
    except NotApplied as error:
        raise Refused([words_of(one) for one in error.refusals], plan) from error
    except (Locked, NotDone) as error:
        raise Refused([str(error)], plan, stands=getattr(error, "stands", ())) from error
    except OSError as error:
        raise Refused([failed_at(error)], plan) from error


def unconfirmed(plan: Plan, affects: Optional[int]) -> List[str]:
    """Why the number given does not confirm what the plan does to other clients; empty when it does."""
    clients = plan.affects.clients if plan.affects else ()
    if affects == len(clients) or (affects is None and not clients):
        return []
    who = f"{count(len(clients), 'other client')} ({', '.join(clients)})" if clients else "no other client"
    loses = "loses its push" if len(clients) < 2 else "lose their push"
    return [f"{who} {loses} by this plan: repeat their number with --affects {len(clients)}"]


def registry_of_fixes(named: "tuple[str, ...]" = ()) -> Registry:
    """The checks and fixes for a plan, where all of nimdoctor's own load. Raises UsageError, Refused, Incomplete."""
    registry = Registry()
    registry.fixes()
    unloaded = [
        f"nimdoctor's own {one.name} does not load: {one.reason}; install it again" for one in registry.unloaded()
    ]
    if unloaded:
        # what it would have found, or forbidden, nobody knows
        raise Refused(unloaded)
    known_fixes(registry, named)
    return registry


def refuse_what_is_not_here(saved: Plan, registry: Registry) -> None:
    """Raises Refused for a plan by checks or fixes that this nimdoctor does not have, such as a third party's."""
    ids = [
        *(f"the check {name}" for name in saved.checks if name not in registry.ids()),
        *dict.fromkeys(
            f"the fix {name}"
            for name in (*saved.options.only, *(name for step in saved.steps for name in step.fixes))
            if name not in {fix.id for fix in registry.fixes()}
        ),
    ]
    if ids:
        raise Refused([f"the plan needs {named(ids, len(ids))}, which this nimdoctor does not have"], saved)


def known_fixes(registry: Registry, names: "tuple[str, ...]") -> None:
    """Raises UsageError where one of them is no fix."""
    fixes = registry.fixes()
    for name in names:
        if name in {fix.id for fix in fixes}:
            continue
        check = next((check for check in registry.checks() if check.id == name), None)
        if check and check.fix:
            raise UsageError(f"{name!r} is a check; its fix is {check.fix}: --only {check.fix}")
        close = close_ids(name, fixes)
        hint = f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(one.id for one in fixes)}"
        raise UsageError(f"there is no fix {name!r}{hint}")


def over_ssh(target: str, state_dir: Optional[str], probe: bool) -> bool:
    """Whether the target is reached over ssh. Raises UsageError for what cannot be done so."""
    if not target.startswith("ssh:"):
        return False
    if state_dir is not None:
        raise UsageError(f"--state-dir is for runs that are kept here: on {visible(target)} it is {STATE_DIRECTORY}")
    if probe:
        raise UsageError(
            f"--probe asks the network from the host that is repaired, and {visible(target)} is asked from here: give "
            "--master, or run nimdoctor fix on that host"
        )
    return True


def number_of_change(typed: str) -> str:
    """The number of a change as it is kept. Raises UsageError for one that would not be legible in a list."""
    number = typed.strip()
    if (typed and not number) or len(number) > CHANGE_LIMIT or not number.isprintable():
        raise UsageError(f"--change takes 1 to {CHANGE_LIMIT} printable characters, such as CHG0031337")
    return number


def read_plan(written: "bytes | Mapping[str, Any]", name: str = "this") -> Plan:
    """A plan as it was saved, as bytes or as the values in them. Raises Refused."""
    raw = written if isinstance(written, bytes) else json.dumps(written).encode("ascii")
    try:
        return parse(raw)
    except BadPlan as error:
        raise Refused([f"{name} is no plan that can be applied: {error}"]) from error


def _saved_options(saved: Plan, typed: Options) -> Options:
    """The options a saved plan was made with. Raises UsageError where others were typed: the plan would be another."""
    words = {
        "only": "--only",
        "transient_tftp": "--transient-tftp",
        "lpp_source": "--lpp-source",
        "accept_hung": "--accept-hung",
    }
    for name, word in words.items():
        value = getattr(typed, name)
        if value and value != getattr(saved.options, name):
            raise UsageError(f"the saved plan was made without this {word}: make a plan with it, or apply it as it is")
    return saved.options._replace(
        probe=typed.probe or saved.options.probe,
        change=typed.change or saved.options.change,
        # how old evidence may be is for whoever applies it to say
        evidence_age=typed.evidence_age,
    )


def _saved_master(saved: Plan) -> Optional[str]:
    client, master = saved.hosts.get(Role.CLIENT), saved.hosts.get(Role.MASTER)
    return master.target if client and master and master.target != client.target else None


def failed_at(error: OSError) -> str:
    """What an operating system's error is about, in one line."""
    return f"{error.filename or 'the state directory'}: {error.strerror or error}"


def words_of(one: Refusal) -> str:
    """A precondition that does not hold, as a sentence."""
    helps = f"; what helps: {one.run}" if one.run else ""
    return f"{one.step + ': ' if one.step else ''}needs: {one.must}, but {one.seen}{helps}"
