"""Where the records of a fleet go: JSON lines, a table of Parquet, a page."""

import contextlib
import json
import os
import tempfile
from datetime import datetime, timezone
from typing import Any, Callable, ContextManager, Dict, Iterator, List, Mapping

from nimdoctor.library.errors import UsageError
from nimdoctor.system.atomic import append_whole, begun, whole

Record = Mapping[str, Any]
Add = Callable[[Record], None]

ROWS = 1000
"""Records of one row group."""


def line(record: Record) -> str:
    """A record as a line of JSON, of ASCII."""
    return json.dumps(record, separators=(",", ":")) + "\n"


def written_to(path: str) -> ContextManager[Add]:
    """What adds records to that file, whose format its name says. Raises UsageError for another, where it is entered OSError.

    JSON lines are there while they come: the file takes the place of an earlier one with its first record, and holds whole
    lines. The others appear when the block ends, and not where that is by an error.
    """
    formats = {".jsonl": _json_lines, ".parquet": _parquet, ".html": _page}
    for ending, opened in formats.items():
        if path.endswith(ending):
            return opened(path)
    raise UsageError(f"--output {path}: its name has to end in {', '.join(formats)}")


@contextlib.contextmanager
def _json_lines(path: str) -> Iterator[Add]:
    with begun(path) as (stream, appear):
        end = 0

        def add(record: Record) -> None:
            nonlocal end
            if not end:
                appear()
            end = append_whole(stream.fileno(), end, line(record).encode("ascii"))

        yield add
        os.fsync(stream.fileno())
        if not end:
            appear()


@contextlib.contextmanager
def _parquet(path: str) -> Iterator[Add]:
    import pyarrow  # type: ignore[import-untyped, unused-ignore]
    from pyarrow import parquet  # type: ignore[import-untyped, unused-ignore]

    schema = _table(pyarrow)
    rows: List[Dict[str, Any]] = []
    with whole(path) as stream, parquet.ParquetWriter(stream, schema) as writer:

        def write() -> None:
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))
            rows.clear()

        def add(record: Record) -> None:
            rows.append(_row(record))
            if len(rows) >= ROWS:
                write()

        yield add
        write()


def _row(record: Record) -> Dict[str, Any]:
    """A record as a row: what it has one of stands in columns of its own."""
    exposure, failure = record["exposure"] or {}, record["failure"] or {}
    return {
        **record,
        "exposure_open": exposure.get("open"),
        "exposure_worst": exposure.get("worst"),
        "failure_kind": failure.get("kind"),
        "failure_message": failure.get("message"),
    }


def _table(pa: Any) -> Any:
    """The columns, in the order of a record's fields."""
    text, number = pa.string(), pa.int64()
    finding = {
        **dict.fromkeys(("check", "severity", "confidence", "topic", "where", "host", "message", "fix"), text),
        "objects": pa.list_(text),
        "object_count": number,
    }
    undecided = dict.fromkeys(("check", "severity", "message"), text)
    head = ("schema", "version", "target", "host", "role", "level", "generation", "collected")
    return pa.schema(
        {
            **dict.fromkeys((*head, "master", "master_target", "pairing", "verdict"), text),
            "exit_status": number,
            "exposure_open": number,
            "exposure_worst": pa.float64(),
            "findings": pa.list_(pa.struct(finding)),
            "undecided": pa.list_(pa.struct(undecided)),
            "certificate_days": pa.float64(),
            "certificate_not_after": text,
            "followed": pa.bool_(),
            "missing": pa.list_(text),
            "failure_kind": text,
            "failure_message": text,
        }
    )


@contextlib.contextmanager
def _page(path: str) -> Iterator[Add]:
    from nimdoctor.report.fleet.overview import overview

    place = os.path.dirname(os.path.abspath(path))
    with whole(path) as stream, tempfile.TemporaryFile("w+", encoding="ascii", dir=place) as records:

        def read() -> Iterator[Record]:
            records.seek(0)
            return map(json.loads, records)

        def add(record: Record) -> None:
            records.write(line(record))

        yield add
        for piece in overview(read, datetime.now(timezone.utc)):
            stream.write(piece.encode("utf-8", "backslashreplace"))
