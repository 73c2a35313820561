"""What a scan came to: a report, or why there is none."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis import ignore
from nimdoctor.diagnosis.causes import Story
from nimdoctor.diagnosis.engine import Result
from nimdoctor.diagnosis.held_certificates import HeldCertificates
from nimdoctor.diagnosis.settlement import Wanted
from nimdoctor.model import HIGH_FROM, MEDIUM_FROM, Outcome, Severity, Topic, worst_score
from nimdoctor.model.wording import OF_PADMIN, visible

if TYPE_CHECKING:
    from nimdoctor.diagnosis.guidance import Guidance
    from nimdoctor.diagnosis.pictures import Pictures
    from nimdoctor.diagnosis.timeline import Turn
    from nimdoctor.planning.outlook import Way
    from nimdoctor.probe import Probe
    from nimdoctor.report.comparison import Comparison

HEALTHY, PROBLEMS, INCONCLUSIVE = "healthy", "problems", "inconclusive"
EXIT_STATUS = {HEALTHY: 0, PROBLEMS: 1, INCONCLUSIVE: 3}
FAILURE = "nimdoctor.failure/1"
UNREADABLE, FAILED = "target", "failed"
"""Kinds of failures: the target cannot be read; nimdoctor itself failed over it."""


class ScannedHost(NamedTuple):
    """How a report names a host; `name`, `oslevel` and `system` (`uname -s`) are None where the evidence does not tell.

    `vios` says that it is a Virtual I/O Server, `ioslevel` is its level as one.
    """

    name: Optional[str]
    role: str
    oslevel: Optional[str]
    target: str
    system: Optional[str] = None
    ioslevel: Optional[str] = None
    vios: bool = False

    def as_whom(self, command: str) -> str:
        """As whom a command is typed on a Virtual I/O Server, whose shell is padmin's; empty elsewhere."""
        if not self.vios:
            return ""
        return ", as padmin" if command.startswith(OF_PADMIN) else ", as root (padmin: oem_setup_env)"

    @property
    def label(self) -> str:
        """Its name, or the target where the name is not known; this host has no target."""
        return self.name or self.target or "this host"


class Asked(NamedTuple):
    """How much was asked of what could be: `checks` of the `of` that there are.

    `ignored` counts findings, or objects of one, that an ignore file took out; a check of which nothing else is left was
    not asked. `not_as` are roles that the host has by its evidence and by --role was not looked at in.
    """

    checks: int = 0
    of: int = 0
    ignored: int = 0
    not_as: Tuple[str, ...] = ()

    @property
    def narrowed(self) -> bool:
        """Whether the verdict is of less than all."""
        return self.checks < self.of or bool(self.ignored or self.not_as)


class Exposure(NamedTuple):
    """What is open to others: how many known vulnerabilities, each once, the worst score, None where none is known, and
    the checks that say so, those of exposures that no vulnerability is named for (a readable key) too.
    """

    open: int = 0
    worst: Optional[float] = None
    checks: Tuple[str, ...] = ()


