"""What `nimdoctor explain` says: of a check, a fix, a message number, or a line of evidence.

What message numbers and the lines of nimsh.log mean stands in `facts/data`; which checks they lead to, on these.
Everything that comes out is ASCII.
"""

import difflib
import json
import pkgutil
import re
import sys
import textwrap
from functools import partial
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.evidence.recognition import recognise
from nimdoctor.manual.pages import WIDTH, ascii_only, facts_of, fix_page, page, wrapped
from nimdoctor.model import Check
from nimdoctor.planning.fix import Fix

_NUMBER = re.compile(r"(?<![\w-])(\d{4}-\d{3})(?![\w-])")
_SHORTEST_PREFIX = 3
_SURE = {
    "A": "an IBM page or two independent sources",
    "B": "one good source",
    "C": "inferred, not stated anywhere",
    "M": "remembered, found in no source: take it as a hint only",
}
_WHAT = {
    Kind.FILE: "A file",
    Kind.COMMAND: "Output of a command",
    Kind.PATHS: "State of paths",
    Kind.REHEARSAL: "What nimdoctor does by itself",
}


class Explanation(NamedTuple):
    """What is known of the query, ready to print; `found` is False when it is only a suggestion."""

    text: str
    found: bool


def explain(query: str, checks: Sequence[Check], catalog: Catalog, fixes: Sequence[Fix] = ()) -> Explanation:
    """Explains the id of a check or a fix (or the only one that begins so), message numbers, or a line of evidence."""
    wanted = query.strip()
    pages: Dict[str, Callable[[], str]] = {fix.id: partial(fix_page, fix, checks, fixes) for fix in fixes}
    pages.update({check.id: partial(page, check, catalog, fixes) for check in checks})
    if wanted and not re.search(r"\s", wanted):
        name = wanted.lower().replace("_", "-")
        matching = [name] if name in pages else [found for found in pages if found.startswith(name)]
        if len(matching) == 1 and (name in pages or len(name) >= _SHORTEST_PREFIX):
            return Explanation(pages[matching[0]](), True)
    parts, found = _numbers(wanted, checks)
    line_parts = _line(wanted, checks, catalog)
    if line_parts:
        return Explanation("\n\n".join(parts + line_parts) + "\n", True)
    if found:
        return Explanation("\n\n".join(parts) + "\n", True)
    return Explanation("\n\n".join(parts or [_not_found(wanted, sorted(pages))]) + "\n", False)


def _ids_of(checks: Iterable[Check]) -> List[str]:
    """Their ids, the gravest first."""
    return [check.id for check in sorted(checks, key=lambda check: (-check.severity.rank, check.id))]


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
    parts = []
    any_known = False
    for number in numbers:
        speaker = speakers.get(number[:4])
        row = known.get(number)
        if row:
            any_known = True
            parts.append(_paragraph(f"{number}  ({speaker})" if speaker else number, _number_lines(row, checks)))
        elif speaker:
            parts.append(_paragraph(number, [f"A message of {speaker}. This number is not in nimdoctor's table."]))
    return parts, any_known


def _number_lines(row: Dict[str, Any], checks: Sequence[Check]) -> List[str]:
    lines = [f"Says: {row['says']}.", row["meaning"]]
    named = _ids_of(check for check in checks if row["number"] in check.messages)
    if named:
        lines.append("Checks to look at: " + ", ".join(named) + ".")
    lines.append(f"How sure: {_SURE.get(row['sure'], row['sure'])}. Source: {row['source']}.")
    return lines


# lines of evidence


def _line(query: str, checks: Sequence[Check], catalog: Catalog) -> List[str]:
    """Paragraphs on where a quoted line comes from and who reads it; empty when nobody knows it."""
    parts = []
    names: List[str] = []
    table = _data("nimsh_lines.json")
    folded = " ".join(query.lower().split())
    for row in table["lines"]:
        if row["pattern"] in folded:
            lines = [row["meaning"]]
            named = _ids_of(check for check in checks if row["pattern"] in check.log_lines)
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
    what = _WHAT[row.kind]
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
    lines = wrapped(f"Nothing is known of '{shown}'.")
    if close:
        lines += ["Did you mean one of these?", *("    " + found for found in close)]
    lines += wrapped(
        "`nimdoctor checks` lists all checks and their fixes. A message number such as 0042-001, or a line quoted from a log or a "
        "command's output, is explained too."
    )
    return "\n".join(lines)


def _paragraph(head: str, lines: Sequence[str]) -> str:
    out = wrapped(head)
    for line in lines:
        out += textwrap.wrap(ascii_only(line), WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(out)


def _data(name: str) -> Any:
    # pkgutil reads through the package's loader: a directory and a one-file delivery alike
    raw = pkgutil.get_data("nimdoctor.facts", "data/" + name)
    if raw is None:
        raise OSError(f"nimdoctor/facts/data/{name} is not installed (Python {sys.version.split()[0]})")
    return json.loads(raw.decode("utf-8"))
