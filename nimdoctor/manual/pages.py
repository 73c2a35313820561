"""The pages of checks and fixes: the Markdown file beside the module, or one made of what the decorator says.

A page is named like the id. What the registry knows of a fix (where it acts, its risk, what comes
along) is written into the page when it is shown, so that no page can say otherwise. All is ASCII.
"""

import importlib.util
import inspect
import pkgutil
import re
import textwrap
import unicodedata
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple, get_args, get_type_hints

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.model import Check, Role
from nimdoctor.planning.fix import Fix

WIDTH = 79
HEADINGS = (
    "Problem",
    "Detecting with nimdoctor",
    "Detecting by hand",
    "Resolving with nimdoctor",
    "Resolving by hand",
)
"""The headings of every check's page, in order."""
FIX_HEADINGS = ("What it does", "When it is planned", "What it needs", "What it risks", "Undoing it", "By hand")
"""The headings of every fix's page, in order."""

_NO_FACTS = ("builtins", "nimdoctor.model", "nimdoctor.planning.fix")
_NO_FIX = "The check names no fix: the scan says what a person would do."
_ENDS = {Role.CLIENT: "the client", Role.MASTER: "the master", Role.BOTH: "whichever end needs it"}


def page(check: Check, catalog: Catalog, fixes: Sequence[Fix] = ()) -> str:
    """The page of a check: the one its author wrote, else one made of its attributes; its fix stands in both."""
    written = _written_page(check.id, check.function)
    lines = written.splitlines() if written is not None else _made_page(check, catalog)
    fix = next((one for one in fixes if one.id == check.fix), None)
    if fix is not None:
        lines = _after(lines, "Resolving with nimdoctor", [*wrapped(_fix_of_a_check(fix)), ""])
    return folded_page(lines)


def fix_page(fix: Fix, catalog: Catalog, checks: Sequence[Check], fixes: Sequence[Fix]) -> str:
    """The page of a fix: the one its author wrote, else one made of its attributes."""
    written = _written_page(fix.id, fix.function)
    lines = written.splitlines() if written is not None else _made_fix_page(fix, catalog)
    lines = _after(lines, FIX_HEADINGS[1], [*wrapped(_called_by(fix, checks, fixes)), ""])
    lines = _after(lines, FIX_HEADINGS[3], [*wrapped(f"Risk: {_sentence(fix.risk)}"), ""])
    return folded_page(lines)


def _after(lines: Sequence[str], heading: str, more: Sequence[str]) -> List[str]:
    """The lines with more of them below that heading; unchanged where there is no such heading."""
    at = next((number for number, line in enumerate(lines, 1) if line.strip() == f"## {heading}"), None)
    return list(lines) if at is None else [*lines[:at], *more, *lines[at:]]


def _fix_of_a_check(fix: Fix) -> str:
    parts = [f"Its fix is {fix.id}, on {_ENDS[fix.where]}: {fix.title}.", f"Risk: {_sentence(fix.risk)}"]
    if fix.needs:
        parts.append(f"Where it is not right already, {' and '.join(fix.needs)} {_comes(fix)} along.")
    if fix.named_only:
        parts.append(f"It is planned only by --only {fix.id}.")
    if fix.classic:
        parts.append("From security generation G2 on it is shown as advice and not applied.")
    parts.append(f"More: `nimdoctor explain {fix.id}`.")
    return " ".join(parts)


def _called_by(fix: Fix, checks: Sequence[Check], fixes: Sequence[Fix]) -> str:
    treats = [check.id for check in checks if check.fix == fix.id]
    brought = [other.id for other in fixes if fix.id in other.needs]
    parts = [f"It acts on {_ENDS[fix.where]}."]
    parts.append(f"It is the fix of {', '.join(treats)}." if treats else "No check calls for it by itself.")
    if fix.named_only:
        parts.append(f"It is planned only where somebody asks for it: --only {fix.id}.")
    if brought:
        parts.append(f"It comes along with {', '.join(brought)} where it is needed.")
    if fix.needs:
        parts.append(f"With it {_comes(fix)} {' and '.join(fix.needs)}, where that is not right already.")
    if fix.classic:
        parts.append(
            "Where either end is of NIM security generation G2 or later (November 2025), or of unknown generation at "
            "7.2 TL5 or 7.3, it is advice only: read IBM node/7251173 and node/7283157."
        )
    return " ".join(parts)


def _comes(fix: Fix) -> str:
    return "comes" if len(fix.needs) == 1 else "come"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def folded_page(lines: Sequence[str]) -> str:
    """A page from its lines: ASCII, no longer than `WIDTH` but for commands, no two empty ones in a row."""
    text = "\n".join(out for line in lines for out in _fold(ascii_only(line)))
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


# as written


def _written_page(id: str, function: Callable[..., Any]) -> Optional[str]:
    """The Markdown file beside the module; read by its loader, so that a zip will do."""
    module = getattr(function, "__module__", None) or ""
    own_name = module.rpartition(".")[2]
    for stem in (id.replace("-", "_"), own_name):
        raw = _beside(module, stem + ".md")
        text = raw.decode("utf-8", "replace") if raw is not None else ""
        # a module may hold several: the page is that of this id only when it says so
        if re.match(r"#\s*" + re.escape(id) + r"\s*:", text):
            return text
    return None


def _beside(module: str, name: str) -> Optional[bytes]:
    try:
        if importlib.util.find_spec(module) is None:
            return None
        return pkgutil.get_data(module, name)
    except (ImportError, OSError, ValueError, AttributeError):
        return None


# made


