"""How much of a file or of a command's output a text is: by the pipe that it went through, and by what stands in it.

Whoever pastes a text seldom says that it is a part. A pipe says it, a pager's last line, the dots of somebody who left
lines out, and rows where the whole begins with a heading.
"""

import re
from functools import lru_cache
from typing import BinaryIO, Callable, Dict, List, NamedTuple, Sequence, Tuple

from nimdoctor.evidence.catalog import Row
from nimdoctor.model.text import Coverage, Extent, decode

WHOLE = Coverage()
_PAGERS = frozenset({"more", "pg", "less", "page", "cat", "tee"})
_GREPS = frozenset({"grep", "egrep", "fgrep"})
_CUTTERS = {"head": Extent.EXCERPT, "tail": Extent.TAIL}
_FILTERS = _GREPS | frozenset(_CUTTERS) | {"awk", "sed", "cut", "sort", "uniq"}
_READERS = _PAGERS | _FILTERS
_LITERAL = re.compile(r"[\w.:/ -]+")
_SAMPLE, _LOG_SAMPLE = 1024 * 1024, 64 * 1024
"""Bytes of a text, and of one that may be too large to read whole, by which its extent is told."""
_MARK_LENGTH = 80
_LEFT_OUT = re.compile(
    r"\.{3,}|…+|[\[(<]+ *(?:\.{2,}|…|snip|snipped|cut|output (?:cut|truncated|omitted)|truncated|omitted|lines? omitted)"
    r" *[\])>]+|(?:output|rest) (?:cut|truncated|omitted)\.*|--",
    re.IGNORECASE,
)
_PAGER_WAITS = re.compile(r"-?-?More-?-?(?: *\(\d{1,3}%\))?|Standard input(?: \(\d{1,3}%\))?|stdin(?: \(\d{1,3}%\))?|:")
_BASE = re.compile(r"(?:[/\w.+-]{1,80}:)?bos\.rte(?:\.[\w.]{1,40})?[:\s]")
_STEPS = ("loading certificates", "negotiating ssl_ctx", "loading private key", "create bio")


class _Pipe(NamedTuple):
    """The stages of a command line; a bar within quotes is part of a pattern."""

    stages: Tuple[str, ...]

    @classmethod
    def of(cls, command: str) -> "_Pipe":
        hidden = re.sub(r"(\"[^\"]*\"|'[^']*')", lambda quoted: quoted.group().replace("|", "\0"), command)
        return cls(tuple(stage.replace("\0", "|").strip() for stage in hidden.split("|")))

    @classmethod
    def of_file_name(cls, words: Sequence[str]) -> "_Pipe":
        """Of a command's file name, in which every bar has become a blank: a filter begins a stage."""
        stages: List[List[str]] = [[]]
        for word in words:
            if word in _FILTERS and stages[-1]:
                stages.append([])
            stages[-1].append(word)
        return cls(tuple(" ".join(stage) for stage in stages))


def first_stage(command: str) -> str:
    """The command before its filters, also of a file name made from a command.

    >>> first_stage("lssrc -a | grep nimsh"), first_stage("lssrc_-a_grep_nimsh")
    ('lssrc -a', 'lssrc_-a')
    """
    if "|" not in command and " " not in command:
        return _Pipe.of_file_name(command.split("_")).stages[0].replace(" ", "_")
    return _Pipe.of(command).stages[0]


@lru_cache(maxsize=1024)
def of_command(command: str) -> Coverage:
    """What a command line, or the file name made from one, lets through.

    >>> of_command("ps -ef | grep nimsh")
    Coverage(extent=<Extent.FILTERED: 0>, words=('nimsh',))
    >>> of_command("cat /var/adm/ras/nimsh.log | tail -200").extent, of_command("lssrc_-a_grep_-v_tcp").words
    (<Extent.TAIL: 2>, ())
    """
    plain = command if " " in command or "|" in command else command.replace("_", " ")
    pipe = _Pipe.of(plain) if "|" in plain else _Pipe.of_file_name(plain.split())
    found = WHOLE
    for place, stage in enumerate(pipe.stages):
        if place or _program(stage) in _READERS:
            found = _through(found, _stage(stage))
    return found


def _through(before: Coverage, stage: Coverage) -> Coverage:
    """What is left of a text behind one more stage."""
    if stage.is_whole:
        return before
    if before.is_whole:
        return stage
    return Coverage(min(before.extent, stage.extent))


def _stage(stage: str) -> Coverage:
    program = _program(stage)
    if program in _PAGERS:
        return WHOLE
    if program in _CUTTERS:
        return Coverage(_CUTTERS[program])
    return Coverage(Extent.FILTERED, _asked(stage) if program in _GREPS else ())


def _asked(stage: str) -> Tuple[str, ...]:
    """The plain words of which grep shows every line; none where it leaves lines out, or its pattern is no word."""
    words = [word.strip("\"'") for word in re.findall(r"\"[^\"]*\"|'[^']*'|\S+", stage)[1:]]
    flags = [word for word in words if word.startswith("-")]
    patterns = [word for word in words if not word.startswith("-")]
    if not patterns or any(set("vmxcwfl") & set(flag[1:]) for flag in flags):
        return ()
    any_case = any("i" in flag for flag in flags)
    return tuple(word.lower() if any_case else word for word in patterns[0].split("|") if _LITERAL.fullmatch(word))


