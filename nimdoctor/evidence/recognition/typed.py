"""A command line as somebody typed it: whether it is one, and what it shows in the catalog's terms."""

import re
from typing import FrozenSet, List, NamedTuple, Optional, Tuple

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.evidence.extent import of_command
from nimdoctor.evidence.recognition.remote import remote
from nimdoctor.model.text import Extent

_COMMON_WORDS = """
nim nimclient nimconfig niminit nimquery nimadm lsnim lssrc startsrc stopsrc chssys refresh installp ls rm cd mv
cp cat more pg less head tail grep egrep fgrep awk sed oslevel date exit vi su ssh telnet rsh ps kill smit
smitty lslpp emgr instfix openssl errpt ping host nslookup hostname uname uptime id who echo env export set tftp
netstat ifconfig entstat no genld slibclean ar mkdir chmod chown find df lsitab mkitab audit lsattr lsdev lsof
rmsock snap script clear pwd whoami sum cksum rpm yum dnf tcpdump iptrace perl python shutdown ioscli
bash ksh ksh93 sh csh plink oem_setup_env dsh xdsh c_rsh man history alias which whence for while sysdumpdev lspv lsvg lsfs mount umount
prtconf bootinfo getconf lparstat ioslevel sort wc touch ln diff test true false exportfs showmount rpcinfo traceroute
nimesis nimsh stty w last fuser procstack truss trace nmon topas svmon vmstat iostat lsps lscfg errclear alog lsuser
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_AMBIGUOUS = frozenset(
    {"host", "ls", "ps", "df", "ar", "find", "no", "id", "who", "set", "more", "less", "head", "script", "date", "sort",
     "test", "true", "false", "last", "trace", "mount", "history", "man", "which", "for", "while", "touch", "w", "alias",
     "nimsh", "nimesis", "snap", "sum", "clear", "kill", "refresh", "nim", "exit", "tail", "echo", "env"}
)  # fmt: skip
_PROSE_WORDS = """
a an and are as at be but by can command for from has have if in into is it must not of on or output shows
should that the them then there these this to use used using was which will with you your
"""
PROSE = frozenset(_PROSE_WORDS.split())
_READERS = frozenset({"cat", "more", "pg", "less", "page", "head", "tail", "grep", "egrep", "fgrep"})
_BEFORE = re.compile(
    r"^(?:(?:export\s+)?\w+=\S*\s*(?:;|&&)?\s+|cd\s+[^;&|\s]*\s*(?:;|&&)\s*|unset\s+\w+\s*;\s*"
    r"|(?:sudo|dzdo|pbrun)(?:\s+-[nEHS]+|\s+-u\s+\w+)*\s+|(?:time|timex|nohup|exec|env|command)\s+)+"
)
_HIDDEN = re.compile(r"\"[^\"]*\"|'[^']*'")
_SEPARATOR = re.compile(r";|&&|\|\|")
_LOOP = re.compile(r"for\s+(?P<variable>\w+)\s+in\s+(?P<words>[^;\n]{1,500});\s*do\s+(?P<body>[^\n]{1,500});\s*done\b")
_NOTHING_SHOWN = re.compile(r"(?<![\d&])1?>{1,2}(?!&)\s*\S+")


class Typed(NamedTuple):
    """What a command line shows: its `name` in the catalog's terms (the path for `cat FILE`, else the command, with its
    pipe where lines are left out), its `row`, None for a command that is not in the catalog, and how much of it.

    `hosts` are those that a command was run on from elsewhere. `several` says that other commands stand on the line,
    whose output stands there as well, `echoes` that its last line may be the status that was asked for.
    """

    name: str
    row: Optional[Row]
    extent: Extent
    hosts: Tuple[str, ...] = ()
    several: bool = False
    echoes: bool = False


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
    bare = _HIDDEN.sub("''", _bare(command))
    words = bare.split()
    if not words:
        return False
    program, arguments = words[0].rstrip(";").rsplit("/", 1)[-1], words[1:]
    if program not in known or command[-1] in ":,":
        return False
    if program in ("for", "while") and host:
        return "do" in bare
    if any(word.lower().strip(".,") in PROSE for word in arguments):
        return False
    if program in _AMBIGUOUS and arguments and not host:
        return bool(re.search(r"^[-/+|>]|[\d.]", arguments[0]))
    return True


def shows_a_file(command: str) -> bool:
    """Whether a command shows what stands in a file, comments and all."""
    return _program(_bare(command)) in _READERS


def _bare(command: str) -> str:
    """The command without what stands before it (`LC_ALL=C`, `cd /etc;`, `sudo`)."""
    return _BEFORE.sub("", command)


def read_command(command: str, catalog: Catalog) -> Typed:
    """What that command shows."""
    bare = _bare(command)
    if re.search(r"<[A-Za-z][^<>|]*>", bare):
        return Typed(bare, None, Extent.EXCERPT)  # a placeholder: instructions, not what was typed on a host
    elsewhere = remote(bare)
    if elsewhere:
        if not elsewhere.command:
            return Typed(bare, None, Extent.WHOLE, elsewhere.hosts)
        # the pipe of an unquoted command runs here, over what came back
        return read_command(elsewhere.command, catalog)._replace(hosts=elsewhere.hosts)
    loop = _LOOP.match(bare)
    if loop:
        return _looped(loop, catalog)
    first, *others = _split(bare, _SEPARATOR)
    others = [_bare(other) for other in others if other]
    spoken = [other for other in others if _program(other) not in ("echo", "print", "printf", "date", "true", "exit")]
    typed = _shown(first, catalog)
    return typed._replace(several=bool(spoken), echoes=bool(others) and not spoken)


def _looped(loop: "re.Match[str]", catalog: Catalog) -> Typed:
    """What a loop shows: one command run on each of the hosts in it, else whatever stands there."""
    bodies = [body for body in _split(loop["body"], _SEPARATOR) if body and _program(body) not in ("echo", "print")]
    elsewhere = remote(re.sub(rf"\$\{{?{loop['variable']}\b\}}?", "each", bodies[0])) if len(bodies) == 1 else None
    if elsewhere and elsewhere.hosts == ("each",):
        return read_command(elsewhere.command, catalog)._replace(hosts=tuple(loop["words"].split()))
    return Typed(loop.group(), None, Extent.WHOLE, several=True)


def _split(command: str, separator: "re.Pattern[str]") -> List[str]:
    """Its parts between the separators that do not stand in quotes."""
    hidden = _HIDDEN.sub(lambda quoted: re.sub(r"[;&|]", "\0", quoted.group()), command)
    parts, start = [], 0
    for found in separator.finditer(hidden):
        parts.append(command[start : found.start()].strip())
        start = found.end()
    return [*parts, command[start:].strip()]


def _shown(command: str, catalog: Catalog) -> Typed:
    """What one command shows, with its pipe."""
    stages = _split(command, re.compile(r"\|"))
    if any(_NOTHING_SHOWN.search(_HIDDEN.sub("''", stage)) for stage in stages) and "/dev/tty" not in command:
        return Typed(command, None, Extent.WHOLE)  # its output went into a file
    first = re.sub(r"\s*\d?>&?\s*\S+", "", stages[0]).strip()
    extent = of_command(command).extent
    words = first.split()
    program = _program(first)
    if program in _READERS and words[1:]:
        path = words[-1].strip("\"'")
        row = catalog.file(path) or (_by_base(path, catalog) if "/" not in path else None)
        whole = extent is Extent.WHOLE
        if row and len([word for word in words[1:] if word.startswith("/")]) < 2:
            return Typed(path if whole and "/" in path else row.name if whole else command, row, extent)
        return Typed(command, None, extent)
    return Typed(first if extent is Extent.WHOLE else command, catalog.command(first) if first else None, extent)


def _program(command: str) -> str:
    return (command.split() or [""])[0].rsplit("/", 1)[-1]


def _by_base(name: str, catalog: Catalog) -> Optional[Row]:
    return next((row for row in catalog if row.kind is Kind.FILE and row.name.rsplit("/", 1)[1] == name), None)
