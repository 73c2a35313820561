"""Learning names from all evidence of a host, before anything of it is replaced."""

import re
from itertools import compress, count, islice
from typing import List, Set

from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.certificates_only import may_be_opened
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.tree import Tree
from nimdoctor.evidence.x509 import X509Reader
from nimdoctor.model.text import TEXT_LIMIT, decode
from nimdoctor.redaction.blocks import pieces
from nimdoctor.redaction.borrowed_tree import BorrowedTree
from nimdoctor.redaction.certificates import CertificateTexts
from nimdoctor.redaction.finders import ADDRESS, KINDS, OPEN, TEXT, ShapeFinder, in_text
from nimdoctor.redaction.ledger import Ledger
from nimdoctor.redaction.levels import names_software
from nimdoctor.redaction.names_in_facts import NamesInFacts
from nimdoctor.redaction.rows import NimEnds
from nimdoctor.redaction.shapes import Shapes
from nimdoctor.redaction.site_names import SiteNames
from nimdoctor.redaction.words import RESERVED

_REMEMBERED = 20_000
"""Names that are remembered while learning, so that one which comes again costs nothing."""
_LONGEST_REMEMBERED = 128
_DOTTED = 200_000
"""Names with dots whose domain may show later."""
_STAMP = re.compile(rb"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} ")
_ENDINGS = frozenset([
    "log", "logs", "gz", "z", "tar", "tgz", "bz2", "zip", "pax", "pem", "crt", "cer", "key", "cnf",
    "conf", "cfg", "ctl", "txt", "out", "err", "bak", "old", "new", "orig", "save", "sh", "ksh", "py",
    "pl", "img", "iso", "bff", "mksysb", "image", "data", "json", "jsonl", "html", "xml", "csv", "so",
    "a", "o"
])  # fmt: skip
"""Of files, which may be called after a host."""


class Learner:
    """Reads one host's evidence into what is known of the site. `dotted` are names with dots whose domain may show later."""

    def __init__(self, known: SiteNames, catalog: Catalog, ledger: Ledger) -> None:
        self._known = known
        self._catalog = catalog
        self._ledger = ledger
        self._dotted: Set[str] = set()
        self._remembered: List[Set[bytes]] = [set() for _ in range(OPEN)]
        self._shapes = Shapes(_STAMP, ShapeFinder().look)

    def learn(self, tree: Tree) -> NimEnds:
        """Everything that names somebody or something there; the ends of NIM that the host knows."""
        borrowed = BorrowedTree(tree)
        evidence = RecordedEvidence("evidence", borrowed, self._catalog)
        host = Host(evidence, self._catalog)
        ends = NamesInFacts(self._known, self._ledger).learn(host)
        outputs = {entry.file for entry in evidence.recorded_commands().values()}
        for name in tree.names():
            if name.startswith("commands/"):
                typed = name[len("commands/") :].replace("_", " ")
                # of one that was made by hand its name is all there is of the command
                (self._lines if name in outputs else self._command)(typed)
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
        found: List[Set[bytes]] = [set() for _ in self._remembered]
        for at, line, plan in compress(zip(count(), lines, plans), plans):
            for start, end, what, base in plan:
                if what == OPEN:
                    found[TEXT].add(line[base:] + b"\n" + _next(lines, at))
                else:
                    found[what].add(line[start:end])
        self._known.add_addresses(found.pop(ADDRESS))
        for what, (texts, remembered) in enumerate(zip(found, self._remembered)):
            new = texts - remembered
            for raw in new:
                if what == TEXT:
                    self._lines(decode(raw))
                else:
                    self._add(what, raw.decode("ascii"))
            if len(remembered) < _REMEMBERED:
                remembered.update(raw for raw in new if len(raw) < _LONGEST_REMEMBERED)

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


def _manifest_strings(evidence: RecordedEvidence) -> List[str]:
    """Command lines, and what they said on stderr."""
    found = [piece.name for piece in evidence.pieces]
    for line, entry in evidence.recorded_commands().items():
        found += [line, entry.stderr]
    return found
