"""Learning names from all evidence of a host, before anything of it is replaced."""

import re
from typing import BinaryIO, Iterable, List, Sequence, Set

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.certificates_only import may_be_opened
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.tree import Tree
from nimdoctor.evidence.x509 import CertificateReader
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
from nimdoctor.host import Host
from nimdoctor.redaction import patterns
from nimdoctor.redaction.blocks import pieces
from nimdoctor.redaction.certificates import CertificateTexts
from nimdoctor.redaction.known import Known
from nimdoctor.redaction.rows import PORTS, Ends
from nimdoctor.redaction.words import RESERVED
from nimdoctor.text import TEXT_LIMIT, decode

_SEEN = 200_000
"""Lines that are remembered while learning, so that one which comes again costs nothing."""
_LINES = re.compile(
    rb"^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (?:[A-Z]{3,4} )?\d{4} )?([^\n]+)",
    re.MULTILINE,
)
_HOST = r"([A-Za-z0-9][\w.-]*)"
_PLACES = {
    # what nimsh, NIM and the shell say before a host's name
    "host": (
        r"(?i)source hostname is\s*:?\s*" + _HOST,
        r"(?i)master host ?name is\s*:?\s*" + _HOST,
        r"(?i)(?:cannot find address for host|host name|hostname)\s*[:=]?\s+" + _HOST + r"(?=\s|\.?\s*$)",
        r"(?i)\bno (?:NIM object|machine|client|host) named \W?" + _HOST,
        r"(?m)^AIX\s+([A-Za-z][\w.-]*)\s+\d+\s+\d+\s+[0-9A-F]{12}\b",
        r"(?m)^[a-z_][\w-]{0,31}@([A-Za-z][\w.-]*):[^\n#$>]{0,200}[#$>](?:\s|$)",
        r"(?m)^\(?([A-Za-z][\w.-]*)\)?:/[^\n#$>:]{0,200}[#$](?:\s|$)",
        r"(?m)^([A-Za-z][\w.-]*):/[\w./-]+\s+\d+\s+\d+\s+\d+%",
        r"(?i)(?:\"|')(?:host|hostname|master|client|target)(?:\"|')\s*:\s*(?:\"|')([A-Za-z0-9][\w.-]*)(?:\"|')",
        r"(?i)(?:remote value passed|environment value),? '([^'\s]+)'",
    ),
    "user": (
        r"(?m)^([a-z_][\w-]{0,31})@[A-Za-z][\w.-]*:[^\n#$>]{0,200}[#$>](?:\s|$)",
        r"(?m)^[bcdlps-][rwxsStT-]{9}[+.]?\s+\d+\s+([A-Za-z_][\w-]*)\s+[A-Za-z_][\w-]*\s+\d",
        r"(?m)^[bcdlps-][rwxsStT-]{9}[+.]?\s+\d+\s+[A-Za-z_][\w-]*\s+([A-Za-z_][\w-]*)\s+\d",
        r"/home/([A-Za-z_][\w-]*)",
        r"\bsshd: ([A-Za-z_][\w-]*)(?:@| \[)",
        r"(?i)\b(?:user(?: ?name)?|login|logname|owner)\s*[=:]\s*\"?([A-Za-z_][\w-]*)",
        r"(?m)^\s*([a-z_][\w-]*)\s+\d+\s+\d+\s+\d+\s+\S+\s+(?:\d+\s+)?\S+\s+\d+:\d\d\s",
    ),
    "hardware": (
        r"(?i)(?:local|remote|cpu|machine|master) ?id(?: is)?\s*[:=]?\s*'?([0-9A-Fa-f]{12})\b",
        r"(?i)(?:passed|value),? '([0-9A-Fa-f]{12})'",
        r"(?i)\bcpuid\s*[=:]\s*([0-9A-Fa-f]{12})\b",
        r"(?i)\b(?:hardware|network|mac)[ _-]addr(?:ess)?[ .:=]*([0-9A-Fa-f]{12}|[0-9A-Fa-f]{1,2}(?:[:.-][0-9A-Fa-f]{1,2}){5})\b",
        r"link#\d+\s+([0-9A-Fa-f]{1,2}(?:\.[0-9A-Fa-f]{1,2}){5})\b",
        r"\bNIM_MASTERID=\"?([0-9A-Fa-f]{12})",
        r"(?m)^\s*if\d+\s*=\s*\S+\s+\S+\s+([0-9A-Fa-f]{12})\b",
        r"\b([0-9A-Fa-f]{12})\b(?=[^\n]*\bether)",
    ),
    "serial": (
        r"(?i)\bserial(?:[ _-]?(?:number|num|no))?\.?[ \t]*[.:=]*[ \t]*\"?(?=[A-Z0-9-]*\d)([A-Z0-9]{6,20})\b",
        r"\bIBM,(?:\d{2})?([0-9A-Z]{7})\b",
        r"[-*_ ]SN([0-9A-Z]{7})\b",
        r"\b\d{4}-[0-9A-Z]{3}[*_]([0-9A-Z]{7})\b",
        r"(?i)\b(?:systemid|system id|hw_serial)\b[ \t]*[=:]?[ \t]*(?:IBM,)?(?:\d{2})?([0-9A-Z]{7})\b",
    ),
}
_FOUND = {kind: [re.compile(place) for place in places] for kind, places in _PLACES.items()}
_DOTTED = re.compile(r"(?<![\w.-])(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*(?![\w-])")
_FULL = re.compile(patterns.FULL_NAME, re.IGNORECASE)
_EMAIL = re.compile(patterns.EMAIL)
_NUMBERS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_IPV6 = re.compile(patterns.IPV6, re.IGNORECASE)
_PRODUCT = re.compile(r"(?i)(?:bos|devices|openssl|openssh|x11|rsct|printers|java\d*|xlc|perl|sysmgt|invscout)\.")
_SUBJECT = re.compile(
    r"(?m)^[ \t]*(?:\d\.)?(?:C|ST|L|O|OU|CN|DC|UID|emailAddress|countryName|stateOrProvinceName|localityName|"
    r"organizationName|organizationalUnitName|commonName)(?:_default)?[ \t]*=[ \t]*([^\n]+)"
)
_ALTERNATIVE = re.compile(r"\b(?:DNS|IP Address|email|IP)[:.]\d*\s*=?\s*([^\s,]+)")
_REFERENCES = ("serves", "server", "spot", "lpp_source", "mksysb", "bosinst_data", "image_data", "script", "resolv_conf",
               "members", "member", "mgmt_source", "groups", "client", "current_master", "control", "net_definition",
               "lpp_source_default", "exclude_files", "fix_bundle", "installp_bundle", "root", "dump", "boot",
               "paging", "home", "shared_root", "master", "alternate_master", "source", "cec", "hmc", "vg", "management_source")  # fmt: skip


