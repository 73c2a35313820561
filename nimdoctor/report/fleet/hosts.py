"""Which bundle speaks for a host: the newest, where several are of the same one."""

import hashlib
import re
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

Record = Mapping[str, Any]
"""An object nimdoctor.fleet/1."""
Key = Tuple[str, str]
"""A host by its name and that of its master, in small letters; one of no name by its bundle's path."""

_PLAIN = re.compile(r"[A-Za-z0-9-]{1,40}")


class Older(NamedTuple):
    """A bundle that counts nowhere, since a newer one of its host is there."""

    host: str
    target: str
    newer: str


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
    collected: str
    target: str
    number: int


def newest(records: Iterable[Record]) -> Fleet:
    """One record a host. Of two that were collected at the same time it is the one whose path comes last."""
    kept: Dict[Key, _Place] = {}
    older: List[Tuple[Key, str, str]] = []
    masters: Dict[str, str] = {}
    bundles = 0
    for number, record in enumerate(records):
        bundles += 1
        if is_master(record) and record["host"]:
            masters[record["target"]] = record["host"]
        host, place = key(record), _Place(record["collected"] or "", record["target"], number)
        old, kept[host] = sorted((kept.get(host, place), place))
        if old.target != kept[host].target:
            older.append((host, record["host"], old.target))
    times = [when for place in kept.values() for when in [moment(place.collected)] if when]
    return Fleet(
        bundles,
        sorted(place.number for place in kept.values()),
        sorted(Older(name, target, kept[host].target) for host, name, target in older),
        min(times, default=None),
        max(times, default=None),
        masters,
    )


def is_master(record: Record) -> bool:
    """Whether the host is one, whatever it is besides."""
    return "master" in (record["role"] or "").split(",")


def key(record: Record) -> Key:
    """Two hosts of one name are two where their masters have different names."""
    if not record["host"]:
        return "", record["target"]
    return record["host"].casefold(), (record["master"] or "").casefold()


def moment(written: Optional[str]) -> Optional[datetime]:
    """A time as records have it, `2026-11-30T12:00:00Z`; None for anything else."""
    try:
        return datetime.strptime(written or "", "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
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
