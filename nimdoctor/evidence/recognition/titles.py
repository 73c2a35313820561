"""Titles that scripts print before the output of a command or a copy of a file, and people write there."""

import re
from typing import List, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.evidence.recognition.content import recognise
from nimdoctor.evidence.recognition.prompts import Prompt
from nimdoctor.evidence.recognition.typed import Typed, is_command, plain_dashes, programs, read_command
from nimdoctor.model.text import Extent

_LONGEST = 300
_RULE = re.compile(r"[ \t]*[-=~*_#+.:]{3,}[ \t]*$")
_DECORATED = re.compile(
    r"[ \t]*(?P<lead>(?:[=#*+>:~.\u2500-\u257f-]+|<<+|\[+)(?:[ \t]+[=#*>:~.-]+)*)[ \t]*"
    r"(?P<inner>[A-Za-z/][^\n]*?)[ \t]*(?P<trail>(?:[=#*+<>:~.\u2500-\u257f-]{2,}|\]+|:)?)[ \t]*$"
)
_SAID = re.compile(
    r"(?i)[ \t]*(?P<lead>(?:the )?(?:output|results?|contents?) (?:of|from)|(?:running|executing|issuing|executed|run)"
    r"|(?:command|cmd|cmdline|file(?: ?name)?|filename)(?: is| run| executed)?|here is|this is)[ \t]*[:=]?[ \t]+"
    r"[\"'`]?(?P<inner>[A-Za-z/][^\n]*?)[\"'`]?[ \t]*(?P<trail>[:.]*)[ \t]*$"
)
_ENDED = re.compile(r"[ \t]*(?P<inner>[A-Za-z/][^\n]*?)[ \t]*:[ \t]*$")
_HOST_ALONE = re.compile(
    r"(?:HOST|Host|host|HOSTS|Server|server|Node|node|LPAR|lpar)?[ \t:=-]*(?P<host>[A-Za-z][\w.-]*)"
)
_ANSIBLE = re.compile(
    r"(?P<host>[A-Za-z0-9][\w.-]*) \| (?:CHANGED|SUCCESS|FAILED|UNREACHABLE!?)(?: \| rc=\d+)? (?:>>|=>).{0,20}$"
    r"|(?:ok|changed|fatal|failed|skipping): \[(?:[\w.-]+ -> )?(?P<named>[\w.-]+)[^\]\n]{0,60}\](?:: [A-Z]+!)?(?: =>)?[ \t]*$"
)
_MESSAGE = re.compile(r"(?<![\w-])\d{4}-\d{3} \w{1,40}: ")
"""An error's number with who prints it: what names a command in such a line is the error."""
_BETWEEN = "between rules"
_WEAK = (":", "#")
"""Decorations that stand before or behind much else."""
_TRIED = 400
"""Commands without a prompt of one text that are looked at."""
_ANSWER = 20
"""Lines below a command without a prompt by which it is told whether they are its output."""


class _Title(NamedTuple):
    lead: str
    inner: str


def titles(lines: Sequence[str], taken: Set[int], catalog: Catalog) -> List[Prompt]:
    """The titles among the lines whose index is not `taken`; each covers the rules around it."""
    known = programs(catalog)
    found: List[Prompt] = []
    doubtful: List[Tuple[int, _Title]] = []
    leads: Set[str] = set()
    tried = 0
    for index, line in enumerate(lines):
        if index in taken or not line.strip() or len(line) > _LONGEST:
            continue
        if _MESSAGE.search(line):
            continue
        of_host = _ANSIBLE.match(line)
        if of_host:
            host = of_host["host"] or of_host["named"]
            found.append(Prompt(index, index + 1, "", Typed("", None, Extent.WHOLE), host, True))
            continue
        title = _title(line)
        if title:
            typed = _typed(title.inner, known, catalog)
            if typed and (typed.row or title.lead not in _WEAK):
                found.append(_with_rules(lines, index, title.inner, typed))
                leads |= {title.lead, _BETWEEN} if _is_between(lines, index) else {title.lead}
            else:
                doubtful.append((index, title))
            continue
        typed = _typed(line, known, catalog) if tried < _TRIED and _may_begin(line, known) else None
        tried += typed is not None
        if typed and typed.row and (_ruled(lines, index) or _answered(lines, index + 1, typed.row, known)):
            found.append(_with_rules(lines, index, line.strip(), typed))
            leads |= {_BETWEEN} if _is_between(lines, index) else set()
        elif _is_between(lines, index):
            doubtful.append((index, _Title(_BETWEEN, line.strip())))
    covered = {index for title in found for index in range(title.at, title.after)}
    for index, title in doubtful:
        if title.lead in leads and _alike(title) and (title.lead != _BETWEEN or index - 1 not in covered):
            covered |= {index, index + 1}
            typed = Typed(title.inner, None, Extent.WHOLE)
            alone = _HOST_ALONE.fullmatch(title.inner)
            host = alone["host"] if alone and title.inner.lower().startswith(("host", "node", "server", "lpar")) else ""
            found.append(_with_rules(lines, index, title.inner, typed, host))
    return sorted(found, key=lambda title: title.at)


