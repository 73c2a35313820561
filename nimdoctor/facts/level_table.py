"""Tables of levels, `data/*.json`: what a row may hold, and that it does.

A data file says of itself which columns its rows have, of what kind, and which of them tell one row from another;
every row names its source and how sure that is. docs/levels.md explains it to whoever adds rows.
"""

import json
import pkgutil
import re
from functools import cache
from typing import Any, Callable, Dict, Iterable, Mapping, NamedTuple, Optional, Tuple

from nimdoctor.facts.level import Level, LevelRange
from nimdoctor.model.text import Quote, first_words

TABLES = ("generations", "nim_affected", "nim_cves", "nimclient_members", "openssl_support")
TEXT_LIMIT = 200
"""Characters of one value."""


def _shape(expression: str) -> Callable[[str], object]:
    # compiled when a site's row is looked at, which few hosts have
    return lambda value: re.fullmatch(expression, value, re.ASCII)


_KINDS: Dict[str, Tuple[Callable[[str], object], str]] = {
    "apar": (_shape("I[A-Z][0-9]{5}"), "an APAR such as IJ53757"),
    "cve": (_shape("CVE-[0-9]{4}-[0-9]{4,7}"), "a CVE such as CVE-2024-56346"),
    "fileset": (_shape(r"[A-Za-z]\w{0,40}(?:\.[\w+-]{1,40}){1,6}"), "a fileset such as bos.sysmgt.nim.client"),
    "generation": (_shape("G[1-9]"), "G1 to G9"),
    "label": (_shape(r"\w{1,20}"), "the label of an interim fix"),
    "level": (Level.read, "a level such as 7.2.5.203"),
    "month": (_shape("20[0-9]{2}-(?:0[1-9]|1[0-2])"), "a month such as 2023-12"),
    "range": (LevelRange.read, "levels such as 7.2.5.0-7.2.5.203"),
    "release": (
        _shape(r"[5-9][0-9]{3}-[0-9]{2}(?:-[0-9]{2}){0,1}(?:-[0-9]{4}){0,1}|[1-9](?:\.[0-9]{1,3}){3}"),
        "a service pack such as 7200-05-10, or a level of VIOS such as 4.1.0.50",
    ),
    "score": (_shape(r"10\.0|[0-9]\.[0-9]"), "a score such as 9.6"),
    "sure": (_shape("[ABCM]"), "A, B, C or M"),
    "text": (_shape(r"[^\x00-\x1f\x7f]{1,200}"), "words, at most 200 characters"),
    "tl": (
        _shape(r"[5-9][0-9]{3}-[0-9]{2}|VIOS [1-9](?:\.[0-9]{1,3}){2}"),
        "a technology level such as 7200-05, or VIOS 4.1.0",
    ),
}


class BadRow(ValueError):
    """This is no row of that table; the message says why, in a few words."""


class Column(NamedTuple):
    """A column: `kind` is a key of the kinds above, `on` another column whose line the value must be of."""

    name: str
    kind: str
    needed: bool
    meaning: str
    on: str = ""


class LevelRow(NamedTuple):
    """One row. `at` is the line of the site's file it stands in, None for nimdoctor's own."""

    table: str
    values: Tuple[Tuple[str, str], ...]
    at: Optional[Quote] = None

    def get(self, column: str) -> Optional[str]:
        """The value as written; None where the row has none."""
        for name, value in self.values:
            if name == column:
                return value
        return None

    def text(self, column: str) -> str:
        """The value as written; empty where the row has none."""
        return self.get(column) or ""

    def level(self, column: str) -> Optional[Level]:
        """The value as a level, a service pack too; None where the row has none."""
        value = self.text(column)
        return Level.of_service_pack(value) or Level.read(value)

    def range(self, column: str) -> Optional[LevelRange]:
        """The value as a range of levels; None where the row has none."""
        return LevelRange.read(self.text(column))

    def number(self, column: str) -> Optional[float]:
        """The value as a number, a score; None where the row has none."""
        value = self.get(column)
        return None if value is None else float(value)

    @property
    def source(self) -> str:
        """Where the row is from; of a site's row with its line."""
        origin = self.text("source")
        return f"{self.at.source} line {self.at.line}: {origin}" if self.at else origin

    @property
    def sure(self) -> str:
        """A, B, C or M."""
        return self.text("sure")

    @property
    def of_site(self) -> bool:
        """Whether it is a site's and not nimdoctor's."""
        return self.at is not None