def _program(command: str) -> str:
    return (command.split() or [""])[0].rsplit("/", 1)[-1]


def of_text(
    row: Row, name: str, opener: Callable[[], BinaryIO], *, known: Extent = Extent.WHOLE, pasted: bool = False
) -> Coverage:
    """What a text shows of its source: by its name in the terms of the catalog, by its lines, and by what is `known`.

    `pasted` is a file that neither a command line nor its own name tells. Raises OSError.
    """
    size = _LOG_SAMPLE if row.streamed else _SAMPLE
    try:
        with opener() as stream:
            raw = stream.read(size)
    except EOFError:
        raw = b""  # whoever reads it to its end says that it breaks off
    sample = decode(raw)
    found = of_command(name) if not name.startswith("/") else WHOLE
    content = of_content(row, name, sample, to_the_end=len(raw) < size)
    if pasted and content is Extent.WHOLE:
        content = of_pasted_file(row, sample)
    if content is found.extent:
        content = Extent.WHOLE  # the pipe says so already
    return Coverage(min(known, content, found.extent), found.words if content is Extent.WHOLE else ())


def of_content(row: Row, name: str, sample: str, *, to_the_end: bool = True) -> Extent:
    """How much of its source a text is, by its lines.

    `name` is its name in the terms of the catalog. Of a long text `sample` is its beginning; `to_the_end` says that it
    is all of it.
    """
    lines = [line.strip() for line in sample.splitlines() if line.strip()]
    if not lines:
        return Extent.WHOLE
    marked = [at for at, line in enumerate(lines) if len(line) <= _MARK_LENGTH and _LEFT_OUT.fullmatch(line)]
    waits = to_the_end and len(lines[-1]) <= _MARK_LENGTH and bool(_PAGER_WAITS.fullmatch(lines[-1]))
    if waits or marked:
        ends = not waits and row.streamed and marked[-1] < len(lines) - 1
        return Extent.TAIL if ends else Extent.EXCERPT
    lacking = [_LACKING[fact] for fact in row.facts if fact in _LACKING]
    return (
        Extent.FILTERED
        if (to_the_end or row.streamed) and any(lacks(name, lines) for lacks in lacking)
        else Extent.WHOLE
    )


def of_pasted_file(row: Row, sample: str) -> Extent:
    """The same of a file that neither a command line nor its own name tells: who pastes rows may have left others out."""
    begins = _BEGINS_WITH_A_COMMENT.get(row.name)
    if begins and not re.search(begins, sample):
        return Extent.EXCERPT
    return Extent.WHOLE


_Lacks = Callable[[str, Sequence[str]], bool]


def _begins_with_a_row(pattern: str) -> _Lacks:
    compiled = re.compile(pattern)

    def lacks(name: str, lines: Sequence[str]) -> bool:
        return bool(compiled.match(lines[0][:400]))

    return lacks


def _processes_without_heading(name: str, lines: Sequence[str]) -> bool:
    # `-o pid=` asks for none
    return "=" not in name and bool(re.match(r"(?:\S+\s+)?\d+\s+\d+\s", lines[0][:400]))


def _without_the_base_system(name: str, lines: Sequence[str]) -> bool:
    """Every AIX has bos.rte: a list of all filesets without it is none, whatever its command line says."""
    asked = [word for word in re.split(r"[\s_]+", name.strip())[1:] if word != "all" and not word.startswith("-")]
    listing = any(re.search(r"\d\.\d", line) for line in lines)
    return not asked and listing and not any(map(_BASE.match, lines))


def _some_lines_of_each_session(name: str, lines: Sequence[str]) -> bool:
    """A handshake writes four lines, one after another; where some kinds of them never stand, somebody left them out."""
    text = "\n".join(lines).lower()
    loaded, negotiated, key, bio = (text.count(step) for step in _STEPS)
    return bool(bio and (loaded or key) and not negotiated and (key or bio > 2))


_LACKING: Dict[str, _Lacks] = {
    "Sockets": _begins_with_a_row(r"(?:[0-9a-f]{6,16}\s+)?(?:tcp|udp)[46]?\s+\d+\s+\d+\s"),
    "Interfaces": _begins_with_a_row(r"[a-z]{2,6}\d{1,4}\*?\s+\d+\s"),
    "Processes": _processes_without_heading,
    "FileSystems": _begins_with_a_row(r"\S+\s+[\d.-]+\s+[\d.-]+\s+[\d.]+%"),
    "Subsystems": _begins_with_a_row(r"\S+\s+(?:\S+\s+)?(?:\d+\s+active|inoperative)\s*$"),
    "NimObjects": _begins_with_a_row(r"[A-Za-z_]\w*\s+= "),
    "Filesets": _without_the_base_system,
    "NimshLog": _some_lines_of_each_session,
}
"""By fact: whether the lines are rows without the heading, or without the rows, that every whole text has."""
_BEGINS_WITH_A_COMMENT = {
    "/etc/niminfo": re.compile(r"(?m)^[ \t]*#"),
    # comments of its own, not rows that were switched off
    "/etc/inetd.conf": re.compile(r"(?m)^[ \t]*#(?!#?[ \t]*[\w.-]+[ \t]+(?:stream|dgram|sunrpc_\w+)[ \t])"),
}
