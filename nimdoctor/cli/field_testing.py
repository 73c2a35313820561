"""What `nimdoctor field-test` does: a host is read, each text is told of, and the shapes leave as an archive."""

import time
from typing import Iterator, Optional

from nimdoctor.cli.collecting import check_output
from nimdoctor.cli.output import UsageError, say, width, write
from nimdoctor.cli.waiting import Waiting
from nimdoctor.collection.archive import archive_name, write_archive
from nimdoctor.collection.field_test import FieldTest, Tried, field_test
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence import open_target
from nimdoctor.evidence.source import AIX, TargetError, not_aix
from nimdoctor.library.bundle import BundleTree
from nimdoctor.library.interruption import end_like_ctrl_c
from nimdoctor.library.registry import Registry
from nimdoctor.model.wording import count, visible

UNKNOWN = 3
"""Exit status where a text has a shape that is not known."""
SLOW = 2.0
"""Seconds after which a command is told of as slow."""
_LINES_SHOWN = 5
_KIND = "field-test"


def tried(target: str, output: Optional[str], timeout: float) -> int:
    """Writes what was found and the archive; gives the exit status. Raises UsageError."""
    if output is not None:
        check_output(output)
    restore = end_like_ctrl_c()
    try:
        found = _read(target, timeout)
        path = output or archive_name("nimdoctor", int(time.time()), kind=_KIND)
        try:
            write_archive(BundleTree({}, found.documents()), path, int(time.time()))
        except OSError as error:
            raise UsageError(f"{visible(path)} cannot be written: {error.strerror or error}") from error
    finally:
        restore()
    write("\n".join(visible(line) for line in told(found, width())) + "\n", None)
    say(f"{visible(path)} holds the shapes alone, no name of the site: read it, then send it (docs/field-test.md)")
    return 0 if found.known else UNKNOWN


def _read(target: str, timeout: float) -> FieldTest:
    waiting = Waiting()
    evidence = None
    try:
        catalog = Registry().catalog
        evidence = open_target(target, timeout=timeout, progress=waiting, catalog=catalog)
        if not evidence.live:
            raise UsageError(f"{visible(target)} is recorded evidence: field-test reads a host")
        if evidence.system not in (None, AIX):
            raise UsageError(f"{not_aix('this host', str(evidence.system))}; root:DIR tries the shapes of a tree")
        return field_test(Host(evidence, catalog))
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    finally:
        waiting.close()
        if evidence:
            evidence.close()


def told(found: FieldTest, wide: int) -> Iterator[str]:
    """What was found, in lines: what is strange with its lines, what was slow, what was not there, and the count."""
    there = [one for one in found.tried if one.text is not None]
    strange = [one for one in there if not one.known]
    yield f"{found.role}, {found.level or 'level not known'}: {count(len(there), 'text')} read"
    for one in strange:
        yield ""
        yield _cut(f"{one.label}: {one.verdict()}", 4 * wide)
        if one.source != one.label:
            yield f"    ({one.source})"
        yield from _lines_of(one, wide)
    believed = [one for one in there if one.believed]
    yield from _listed(
        "shapes that were only believed stand here:",
        (f"{one.label}: {count(len(one.believed), 'line')}" for one in believed),
    )
    slow = [one for one in found.tried if one.seconds >= SLOW]
    yield from _listed("took long:", (f"{one.label}  {one.seconds:.1f} s" for one in slow))
    none = [one for one in found.tried if one.text is None]
    yield from _listed("not there, or could not be read:", (f"{one.label}: {one.verdict()}" for one in none))
    yield ""
    if found.known:
        yield f"All {len(there)} have shapes that are known."
    else:
        yield f"{len(there) - len(strange)} have shapes that are known, {len(strange)} not."


def _lines_of(one: Tried, wide: int) -> Iterator[str]:
    for line in one.strange[:_LINES_SHOWN]:
        yield _cut(f"    line {line.number}, {line.state.value}: {line.shape.strip()}", wide)
    more = len(one.strange) - _LINES_SHOWN
    if more > 0:
        yield f"    and {count(more, 'more line')}, see the archive"


def _listed(head: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield head
        yield from (f"    {line}" for line in found)


def _cut(line: str, wide: int) -> str:
    return line if len(line) <= wide else f"{line[: wide - 4]} ..."
