"""The list of hosts, as JSON within the page.

A browser that lays out ten thousand rows takes many seconds, so the page's script makes those that somebody asks for.
"""

import json
from datetime import datetime
from heapq import nsmallest
from typing import Dict, Iterable, Iterator, List, NamedTuple, Sequence, Set, Tuple

from nimdoctor.report.fleet import entry
from nimdoctor.report.fleet.hosts import Record, rank
from nimdoctor.report.fleet.masters import Family, shown_row
from nimdoctor.report.fleet.shares import HEALTHY, INCONCLUSIVE, PROBLEMS
from nimdoctor.report.fleet.tally import Counted, Selection
from nimdoctor.report.fleet.texts import Texts
from nimdoctor.report.text_report import printable

LISTED = 50_000
"""Hosts that are listed; of more it is the gravest."""
_VERDICTS = {PROBLEMS: 0, INCONCLUSIVE: 1, HEALTHY: 2}


class Row(NamedTuple):
    """One host: `head` and `body` are JSON, `line` is what stands for the row where no script runs."""

    gravity: Tuple[int, int]
    name: str
    id: str
    marks: Tuple[str, ...]
    head: str
    body: str
    line: str


class Rows:
    """Filled by `add`, and after the last host by `add_masters`; then they are in order, the gravest first."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._texts = Texts()
        self._shown: Dict[str, str] = {}
        self.rows: List[Row] = []
        self.left_out = 0

    def add(self, record: Record, counted: Counted) -> None:
        """One host's."""
        head = entry.head(record, counted)
        _, verdict, severity, *_ = head
        self.rows.append(
            Row(
                (_VERDICTS[verdict], -rank(severity)),
                *counted.host[:2],
                counted.marks,
                _json(self._texts.numbers(head)),
                _json(entry.body(record, counted, self._now, self._texts)),
                ", ".join(filter(None, [*head, record["target"]])),
            )
        )
        if len(self.rows) >= 2 * LISTED:
            self._cut()

    def add_masters(self, families: Iterable[Family], marks: Dict[str, Set[str]]) -> None:
        """What only clients show of their masters: added to the master's row, or as a row where it has none."""
        more: Dict[str, Tuple[str, ...]] = {}
        for family in families:
            if not family.unseen:
                continue
            findings = []
            for one in family.unseen[: entry.TOLD]:
                clients = family.shown.clients[one["check"]]
                seen = f"as its client{'' if clients == 1 else 's'} show{'s' if clients == 1 else ''} it ({clients:,})"
                findings.append(entry.finding(one, self._texts, seen))
            found = tuple(sorted(marks[family.id]))
            if family.own_row:
                self._shown[family.own_row], more[family.own_row] = _json(findings), found
                continue
            worst, checks = family.unseen[0]["severity"], ", ".join(one["check"] for one in family.unseen)
            head = ["a master, as its clients show it", PROBLEMS, worst, checks, "no bundle of its own"]
            id = shown_row(family.name)
            self._shown[id] = _json(findings)
            numbers, line = _json(self._texts.numbers(head)), ", ".join(head)
            row = Row((0, -rank(worst)), family.name, id, found, numbers, "[[],[],[],[],0]", line)
            self.rows.append(row)
        self.rows = [one._replace(marks=one.marks + more.get(one.id, ())) for one in self.rows]
        self._cut()
        self.rows.sort(key=_order)

    def data(self, selections: Sequence[Selection]) -> Iterator[str]:
        """All of it as one JSON object, in pieces, without any character that HTML might take for its own.

        `rows` are lists: name, id, numbers of marks, the head, the body, what clients show; `selections` have words and the
        numbers of the marks that a row needs, by their id.
        """
        chosen = {one.id: [printable(one.words), self._texts.numbers(one.of)] for one in selections}
        yield f'{{"selections":{_json(chosen)},"rows":[\n'
        for number, row in enumerate(self.rows):
            marks, shown = _json(self._texts.numbers(row.marks)), self._shown.get(row.id, "[]")
            name = _json([printable(row.name), row.id])[1:-1]
            yield f"{',' if number else ''}[{name},{marks},{row.head},{row.body},{shown}]\n"
        yield f'],"texts":{_json(list(self._texts))}}}'

    def _cut(self) -> None:
        kept = nsmallest(LISTED, self.rows, key=_order) if len(self.rows) > LISTED else self.rows
        self.left_out += len(self.rows) - len(kept)
        self.rows = kept


def _order(row: Row) -> Tuple[Tuple[int, int], str, str]:
    return row.gravity, row.name, row.id


def _json(value: object) -> str:
    written = json.dumps(value, separators=(",", ":"))
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
