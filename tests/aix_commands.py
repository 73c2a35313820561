"""Every AIX command line that nimdoctor runs or prints, found where it stands, and what each form of it rests on.

A form is a program with the options that are used together, its sub-command or operation, and the names of its
attributes: `nim -o cust -a accept_licenses= -a filesets= -a lpp_source=`. `aix_commands.json` has a row for each, with
its source. `make generate` writes the document.
"""

import ast
import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Set, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shell_words import functions_of, simple_commands

from nimdoctor.evidence.catalog import ROWS as ROWS_OF_CATALOG
from nimdoctor.evidence.catalog import Kind
from nimdoctor.planning.conditions.base import shell_functions

REPOSITORY = Path(__file__).resolve().parent.parent
ROWS = Path(__file__).with_suffix(".json")
DOCUMENT = REPOSITORY / "docs" / "aix-commands.md"
NOT_SHOWN = (DOCUMENT.name, "benchmarks.md", "recognised.md", "contributing.md")
"""Pages that users do not follow, and samples of output; the files that the last one writes out are read where a copy of
them stands.
"""


class Row(NamedTuple):
    """What one form rests on: `source` is a page of IBM, a recorded text or "believed"; `mark` as in docs/not-yet-on-aix.md."""

    form: str
    source: str
    mark: str
    why: str = ""
    made: bool = False


@cache
def data() -> Dict[str, Any]:
    """What aix_commands.json holds, with the sources of aix_commands/NAME.json, which a new check or fix brings."""
    found: Dict[str, Any] = json.loads(ROWS.read_text("utf-8"))
    for path in sorted(ROWS.with_suffix("").glob("*.json")):
        found["sources"] += json.loads(path.read_text("utf-8"))["sources"]
    return found


@cache
def table() -> Dict[str, Row]:
    """The rows by form. Raises ValueError for a form that has two."""
    found: Dict[str, Row] = {}
    for group in data()["sources"]:
        for form in group["forms"]:
            if form in found:
                raise ValueError(f"{form} has two rows")
            source = group["source"].format(program=form.split()[0])
            found[form] = Row(form, source, group["mark"], group.get("why", ""), group.get("made", False))
    return found


@cache
def _words(name: str) -> FrozenSet[str]:
    """One of the file's lists of words."""
    return frozenset(" ".join(data()[name]).split())


@cache
def vocabulary() -> FrozenSet[str]:
    """Programs that are looked for: those with a row, and others that somebody might use."""
    return _words("also") | {form.split()[0] for form in table()}


# -- forms of command lines in a text

_END = re.compile(r"[;|&`()<>]|\\n|\n|(?<=\s)#|[,.:](?=\s|$)|$")
_SPAN = re.compile(r"`([^`\n]+)`")
_QUOTED = re.compile(r"\"[^\"\n]*\"|(?<=[\s=(])'[^'\n]*'(?=[\s);|,.]|$)", re.M)


@cache
def _program() -> "re.Pattern[str]":
    known = "|".join(sorted((re.escape(name) for name in vocabulary() if name != "["), key=len, reverse=True))
    return re.compile(rf"(?<![\w./$@{{-])(?:(?:/usr)?/s?bin/)?({known})(?![\w./=-])")


def lines_in(text: str, code: bool = False) -> Iterator[List[str]]:
    """Words of the command lines that stand in a text; `code` says that it is nothing else, so that bare programs count."""
    text = _QUOTED.sub("Q", re.sub(r"\\\n\s*", " ", text))
    spans = {match.start(1) for match in _SPAN.finditer(text)}
    starts = {match.end() for match in re.finditer(r"(?:^|[;|]|\(\s|&&|\$\()\s*", text, re.M)} if code else set()
    known, english, sub = vocabulary(), _words("english"), _words("subcommands")
    for match in _program().finditer(text):
        program = match.group(1)
        end = _END.search(text, match.end())
        words = text[match.end() : end.start() if end else None].split()
        over = next(
            (
                place
                for place, word in enumerate(words)
                if word in _words("sentence") and (program, word) != ("audit", "on")
            ),
            None,
        )
        words = words[:over]
        if over == 0 or any(word.startswith("-[") for word in words):  # the latter in an expression, not on a line
            continue
        if program in ("exec", "nohup") and words and words[0] in known:
            continue
        if (
            (words and words[0].startswith("-") and len(words[0]) > 1)
            or (
                match.start() in starts and text[match.end() : match.end() + 1] != ":" and (words or program not in sub)
            )
            or (words and (match.start() in spans or (program in sub and program not in english)))
        ):
            yield [program, *words]


