"""How nimsh runs: with or without crypto, since when, and what children it has."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.nimsh_definition import NimshDefinition
from nimdoctor.facts.ps import PROCESSES, Processes, ProcessRow
from nimdoctor.model.rows import fact
from nimdoctor.model.text import BadEvidence, OnlyAPart, Quote


@fact()
class NimshMode(NamedTuple):
    """`secure`: crypto is on (`-c`); `push_disabled`: `-P`. `running` says that the process itself was
    seen, else the arguments come from SRC's definition. `elapsed` is seconds since it started, None
    where not known; `children` are processes it started.
    """

    secure: bool
    push_disabled: bool
    running: bool
    at: Quote
    elapsed: Optional[int] = None
    children: Tuple[ProcessRow, ...] = ()

    @classmethod
    def derive(cls, processes: Optional[Processes], definition: Optional[NimshDefinition]) -> "NimshMode":
        """Raises BadEvidence when neither the process nor its definition is known, and for a part of `ps` that need not
        show every nimsh.
        """
        if processes and not processes.shows("nimsh"):
            raise OnlyAPart(f"of {processes.source} only a part was given, which need not show nimsh", PROCESSES)
        daemon = _daemon(processes) if processes else None
        if daemon and processes:
            words = daemon.args.split()[1:]
            children = tuple(processes.children(daemon.pid))
            return cls("-c" in words, "-P" in words, True, daemon.at, daemon.elapsed, children)
        if definition:
            return cls(definition.secure, definition.push_disabled, False, definition.at)
        raise BadEvidence("no nimsh process, and its SRC definition is not known")


def _daemon(processes: Processes) -> Optional[ProcessRow]:
    found = processes.named("nimsh")
    pids = {row.pid for row in found}
    # nimsh forks for each connection; the daemon is the one whose parent is not a nimsh
    tops = [row for row in found if row.ppid is not None and row.ppid not in pids]
    if tops:
        # a push that hangs goes on as a child of init when the daemon it belonged to is stopped
        started = {row.pid for row in processes.named("srcmstr")}
        own = next((row for row in tops if row.ppid in started), None)
        return own or next((row for row in tops if row.ppid != 1), tops[0])
    # without parents the one that has run longest, or the first
    orphans = [row for row in found if row.ppid is None]
    return max(orphans, key=lambda row: row.elapsed or 0) if orphans else None
