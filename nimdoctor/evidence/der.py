"""A strict reader of X.509 certificates in DER: the standard library only, bounded, and no more than a scan needs.

It takes what is plain DER and refuses everything else with `BadDer`; who asked then goes another way.
"""

import calendar
import importlib
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from nimdoctor.model.certificate_record import X509Record

LIMIT = 64 * 1024
"""Bytes of a certificate; real ones have one or two thousand."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTF8, UTC_TIME, GENERALIZED_TIME, BMP, UNIVERSAL = 0x0C, 0x17, 0x18, 0x1E, 0x1C
SEQUENCE, SET = 0x30, 0x31
_ONE_BYTE_STRINGS = (0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1A, 0x1B)

ATTRIBUTES: Dict[str, str] = {
    "2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
    "2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.13": "description",
    "2.5.4.15": "businessCategory", "2.5.4.17": "postalCode", "2.5.4.20": "telephoneNumber", "2.5.4.41": "name",
    "2.5.4.42": "GN", "2.5.4.43": "initials", "2.5.4.44": "generationQualifier", "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym", "0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress", "1.2.840.113549.1.9.2": "unstructuredName",
}  # fmt: skip
"""Short names of the parts of a name, as OpenSSL has them."""

SIGNATURES: Dict[str, str] = {
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption", "1.2.840.113549.1.1.3": "md4WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption", "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "rsassaPss", "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption", "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption", "1.3.14.3.2.29": "sha1WithRSA",
    "1.3.36.3.3.1.2": "ripemd160WithRSA", "1.2.840.10040.4.3": "dsaWithSHA1",
    "2.16.840.1.101.3.4.3.1": "dsa_with_SHA224", "2.16.840.1.101.3.4.3.2": "dsa_with_SHA256",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1", "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256", "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512", "1.3.101.112": "ED25519", "1.3.101.113": "ED448",
}  # fmt: skip
"""Signature algorithms by OpenSSL's long names."""

_HASHES = {
    "1.2.840.113549.2.5": "md5", "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512", "2.16.840.1.101.3.4.2.4": "sha224",
}  # fmt: skip
_PSS = "rsassaPss"
_KEYS = {
    "1.2.840.113549.1.1.1": "RSA", "1.2.840.113549.1.1.10": "RSA-PSS", "1.2.840.10045.2.1": "EC",
    "1.2.840.10040.4.1": "DSA", "1.3.101.112": "ED25519", "1.3.101.113": "ED448",
}  # fmt: skip
_CURVES = {
    "1.2.840.10045.3.1.1": 192, "1.3.132.0.33": 224, "1.2.840.10045.3.1.7": 256, "1.3.132.0.10": 256,
    "1.3.132.0.34": 384, "1.3.132.0.35": 521, "1.3.36.3.3.2.8.1.1.7": 256, "1.3.36.3.3.2.8.1.1.11": 384,
    "1.3.36.3.3.2.8.1.1.13": 512,
}  # fmt: skip
_CONSTRAINTS, _KEY_ID, _ISSUER_KEY_ID = "2.5.29.19", "2.5.29.14", "2.5.29.35"


class BadDer(ValueError):
    """These bytes are not what is asked for in plain DER; the message says where they leave it."""


class Value(NamedTuple):
    """One value: its tag, its content, and the whole of it with tag and length."""

    tag: int
    content: bytes
    raw: bytes


def values(raw: bytes) -> Iterator[Value]:
    """The values that stand one after another. Raises BadDer."""
    at = 0
    while at < len(raw):
        found = _value(raw, at)
        at += len(found.raw)
        yield found


