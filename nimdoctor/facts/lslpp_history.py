"""`lslpp -h` and `lslpp -hc`: when which level of a fileset was installed."""

import re
from datetime import datetime
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.level import Level
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Coverage, Quote, Text, first_words, joined

_LEVEL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){3}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_][\w.+-]*", re.ASCII)
_DATE = re.compile(r"([0-9]{1,4})([/.-])([0-9]{1,2})\2([0-9]{1,4})", re.ASCII)
_TIME = re.compile(r"([0-9]{1,2})[:;.]([0-9]{2})(?:[:;.]([0-9]{2}))?", re.ASCII)
_FAILED = frozenset({"BROKEN", "FAILED", "FAILURE", "FAIL", "CANCEL", "CANCELED", "CANCELLED", "ERROR"})
_PUTS_BACK = frozenset({"REJECT", "DEINSTALL", "REMOVE"})


class HistoryRow(NamedTuple):
    """One action on a fileset. `when` is the host's local time without a zone, None where the date
    cannot be read for certain; `action` and `status` are as printed (they are translated).
    """

    fileset: str
    level: str
    action: str
    status: str
    when: Optional[datetime]
    root: str
    at: Quote

    @property
    def completed(self) -> bool:
        """Whether the action ended well; a status in a language not known counts as such."""
        return not any(word in _FAILED for word in re.split(r"\W+", self.status.upper()))

    def quote(self) -> Quote:
        """The row as printed."""
        return self.at


@fact(
    Row(
        "lslpp -hc openssl.base bos.sysmgt.nim.client bos.sysmgt.nim.master",
        Kind.COMMAND,
        variants=("lslpp -hc", "lslpp -ch", "lslpp -h"),
    ),
    reads_parts=True,
)
class FilesetHistory(NamedTuple):
    """Installation history, in the order printed; `coverage` is what was given of it.

    >>> history = FilesetHistory.parse(Text.of('''#Path:Fileset:Level:PTF Id:Action:Status:Date:Time
    ... /usr/lib/objrepos:openssl.base:1.0.2.1800::APPLY:COMPLETE:03/14/25:10;05;04
    ... /usr/lib/objrepos:openssl.base:1.0.2.1800::COMMIT:COMPLETE:04/02/25:08;00;11
    ... ''', "lslpp -hc openssl.base"))
    >>> history.installed_at("openssl.base").when
    datetime.datetime(2025, 3, 14, 10, 5, 4)
    """

    source: str
    rows: Tuple[HistoryRow, ...]
    coverage: Coverage = Coverage()

    @classmethod
    def parse(cls, text: Text) -> "FilesetHistory":
        """Raises BadEvidence for an empty text or one without a row."""
        quotes = [quote for quote in text.quotes() if quote.text.strip()]
        if not quotes:
            raise BadEvidence(f"{text.source} is empty")
        found = list(_rows(quotes))
        if not found:
            raise BadEvidence(f"{text.source} holds no installation history: {first_words(quotes[0].text)}")
        # one date with a 13th month shows a locale that puts the day first; then none of them is certain
        american = all(_is_american(date) for _, date, _ in found)
        rows = []
        for row, date, time in found:
            when = _when(date, time) if american else None
            rows.append(HistoryRow(row.fileset, row.level, row.action, row.status, when, row.root, row.at))
        return cls(text.source, tuple(rows), text.coverage)

    @classmethod
    def combine(cls, parts: Sequence["FilesetHistory"]) -> "FilesetHistory":
        """All rows, each once."""
        rows: List[HistoryRow] = []
        seen = set()
        for part in parts:
            for row in part.rows:
                key = (row.fileset, row.level, row.action, row.status, row.when, row.root)
                if key not in seen:
                    seen.add(key)
                    rows.append(row)
        return cls(parts[0].source, tuple(rows), joined(part.coverage for part in parts))

    def installed_at(self, fileset: str) -> Optional[HistoryRow]:
        """The row that tells when the files of the newest level were written.

        That is its newest apply, since a later commit writes nothing; its newest commit where it
        was committed at once; its oldest row where the words are of a language not known. A reject
        that came last put the former files back, at its own time, and is the row then. None also where not all rows
        of the fileset were given.
        """
        if not self.coverage.of(fileset):
            return None
        return _installed_last(row for row in self.rows if row.fileset == fileset)

    def newest(self, prefix: str) -> Optional[HistoryRow]:
        """The latest `installed_at` among the filesets whose names start so; None when there is none."""
        filesets: Dict[str, List[HistoryRow]] = {}
        for row in self.rows if self.coverage.of(prefix) else ():
            if row.fileset.startswith(prefix):
                filesets.setdefault(row.fileset, []).append(row)
        rows = [_installed_last(filesets[name]) for name in sorted(filesets)]
        return max(filter(None, rows), key=_order, default=None)

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


