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
from nimdoctor.redaction.levels import names_software
from nimdoctor.redaction.rows import PORTS, Ends
from nimdoctor.redaction.words import RESERVED
from nimdoctor.text import TEXT_LIMIT, decode

_SEEN = 200_000
"""Lines that are remembered while learning, so that one which comes again costs nothing."""
_LINES = re.compile(rb"(?:^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} )?([^\n]+)", re.MULTILINE)
"""Lines without the stamp that makes each of them another."""
_HOST = r"([a-z0-9][\w.-]*)"
_USER = r"([a-z_][\w-]*)"
_PROMPT = r"(?m)^([a-z_][\w-]{0,31})@([a-z][\w.-]*):[^\n#$>]{0,200}[#$>](?:\s|$)"
_MODES = r"(?m)^[bcdlps-][rwxst-]{9}[+.]?\s+\d+\s+"
_TWELVE = r"([0-9a-f]{12})\b"
_PLACES = (
    # kind, a word that must be there at all, and where the name stands in text in small letters
    ("host", "source hostname is", r"source hostname is\s*:?\s*" + _HOST),
    ("host", "master host", r"master host ?name is\s*:?\s*" + _HOST),
    ("host", "address for host", r"address for host\s+" + _HOST),
    ("host", "host name", r"host name\s*[:=]?\s+" + _HOST + r"(?=\s|\.?\s*$)"),
    ("host", "hostname", r"hostname\s*[:=]\s*" + _HOST),
    ("host", " named ", r"no (?:nim object|machine|client|host) named \W?" + _HOST),
    ("host", "aix ", r"(?m)^aix\s+([a-z][\w.-]*)\s+\d+\s+\d+\s+[0-9a-f]{12}\b"),
    ("host", ":/", r"(?m)^\(?([a-z][\w.-]*)\)?:/[^\n#$>:]{0,200}[#$](?:\s|$)"),
    ("host", "%", r"(?m)^([a-z][\w.-]*):/[\w./-]+\s+\d+\s+\d+\s+\d+%"),
    ("host", "host", r"[\"'](?:host|hostname)[\"']\s*:\s*[\"']" + _HOST + "[\"']"),
    ("host", "master", r"[\"'](?:master|client|target)[\"']\s*:\s*[\"']" + _HOST + "[\"']"),
    ("host", "remote value", r"remote value passed,? '([^'\s]+)'"),
    ("host", "environment value", r"environment value,? '([^'\s]+)'"),
    ("user", "rw", _MODES + _USER + r"\s+[a-z_][\w-]*\s+\d"),
    ("user", "rw", _MODES + r"[a-z_][\w-]*\s+" + _USER + r"\s+\d"),
    ("user", "/home/", "/home/" + _USER),
    ("user", "sshd: ", "sshd: " + _USER + r"(?:@| \[)"),
    ("user", "user", r"user(?: ?name)?\s*[=:]\s*\"?" + _USER),
    ("user", "login", r"login\s*[=:]\s*\"?" + _USER),
    ("user", "logname", r"logname\s*[=:]\s*\"?" + _USER),
    ("user", "owner", r"owner\s*[=:]\s*\"?" + _USER),
    ("user", "/", r"(?m)^\s*" + _USER + r"\s+\d+\s+\d+\s+\d+\s+\S+\s+(?:\d+\s+)?\S+\s+\d+:\d\d\s"),
    ("hardware", " id", r" id(?: is)?\s*[:=]?\s*'?" + _TWELVE),
    ("hardware", "value", r"value(?: passed)?,? '" + _TWELVE),
    ("hardware", "cpuid", r"cpuid\s*[=:]\s*" + _TWELVE),
    ("hardware", "addr", r"(?:hardware|network|mac)[ _-]addr(?:ess)?[ .:=]*([0-9a-f]{12}|[0-9a-f]{1,2}(?:[:.-][0-9a-f]{1,2}){5})\b"),
    ("hardware", "link#", r"link#\d+\s+([0-9a-f]{1,2}(?:\.[0-9a-f]{1,2}){5})\b"),
    ("hardware", "nim_masterid", r"nim_masterid=\"?" + _TWELVE),
    ("hardware", "ether", r"\b([0-9a-f]{12})\b(?=[^\n]{0,200}\bether)"),
    ("serial", "serial", r"serial(?:[ _-]?(?:number|num|no))?\.?[ \t]*[.:=]*[ \t]*\"?(?=[a-z0-9-]*\d)([a-z0-9]{6,20})\b"),
    ("serial", "ibm,", r"ibm,(?:\d{2})?([0-9a-z]{7})\b"),
    ("serial", "sn", r"[-*_ ]sn([0-9a-z]{7})\b"),
    ("serial", "-", r"\b\d{4}-[0-9a-z]{3}[*_]([0-9a-z]{7})\b"),
    ("serial", "system", r"\bsystem ?id\b[ \t]*[=:]?[ \t]*(?:ibm,)?(?:\d{2})?([0-9a-z]{7})\b"),
)  # fmt: skip
_FOUND = [(kind, word, re.compile(place)) for kind, word, place in _PLACES]
_AT_PROMPT = re.compile(_PROMPT)
_DOTTED = re.compile(r"(?<![\w.-])(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*(?![\w-])")
_FULL = re.compile(patterns.FULL_NAME, re.IGNORECASE)
_EMAIL = re.compile(patterns.EMAIL)
_NUMBERS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_IPV6 = re.compile(patterns.IPV6, re.IGNORECASE)
_ENDINGS = frozenset(
    [
        "log",
        "logs",
        "gz",
        "z",
        "tar",
        "tgz",
        "bz2",
        "zip",
        "pax",
        "pem",
        "crt",
        "cer",
        "key",
        "cnf",
        "conf",
        "cfg",
        "ctl",
        "txt",
        "out",
        "err",
        "bak",
        "old",
        "new",
        "orig",
        "save",
        "sh",
        "ksh",
        "py",
        "pl",
        "img",
        "iso",
        "bff",
        "mksysb",
        "image",
        "data",
        "json",
        "jsonl",
        "html",
        "xml",
        "csv",
        "so",
        "a",
        "o",
    ]
)
"""Of files, which may be called after a host."""
_SUBJECT = re.compile(
    r"(?m)^[ \t]*(?:\d\.)?(?:C|ST|L|O|OU|CN|DC|UID|emailAddress|countryName|stateOrProvinceName|localityName|"
    r"organizationName|organizationalUnitName|commonName)(?:_default)?[ \t]*=[ \t]*([^\n]+)"
)
_ALTERNATIVE = re.compile(r"\b(?:dns|ip address|email|ip)[:.]\d*\s*=?\s*([^\s,]+)")
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
        lower = text.lower()
        add = {
            "host": lambda name: known.add(name, "host"),
            "user": known.add_user,
            "hardware": known.add_hardware,
            "serial": known.add_serial,
        }
        for kind, word, pattern in _FOUND:
            if word in lower:
                for name in set(pattern.findall(lower)):
                    add[kind](name)
        if "@" in text:
            for user, host in set(_AT_PROMPT.findall(lower)):
                known.add_user(user)
                known.add(host, "host")
        self._words(set(lower.split()))
        if "=" in text:
            for value in set(_SUBJECT.findall(text)):
                known.add_phrase(value)
        for mark in ("dns", "ip address", "email"):
            if mark in lower:
                for name in set(_ALTERNATIVE.findall(lower)):
                    known.add(name, "host")
                    known.add_address(name)

    def _words(self, words: Set[str]) -> None:
        """What shows within a word, in small letters."""
        known = self._known
        with_dots = " ".join([word for word in words if "." in word])
        for address in set(_NUMBERS.findall(with_dots)):
            known.add_address(address)
        self._dotted.update(name for name in _DOTTED.findall(with_dots) if len(self._dotted) < _SEEN)
        for name in {found.group() for found in _FULL.finditer(with_dots)}:
            if not names_software(name):
                known.add(name, "host" if name.count(".") > 1 else "domain")
        for found in _IPV6.finditer(" ".join([word for word in words if word.count(":") > 1])):
            known.add_address(found.group())
        for found in _EMAIL.finditer(" ".join([word for word in words if "@" in word])):
            user, _, place = found.group().partition("@")
            known.add_user(user)
            known.add(place, "domain")

    def _own_domains(self) -> None:
        """Names in a domain of the site, wherever they stood; a domain shows by standing behind a known host too."""
        for name in self._dotted:
            labels = name.split(".")
            if self._known.kinds.get(labels[0]) == "host" and labels[-1] not in _ENDINGS:
                self._known.add(name, "host")
        for name in self._dotted:
            domain = name
            while domain.count(".") > 1:
                domain = domain.split(".", 1)[1]
                if domain in self._known.domains:
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
