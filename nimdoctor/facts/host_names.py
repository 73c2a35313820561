"""Whether two names mean the same host: whatever their case, short against full, by the tables of /etc/hosts."""

import ipaddress
from typing import FrozenSet, Iterable, Optional, Set

from nimdoctor.facts.hosts import Hosts, is_address


def same_name(one: str, other: str) -> bool:
    """Whether two names are one: a short name equals the full one that begins with it, addresses only themselves.

    >>> same_name("NIM1", "nim1.example.com"), same_name("nim1.a.example", "nim1.b.example")
    (True, False)
    >>> same_name("10.1.1.10", "10"), same_name("nim1", "nim10")
    (False, False)
    """
    return one in HostNames([other])


class HostNames:
    """Names and addresses of which `in` finds one by any of its forms, as `same_name` has it, however many they are.

    >>> "NIM1" in HostNames(["nim1.example.com", "lpar7"]), "nim1.example.com" in HostNames(["nim1.example.org"])
    (True, False)
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._whole: Set[str] = set()
        self._short: Set[str] = set()
        self._first_labels: Set[str] = set()
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Takes in one more."""
        name = _compared(name)
        self._whole.add(name)
        label, dot, _ = name.partition(".")
        if not is_address(name):
            (self._first_labels if dot else self._short).add(label)

    def __contains__(self, name: str) -> bool:
        name = _compared(name)
        label, dot, _ = name.partition(".")
        if not name or name in self._whole:
            return bool(name)
        return bool(label) and not is_address(name) and label in (self._short if dot else self._first_labels)


def _compared(name: str) -> str:
    return name.lower().rstrip(".")


def known_as(names: Iterable[str], *tables: Optional[Hosts]) -> FrozenSet[str]:
    """The names in small letters, with the names and addresses that share a row with one of them in each table.

    Rows of the loopback address are left out: many a name shares them.

    >>> from nimdoctor.model.text import Text
    >>> hosts = Hosts.parse(Text.of("10.1.1.10 nim1.example.com nim1 nimprod", "/etc/hosts"))
    >>> sorted(known_as(["nimprod"], hosts))
    ['10.1.1.10', 'nim1', 'nim1.example.com', 'nimprod']
    """
    found = {name.lower() for name in names if name}
    known = HostNames(found)
    for table in tables:
        for row in table.rows if table else ():
            own = {row.address.lower(), *(name.lower() for name in row.names)}
            if not is_loopback(row.address) and any(name in known for name in own):
                for name in own - found:
                    known.add(name)
                found |= own
    return frozenset(found)


def same_host(ones: Iterable[str], others: Iterable[str]) -> bool:
    """Whether any name or address of the one is any of the other."""
    known = HostNames(others)
    return any(one in known for one in ones)


def is_loopback(address: str) -> bool:
    """Whether an address is the host's own 127.0.0.1 or ::1."""
    return is_address(address) and ipaddress.ip_address(address.split("%", 1)[0]).is_loopback