def _made_page(check: Check, catalog: Catalog) -> List[str]:
    facts = facts_of(check)
    rows = [row for row in catalog if set(row.facts) & set(facts)]
    body: Dict[str, List[str]] = {heading: [] for heading in HEADINGS}
    problem = body["Problem"]
    problem.append(check.summary)
    problem.extend(f"{label}: {text}" for label, text in (("Cause", check.cause), ("Impact", check.impact)) if text)
    problem.append(f"Severity {check.severity.value}, role {check.role.value}.")
    problem.append(f"Source: {check.source}" if check.source else "The check names no source.")
    body["Detecting with nimdoctor"] += [
        f"    nimdoctor scan --check {check.id}",
        "It reads: " + (", ".join(row.label for row in rows) or "nothing of the catalog") + ".",
    ]
    by_hand = body["Detecting by hand"]
    by_hand.extend("    " + _by_hand(row) for row in rows if row.kind in (Kind.FILE, Kind.COMMAND))
    by_hand.append("What to look for: " + check.title)
    body["Resolving with nimdoctor"].append(
        "`nimdoctor fix` shows the plan, `nimdoctor fix --apply` carries it out." if check.fix else _NO_FIX
    )
    body["Resolving by hand"].append(check.cure or "The check names no cure. See its source, and what the scan says.")
    return _laid_out(f"# {check.id}: {check.title}", HEADINGS, body)


def _made_fix_page(fix: Fix, catalog: Catalog) -> List[str]:
    facts = set(_named_facts(fix.function))
    rows = [row.label for row in catalog if facts & set(row.facts)]
    does = inspect.getdoc(fix.function) or fix.title
    body = {heading: [""] for heading in FIX_HEADINGS}
    body["What it does"] = [*does.split("\n\n"), f"Source: {fix.source}" if fix.source else "The fix names no source."]
    body["What it needs"] = [
        f"It reads: {', '.join(rows) or 'nothing of the catalog'}. The plan names the conditions of each step."
    ]
    body["Undoing it"] = ["The plan says of each step how it is undone, or why it cannot be: `nimdoctor fix`."]
    body["By hand"] = ["The plan names the command or the lines of each step: `nimdoctor fix --only " + fix.id + "`."]
    return _laid_out(f"# {fix.id}: {fix.title}", FIX_HEADINGS, body)


def _laid_out(title: str, headings: Sequence[str], body: Dict[str, List[str]]) -> List[str]:
    out = [title]
    for heading in headings:
        out += ["", "## " + heading]
        for entry in body[heading]:
            out += [entry] if entry.startswith("    ") else wrapped(" ".join(entry.split()))
    return out


def _by_hand(row: Row) -> str:
    if row.kind is Kind.FILE:
        return ("ls -l " if row.name.endswith("*") else "cat ") + row.name
    return row.label


# what a check or a fix asks for


def facts_of(check: Check) -> Tuple[str, ...]:
    """Class names of the facts that a check rests on, those behind derived facts included."""
    return _named_facts(check.function)


def _named_facts(function: Callable[..., Any]) -> Tuple[str, ...]:
    names: List[str] = []
    visited: Set[Any] = set()
    _collect(function, names, visited)
    return tuple(names)


def _collect(function: Callable[..., Any], names: List[str], visited: Set[Any]) -> None:
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception:  # a third party's hint that cannot be evaluated must not break `explain`
        return
    hints.pop("return", None)
    for hint in hints.values():
        for wanted in _classes(hint):
            if wanted in visited:
                continue
            visited.add(wanted)
            names.append(wanted.__name__)
            derive = getattr(wanted, "derive", None)
            if derive is not None:
                _collect(getattr(derive, "__func__", derive), names, visited)


def _classes(hint: Any) -> Iterator[type]:
    """The classes inside Optional, Annotated and the like; no None, no roles."""
    inner = get_args(hint)
    if inner:
        for part in inner:
            yield from _classes(part)
    elif isinstance(hint, type) and hint.__module__ not in _NO_FACTS:
        yield hint


# layout


def ascii_only(text: str) -> str:
    """The text as a terminal of any locale can show it.

    >>> ascii_only("fichier \\u2013 verrouill\\u00e9 \\u2026")
    'fichier - verrouille ...'
    """
    plain = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text.translate(_PLAIN))
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode("ascii")


_PLAIN = {0x2010: "-", 0x2011: "-", 0x2013: "-", 0x2014: "-", 0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}


def _fold(line: str) -> List[str]:
    # indented lines are commands and output: cut nowhere, or they can no longer be typed
    if len(line) <= WIDTH or line.startswith(("    ", "#")):
        return [line]
    hang = re.match(r"\s*(?:[-*] |\d+\. )?", line)
    indent = " " * len(hang.group()) if hang else ""
    return _parted(line, "", indent, break_long_words=False)


def paragraph(head: str, lines: Sequence[str]) -> str:
    """A head, and what belongs to it two blanks further in, each of it wrapped."""
    out = wrapped(head)
    for line in lines:
        out += _parted(ascii_only(line), "  ", "  ")
    return "\n".join(out)


def wrapped(text: str) -> List[str]:
    """The text in lines of at most `WIDTH`, ASCII; one empty line for an empty text."""
    return _parted(ascii_only(text)) or [""]


def _parted(text: str, first: str = "", further: str = "", break_long_words: bool = True) -> List[str]:
    """The lines of an ASCII text; a short command in backquotes is not parted, so that it can be typed."""
    whole = _COMMAND.sub(lambda found: found.group().replace(" ", _BLANK), text)
    lines = textwrap.wrap(
        whole,
        WIDTH,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=break_long_words,
        break_on_hyphens=False,
    )
    return [line.replace(_BLANK, " ") for line in lines]


_COMMAND = re.compile(r"`[^`\n]{1,60}`")
_BLANK = "\x1e"
