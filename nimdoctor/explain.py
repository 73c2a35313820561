"""What `nimdoctor explain` says: of a check's id, a message number, or a line of evidence.

A check's page is the Markdown file beside its module, named like the id; a check without one gets a
page made of its attributes under the same headings. Message numbers and the lines of nimsh.log are
looked up in `facts/data`. Everything that comes out is ASCII.
"""

import difflib
import importlib.util
import json
import pkgutil
import re
import sys
import textwrap
import unicodedata
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
    get_args,
    get_type_hints,
)

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.model import Check

WIDTH = 79
HEADINGS = (
    "Problem",
    "Detecting with nimdoctor",
    "Detecting by hand",
    "Resolving with nimdoctor",
    "Resolving by hand",
)
"""The five headings of every page, in order."""

_NUMBER = re.compile(r"(?<![\w-])(\d{4}-\d{3})(?![\w-])")
_SHORTEST_PREFIX = 3
_NO_FACTS = ("builtins", "nimdoctor.model")
_SURE = {
    "A": "an IBM page or two independent sources",
    "B": "one good source",
    "C": "inferred, not stated anywhere",
    "M": "remembered, found in no source: take it as a hint only",
}


class Explanation(NamedTuple):
    """What is known of the query, ready to print; `found` is False when it is only a suggestion."""

    text: str
    found: bool


def explain(query: str, checks: Sequence[Check], catalog: Catalog) -> Explanation:
    """Explains a check id (or the only one that begins so), message numbers, or a line of evidence."""
    wanted = query.strip()
    by_id = {check.id: check for check in checks}
    if wanted and not re.search(r"\s", wanted):
        name = wanted.lower().replace("_", "-")
        matching = [name] if name in by_id else [found for found in by_id if found.startswith(name)]
        if len(matching) == 1 and (name in by_id or len(name) >= _SHORTEST_PREFIX):
            return Explanation(page(by_id[matching[0]], catalog), True)
    parts, found = _numbers(wanted, checks)
    line_parts = _line(wanted, checks, catalog)
    if line_parts:
        return Explanation("\n\n".join(parts + line_parts) + "\n", True)
    if found:
        return Explanation("\n\n".join(parts) + "\n", True)
    return Explanation("\n\n".join(parts or [_not_found(wanted, sorted(by_id))]) + "\n", False)


def page(check: Check, catalog: Catalog) -> str:
    """The page of a check: the one its author wrote, else one made of its attributes."""
    written = _written_page(check)
    lines = written.splitlines() if written is not None else _made_page(check, catalog)
    return "\n".join(out for line in lines for out in _fold(ascii_only(line))).rstrip() + "\n"


def facts_of(check: Check) -> Tuple[str, ...]:
    """Class names of the facts that a check rests on, those behind derived facts included."""
    names: List[str] = []
    seen: Set[Any] = set()
    _collect(check.function, names, seen)
    return tuple(names)


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
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


# pages


def _written_page(check: Check) -> Optional[str]:
    """The Markdown file beside the check's module; read by its loader, so that a zip will do."""
    module = getattr(check.function, "__module__", None) or ""
    own_name = module.rpartition(".")[2]
    for stem in (check.id.replace("-", "_"), own_name):
        raw = _beside(module, stem + ".md")
        text = raw.decode("utf-8", "replace") if raw is not None else ""
        # a module may hold several checks: its page is this check's only when it says so
        if re.match(r"#\s*" + re.escape(check.id) + r"\s*:", text):
            return text
    return None


def _beside(module: str, name: str) -> Optional[bytes]:
    try:
        if importlib.util.find_spec(module) is None:
            return None
        return pkgutil.get_data(module, name)
    except (ImportError, OSError, ValueError, AttributeError):
        return None


