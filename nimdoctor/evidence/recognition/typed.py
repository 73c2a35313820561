"""A command line as somebody typed it: whether it is one, and what it shows in the catalog's terms."""

import re
from typing import FrozenSet, NamedTuple, Optional

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.model.text import Extent

_COMMON_WORDS = """
nim nimclient nimconfig niminit nimquery nimadm lsnim lssrc startsrc stopsrc chssys refresh installp ls rm cd mv
cp cat more pg less head tail grep egrep fgrep awk sed oslevel date exit vi su ssh telnet rsh ps kill smit
smitty lslpp emgr instfix openssl errpt ping host nslookup hostname uname uptime id who echo env export set tftp
netstat ifconfig entstat no genld slibclean ar mkdir chmod chown find df lsitab mkitab audit lsattr lsdev lsof
rmsock snap script clear pwd whoami sum cksum rpm yum dnf tcpdump iptrace perl python shutdown ioscli
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_AMBIGUOUS = frozenset(
    {"host", "ls", "ps", "df", "ar", "find", "no", "id", "who", "set", "more", "less", "head", "script", "date"}
)
_PROSE_WORDS = """
a an and are as at be but by can command for from has have if in into is it must not of on or output shows
should that the them then there these this to use used using was which will with you your
"""
_PROSE = frozenset(_PROSE_WORDS.split())
_READERS = frozenset({"cat", "more", "pg", "less", "page", "head", "tail", "grep", "egrep", "fgrep"})
_CUTTERS = frozenset({"head", "tail"})
_WHOLE_STAGES = frozenset({"more", "pg", "less", "page", "cat", "tee"})


class Typed(NamedTuple):
    """What a command line shows: its `name` in the catalog's terms (the path for `cat FILE`, else the command, with its
    pipe where lines are left out), its `row`, None for a command that is not in the catalog, and how much of it.
    """

    name: str
    row: Optional[Row]
    extent: Extent


def programs(catalog: Catalog) -> FrozenSet[str]:
    """The programs that somebody may have typed at a prompt."""
    lines = (line for row in catalog if row.kind is Kind.COMMAND for line in (row.name, *row.variants))
    return _COMMON | {line.split()[0] for line in lines}


def plain_dashes(command: str) -> str:
    """The command with the dashes and blanks that a keyboard has."""
    # U+2010 to U+2015 and U+2212 as web pages print them, 0x96 and 0x97 as Windows mails do
    return re.sub("[\u2010-\u2015\u2212\x96\x97]", "-", command).replace("\u00a0", " ")


def is_command(command: str, known: FrozenSet[str], host: bool) -> bool:
    """Whether a line may be a command of one of the `known` programs; `host` says that a prompt with a host's name stands before it."""
    words = _bare(command).split()
    if not words:
        return False
    program, arguments = words[0].rsplit("/", 1)[-1], words[1:]
    if program not in known or command[-1] in ":,":
        return False
    if any(word.lower().strip(".,") in _PROSE for word in arguments):
        return False
    if program in _AMBIGUOUS and arguments and not host:
        return bool(re.search(r"^[-/+]|[\d.]", arguments[0]))
    return True


def _bare(command: str) -> str:
    """The command without what stands before it (`LC_ALL=C`, `cd /etc;`, `sudo`)."""
    return re.sub(r"^(?:\w+=\S*\s+|cd\s+[^;&|\s]*\s*(?:;|&&)\s*|(?:sudo|time|nohup|exec|env)\s+)+", "", command)


def read_command(command: str, catalog: Catalog) -> Typed:
    """What that command shows."""
    bare = _bare(command)
    if re.search(r"<[A-Za-z][^<>|]*>", bare):
        return Typed(bare, None, Extent.EXCERPT)  # a placeholder: instructions, not what was typed on a host
    # a bar inside quotes is part of a pattern for grep
    hidden = re.sub(r"(\"[^\"]*\"|'[^']*')", lambda quoted: quoted.group().replace("|", "\0"), bare)
    stages = [stage.replace("\0", "|").strip() for stage in hidden.split("|")]
    first = re.sub(r"\s*\d?>&?\s*\S+", "", stages[0]).strip()
    extent = min((_extent_of(stage) for stage in stages[1:]), default=Extent.WHOLE)
    words = first.split()
    program = _program(first)
    if program in _READERS:
        path = words[-1]
        row = catalog.file(path) or (_by_base(path, catalog) if "/" not in path else None)
        extent = min(extent, _extent_of(first))
        whole = extent is Extent.WHOLE
        if row and len([word for word in words[1:] if word.startswith("/")]) < 2:
            return Typed(path if whole and "/" in path else row.name if whole else bare, row, extent)
        return Typed(bare, None, extent)
    return Typed(first if extent is Extent.WHOLE else bare, catalog.command(first) if first else None, extent)


def _extent_of(stage: str) -> Extent:
    """What one command of a pipe lets through."""
    program = _program(stage)
    if program in _WHOLE_STAGES:
        return Extent.WHOLE
    return Extent.EXCERPT if program in _CUTTERS else Extent.FILTERED


def _program(command: str) -> str:
    return (command.split() or [""])[0].rsplit("/", 1)[-1]


def _by_base(name: str, catalog: Catalog) -> Optional[Row]:
    return next((row for row in catalog if row.kind is Kind.FILE and row.name.rsplit("/", 1)[1] == name), None)
