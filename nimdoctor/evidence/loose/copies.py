"""Which of the pieces of one host count: older copies are left aside, of a command typed again the last, logs by time."""

import functools
import re
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import Kind
from nimdoctor.evidence.loose.pieces import Piece
from nimdoctor.evidence.recognition import NIMSH_LOG, SAMPLE
from nimdoctor.model.text import Extent, decode

COPY_LIMIT = 200
"""Files that are compared with each other, to tell older copies."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_OLDER_COPY = re.compile(r"(?:[._-](?:old|bak|orig|save|sav|prev|\d{6,8})|~)$", re.IGNORECASE)


def older_copies(found: List[Piece]) -> Dict[int, str]:
    """Of which file a piece, by its index, is an older copy: `inetd.conf.bak` beside inetd.conf, a log that another goes on."""
    files = [piece for piece in found if piece.row.kind is Kind.FILE and piece.extent is Extent.WHOLE][:COPY_LIMIT]
    starts = {id(piece): _start(piece) for piece in files if piece.row.name == NIMSH_LOG}
    left: Dict[int, str] = {}
    for piece in files:
        for other in files:
            if other is not piece and id(other) not in left and _is_older_copy(piece, other, starts):
                left[id(piece)] = other.file
                break
    return {index: left[id(piece)] for index, piece in enumerate(found) if id(piece) in left}


def latest(found: Sequence[Piece]) -> List[Piece]:
    """Of one command typed several times in one transcript the last counts.

    A later one with nothing but prose under it does not replace one whose output was recognised.
    """
    best: Dict[Tuple[str, str, str], Piece] = {}
    for piece in found:
        key = (piece.file, piece.name, piece.host)
        if piece.command and (key not in best or piece.sure or not best[key].sure):
            best[key] = piece
    return [piece for piece in found if not piece.command or best[(piece.file, piece.name, piece.host)] is piece]


def log_order(chosen: List[Piece]) -> Callable[[Piece], Tuple[object, ...]]:
    """By the first stamp of each where all have one, else by the names that rotation gives."""
    stamps = {id(piece): _first_stamp(piece) for piece in chosen}
    if all(stamps.values()):
        return lambda piece: (stamps[id(piece)], _age_by_name(piece.file), piece.first_line)
    return lambda piece: (_age_by_name(piece.file), piece.first_line)


def _is_older_copy(piece: Piece, other: Piece, starts: Mapping[int, bytes]) -> bool:
    if piece.row != other.row or piece.file == other.file or piece.row.name.endswith("*"):
        return False
    if piece.row.name == NIMSH_LOG:
        # the same log attached at two times: one begins with all of the other
        short, long = starts[id(piece)], starts[id(other)]
        whole_lines = short.endswith(b"\n") or long[len(short) :].startswith((b"\n", b"\r"))
        return 0 < len(short) < min(len(long), SAMPLE) and long.startswith(short) and whole_lines
    known = piece.row.name.rsplit("/", 1)[1]
    directory = piece.file.rpartition("/")[0] == other.file.rpartition("/")[0]
    exact = other.file.rpartition("/")[2] == known
    return directory and exact and bool(_OLDER_COPY.search(piece.file))


def _start(piece: Piece) -> bytes:
    try:
        with piece.opener() as stream:
            return stream.read(SAMPLE)
    except OSError:
        return b""


def _first_stamp(piece: Piece) -> Optional[Tuple[int, ...]]:
    try:
        with piece.opener() as stream:
            head = decode(stream.read(SAMPLE))
    except OSError:
        return None
    match = _stamp_pattern().search(head)
    if not match:
        return None
    month, day, hour, minute, second, year = match.groups()
    return (int(year), _MONTHS.index(month), int(day), int(hour), int(minute), int(second))


@functools.cache
def _stamp_pattern() -> "re.Pattern[str]":
    months = "|".join(_MONTHS)
    return re.compile(
        rf"(?m)^[\[ \t]*[A-Z]\w\w +({months}) +(\d{{1,2}}) (\d\d):(\d\d):(\d\d)(?: [A-Z]{{3,6}})? (\d{{4}})"
    )


def _age_by_name(file: str) -> int:
    """Sorts .2 before .1 before .old before the log in use."""
    numbered = re.search(r"\.(\d{1,4})(?:\.txt)?$", file)
    if numbered:
        return -int(numbered.group(1)) - 1
    return -1 if re.search(r"(?i)[._-](?:old|prev|bak)\b", file) else 0
