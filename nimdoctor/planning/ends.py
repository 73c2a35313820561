"""The two ends a plan acts on, and what they look like at one moment."""

import hashlib
from typing import Any, Callable, Collection, Dict, List, Mapping, NamedTuple, Optional, Tuple

from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.source import Evidence
from nimdoctor.facts import Certificates, NimObjects, NimshMode, Subsystems
from nimdoctor.facts.certificates import CERTS as CERTS
from nimdoctor.model import Role
from nimdoctor.system.command import CommandResult
from nimdoctor.system.host_files import HostFiles


class Elsewhere(Exception):
    """That end is not here: not given, or recorded evidence, on which nothing can be read anew or done."""


class End(NamedTuple):
    """One end: `target` as it is given on a command line, absolute; `open` makes fresh evidence of it.

    `files` is its file system, None for recorded evidence; `state` its state directory, a path of this
    machine; `system` is what `uname -s` says of the running system itself, empty where it says
    nothing, None for any other host.
    """

    where: Role
    target: str
    open: Callable[[], Evidence]
    roles: Tuple[str, ...]
    files: Optional[HostFiles] = None
    state: str = ""
    system: Optional[str] = None

    @property
    def live(self) -> bool:
        """Whether something can be done here."""
        return self.files is not None

    @property
    def remote(self) -> bool:
        """Whether it is reached over ssh, where what changes anything runs by itself."""
        return self.target.startswith("ssh:")

    @property
    def recorded(self) -> bool:
        """Whether it is known only by what was collected of it."""
        return not self.live and not self.remote


EVIDENCE_AGE = 15
"""Minutes that recorded evidence of the other end counts for an apply, unless the user says otherwise."""


def hosts_by_role(target: Host, master: Optional[Host], roles: Collection[str] = ()) -> Dict[Role, Host]:
    """The scanned host behind each end; `roles` are the target's where more is known than it tells by itself.

    A target whose role nobody knows is a client.
    """
    own = frozenset(roles or target.roles)
    found: Dict[Role, Host] = {}
    if "client" in own or "master" not in own:
        found[Role.CLIENT] = target
    if master is not None:
        found[Role.MASTER] = master
    elif "master" in own:
        found[Role.MASTER] = target
    return found


class Ends:
    """The ends of a plan by role; an end may be missing. `evidence_age` is how many seconds recorded evidence of one
    counts for what is done on the other.
    """

    def __init__(self, ends: Mapping[Role, End], catalog: Catalog, evidence_age: int = 60 * EVIDENCE_AGE) -> None:
        self.ends = dict(ends)
        self.catalog = catalog
        self.evidence_age = evidence_age

    def now(self) -> "Snapshot":
        """The ends as they are from now on: everything is read anew, once."""
        return Snapshot(self)


class Snapshot:
    """What the ends look like at one moment; facts are parsed once, commands run once.

    `hosts` are hosts already read (those of the scan the plan was made from); without them each is
    opened anew.
    """

    def __init__(self, ends: Ends, hosts: Optional[Mapping[Role, Host]] = None) -> None:
        self.ends = ends
        self._hosts: Dict[Role, Host] = dict(hosts or {})

    def given(self, where: Role) -> bool:
        """Whether there is such an end at all."""
        return where in self.ends.ends

    def host(self, where: Role) -> Host:
        """The host of that end. Raises Elsewhere."""
        if where not in self._hosts:
            end = self._end(where)
            self._hosts[where] = Host(end.open(), self.ends.catalog, end.roles or None)
        return self._hosts[where]

    def fact(self, where: Role, kind: Any) -> Any:
        """The fact, or None when it cannot be had. Raises Elsewhere."""
        return self.host(where).optional(kind)

    def files(self, where: Role) -> HostFiles:
        """The file system of that end. Raises Elsewhere for recorded evidence."""
        files = self._end(where).files
        if files is None:
            raise Elsewhere(f"the {where.value} is recorded evidence")
        return files

    def ask(self, where: Role, argv: List[str], timeout: Optional[float] = None) -> Tuple[Optional[CommandResult], str]:
        """Runs a command there: its result, or None and why it could not run. Raises Elsewhere."""
        evidence = self.host(where).evidence
        if not evidence.live:
            raise Elsewhere(f"the {where.value} is recorded evidence")
        return evidence.run(argv, timeout)

    def has_program(self, where: Role, name: str) -> bool:
        """Whether a live end has that command at all. Raises Elsewhere."""
        evidence = self.host(where).evidence
        known = evidence.has_program(name) if evidence.live else None
        if known is None:
            raise Elsewhere(f"the {where.value} is recorded evidence")
        return known

    def close(self) -> None:
        """Lets go of what is held open."""
        for host in self._hosts.values():
            host.evidence.close()

    def _end(self, where: Role) -> End:
        if where not in self.ends.ends:
            raise Elsewhere(f"no {where.value} was given")
        return self.ends.ends[where]


def state_of(now: Snapshot, where: Role) -> Dict[str, Any]:
    """What a step's effects are measured against, as JSON values: nimsh, SSL and the certificates.

    Of a certificate file only the times, the inode and the hash of its CERTIFICATE blocks are kept.
    """
    mode = now.fact(where, NimshMode)
    subsystems = now.fact(where, Subsystems)
    objects = now.fact(where, NimObjects)
    return {
        "crypto": mode.secure if mode else None,
        "nimsh": subsystems.active("nimsh") if subsystems else None,
        "ssl": objects.ssl_support() if objects else None,
        "certificates": certificate_files(now, where),
    }


def certificate_files(now: Snapshot, where: Role) -> Dict[str, List[Any]]:
    """Each file in /ssl_nimsh/certs: time of change (ns), inode, size, and the hash of its certificates."""
    files = now.files(where)
    if files.stat(CERTS) is None:
        return {}
    certificates = now.fact(where, Certificates)
    by_path = {file.path: file for file in certificates.files} if certificates else {}
    found: Dict[str, List[Any]] = {}
    for name in files.names(CERTS):
        path = f"{CERTS}/{name}"
        stat = files.stat(path)
        if stat and stat.kind == "file":
            blocks = b"".join(by_path[path].blocks) if path in by_path else b""
            found[path] = [stat.mtime_ns, stat.ino, stat.size, hashlib.sha256(blocks).hexdigest()]
    return found
