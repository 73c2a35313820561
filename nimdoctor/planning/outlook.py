"""What comes next after a scan: for each finding what a plan of the scanned hosts does about it, under the plan's own
conditions, so that a report names no command that `nimdoctor fix` refuses.

A plan is made only where a finding names a fix: a scan that finds none loads nothing of it.
"""

import re
from shlex import quote
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.causes import Story
from nimdoctor.diagnosis.engine import Engine, Result
from nimdoctor.diagnosis.host import Host
from nimdoctor.model import Role
from nimdoctor.model.wording import named
from nimdoctor.planning.asking import holds
from nimdoctor.planning.by_hand import by_hand, command_of
from nimdoctor.planning.conditions import (
    AuditingOff,
    CertificateServed,
    Condition,
    FetchUnproved,
    SslSupport,
    TftpAllowed,
    TftpServed,
    kind_of,
)
from nimdoctor.planning.document import Plan, PlannedAdvice, Refusal
from nimdoctor.planning.ends import End, Ends, hosts_by_role
from nimdoctor.planning.fix import Fix, Options
from nimdoctor.planning.hindrances import accepting
from nimdoctor.planning.planner import Planner
from nimdoctor.planning.steps import Step
from nimdoctor.planning.typed import as_typed
from nimdoctor.system.host_files import HostFiles

Fixes = Callable[[], Sequence[Fix]]
"""Gives the fixes, which are imported then: most scans of a healthy host need none."""
FIX = "nimdoctor fix"
FRESH = "evidence-fresh"
"""The kind of condition that asks when the evidence of the other end was collected."""
_TEMPLATE = re.compile(r"\b(?:[A-Z]+_[A-Z_]+|CLIENT|MASTER|TARGET)\b(?!=)")
"""A word in a command for a name that nobody knows here: it is not to be run as it stands."""
FETCH = (AuditingOff, CertificateServed, FetchUnproved, SslSupport, TftpAllowed, TftpServed)
"""What shows that a certificate can be fetched; a probe shows it too."""
_UNPROVED = "the proof that the certificate can be fetched: by --probe, or --master TARGET"
_UNSEEN = "a look at what this evidence does not tell"
_HANGS = "a push hangs, which is proved: it must be accepted"


class Way(NamedTuple):
    """What a plan holds for one finding.

    `planned` says that it has steps for it, `steps` are these as a person types them, by end and in order: none where a
    condition refuses one of them. `typed` says that all are commands, no edit among them. `words` say what is advised, or
    what must be settled first; `refused` that nothing is done before. `run` is the command that comes next then, on the
    host of the end `where`; None is the host that nimdoctor runs on, with the targets of the scan in the command. Where it
    is for other clients of the master, `clients` names them; `follow` is what others must do after the steps.
    `ruled_by` are findings that rule out what would be done, so that these come first. `shared` says that one of the
    steps does the work of several fixes.
    """

    planned: bool = False
    steps: Tuple[Tuple[Role, str], ...] = ()
    typed: bool = False
    words: str = ""
    refused: bool = False
    run: Optional[str] = None
    where: Optional[Role] = None
    clients: Tuple[str, ...] = ()
    follow: str = ""
    ruled_by: Tuple[Result, ...] = ()
    shared: bool = False


def ways(engine: Engine, fixes: Fixes, results: Sequence[Result], story: Story, day: str) -> Tuple[Way, ...]:
    """A way for each finding of the story, in its order; `day` ends the names of what is renamed by hand."""
    outlook = Outlook(engine, fixes, results, story, day)
    return tuple(outlook.way(found) if found.fix else Way() for found in story.findings)


