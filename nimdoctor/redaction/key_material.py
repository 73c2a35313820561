"""Keys without their armour: a line of base64, a row of `openssl rsa -text`, a line of a hex dump, and the lines around.

A line of base64 and a long word, a path or a digest look alike. What tells them apart is how often small letters,
capitals and digits change; `benchmarks/leaks.py` measures how often that is wrong, either way.
"""

import re
from typing import List, Sequence

REMOVED = "*KEY-LIKE TEXT REMOVED*"
"""Stands in the place of what may be a line of a key."""
KIND = "key-like text"
_DIGESTS = frozenset({40, 56, 64, 96, 128})
"""Lengths of digests in hexadecimal."""
_RUN = re.compile(rb"[a-z]+|[A-Z]+|[0-9]+")
_CHANGES = 0.38
"""Of the places between two characters of random base64, 64 in 100 part small letters, capitals and digits."""
_QUOTED = rb"[ \t>#|*\"']{0,40}"
_AFTER = rb"(?:\\[nr]|[ \t\r\"',;]){0,8}\Z"
_PART = re.compile(
    _QUOTED + rb"(?:[A-Za-z0-9+/]{1,80}={0,2}|(?:[0-9A-Fa-f]{2}:){1,40}|(?:[0-9A-Fa-f]{2}:){0,40}[0-9A-Fa-f]{2}"
    rb"|[0-9A-Fa-f]{5,16}:?(?:[ \t]{1,4}[0-9A-Fa-f]{2,8}){0,16}(?:[ \t]{1,30}\S{1,16})?)" + _AFTER
)
"""A line that may go on with a key. One line alone may be anything."""
_WHOLE = re.compile(rb"(?:[\w.-]{1,64}:[ \t]{1,8})?" + _QUOTED + re.escape(REMOVED.encode("ascii")) + rb":?" + _AFTER)
_LONGEST = 2000
"""Lines of a key at most."""


def is_key_like(raw: bytes) -> bool:
    """Whether forty letters and digits or more may be part of a key: of base64, and neither a path nor a digest.

    >>> is_key_like(b"MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDJ1x2y3z4a5b6c")
    True
    >>> is_key_like(b"/usr/lpp/bos/inst/root/CertificatesOf2025"), is_key_like(b"00" * 20), is_key_like(b"0f" * 30)
    (False, False, True)
    """
    text = re.sub(rb"\\[nr]", b"", raw.rstrip(b"=")).replace(b"\\/", b"/")
    if re.fullmatch(rb"[0-9a-fA-F]+", text):
        return len(text) > 40 and len(text) not in _DIGESTS and bool(re.search(rb"[a-fA-F]", text))
    if text.startswith(b"MII"):
        return True
    letters = re.sub(rb"[+/]", b"", text)
    if len(_RUN.findall(letters)) > _CHANGES * len(letters):
        return True
    # the headings of a key have long stretches of capitals; a path has many short parts
    mixed = re.search(rb"[a-z]", text) and re.search(rb"[A-Z]", text) and re.search(rb"[0-9]", text)
    return bool(mixed) and max(map(len, text.split(b"/"))) >= 24


def is_dump(line: bytes) -> bool:
    """Whether a line of groups of hexadecimal or octal digits is one of a dump, and not of numbers in columns."""
    groups = line.split()
    mixed = [group for group in groups if re.fullmatch(rb"(?=[0-9]*[A-Fa-f])(?:[0-9A-Fa-f]{2}){1,4}", group)]
    octal = [group for group in groups if re.fullmatch(rb"[0-7]{6}", group)]
    return len(mixed) >= 3 or len(octal) >= 8


def without_the_rest(lines: List[bytes], found: Sequence[int]) -> int:
    """Removes what goes on before and behind the removed lines of keys with these numbers; how many lines that were."""
    removed = 0
    for at in found:
        if not _WHOLE.match(lines[at]):
            continue
        for step in (1, -1):
            near, left = at + step, _LONGEST
            while 0 <= near < len(lines) and left and _PART.match(lines[near]) and not _is_word(lines[near], step):
                lines[near] = _without(lines[near])
                removed += 1
                near += step
                left -= 1
    return removed


def _is_word(line: bytes, step: int) -> bool:
    """Before a key a line is one of it only where it is long."""
    return step < 0 and len(line.strip()) < 40


def _without(line: bytes) -> bytes:
    begin = re.match(_QUOTED, line)
    end = re.search(_AFTER, line)
    assert begin and end
    return line[: begin.end()] + REMOVED.encode("ascii") + line[max(end.start(), begin.end()) :]
