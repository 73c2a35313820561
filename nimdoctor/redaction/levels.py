"""Levels of software look like addresses (7.2.5.203): what stands before one tells them apart.

A level is one that follows the name of a fileset or a word such as `level`; in the output of a command that lists software
also one that begins a line. Anything else is taken for an address, which is the safe side.
"""

import re

WINDOW = 300
"""Bytes before a number that are looked at."""
_PRODUCT = (
    rb"(?:bos|openssl|openssh|devices|rsct|x11|xlc|xlsmp|sysmgt|java\d*|ibmjava|invscout|perfagent|printers|icu4c|cas|csm|"
    rb"cluster|perl|security|infocenter|ifor_ls|mcr|lum|idsldap|gskit\d*|gskta|gsksa|db2\w*|rpm|lwi|wio|tivoli|cifs_fs|"
    rb"artex|expect|tcl|tk|clic|powerscstd|powervc|ios|nim|mozilla|hpssubsystem|universal|memdbg|vsm|vac|xlmass|sdd\w*)"
)
_BETWEEN = rb"""[\s:=@,("'<>|-]*"""
_MORE = rb"(?:\d+(?:\.\d+){2,4}[-\s,:>=<to]{1,6})*"
_NAMED = re.compile(
    rb"(?:(?<![A-Za-z0-9.])"
    + _PRODUCT
    + rb"(?:\.[a-z0-9_+-]+)+|(?<![a-z0-9])(?:level|levels|version|vrmf|release|oslevel|"
    rb"ioslevel|fileset|openssl|openssh|(?:tl|ml|sp)\s?\d*|aix|vios|java)\b)(?:\s+(?:is|was|at|of|from|to|level|version|"
    rb"before|below|since|until))?" + _BETWEEN + _MORE + rb"\Z",
    re.IGNORECASE,
)
_HINT = re.compile(rb"(?i)level|version|vrmf|release|fileset|openss|aix|vios|java|[tms][lp] ?\d|[a-z0-9]\.[a-z]")
"""Without any of these nothing is named; spares the longer look."""
_ROW = re.compile(rb"\s*(?:/[\w/.-]+:)?(?:[A-Za-z][\w+-]*(?:\.[\w+-]+)+[:\s]+)+" + _MORE + rb"\Z")
_FILESET_BEFORE = re.compile(rb"(?:^|[\s:])[A-Za-z][\w+-]*(?:\.[\w+-]+)+[\s:]")


_SOFTWARE = re.compile(r"(?i)(?:bos|devices|openssl|openssh|x11|rsct|printers|java\d*|xlc|perl|sysmgt|invscout)\.")


def names_software(name: str) -> bool:
    """Whether a name with dots is a fileset's rather than a host's.

    >>> names_software("bos.iconv.com"), names_software("nim1.example.com")
    (True, False)
    """
    return bool(_SOFTWARE.match(name))


def may_name(before: bytes) -> bool:
    """Whether anything in it may name software, so that numbers behind it may be a level; False for nothing at all.

    It takes all digits for one.
    """
    return bool(_HINT.search(before))


def is_level(text: bytes, start: int, software: bool, known: bool) -> bool:
    """Whether the four numbers that begin at `start` are a level.

    `software` says that the text lists software, `known` that the numbers are an address of this site elsewhere.
    """
    before = text[max(0, start - WINDOW) : start].rsplit(b"\n", 1)[-1]
    if not software and not _HINT.search(before):
        return False
    if _NAMED.search(before):
        return True
    if not software:
        return False
    if _ROW.match(before):
        return True
    return not known and (not before.strip() or bool(_FILESET_BEFORE.search(before)))
