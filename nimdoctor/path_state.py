"""The state of a path as evidence records it, shared by the sources of evidence and the facts."""

from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple


@dataclass(frozen=True)
class PathState:
    """One path: `kind` is file, dir or link; `mode` the permission bits; `size` bytes; `mtime`
    seconds since 1970 UTC. None where not recorded.
    """

    kind: Optional[str] = None
    mode: Optional[int] = None
    owner: Optional[str] = None
    group: Optional[str] = None
    size: Optional[int] = None
    mtime: Optional[int] = None


@dataclass
class PathRecord:
    """The paths a source knows: `states` maps a path to its state, or to None when it is known
    not to exist. `complete` lists the catalog patterns that were listed completely, so that a path
    they cover which is not in `states` is absent rather than not collected.
    """

    states: Dict[str, Optional[PathState]] = field(default_factory=dict)
    complete: Tuple[str, ...] = ()
