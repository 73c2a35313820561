"""What a check is and what it may say.

A check is a function decorated with `check`. Its parameters name, by type, the facts it needs;
it yields `Finding`, `Passed`, `Note`, `Unknown` or `NotApplicable`, or raises `Missing`. A check
that yields nothing passes on the evidence of the facts it was given. A fact is a class decorated with `fact`.
"""

from typing import Annotated, Any, Callable, Iterable, Iterator, NamedTuple, Optional, Sequence, Tuple, TypeVar

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text
from nimdoctor.model.verdicts import (
    CHECKS_OWN,
    COMMAND,
    EVERY_FETCH,
    EVERY_FIX,
    FILE,
    HIGH_FROM,
    MEDIUM_FROM,
    PUSH,
    Command,
    Confidence,
    File,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    Note,
    Outcome,
    Passed,
    Push,
    Role,
    RuledOut,
    Settlement,
    Severity,
    Topic,
    Traffic,
    Unknown,
    Verdict,
    Vulnerability,
    severity_of,
    worst_score,
)

__all__ = [
    "CHECKS_OWN",
    "COMMAND",
    "EVERY_FETCH",
    "EVERY_FIX",
    "FILE",
    "HIGH_FROM",
    "MEDIUM_FROM",
    "PUSH",
    "BadEvidence",
    "Check",
    "Command",
    "Confidence",
    "Diagnosis",
    "File",
    "Finding",
    "FixTraits",
    "Inferred",
    "Kind",
    "Missing",
    "NotApplicable",
    "Note",
    "OnClient",
    "OnMaster",
    "Outcome",
    "Passed",
    "Push",
    "Quote",
    "Role",
    "Row",
    "RuledOut",
    "Settlement",
    "Severity",
    "Subject",
    "Text",
    "Topic",
    "Traffic",
    "Unknown",
    "Verdict",
    "Vulnerability",
    "check",
    "fact",
    "severity_of",
    "worst_score",
]


T = TypeVar("T")
OnMaster = Annotated[T, Role.MASTER]
"""Parameter type for a fact of the master, whichever host the check runs over."""
OnClient = Annotated[T, Role.CLIENT]
"""Parameter type for a fact of the client, whichever host the check runs over."""


class Subject(NamedTuple):
    """The host a check runs over; ask for it as for a fact.

    `name` is its name, or "this client", "this master" where it is not known (`named` is False then);
    `where` is the end it is judged as; `roles` all it plays. `client_named` and `master_named` say
    whether such a host was given at all, `loose` that the evidence is bare files of unknown origin, `thorough` that it is a whole collection,
    in which a gap may hide something.
    """

    name: str
    where: Role
    roles: Tuple[Role, ...]
    client_named: bool = False
    master_named: bool = False
    loose: bool = False
    thorough: bool = False
    named: bool = True

    @property
    def argument(self) -> str:
        """The name as a command's argument: CLIENT or MASTER stands for one that is not known."""
        return self.name if self.named else self.where.value.upper()


class Diagnosis:
    """What the other checks found in this scan; ask for it as for a fact. Checks that do run last."""

    def __init__(self, failing: Iterable[Tuple[str, Optional[str]]] = (), fetches: bool = False) -> None:
        self._failing = tuple(failing)
        self.fetches = fetches
        """Whether one of `fixes` ends with the client's fetch of its certificate."""

    def failing(self, check_id: str) -> bool:
        """Whether that check failed on any host."""
        return any(found == check_id for found, _ in self._failing)

    def fixes(self) -> Tuple[str, ...]:
        """Ids of the fixes that the other checks' findings call for."""
        return tuple(fix for _, fix in self._failing if fix)


ALL_INFERRED = "C C"
"""Marks of causes and cures that no source tells."""


class FixTraits(NamedTuple):
    """What a fix says of itself that a scan must know, as in `nimdoctor.planning.fix.Fix`."""

    classic: bool = False
    named_only: bool = False
    fetches: bool = False


