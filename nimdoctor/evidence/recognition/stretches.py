"""Where a text of one kind ends: the stretches of what somebody pasted without prompts, those that are nothing known included."""

import re
from bisect import bisect_right
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.evidence.recognition.content import ENOUGH, points_of, recognise, signs_in
from nimdoctor.evidence.recognition.kinds import ALONE, COMMENT, KINDS, WRAPPED, TextKind, own_lines
from nimdoctor.evidence.recognition.naming import named
from nimdoctor.evidence.recognition.quoting import short_lines, strip_quoting

UNKNOWN = ""
"""The name of a stretch that is nothing known."""


class Part(NamedTuple):
    """One stretch of a text: `first` and `last` are line numbers in it, from 1; `name` is UNKNOWN for what is no kind's."""

    name: str
    first: int
    last: int


class _Stretch(NamedTuple):
    kind: TextKind
    first: int
    last: int


def parts(text: str, hint: str = "") -> List[Part]:
    """The stretches of a text without prompts, in order; blank lines between them belong to none.

    A stretch ends where the lines of its kind end; odd lines between two of its own stay in it. A file given under its own
    name is one stretch, whatever is in it. Nothing where none of it is known.

    >>> mail = "lpar7:\\n class = machines\\n connect = nimsh\\n\\nFri Mar 14 10:05:02 2025 Loading certificates..\\n"
    >>> parts(mail + "Fri Mar 14 10:05:04 2025 create BIO\\nPlease help\\n")  # doctest: +NORMALIZE_WHITESPACE
    [Part(name='lsnim -l', first=1, last=3), Part(name='/var/adm/ras/nimsh.log', first=5, last=6),
     Part(name='', first=7, last=7)]
    """
    count = text.count("\n") + (not text.endswith("\n"))
    main = recognise(text, hint)
    if main is None:
        return []
    if main.startswith("/") and re.split(r"[/\\]", hint)[-1] == main.rsplit("/", 1)[1]:
        return [Part(main, 1, count)]
    clean = short_lines(strip_quoting(text))
    lines = clean.split("\n")[:count]
    claims = _claims(clean, lines, hint)
    found = _widened(_heads_to_the_next(_joined(list(_runs(lines, claims))), lines, claims), lines)
    kinds = {stretch.kind.key for stretch in found}
    if not found or (len(found) == 1 and _is_all(found[0], lines)):
        return [Part(main, 1, count)]
    result = []
    for stretch in found:
        content = "\n".join(lines[stretch.first : stretch.last + 1])
        name = main if len(kinds) == 1 else named(stretch.kind.key, content, hint) or main
        result.append(Part(name, stretch.first + 1, stretch.last + 1))
    return sorted([*result, *_between(found, lines)], key=lambda part: part.first)


def _claims(clean: str, lines: Sequence[str], hint: str) -> Dict[int, Dict[TextKind, float]]:
    """By index of a line, the kinds that know it by a sign, with its points."""
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    claims: Dict[int, Dict[TextKind, float]] = {}
    for kind in KINDS:
        found = signs_in(kind, clean)
        if points_of(found) >= ENOUGH and named(kind.key, clean, hint):
            for sign, places in found:
                for place in places:
                    of_line = claims.setdefault(bisect_right(starts, place) - 1, {})
                    of_line[kind] = max(sign.points, of_line.get(kind, 0))
    return claims


def _runs(lines: Sequence[str], claims: Dict[int, Dict[TextKind, float]]) -> Iterator[_Stretch]:
    """Lines of one kind after each other, with those that only may belong to it."""
    kind: Optional[TextKind] = None
    first = last = 0
    wrapped = 0
    for index, line in enumerate(lines):
        known = claims.get(index, {})
        if kind and wrapped:
            wrapped -= 1
            over = bool(re.search(kind.closes, line))
            if not over or line.strip():
                last = index
            wrapped = 0 if over else wrapped
            if kind not in known:
                continue
        if not line.strip():
            continue
        strongest = max(known, key=lambda one: known[one], default=None)
        weak = strongest is None or known[strongest] < 1
        if kind and (kind in known or (weak and _belongs(kind, line))):
            last = index
        elif strongest:
            if kind:
                yield _Stretch(kind, first, last)
            kind, first, last = strongest, index, index
        else:
            continue
        wrapped = WRAPPED if kind.opens and re.search(kind.opens, line) else 0
    if kind:
        yield _Stretch(kind, first, last)


def _belongs(kind: TextKind, line: str) -> bool:
    return any(pattern.search(line) for pattern in own_lines(kind))


