"""What a text of unknown origin is, by what stands in it."""

import functools
import re
from typing import List, Mapping, Optional, Pattern, Tuple

from nimdoctor.evidence.recognition.kinds import ALONE, KINDS, Sign, TextKind
from nimdoctor.evidence.recognition.naming import by_hint, facts_of, hinted_name, named
from nimdoctor.evidence.recognition.quoting import SAMPLE, is_binary, short_lines, strip_quoting

ENOUGH = 2.0
"""Points at which a text is taken for something; a line that nothing else prints is worth 2."""


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
    scores = {kind.key: score for kind in KINDS if (score := points_of(signs_in(kind, text)))}
    best = max(scores, key=lambda key: scores[key], default=None)
    if best and scores[best] >= ENOUGH:
        name = named(best, text, hint)
        if name:
            return by_hint(name, hinted)
    return _thin(text, hint, hinted, scores)


@functools.cache
def _patterns(kind: TextKind) -> Tuple[Tuple[Sign, Pattern[str]], ...]:
    # compiled at the first use: a scan of a live host never needs them
    return tuple((sign, re.compile(sign.pattern, re.MULTILINE)) for sign in kind.signs if sign.points)


def signs_in(kind: TextKind, text: str) -> List[Tuple[Sign, List[int]]]:
    """The signs of a kind that a text has, and where each stands, as offsets."""
    found = ((sign, [match.start() for match in pattern.finditer(text)]) for sign, pattern in _patterns(kind))
    return [(sign, places) for sign, places in found if places]


def points_of(found: List[Tuple[Sign, List[int]]]) -> float:
    """What the signs found say together."""
    return sum(min(sign.points * len(places), sign.most) for sign, places in found)


def points(text: str) -> float:
    """How much a text says: the most points that any kind has in it."""
    prepared = _prepared(text)
    return max(points_of(signs_in(kind, prepared)) for kind in KINDS)


def _prepared(sample: str) -> str:
    text = sample
    if len(text) > 2 * SAMPLE:
        text = text[:SAMPLE] + "\n" + text[-SAMPLE:]
    text = text.lstrip("\ufeff").replace("\0", "").replace("\r", "")
    return short_lines(strip_quoting(text))


def _thin(text: str, hint: str, hinted: Optional[str], scores: Mapping[str, float]) -> Optional[str]:
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
