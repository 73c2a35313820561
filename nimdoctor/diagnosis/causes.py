"""Findings that explain each other, told as one story: the cause first, what follows from it below.

A finding names the checks whose findings it is the cause of (`Result.causes`), and a symptom those whose findings are
the cause of it (`Result.explained_by`). A link holds between two findings of one topic, end and host, and from the
master down to its client; up only to a symptom that the master recorded of that client. Where the cause is
only possible, or of less than medium severity, it *may* explain: such a link is shown, and moves nothing.
"""

from typing import Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Confidence, Outcome, Role, Severity, Topic

_SURENESS = (Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE, None)


class Pair(NamedTuple):
    """Who belongs together: `own` are the NIM names of the client, `clients` those of every client the master knows,
    `masters` the hosts that are the client's master; None stands for a master known only by what its client sees of it.
    """

    own: FrozenSet[str] = frozenset()
    clients: FrozenSet[str] = frozenset()
    masters: FrozenSet[Optional[str]] = frozenset([None])


class CauseLink(NamedTuple):
    """One finding explains another; both are positions in `Story.findings`. `sure` is False for one that only may."""

    cause: int
    effect: int
    sure: bool


class Story(NamedTuple):
    """The failed results in the order in which they are told, and what links them.

    `depths` says how many causes stand above each. A link that follows from others is left out.
    """

    findings: Tuple[Result, ...] = ()
    depths: Tuple[int, ...] = ()
    links: Tuple[CauseLink, ...] = ()

    def causes(self, result: Result) -> List[Tuple[Result, bool]]:
        """What explains a finding, and whether that is sure."""
        return [(self.findings[link.cause], link.sure) for link in self.links if self.findings[link.effect] is result]

    def effects(self, result: Result) -> List[Tuple[Result, bool]]:
        """What a finding explains, and whether that is sure."""
        return [(self.findings[link.effect], link.sure) for link in self.links if self.findings[link.cause] is result]

    def behind(self, result: Result) -> List[Result]:
        """Every finding that surely explains this one, through others too; the nearest first."""
        found: List[Result] = []
        waiting = [result]
        while waiting:
            for cause, sure in self.causes(waiting.pop(0)):
                if sure and all(cause is not known for known in found):
                    found.append(cause)
                    waiting.append(cause)
        return found

    def chain(self) -> List[Tuple[Result, int]]:
        """The first finding and all that follows from it, each with its depth below the first."""
        if not self.findings:
            return []
        sure = [link for link in self.links if link.sure]
        depths: Dict[int, int] = {0: 0}
        for position in range(len(self.findings)):
            above = [depths[link.cause] for link in sure if link.effect == position and link.cause in depths]
            if above:
                depths[position] = 1 + max(above)
        return [(self.findings[position], depth) for position, depth in sorted(depths.items())]


def rank(result: Result) -> Tuple[bool, int, int, str, str, str, str]:
    """Sorts findings, the worst first: operation before exposures, by severity, by how sure they are, then by name."""
    return (
        result.topic is Topic.EXPOSURE,
        -result.severity.rank,
        _SURENESS.index(result.confidence),
        result.check,
        result.where.value,
        result.host or "",
        result.message,
    )


def story_of(results: Sequence[Result], pair: Callable[[], Pair] = Pair) -> Story:
    """The story of a scan's results, whatever their order. `pair` is asked only where a master's finding explains one."""
    failed = sorted((result for result in results if result.outcome is Outcome.FAIL), key=rank)
    links = _reduced(_without_cycles(_links(failed, pair)))
    order, depths = _ordered(len(failed), [link for link in links if link.sure])
    position = {old: new for new, old in enumerate(order)}
    moved = [CauseLink(position[link.cause], position[link.effect], link.sure) for link in links]
    return Story(tuple(failed[old] for old in order), tuple(depths), tuple(sorted(moved)))


def _links(failed: Sequence[Result], pair: Callable[[], Pair]) -> Iterator[CauseLink]:
    known: List[Pair] = []
    for cause, finding in enumerate(failed):
        for effect, other in enumerate(failed):
            named = other.check in finding.causes or finding.check in other.explained_by
            if not named or other.check == finding.check or other.topic is not finding.topic:
                continue
            if finding.where is Role.MASTER:
                known = known or [pair()]
                if not _reaches(finding, other, known[0]):
                    continue
            elif (finding.where, finding.host) != (other.where, other.host):
                if finding.check not in other.explained_by:
                    continue
                known = known or [pair()]
                if not _is_of(other, known[0]):
                    continue
            yield CauseLink(cause, effect, _is_sure(finding))


def _reaches(cause: Result, effect: Result, pair: Pair) -> bool:
    """Whether a finding of a master can be the cause of another: of its own, or of the client that was given."""
    named = pair.clients.intersection(cause.objects)
    if effect.where is Role.MASTER:
        theirs = pair.clients.intersection(effect.objects)
        return cause.host == effect.host and (not named or not theirs or not named.isdisjoint(theirs))
    return cause.host in pair.masters and (not named or not named.isdisjoint(pair.own))


def _is_of(symptom: Result, pair: Pair) -> bool:
    """Whether what a master recorded is about the client that was given, and about no other."""
    return symptom.where is Role.MASTER and bool(symptom.objects) and pair.own.issuperset(symptom.objects)


def _is_sure(cause: Result) -> bool:
    return cause.confidence is not Confidence.POSSIBLE and cause.severity.rank >= Severity.MEDIUM.rank


def _without_cycles(links: Iterator[CauseLink]) -> List[CauseLink]:
    """The links, sure ones first, without those that would make a finding its own cause: the worse finding is taken for
    the cause.
    """
    left: List[CauseLink] = []
    for link in sorted(links, key=lambda link: (not link.sure, link)):
        if link.cause not in _from(link.effect, left):
            left.append(link)
    return left


def _reduced(links: Sequence[CauseLink]) -> List[CauseLink]:
    """Without the links that say no more than a way over other findings does."""
    left = list(links)
    for link in links:
        others = [one for one in left if one != link and one.sure >= link.sure]
        if link.effect in _from(link.cause, others):
            left.remove(link)
    return left


def _from(start: int, links: Sequence[CauseLink]) -> Set[int]:
    """What follows from a finding, itself included."""
    found, waiting = {start}, [start]
    while waiting:
        cause = waiting.pop()
        new = {link.effect for link in links if link.cause == cause} - found
        found |= new
        waiting += new
    return found


def _ordered(number: int, links: Sequence[CauseLink]) -> Tuple[List[int], List[int]]:
    """The positions in the order of telling, and their depths: a cause is as bad as the worst that follows from it,
    and what it explains comes right after the last of its causes.
    """
    causes = {one: {link.cause for link in links if link.effect == one} for one in range(number)}
    roots = sorted((one for one in causes if not causes[one]), key=lambda one: (min(_from(one, links)), one))
    order: List[int] = []
    depths: Dict[int, int] = {}
    waiting = roots[::-1]
    while waiting:
        one = waiting.pop()
        depths[one] = 1 + max((depths[cause] for cause in causes[one]), default=-1)
        order.append(one)
        ordered = set(order)
        waiting += sorted(
            (link.effect for link in links if link.cause == one and causes[link.effect] <= ordered), reverse=True
        )
    return order, [depths[one] for one in order]
