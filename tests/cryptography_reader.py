"""Certificates as the library `cryptography` reads them: somebody else's word for what our own readers give."""

import warnings
from datetime import timezone
from typing import Any, Tuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nimdoctor.evidence.der import SIGNATURES, name_text, public_key, sha256
from nimdoctor.model.certificate_record import X509Record
from nimdoctor.model.text import BadEvidence


def by_cryptography(der: bytes) -> X509Record:
    """As the library reads it. Raises BadEvidence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = x509.load_der_x509_certificate(der)
            signature = SIGNATURES.get(found.signature_algorithm_oid.dotted_string)
            if signature == "rsassaPss" and found.signature_hash_algorithm:
                signature += f"-{found.signature_hash_algorithm.name}"
            key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            key_type, key_bits = public_key(key)
            since, until = _validity(found)
            own = _extension(found, x509.SubjectKeyIdentifier)
            issuers = _extension(found, x509.AuthorityKeyIdentifier)
            constraints = _extension(found, x509.BasicConstraints)
            return X509Record(
                subject=name_text(found.subject.public_bytes()),
                issuer=name_text(found.issuer.public_bytes()),
                serial=f"{found.serial_number:x}",
                fingerprint=sha256(der),
                not_before=since,
                not_after=until,
                key_type=key_type,
                key_bits=key_bits,
                key_identity=sha256(key),
                signature=signature or found.signature_algorithm_oid.dotted_string,
                is_ca=bool(constraints and constraints.ca),
                key_id=own.digest.hex() if own else None,
                issuer_key_id=issuers.key_identifier.hex() if issuers and issuers.key_identifier else None,
            )
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of its Rust part is no Exception
        raise BadEvidence(f"cryptography: {_first_line(error)}") from error


def _validity(found: Any) -> Tuple[int, int]:
    """Epoch seconds; before cryptography 42 the times were without a zone, in UTC."""
    moments = []
    for name in ("not_valid_before", "not_valid_after"):
        moment = getattr(found, name + "_utc", None) or getattr(found, name).replace(tzinfo=timezone.utc)
        moments.append(int(moment.timestamp()))
    return moments[0], moments[1]


def _extension(found: Any, kind: Any) -> Any:
    try:
        return found.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _first_line(error: BaseException) -> str:
    text = str(error).splitlines()
    return ascii(text[0][:200])[1:-1] if text else type(error).__name__
