"""The overview of a fleet: one HTML file that asks the network for nothing and fits a phone, paper and the dark.

Every number of it leads to the hosts behind it, and each host to its findings. The tables are there without any script;
the list of hosts is made by the page's own, which its policy knows by its digest.
"""

import base64
import hashlib
import pkgutil
from datetime import datetime
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup as Safe

from nimdoctor import __version__
from nimdoctor.model import Severity, Topic
from nimdoctor.report.fleet import masters, pictures
from nimdoctor.report.fleet.entry import MESSAGE
from nimdoctor.report.fleet.faults import Fault
from nimdoctor.report.fleet.hosts import Fleet, Record, newest
from nimdoctor.report.fleet.pictures import Column
from nimdoctor.report.fleet.rows import LISTED, Rows
from nimdoctor.report.fleet.shares import HEALTHY, INCONCLUSIVE, PROBLEMS, Division, Share
from nimdoctor.report.fleet.tally import NO_CERTIFICATE, Tally
from nimdoctor.report.fleet.times import OUT, WEEKS
from nimdoctor.report.text_report import printable

PIECE = 1 << 16
"""Characters of the page, or more, that are given at a time."""
FEW = 60
"""Hosts that are listed on paper without having been chosen."""
_NOTHING = "base-uri 'none'; form-action 'none'"
MISSING = 12
"""Names of what was not collected."""
SOON = 4
"""Weeks in which a certificate is soon out."""
KINDS = {
    "unreadable": "could not be read",
    "failed": "made nimdoctor fail",
    "crashed": "crashed",
    "usage": "cannot be judged as it was asked",
}


def overview(records: Callable[[], Iterable[Record]], generated: datetime) -> Iterator[str]:
    """The page in pieces, in ASCII. `records` gives all records nimdoctor.fleet/1, anew at each call; it is called twice.

    Held in memory are counts, and a row for each host that is listed.
    """
    fleet = newest(records())
    tally = Tally(fleet, generated)
    rows = Rows(generated)
    counted = iter(fleet.counted)
    following = next(counted, None)
    for number, record in enumerate(records()):
        if number != following:
            continue
        following = next(counted, None)
        if record["failure"]:
            tally.add_unread(record)
        else:
            rows.add(record, tally.add(record))
    shown = tally.tell()
    rows.add_masters(tally.families.worst_first(), shown)
    data = map(Safe, rows.data(tally.selections()))
    page = _environment().get_template("overview.jinja")
    yield from _pieces(page.generate(**_said(fleet, tally), rows=rows, data=data))


def _pieces(parts: Iterator[str]) -> Iterator[str]:
    held, size = [], 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= PIECE:
            yield _ascii("".join(held))
            held, size = [], 0
    yield _ascii("".join(held))


def _ascii(page: str) -> str:
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _said(fleet: Fleet, tally: Tally) -> Dict[str, Any]:
    """What the page's template fills in."""
    style = "".join(_file(name, place) for name, place in (("report.css", "html"), ("overview.css", "fleet")))
    script = _file("overview.js")
    faults = tally.faults.of(Topic.OPERATION)
    bars = _week_bars(tally)
    certificates = tally.certificates.shares
    return {
        "title": _title(tally),
        "version": __version__,
        "generated": f"{tally.generated:%Y-%m-%d %H:%M:%S}",
        "span": _span(fleet),
        "style": Safe(style),
        "script": Safe(script),
        "policy": f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; {_NOTHING}",
        "fleet": fleet,
        "graver": sum(one.graver for one in fleet.older),
        "tally": tally,
        "faults": faults,
        "gravest": faults[0] if faults else None,
        "most_of": _most_of(faults[0]) if faults else None,
        "exposures": tally.faults.of(Topic.EXPOSURE),
        "undecided": tally.undecided.of(Topic.OPERATION),
        "missing": tally.missing.most_common(MISSING),
        "out": certificates[OUT],
        "soon": sum(one.hosts for one in list(certificates.values())[1 : 1 + SOON]),
        "weeks": tally.certificates.there() if _seen(tally) else [],
        "week_bars": bars,
        "ahead": any(one.hosts for one in bars),
        "followers": tally.families.followed(),
        "masters_listed": masters.LISTED,
        "masters_first": tally.families.worst_first(),
        "levels": _newest_first(tally.levels),
        "generations": _newest_first(tally.generations),
        "periods": _newest_first(tally.collected),
        "period_bars": pictures.by_verdict(list(tally.collected.shares.values())),
        "verdicts": [(name, hosts, pictures.KINDS[name]) for name, hosts in tally.all.verdicts.items()],
        "unread": tally.not_read(),
        "most": LISTED,
        "pictures": pictures,
        "few": tally.all.hosts <= FEW,
    }


