"""Learning names from all evidence of a host, before anything of it is replaced."""

import re
from itertools import compress, count, islice
from typing import BinaryIO, Iterable, List, Sequence, Set

from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.certificates_only import may_be_opened
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.tree import Tree
from nimdoctor.evidence.x509 import X509Reader
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
from nimdoctor.model.text import TEXT_LIMIT, decode
from nimdoctor.redaction.blocks import pieces
from nimdoctor.redaction.certificates import CertificateTexts
from nimdoctor.redaction.finders import ADDRESS, KINDS, OPEN, TEXT, ShapeFinder, in_text
from nimdoctor.redaction.ledger import Ledger
from nimdoctor.redaction.levels import names_software
from nimdoctor.redaction.rows import PORTS, NimEnds
from nimdoctor.redaction.shapes import Shapes
from nimdoctor.redaction.site_names import SiteNames
from nimdoctor.redaction.words import RESERVED

_SEEN = 20_000
"""Names that are remembered while learning, so that one which comes again costs nothing."""
_LONGEST_SEEN = 128
_DOTTED = 200_000
"""Names with dots whose domain may show later."""
_STAMP = re.compile(rb"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} ")
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
_REFERENCES = ("serves", "server", "spot", "lpp_source", "mksysb", "bosinst_data", "image_data", "script", "resolv_conf",
               "members", "member", "mgmt_source", "groups", "client", "current_master", "control", "net_definition",
               "lpp_source_default", "exclude_files", "fix_bundle", "installp_bundle", "root", "dump", "boot",
               "paging", "home", "shared_root", "master", "alternate_master", "source", "cec", "hmc", "vg", "management_source")  # fmt: skip


class BorrowedTree:
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

    def __init__(self, known: SiteNames, catalog: Catalog, ledger: Ledger) -> None:
        self._known = known
        self._catalog = catalog
        self._ledger = ledger
        self._dotted: Set[str] = set()
        self._seen: List[Set[bytes]] = [set() for _ in range(OPEN)]
        self._shapes = Shapes(_STAMP, ShapeFinder().look)

    def learn(self, tree: Tree) -> NimEnds:
        """Everything that names somebody or something there; the ends of NIM that the host knows."""
        borrowed = BorrowedTree(tree)
        evidence = RecordedEvidence("evidence", borrowed, self._catalog)
        host = Host(evidence, self._catalog)
        ends = self._structured(host)
        claimed = {entry.file for entry in evidence.recorded_commands().values()}
        for name in tree.names():
            if name.startswith("commands/"):
                typed = name[len("commands/") :].replace("_", " ")
                # of one that was made by hand its name is all there is of the command
                (self._lines if name in claimed else self._command)(typed)
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
        self._own_domains()
        return ends

    def _certificates(self, evidence: RecordedEvidence, tree: Tree) -> None:
        reader = X509Reader(evidence, self._catalog)
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
        for file in evidence.redacted_certificates:
            texts.learn(file.content())

    # -- what parsers find

    def _structured(self, host: Host) -> NimEnds:
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
            called = _lower({lookup.asked, lookup.name})
            for name in (lookup.asked, lookup.name, *lookup.aliases):
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
        lines = piece.split(b"\n")
        plans = self._shapes.plans(piece)
        found: List[Set[bytes]] = [set() for _ in self._seen]
        for at, line, plan in compress(zip(count(), lines, plans), plans):
            for start, end, what, base in plan:
                if what == OPEN:
                    found[TEXT].add(line[base:] + b"\n" + _next(lines, at))
                else:
                    found[what].add(line[start:end])
        self._known.add_addresses(found.pop(ADDRESS))
        for what, (texts, seen) in enumerate(zip(found, self._seen)):
            new = texts - seen
            for raw in new:
                if what == TEXT:
                    self._lines(decode(raw))
                else:
                    self._add(what, raw.decode("ascii"))
            if len(seen) < _SEEN:
                seen.update(raw for raw in new if len(raw) < _LONGEST_SEEN)

    def _lines(self, text: str) -> None:
        for what, name in in_text(text):
            self._add(what, name)

    def _add(self, what: int, name: str) -> None:
        known, kind = self._known, KINDS[what]
        if kind == "address":
            known.add_address(name)
        elif kind == "host":
            known.add(name, "host")
        elif kind == "user":
            known.add_user(name)
        elif kind == "hardware":
            known.add_hardware(name)
        elif kind == "serial":
            known.add_serial(name)
        elif kind == "location":
            known.add_serial(name, sure=True)
        elif kind == "dotted":
            # a longer one is no name
            if len(self._dotted) < _DOTTED and len(name) <= 255:
                self._dotted.add(name.lower())
        elif kind == "full":
            if not names_software(name):
                known.add(name, "host" if name.count(".") > 1 else "domain")
        elif kind == "email":
            user, _, place = name.partition("@")
            known.add_user(user)
            known.add(place, "domain")
        elif kind == "alternative":
            known.add(name, "host")
            known.add_address(name)
        else:
            known.add_phrase(name)

    def _own_domains(self) -> None:
        """Names in a domain of the site, wherever they stood; a domain shows by standing behind a known host too."""
        for name in sorted(self._dotted):
            labels = name.split(".")
            if self._known.kinds.get(labels[0]) == "host" and labels[-1] not in _ENDINGS:
                self._known.add(name, "host")
        for name in sorted(self._dotted):
            domain = name
            while domain.count(".") > 1:
                domain = domain.split(".", 1)[1]
                if domain in self._known.domains:
                    self._known.add(name, "host")
                    break


def _next(lines: List[bytes], at: int) -> bytes:
    """The next line with anything in it, without its stamp."""
    for line in islice(lines, at + 1, None):
        if line.strip():
            return _STAMP.sub(b"", line, count=1) if _STAMP.match(line) else line
    return b""


def _lower(names: Iterable[str]) -> Set[str]:
    return {name.lower() for name in names}


def _manifest_strings(evidence: RecordedEvidence) -> List[str]:
    """Command lines, and what they said on stderr."""
    found = [piece.name for piece in evidence.pieces]
    for line, entry in evidence.recorded_commands().items():
        found += [line, entry.stderr]
    return found