def _installed_last(rows: Iterable[HistoryRow]) -> Optional[HistoryRow]:
    """Of one fileset's rows the one that wrote the files of its newest level."""
    levels: Dict[str, List[HistoryRow]] = {}
    for row in rows:
        if row.completed:
            levels.setdefault(row.level, []).append(row)
    return max(map(_writer, levels.values()), key=_order, default=None)


def _writer(rows: List[HistoryRow]) -> HistoryRow:
    """Of one level's rows the one that wrote its files last."""
    known = [row for row in rows if row.action.upper() in _PUTS_BACK or row.action.upper() == "APPLY"]
    if known:
        return max(known, key=_order)
    if all(row.action.upper() == "COMMIT" for row in rows):
        return max(rows, key=_order)
    return min(rows, key=_order)


def _order(row: HistoryRow) -> Tuple[datetime, Level]:
    return row.when or datetime.min, Level.read(row.level) or Level(())


_Found = Tuple[HistoryRow, str, str]


def _rows(quotes: Sequence[Quote]) -> Iterator[_Found]:
    root = fileset = ""
    for quote in quotes:
        line = quote.text[:1000]
        fields = line.split(":")
        if len(fields) >= 7 and fields[0].strip().startswith("/"):
            found = _colon_row([field.strip() for field in fields], quote)
            if found:
                yield found
            continue
        path = re.fullmatch(r"\s*\w+\s*:\s*(/\S*objrepos)\s*", line)
        words = line.split()
        if path:
            root, fileset = path.group(1), ""
        elif len(words) == 1 and _NAME.fullmatch(words[0]) and not _LEVEL.fullmatch(words[0]):
            fileset = words[0]
        elif len(words) >= 5:
            if _NAME.fullmatch(words[0]) and _LEVEL.fullmatch(words[1]):
                fileset = words.pop(0)
            date, time = words[-2], words[-1]
            if fileset and len(words) >= 5 and _LEVEL.fullmatch(words[0]) and _DATE.fullmatch(date):
                status = " ".join(words[2:-2])
                yield HistoryRow(fileset, words[0], words[1], status, None, root, quote), date, time


def _colon_row(fields: List[str], quote: Quote) -> Optional[_Found]:
    # path, fileset, level, PTF, action, status, date, then the time, whose own colons lslpp prints as semicolons
    if not fields[1] or not _LEVEL.fullmatch(fields[2]):
        return None
    row = HistoryRow(fields[1], fields[2], fields[4], fields[5], None, fields[0], quote)
    return row, fields[6], ":".join(fields[7:]).rstrip(":")


def _is_american(date: str) -> bool:
    match = _DATE.fullmatch(date)
    return not match or (int(match.group(1)) <= 12 and len(match.group(4)) in (2, 4))


def _when(date: str, time: str) -> Optional[datetime]:
    """MM/DD/YY and HH:MM:SS; years 70 to 99 are of the last century."""
    day, clock = _DATE.fullmatch(date), _TIME.fullmatch(time)
    if not day or not clock:
        return None
    year = int(day.group(4))
    if len(day.group(4)) == 2:
        year += 1900 if year >= 70 else 2000
    hour, minute, second = (int(part or 0) for part in clock.groups())
    try:
        return datetime(year, int(day.group(1)), int(day.group(3)), hour, minute, second)
    except ValueError:
        return None
