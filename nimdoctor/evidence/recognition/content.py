"""What a text of unknown origin is, by what stands in it."""

import functools
import re
from typing import Dict, List, NamedTuple, Optional, Pattern, Tuple

from nimdoctor.evidence.recognition.naming import by_hint, facts_of, hinted_name, named
from nimdoctor.evidence.recognition.quoting import SAMPLE, is_binary, short_lines, strip_quoting
from nimdoctor.evidence.recognition.signs import ALONE, KINDS, NIMSH_LOG

ENOUGH = 2.0
"""Points at which a text is taken for something; a line that nothing else prints is worth 2."""


class Part(NamedTuple):
    """One recognised stretch of a text: `first` and `last` are line numbers in it, from 1."""

    name: str
    first: int
    last: int


def recognise(sample: str, hint: str = "") -> Optional[str]:
    """The catalog name of a text, from its beginning (and end, where it is long); None when it is none.

    `hint` is the file's name; it decides between equals and lets thin content count.

    >>> recognise("Fri Mar 14 10:05:04 2025 create BIO")
    '/var/adm/ras/nimsh.log'
    >>> recognise("My pushes hang, the log says create BIO.") is None
    True
    >>> recognise("7200-05-03-2148")
    'oslevel -s'
    >>> recognise(" lpar7 root", "rhosts.txt")
    '/.rhosts'
    """
    text = _prepared(sample)
    if not text.strip() or is_binary(text):
        return None
    hinted = hinted_name(hint)
    for alone, pattern in ALONE:
        lines = text.strip().splitlines()
        if re.fullmatch(pattern, lines[0].strip()) and (len(lines) == 1 or alone == "openssl version"):
            return alone
    scores = _scores(text)
    best = max(scores.values(), key=lambda score: score.points, default=None)
    if best and best.points >= ENOUGH:
        name = named(best.key, text, hint)
        if name:
            return by_hint(name, hinted)
    return _thin(text, hint, hinted, scores)


def parts(text: str, hint: str = "") -> List[Part]:
    """The recognised stretches of a text without prompts, in order; together they cover it.

    >>> mail = "Hello\\nlpar7:\\n class = machines\\n connect = nimsh\\n and\\n"
    >>> parts(mail + "Fri Mar 14 10:05:02 2025 Loading certificates..\\nFri Mar 14 10:05:04 2025 create BIO\\n")
    [Part(name='lsnim -l', first=1, last=4), Part(name='/var/adm/ras/nimsh.log', first=5, last=7)]
    """
    count = text.count("\n") + (not text.endswith("\n"))
    main = recognise(text, hint)
    if main is None:
        return []
    if main.startswith("/") and main != NIMSH_LOG:
        return [Part(main, 1, count)]  # a comment in a configuration file may look like anything
    clean = short_lines(strip_quoting(text))
    taken: List[_Score] = []
    for score in sorted(_scores(clean).values(), key=lambda score: -score.points):
        clear = all(score.last < other.first or score.first > other.last for other in taken)
        if clear and score.points >= ENOUGH and named(score.key, clean, hint):
            taken.append(score)
    if len(taken) < 2:
        return [Part(main, 1, count)]
    taken.sort(key=lambda score: score.first)
    found, first = [], 1
    for position, score in enumerate(taken):
        final = position == len(taken) - 1
        last = count if final else clean.count("\n", 0, score.last) + 1
        stretch = "\n".join(clean.split("\n")[first - 1 : last])
        found.append(Part(named(score.key, stretch, hint) or main, first, last))
        first = last + 1
    return found


def points(text: str) -> float:
    """How much a text says: the most points that any kind has in it."""
    return max((score.points for score in _scores(_prepared(text)).values()), default=0.0)


class _Score(NamedTuple):
    key: str
    points: float
    first: int
    last: int


@functools.cache
def _patterns() -> Tuple[Tuple[str, Tuple[Tuple[Pattern[str], float, float], ...]], ...]:
    # compiled at the first use: a scan of a live host never needs them
    return tuple(
        (key, tuple((re.compile(pattern, re.MULTILINE), points, most) for pattern, points, most in signs))
        for key, signs in KINDS
    )


def _prepared(sample: str) -> str:
    text = sample
    if len(text) > 2 * SAMPLE:
        text = text[:SAMPLE] + "\n" + text[-SAMPLE:]
    text = text.lstrip("\ufeff").replace("\0", "").replace("\r", "")
    return short_lines(strip_quoting(text))


def _scores(text: str) -> Dict[str, _Score]:
    found: Dict[str, _Score] = {}
    for key, signs in _patterns():
        total, first, last = 0.0, len(text), 0
        for pattern, points, most in signs:
            places = [match.start() for match in pattern.finditer(text)]
            if places:
                total += min(points * len(places), most)
                first, last = min(first, places[0]), max(last, places[-1])
        if total:
            found[key] = _Score(key, total, first, last)
    return found


def _thin(text: str, hint: str, hinted: Optional[str], scores: Dict[str, _Score]) -> Optional[str]:
    """What the file's name says, where the content is too thin to say it and says nothing else."""
    if not hinted:
        return None
    base = re.split(r"[/\\]", hint)[-1]
    if hinted.startswith("/"):
        own = scores.get(hinted)
        exact = base == hinted.rsplit("/", 1)[1]
        rhosts = hinted == "/.rhosts" and re.search(r"(?m)^[ \t]*(?:\+|[\w.-]+)(?:[ \t]+[\w+.-]+)?[ \t]*$", text)
        return hinted if exact or own or rhosts else None
    own = next((scores[key] for key in scores if facts_of(key) & facts_of(hinted)), None)
    short = len(text.strip().splitlines()) <= 3
    return hinted if own or short else None