def _title(line: str) -> Optional[_Title]:
    """What a line says between what decorates it; the decoration is the same for every title of one script."""
    decorated = _DECORATED.match(line)
    if decorated and not (decorated["lead"].strip() == "#" and not decorated["trail"]):
        return _Title(_kind(decorated["lead"]), decorated["inner"])
    said = _SAID.match(line)
    if said:
        return _Title(said["lead"].lower(), said["inner"])
    ended = _ENDED.match(line)
    return _Title(":", ended["inner"]) if ended else None


def _kind(lead: str) -> str:
    """The decoration without its length, which pads; but a comment has another number of `#` than a title."""
    return re.sub(r"([^#])\1+", r"\1\1", lead.strip())


def _alike(title: _Title) -> bool:
    """Whether a decoration that a title had is that of another: a word and a colon stand before much."""
    return title.lead not in _WEAK and bool(re.match(r"[A-Za-z/][\w./-]*", title.inner))


def _may_begin(line: str, known: "frozenset[str]") -> bool:
    word = re.match(r"[ \t]*[\"'`]?(?:/[\w/]+/)?(\w[\w-]*)", line)
    return (word is not None and word[1] in known) or bool(re.match(r"[ \t]*/(?:etc|var|ssl_nimsh)/\S+$", line))


def _typed(inner: str, known: "frozenset[str]", catalog: Catalog) -> Optional[Typed]:
    """What a title names: a file of the catalog, or a command."""
    words = plain_dashes(inner).strip()
    quoted = re.fullmatch(r"([\"'`])([^\"'`]+)\1", words)
    words = quoted[2] if quoted else words
    path = re.fullmatch(r"(?:file:? ?)?(?P<path>/?[\w./-]*[\w-])(?:[ \t]*\(.{0,60}\))?", words)
    if path:
        row = catalog.file(path["path"]) if path["path"].startswith("/") else _by_base(path["path"], catalog)
        if row:
            return Typed(path["path"] if path["path"].startswith("/") else row.name, row, Extent.WHOLE)
    if not words or not is_command(words, known, True):
        return None
    typed = read_command(words, catalog)
    single = len(words.split()) == 1
    return None if single and not (typed.row and typed.row.name == words) else typed


def _by_base(name: str, catalog: Catalog) -> Optional[Row]:
    if "." not in name and name != "niminfo":
        return None  # `hosts`, `services` are words
    return next((row for row in catalog if row.kind is Kind.FILE and row.name.rsplit("/", 1)[1] == name), None)


def _ruled(lines: Sequence[str], index: int) -> bool:
    """Whether a rule stands under the line."""
    return index + 1 < len(lines) and bool(_RULE.match(lines[index + 1]))


def _answered(lines: Sequence[str], start: int, row: Row, known: "frozenset[str]") -> bool:
    """Whether what follows is output of that row, so that the line above is the command, without its prompt."""
    below: List[str] = []
    for line in lines[start : start + _ANSWER]:
        if (not line.strip() and below) or _may_begin(line, known):
            break
        below.append(line)
    name = recognise("\n".join(below))
    if not name:
        return False
    return name == row.name if row.kind is Kind.FILE else not name.startswith("/") and row.serves(name)


def _is_between(lines: Sequence[str], index: int) -> bool:
    """Whether the line stands between two rules that are alike."""
    return bool(index) and _ruled(lines, index) and lines[index - 1].strip()[:3] == lines[index + 1].strip()[:3]


def _with_rules(lines: Sequence[str], index: int, command: str, typed: Typed, host: str = "") -> Prompt:
    start, after = index, index + 1
    if start and _RULE.match(lines[start - 1]):
        start -= 1
    if _ruled(lines, index):
        after += 1
    return Prompt(start, after, plain_dashes(command), typed, host, bool(host))
