"""What `openssl x509` prints of a certificate, of any version since 0.9.8.

The form that is asked for is that of `ARGUMENTS`; what people recorded with other options is read as far as it goes.
"""

import base64
import calendar
import re
from typing import Dict, List, Optional, Tuple

from nimdoctor.evidence.der import BadDer, public_key, sha256
from nimdoctor.model.certificate_record import X509Record

ARGUMENTS = ("x509", "-noout", "-text", "-nameopt", "RFC2253", "-pubkey", "-fingerprint", "-sha256")
"""Options that OpenSSL has had since 0.9.8."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\d{4}) GMT\s*\Z")
_LINE = re.compile(r"\s*(Not Before|Not After|notBefore|notAfter|Subject|subject|Issuer|issuer|serial)\s*[:=] ?(.*)")
_SERIAL = re.compile(r"\s*Serial Number:\s*(.*)")
_FINGERPRINT = re.compile(r"(?i)\s*sha-?256 Fingerprint=((?:[0-9A-F]{2}:?){32})\s*\Z")
_BITS = re.compile(r"\s*(?:(RSA|EC|DSA|ED25519|ED448) )?Public[- ]Key: \((\d{1,6}) bit")
_ALGORITHM = re.compile(r"\s*Public Key Algorithm: (\S+)")
_SIGNATURE = re.compile(r"\s*Signature Algorithm: (\S+)")
_HASH = re.compile(r"\s*Hash Algorithm: (\S+)")
_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----")
_HEXADECIMAL = re.compile(r"\s*(?:keyid:)?((?:[0-9A-Fa-f]{2}:)*[0-9A-Fa-f]{2})\s*\Z")
_PART = re.compile(r"[A-Za-z][A-Za-z0-9.]*|\d+(?:\.\d+)+")
_KEY_TYPES = {"rsaEncryption": "RSA", "id-ecPublicKey": "EC", "dsaEncryption": "DSA", "rsassaPss": "RSA-PSS"}
_WORDS = {"Not Before": "notBefore", "Not After": "notAfter", "Subject": "subject", "Issuer": "issuer"}
_LIMIT = 256 * 1024


def parse(text: str) -> X509Record:
    """The first certificate printed there. Raises ValueError when its validity is not."""
    lines = text[:_LIMIT].splitlines()
    fields: Dict[str, str] = {}
    extensions: Dict[str, str] = {}
    signature = digest = algorithm = ""
    bits: Optional[int] = None
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        found = _LINE.match(line)
        if found:
            fields.setdefault(_WORDS.get(found.group(1), found.group(1)), found.group(2))
        elif line.strip().startswith("X509v3 "):
            extensions.setdefault(line.strip()[len("X509v3 ") :].split(":")[0], following)
        elif _SERIAL.match(line):
            fields.setdefault("serial", _serial(_after(_SERIAL, line), following))
        elif _FINGERPRINT.match(line):
            fields.setdefault("fingerprint", _after(_FINGERPRINT, line).replace(":", "").lower())
        elif _BITS.match(line):
            bits = bits or int(_after(_BITS, line, 2))
        elif _ALGORITHM.match(line):
            algorithm = algorithm or _after(_ALGORITHM, line)
        elif _SIGNATURE.match(line):
            signature = signature or _after(_SIGNATURE, line)
        elif _HASH.match(line):
            digest = digest or _after(_HASH, line)
    key = _KEY.search(text[:_LIMIT])
    key_type, key_bits, identity = (
        _public_key(key.group(1)) if key else (_KEY_TYPES.get(algorithm, algorithm), bits, None)
    )
    return X509Record(
        subject=_name(fields.get("subject", "")),
        issuer=_name(fields.get("issuer", "")),
        serial=_plain_number(fields.get("serial", "")),
        fingerprint=fields.get("fingerprint"),
        not_before=_seconds(fields.get("notBefore", "")),
        not_after=_seconds(fields.get("notAfter", "")),
        key_type=key_type,
        key_bits=key_bits,
        key_identity=identity,
        signature=f"{signature}-{digest}" if signature == "rsassaPss" and digest else signature,
        is_ca="CA:TRUE" in extensions.get("Basic Constraints", ""),
        key_id=_bytes(extensions.get("Subject Key Identifier", "")),
        issuer_key_id=_bytes(extensions.get("Authority Key Identifier", "")),
    )


def _after(pattern: "re.Pattern[str]", line: str, group: int = 1) -> str:
    found = pattern.match(line)
    return found.group(group).strip() if found else ""


def _serial(here: str, following: str) -> str:
    """`4660 (0x1234)`, or bytes parted by colons on the next line, which `(Negative)` may precede."""
    printed = re.match(r"-?\d+ \((-?)0x([0-9A-Fa-f]+)\)", here)
    if printed:
        return printed.group(1) + printed.group(2)
    sign = "-" if "(Negative)" in here + following else ""
    found = _HEXADECIMAL.match(following.replace("(Negative)", ""))
    return sign + found.group(1).replace(":", "") if found else ""


def _plain_number(printed: str) -> str:
    try:
        return f"{int(printed.strip(), 16):x}"
    except ValueError:
        return ""


def _bytes(line: str) -> Optional[str]:
    found = _HEXADECIMAL.match(line)
    return found.group(1).replace(":", "").lower() if found else None


def _seconds(date: str) -> int:
    found = _DATE.match(date)
    if not found or found.group(1) not in _MONTHS:
        raise ValueError("its validity is not printed as openssl does")
    month = _MONTHS.index(found.group(1)) + 1
    day, hour, minute, second, year = (int(found.group(place)) for place in range(2, 7))
    return calendar.timegm((year, month, day, hour, minute, second))


def _public_key(body: str) -> Tuple[str, Optional[int], Optional[str]]:
    try:
        raw = base64.b64decode("".join(body.split()), validate=True)
        return (*public_key(raw), sha256(raw))
    except BadDer as error:
        raise ValueError(f"its public key: {error}") from error


def _name(printed: str) -> str:
    """A name in the form of RFC 2253, whatever form it was printed in.

    >>> _name("CN=nim1,O=Example"), _name("C = BG, O = Example, CN = nim1"), _name(" /C=BG/O=Example/CN=nim1")
    ('CN=nim1,O=Example', 'CN=nim1,O=Example,C=BG', 'CN=nim1,O=Example,C=BG')
    >>> _name("C=BG, O=Example, CN=nim1/emailAddress=nim@example.com")
    'emailAddress=nim@example.com,CN=nim1,O=Example,C=BG'
    """
    text = printed.lstrip().rstrip("\r\n")
    if text.startswith("/"):
        parts = _split(text[1:], "/")
    elif re.search(r"(?<!\\), [A-Za-z0-9.]+ ?=", text) or re.match(r"[A-Za-z0-9.]+ = ", text):
        parts = [piece for part in _split(text, ", ") for piece in _split(part, "/")]
    else:
        return text
    return ",".join("=".join(map(str.strip, part.split("=", 1))) for part in reversed(parts))


def _split(text: str, separator: str) -> List[str]:
    """The parts of a name; a separator without a part's beginning behind it belongs to the part before."""
    parts: List[List[str]] = []
    for piece in text.split(separator):
        begins = "=" in piece and _PART.fullmatch(piece.split("=", 1)[0].strip())
        if parts and not begins:
            parts[-1].append(piece)
        else:
            parts.append([piece])
    return list(map(separator.join, parts))
