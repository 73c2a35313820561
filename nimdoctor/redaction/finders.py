"""Where names stand in any text: what comes before them, and what shows by its shape.

All of these expressions take every digit for every other, so that lines which differ in digits alone hold their names
at the same places.
"""

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Dict, Iterator, Sequence, Set, Tuple

from nimdoctor.redaction import patterns
from nimdoctor.redaction.shapes import CACHED, Place, Plan

_LONG = 128
"""Letters of a word from which on it is not remembered."""

_HOST = r"([a-z0-9][\w.-]*)"
_USER = r"([a-z_][\w-]*)"
_PROMPT = r"(?m)^([a-z_][\w-]{0,31})@([a-z][\w.-]*):[^\n#$>]{0,200}[#$>](?:\s|$)"
_SSH = r"\b(?:ssh|scp|sftp|rsync|ssh-copy-id)\b[^\n@]{0,200}\s([a-z_][\w-]{0,31})@([a-z][\w.-]*)"
_ADDRESSED = r"(?m)^[>\s|]{0,40}(?:from|to|cc|bcc|sender|reply-to|von|an|de)[ \t]*:[ \t]*\"?([^<>\"\n@:]{2,64}?)\"?[ \t]*<[^<>\s@]+@"
_MODES = r"(?m)^[bcdlps-][rwxst-]{9}[+.]?\s+\d+\s+"
_TWELVE = r"([0-9a-f]{12})\b"
_PLACES = (
    # kind, a word that must be there at all, and where the name stands in text in small letters
    ("host", "source hostname is", r"source hostname is\s*(?::\s*)?" + _HOST),
    ("host", "master host", r"master host ?name is\s*(?::\s*)?" + _HOST),
    ("host", "address for host", r"address for host\s+" + _HOST),
    ("host", "host name", r"host name(?:\s*[:=])?\s+" + _HOST + r"(?=\s|\.?\s*$)"),
    ("host", "hostname", r"hostname\s*[:=]\s*" + _HOST),
    ("host", " named ", r"no (?:nim object|machine|client|host) named \W?" + _HOST),
    ("host", "aix ", r"(?m)^aix\s+([a-z][\w.-]*)\s+\d+\s+\d+\s+[0-9a-f]{12}\b"),
    ("host", ":/", r"(?m)^\(?([a-z][\w.-]*)\)?:/[^\n#$>:]{0,200}[#$](?:\s|$)"),
    ("host", "%", r"(?m)^([a-z][\w.-]*):/[\w./-]+\s+\d+\s+\d+\s+\d+%"),
    ("host", "host", r"[\"'](?:host|hostname)[\"']\s*:\s*[\"']" + _HOST + "[\"']"),
    ("host", "master", r"[\"'](?:master|client|target)[\"']\s*:\s*[\"']" + _HOST + "[\"']"),
    ("host", "remote value", r"remote value passed,? '([^'\s]+)'"),
    ("host", "environment value", r"environment value,? '([^'\s]+)'"),
    ("user", "rw", _MODES + _USER + r"\s+[a-z_][\w-]*\s+\d"),
    ("user", "rw", _MODES + r"[a-z_][\w-]*\s+" + _USER + r"\s+\d"),
    ("user", "/home/", "/home/" + _USER),
    ("user", "sshd: ", "sshd: " + _USER + r"(?:@| \[)"),
    ("user", "user", r"user(?: ?name)?\s*[=:]\s*\"?" + _USER),
    ("user", "login", r"login\s*[=:]\s*\"?" + _USER),
    ("user", "logname", r"logname\s*[=:]\s*\"?" + _USER),
    ("user", "owner", r"owner\s*[=:]\s*\"?" + _USER),
    ("user", "/", r"(?m)^[^\S\n]*" + _USER + r"\s+\d+\s+\d+\s+\d+\s+\S+\s+(?:\d+\s+)?\S+\s+\d+:\d\d\s"),
    ("hardware", " id", r" id(?: is)?\s*(?:[:=]\s*)?'?" + _TWELVE),
    ("hardware", "value", r"value(?: passed)?,? '" + _TWELVE),
    ("hardware", "cpuid", r"cpuid\s*[=:]\s*" + _TWELVE),
    ("hardware", "mac", r"\bmac[ \t.:=]{1,20}" + _TWELVE),
    ("hardware", "ether", r"\bether(?:net)?[ \t.:=]{1,20}" + _TWELVE),
    ("hardware", "addr", r"\b(?:hw|ll)addr[ \t.:=]{1,20}" + _TWELVE),
    ("hardware", "addr", r"(?:hardware|network|mac|ethernet)[ _-]addr(?:ess)?[ .:=]*([0-9a-f]{12}|[0-9a-f]{1,2}(?:[:.-][0-9a-f]{1,2}){5})\b"),
    ("hardware", "link#", r"link#\d+\s+([0-9a-f]{1,2}(?:\.[0-9a-f]{1,2}){5})\b"),
    ("hardware", "nim_masterid", r"nim_masterid=\"?" + _TWELVE),
    ("hardware", "ether", r"\b([0-9a-f]{12})\b(?=[^\n]{0,200}\bether)"),
    ("serial", "serial", r"serial(?:[ _-]?(?:number|num|no))?\.?[ \t]*(?:[.:=]+[ \t]*)?\"?(?=[a-z0-9-]{0,64}\d)([a-z0-9]{6,20})\b"),
    ("serial", "ibm,", r"ibm,(?:\d{2})?([0-9a-z]{7})\b"),
    ("location", "u", r"\bu[0-9a-z]{4}\.[0-9a-z]{3}\.([0-9a-z]{7})\b"),
    ("serial", "sn", r"[-*_ ]sn([0-9a-z]{7})\b"),
    ("serial", "-", r"\b\d{4}-[0-9a-z]{3}[*_]([0-9a-z]{7})\b"),
    ("serial", "system", r"\bsystem ?id\b[ \t]*(?:[=:][ \t]*)?(?:ibm,)?(?:\d{2})?([0-9a-z]{7})\b"),
)  # fmt: skip
_ALTERNATIVE = r"\b(?:dns|ip address|email|ip)[:.]\d*\s*(?:=\s*)?([^\s,]+)"
_SUBJECT = (
    r"(?m)^[ \t]*(?:\d\.)?(?:C|ST|L|O|OU|CN|DC|UID|emailAddress|countryName|stateOrProvinceName|localityName|"
    r"organizationName|organizationalUnitName|commonName)(?:_default)?[ \t]*=[ \t]*([^\n]+)"
)
_OF_LINES = [
    *(([kind], word, re.compile(place)) for kind, word, place in _PLACES),
    (["user", "host"], "@", re.compile(_PROMPT)),
    (["user", "host"], "@", re.compile(_SSH)),
    (["phrase"], "@", re.compile(_ADDRESSED)),
    *((["alternative"], word, re.compile(_ALTERNATIVE)) for word in ("dns", "ip address", "email")),
]
"""The kinds that its groups find, a word that must be there at all, and the expression."""
_OF_SUBJECTS = re.compile(_SUBJECT)
"""This one needs its capitals."""
_OF_WORDS = (
    # what shows within a word: kind, a mark and how often it must be there
    ("address", ".", 3, re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d)")),
    ("dotted", ".", 1, re.compile(r"(?<![\w.-])(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*(?![\w-])")),
    ("full", ".", 1, re.compile(patterns.FULL_NAME, re.IGNORECASE)),
    ("address", ":", 2, re.compile(patterns.IPV6, re.IGNORECASE)),
    ("email", "@", 1, re.compile(patterns.EMAIL)),
)
KINDS = (
    "host",
    "user",
    "hardware",
    "serial",
    "location",
    "alternative",
    "phrase",
    "dotted",
    "full",
    "email",
    "text",
    "address",
)
TEXT, ADDRESS, OPEN = len(KINDS) - 2, len(KINDS) - 1, len(KINDS)
"""A line that shapes say nothing of, an address, and a line whose name may stand in the next."""
_NUMBER = {kind: number for number, kind in enumerate(KINDS)}
_BETWEEN = "\n\0\n"
"""Between lines that are looked through together: no expression goes on beyond it."""
_OPEN_ENDS = (
    *("hostname is", "host name is", "host", "host name", "hostname", "named", "user", "user name", "username"),
    *("login", "logname", "owner", " id", " id is", "cpuid"),
)

