"""A transcript parted by its prompts and titles."""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import Catalog, Row
from nimdoctor.evidence.recognition.content import recognise
from nimdoctor.evidence.recognition.kinds import NIMSH_LOG
from nimdoctor.evidence.recognition.naming import CERTIFICATES
from nimdoctor.evidence.recognition.prompts import Prompt, prompts
from nimdoctor.evidence.recognition.titles import titles
from nimdoctor.evidence.recognition.typed import Typed
from nimdoctor.evidence.wrapping import Line, joined, numbers_of
from nimdoctor.model.text import Extent

_NAMED_LINE = re.compile(r"(?P<host>[A-Za-z][\w.-]*|\d+(?:\.\d+){3}):[ ]?(?P<text>.*)", re.DOTALL)
_FEWEST = 3
"""Lines with one host's name before them by which it is told that somebody asked several hosts at once."""
_SHELL = re.compile(r"(?:sudo\s+)?(?:\S*/)?(?:bash|ksh(?:93)?|sh|csh|su|script|oem_setup_env)\b|sudo\s+-[is]\b")


class Section(NamedTuple):
    """What stands after one prompt line, up to the next.

    `command` is as typed, typographic dashes made plain; "" before the first prompt. `name` is what
    it is in the catalog's terms: the path for `cat FILE`, else the command; with its pipe when
    not all of it is shown (`extent`), so that absence there means nothing. `row`
    is the catalog's row, None for a command that is not in it. `host` is the one that the lines are of: where the command
    was run, else where it was typed, as the prompt names it; "" where neither is told. `typed_at` is that of the prompt.
    """

    command: str
    lines: Tuple[Line, ...]
    extent: Extent = Extent.WHOLE
    name: str = ""
    row: Optional[Row] = None
    host: str = ""
    typed_at: str = ""

    @property
    def first_line(self) -> int:
        """The number of its first line; 0 where it has none."""
        return self.lines[0].number if self.lines else 0

    @property
    def numbers(self) -> Tuple[int, ...]:
        """The number of each line, where they do not follow each other."""
        return numbers_of(self.lines)

    @property
    def text(self) -> str:
        """The lines as one string."""
        return joined(self.lines)

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return not any(line.text.strip() for line in self.lines)


def sections(lines: Sequence[Line], catalog: Optional[Catalog] = None) -> List[Section]:
    """A transcript parted by its prompt lines and titles; one section without a command when it has none.

    >>> found = sections([Line(1, "root@nim1:/ # lsnim -l master | grep ssl"), Line(2, "   ssl_support = yes")])
    >>> [(part.command, part.extent.name, part.first_line, part.host) for part in found]
    [('lsnim -l master | grep ssl', 'FILTERED', 2, 'nim1')]
    """
    rows = catalog or Catalog()
    texts = [line.text for line in lines]
    heads = _heads(texts, rows)
    found: List[Section] = []
    start = heads[0].at if heads else len(lines)
    nothing = Typed("", None, Extent.WHOLE)
    found += (one for part in _ended(Section("", tuple(lines[:start]))) for one in _by_host(part, nothing))
    inside = ""
    for position, head in enumerate(heads):
        end = heads[position + 1].at if position + 1 < len(heads) else len(lines)
        # a shell that names no host is the one that was started from the last that did
        at = head.host or inside
        inside = _inside(head, at)
        own = _without_indentation(texts[head.at], lines[head.after : max(end, head.after)])
        host = head.typed.hosts[0] if len(head.typed.hosts) == 1 else "" if head.typed.hosts else at
        typed = head.typed
        section = Section(head.command, tuple(own), typed.extent, typed.name, typed.row, host, at)
        for part in _ended(section):
            for one in _by_host(part, typed):
                found += _of_several(one, rows) if typed.several else [_without_status(one, typed)]
    return [one for one in found if one.command or one.lines or one.typed_at]


def _heads(texts: Sequence[str], catalog: Catalog) -> List[Prompt]:
    """Prompts and titles, in order."""
    found = prompts(texts, catalog)
    taken = {index for prompt in found for index in range(prompt.at, prompt.after)}
    found = sorted([*found, *titles(texts, taken, catalog)], key=lambda head: head.at)
    whole = recognise("\n".join(texts)) if found else None
    if whole and whole.startswith("/") and whole != NIMSH_LOG and not whole.startswith(CERTIFICATES):
        return _not_comments(found, texts, whole)
    return found


def _not_comments(among: List[Prompt], lines: Sequence[str], whole: str) -> List[Prompt]:
    """Of the prompts in what looks like a configuration file, those that are not its comments."""
    commands: List[Prompt] = []
    for position, prompt in enumerate(among):
        comment = lines[prompt.at].lstrip().startswith("#") and not lines[prompt.at].rstrip().endswith("#")
        strong = prompt.host or not comment or re.search(r"\s[-/]\S", prompt.command)
        if not prompt.typed.row and re.fullmatch(r"(?:cat|more|pg|less) /\S+", prompt.command):
            commands.append(prompt)
            continue
        if not strong or (not prompt.typed.row and comment):
            continue
        end = among[position + 1].at if position + 1 < len(among) else len(lines)
        named = prompt.typed.row and prompt.typed.row.name == whole
        if named or not comment or recognise("\n".join(lines[prompt.at + 1 : end])) != whole:
            commands.append(prompt)
    return commands


