"""Prompt lines of a transcript: where a command was typed, on which host.

What makes a line one is that a command follows, spelled as people spell it; what stands before may name host, user and
directory in whatever order a site likes.
"""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.recognition.quoting import LINE_LIMIT
from nimdoctor.evidence.recognition.typed import (
    PROSE,
    Typed,
    is_command,
    plain_dashes,
    programs,
    read_command,
    shows_a_file,
)
from nimdoctor.model.text import Extent

PROMPT_LIMIT = 2000
"""Prompts of one transcript that are looked at; nobody typed more."""
_LOOKED_AT = 160
"""Characters of a line within which its prompt ends."""
_MARK = re.compile(
    r"(?<![-=<])(?!(?<=\d)%)[#$%>\u276f\u279c\u00bb](?:[ \t]*(?=[A-Za-z/._(])|[ \t]*$)|\][ \t]*(?=[A-Za-z/.]|$)"
)
_LETTERS = re.compile(r"[\w.~/+@:\[\]{}()<>|!?=,#$%*'\" \t\\-]*", re.ASCII)
_DECORATION = re.compile(r"[#=*>+]+")
_DRAWN = re.compile("[\u2500-\u257f\u276f\u279c\u00bb\u03bb]")
_ADORNMENT = re.compile(
    r"[(\[]?[!?]?\d{1,5}[)\]]?"  # the number of the command, or the status of the one before
    r"|[(\[]?(?:rc|ret|exit|status)?[=:]\d{1,3}[)\]]?"
    r"|[(\[]?\d{1,4}[-/.]\d\d[-/.]\d{1,4}[)\]]?|[(\[]?\d\d?:\d\d(?::\d\d)?[)\]]?(?:[AP]M)?|[AP]M"
    r"|[(\[]?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[)\],]?|C?E[DS]?T|UTC"
)
_ADDRESS = re.compile(r"(?P<user>[\w.-]+)[ ]?@[ ]?(?P<host>[A-Za-z0-9][\w.-]*)")
_SHELL = re.compile(r"-?(?:ba|k|c|tc|z|da|a|mk|pdk)?sh(?:88|93)?(?:-\d[\w.]*)?")
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_WINDOWS = re.compile(r"(?:PS )?[A-Za-z]:\\")
_BARE = ("#", "$")
_GOES_ON = ("\\", "|", "&&")
"""Ends of a command line that goes on in the next."""
_SERVICES = frozenset(
    {"tftp", "ftp", "telnet", "exec", "shell", "login", "date", "time", "echo", "who", "script", "nim"}
)
"""Programs that begin rows of configuration files."""
_USERS = frozenset({"root", "padmin", "nim", "admin", "sysadm", "oracle"})
_NO_HOST = PROSE | frozenset(
    [
        "run",
        "type",
        "enter",
        "execute",
        "do",
        "example",
        "note",
        "next",
        "output",
        "eg",
        "step",
        "please",
        "try",
        "issue",
        "e.g",
        "i.e",
        "say",
        "so",
        "now",
        "first",
        "also",
        "prompt",
        "command",
        "commands",
        "shell",
        "user",
        "dollar",
        "bash",
    ]
)


class Prompt(NamedTuple):
    """A line with a prompt or a title: its index `at` among the lines, that of the first line `after` it, the `command`,
    what that shows, and the `host` that it names, "" where it names none. That of a title `lasts` up to the next.
    """

    at: int
    after: int
    command: str
    typed: Typed
    host: str
    lasts: bool = False


class _Shape(NamedTuple):
    """What stands before a command: the `host` in it, what is the `same` at each prompt of one shell, whether it is a
    `strong` one, which nothing else looks like, and whether it is words of a sentence instead.
    """

    host: str
    same: str
    strong: bool = False
    sentence: bool = False


class _Doubtful(NamedTuple):
    """A line that looks like a prompt with something behind it that is no known command."""

    at: int
    shape: _Shape
    command: str


def prompts(lines: Sequence[str], catalog: Catalog) -> List[Prompt]:
    """The prompts among these lines, in order."""
    known = programs(catalog)
    found: List[Prompt] = []
    doubtful: List[_Doubtful] = []
    shells: Set[str] = set()
    read: Dict[str, Typed] = {}
    for index, line in enumerate(lines):
        if len(found) >= PROMPT_LIMIT:
            break
        if not line or len(line) > LINE_LIMIT or (found and index < found[-1].after):
            continue
        first: Optional[_Doubtful] = None
        for shape, rest in _readings(line):
            command = plain_dashes(rest).strip()
            if command and is_command(command, known, bool(shape.host)):
                if command not in read:
                    read[command] = read_command(command, catalog)
                typed = read[command]
                if _is_typed(shape, command, typed, found):
                    found.append(_prompt(lines, index, command, typed, shape.host, catalog))
                    shells.add(shape.same)
                    break
            first = first or _Doubtful(index, shape, command)
        else:
            if first and not first.shape.sentence:
                doubtful.append(first)
    end = max((index for index, line in enumerate(lines) if line.strip()), default=0)
    met = [
        _prompt(lines, one.at, one.command, Typed(one.command, None, Extent.WHOLE), one.shape.host, catalog)
        for one in doubtful
        if _was_met(one, found, shells, end)
    ]
    return sorted([*found, *met], key=lambda prompt: prompt.at)


def _is_typed(shape: _Shape, command: str, typed: Typed, found: Sequence[Prompt]) -> bool:
    """Whether a known command was typed there, and is no sentence and no comment."""
    if typed.row or shape.sentence:
        return typed.row is not None and (not shape.sentence or " " in command)
    return shape.same not in _BARE or command.split()[0] not in _SERVICES


