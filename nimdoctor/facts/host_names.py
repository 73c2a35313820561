"""Whether two names mean the same host: whatever their case, short against full, by the tables of /etc/hosts."""

import ipaddress
from typing import FrozenSet, Iterable, Optional

from nimdoctor.facts.hosts import Hosts, is_address


def same_name(one: str, other: str) -> bool:
    """Whether two names are one: a short name equals the full one that begins with it, addresses only themselves.

    >>> same_name("NIM1", "nim1.example.com"), same_name("nim1.a.example", "nim1.b.example")
    (True, False)
    >>> same_name("10.1.1.10", "10"), same_name("nim1", "nim10")
    (False, False)
    """
    one, other = one.lower().rstrip("."), other.lower().rstrip(".")
    if one == other:
        return bool(one)
    if is_address(one) or is_address(other):
        return False
    short, full = sorted((one, other), key=len)
    return bool(short) and "." not in short and full.startswith(short + ".")


def known_as(names: Iterable[str], *tables: Optional[Hosts]) -> FrozenSet[str]:
    """The names in small letters, with the names and addresses that share a row with one of them in each table.

    Rows of the loopback address are left out: many a name shares them.

    >>> from nimdoctor.text import Text
    >>> hosts = Hosts.parse(Text.of("10.1.1.10 nim1.example.com nim1 nimprod", "/etc/hosts"))
    >>> sorted(known_as(["nimprod"], hosts))
    ['10.1.1.10', 'nim1', 'nim1.example.com', 'nimprod']
    """
    found = {name.lower() for name in names if name}
    for table in tables:
        for row in table.rows if table else ():
            own = {row.address.lower(), *(name.lower() for name in row.names)}
            if not is_loopback(row.address) and any(same_name(known, name) for known in tuple(found) for name in own):
                found |= own
    return frozenset(found)


def same_host(ones: Iterable[str], others: Iterable[str]) -> bool:
    """Whether any name or address of the one is any of the other."""
    known = tuple(others)
    return any(same_name(one, other) for one in ones for other in known)


def is_loopback(address: str) -> bool:
    """Whether an address is the host's own 127.0.0.1 or ::1."""
    return is_address(address) and ipaddress.ip_address(address.split("%", 1)[0]).is_loopback
