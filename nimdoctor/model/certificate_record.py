"""What a certificate says, shared by the readers of evidence and the facts."""

import re
from typing import NamedTuple, Optional

_DIGEST = re.compile(r"(?i)(md[245]|sha3-\d+|sha\d+|ripemd160)")


class X509Record(NamedTuple):
    """One certificate. What a printed form leaves out is None, or empty for a word.

    `subject` and `issuer` are names in ASCII as `openssl x509 -nameopt RFC2253` writes them: last part first,
    `CN=nim1 NIM root,O=Example`. `serial` is hexadecimal, as are `fingerprint` and `key_identity`, the SHA-256 of
    the whole certificate and of its SubjectPublicKeyInfo, by which certificates are paired whatever their
    names. The validity is in seconds since 1970 UTC. `key_type` is RSA, EC, ..., `key_bits` the size of its
    modulus or field; `signature` the algorithm by OpenSSL's name. `key_id` and `issuer_key_id` are the
    extensions SubjectKeyIdentifier and AuthorityKeyIdentifier.
    """

    subject: str
    issuer: str
    serial: str
    fingerprint: Optional[str]
    not_before: int
    not_after: int
    key_type: str
    key_bits: Optional[int]
    key_identity: Optional[str]
    signature: str
    is_ca: bool
    key_id: Optional[str] = None
    issuer_key_id: Optional[str] = None

    @property
    def self_signed(self) -> bool:
        """Whether its subject is its issuer, by name and, where both are there, by key identifier."""
        return bool(self.subject) and self.may_have_issued(self)

    @property
    def digest(self) -> str:
        """The hash in its signature, in small letters: `md5`, `sha1`, `sha256`; empty where there is none."""
        found = _DIGEST.search(self.signature)
        return found.group(1).lower() if found else ""

    def may_have_issued(self, other: "X509Record") -> bool:
        """Whether nothing speaks against its being the issuer of another: the name fits, and so do key identifiers."""
        if self.subject != other.issuer:
            return False
        return self.key_id is None or other.issuer_key_id is None or self.key_id == other.issuer_key_id
