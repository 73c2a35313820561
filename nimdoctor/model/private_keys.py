"""Private keys in text: what one looks like, and the text without it.

Evidence may hold a key anywhere: pasted into a log, a mail or a configuration file, printed by a command. Every
text of a host passes through here before anything is read from it, so that no key can be quoted.
"""

import re
from functools import cache
from typing import List

REMOVED = b"-----PRIVATE KEY REMOVED-----"
"""Stands in the place of a private key, so that its having been there can still be told."""

# what a line of a key may hold before its base64: quoting of mails, comments, the name that dsh puts before it;
# what quotes is taken whole, or a line of blanks would be tried from each of them
_QUOTING = rb"""[\s>#|;*!"'\\]"""
_BEFORE = _QUOTING + rb"*(?!" + _QUOTING + rb")(?:[\w.-]+:\s)?"


@cache
def _marker() -> "re.Pattern[bytes]":
    return re.compile(rb"-\s*(?:BEGIN|END)\b|" + REMOVED, re.IGNORECASE)


@cache
def _inside() -> "re.Pattern[bytes]":
    # with the headings of an encrypted key (`DEK-Info: AES-256-CBC,0123`)
    return re.compile(_BEFORE + rb"""[A-Za-z0-9+/=,:\s"'\\.-]*\Z""")


@cache
def _body() -> "re.Pattern[bytes]":
    return re.compile(_BEFORE + rb"""\s*[A-Za-z0-9+/]{16,}={0,2}[\s"'\\]*\Z""")


def without_private_keys(raw: bytes) -> bytes:
    r"""All of the text but its private keys; lines keep their numbers.

    The line that begins a key becomes `REMOVED`, the others empty ones. A key that has lost its end ends where a
    line can no longer be one of a key; of one that has lost its beginning the lines of base64 before its end go.

    >>> key = b"# -----BEGIN PRIVATE KEY-----\n# MIIEvgIBADANBgkq\n# -----END PRIVATE KEY-----\n"
    >>> without_private_keys(b"ready\n" + key + b"nimsh 3901/tcp # NIM\n")
    b'ready\n-----PRIVATE KEY REMOVED-----\n\n\nnimsh 3901/tcp # NIM\n'
    """
    if b"PRIVATE KEY" not in raw.upper() or not _marker().search(raw):
        return raw
    lines: List[bytes] = []
    in_key = found = False
    for line in lines_of(raw):
        if _is_marked(line):
            found = True
            ends = ends_key(line)
            if ends and not in_key and not _begins(line):
                _take_back(lines)
            lines.append(b"\n" if in_key and ends else REMOVED + b"\n")
            in_key = REMOVED not in line and not ends
            continue
        in_key = in_key and bool(_inside().match(line))
        lines.append(b"\n" if in_key else line)
    return b"".join(lines) if found else raw


def holds_private_key(raw: bytes) -> bool:
    """Whether there is a private key in it, or a part of one that shows by its beginning or end.

    >>> holds_private_key(b"-----BEGIN RSA PRIVATE KEY-----\\nMIIE"), holds_private_key(b"Loading private key file..")
    (True, False)
    """
    if b"\0" in raw:
        # a library that reads and writes keys holds the words too, each ended by a NUL
        return bool(re.search(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\s*\n", raw))
    return without_private_keys(raw) != raw


def _is_marked(line: bytes) -> bool:
    found = _marker().search(line) if b"-" in line else None
    return found is not None and (REMOVED in line.upper() or line.upper().rfind(b"PRIVATE KEY") >= found.end())


def _begins(line: bytes) -> bool:
    return b"BEGIN" in line.upper()


def _take_back(lines: List[bytes]) -> None:
    at = len(lines)
    while at and (_body().match(lines[at - 1]) or not lines[at - 1].strip()):
        at -= 1
        lines[at] = b"\n"


def ends_key(line: bytes) -> bool:
    """Whether the line ends a key that began before it, or on it."""
    # the last marker of the line decides: a file that lost its line ends has all on one
    upper = line.upper()
    return b"PRIVATE KEY" in upper and upper.rfind(b"END ") > upper.rfind(b"BEGIN ")


def lines_of(raw: bytes) -> List[bytes]:
    """The lines with an LF each, also where only CR parts them."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    return [line + b"\n" for line in raw.split(b"\n")[: -1 if raw.endswith(b"\n") else None]] if raw else []
