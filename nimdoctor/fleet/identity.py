"""The first pass: who a bundle is of, and by what its master is known; as little else as can be is read."""

import re
from functools import cache
from sys import intern
from typing import Any, Dict, Iterable, Mapping, NamedTuple, Optional, Tuple

from nimdoctor import facts
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence import Evidence, open_target
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.facts.hosts import is_address
from nimdoctor.fleet.attempts import as_target, tried
from nimdoctor.fleet.bundles import path_of, written
from nimdoctor.fleet.record import of_failure
from nimdoctor.fleet.standing import collected_at
from nimdoctor.library.targets import collected_seldom
from nimdoctor.report.scan_report import Failure

_MACHINE_ID = re.compile("[0-9A-F]{12}")
_NAMES, _CERTIFICATES = 50, 50
"""Names and certificates of a host that are kept; nobody has more than a few."""


class Identity(NamedTuple):
    """Who a bundle is of. Names are in small letters, without addresses; machine ids in capitals; what is not known is None
    or left out. `machine_id` is its own, `master_id` its NIM_MASTERID; `names` are its own, `masters` those by which it
    knows its master; `certificates` are SHA-256 of all below /ssl_nimsh/certs; `collected` is seconds since 1970.
    `redacted` says that names and ids are pseudonyms, `paired` that its master's evidence is in the same bundle.

    >>> one = Identity("lpar7.tgz", "lpar7", ("client",), ("lpar7",), None, "00F6A1B14C00", ("nim1",))
    >>> Identity.from_dict(one.to_dict()) == one
    True
    """

    path: str
    host: Optional[str] = None
    roles: Tuple[str, ...] = ()
    names: Tuple[str, ...] = ()
    machine_id: Optional[str] = None
    master_id: Optional[str] = None
    masters: Tuple[str, ...] = ()
    certificates: Tuple[str, ...] = ()
    collected: Optional[int] = None
    redacted: bool = False
    paired: bool = False

    def to_dict(self) -> Dict[str, Any]:
        """As values of JSON; the path as records write it."""
        told = {name: list(value) if isinstance(value, tuple) else value for name, value in self._asdict().items()}
        return {**told, "path": written(self.path)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "Identity":
        """What `to_dict` gave; strings that many hosts share are held once."""
        values = {name: _shared(value) for name, value in told.items() if name in cls._fields}
        return cls(**{**values, "path": path_of(told["path"])})


def identify(path: str) -> Dict[str, Any]:
    """The Identity of a bundle as values of JSON, or {"failure": {"kind", "message"}} as in its record.

    Raises KeyboardInterrupt alone.
    """
    found = tried(path, lambda: _identified(path).to_dict())
    return {"failure": of_failure(found)["failure"]} if isinstance(found, Failure) else found


def _identified(path: str) -> Identity:
    with collected_seldom():
        evidence = open_target(as_target(path), catalog=_catalog())
        try:
            return _of_host(path, evidence, Host(evidence, _catalog()))
        finally:
            evidence.close()


@cache
def _catalog() -> Catalog:
    return Catalog()


def _of_host(path: str, evidence: Evidence, host: Host) -> Identity:
    info, own = host.optional(facts.NimInfo), host.optional(facts.HostName)
    machine, certificates = host.optional(facts.MachineId), host.optional(facts.Certificates)
    # a listing of thousands of objects is read for the master's own names alone, and for no client
    objects = host.optional(facts.NimObjects) if "master" in host.roles else None
    stanza = objects.master() if objects else None
    names = [host.name, own.name if own else None, info.get("NIM_HOSTNAME") if info else None]
    of_client = host.roles != ("master",)
    # a master's own niminfo names itself
    known = info.master_names() if info else ()
    return Identity(
        path,
        host.name,
        host.roles,
        _named([*names, *(stanza.host_names() if stanza else ()), *(() if of_client else known)]),
        _machine_id(machine.machine_id if machine else None),
        _machine_id(info.get("NIM_MASTERID") if info and of_client else None),
        _named(known if of_client else ()),
        tuple(sorted(certificates.identities())[:_CERTIFICATES]) if certificates else (),
        collected_at(host),
        evidence.redacted,
        evidence.live is False and evidence.paired is not None,
    )


def _named(names: Iterable[Optional[str]]) -> Tuple[str, ...]:
    """Names as they are compared: in small letters, each once, no addresses and no word for the host itself."""
    found = dict.fromkeys(name.lower().rstrip(".") for name in names if name and not is_address(name))
    return tuple(name for name in found if name and name.partition(".")[0] != "localhost")[:_NAMES]


def _machine_id(told: Optional[str]) -> Optional[str]:
    """Twelve hexadecimal digits that are somebody's."""
    digits = (told or "").strip().upper()
    return digits if _MACHINE_ID.fullmatch(digits) and digits.strip("0") else None


def _shared(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(intern, value))
    return intern(value) if isinstance(value, str) else value
