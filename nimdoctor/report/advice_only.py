"""The part of a report on hosts where a cure is advice only, in plain words and without any format."""

from typing import Any, Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.guidance import AHEAD, ALIKE, DIFFER, OPEN, EndGeneration, Guidance, Look
from nimdoctor.model import Outcome, Quote, Role
from nimdoctor.planning.typed import as_typed
from nimdoctor.report.scan_report import Report

TITLE = "Where cures are advice only"
WHY = (
    "An end is, or may be, of NIM security generation G2 or later: there it is not public which certificates must fit, so "
    "nimdoctor changes none of them. What helps instead, in this order:"
)
_STANDING = {
    DIFFER: "they differ: this comes first, and likely explains a push that fails",
    AHEAD: "the client is ahead, which is the order of G2: the master is next, and until then it may explain a push that fails",
    ALIKE: "they are alike",
    OPEN: "whether they fit is not known before both are proved",
}
_FIRST_PAGE = {DIFFER: "they differ: this comes first", AHEAD: "the client is ahead: the master is next"}
_SEEN = {"fail": "WRONG, see above", "unknown": "not known", "error": "not known"}


class Item(NamedTuple):
    """One line of the part: what it is about, and what is said of it."""

    label: str
    text: str


def items(report: Report) -> Iterator[Item]:
    """Every line of the part, in the order in which it helps; nothing where the report has no such part."""
    found = report.guidance
    if found is None:
        return
    for end in found.ends:
        yield Item("Each end", _generation(end))
    if found.standing:
        yield Item("Together", _STANDING[found.standing])
    well = [look.what for look in found.looks if look.state == Outcome.PASS.value]
    for look in found.looks:
        if look.what not in well:
            yield Item("Look at", _look(report, look))
    if well:
        yield Item("Well", "; ".join(well))
    if found.last_good:
        yield Item("Pushed", f"the last that went well: {_quoted(found.last_good)}")
    for page in found.pages:
        yield Item("IBM", f"{page.title}: {page.url}")
    yield Item("Case", as_typed(found.case))


def generations(report: Report) -> Optional[str]:
    """Each end's generation and where that stands, and what follows from both, in a line for the first page."""
    found = report.guidance
    if found is None or not found.ends:
        return None
    ends = "; ".join(f"{_who(end)}: {_standing(end)}" for end in found.ends)
    return f"{ends}; {_FIRST_PAGE[found.standing]}" if found.standing in _FIRST_PAGE else ends


def next_words(report: Report) -> Optional[str]:
    """What comes next about a finding whose cure is advice only; None where the report has no such part."""
    if report.guidance is None:
        return None
    where, commands = report.guidance.next
    return on(report, where, commands)


def on(report: Report, where: Optional[Role], commands: Sequence[Sequence[str]]) -> str:
    """Commands with the host to type them on."""
    typed = "; ".join(map(as_typed, commands))
    if where is None:
        return typed
    one = report.master if where is Role.MASTER and report.master else report.host
    return f"on {_end(report, where)}{one.as_whom(typed)}: {typed}"


def as_dict(found: Optional[Guidance]) -> Optional[Dict[str, Any]]:
    """The part as plain values of JSON."""
    if found is None:
        return None
    where, commands = found.next
    return {
        "ends": [
            {
                "where": end.where.value,
                "host": end.host,
                "generation": end.generation,
                "proved_by": [quote._asdict() for quote in end.proved_by],
                "proof": [list(argv) for argv in end.proof],
            }
            for end in found.ends
        ],
        "standing": found.standing or None,
        "looks": [
            {
                "name": look.name,
                "what": look.what,
                "state": look.state,
                "checks": list(look.checks),
                "commands": [{"where": role.value, "argv": list(argv)} for role, argv in look.commands],
            }
            for look in found.looks
        ],
        "last_good": found.last_good._asdict() if found.last_good else None,
        "changed": found.changed,
        "pages": [page._asdict() for page in found.pages],
        "next": {"where": where.value if where else None, "commands": [list(argv) for argv in commands]},
        "case": list(found.case),
    }


def _generation(end: EndGeneration) -> str:
    who = _who(end)
    shown = f", by {'; '.join(map(_quoted, end.proved_by))}" if end.proved_by and end.generation else ""
    if end.settled:
        return f"of {who}: {end.generation}{shown}"
    known = f"{end.generation} at least{shown}; whether it is more is not proved" if end.generation else "not proved"
    how = f". There: {'; '.join(map(as_typed, end.proof))}" if end.proof else ""
    return f"of {who}: {known}{how}"


def _who(end: EndGeneration) -> str:
    return f"{end.host} ({end.where.value})" if end.host else f"the {end.where.value}"


def _standing(end: EndGeneration) -> str:
    known = f"{end.generation or 'not proved'}{' at least' if end.generation and not end.settled else ''}"
    places = [_place(quote) for quote in end.proved_by[:1]]
    return f"{known} ({places[0]})" if places and end.generation else known


def _look(report: Report, look: Look) -> str:
    seen = f" ({_SEEN[look.state]})" if look.state in _SEEN else ""
    if look.state == Outcome.FAIL.value or not look.commands:
        return f"{look.what}{seen}"
    by_end: Dict[Role, Tuple[Tuple[str, ...], ...]] = {}
    for role, argv in look.commands:
        by_end[role] = (*by_end.get(role, ()), argv)
    return f"{look.what}{seen}: " + "; ".join(on(report, role, commands) for role, commands in by_end.items())


def _end(report: Report, where: Role) -> str:
    if where is Role.MASTER and report.master is None and "master" not in report.host.role:
        return "the master"
    one = report.master if where is Role.MASTER and report.master else report.host
    return f"{one.label} ({where.value})"


def _quoted(quote: Quote) -> str:
    return f"{_place(quote)}: {quote.text.strip() or 'the whole of it'}"


def _place(quote: Quote) -> str:
    # of a command with a dozen APARs its first words tell which it is
    words = quote.source.split(" ")
    source = " ".join(words[:2]) + (" ..." if len(words) > 4 else f" {' '.join(words[2:])}".rstrip())
    return source if quote.line is None else f"{source} line {quote.line}"
