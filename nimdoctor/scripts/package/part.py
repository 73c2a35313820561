"""What one host of a plan does in it, and what the other end needs to know of it."""

from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from nimdoctor.model import Role
from nimdoctor.planning.client_crypto import CRYPTO_OFF
from nimdoctor.planning.conditions import (
    AuditingOff,
    CertificateServed,
    Condition,
    CryptoIs,
    NotHardened,
    TftpAllowed,
    TftpServed,
)
from nimdoctor.planning.conditions.base import shell_of
from nimdoctor.planning.document import Plan, PlanHost
from nimdoctor.planning.steps import RunCommand, Step, Transient, with_run
from nimdoctor.scripts.end import ScriptEnd

FETCH = (TftpServed, TftpAllowed, AuditingOff, CertificateServed)
"""What of the master a fetch rests on: its client asks by a tftp request of its own."""


class Part(NamedTuple):
    """One host's part of a plan: its own `steps`; `asked` is what steps on the other end need of this host, and
    `hardened` why the plan found that it may be of generation G2, empty where it did not; `mark` parts the marks of two
    ends that are one host.
    """

    where: Role
    host: PlanHost
    end: ScriptEnd
    steps: Tuple[Step, ...]
    for_others: Tuple[Condition, ...]
    directory: str
    hardened: str = ""
    mark: str = ""

    @property
    def name(self) -> str:
        """The host as people call it."""
        return self.host.name or f"the {self.where.value}"

    def own(self, conditions: Tuple[Condition, ...]) -> List[Condition]:
        """Those that this host can answer."""
        return [one for one in conditions if one.where is self.where and shell_of(one)]

    @property
    def guards(self) -> List[Condition]:
        """What must hold here before the first change: of all steps; of the first what must hold just before it, too."""
        found = [one for step in self.steps for one in self.own(step.before)]
        return list(dict.fromkeys(found + self.own(self.steps[0].then if self.steps else ())))

    @property
    def rests_on(self) -> List[Condition]:
        """What its steps need of the other end."""
        return list(dict.fromkeys(one for step in self.steps for one in needed(step) if one.where is not self.where))

    @property
    def fetches(self) -> bool:
        """Whether a step of it fetches from the master."""
        return any(isinstance(one, FETCH) for one in self.rests_on)

    def closing(self, number: int) -> int:
        """The number of the step that closes what that one opens; 0 without one."""
        step = self.steps[number - 1]
        return next((at for at, one in self.numbered() if isinstance(one.do, Transient) and one.do.of == step.id), 0)

    def numbered(self) -> Iterator[Tuple[int, Step]]:
        """Its steps, counted from 1."""
        return iter(enumerate(self.steps, 1))

    def back_until(self, number: int) -> int:
        """The last step during which a failure takes that one back: the next without undo, or the end."""
        if self.steps[number - 1].no_undo:
            return number
        later = (at for at, one in self.numbered() if at > number and one.no_undo and not one.restores)
        return self.closing(number) or next(later, len(self.steps) + 1)

    def block_ends(self, number: int) -> bool:
        """Whether the script may stop after that step: neither the recycle leg, nor crypto that was switched off, nor what
        is open for a time is left half-way.
        """
        return all(number < first or number >= last for first, last in [self.leg, *self._blocks()])

    def _blocks(self) -> Iterator[Tuple[int, int]]:
        for at, step in self.numbered():
            if isinstance(step.do, RunCommand) and step.do.argv == CRYPTO_OFF:
                on = (later for later, one in self.numbered() if later > at and _crypto_on(one))
                yield at, next(on, len(self.steps))
            elif self.closing(at):
                yield at, self.closing(at)

    @property
    def leg(self) -> Tuple[int, int]:
        """First and last step of the recycle leg; two zeros without one."""
        found = [at for at, one in self.numbered() if one.leg]
        return (found[0], found[-1]) if found else (0, 0)


def _crypto_on(step: Step) -> bool:
    return any(isinstance(one, CryptoIs) and one.on for one in step.verify)


def needed(step: Step) -> Tuple[Condition, ...]:
    """What must hold before a step."""
    return (*step.before, *step.then)


def parts_of(plan: Plan, ends: Mapping[str, ScriptEnd]) -> List[Part]:
    """The hosts that the plan needs, in the order of their steps, then those that are only asked."""
    run = f"chg-{plan.id[:16]}"
    steps = [with_run(step, run) for step in plan.steps]
    several = len(plan.hosts) > 1
    one_host = len({host.target for host in plan.hosts.values()}) == 1
    found: Dict[Role, Part] = {}
    for where in [*(step.where for step in steps), *plan.hosts]:
        if where in found or where not in plan.hosts:
            continue
        conditions = (one for step in steps if step.where is not where for one in needed(step) if one.where is where)
        found[where] = Part(
            where,
            plan.hosts[where],
            ends.get(where.value) or ScriptEnd(None, "/var/adm/nimdoctor"),
            tuple(step for step in steps if step.where is where),
            tuple(one for one in dict.fromkeys(conditions) if shell_of(one)),
            f"{where.value}/" if several else "",
            _hardened(plan, where),
            f"-{where.value}" if several and one_host else "",
        )
    return [part for part in found.values() if part.steps or part.for_others]


def _hardened(plan: Plan, where: Role) -> str:
    must = NotHardened(where).words()
    if plan.hosts[where].level is None:
        return f"the {where.value}'s level was not known when the plan was made (oslevel -s)"
    return next((one.seen for one in plan.refusals if one.must == must), "")


def other_steps_between(plan: Plan, part: Part, number: int) -> Optional[Role]:
    """The end that has steps between that step of the part and the one before it."""
    ids = [step.id for step in plan.steps]
    if number == 1:
        return None
    at = ids.index(part.steps[number - 1].id)
    return next((step.where for step in plan.steps[ids.index(part.steps[number - 2].id) + 1 : at]), None)
