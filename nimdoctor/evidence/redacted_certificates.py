"""Certificates as the manifest of redacted evidence tells them: what they say, and no byte of them.

A certificate of which only that is left has, in the place of its DER, a few bytes that name its entry; the same
certificate has the same bytes on both ends, so that ends are compared as they are by whole certificates.
"""

import base64
import json
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from nimdoctor.model.certificate_record import X509Record
from nimdoctor.model.private_keys import REMOVED
from nimdoctor.model.text import BadEvidence

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
_WORDS = ("subject", "issuer", "serial", "key_type", "signature")
_PERHAPS_WORDS = ("fingerprint", "key_identity", "key_id", "issuer_key_id")
_TIMES = ("not_before", "not_after")


class RedactedCertificate(NamedTuple):
    """One certificate: `record` is what it says, or why it could not be read."""

    identity: str
    record: Union[X509Record, str]

    @property
    def stand_in(self) -> bytes:
        """What stands in the place of its DER."""
        return json.dumps({"identity": self.identity}).encode("ascii")

    def read(self) -> X509Record:
        """Raises BadEvidence where it could not be read when it was redacted."""
        if isinstance(self.record, str):
            raise BadEvidence(self.record)
        return self.record


class RedactedFile(NamedTuple):
    """One file of certificates, or (with `command`) one recorded output of `openssl x509`.

    `blank` says that the file was empty, `damaged` counts blocks that cannot be decoded, and
    `damaged_blocks` tell those with an end apart.
    """

    path: str
    certificates: Tuple[RedactedCertificate, ...]
    command: Optional[str] = None
    beside_key: bool = False
    blank: bool = False
    damaged: int = 0
    damaged_blocks: Tuple[str, ...] = ()

    def content(self) -> bytes:
        """The file again, with the stand-ins of its certificates."""
        blocks = [base64.b64encode(found.stand_in) for found in self.certificates]
        blocks += [b"!" + found.encode("ascii", "replace") for found in self.damaged_blocks]
        text = b"".join(_BEGIN + block + b"\n" + _END for block in blocks)
        text += REMOVED + b"\n" if self.beside_key else b""
        text += _BEGIN * max(0, self.damaged - len(self.damaged_blocks))
        return text or (b"" if self.blank else b"no certificate\n")


def is_stand_in(der: bytes) -> bool:
    """Whether that is what stands in the place of a certificate's DER."""
    return der[:1] == b"{"


def redacted_files(entries: object) -> Tuple[Tuple[RedactedFile, ...], int]:
    """The files as the manifest has them, and how many of its entries are none."""
    found: List[RedactedFile] = []
    damaged = 0
    listed: List[Any] = entries if isinstance(entries, list) else [None]
    for entry in listed:
        try:
            found.append(_file(entry))
        except (KeyError, OverflowError, TypeError, ValueError):
            damaged += 1
    return tuple(found), damaged


def _file(entry: Mapping[str, Any]) -> RedactedFile:
    path, command = entry["path"], entry.get("command")
    if not isinstance(path, str) or not isinstance(command, (str, type(None))):
        raise TypeError("no path")
    return RedactedFile(
        path,
        tuple(_certificate(one) for one in entry["certificates"]),
        command,
        bool(entry.get("beside_key")),
        bool(entry.get("blank")),
        min(int(entry.get("damaged") or 0), 200),
        tuple(str(block) for block in entry.get("damaged_blocks") or ()),
    )


def _certificate(entry: object) -> RedactedCertificate:
    if not isinstance(entry, dict):
        raise TypeError("no certificate")
    identity = str(entry.get("identity") or "")
    if "unread" in entry:
        return RedactedCertificate(identity, str(entry["unread"]))
    values: Dict[str, Any] = {}
    for name in _WORDS:
        values[name] = str(entry[name])
    for name in _PERHAPS_WORDS:
        values[name] = None if entry.get(name) is None else str(entry[name])
    for name in _TIMES:
        values[name] = int(entry[name])
    bits = entry.get("key_bits")
    return RedactedCertificate(
        identity, X509Record(**values, key_bits=None if bits is None else int(bits), is_ca=bool(entry["is_ca"]))
    )