def _title(tally: Tally) -> str:
    """`9,842 hosts: 2,800 with problems, 722 inconclusive, 6,320 healthy; 158 bundles not read`."""
    words = {PROBLEMS: "with problems", INCONCLUSIVE: "inconclusive", HEALTHY: "healthy"}
    parts = [f"{number:,} {words[name]}" for name, number in tally.all.verdicts.items() if number]
    hosts, unread = tally.all.hosts, tally.not_read()
    said = f"{hosts:,} host{'' if hosts == 1 else 's'}" + (f": {', '.join(parts)}" if parts else "")
    return said + (f"; {unread:,} bundle{'' if unread == 1 else 's'} not read" if unread else "")


def _span(fleet: Fleet) -> str:
    first, last = fleet.first, fleet.last
    if first is None or last is None:
        return ""
    same = first.date() == last.date()
    return f"on {last:%Y-%m-%d}" if same else f"between {first:%Y-%m-%d} and {last:%Y-%m-%d}"


def _most_of(fault: Fault) -> Optional[Tuple[str, int]]:
    """The master of most of a fault's hosts and how many, where it is more than half of several."""
    master, hosts = max(fault.masters.items(), key=lambda one: (one[1], one[0]))
    return (master, hosts) if master and 1 < hosts < fault.hosts < 2 * hosts else None


def _newest_first(levels: Division) -> List[Share]:
    """What has no number comes last."""
    return sorted(levels.there(), key=lambda one: (any(map(str.isdigit, one.name)), one.name), reverse=True)


def _seen(tally: Tally) -> bool:
    """Whether of any host a certificate was seen."""
    return any(one.name != NO_CERTIFICATE for one in tally.certificates.there())


def _week_bars(tally: Tally) -> List[Column]:
    """The weeks ahead: what is out by now would dwarf them."""
    shares = list(tally.certificates.shares.values())[1 : 1 + WEEKS]
    return [Column(one.name, [(one.hosts, "warn" if at < SOON else "good")]) for at, one in enumerate(shares)]


def _digest(content: str) -> str:
    """A style or a script by what it is: one that came out of evidence would not be obeyed."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode('ascii')).digest()).decode('ascii')}'"


def _file(name: str, place: str = "fleet") -> str:
    content = pkgutil.get_data(f"nimdoctor.report.{place}", name)
    return (content or b"").decode("ascii")


def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_file), autoescape=True, finalize=_inert, undefined=StrictUndefined, trim_blocks=True
    )
    made.filters.update(
        n=lambda number: f"{number:,}",
        cut=lambda words, most=MESSAGE: printable(words, most),
        tag=_tag,
        kind=lambda kind: KINDS.get(kind, kind),
    )
    return made


def _inert(value: Any) -> Any:
    """Every text that is filled in: what does not print is shown as an escape. What escapes HTML comes after this."""
    if isinstance(value, Safe):
        return value
    words = str(value)
    return words if words.isprintable() else printable(words)


def _tag(severity: str) -> str:
    """A severity as a class of the style; whatever is none has no colour."""
    return severity if severity in {one.value for one in Severity} else ""
