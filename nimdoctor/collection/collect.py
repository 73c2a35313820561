"""A host's evidence, read by the catalog that a scan reads by, as an evidence directory.

What leaves here is raw but for private keys: names and addresses stay, see `nimdoctor.redaction`.
"""

import errno
import os
import shutil
import stat
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Tuple

from nimdoctor import __version__
from nimdoctor.collection.newest import newest
from nimdoctor.collection.record import Record
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.evidence.manifest import stays_inside
from nimdoctor.evidence.source import Evidence, LiveEvidence
from nimdoctor.evidence.tree import DirectoryTree
from nimdoctor.evidence.unread import without_words
from nimdoctor.facts import NimInfo, Rhosts
from nimdoctor.facts.judging_time import JudgingTime
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.text import BadEvidence, Text

if TYPE_CHECKING:
    from nimdoctor.system.command import CommandResult

TRUST = "/.rhosts"
"""Of this file only the lines that name the master are collected: the others are about other hosts."""


class Collection(DirectoryTree):
    """The evidence directory that was made. `not_collected` has the reason by catalog name, `collected` is when it was
    made, in seconds since 1970 by the host's own clock where it told. `close` removes the directory.
    """

    def __init__(self, place: str, host: Optional[str], collected: int, not_collected: Dict[str, str]) -> None:
        super().__init__(place)
        self.host = host
        self.collected = collected
        self.not_collected = not_collected

    def close(self) -> None:
        """Nothing of it is left on disk."""
        shutil.rmtree(self.path, ignore_errors=True)


def collect(evidence: Evidence, catalog: Catalog, place: str) -> Collection:
    """Reads all that the catalog has for the host's roles into `place`, an empty directory that nobody else may read.

    `evidence` is of a live host, or loose files, of which each text that a scan reads is taken. Raises OSError when the directory cannot be filled; then nothing of it is left.
    """
    if stat.S_IMODE(os.stat(place).st_mode) & 0o077 or os.listdir(place):
        raise OSError(errno.EPERM, "not an empty directory of mode 0700", place)
    try:
        return _Collector(Host(evidence, catalog), Record(place)).collect()
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def rows_of(catalog: Iterable[Row], roles: Tuple[str, ...]) -> List[Row]:
    """The rows that are read of a live host with these roles; of one whose role is not known all of them."""
    return [row for row in catalog if row.live and row.kind is not Kind.REHEARSAL and _plays(row, roles)]


def path_rows_of(rows: Iterable[Row]) -> List[Row]:
    """Rows for the state of all that the others read, so that what is not there is known to be absent."""
    found: Dict[str, Row] = {}
    for row in rows:
        if row.kind is not Kind.COMMAND:
            # a directory that was not there explains why none of its files was collected
            name = row.name.partition("/*/")[0] + "/*" if "/*/" in row.name else row.name
            found.setdefault(name, Row(name, Kind.PATHS, ("Paths",), row.roles))
    return list(found.values())


def _plays(row: Row, roles: Tuple[str, ...]) -> bool:
    return not roles or bool(row.roles & set(roles))


class _Collector:
    """Reads one host into one record."""

    def __init__(self, host: Host, record: Record) -> None:
        self.host = host
        self.evidence = host.evidence
        self.record = record

    def collect(self) -> Collection:
        live = self.evidence
        if not live.live:
            return self._collect_loose()
        # what only the filesets tell is not said by the host itself: of such a one everything is taken
        info = self.host.optional(NimInfo)
        role_known = bool(live.roles or (info and info.roles))
        rows = rows_of(self.host.catalog, self.host.roles if role_known else ())
        for row in rows:
            if row.kind is Kind.FILE:
                for text in self.evidence.texts(row, {}):
                    self._file(row, text)
            elif row.kind is Kind.COMMAND:
                self._command(live, row)
        paths = self.evidence.paths(path_rows_of(rows))
        self.record.paths.update(paths.states)
        self.record.complete = [pattern for pattern in paths.complete if pattern.endswith("*")]
        collected = self._time_of_judging()
        return self._finished(self.host.name, self.host.role if role_known else None, collected, collected)

    def _collect_loose(self) -> Collection:
        """What a heap of files holds is told by the pieces again: neither host, nor role, but where two hosts were parted, nor
        when they were made.
        """
        for row in self.host.catalog:
            for text in self.evidence.texts(row, {}):
                try:
                    self.record.piece(row, text)
                except BadEvidence as error:
                    self.record.not_collected[row.label] = str(error)
        role = ",".join(self.evidence.roles) or None
        return self._finished(self.evidence.host, role, None, self._time_of_judging())

    def _finished(
        self, host: Optional[str], role: Optional[str], stated_time: Optional[int], collected: int
    ) -> Collection:
        self.record.not_collected.update(
            (name, reason) for name, reason in self.evidence.problems.items() if name not in self.record.timed_out
        )
        self.record.finish(
            host=host,
            role=role,
            system=self.evidence.system,
            collected=stated_time,
            collector=f"nimdoctor {__version__}",
            thorough=self.evidence.thorough,
            remarks=[without_words(remark) for remark in self.evidence.remarks],
        )
        not_collected = {**self.record.not_collected, **self.record.timed_out}
        return Collection(self.record.place, self.host.name, collected, not_collected)

    def _time_of_judging(self) -> int:
        return self.host.fact(JudgingTime).utc

    # -- files

    def _file(self, row: Row, text: Text) -> None:
        path = text.name
        name = "files" + path
        if not (stays_inside(name) and path.isascii() and path.isprintable()):
            # an archive with such a name in it would be refused whole
            self.record.not_collected[ascii(path)[1:-1]] = "its name cannot stand in an archive"
            return
        try:
            if row.streamed:
                with text.open() as stream:
                    part = newest(stream)
                self.record.file(path, without_private_keys(part.content))
                left_out = text.left_out + part.bytes_left_out
                if left_out:
                    first_line = text.first_line + part.first_line - 1
                    self.record.files[path] = {"first_line": first_line, "bytes_left_out": left_out}
            elif path == TRUST:
                self._lines_that_name_the_master(text)
            else:
                self.record.file(path, text.raw())
        except BadEvidence as error:
            self.record.not_collected[path] = str(error)
        except OSError as error:
            if self.record.failed:
                raise
            self.record.not_collected[path] = f"cannot be read: {error.strerror or error}"

    def _lines_that_name_the_master(self, text: Text) -> None:
        info = self.host.optional(NimInfo)
        masters = info.master_names() if info else ()
        if not masters:
            self.record.not_collected[TRUST] = "which lines name the master is not known, so none is taken"
            return
        naming_master = {row.at.line for row in Rhosts.parse(text).naming(masters)}
        lines = list(text.lines())
        left_out = sum(1 for number, line in lines if line.strip() and number not in naming_master)
        shown = "".join((line if number in naming_master else "") + "\n" for number, line in lines)
        self.record.file(TRUST, shown.encode("utf-8", "surrogateescape"))
        if left_out:
            self.record.files[TRUST] = {"lines_left_out": left_out}

    # -- commands

    def _command(self, live: LiveEvidence, row: Row) -> None:
        names = self.host.placeholders(row)
        if row.when_known and row.argv(names) is None:
            return
        typed, result = live.command_result(row, names)
        if result is not None:
            self._result(row, typed, result)

    def _result(self, row: Row, typed: str, result: "CommandResult") -> None:
        if result.timed_out:
            self.record.hung(typed, row.label, self.evidence.problems.get(row.label, "hung"))
            return
        self.record.command(
            typed,
            without_private_keys(result.stdout),
            result.status,
            without_private_keys(result.stderr),
        )