class Check(NamedTuple):
    """One registered check: the function and what its decorator said of it."""

    id: str
    title: str
    role: Role
    severity: Severity
    function: Callable[..., Optional[Iterator[Verdict]]]
    fix: Optional[str] = None
    source: str = ""
    confidence: Confidence = Confidence.LIKELY
    cause: Optional[str] = None
    impact: Optional[str] = None
    cure: Optional[str] = None
    classic: Optional[bool] = None
    explains: Tuple[str, ...] = ()
    precedes: Tuple[str, ...] = ()
    timeline: bool = False
    topic: Topic = Topic.OPERATION
    rules_out: Tuple[RuledOut, ...] = ()
    breaks: Tuple[Traffic, ...] = ()
    messages: Tuple[str, ...] = ()
    log_lines: Tuple[str, ...] = ()
    marks: str = ALL_INFERRED
    subject: str = ""

    @property
    def summary(self) -> str:
        """First line of the docstring: what the check holds to be true, or what breaks."""
        return (self.function.__doc__ or self.title).strip().splitlines()[0]

    def __call__(self, *args: Any, **kwargs: Any) -> Optional[Iterator[Verdict]]:
        """Calls the function as written, so that a test can feed it facts."""
        return self.function(*args, **kwargs)


def check(
    id: str,
    *,
    title: str,
    role: Role,
    severity: Severity,
    fix: Optional[str] = None,
    source: str = "",
    confidence: Confidence = Confidence.LIKELY,
    cause: Optional[str] = None,
    impact: Optional[str] = None,
    cure: Optional[str] = None,
    classic: Optional[bool] = None,
    explains: Sequence[str] = (),
    precedes: Sequence[str] = (),
    timeline: bool = False,
    topic: Topic = Topic.OPERATION,
    rules_out: Sequence[RuledOut] = (),
    breaks: Sequence[Traffic] = (),
    messages: Sequence[str] = (),
    log_lines: Sequence[str] = (),
    marks: str = ALL_INFERRED,
    subject: str = "",
) -> Callable[[Callable[..., Optional[Iterator[Verdict]]]], Check]:
    """Makes a function a check.

    `severity` and `confidence` hold for its findings unless they carry their own; so do `cause`,
    `impact` (else the docstring's first line), `cure` and `fix`. Whether a fix is advice only from security generation G2 on it says itself;
    `classic` stands in the place of that where the cure of this check is right at every generation (False), or no fix
    is written for what is right below G2 only (True). `explains` names checks whose findings this one's are the cause of;
    `precedes` names fixes that cannot work before this check's finding is cured, or holds EVERY_FIX or EVERY_FETCH. `timeline` says that what it
    finds began some day, so that a report should say what changed before. A check of the `topic` exposure bears on no verdict, which is that of
    operation: its findings are told beside it. `rules_out` are steps that no plan of a scan with this finding holds. `breaks` is the
    traffic that its finding stops, or makes unsafe, or will, and that a report's picture of both ends therefore shows as
    broken or at risk. `messages` are numbers, and `log_lines` patterns of lines of nimsh.log (both of the tables in
    `nimdoctor/facts/data`), for which `nimdoctor explain` names this check. `marks` are the best of
    its causes and of its cures, as in docs/not-yet-on-aix.md: A, B, C or M; what is C or M is an `Inferred`.
    `subject` is the word for what it looks at, with which a report says what of the evidence is well; empty where that is
    of no weight.
    """

    def register(function: Callable[..., Optional[Iterator[Verdict]]]) -> Check:
        return Check(
            id=id,
            title=title,
            role=role,
            severity=severity,
            function=function,
            fix=fix,
            source=source,
            confidence=confidence,
            cause=cause,
            impact=impact,
            cure=cure,
            classic=classic,
            explains=tuple(explains),
            precedes=tuple(precedes),
            timeline=timeline,
            topic=topic,
            rules_out=tuple(rules_out),
            breaks=tuple(breaks),
            messages=tuple(messages),
            log_lines=tuple(log_lines),
            marks=marks,
            subject=subject,
        )

    return register
