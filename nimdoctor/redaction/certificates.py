"""Certificates as what they say, with pseudonyms: all that is left of a certificate file when evidence leaves."""

import base64
import hashlib
import re
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Dict, Optional, Sequence

from nimdoctor.evidence.certificates_only import certificates_only
from nimdoctor.facts.certificates import Certificates
from nimdoctor.model.certificate_record import X509Record
from nimdoctor.model.host_readers import CertificateReader
from nimdoctor.model.text import BadEvidence, Text
from nimdoctor.redaction.site_names import SiteNames
from nimdoctor.redaction.words import CERTIFICATE

_PRINTABLE_NAME = re.compile(
    rb"(?<![A-Za-z0-9])[A-Za-z0-9*](?:[A-Za-z0-9_*-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)+"
)
_PART = re.compile(r"((?:^|(?<!\\)[,+])[A-Za-z0-9.]+=)((?:\\.|[^,+\\])*)")


class CertificateTexts:
    """Reads certificate files of one host, and says them again with pseudonyms."""

    def __init__(self, known: SiteNames, reader: CertificateReader) -> None:
        self._known = known
        self._reader = reader

    def learn(self, raw: bytes) -> None:
        """The names in a file's certificates, alternative ones too."""
        for der in _found(raw).certificates:
            try:
                self.learn_record(self._reader.read(der))
            except BadEvidence:
                pass
            for name in _PRINTABLE_NAME.findall(der):
                self._known.add(name.decode("ascii").lstrip("*."), "host")

    def learn_record(self, record: X509Record) -> None:
        """The names of one certificate."""
        for name in (record.subject, record.issuer):
            for key, value in _PART.findall(name):
                if not key.endswith(("C=", "DC=")) or key.endswith("DC="):
                    self._known.add_phrase(value)
        for digits in (record.fingerprint, record.key_identity, record.key_id, record.issuer_key_id):
            if digits and len(digits) >= 16:
                self._known.digests.add(digits.lower())

    def file(self, path: str, raw: bytes) -> Dict[str, Any]:
        """One file as an entry of the manifest's `certificates`."""
        found = _found(raw)
        entry: Dict[str, Any] = {"path": path, "beside_key": found.holds_private_key, "blank": not raw.strip()}
        entry["certificates"] = [self._certificate(der) for der in found.certificates]
        entry["damaged"] = found.damaged
        entry["damaged_blocks"] = [
            self._keyed(block) for block in found.blocks if not _is_block_of(block, found.certificates)
        ]
        return entry

    def printed(self, command: str, path: str, record: X509Record) -> Dict[str, Any]:
        """A recorded output of `openssl x509` as such an entry."""
        return {"command": command, "path": path, "certificates": [self.record(record)]}

    def _certificate(self, der: bytes) -> Dict[str, Any]:
        try:
            return {"identity": self._keyed(der), **self.record(self._reader.read(der))}
        except BadEvidence as error:
            return {"identity": self._keyed(der), "unread": str(error)}

    def _keyed(self, raw: bytes) -> str:
        return self._known.digest(hashlib.sha256(raw).hexdigest())

    def record(self, record: X509Record) -> Dict[str, Any]:
        """What one certificate says, with pseudonyms for whose it is."""
        known = self._known

        def digest(digits: Optional[str]) -> Optional[str]:
            return known.digest(digits) if digits else digits

        replaced = record._replace(
            subject=self.name(record.subject),
            issuer=self.name(record.issuer),
            serial=known.digest(record.serial),
            fingerprint=digest(record.fingerprint),
            key_identity=digest(record.key_identity),
            key_id=digest(record.key_id),
            issuer_key_id=digest(record.issuer_key_id),
        )
        return dict(replaced._asdict())

    def name(self, name: str) -> str:
        """A name of a certificate: what kind of certificate it is stays, each word of whose does not."""
        return _PART.sub(lambda part: part.group(1) + self._value(part.group(1), part.group(2)), name)

    def _value(self, key: str, value: str) -> str:
        if key.lstrip(",+") == "C=":
            return self._known.country(value)
        return re.sub(r"\\.|[^\s\\@:/,;()\"']+", lambda word: self._word(word.group()), value)

    def _word(self, word: str) -> str:
        if word.startswith("\\") or word.lower() in CERTIFICATE or re.fullmatch(r"[\d.]{1,3}|[\W_]+", word):
            return "" if word.startswith("\\x") else word
        if re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", word):
            try:
                return str(IPv4Address(self._known.ip4(int(IPv4Address(word)))))
            except AddressValueError:
                return self._known.word(word, "name")
        if "." in word.strip("."):
            return self._known.name(word.strip("."), "host")
        inner = re.fullmatch(r"(\W*)(.*\w)(\W*)", word, re.DOTALL)
        return inner.group(1) + self._known.word(inner.group(2), "name") + inner.group(3) if inner else word


class _File:
    certificates: "tuple[bytes, ...]" = ()
    blocks: "tuple[bytes, ...]" = ()
    damaged = 0
    holds_private_key = False


def _found(raw: bytes) -> Any:
    try:
        return Certificates.parse(Text.of(certificates_only(raw), "certificate")).files[0]
    except BadEvidence:
        return _File


def _is_block_of(block: bytes, certificates: Sequence[bytes]) -> bool:
    return block in {base64.b64encode(der) for der in certificates}