def _value(raw: bytes, at: int) -> Value:
    if at + 2 > len(raw):
        raise BadDer("it ends within a value")
    tag, length, start = raw[at], raw[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise BadDer("a tag of several bytes")
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or start + size > len(raw):
            raise BadDer("a length that is not plain DER")
        length = int.from_bytes(raw[start : start + size], "big")
        if length < 0x80 or length >> (8 * (size - 1)) == 0:
            raise BadDer("a length that is longer than it need be")
        start += size
    end = start + length
    if end > len(raw):
        raise BadDer("a value that is longer than what holds it")
    return Value(tag, raw[start:end], raw[at:end])


def whole(raw: bytes, tag: int = SEQUENCE) -> Value:
    """The one value that all of the bytes are. Raises BadDer."""
    found = _value(raw, 0)
    if len(found.raw) != len(raw):
        raise BadDer("something stands behind it")
    return _of(found, tag)


def _of(found: Value, *tags: int) -> Value:
    if found.tag not in tags:
        raise BadDer(f"tag {found.tag:#04x} in the place of {tags[0]:#04x}")
    return found


def _parts(found: Value, least: int, most: int) -> List[Value]:
    inside = list(values(found.content))
    if not least <= len(inside) <= most:
        raise BadDer(f"{len(inside)} parts in the place of {least}")
    return inside


class Certificate(NamedTuple):
    """A certificate taken apart, its parts not yet read."""

    serial: Value
    signature: Value
    issuer: Value
    not_before: Value
    not_after: Value
    subject: Value
    public_key: Value
    extensions: Optional[Value]


def taken_apart(raw: bytes) -> Certificate:
    """The parts of a certificate that all of the bytes are: nothing else has this shape, no kind of key above all.

    Raises BadDer.
    """
    if len(raw) > LIMIT:
        raise BadDer(f"it is longer than {LIMIT // 1024} KiB")
    signed, algorithm, signature = _parts(whole(raw), 3, 3)
    _of(signature, BIT_STRING)
    inside = _parts(_of(signed, SEQUENCE), 6, 10)
    if inside[0].tag == 0xA0:
        whole(inside.pop(0).content, INTEGER)
    if len(inside) < 6:
        raise BadDer("it has too few parts")
    serial, own_algorithm, issuer, validity, subject, public_key = inside[:6]
    if own_algorithm.raw != algorithm.raw:
        raise BadDer("it names two signature algorithms")
    for part in (own_algorithm, issuer, subject, public_key):
        _of(part, SEQUENCE)
    _of(serial, INTEGER)
    not_before, not_after = _parts(_of(validity, SEQUENCE), 2, 2)
    extensions = None
    for part in inside[6:]:
        if part.tag == 0xA3:
            extensions = whole(part.content)
        elif part.tag not in (0x81, 0x82, 0xA1, 0xA2):
            raise BadDer(f"a part of tag {part.tag:#04x}")
    return Certificate(serial, algorithm, issuer, not_before, not_after, subject, public_key, extensions)


def read_certificate(raw: bytes) -> X509Record:
    """What the certificate says. Raises BadDer."""
    found = taken_apart(raw)
    key_type, key_bits = public_key(found.public_key.raw)
    is_ca, key_id, issuer_key_id = _extensions(found.extensions)
    return X509Record(
        subject=name_text(found.subject.raw),
        issuer=name_text(found.issuer.raw),
        serial=f"{_integer(found.serial):x}",
        fingerprint=sha256(raw),
        not_before=_time(found.not_before),
        not_after=_time(found.not_after),
        key_type=key_type,
        key_bits=key_bits,
        key_identity=sha256(found.public_key.raw),
        signature=_signature(found.signature),
        is_ca=is_ca,
        key_id=key_id,
        issuer_key_id=issuer_key_id,
    )


def sha256(raw: bytes) -> str:
    """As hexadecimal."""
    return str(_sha256_of_python()(raw).hexdigest())


@cache
def _sha256_of_python() -> Callable[[bytes], Any]:
    """Python's own, by its names before and since 3.12: hashlib loads OpenSSL's libcrypto first, which every scan would wait for."""
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            return importlib.import_module(name).sha256  # type: ignore[no-any-return]
        except ImportError:
            continue
    raise ImportError("this Python has no SHA-256")


def public_key(raw: bytes) -> Tuple[str, Optional[int]]:
    """Type and bits of a SubjectPublicKeyInfo; bits are None where the type has but one size. Raises BadDer."""
    algorithm, key = _parts(whole(raw), 2, 2)
    inside = _parts(_of(algorithm, SEQUENCE), 1, 2)
    kind = _oid(inside[0])
    bits = _of(key, BIT_STRING).content
    name = _KEYS.get(kind, kind)
    parameters = inside[1] if len(inside) > 1 else None
    if not bits or bits[0] != 0:
        raise BadDer("a key of incomplete bytes")
    if name in ("RSA", "RSA-PSS"):
        modulus, _ = _parts(whole(bits[1:]), 2, 2)
        return name, _integer(modulus).bit_length()
    if name == "EC" and parameters and parameters.tag == OID:
        return name, _CURVES.get(_oid(parameters))
    if name == "DSA" and parameters and parameters.tag == SEQUENCE:
        return name, _integer(_parts(parameters, 3, 3)[0]).bit_length()
    return name, None


def name_text(raw: bytes) -> str:
    """A name as `openssl x509 -nameopt RFC2253` writes it. Raises BadDer."""
    text = ""
    for relative in reversed(list(values(whole(raw).content))):
        parts = [_attribute(part) for part in reversed(list(values(_of(relative, SET).content)))]
        text += ("," if text else "") + "+".join(parts)
    return text


def _attribute(found: Value) -> str:
    kind, value = _parts(_of(found, SEQUENCE), 2, 2)
    dotted = _oid(kind)
    known = ATTRIBUTES.get(dotted)
    letters = _letters(value) if known else None
    if letters is None:
        return f"{known or dotted}=#{value.raw.hex().upper()}"
    return f"{known}={_escaped(letters)}"


def _letters(value: Value) -> Optional[str]:
    """The letters of a string; None of what is none."""
    raw = value.content
    try:
        if value.tag == UTF8:
            return raw.decode("utf-8")
        if value.tag == BMP:
            # two bytes a letter, without pairs of them
            if len(raw) % 2:
                raise BadDer("a string of half a letter")
            return "".join(chr(int.from_bytes(raw[at : at + 2], "big")) for at in range(0, len(raw), 2))
        if value.tag == UNIVERSAL:
            return raw.decode("utf-32-be")
    except UnicodeDecodeError as error:
        raise BadDer("a string that cannot be decoded") from error
    return raw.decode("iso8859-1") if value.tag in _ONE_BYTE_STRINGS else None


def _escaped(letters: str) -> str:
    out = []
    for at, letter in enumerate(letters):
        last, first = at == len(letters) - 1, at == 0
        if letter in '"+,;<>\\' or (letter == " " and (first or last)) or (letter == "#" and first and not last):
            out.append("\\" + letter)
        elif " " <= letter <= "~":
            out.append(letter)
        else:
            out += [f"\\{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass")]
    return "".join(out)