class Borrowed:
    """A tree that somebody else closes, and whose remarks stay there."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.remarks: List[str] = []

    def names(self) -> Sequence[str]:
        """All regular files."""
        return self._tree.names()

    def directories(self) -> Sequence[str]:
        """All directories."""
        return self._tree.directories()

    def open(self, name: str) -> BinaryIO:
        """Raises OSError."""
        return self._tree.open(name)

    def size(self, name: str) -> int:
        """Raises OSError."""
        return self._tree.size(name)

    def close(self) -> None:
        """Nothing is held."""


class Learner:
    """Reads one host's evidence into what is known of the site. `dotted` are names with dots whose domain may show later."""

    def __init__(self, known: Known, catalog: Catalog) -> None:
        self._known = known
        self._catalog = catalog
        self._dotted: Set[str] = set()
        self._seen: Set[bytes] = set()

    def learn(self, tree: Tree) -> Ends:
        """Everything that names somebody or something there; the ends of NIM that the host knows."""
        borrowed = Borrowed(tree)
        evidence = RecordedEvidence("evidence", borrowed, self._catalog)
        host = Host(evidence, self._catalog)
        ends = self._structured(host)
        for name in tree.names():
            if name.startswith("commands/"):
                self._lines(name[len("commands/") :].replace("_", " "))
        for line in _manifest_strings(evidence):
            self._command(line)
        self._certificates(evidence, tree)
        for name in tree.names():
            if name.startswith(("files/", "commands/")) and "/keys/" not in name:
                try:
                    with tree.open(name) as stream:
                        for piece in pieces(stream):
                            self._piece(piece)
                except OSError:
                    # it cannot be read later either, and then leaves nothing
                    continue
        self._seen.clear()
        self._own_domains()
        return ends

    def _certificates(self, evidence: RecordedEvidence, tree: Tree) -> None:
        reader = CertificateReader(evidence, self._catalog)
        texts = CertificateTexts(self._known, reader)
        for name in tree.names():
            row = self._catalog.file(name[5:]) if name.startswith("files/") and may_be_opened(name[5:]) else None
            if row and "Certificates" in row.facts:
                try:
                    with tree.open(name) as stream:
                        texts.learn(stream.read(TEXT_LIMIT))
                except OSError:
                    continue
        for printed in reader.printed():
            texts.learn_record(printed.record)
        for file in evidence.told_certificates:
            texts.learn(file.content())

    # -- what parsers find

    def _structured(self, host: Host) -> Ends:
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
        for lookup in lookups.rows if lookups else ():
            for name in (lookup.asked, lookup.name, *lookup.aliases):
                known.add(name, "host")
                if lookup.asked.lower() in _lower(names) or lookup.name.lower() in _lower(names):
                    names.add(name)
            if lookup.address:
                known.add_address(lookup.address)
                if _lower({lookup.asked, lookup.name}) & _lower(names):
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
        lower = _lower(names) - {"master", "localhost", "loopback", ""}
        rows = hosts.rows if hosts else ()
        short = {name.split(".")[0] for name in lower}
        for row in rows:
            if {name.lower() for name in row.names} & lower or {
                name.lower().split(".")[0] for name in row.names
            } & short:
                addresses.add(row.address)
        addresses = {address for address in addresses if not address.startswith("127.") and address != "::1"}
        return Ends(frozenset(lower), frozenset(addresses), frozenset(ports))

    def _niminfo(self, info: NimInfo, names: Set[str], addresses: Set[str], ports: Set[int]) -> None:
        for variable in ("NIM_HOSTNAME", "NIM_MASTER_HOSTNAME", "NIM_NAME"):
            value = info.get(variable)
            if value and value not in RESERVED:
                names.add(value)
        for variable in ("NIM_MASTER_PORT", "NIM_REGISTRATION_PORT"):
            port = info.port(variable)
            ports |= {port} if port else set()
        for variable in ("NIM_MASTERID", "CLIENT_CPUID", "NIM_CPUID"):
            self._known.add_hardware(info.get(variable) or "")
        for group in (info.get("NIM_HOSTS") or "").split():
            address, *called = group.split(":") if group.count(":") < 3 or "." in group else (group,)
            self._known.add_address(address)
            for name in called:
                self._known.add(name, "host")
            if _lower(called) & _lower(names):
                addresses.add(address)
                names.update(called)

    def _object(self, found: NimObject, names: Set[str]) -> None:
        known = self._known
        machine = found.get("class") == "machines" or found.is_machine
        if found.name not in RESERVED and found.get("reserved") != "yes":
            known.add(found.name, "host" if machine else "object")
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

    # -- what shows in any text

    def _command(self, line: str) -> None:
        """The operands of a command as typed."""
        words = line.split()
        program = words[0].rsplit("/", 1)[-1] if words else ""
        operands = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        if program in ("host", "nslookup", "ping", "nimquery", "rsh", "ssh") and operands:
            self._known.add(operands[0], "host")
            self._known.add_address(operands[0])
        elif (program in ("nimclient", "lsnim") and operands and operands[-1] not in RESERVED) or (
            program == "nim" and len(operands) > 1 and operands[-1] not in RESERVED
        ):
            self._known.add(operands[-1], "object")
        self._lines(line)

    def _piece(self, piece: bytes) -> None:
        new = set(_LINES.findall(piece)) - self._seen
        if new:
            if len(self._seen) < _SEEN:
                self._seen |= new
            self._lines(decode(b"\n".join(new)))

    def _lines(self, text: str) -> None:
        known = self._known
        for pattern in _FOUND["host"]:
            for name in pattern.findall(text):
                known.add(name, "host")
        for pattern in _FOUND["user"]:
            for name in pattern.findall(text):
                known.add_user(name)
        for pattern in _FOUND["hardware"]:
            for digits in pattern.findall(text):
                known.add_hardware(digits)
        for pattern in _FOUND["serial"]:
            for serial in pattern.findall(text):
                known.add_serial(serial)
        if "." in text:
            for address in set(_NUMBERS.findall(text)):
                known.add_address(address)
            self._dotted.update(name.lower() for name in _DOTTED.findall(text) if len(self._dotted) < _SEEN)
            for name in {found.group() for found in _FULL.finditer(text)}:
                if not _PRODUCT.match(name):
                    known.add(name, "host" if name.count(".") > 1 else "domain")
        if ":" in text:
            for found in _IPV6.finditer(text):
                known.add_address(found.group())
        if "@" in text:
            for found in _EMAIL.finditer(text):
                user, _, place = found.group().partition("@")
                known.add_user(user)
                known.add(place, "domain")
        if "=" in text:
            for value in _SUBJECT.findall(text):
                known.add_phrase(value)
        for name in _ALTERNATIVE.findall(text):
            known.add(name, "host")
            known.add_address(name)

    def _own_domains(self) -> None:
        """Names in a domain of the site, wherever they stood."""
        for name in self._dotted:
            domain = name
            while "." in domain:
                domain = domain.split(".", 1)[1]
                if domain in self._known.dotted and domain.count(".") >= 1:
                    self._known.add(name, "host")
                    break


def _lower(names: Iterable[str]) -> Set[str]:
    return {name.lower() for name in names}


def _manifest_strings(evidence: RecordedEvidence) -> List[str]:
    """Command lines, and what they said on stderr."""
    found = []
    for line, entry in evidence.recorded_commands().items():
        found += [line, entry.stderr]
    return found
