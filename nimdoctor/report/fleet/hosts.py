"""Which bundle speaks for a host: the newest, where several are of the same one."""

import hashlib
import re
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from nimdoctor.model import Severity, Topic

Record = Mapping[str, Any]
"""An object nimdoctor.fleet/1."""
Key = Tuple[str, str]
"""A host by its name and that of its master, in small letters; one of no name by its bundle's path."""

_VERDICTS = {"problems": 2, "inconclusive": 1, "healthy": 0}
_RANKS: Dict[str, int] = {one.value: one.rank for one in Severity}
_PLAIN = re.compile(r"[A-Za-z0-9-]{1,40}")


class Older(NamedTuple):
    """A bundle that counts nowhere, since a newer one of its host, or a graver one of the same time, is there.

    `graver` says that it was worse than the one which counts: mended since, or of another host of that name.
    """

    host: str
    target: str
    verdict: str
    counts: str
    graver: bool


class Fleet(NamedTuple):
    """What a first look at all records tells.

    `counted` are the places, from 0, of the records that count; `first` and `last` are the times between which they were
    collected. `masters` are names of masters by the paths of their bundles: a client may call its own by a shorter one.
    """

    bundles: int
    counted: List[int]
    older: List[Older]
    first: Optional[datetime]
    last: Optional[datetime]
    masters: Dict[str, str]


class _Place(NamedTuple):
    """Of two, the greater counts."""

    collected: str
    gravity: Tuple[int, int]
    target: str
    host: str
    number: int


def newest(records: Iterable[Record]) -> Fleet:
    """One record a host. Of those collected at one time, or at no known one, the gravest counts, so that nothing is hidden."""
    kept: Dict[Key, _Place] = {}
    older: List[Tuple[Key, _Place]] = []
    masters: Dict[str, str] = {}
    bundles = 0
    for number, record in enumerate(records):
        bundles += 1
        if is_master(record) and record["host"]:
            masters[record["target"]] = record["host"]
        host, place = (
            key(record),
            _Place(record["collected"] or "", _gravity(record), record["target"], record["host"] or "", number),
        )
        old, kept[host] = sorted((kept.get(host, place), place))
        if old.target != kept[host].target:
            older.append((host, old))
    times = [when for place in kept.values() for when in [moment(place.collected)] if when]
    return Fleet(
        bundles,
        sorted(place.number for place in kept.values()),
        sorted(_beside(old, kept[host]) for host, old in older),
        min(times, default=None),
        max(times, default=None),
        masters,
    )


def _beside(old: _Place, kept: _Place) -> Older:
    verdict = next((name for name, rank in _VERDICTS.items() if rank == old.gravity[0]), "")
    return Older(old.host, old.target, verdict, kept.target, old.gravity > kept.gravity)


def is_master(record: Record) -> bool:
    """Whether the host is one, whatever it is besides."""
    return "master" in (record["role"] or "").split(",")


def _gravity(record: Record) -> Tuple[int, int]:
    found = [rank(one["severity"]) for one in record["findings"] if one["topic"] == Topic.OPERATION.value]
    return _VERDICTS.get(record["verdict"], 1), max(found, default=-1)


def rank(severity: str) -> int:
    """0 for info up to 4 for critical, -1 for what is none."""
    return _RANKS.get(severity, -1)


def key(record: Record) -> Key:
    """Two hosts of one name are two where their masters have different names."""
    if not record["host"]:
        return "", record["target"]
    return record["host"].casefold(), (record["master"] or "").casefold()


def moment(written: Optional[str]) -> Optional[datetime]:
    """A time as records have it, `2026-11-30T12:00:00Z`; None for anything else."""
    if not written or not written.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(written[:-1]).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def anchor(prefix: str, *names: str) -> str:
    """An id for what has these names, the same on every page: readable where it can be.

    >>> anchor("check", "tftp-disabled"), anchor("host", "lpar7", "nim1")
    ('check-tftp-disabled', 'host-d9d2d187de55')
    """
    if len(names) == 1 and _PLAIN.fullmatch(names[0]):
        return f"{prefix}-{names[0]}"
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{prefix}-{digest[:12]}"
