"""Bytes as the text that somebody saved."""

import codecs

from nimdoctor.model.text import decode

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOKED_AT = 4096
_MANY, _FEW = 0.7, 0.1


def decoded(raw: bytes) -> str:
    """The text of a file of whatever editor, without its byte order mark; never an error.

    >>> decoded("lpar7".encode("utf-16")) == decoded("lpar7".encode("utf-16-be")) == decoded(b"\\xef\\xbb\\xbflpar7")
    True
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            rest = raw[len(mark) :]
            return decode(rest) if encoding == "utf-8" else rest.decode(encoding, "replace")
    wide = _wide(raw[:_LOOKED_AT]) if b"\0" in raw[:_LOOKED_AT] else ""
    return raw.decode(wide, "replace") if wide else decode(raw)


def _wide(sample: bytes) -> str:
    """UTF-16 without its mark, by the NUL of every second byte; a log may have a hole, which is NUL throughout."""
    first, second = sample[0::2], sample[1::2]
    if not second:
        return ""
    nul = first.count(0) / len(first), second.count(0) / len(second)
    if nul[0] < _FEW and nul[1] > _MANY:
        return "utf-16-le"
    return "utf-16-be" if nul[1] < _FEW and nul[0] > _MANY else ""