class Report(NamedTuple):
    """What a scan came to. `results` are those of operation, then those of exposures, and of each begin with what is
    wrong, in the order of `story`: the worst first, and below it what it explains; `verdict` is that of operation;
    `problems` names evidence that could not be had.
    """

    generated: datetime
    host: ScannedHost
    master: Optional[ScannedHost]
    verdict: str
    results: Tuple[Result, ...]
    ignored: Tuple[ignore.Ignored, ...] = ()
    remarks: Tuple[str, ...] = ()
    problems: Tuple[Tuple[str, str, str], ...] = ()
    turn: "Optional[Turn]" = None
    """When pushes ceased to go well, where something is wrong or untried since."""
    first: Optional[Result] = None
    """The finding to cure first: the root, or what its cure cannot do without."""
    probes: "Tuple[Probe, ...]" = ()
    """What was asked over the network, and the answers; empty unless the scan was told to ask."""
    story: Story = Story()
    """What of that explains what."""
    pictures: "Optional[Pictures]" = None
    """What the report can show as a picture; None unless the scan was told to make it."""
    certificates: HeldCertificates = HeldCertificates()
    """What both ends hold; empty where a narrowed scan had no use for it."""
    redacted: bool = False
    """Whether all names in it are pseudonyms, since its evidence was redacted."""
    asked: Asked = Asked()
    fail_on_exposure: Optional[float] = None
    """The score from which an exposure changes the exit status; None where none does."""
    to_send: Tuple[Wanted, ...] = ()
    """What would settle what is unknown, or make surer what is not certain: each thing once, the gravest first."""
    advice_only: bool = False
    """Whether an end is, or may be, of a generation from which on the classic fixes are advice."""
    guidance: "Optional[Guidance]" = None
    """What is left to do where a cure is advice only; None where none is."""
    ways: "Tuple[Way, ...]" = ()
    """What a plan holds for each finding of `story`, in its order; empty where no plan was made."""

    compared: "Optional[Comparison]" = None
    """What has become of an earlier report's findings; None unless one was given."""

    @property
    def exit_status(self) -> int:
        """0 healthy, 1 problems or an exposure that is not allowed, 3 inconclusive."""
        return EXIT_STATUS[PROBLEMS if self.not_allowed else self.verdict]

    @property
    def exposure(self) -> Exposure:
        """What is open to others."""
        found = self.with_outcome(Outcome.FAIL, Topic.EXPOSURE)
        every = [one for result in found for one in result.vulnerabilities]
        ids = {one.id for one in every}
        return Exposure(len(ids), worst_score(every), tuple(dict.fromkeys(result.check for result in found)))

    @property
    def not_allowed(self) -> bool:
        """Whether an exposure reaches the score that was given for it."""
        found = self.with_outcome(Outcome.FAIL, Topic.EXPOSURE)
        return self.fail_on_exposure is not None and any(_weight(one) >= self.fail_on_exposure for one in found)

    @property
    def changed(self) -> Optional[str]:
        """What changed before something went wrong, or since it was last tried, in one line."""
        return self.turn.words() if self.turn else None

    def root(self) -> Optional[Result]:
        """The finding to begin with: the cause of the worst, which no other finding surely explains."""
        return leading(self.story.findings, self.verdict)

    def way(self, result: Result) -> "Optional[Way]":
        """What a plan holds for a finding; None where none was made."""
        return next((way for found, way in zip(self.story.findings, self.ways) if found is result), None)

    def to_dict(self) -> Dict[str, Any]:
        """The report as plain values of JSON, schema nimdoctor.report/1."""
        from nimdoctor.report import json_report

        return json_report.as_dict(self)

    def _repr_html_(self) -> str:
        """The report as a page of its own, as notebooks show it."""
        from nimdoctor.report import html

        return html.render([self])

    def with_outcome(self, outcome: Outcome, topic: Optional[Topic] = None) -> List[Result]:
        """Results of that outcome, worst first, of every topic or of one."""
        return [one for one in self.results if one.outcome is outcome and topic in (None, one.topic)]

    def undecided(self, topic: Topic) -> List[Result]:
        """What of that topic could not be decided: checks that broke, then what is unknown."""
        return self.with_outcome(Outcome.ERROR, topic) + self.with_outcome(Outcome.UNKNOWN, topic)


class Failure(NamedTuple):
    """Why there is no report of a target, in one line that names it. `kind` is UNREADABLE or FAILED."""

    target: str
    kind: str
    message: str

    @property
    def exit_status(self) -> int:
        """2 for what cannot be read, 4 where nimdoctor itself failed."""
        return 2 if self.kind == UNREADABLE else 4

    def to_dict(self) -> Dict[str, Any]:
        """The failure as plain values of JSON, schema nimdoctor.failure/1."""
        return {"schema": FAILURE, "target": self.target, "kind": self.kind, "message": visible(self.message)}


def leading(findings: Sequence[Result], verdict: str) -> Optional[Result]:
    """The first finding; none where what could not be decided comes before an exposure."""
    first = next(iter(findings), None)
    return None if first and first.topic is Topic.EXPOSURE and verdict == INCONCLUSIVE else first


def _weight(result: Result) -> float:
    """The score of an exposure; without one the least that its severity stands for."""
    score = worst_score(result.vulnerabilities)
    if score is not None:
        return score
    severity = result.severity.rank
    return HIGH_FROM if severity >= Severity.HIGH.rank else MEDIUM_FROM if severity == Severity.MEDIUM.rank else 0.0
