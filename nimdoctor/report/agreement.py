"""Whether an archive says what its evidence said: two reports compared, of the evidence as it came and as it leaves.

Names are pseudonyms in the one and not in the other, so messages are not compared; all that is judged by is.
"""

from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, Sequence, Set, Tuple

from nimdoctor.diagnosis.engine import QUOTED_LINES, Result
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.source import Evidence
from nimdoctor.library.scanning import Report
from nimdoctor.model import Role
from nimdoctor.model.text import BadEvidence

Place = Tuple[str, int]
"""A line of a text, by source and number; 0 is the whole."""
Lines = FrozenSet[Place]
Renamed = Callable[[str], FrozenSet[str]]
"""How a line, or the name of a text, may stand in the archive."""
_REMOVED = "REMOVED"
"""Stands in what takes the place of a password, a key or a certificate."""


def differences(before: Report, after: Report, renamed: Renamed, thinned: Callable[[], Lines]) -> List[str]:
    """A sentence for each check of which the archive says something else; none where both reports say the same.

    `thinned` gives the lines of texts of which the archive holds only those about NIM: what else is quoted of them is not
    in it. Their sources are the evidence's own.
    """
    was, now = _by_check(before), _by_check(after)
    found: List[str] = []
    for check, where in sorted({*was, *now}):
        old, new = was.get((check, where), []), now.get((check, where), [])
        difference = _verdicts(old, new) or _quotes(old, new, renamed, thinned)
        if difference:
            end = f" ({where.value})" if before.master else ""
            found.append(f"{check}{end}: {difference}")
    return found


def thinned_lines(ends: Iterable[Evidence], catalog: Catalog, facts: FrozenSet[str]) -> Lines:
    """All lines of the texts that feed one of those facts."""
    found: Set[Place] = set()
    for evidence in ends:
        for row in catalog:
            for text in evidence.texts(row, {}) if facts & set(row.facts) else ():
                try:
                    found.update((text.source, number) for number, _ in text.lines())
                except BadEvidence:
                    continue
    return frozenset(found)


def _by_check(report: Report) -> Mapping[Tuple[str, Role], List[Result]]:
    found: Dict[Tuple[str, Role], List[Result]] = {}
    for result in report.results:
        found.setdefault((result.check, result.where), []).append(result)
    return found


def _verdict(result: Result) -> Tuple[str, ...]:
    parts = [result.outcome.value, result.severity.value]
    parts += [result.confidence.value] if result.confidence else []
    parts += [f"fix {result.fix}"] if result.fix else []
    parts += [f"objects: {len(result.objects)}"] if result.objects else []
    parts += [f"missing: {len(result.missing)}"] if result.missing else []
    return (*parts, *sorted(found.id for found in result.vulnerabilities))


def _verdicts(old: Sequence[Result], new: Sequence[Result]) -> str:
    was, now = (sorted(map(_verdict, results)) for results in (old, new))
    if was == now:
        return ""
    # what both say alike is not told
    depth = 1
    while depth < 20 and [one[:depth] for one in was] == [one[:depth] for one in now]:
        depth += 1
    sides = [
        " and ".join(", ".join(one[depth - 1 : depth] or one[-1:]) for one in all) or "nothing" for all in (was, now)
    ]
    return f"{sides[0]} in the evidence, {sides[1]} in the archive"


def _quotes(old: Sequence[Result], new: Sequence[Result], renamed: Renamed, thinned: Callable[[], Lines]) -> str:
    was, now = _quoted(old), _quoted(new)
    moved = {_moved(place, now, renamed): texts for place, texts in was.items()}
    if moved.keys() == now.keys() and all(_alike(moved[place], now[place], renamed) for place in now):
        return ""
    left_out = {(form, line) for source, line in thinned() for form in renamed(source)}
    lost = sorted(moved.keys() - now.keys() - left_out)
    # where as many lines are quoted as are quoted at most, others stand in for those that do not leave
    stand_in = left_out if any(len(one.evidence) >= QUOTED_LINES for one in old) else set()
    added = sorted(now.keys() - moved.keys() - stand_in)
    both = sorted((moved.keys() & now.keys()) - left_out)
    other = [place for place in both if not _alike(moved[place], now[place], renamed)]
    difference = [f"the evidence quotes {_words(lost[0])}, which the archive does not"] if lost else []
    difference += [f"the archive quotes {_words(added[0])}, which the evidence does not"] if added else []
    difference += [f"{_words(other[0])} says something else in the archive"] if other else []
    return "; ".join(difference)


def _quoted(results: Sequence[Result]) -> Dict[Place, Set[str]]:
    """The lines quoted by their places; of a whole text nothing, since what is said of it are nimdoctor's own words."""
    found: Dict[Place, Set[str]] = {}
    for result in results:
        for quote in (*result.evidence, *result.against):
            found.setdefault((quote.source, quote.line or 0), set()).update([quote.text] if quote.line else [])
    return found


def _moved(place: Place, now: Mapping[Place, Set[str]], renamed: Renamed) -> Place:
    source, line = place
    forms = [(form, line) for form in sorted(renamed(source))]
    return next((form for form in forms if form in now), forms[0])


def _alike(was: Set[str], now: Set[str], renamed: Renamed) -> bool:
    """Whether these are the same lines."""
    forms = {form for text in was for form in renamed(text)}
    return all(text in forms or _REMOVED in text for text in now)


def _words(place: Place) -> str:
    source, line = place
    return f"{source} line {line}" if line else source