def _joined(runs: Sequence[_Stretch]) -> List[_Stretch]:
    """Runs of one kind with nothing of another between are one."""
    joined: List[_Stretch] = []
    for run in runs:
        if joined and joined[-1].kind is run.kind:
            joined[-1] = joined[-1]._replace(last=run.last)
        else:
            joined.append(run)
    return joined


def _heads_to_the_next(
    found: Sequence[_Stretch], lines: Sequence[str], claims: Mapping[int, Mapping[TextKind, float]]
) -> List[_Stretch]:
    """Comments at the end of a file that the next begins right behind are the head of the next."""
    moved = list(found)
    for index in range(len(moved) - 1):
        one, other = moved[index], moved[index + 1]
        last = one.last
        while last > one.first and last not in claims and re.match(COMMENT, lines[last]):
            last -= 1
        head = range(last + 1, one.last + 1)
        if head and one.last + 1 == other.first and all(_belongs(other.kind, lines[at]) for at in head):
            moved[index], moved[index + 1] = one._replace(last=last), other._replace(first=last + 1)
    return moved


def _widened(found: Sequence[_Stretch], lines: Sequence[str]) -> List[_Stretch]:
    """The stretches with what stands before and behind them and belongs to them; in two where its own first line comes again."""
    wide: List[_Stretch] = []
    for position, stretch in enumerate(found):
        floor = wide[-1].last + 1 if wide else 0
        ceiling = found[position + 1].first if position + 1 < len(found) else len(lines)
        first, last = _begin(stretch.kind, stretch.first, floor, lines), stretch.last
        if not stretch.kind.ends:
            while last + 1 < ceiling and lines[last + 1].strip():
                last += 1
            while first > floor and lines[first - 1].strip():
                first -= 1
        wide += _apart(_Stretch(stretch.kind, first, last), lines)
    return wide


def _begin(kind: TextKind, first: int, floor: int, lines: Sequence[str]) -> int:
    """Where a text begins whose first line of its own is that: comments and blank lines before it may be its own."""
    found = index = first
    while index > floor and (not lines[index - 1].strip() or _belongs(kind, lines[index - 1])):
        index -= 1
        found = index if lines[index].strip() else found
    return found


def _apart(stretch: _Stretch, lines: Sequence[str]) -> Iterator[_Stretch]:
    kind, first = stretch.kind, stretch.first
    again = [
        index for index in range(first, stretch.last + 1) if kind.once and re.search(kind.once, lines[index])
    ][1:]  # fmt: skip
    for index in again:
        begin = index
        while begin > first and not any(re.search(sign.pattern, lines[begin - 1]) for sign in kind.signs):
            begin -= 1
        end = begin - 1
        while end > first and not lines[end].strip():
            end -= 1
        yield _Stretch(kind, first, end)
        first = begin
        while not lines[first].strip():
            first += 1
    yield _Stretch(kind, first, stretch.last)


def _is_all(stretch: _Stretch, lines: Sequence[str]) -> bool:
    outside = [*lines[: stretch.first], *lines[stretch.last + 1 :]]
    return not any(line.strip() for line in outside)


def _between(found: Sequence[_Stretch], lines: Sequence[str]) -> Iterator[Part]:
    """What no kind takes, without the blank lines around it; a line that tells something standing alone is such a part."""
    edges = [(-1, -1), *((stretch.first, stretch.last) for stretch in found), (len(lines), len(lines))]
    gaps = [(before[1] + 1, after[0] - 1) for before, after in zip(edges, edges[1:])]
    alone = _alone(gaps, lines)
    for begin, end in gaps:
        first = None
        last = begin
        for index in range(begin, end + 1):
            if index in alone:
                if first is not None:
                    yield Part(UNKNOWN, first + 1, last + 1)
                    first = None
                yield Part(alone[index], index + 1, index + 1)
            elif lines[index].strip():
                first, last = (index if first is None else first), index
        if first is not None:
            yield Part(UNKNOWN, first + 1, last + 1)


_SAID_ALONE = ("oslevel -s", "openssl version")


def _alone(gaps: Sequence[Tuple[int, int]], lines: Sequence[str]) -> Dict[int, str]:
    """Lines that are the whole output of a command; of two that differ nobody knows which counts."""
    found: Dict[int, str] = {}
    for name, pattern in ALONE:
        places = [
            index for begin, end in gaps for index in range(begin, end + 1)
            if name in _SAID_ALONE and re.fullmatch(pattern, lines[index].strip())
        ]  # fmt: skip
        if places and len({lines[index].strip() for index in places}) == 1:
            found[places[-1]] = name
    return found