def _made_page(check: Check, catalog: Catalog) -> List[str]:
    facts = facts_of(check)
    rows = [row for row in catalog if set(row.facts) & set(facts)]
    body: Dict[str, List[str]] = {heading: [] for heading in HEADINGS}
    problem = body["Problem"]
    problem.append(check.summary)
    problem.extend(f"{label}: {said}" for label, said in (("Cause", check.cause), ("Impact", check.impact)) if said)
    problem.append(f"Severity {check.severity.value}, role {check.role.value}.")
    problem.append(f"Source: {check.source}" if check.source else "The check names no source.")
    body["Detecting with nimdoctor"] += [
        f"    nimdoctor scan --check {check.id}",
        "It reads: " + (", ".join(row.label for row in rows) or "nothing of the catalog") + ".",
    ]
    by_hand = body["Detecting by hand"]
    by_hand.extend("    " + _by_hand(row) for row in rows if row.kind is not Kind.PATHS)
    by_hand.append("What to look for: " + check.title)
    if check.fix:
        body["Resolving with nimdoctor"].append(
            f"The check names the fix {check.fix}. `nimdoctor fix` comes in a later version; until then the scan "
            "names the commands."
        )
    else:
        body["Resolving with nimdoctor"].append("The check names no fix.")
    body["Resolving by hand"].append(check.cure or "The check names no cure. See its source, and what the scan says.")
    out = [f"# {check.id}: {check.title}"]
    for heading in HEADINGS:
        out += ["", "## " + heading]
        for entry in body[heading]:
            out += [entry] if entry.startswith("    ") else _wrap(entry)
    return out


def _by_hand(row: Row) -> str:
    if row.kind is Kind.FILE:
        return ("ls -l " if row.name.endswith("*") else "cat ") + row.name
    return row.label


# what a check asks for


def _collect(function: Callable[..., Any], names: List[str], seen: Set[Any]) -> None:
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception:  # a third party's hint that cannot be evaluated must not break `explain`
        return
    hints.pop("return", None)
    for hint in hints.values():
        for wanted in _classes(hint):
            if wanted in seen:
                continue
            seen.add(wanted)
            names.append(wanted.__name__)
            derive = getattr(wanted, "derive", None)
            if derive is not None:
                _collect(getattr(derive, "__func__", derive), names, seen)


def _classes(hint: Any) -> Iterator[type]:
    """The classes inside Optional, Annotated and the like; no None, no roles."""
    inner = get_args(hint)
    if inner:
        for part in inner:
            yield from _classes(part)
    elif isinstance(hint, type) and hint.__module__ not in _NO_FACTS:
        yield hint


def _asking(facts: Sequence[str], checks: Sequence[Check]) -> List[str]:
    wanted = set(facts)
    return [check.id for check in checks if wanted & set(facts_of(check))]


# message numbers


def _numbers(query: str, checks: Sequence[Check]) -> Tuple[List[str], bool]:
    """A paragraph for each message number in the text, and whether any of them is known."""
    numbers = list(dict.fromkeys(_NUMBER.findall(query)))
    if not numbers:
        return [], False
    table = _data("messages.json")
    known = {row["number"]: row for row in table["messages"]}
    speakers = {row["prefix"]: row["speaker"] for row in table["facilities"]}
    ids = {check.id for check in checks}
    parts = []
    any_known = False
    for number in numbers:
        speaker = speakers.get(number[:4])
        row = known.get(number)
        if row:
            any_known = True
            parts.append(_paragraph(f"{number}  ({speaker})" if speaker else number, _number_lines(row, ids, checks)))
        elif speaker:
            parts.append(_paragraph(number, [f"A message of {speaker}. This number is not in nimdoctor's table."]))
    return parts, any_known


def _number_lines(row: Dict[str, Any], ids: Set[str], checks: Sequence[Check]) -> List[str]:
    lines = [f"Says: {row['says']}.", row["meaning"]]
    named = [found for found in row["checks"] if found in ids]
    if named:
        lines.append("Checks to look at: " + ", ".join(named) + ".")
    if row["facts"]:
        others = [found for found in _asking(row["facts"], checks) if found not in named]
        lines.append(
            "Facts it can stand in: "
            + ", ".join(row["facts"])
            + (" (also asked for by " + ", ".join(others) + ")" if others else "")
            + "."
        )
    lines.append(f"How sure: {_SURE.get(row['sure'], row['sure'])}. Source: {row['source']}.")
    return lines


# lines of evidence


