"""The words of a check's verdict: how grave and how sure it is, what it quotes, what settles or rules out what."""

import enum
from typing import Any, Dict, Iterable, NamedTuple, Optional, Sequence, Tuple, Union

from nimdoctor.model.text import Quote


class Severity(str, enum.Enum):
    """How much a finding matters; ordered, `critical` highest."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info up to 4 for critical."""
        return _SEVERITIES.index(self)


_SEVERITIES = list(Severity)


class Confidence(str, enum.Enum):
    """How sure a finding is."""

    POSSIBLE = "possible"
    LIKELY = "likely"
    CERTAIN = "certain"


class Outcome(str, enum.Enum):
    """What a check came to on one host."""

    FAIL = "fail"
    PASS = "pass"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


class Role(str, enum.Enum):
    """Which end of NIM a check looks at. A host's own role is a set of CLIENT and MASTER."""

    CLIENT = "client"
    MASTER = "master"
    BOTH = "both"


class Inferred(str):
    """A cause or a cure that no source tells: inferred (mark C), or only remembered (M). It is worded as likely.

    A plain string rests on an IBM page or another source (A, B), or says no more than the finding's own lines show.

    >>> Inferred("the clock likely stood wrong") == "the clock likely stood wrong"
    True
    """

    __slots__ = ()


class Topic(str, enum.Enum):
    """What a check is about: whether NIM works, or what stands open to others while it does."""

    OPERATION = "operation"
    EXPOSURE = "exposure"


class Traffic(str, enum.Enum):
    """What goes between a master and its client, in the order in which a report shows it."""

    PUSH = "push"
    PULL = "pull"
    TFTP = "tftp"


HIGH_FROM, MEDIUM_FROM = 9.0, 7.0
"""CVSS base scores from which an open vulnerability is high, and medium; below it is low."""


class Vulnerability(NamedTuple):
    """A known vulnerability that is open: `id` is a CVE or an advisory, `score` its CVSS base score where that is known."""

    id: str
    score: Optional[float] = None


def worst_score(vulnerabilities: Iterable[Vulnerability]) -> Optional[float]:
    """The highest score; None where none is known.

    >>> worst_score([Vulnerability("CVE-2025-36096", 9.0), Vulnerability("CVE-2025-36236")]), worst_score([])
    (9.0, None)
    """
    return max((one.score for one in vulnerabilities if one.score is not None), default=None)


def severity_of(score: float) -> Severity:
    """How grave an exposure of that score is.

    >>> [severity_of(score).value for score in (10.0, 9.0, 8.9, 7.0, 6.9)]
    ['high', 'high', 'medium', 'medium', 'low']
    """
    return Severity.HIGH if score >= HIGH_FROM else Severity.MEDIUM if score >= MEDIUM_FROM else Severity.LOW


class RuledOut(NamedTuple):
    """A step that a finding says cannot work, or cannot be taken back, so that no plan of that scan holds it.

    It is a command that begins with the words `argv`, or the removal of a file whose path fits the pattern `path`;
    `where` is the end it is done at, None for the one the finding is about. `why` says the reason; where it is empty
    the finding's own words are the reason.
    """

    where: Optional[Role]
    argv: Tuple[str, ...] = ()
    path: str = ""
    why: str = ""


EVERY_FIX = "*"
"""In `Check.precedes`: whatever fix is called for."""
EVERY_FETCH = "*fetches"
"""In `Check.precedes`: whatever fix ends with the client's fetch of its certificate."""
CHECKS_OWN = ""
"""Value of `Finding.fix` that means: the fix the check names."""


