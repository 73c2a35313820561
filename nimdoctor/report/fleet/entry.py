"""What the list of hosts tells of one: its findings, what is undecided, and the command that gives its whole report.

All of it is numbers of texts, in lists as the page's script takes them apart.
"""

from datetime import datetime
from typing import Iterator, List, Sequence

from nimdoctor.model import Topic
from nimdoctor.planning.typed import as_typed
from nimdoctor.report.fleet.faults import Verdict, worst_first
from nimdoctor.report.fleet.hosts import Record, anchor, is_master
from nimdoctor.report.fleet.masters import shown_row
from nimdoctor.report.fleet.shares import INCONCLUSIVE
from nimdoctor.report.fleet.tally import Counted
from nimdoctor.report.fleet.texts import Texts
from nimdoctor.report.fleet.times import ends_at
from nimdoctor.report.text_report import printable

TOLD = 12
"""Findings, and undecided checks, that are told of a host; its report has all."""
MESSAGE = 240
"""Characters of what a finding says."""
OBJECTS = 5


def operation(counted: Counted) -> List[Verdict]:
    """What was found on the host that bears on its verdict, the worst first."""
    return worst_first(one for one in counted.findings.own if one["topic"] == Topic.OPERATION.value)


def head(record: Record, counted: Counted) -> List[str]:
    """What is seen of a folded row: whose it is, the verdict, the worst severity, the checks, level, generation, day."""
    found = operation(counted)
    facts = (record["level"], record["generation"], (record["collected"] or "")[:10])
    return [
        counted.family.of(counted.host),
        record["verdict"] or INCONCLUSIVE,
        found[0]["severity"] if found else "",
        ", ".join(dict.fromkeys(one["check"] for one in found)),
        ", ".join(one for one in facts if one),
    ]


def body(record: Record, counted: Counted, now: datetime, texts: Texts) -> List[object]:
    """What an open row shows: findings, undecided checks, sentences, what is wrong at its master, the command."""
    found, undecided = operation(counted), worst_first(record["undecided"])
    return [
        [finding(one, texts) for one in found[:TOLD]],
        [texts.numbers([one["severity"], one["check"], _cut(one["message"])]) for one in undecided[:TOLD]],
        texts.numbers(_sentences(record, now, max(0, len(found) - TOLD) + max(0, len(undecided) - TOLD))),
        texts.numbers(_at_master(counted)),
        *texts.numbers([command(record)]),
    ]


def finding(one: Verdict, texts: Texts, seen: str = "") -> List[int]:
    """One finding; `seen` says by whom it was seen, where that was not the host itself."""
    return texts.numbers(
        [one["severity"], one["confidence"], one["check"], _cut(one["message"]), _objects(one), seen, one["fix"] or ""]
    )


def command(record: Record) -> str:
    """What gives the host's whole report."""
    words = ["nimdoctor", "scan", _path(record["target"])]
    return as_typed([*words, "--master", _path(record["master_target"])] if record["master_target"] else words)


def _path(path: str) -> str:
    return f"./{path}" if path.startswith("-") else path


def _cut(message: str) -> str:
    return printable(message, MESSAGE)


def _objects(one: Verdict) -> str:
    first: Sequence[str] = one["objects"][:OBJECTS]
    more = max(one["object_count"], len(one["objects"])) - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more else "")


def _at_master(counted: Counted) -> List[str]:
    """The master, the checks that found something there, and the ids of the rows that may tell it."""
    checks = dict.fromkeys(one["check"] for one in counted.findings.of_master if one["topic"] == Topic.OPERATION.value)
    master = counted.master
    return [master, ", ".join(checks), anchor("host", master), shown_row(master)] if checks else []


def _sentences(record: Record, now: datetime, more: int) -> Iterator[str]:
    if more:
        yield f"{more} more stand in its report."
    exposure = record["exposure"] or {}
    if exposure.get("open"):
        worst = f", the worst {exposure['worst']}" if exposure["worst"] is not None else ""
        yield f"Known vulnerabilities open: {exposure['open']}{worst}."
    ends = ends_at(record)
    if ends:
        yield f"Its soonest certificate {'ran' if ends <= now else 'runs'} out on {ends:%Y-%m-%d}."
    if record["followed"] is not None:
        yield (
            "It shares a certificate with its master."
            if record["followed"]
            else "It shares no certificate with its master: it has not followed."
        )
    if record["missing"]:
        yield f"Not collected: {', '.join(record['missing'])}."
    if record["pairing"] and not (is_master(record) and record["master_target"] is None):
        yield f"Its master's bundle: {record['pairing']}."
    if any("\\" in path or printable(path) != path for path in (record["target"], record["master_target"] or "")):
        yield "Characters of a path stand here as escapes: the command does not run as it is."