Name = Tuple[int, str]
"""A kind, as its place in `KINDS`, and what is of it."""


def in_text(text: str) -> Set[Name]:
    """What any text names."""
    lower = text.lower()
    found: Set[Name] = set()
    for kinds, word, pattern in _OF_LINES:
        if word in lower:
            for match in pattern.finditer(lower):
                found.update((_NUMBER[kind], match.group(at)) for at, kind in enumerate(kinds, 1))
    if "=" in text:
        found.update((_NUMBER["phrase"], match.group(1)) for match in _OF_SUBJECTS.finditer(text))
    for word in set(lower.split()):
        found.update((what, word[start:end]) for start, end, what in _in_word(word))
    return found


def _in_word(word: str) -> Iterator[Tuple[int, int, int]]:
    for kind, mark, times, pattern in _OF_WORDS:
        if mark in word and (times == 1 or word.count(mark) >= times):
            for match in pattern.finditer(word):
                yield match.start(), match.end(), _NUMBER[kind]


def _is_open(line: str) -> bool:
    return line.rstrip(" \t\r:='\"").endswith(_OPEN_ENDS)


class ShapeFinder:
    """Finds in shapes where their lines name something."""

    def __init__(self) -> None:
        self._words: Dict[str, Sequence[Tuple[int, int, int]]] = {}

    def look(self, new: Sequence[Tuple[bytes, Plan]]) -> None:
        """Fills in the plans of these shapes."""
        texts, plans = [], []
        for shape, plan in new:
            if shape.isascii():
                texts.append(shape.decode("ascii"))
                plans.append(plan)
            else:
                # what is a letter there shows only in the whole
                plan.append((0, len(shape), OPEN if _is_open(shape.decode("latin-1").lower()) else TEXT, 0))
        lower = [text.lower() for text in texts]
        for text, plan in zip(lower, plans):
            self._look_at_words(text, plan)
            if _is_open(text):
                plan.append((0, len(text), OPEN, 0))
        self._look_at_lines(texts, lower, plans)

    def _look_at_words(self, text: str, plan: Plan) -> None:
        at = 0
        for word in text.split(" "):
            found = self._words.get(word)
            if found is None:
                found = tuple(_in_word(word))
                if len(self._words) < CACHED and len(word) < _LONG:
                    self._words[word] = found
            for start, end, what in found:
                plan.append((at + start, at + end, what, 0))
            at += len(word) + 1

    def _look_at_lines(self, texts: Sequence[str], lower: Sequence[str], plans: Sequence[Plan]) -> None:
        joined = _BETWEEN.join(lower)
        starts = list(accumulate([0, *(len(text) + len(_BETWEEN) for text in texts)]))
        known: Set[Tuple[int, Place]] = set()

        def found(match: "re.Match[str]", group: int, kind: str) -> None:
            number = bisect_right(starts, match.start()) - 1
            start, end = match.span(group)
            place = (start - starts[number], end - starts[number], _NUMBER[kind], 0)
            if (number, place) not in known:
                known.add((number, place))
                plans[number].append(place)

        for kinds, word, pattern in _OF_LINES:
            if word in joined:
                for match in pattern.finditer(joined):
                    for group, kind in enumerate(kinds, 1):
                        found(match, group, kind)
        if "=" in joined:
            for match in _OF_SUBJECTS.finditer(_BETWEEN.join(texts)):
                found(match, 1, "phrase")
