"""How a host resolves names: what `host` answered, else what /etc/hosts says where it is asked first."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.hosts import Hosts
from nimdoctor.facts.name_lookups import NameLookups
from nimdoctor.facts.netsvc import NetsvcConf
from nimdoctor.model.rows import fact
from nimdoctor.model.text import BadEvidence, Quote


class ForwardLookup(NamedTuple):
    """What a name leads to; `address` None when it leads nowhere."""

    address: Optional[str]
    at: Quote


class ReverseLookup(NamedTuple):
    """What an address leads back to; `name` None when it leads nowhere. `aliases` are further names of it."""

    name: Optional[str]
    aliases: Tuple[str, ...]
    at: Quote


@fact()
class Resolution(NamedTuple):
    """Names to addresses and back, as far as the evidence tells; None where it does not.

    >>> from nimdoctor.model.text import Text
    >>> found = Resolution.derive(
    ...     NameLookups.parse(Text.of("nim1 is 10.1.1.10", "host nim1")),
    ...     Hosts.parse(Text.of("10.1.1.10 nim1.example.com nim1", "/etc/hosts")),
    ...     NetsvcConf.parse(Text.of("hosts=local,bind", "/etc/netsvc.conf")))
    >>> found.forward("NIM1").address, found.back("10.1.1.10").name, found.back("10.1.1.17")
    ('10.1.1.10', 'nim1.example.com', None)
    """

    source: str
    lookups: Optional[NameLookups]
    hosts: Optional[Hosts]
    order: Tuple[str, ...]

    @classmethod
    def derive(
        cls, lookups: Optional[NameLookups], hosts: Optional[Hosts], netsvc: Optional[NetsvcConf]
    ) -> "Resolution":
        """Raises BadEvidence when neither an answer nor a table is there."""
        if lookups is None and hosts is None:
            raise BadEvidence("neither answers of `host` nor /etc/hosts")
        source = ", ".join(part.source for part in (lookups, hosts) if part)
        return cls(source, lookups, hosts, netsvc.order if netsvc else ())

    @property
    def table_first(self) -> bool:
        """Whether /etc/hosts is asked before anything else: `local`, `local4` or `local6` leads the order."""
        return bool(self.order) and self.order[0].lower().startswith("local")

    @property
    def table_only(self) -> bool:
        """Whether nothing but /etc/hosts is asked."""
        return bool(self.order) and all(word.lower().startswith("local") for word in self.order)

    def forward(self, name: str) -> Optional[ForwardLookup]:
        """Where a name leads: by the answer to it, else by the table."""
        rows = self.lookups.rows if self.lookups else ()
        query = [row for row in rows if row.query.lower() == name.lower()]
        for row in query or [row for row in rows if not row.query and row.concerns(name)]:
            return ForwardLookup(row.address, row.at)
        if self.hosts and self.table_first:
            for held in self.hosts.named(name):
                return ForwardLookup(held.address, held.at)
            if self.table_only:
                return ForwardLookup(None, self.hosts.whole())
        return None

    def back(self, address: str) -> Optional[ReverseLookup]:
        """What an address leads back to: by the answer to it, else by the table's first row of it."""
        for row in self.lookups.rows if self.lookups else ():
            if row.query.lower() == address.lower():
                return ReverseLookup(row.name if row.address else None, row.aliases, row.at)
        if self.hosts and self.table_first:
            for held in self.hosts.rows:
                if held.address.lower() == address.lower():
                    return ReverseLookup(held.names[0], held.names[1:], held.at)
            if self.table_only:
                return ReverseLookup(None, (), self.hosts.whole())
        return None

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")