def _was_met(one: _Doubtful, found: Sequence[Prompt], shells: Set[str], end: int) -> bool:
    """Whether it is a prompt that was met already: that ends the section before it, whatever was typed there.

    `end` is the index of the last line.
    """
    if one.shape.strong and one.shape.host in {prompt.host for prompt in found} - {""}:
        return True
    if one.shape.same not in shells or not one.shape.same:
        return False
    if one.shape.same not in _BARE or (one.at == end and not one.command):
        return True
    # a file has comments
    before = [prompt for prompt in found if prompt.at < one.at][-1:]
    shows_file = any(shows_a_file(prompt.command) for prompt in before)
    words = one.command.split()
    looks_typed = not words or (
        bool(re.match(r"[a-z./][\w./-]*$", words[0]))
        and one.command[-1] not in ".:,"
        and not any(word.lower().strip(".,") in PROSE for word in words)
    )
    return bool(before) and not shows_file and looks_typed


def has_prompts(text: str) -> bool:
    """Whether any line may be a prompt or a title: a cheap look before `sections`."""
    return bool(
        re.search(
            r"(?m)^[^\n]{0,160}[#$%>\]\u276f\u279c\u00bb][ \t]*[A-Za-z/.]|^[ \t]*[-=*+.:]{1,100}[ \t]*[A-Za-z/]", text
        )
    )


def _readings(line: str) -> Iterator[Tuple[_Shape, str]]:
    """The ways to part a line into a prompt and a command, the shortest prompt first."""
    for mark in _MARK.finditer(line, 0, _LOOKED_AT):
        before = line[: mark.start() + 1] if mark.group()[0] == "]" else line[: mark.start()]
        shape = _shape(before, mark.group()[0])
        if shape:
            yield shape, line[mark.end() :]


def _prompt(lines: Sequence[str], index: int, command: str, typed: Typed, host: str, catalog: Catalog) -> Prompt:
    """The prompt at that line, with the line before it where the prompt has two, and those that go on with the command."""
    start, after = index, index + 1
    while command.endswith(_GOES_ON) and after < len(lines) and after - index < 20:
        command = f"{command.rstrip(chr(92)).rstrip()} {lines[after].lstrip('> ')}".strip()
        after += 1
    if after > index + 1:
        typed = read_command(command, catalog)
    mark = re.match(r"[ \t]*\W", lines[index])
    if not host and mark and index and _is_upper_half(lines[index - 1]):
        shape = _shape(lines[index - 1].rstrip(), "$")
        if shape and shape.strong:
            start, host = index - 1, shape.host
    return Prompt(start, after, command, typed, host)


def _is_upper_half(line: str) -> bool:
    """Whether a line is the first of a prompt that has two."""
    bare = line.strip()
    return len(bare) < 80 and bool(_ADDRESS.search(bare)) and len(bare.split()) <= 4 and bare[-1:] not in ":,;"


def _shape(before: str, mark: str) -> Optional[_Shape]:
    """What stands before a mark, as a prompt; None where it cannot be one."""
    text = _DRAWN.sub(" ", before).strip(" \t-")
    if not text:
        return _Shape("", mark if mark in _BARE else "") if mark != "]" else None
    if mark == "]" and not _is_boxed(text):
        return None
    if len(text) > 100 or not _LETTERS.fullmatch(text) or _DECORATION.fullmatch(text):
        return None
    if _WINDOWS.match(text):
        return _Shape("", "windows", True)
    words = [word for word in text.split() if not _ADORNMENT.fullmatch(word)]
    bare = re.sub(
        r"^(?:[(\[](?:\d{1,5}|\d\d?:\d\d(?::\d\d)?|[\d/.-]{8,10}|\w{3} \w{3} \d\d)[)\]])+", "", " ".join(words)
    )
    if not words or not bare:
        return None if mark == "%" else _Shape("", re.sub(r"\d+", "0", text) + mark)
    same = re.sub(r"[/~][\w./~+-]*", "/", re.sub(r"\d+", "0", bare)) + mark
    at = _ADDRESS.search(bare)
    if at:
        return _Shape(at["host"], same, True) if len(bare.split()) <= 7 else None
    names = [name for name in re.split(r"[^\w.~/+-]+", bare) if name]
    paths = [name for name in names if name[0] in "/~."]
    named = [name for name in names if name[0] not in "/~." and not name.isdigit()]
    if not named:
        return _Shape("", same, bool(paths))
    if all(_SHELL.fullmatch(name) for name in named):
        return _Shape("", same, True)
    joined = bool(re.search(r"[\w.-]\s?:\s?[\w/~.-]|^[\[{<(]", bare)) or bool(paths)
    if len(named) > 2 or (len(named) == 2 and not joined):
        # words of a sentence: what follows was typed, whoever's the host
        return _Shape("", "", sentence=True) if len(bare.split()) <= 8 else None
    host = next((name for name in named if name not in _USERS), "")
    if not _HOST.fullmatch(host) or host.lower() in _NO_HOST:
        host = ""
    return _Shape(host, same if host or joined else "", joined and bool(host))


def _is_boxed(text: str) -> bool:
    """Whether a prompt ends with a bracket and no other mark: `[nim1:root:/]`, `root@nim1[/]`."""
    return bool(
        re.search(
            r"\[[A-Za-z][\w.-]*:[\w.-]+:[^\]\s]*\]$|@[ ]?[\w.-]+[ :]?\[[^\]\s]*\]$|\[[\w.-]+@[\w.-]+[^\]]*\]$", text
        )
    )
