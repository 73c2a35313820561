"""Names that the facts of a host tell: of hosts, users and NIM objects, with addresses and numbers of machines."""

import re
from typing import Iterable, Set

from nimdoctor.diagnosis.host import Host
from nimdoctor.facts import (
    HostName,
    Hosts,
    InetdConf,
    Interfaces,
    MachineId,
    NameLookups,
    NimclientObjects,
    NimInfo,
    NimObjects,
    Rhosts,
)
from nimdoctor.facts.lsnim import NimObject
from nimdoctor.redaction.ledger import Ledger
from nimdoctor.redaction.rows import PORTS, NimEnds
from nimdoctor.redaction.site_names import SiteNames
from nimdoctor.redaction.words import RESERVED

_REFERENCES = ("serves", "server", "spot", "lpp_source", "mksysb", "bosinst_data", "image_data", "script", "resolv_conf",
               "members", "member", "mgmt_source", "groups", "client", "current_master", "control", "net_definition",
               "lpp_source_default", "exclude_files", "fix_bundle", "installp_bundle", "root", "dump", "boot",
               "paging", "home", "shared_root", "master", "alternate_master", "source", "cec", "hmc", "vg", "management_source")  # fmt: skip


class NamesInFacts:
    """Reads the facts of one host into what is known of the site."""

    def __init__(self, known: SiteNames, ledger: Ledger) -> None:
        self._known = known
        self._ledger = ledger

    def learn(self, host: Host) -> NimEnds:
        """Adds all names of that host's facts to what is known; gives the ends of NIM that it knows."""
        known = self._known
        names: Set[str] = set()
        addresses: Set[str] = set()
        ports: Set[int] = set(PORTS)
        for own in (host.evidence.host, host.name):
            if own:
                names.add(own)
        hostname = host.optional(HostName)
        if hostname:
            names.add(hostname.name)
        info = host.optional(NimInfo)
        if info:
            self._niminfo(info, names, addresses, ports)
        for listing in (host.optional(NimObjects), host.optional(NimclientObjects)):
            for found in listing.objects if listing else ():
                self._object(found, names)
        hosts = host.optional(Hosts)
        for row in hosts.rows if hosts else ():
            known.add_address(row.address)
            for name in row.names:
                known.add(name, "host")
        lookups = host.optional(NameLookups)
        lower = _lower(names)
        for lookup in lookups.rows if lookups else ():
            called = _lower({lookup.query, lookup.name})
            for name in (lookup.query, lookup.name, *lookup.aliases):
                known.add(name, "host")
                if called & lower:
                    names.add(name)
                    lower.add(name.lower())
            if lookup.address:
                known.add_address(lookup.address)
                if called & lower:
                    addresses.add(lookup.address)
        interfaces = host.optional(Interfaces)
        for interface in interfaces.rows if interfaces else ():
            known.add_address(interface.address)
        rhosts = host.optional(Rhosts)
        for trusted in rhosts.rows if rhosts else ():
            known.add(trusted.host, "host")
            known.add_user(trusted.user)
        inetd = host.optional(InetdConf)
        for service in inetd.all_rows if inetd else ():
            known.add_user(re.split("[.:]", service.user)[0])
        machine = host.optional(MachineId)
        if machine:
            known.add_hardware(machine.machine_id)
        for state in host.evidence.paths([]).states.values():
            for user in (state.owner, state.group) if state else ():
                if user:
                    known.add_user(user)
        for name in names:
            known.add(name, "host")
            if not known.is_known(name):
                # a name that no host may have, as somebody wrote it by hand: lpar7 (prod)
                known.add_phrase(name)
            self._note(name)
        # a host may be called "master" too; the NIM object of that name is none of these
        lower = _lower(names) - {"localhost", "loopback", ""}
        rows = hosts.rows if hosts else ()
        short = {name.split(".")[0] for name in lower}
        for row in rows:
            if {name.lower() for name in row.names} & lower or {
                name.lower().split(".")[0] for name in row.names
            } & short:
                addresses.add(row.address)
        addresses = {address for address in addresses if not address.startswith("127.") and address != "::1"}
        return NimEnds(frozenset(lower), frozenset(addresses), frozenset(ports))

    def _niminfo(self, info: NimInfo, names: Set[str], addresses: Set[str], ports: Set[int]) -> None:
        for variable in ("NIM_HOSTNAME", "NIM_MASTER_HOSTNAME", "NIM_NAME"):
            value = info.get(variable)
            if value and (value not in RESERVED or variable != "NIM_NAME"):
                names.add(value)
        for variable in ("NIM_MASTER_PORT", "NIM_REGISTRATION_PORT"):
            port = info.port(variable)
            ports |= {port} if port else set()
        for variable in ("NIM_MASTERID", "CLIENT_CPUID", "NIM_CPUID"):
            self._known.add_hardware(info.get(variable) or "")
        lower = _lower(names)
        for group in (info.get("NIM_HOSTS") or "").split():
            address, *called = group.split(":") if group.count(":") < 3 or "." in group else (group,)
            self._known.add_address(address)
            for name in called:
                self._known.add(name, "host")
            if _lower(called) & lower:
                addresses.add(address)
                names.update(called)
                lower |= _lower(called)

    def _note(self, name: str) -> None:
        """In the ledger, where a name of this site stays; NIM's own are no site's."""
        label = name.split(".")[0]
        why = self._known.stays(label) if label not in RESERVED and label != "localhost" else None
        if why:
            self._ledger.let_stay(label, why)

    def _object(self, found: NimObject, names: Set[str]) -> None:
        known = self._known
        machine = found.get("class") == "machines" or found.is_machine
        if found.name not in RESERVED and found.get("reserved") != "yes":
            known.add(found.name, "host" if machine else "object")
            self._note(found.name)
            if machine:
                names.add(found.name)
        for attribute in found.attributes:
            words = attribute.value.split()
            if re.fullmatch(r"if\d+", attribute.name) and len(words) > 1:
                known.add(words[0], "object")
                known.add(words[1], "host")
                names.add(words[1])
                if len(words) > 2:
                    known.add_hardware(words[2])
            elif attribute.name == "cpuid":
                known.add_hardware(attribute.value)
            elif attribute.name in ("hw_serial", "serial"):
                known.add_serial(attribute.value)
            elif attribute.name in _REFERENCES and len(words) == 1 and attribute.value not in RESERVED:
                known.add(attribute.value, "object")


def _lower(names: Iterable[str]) -> Set[str]:
    return {name.lower() for name in names}