def _inside(head: Prompt, at: str) -> str:
    """The host of prompts that name none, after that command."""
    if head.lasts:
        return head.host
    program = head.command.split()[0].rsplit("/", 1)[-1] if head.command else ""
    if _SHELL.match(head.command):
        return at
    if head.typed.hosts and not head.typed.row and " ".join(head.typed.name.split()[1:2]):
        return head.typed.hosts[0] if program in ("ssh", "rsh", "telnet") else ""
    return at if at and not head.host and program not in ("exit", "logout") else ""


def _without_indentation(head: str, lines: Sequence[Line]) -> Sequence[Line]:
    """The lines without the blanks before their prompt, where all have them."""
    margin = head[: len(head) - len(head.lstrip())]
    filled = [index for index, line in enumerate(lines) if line.text.strip()]
    if not margin or not filled or not lines[filled[0]].text.startswith(margin):
        return lines
    # the first line further out, behind a blank one, is none of what was indented
    outside = (at for at in filled if not lines[at].text.startswith(margin) and not lines[at - 1].text.strip())
    end = next(outside, len(lines))
    own = [line._replace(text=line.text.removeprefix(margin)) for line in lines[:end]]
    return [*own, *(line._replace(ends=True) for line in lines[end : end + 1]), *lines[end + 1 :]]


def _ended(section: Section) -> Iterator[Section]:
    """The section up to where its text ends, and what follows as text of which nothing is told."""
    start = 0
    for index, line in enumerate(section.lines):
        if line.ends and any(before.text.strip() for before in section.lines[start:index]):
            own = section if start == 0 else Section("", ())
            yield own._replace(lines=section.lines[start:index])
            start = index
    rest = section.lines[start:]
    if start == 0:
        yield section
    elif any(line.text.strip() for line in rest):
        yield Section("", rest)


def _by_host(section: Section, typed: Typed) -> List[Section]:
    """One section for each host where its name stands before every line, as dsh prints them, or above its lines."""
    above = _below_names(section, typed)
    if above:
        return above
    named = [_NAMED_LINE.match(line.text) for line in section.lines]
    told = [match["host"] for match, line in zip(named, section.lines) if match and line.text.strip()]
    if not told or len(told) < sum(1 for line in section.lines if line.text.strip()):
        return [section]
    short = {host.split(".")[0] for host in typed.hosts}
    several = len(told) >= _FEWEST and 2 * len(set(told)) <= len(told) and not section.command
    asked = bool(typed.hosts) or _spread(section.command) or {host.split(".")[0] for host in told} <= short
    if not asked and not several:
        return [section]
    lines: Dict[str, List[Line]] = {}
    for match, line in zip(named, section.lines):
        if match:
            lines.setdefault(match["host"], []).append(line._replace(text=match["text"]))
    return [section._replace(lines=tuple(own), host=host) for host, own in lines.items()]


def _below_names(section: Section, typed: Typed) -> List[Section]:
    """The sections of several hosts where the name of each stands alone above its lines, as a loop echoes it."""
    if len(typed.hosts) < 2:
        return []
    hosts = {host.split(".")[0]: host for host in typed.hosts}
    words = [re.findall(r"[A-Za-z0-9][\w.-]*", line.text) for line in section.lines]
    at = [index for index, found in enumerate(words) if len(found) == 1 and found[0].split(".")[0] in hosts]
    return [
        section._replace(lines=section.lines[start + 1 : end], host=words[start][0])
        for start, end in zip(at, [*at[1:], len(words)])
    ]


def _spread(command: str) -> bool:
    return command.split()[:1] in (["dsh"], ["xdsh"], ["psh"])


def _of_several(section: Section, catalog: Catalog) -> List[Section]:
    """The output of several commands on one line: of a first one that prints one line that line, the rest by its content."""
    lines = [line for line in section.lines if line.text.strip()]
    first = recognise(lines[0].text) if lines else None
    own = section.row.serves(first) if section.row and first and not first.startswith("/") else False
    rest = Section("", section.lines, host=section.host, typed_at=section.typed_at)
    if not own:
        return [section._replace(lines=(), row=None), rest]
    at = section.lines.index(lines[0])
    return [section._replace(lines=section.lines[: at + 1]), rest._replace(lines=section.lines[at + 1 :])]


def _without_status(section: Section, typed: Typed) -> Section:
    """Without the status that `; echo $?` printed last."""
    last = max((index for index, line in enumerate(section.lines) if line.text.strip()), default=-1)
    if typed.echoes and last >= 0 and re.fullmatch(r"\s*(?:\w+\s*[=:]?\s*)?\d{1,3}\s*", section.lines[last].text):
        return section._replace(lines=section.lines[:last])
    return section