def form_of(words: List[str]) -> str:
    """The form of a command line.

    >>> form_of("nim -o cust -a lpp_source=L -a filesets=x lpar7".split()), form_of("audit query".split())
    ('nim -o cust -a filesets= -a lpp_source=', 'audit query')
    >>> form_of("nimclient -c fetches the file".split()), form_of("ps -fp 4711".split())
    ('nimclient -c', 'ps -fp')
    """
    program, rest = words[0], words[1:]
    options: List[str] = []
    attributes: List[str] = []
    plain = 0
    taken = False
    for place, word in enumerate(rest):
        if taken:
            taken = False
            continue
        if program == "sh" and word.startswith("'"):
            break  # the text that it is given
        word = word.strip("\"'")
        following = rest[place + 1].strip("\"'") if place + 1 < len(rest) else ""
        if word == "-a" and "=" in following:
            attributes.append(f"-a {following.split('=')[0]}=")
            taken, plain = True, 0
        elif re.fullmatch(r"-[A-Za-z]*o", word) and program in ("nim", "nimclient"):
            options.append(f"{word} {following}" if re.fullmatch(r"[a-z_]+", following) else word)
            taken, plain = True, 0
        elif re.fullmatch(r"-[A-Za-z0-9_][\w-]*|\+[a-z0-9]+", word) and not (program == "find" and word[0] == "+"):
            # a number is of this place alone, and so is a separator of awk
            word = "-F" if program == "awk" and word[1] == "F" else re.sub(r"^([-+])\d+$", r"\1N", word)
            options += [] if word in options else [re.sub(r"-c[\dNQ-]+$", "-c", word) if program == "cut" else word]
            plain = 0
        elif program in _words("subcommands") and place == 0:
            options.append(word)
        else:
            plain += 1
            if plain > 1:
                break
    return " ".join([program, *options, *sorted(set(attributes))])


def forms_in(text: str, code: bool = False) -> Set[str]:
    """The forms of the command lines in a text."""
    return {form_of(words) for words in lines_in(text, code)}


def broken(words: List[str]) -> str:
    """Which rule of the program's page a command line breaks; empty when none is known to be.

    >>> broken("installp -acgXYF -d /mnt x".split()), broken("tail -1 /a/*/b".split()), broken("installp -acgX x".split())
    ('installp: -F excludes -g', 'tail takes one file', '')
    """
    rule = data()["rules"].get(words[0], {})
    letters = {letter for word in words[1:] if re.fullmatch(r"-[A-Za-z]+", word) for letter in word[1:]}
    for first, second in rule.get("excludes", ()):
        if first in letters and second in letters:
            return f"{words[0]}: -{first} excludes -{second}"
    if words.count("-a") > rule.get("attributes", 99):
        return f"{words[0]} takes {rule['attributes']} attributes"
    operands = [word for word in words[1:] if re.match(r"[/~$]|\w+/", word)]
    if rule.get("one_file") and (len(operands) > 1 or any("*" in word for word in operands)):
        return f"{words[0]} takes one file"
    return ""


# -- where they stand


class Use(NamedTuple):
    """A command line at its place: `kind` is run, script or printed."""

    words: Tuple[str, ...]
    place: str
    kind: str

    @property
    def form(self) -> str:
        return form_of(list(self.words))


_RUN = (
    "nimdoctor/evidence/",
    "nimdoctor/planning/",
    "nimdoctor/applying/",
    "nimdoctor/remote/",
    "nimdoctor/scripts/",
    "nimdoctor/system/",
    "nimdoctor/probe/",
    "nimdoctor/collection/",
    "fixes/",
)
_NONE = (
    "nimdoctor/lab/", "nimdoctor/redaction/", "nimdoctor/evidence/recognition/", "nimdoctor/evidence/loose/",
    "nimdoctor/evidence/catalog.py", "nimdoctor/evidence/collected_rows.py",
)  # fmt: skip
"""Simulations, and lists of what is recognised or replaced: that is neither run nor printed. The catalog is asked itself."""


@cache
def uses() -> Tuple[Use, ...]:
    """Every command line, in order of place."""
    found = [Use(tuple(words), "nimdoctor/evidence/catalog.py", kind) for words, kind in _in_catalog()]
    places = [path for place in ("nimdoctor", "checks", "fixes", "docs") for path in (REPOSITORY / place).rglob("*")]
    for path in sorted([REPOSITORY / "README.md", *places]):
        name = path.relative_to(REPOSITORY).as_posix()
        if name.startswith(_NONE):
            continue
        if path.suffix == ".py":
            kind = "run" if name.startswith(_RUN) else "printed"
            found += [Use(tuple(words), name, kind) for words in _in_python(path.read_text("utf-8"))]
        elif path.suffix == ".md" and path.name not in NOT_SHOWN:
            found += [Use(tuple(words), name, "printed") for words in _in_markdown(path.read_text("utf-8"))]
        elif path.suffix == ".sh":
            found += [Use(tuple(words), name, "script") for words in in_shell(path.read_text("utf-8"))]
        elif path.suffix == ".json" and "/data/" in name:
            found += [Use(tuple(words), name, "printed") for words in lines_in(path.read_text("utf-8"))]
    found += [Use(tuple(words), "nimdoctor/planning/conditions/", "script") for words in in_shell(shell_functions())]
    return tuple(dict.fromkeys(found))


