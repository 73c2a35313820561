"""The state of a path as evidence records it, shared by the sources of evidence and the facts."""

from typing import Dict, Mapping, NamedTuple, Optional, Tuple


class PathState(NamedTuple):
    """One path: `kind` is file, dir or link; `mode` the permission bits; `size` bytes; `mtime`
    seconds since 1970 UTC. None where not recorded.
    """

    kind: Optional[str] = None
    mode: Optional[int] = None
    owner: Optional[str] = None
    group: Optional[str] = None
    size: Optional[int] = None
    mtime: Optional[int] = None


class PathRecord:
    """The paths a source knows: `states` maps a path to its state, or to None when it is known
    not to exist. `complete` lists the catalog patterns that were listed completely, so that a path
    they cover which is not in `states` is absent rather than not collected. `unseen` are paths and patterns that
    could not be looked at, and why: of what they cover, and of what stands in them, nothing is known to be absent.
    """

    def __init__(
        self,
        states: Optional[Dict[str, Optional[PathState]]] = None,
        complete: Tuple[str, ...] = (),
        unseen: Optional[Mapping[str, str]] = None,
    ) -> None:
        self.states = states if states is not None else {}
        self.complete = complete
        self.unseen = unseen if unseen is not None else {}
