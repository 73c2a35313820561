"""Certificates below /ssl_nimsh/certs: their fingerprints, and never a byte of a private key."""

import base64
import hashlib
import re
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_END = re.compile(r"-----END ([A-Z0-9 ]{1,40})-----")
CERTS = "/ssl_nimsh/certs"
"""Where the certificates of either end are."""
_KEY_REMOVED = "-----PRIVATE KEY REMOVED-----"
"""What the evidence's side leaves in the place of a private key."""


class CertificateFile(NamedTuple):
    """One file: `certificates` are the DER bytes of its certificates, in file order.

    `damaged` counts certificate blocks that cannot be decoded; `holds_private_key` says whether a
    key stands in the file too. `at` means the whole file, since a line of it might be key text.
    `blocks` are the base64 of every CERTIFICATE block that has an end, without blanks: what two ends are
    compared by, also where a block is damaged.
    """

    path: str
    certificates: Tuple[bytes, ...]
    holds_private_key: bool
    at: Quote
    damaged: int = 0
    blocks: Tuple[bytes, ...] = ()

    @property
    def fingerprints(self) -> Tuple[str, ...]:
        """SHA-256 of each certificate as hexadecimal, in file order."""
        # loads OpenSSL's libcrypto, which most scans never need
        return tuple(hashlib.sha256(der).hexdigest() for der in self.certificates)

    @property
    def identities(self) -> Tuple[str, ...]:
        """As `fingerprints`, of every block in file order; of a damaged one the SHA-256 of its base64."""
        decoded = (_der(block.decode("ascii", "replace")) or block for block in self.blocks)
        return tuple(hashlib.sha256(found).hexdigest() for found in decoded)


@fact(Row("/ssl_nimsh/certs/*", Kind.FILE))
class Certificates(NamedTuple):
    """The certificate files of a host, one a path.

    >>> found = Certificates.parse(Text.of('''-----BEGIN CERTIFICATE-----
    ... MAMCAQE=
    ... -----END CERTIFICATE-----
    ... ''', "/ssl_nimsh/certs/server.pem"))
    >>> [(file.path, file.fingerprints[0][:8], file.holds_private_key) for file in found.files]
    [('/ssl_nimsh/certs/server.pem', '1b65f68a', False)]
    """

    files: Tuple[CertificateFile, ...]
    source: str

    @classmethod
    def parse(cls, text: Text) -> "Certificates":
        """Raises BadEvidence when there is no block of a certificate or private key."""
        certificates: List[bytes] = []
        blocks: List[bytes] = []
        damaged, holds_key = 0, False
        for label, body in _blocks(text):
            if label in _CERTIFICATE_LABELS:
                der = _der(body)
                if der is not None:
                    certificates.append(der)
                    blocks.append(base64.b64encode(der))
                else:
                    damaged += 1
                    blocks += [_squeezed(body).encode("utf-8", "replace")] if body else []
            elif label.endswith("PRIVATE KEY"):
                holds_key = True
        if not (certificates or damaged or holds_key):
            # of a file that holds none, nothing else is read either, so that it seems empty here
            raise BadEvidence(f"{text.source} holds no certificate")
        path = text.name if text.name.startswith("/") else text.source
        return cls(
            (CertificateFile(path, tuple(certificates), holds_key, text.whole(), damaged, tuple(blocks)),), text.source
        )

    @classmethod
    def combine(cls, parts: Sequence["Certificates"]) -> "Certificates":
        """The files of all parts; of one path the first counts."""
        files: Dict[str, CertificateFile] = {}
        for part in parts:
            for file in part.files:
                files.setdefault(file.path, file)
        sources = dict.fromkeys(part.source for part in parts)
        return cls(tuple(files.values()), ", ".join(sources))

    def fingerprints(self) -> FrozenSet[str]:
        """The fingerprints of all certificates in all files."""
        return frozenset(fingerprint for file in self.files for fingerprint in file.fingerprints)

    def identities(self) -> FrozenSet[str]:
        """What identifies the CERTIFICATE blocks of all files, damaged ones too."""
        return frozenset(identity for file in self.files for identity in file.identities)

    def whole(self) -> Quote:
        """A quote that means all files."""
        return Quote(self.source, None, "")


def _blocks(text: Text) -> Iterator[Tuple[str, Optional[str]]]:
    """Label and base64 of each PEM block; None for a block without its end. Key bodies are not kept."""
    label, body = "", [""]
    for _, line in text.lines():
        for part in line.split("\r"):
            begin, end = _BEGIN.search(part), _END.search(part)
            if begin:
                if label:
                    yield label, None
                label, body = begin.group(1), []
            elif _KEY_REMOVED in part:
                if label:
                    yield label, None
                label = ""
                yield "PRIVATE KEY", None
            elif end and label:
                yield label, "".join(body) if end.group(1) == label else None
                label = ""
            elif label in _CERTIFICATE_LABELS:
                body.append(part)
    if label:
        yield label, None


def _squeezed(body: str) -> str:
    return "".join(body.replace("\0", "").split())


def _der(body: Optional[str]) -> Optional[bytes]:
    """The certificate's own DER: its outermost SEQUENCE, without the trust settings openssl may append."""
    if body is None:
        return None
    try:
        raw = base64.b64decode(_squeezed(body), validate=True)
    except ValueError:
        return None
    if raw[:1] == b"{":
        # redacted evidence has the name of a certificate's entry in its manifest here
        return raw
    if len(raw) < 2 or raw[0] != 0x30:
        return None
    length, start = raw[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(raw[2:start], "big")
    end = start + length
    return raw[:end] if start < end <= len(raw) else None
