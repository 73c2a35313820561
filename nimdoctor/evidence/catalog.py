"""The one list of every file and command that is read, with the role and the facts it feeds.

A live scan, `collect`, recorded evidence and loose files all go through it: nothing else names
what is read from a host. The rows stand on the facts (`nimdoctor.model.fact`) and are collected from there.
"""

from typing import Dict, Iterable, Iterator, List, Optional, Tuple

from nimdoctor.evidence.collected_rows import COLLECTED
from nimdoctor.model.own_files import IGNORE_FILE, LEVELS_FILE, REHEARSAL, RUN_JOURNALS, STATE_DIRECTORY
from nimdoctor.model.rows import (
    CLIENT,
    EVERY,
    MASTER,
    NAME_LIMIT,
    Kind,
    Row,
    file_name,
    path_matches,
    strip_directory,
)

__all__ = [
    "CLIENT", "EVERY", "IGNORE_FILE", "LEVELS_FILE", "MASTER", "NAME_LIMIT", "REHEARSAL", "ROWS", "RUN_JOURNALS",
    "STATE_DIRECTORY", "Catalog", "Kind", "Row", "file_name", "path_matches", "strip_directory",
]  # fmt: skip

ROWS: Tuple[Row, ...] = (Row(IGNORE_FILE, Kind.FILE), *COLLECTED)
"""Those of nimdoctor's facts, and what no fact is made of."""


class Catalog:
    """The rows, with whatever a third party added.

    `Catalog().rows_for("InetdConf")` gives the rows that feed a fact, best first.
    """

    def __init__(self, extra: Iterable[Row] = ()) -> None:
        self.rows = ROWS + tuple(extra)
        self._by_name: Dict[str, List[Row]] = {}
        self._by_label: Dict[str, Row] = {}
        self._by_fact: Dict[str, List[Row]] = {}
        self._by_program: Dict[str, List[Row]] = {}
        for row in self.rows:
            self._by_name.setdefault(row.name, []).append(row)
            self._by_label.setdefault(row.label, row)
            for program in {line.split()[0] for line in (row.name, *row.variants)} if row.kind is Kind.COMMAND else ():
                self._by_program.setdefault(program, []).append(row)
            for fact in row.facts:
                self._by_fact.setdefault(fact, []).append(row)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __contains__(self, row: object) -> bool:
        return isinstance(row, Row) and row in self._by_name.get(row.name, ())

    def rows_for(self, fact: str) -> List[Row]:
        """Rows that feed the fact of that class name, best first; empty for an unknown one."""
        return self._by_fact.get(fact, [])

    def named(self, name: str) -> Optional[Row]:
        """The row of that label; else the one that such a path or command line belongs to."""
        return self.row(name) or (self.file(name) if name.startswith("/") else self.command(name))

    def command(self, recorded: str) -> Optional[Row]:
        """The row that a recorded command line belongs to: the most specific one that serves."""
        best, row_found = 0, None
        name = file_name(strip_directory(recorded))
        first, _, rest = name.partition("_")
        # c_rsh has the sign in its own name that stands for a blank in a file's
        for program in (first, f"{first}_{rest.partition('_')[0]}"):
            for row in self._by_program.get(program, ()):
                length = row.matched_length(name)
                if length > best:
                    best, row_found = length, row
        return row_found

    def row(self, name: str) -> Optional[Row]:
        """The row of that name, as `missing` has it."""
        return self._by_label.get(name)

    def file(self, path: str) -> Optional[Row]:
        """The row that a file path belongs to."""
        for row in self.rows:
            if row.kind is Kind.FILE and path_matches(row.name, path):
                return row
        return None