def _line(query: str, checks: Sequence[Check], catalog: Catalog) -> List[str]:
    """Paragraphs on where a quoted line comes from and who reads it; empty when nobody knows it."""
    parts = []
    names: List[str] = []
    table = _data("nimsh_lines.json")
    folded = " ".join(query.lower().split())
    ids = {check.id for check in checks}
    for row in table["lines"]:
        if row["pattern"] in folded:
            lines = [row["meaning"]]
            named = [found for found in row["checks"] if found in ids]
            if named:
                lines.append("Checks to look at: " + ", ".join(named) + ".")
            lines.append(f"How sure: {_SURE.get(row['sure'], row['sure'])}.")
            parts.append(_paragraph(f"A line of nimsh.log: '{row['pattern']}'", lines))
            names = [table["file"]]
    if query:
        recognised = _recognise(query)
        if recognised and recognised not in names:
            names.append(recognised)
    for name in names:
        row_found = _row(name, catalog)
        head = "Comes from" if parts and name == table["file"] else "Looks like a line of"
        if row_found:
            parts.append(_paragraph(f"{head} {row_found.label}", _row_lines(row_found, checks)))
        else:
            parts.append(_paragraph(f"{head} {name}", ["The catalog has no row for it."]))
    return parts


def _recognise(query: str) -> Optional[str]:
    # here, so that ids and numbers are explained without loading the recogniser
    from nimdoctor.evidence.recognise import recognise

    # the recogniser weighs whole texts; a single line is too light for it, three of a kind are not
    for sample in (query, "\n".join([query] * 3), "\n".join([" " + query] * 3)):
        found = recognise(sample)
        if found:
            return found
    return None


def _row(name: str, catalog: Catalog) -> Optional[Row]:
    for row in catalog:
        if row.name == name or row.label == name:
            return row
    return catalog.file(name) if name.startswith("/") else catalog.command(name)


def _row_lines(row: Row, checks: Sequence[Check]) -> List[str]:
    what = {Kind.FILE: "A file", Kind.COMMAND: "Output of a command", Kind.PATHS: "State of paths"}[row.kind]
    lines = [f"{what}, read on: {', '.join(sorted(row.roles))}. It feeds: {', '.join(row.facts)}."]
    asking = _asking(row.facts, checks)
    if asking:
        lines.append("Checks that ask for it: " + ", ".join(asking) + ".")
    else:
        lines.append("No check asks for it.")
    if not row.live:
        lines.append("nimdoctor does not run this by itself: record its output and give it to the scan.")
    return lines


# nothing found, and layout


def _not_found(query: str, ids: Sequence[str]) -> str:
    shown = ascii_only(" ".join(query.split()))
    shown = shown if len(shown) <= 50 else shown[:47] + "..."
    name = query.strip().lower().replace("_", "-").replace(" ", "-")[:80]
    close = [found for found in ids if name and (found.startswith(name) or (len(name) > 2 and name in found))]
    close += [found for found in difflib.get_close_matches(name, ids, n=5, cutoff=0.5) if found not in close]
    lines = _wrap(f"Nothing is known of '{shown}'.")
    if close:
        lines += ["Did you mean one of these checks?", *("    " + found for found in close)]
    lines += _wrap(
        "`nimdoctor checks` lists all checks. A message number such as 0042-001, or a line quoted from a log or a "
        "command's output, is explained too."
    )
    return "\n".join(lines)


def _paragraph(head: str, lines: Sequence[str]) -> str:
    out = _wrap(head)
    for line in lines:
        out += textwrap.wrap(ascii_only(line), WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(out)


def _wrap(text: str) -> List[str]:
    return textwrap.wrap(ascii_only(text), WIDTH, break_on_hyphens=False) or [""]


def _data(name: str) -> Any:
    # pkgutil reads through the package's loader: a directory and a one-file delivery alike
    raw = pkgutil.get_data("nimdoctor.facts", "data/" + name)
    if raw is None:
        raise OSError(f"nimdoctor/facts/data/{name} is not installed (Python {sys.version.split()[0]})")
    return json.loads(raw.decode("utf-8"))