class LevelTable(NamedTuple):
    """A table with nimdoctor's own rows.

    `key` are the columns that tell its rows apart, `one_of` such that a row needs one of, and `floor` the column
    that no other row may put lower for the same values of `per`.
    """

    name: str
    note: str
    columns: Tuple[Column, ...]
    key: Tuple[str, ...]
    one_of: Tuple[str, ...]
    floor: str
    per: Tuple[str, ...]
    rows: Tuple[LevelRow, ...] = ()

    def own_row(self, given: Mapping[str, Any]) -> LevelRow:
        """A row of nimdoctor's own data, as it stands."""
        return LevelRow(self.name, tuple((name, str(given[name])) for name, *_ in self.columns if name in given))

    def row(self, given: Mapping[str, Any], at: Optional[Quote] = None) -> LevelRow:
        """A checked row of these values, None for none. Raises BadRow."""
        known = {column.name: column for column in self.columns}
        for name in given:
            if name not in known:
                raise BadRow(f"{self.name} has no column {first_words(name)} (it has {', '.join(known)})")
        values = {name: str(value).strip() for name, value in given.items() if value is not None}
        for name, value in values.items():
            is_kind, words = _KINDS[known[name].kind]
            if len(value) > TEXT_LIMIT or not is_kind(value):
                raise BadRow(f"{name} is {first_words(value)} and not {words}")
        for column in self.columns:
            if column.needed and column.name not in values:
                raise BadRow(f"it has no {column.name}")
            if column.on and column.name in values and not _is_on(values[column.name], values.get(column.on, "")):
                raise BadRow(f"{column.name} {values[column.name]} is not of {values.get(column.on)}")
        if self.one_of and not any(name in values for name in self.one_of):
            raise BadRow(f"it has none of {', '.join(self.one_of)}")
        return LevelRow(self.name, tuple((name, values[name]) for name in known if name in values), at)

    def objection(self, row: LevelRow, others: Iterable[LevelRow]) -> Optional[str]:
        """Why a row may not stand beside the others: one of them has its key, or puts its floor higher."""
        for other in others:
            if other.table == self.name and _same(row, other, self.key):
                return f"{_whose(other)} says it already"
        mine = row.level(self.floor) if self.floor else None
        for other in others:
            if mine and other.table == self.name and _same(row, other, self.per):
                theirs = other.level(self.floor)
                if theirs and mine < theirs:
                    return f"{_whose(other)} says {other.get(self.floor)} and the later level counts"
        return None


@cache
def table(name: str) -> LevelTable:
    """nimdoctor's own table of that name, read when first asked for.

    That its rows are what `read` lets pass is a test of the project's, and not looked at again in every scan.
    """
    given = data_of(name)
    empty = _empty(name, given)
    return empty._replace(rows=tuple(empty.own_row(one) for one in given["rows"]))


@cache
def data_of(name: str) -> Mapping[str, Any]:
    """What the data file of that name holds; read once."""
    raw = pkgutil.get_data("nimdoctor.facts", f"data/{name}.json")
    found: Dict[str, Any] = json.loads((raw or b"{}").decode("utf-8"))
    return found


def read(name: str, given: Mapping[str, Any]) -> LevelTable:
    """The checked table of a data file's content. Raises BadRow, KeyError or TypeError for what is none."""
    empty = _empty(name, given)
    rows: Tuple[LevelRow, ...] = ()
    for one in given["rows"]:
        row = empty.row(one)
        double = next((other for other in rows if _same(row, other, empty.key)), None)
        if double:
            raise BadRow(f"two rows of {name} have the key {[row.get(column) for column in empty.key]}")
        rows += (row,)
    return empty._replace(rows=rows)


def _empty(name: str, given: Mapping[str, Any]) -> LevelTable:
    columns = tuple(
        Column(column, column_of["kind"], bool(column_of.get("needed")), column_of["says"], column_of.get("on", ""))
        for column, column_of in given["columns"].items()
    )
    floor = given.get("floor") or {}
    return LevelTable(
        name,
        given["note"],
        columns,
        tuple(given["key"]),
        tuple(given.get("one_of", ())),
        floor.get("column", ""),
        tuple(floor.get("per", ())),
    )


def _is_on(value: str, line: str) -> bool:
    """Whether a release, or a level of AIX's filesets, is of that technology level.

    >>> _is_on("7200-05-10", "7200-05"), _is_on("4.1.0.50", "VIOS 4.1.0"), _is_on("7.2.5.203", "7200-05")
    (True, True, True)
    >>> _is_on("7200-05-10", "7200-04"), _is_on("4.1.1.30", "VIOS 4.1.0"), _is_on("7.2.4.0", "7200-05")
    (False, False, False)
    """
    if line.startswith("VIOS "):
        return value.startswith(line[len("VIOS ") :] + ".")
    level = Level.read(value.split("-")[0]) if "." in value else None
    return value.startswith(line) if level is None else level.on_line(release_line(line))


def release_line(technology_level: str) -> Level:
    """How the filesets of a technology level of AIX are numbered.

    >>> release_line("7200-05")
    Level('7.2.5')
    """
    version, _, number = technology_level.partition("-")
    return Level((int(version[0]), int(version[1]), int(number)))


def technology_level(vrmf: Level) -> str:
    """The technology level whose filesets are numbered so; empty where the level is not of that kind.

    >>> technology_level(Level.read("7.2.5.203")), technology_level(Level.read("1.0"))
    ('7200-05', '')
    """
    if len(vrmf.fields) < 3:
        return ""
    version, release, number = vrmf.fields[:3]
    return f"{version}{release}00-{number:02d}"


def _same(one: LevelRow, other: LevelRow, columns: Tuple[str, ...]) -> bool:
    return all(one.get(column) == other.get(column) for column in columns)


def _whose(row: LevelRow) -> str:
    return f"line {row.at.line}" if row.at else f"nimdoctor's own row ({row.text('source')})"