def _in_python(source: str) -> Iterator[List[str]]:
    tree = ast.parse(source)
    # what stands on a fact is of the catalog
    rows = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "fact"]
    of_catalog = {id(node) for row in rows for node in ast.walk(row)}
    for node in ast.walk(tree):
        if id(node) in of_catalog:
            continue
        if isinstance(node, (ast.Tuple, ast.List)):
            words = [_said(part) for part in node.elts]
            known, english = vocabulary(), _words("english")
            if len(words) > 1 and words[0] in known - {"["} and (words[1].startswith("-") or words[0] not in english):
                yield words
            continue
        text = _said(node)
        first = text.split(None, 1)
        yield from lines_in(
            text, code=len(first) > 1 and first[0] in vocabulary() - _words("english") and "\n" not in text
        )


def _said(node: ast.AST) -> str:
    """The text of a string, what is put into it as X; X for anything else in a list of words, empty for no string at all."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
    return "X" if isinstance(node, (ast.Name, ast.Attribute, ast.Starred, ast.Call)) else ""


def _in_catalog() -> Iterator[Tuple[List[str], str]]:
    """The commands of the catalog: those that are run, and those of which a recorded output is read."""
    for row in ROWS_OF_CATALOG:
        if row.kind is Kind.COMMAND:
            yield row.label.split(), "run" if row.live or row.live_for else "printed"


def _in_markdown(text: str) -> Iterator[List[str]]:
    fenced = False
    prose: List[str] = []
    code: List[str] = []
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif re.search(r"\d/tcp\b|\bdgram\b|\bstream\b", line):
            continue  # rows of /etc/services and /etc/inetd.conf
        elif fenced or line.startswith("    "):
            code.append(re.sub(r"^\s*[#$] ", "", line))
        else:
            prose.append(line)
    yield from lines_in("\n".join(code), code=True)
    yield from lines_in("\n".join(prose))


@cache
def functions() -> Set[str]:
    """Shell functions of all parts of scripts."""
    parts = [path.read_text("utf-8") for path in (REPOSITORY / "nimdoctor").glob("**/parts/*.sh")]
    found = {name for text in (*parts, shell_functions()) for name in functions_of(text)}
    # those that the script that collects is written with
    return found | {"rows", "path_rows"}


def in_shell(text: str) -> Iterator[List[str]]:
    """Command lines of a script, those that a function of it is given included."""
    for words in simple_commands(text):
        if words[0] in ("exec", "command") and len(words) > 1 and not words[1].startswith("-"):
            words = [words[1].rsplit("/", 1)[-1], *words[2:]]
        if words[0] in ("Q", "S", "V"):
            continue
        if words[0] in _words("built_in") and not any(re.fullmatch(r"[-+][A-Za-z]", word) for word in words[1:]):
            continue
        if words[0] == "[":
            yield from (["[", word] for word in words[1:] if re.fullmatch(r"-[a-z]", word))
            continue
        if words[0] not in functions():
            yield words
            continue
        for place, word in enumerate(words[1:], 1):
            if word in vocabulary() - _words("english"):
                yield words[place:]
                break


# -- the document

_HEAD = """# AIX command lines

Every command line that nimdoctor runs, sends to a host in a script, or prints, by its form, with what it rests on.
`make generate` writes it from where they stand; a test holds it current.
What is only believed stands in [not-yet-on-aix.md](not-yet-on-aix.md) too.

| form | where | mark | source |
|---|---|---|---|
"""


def document() -> str:
    """docs/aix-commands.md."""
    found: Dict[str, Set[str]] = {}
    for use in uses():
        found.setdefault(use.form, set()).add(use.kind)
    found.update({form: {"run"} for form, row in table().items() if row.made})
    lines = []
    for form in sorted(found, key=str.lower):
        row = table().get(form, Row(form, "NO ROW", "?"))
        where = ", ".join(kind for kind in ("run", "script", "printed") if kind in found[form])
        note = f"; {row.why}" if row.why else ""
        lines.append(f"| `{form}` | {where} | {row.mark} | {row.source}{note} |".replace("||", "| |"))
    return _HEAD + "\n".join(lines) + "\n"


def believed(forms: Iterable[str]) -> List[str]:
    """Those forms that no page and no recorded text shows."""
    return sorted((form for form in forms if form in table() and table()[form].mark in ("C", "M")), key=str.lower)


def believed_part() -> str:
    """The lines of docs/not-yet-on-aix.md that name them."""
    return "".join(f"- `{form}`: {table()[form].why}\n" for form in believed({use.form for use in uses()}))