class Outlook:
    """The plans of one scan: what `nimdoctor fix` would say of its hosts now, without asking anything over the network."""

    def __init__(self, engine: Engine, fixes: Fixes, results: Sequence[Result], story: Story, day: str) -> None:
        self.engine = engine
        self.fixes = fixes
        self.results = results
        self.story = story
        self.day = day
        hosts = hosts_by_role(engine.target, engine.master)
        self.ends = Ends({role: _end(role, host) for role, host in hosts.items()}, engine.target.catalog)
        self._plans: Dict[str, Tuple[Planner, Plan]] = {}

    def way(self, found: Result) -> Way:
        """What the plan that treats a finding, which names a fix, holds for it."""
        only = "" if found.planned_by_itself else str(found.fix)
        planner, plan = self.plan(only)
        counsels = self._counsels(plan, found)
        steps = _block(plan, found)
        if not steps:
            return _advised(found, counsels)._replace(ruled_by=tuple(planner.ruled_by.get(str(found.fix), ())))
        refused = [one for one in _refused(plan, steps) if not self._of_that_time(one[0])]
        if refused:
            return self._settled(planner, only, refused)
        follow = ""
        if plan.affects and any(step.leg for step in steps):
            cure = "; ".join(map(as_typed, plan.affects.cure))
            follow = f"on {named(list(plan.affects.clients))}: {cure}"
        typed = all(command_of(step.do) for step in steps)
        shared = any(len(step.fixes) > 1 for step in steps)
        return Way(True, tuple(by_hand(steps, self.day)), typed, _words(counsels), follow=follow, shared=shared)

    def plan(self, only: str = "") -> Tuple[Planner, Plan]:
        """What `nimdoctor fix` plans, or with `--only` that fix."""
        if only not in self._plans:
            options = Options(only=(only,) if only else ())
            planner = Planner(self.engine, self.ends, self.fixes(), options)
            self._plans[only] = planner, planner.plan(self.results, self.story)
        return self._plans[only]

    def _settled(self, planner: Planner, only: str, refused: Sequence[Tuple[Condition, Refusal]]) -> Way:
        """What comes before steps that are refused: a probe, the word that a push hangs, a look at the host itself; or
        nothing that nimdoctor could do.
        """
        words: List[str] = []
        options: List[str] = []
        hard: List[str] = []
        for condition, refusal in refused:
            # of recorded evidence, what it does not tell
            unseen = not self._here(condition.where) and holds(condition, planner.now) is None
            old = kind_of(condition) == FRESH
            if old or isinstance(condition, FetchUnproved) or (unseen and isinstance(condition, FETCH)):
                words.append(_UNPROVED)
                options.append("--probe")
            elif unseen:
                words.append(_UNSEEN)
            elif planner.client and holds(accepting(condition, planner.client), planner.now):
                words.append(_HANGS)
                options += ["--accept-hung", planner.client]
            else:
                hard.append(f"needs: {refusal.must}; {refusal.seen}")
        if hard:
            return Way(True, words="; ".join(dict.fromkeys(hard)), refused=True)
        leads = self._leads
        # of recorded evidence the plan is shown from here, and all else is asked on the host itself
        here = self._here(leads) or set(words) == {_HANGS}
        command = planner.command() if here else " ".join([FIX, *(["--only", only] if only else [])])
        run = " ".join([command, *map(quote, dict.fromkeys(options))])
        before = " and ".join(word for word in dict.fromkeys(words) if word != _HANGS)
        said = [*([f"first {before}"] if before else []), *([_HANGS] if _HANGS in words else [])]
        return Way(True, words="; ".join(said), run=run, where=None if here else leads)

    @property
    def _leads(self) -> Role:
        return Role.CLIENT if Role.CLIENT in self.ends.ends else Role.MASTER

    def _of_that_time(self, condition: Condition) -> bool:
        """Whether it asks how old evidence is where all speaks of the time when it was collected."""
        return kind_of(condition) == FRESH and not self._here(self._leads)

    def _here(self, where: Role) -> bool:
        """Whether that end is asked now, from here or over ssh."""
        end = self.ends.ends.get(where)
        return end is not None and (end.live or end.remote)

    def _counsels(self, plan: Plan, found: Result) -> List[PlannedAdvice]:
        """What the plan advises about a finding: what speaks of it by its message, else what its fix says to all."""
        findings = self.story.findings
        of_fix = {one.check for one in findings if one.fix == found.fix}
        about = [one for one in plan.advice if one.about in {found.check, str(found.fix), *of_fix}]
        own = [one for one in about if one.about == found.check and one.finding == found.message]
        return own or [one for one in about if not one.finding]


def _end(role: Role, host: Host) -> End:
    """The end as nothing more than read: what is looked at when a plan is made."""
    evidence = host.evidence
    if not evidence.live or evidence.remote:
        return End(role, evidence.target, lambda: evidence, host.roles)
    files = HostFiles(evidence.root)
    system = evidence.system if evidence.root is None else None
    return End(role, evidence.target, lambda: evidence, host.roles, files, "", system)


def _advised(found: Result, counsels: Sequence[PlannedAdvice]) -> Way:
    """What comes next where no step is planned for a finding."""
    words = _words(counsels)
    first = next((one for one in counsels if one.run), None)
    if first is None or first.run is None:
        return Way(words=words, refused=bool(words))
    where = Role(first.where) if first.where else None
    if _TEMPLATE.search(first.run):
        return Way(words="; ".join(filter(None, (words, first.run))), refused=True)
    if not first.run.startswith(FIX):
        return Way(words=words, refused=bool(words), run=first.run, where=where)
    # another nimdoctor decides there, so nothing is refused here
    clients = first.objects if found.where is Role.MASTER and where is Role.CLIENT else ()
    return Way(words="" if clients else words, run=first.run, where=where, clients=clients)


def _words(counsels: Sequence[PlannedAdvice]) -> str:
    return "; ".join(dict.fromkeys(filter(None, (one.beside if one.finding else one.text for one in counsels))))


def _block(plan: Plan, found: Result) -> List[Step]:
    """The plan's steps that treat a finding: from the first to the last of them, and what these need done before."""
    if not any((one.check, one.where, one.host) == (found.check, found.where, found.host) for one in plan.findings):
        return []
    treating = [number for number, step in enumerate(plan.steps) if found.check in step.checks]
    if not treating:
        return []
    chosen = set(range(treating[0], treating[-1] + 1))
    for number in range(treating[-1], -1, -1):
        wanted = {
            one for later in chosen if later > number for one in (*plan.steps[later].before, *plan.steps[later].then)
        }
        if wanted.intersection(plan.steps[number].verify):
            chosen.add(number)
    return [plan.steps[number] for number in sorted(chosen)]


def _refused(plan: Plan, steps: Sequence[Step]) -> List[Tuple[Condition, Refusal]]:
    """The conditions of these steps that do not hold, or of which it is not known."""
    return [
        (condition, refusal)
        for step in steps
        for condition in step.before
        for refusal in plan.refusals
        if refusal.step and refusal.must == condition.words()
    ]
