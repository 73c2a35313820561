"""Certificates without their keys: what is left of a file below /ssl_nimsh.

The certificate file that `nimclient -c` brings may hold certificate and key together
(CVE-2025-36096), so no file below /ssl_nimsh is passed on as it is.
"""

import base64
import re
from typing import List, Optional

from nimdoctor.evidence.der import INTEGER, LIMIT, OCTET_STRING, BadDer, taken_apart, values
from nimdoctor.model.private_keys import REMOVED, ends_key, lines_of, without_private_keys

_BEGIN = re.compile(rb"\s*-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\s*\Z")
_END = re.compile(rb"\s*-----END (?:TRUSTED |X509 )?CERTIFICATE-----\s*\Z")
_PRINTABLE = re.compile(rb"[\t\r\n -~]*\Z")


def may_be_opened(path: str) -> bool:
    """Whether a file of that path on the host may be opened at all: never in a keys directory.

    >>> may_be_opened("/ssl_nimsh/keys/serverkey.pem"), may_be_opened("/ssl_nimsh/certs/server.pem")
    (False, True)
    """
    return not (path.startswith("/ssl_nimsh") and "keys" in path.split("/")[2:-1])


def is_guarded(path: str) -> bool:
    """Whether a file of that path passes through `without_keys` before anybody sees it."""
    return path.startswith(("/ssl_nimsh", "/usr/samples/nim/ssl/"))


def without_keys(path: str, raw: bytes) -> bytes:
    """What may be shown of the file: certificates below /ssl_nimsh, but configs as text."""
    if not is_guarded(path):
        return raw
    if path.startswith("/usr/samples/nim/ssl/") or "configs" in path.split("/")[2:-1]:
        return without_private_keys(raw)
    return certificates_only(raw)


def certificates_only(raw: bytes) -> bytes:
    r"""Only the CERTIFICATE blocks, each on the lines where it stood; other lines become blank.

    A private key leaves the marker in its place; one without an end takes all that follows. Of a
    certificate without an end only its first line is left. Without any block the result is empty. Certificates
    in DER become CERTIFICATE blocks; any other DER is dropped, and leaves the marker where it may be a key.

    >>> certificates_only(b"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n")
    b'-----PRIVATE KEY REMOVED-----\n'
    """
    if raw[:1] == b"\x30" and b"-----BEGIN" not in raw:
        binary = _from_der(raw)
        if binary is not None:
            return binary
    lines: List[bytes] = []
    opened: Optional[int] = None  # index in `lines` of the line that began the current certificate
    in_key = False

    def drop_open_block() -> None:
        if opened is not None:
            lines[opened + 1 :] = [b"\n"] * (len(lines) - opened - 1)

    for line in lines_of(raw):
        bare = line[3:] if line.startswith(b"\xef\xbb\xbf") else line
        if in_key:
            in_key = not ends_key(line)
            lines.append(b"\n")
        elif REMOVED in line or b"PRIVATE KEY" in line.upper():
            drop_open_block()
            opened = None
            # a lost beginning still shows by its end, which then ends nothing further
            in_key = REMOVED not in line and not ends_key(line)
            lines.append(REMOVED + b"\n")
        elif _BEGIN.match(bare):
            drop_open_block()
            opened = len(lines)
            lines.append(bare)
        elif opened is not None and _END.match(line):
            lines.append(line)
            opened = None
        else:
            lines.append(line if opened is not None and _PRINTABLE.match(line) else b"\n")
    drop_open_block()
    while lines and lines[-1] == b"\n":
        lines.pop()
    return b"".join(lines)


def _from_der(raw: bytes) -> Optional[bytes]:
    """The certificates of a file in DER as blocks; None where not even its beginning is DER.

    Only what has the shape of a certificate from its first byte to its last goes on. A key (PKCS#1, PKCS#8, SEC 1)
    or a PKCS#12 file begins with a number, an encrypted PKCS#8 with an algorithm and the bytes: none has that shape.
    """
    blocks: List[bytes] = []
    try:
        for found in values(raw[: LIMIT * 16]):
            try:
                taken_apart(found.raw)
            except BadDer:
                blocks.append(REMOVED + b"\n" if _may_be_key(found.content) else b"\n")
            else:
                blocks.append(certificate_block(found.raw))
    except BadDer:
        # what does not even part into values is cut off there
        if not blocks:
            return None
    return b"".join(blocks)


def _may_be_key(content: bytes) -> bool:
    try:
        tags = [value.tag for value in values(content)]
    except BadDer:
        return True
    return tags[:1] == [INTEGER] or OCTET_STRING in tags


def certificate_block(der: bytes) -> bytes:
    """The CERTIFICATE block of one certificate in DER."""
    body = base64.b64encode(der)
    lines = b"\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return b"-----BEGIN CERTIFICATE-----\n" + lines + b"\n-----END CERTIFICATE-----\n"