def _signature(algorithm: Value) -> str:
    inside = _parts(algorithm, 1, 2)
    dotted = _oid(inside[0])
    name = SIGNATURES.get(dotted, dotted)
    if name != _PSS:
        return name
    digest = "1.3.14.3.2.26"
    for part in values(inside[1].content) if len(inside) > 1 else ():
        if part.tag == 0xA0:
            digest = _oid(_parts(whole(part.content), 1, 2)[0])
    return f"{_PSS}-{_HASHES.get(digest, digest)}"


def _extensions(found: Optional[Value]) -> Tuple[bool, Optional[str], Optional[str]]:
    """Whether it is a CA's, and the identifiers of its own and of its issuer's key."""
    is_ca, key_id, issuer_key_id = False, None, None
    for extension in values(found.content) if found else ():
        inside = _parts(_of(extension, SEQUENCE), 2, 3)
        kind, content = _oid(inside[0]), _of(inside[-1], OCTET_STRING).content
        if kind == _CONSTRAINTS:
            first = next(values(whole(content).content), None)
            is_ca = first is not None and first.tag == BOOLEAN and first.content != b"\0"
        elif kind == _KEY_ID:
            key_id = whole(content, OCTET_STRING).content.hex()
        elif kind == _ISSUER_KEY_ID:
            first = next(values(whole(content).content), None)
            issuer_key_id = first.content.hex() if first is not None and first.tag == 0x80 else None
    return is_ca, key_id, issuer_key_id


def _integer(found: Value) -> int:
    raw = _of(found, INTEGER).content
    if not raw or (len(raw) > 1 and raw[0] in (0, 0xFF) and (raw[0] ^ raw[1]) < 0x80):
        raise BadDer("a number that is not plain DER")
    return int.from_bytes(raw, "big", signed=True)


def _oid(found: Value) -> str:
    return _dotted(_of(found, OID).content)


@lru_cache(maxsize=256)
def _dotted(raw: bytes) -> str:
    if not raw or raw[-1] & 0x80 or len(raw) > 64:
        raise BadDer("an object identifier that does not end")
    numbers, number = [], 0
    for byte in raw:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def _time(found: Value) -> int:
    raw = _of(found, UTC_TIME, GENERALIZED_TIME).content
    digits, end = raw[:-1], raw[-1:]
    if end != b"Z" or not digits.isdigit() or len(digits) != (12 if found.tag == UTC_TIME else 14):
        raise BadDer("a time that is not plain DER")
    text = digits.decode("ascii")
    if found.tag == UTC_TIME:
        text = ("19" if text >= "50" else "20") + text
    try:
        time = datetime(*(int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2))))  # type: ignore[arg-type]
    except ValueError as error:
        raise BadDer("a time that is none") from error
    return calendar.timegm(time.timetuple())