class Finding(NamedTuple):
    """A problem: what is wrong, with the lines that show it.

    What is left out comes from the check: severity, confidence, cause, impact, cure, fix, references.
    `objects` are the names a fix acts on (clients, paths). `run` is the one command that comes next,
    as typed on the host the finding is about; `touches` counts other hosts it would affect. `evidence`
    speaks for the finding, `against` are lines that speak against it, and `missing` names, in the
    catalog's terms, what was not there and would make it surer. `explains` stands in the place of the
    check's where this finding is the cause of fewer things, or of others; so does `rules_out`. `explained_by` are ids of
    checks whose findings, where there are any, are the cause of this one: what a symptom knows of its causes.
    `vulnerabilities` are
    what an exposure leaves open; without a `severity` of its own the finding has that of the worst score among them.
    """

    message: str
    evidence: Sequence[Quote] = ()
    objects: Sequence[str] = ()
    severity: Optional[Severity] = None
    confidence: Optional[Confidence] = None
    cause: Optional[str] = None
    impact: Optional[str] = None
    cure: Optional[str] = None
    fix: Optional[str] = CHECKS_OWN
    references: Sequence[str] = ()
    run: Optional[str] = None
    touches: int = 0
    against: Sequence[Quote] = ()
    missing: Sequence[str] = ()
    explains: Optional[Sequence[str]] = None
    vulnerabilities: Sequence[Vulnerability] = ()
    rules_out: Optional[Sequence[RuledOut]] = None
    explained_by: Sequence[str] = ()


class Passed(NamedTuple):
    """Evidence shows that the problem is not there."""

    message: str
    evidence: Sequence[Quote] = ()


class Note(NamedTuple):
    """Worth knowing, no fault: reported as a pass of severity info."""

    message: str
    evidence: Sequence[Quote] = ()


PUSH, COMMAND, FILE = "push", "command", "file"
"""Kinds of settlement."""


class Settlement(NamedTuple):
    """What would settle a verdict that is open, as data: `Push`, `Command` and `File` make it.

    `where` is the end to do or to read it on; None is the end that the check runs over, which the engine fills in.
    `argv` is the command of a push or a command, None of a push whose client's NIM name is not known; `path` is
    the file's. `also` are commands whose output is wanted beside that of `argv`, on the same end.
    """

    where: Optional[Role]
    kind: str
    argv: Optional[Tuple[str, ...]] = None
    path: Optional[str] = None
    also: Tuple[Tuple[str, ...], ...] = ()

    def as_dict(self) -> Dict[str, Any]:
        """As JSON values; `also` only where there is any."""
        found = {
            "where": self.where.value if self.where else None,
            "kind": self.kind,
            "argv": list(self.argv) if self.argv else None,
            "path": self.path,
        }
        return {**found, "also": [list(argv) for argv in self.also]} if self.also else found


def Push(client: Optional[str]) -> Settlement:
    """A push to that client, by its NIM name: only the next one shows."""
    # a name that begins with a dash would be read as an option
    named = client and not client.startswith("-")
    return Settlement(Role.MASTER, PUSH, ("nim", "-o", "lslpp", str(client)) if named else None)


def Command(*argv: str, where: Optional[Role] = None, also: Tuple[Tuple[str, ...], ...] = ()) -> Settlement:
    """The output of that command, and of those beside it."""
    return Settlement(where, COMMAND, argv, also=also)


def File(path: str, where: Optional[Role] = None) -> Settlement:
    """That file, or those below a pattern."""
    return Settlement(where, FILE, path=path)


class Unknown(NamedTuple):
    """The evidence does not decide; `missing` names what would, in the catalog's terms.

    `settled_by` says what settles it where that is not the first of `missing`.
    """

    message: str
    missing: Sequence[str] = ()
    evidence: Sequence[Quote] = ()
    severity: Optional[Severity] = None
    settled_by: Optional[Settlement] = None


class NotApplicable(NamedTuple):
    """The check has nothing to look at here, by design."""

    message: str


class Missing(Exception):
    """Raised by a check whose requirement shows only on the way: the outcome becomes unknown."""

    def __init__(self, *missing: str, message: str = "") -> None:
        super().__init__(message or "not collected: " + ", ".join(missing))
        self.missing = missing
        self.message = message


Verdict = Union[Finding, Passed, Note, Unknown, NotApplicable]
