"""Inputs made of others: lines and bytes changed, separators pumped, what is packed or structured changed inside."""

import gzip
import json
import zlib
from random import Random
from typing import Any, Callable, List, Sequence

LIMIT = 32 * 1024
"""Bytes of an input. A deadline tells what is not linear well before that."""
ODD = (
    b"\0", b"\r", b"\r\n", b"\n\n", b"\t", b"\x0c", b"\x85", b"\xe4", b"\xff\xfe", b"\xc2\xb2", b"\xd9\xa3",
    b"\xed\xa0\x80", b"\\ud800", b"\xe2\x80\xa8", b"\x1b[31m", b"%s%n", b"*", b"[z-a]", b"..", b"/", b"//", b":", b"::",
    b"=", b"-", b"--", b"#", b"'", b'"', b"`id`", b"$(id)", b"0", b"-1", b"1e999", b"NaN", b"99999999999999999999",
    b"0x10", b"2**64", b"Feb 30 25:61:61 0000", b"999.999.999.999", b"::ffff:1.2.3.4", b"a@b.c", b"null", b"true",
    b"-----BEGIN PRIVATE KEY-----", b"-----END RSA PRIVATE KEY-----", b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY",
    b"root@nim1:/# lssrc -a", b"# lsnim -l", b"> ", b"nim1: ",
)  # fmt: skip
PUMPED = (
    b" ",
    b"\t",
    b"-",
    b".",
    b":",
    b"a",
    b"0",
    b"/",
    b"-BEGIN ",
    b"\n",
    b"\r",
    b"=",
    b", ",
    b"a.",
    b"1.",
    b"[",
    b"\0",
)
VALUES = (
    None, True, False, 0, -1, 2**63, 2**70, 1e308, float("nan"), float("inf"), "", " ", "x", "\ud800", "\0", "a\nb", "../x",
    "/etc/hosts", "client", [], {}, [None], [[]], {"": None}, {"a": {"b": []}}, "9" * 400,
)  # fmt: skip


def mutated(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """Another input made of `raw`, now and then with a piece of one of the others; not longer than LIMIT."""
    if raw[:2] == b"\x1f\x8b" and chance.random() < 0.8:
        try:
            return gzip.compress(mutated(gzip.decompress(raw), others, chance), 1)
        except (OSError, EOFError, zlib.error):
            pass
    document = _document(raw)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if document is not None and chance.random() < 0.7:
            document = _other_value(document, chance)
            raw = json.dumps(document).encode("ascii")
        else:
            raw = chance.choice(CHANGES)(raw, others, chance)[:LIMIT]
    return raw


def _document(raw: bytes) -> Any:
    if raw[:1] not in b"{[":
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _other_value(document: Any, chance: Random) -> Any:
    """The document with one value, somewhere in it, changed, dropped, doubled or renamed."""
    places: List[Any] = []

    def walk(value: Any) -> None:
        if isinstance(value, (dict, list)):
            if value:
                places.append(value)
            for inner in value.values() if isinstance(value, dict) else value:
                walk(inner)

    walk(document)
    if not places:
        return chance.choice(VALUES)
    place = chance.choice(places)
    keys = list(place) if isinstance(place, dict) else range(len(place))
    key = chance.choice(keys)
    way = chance.randrange(5)
    if way == 0:
        del place[key]
    elif way == 1 and isinstance(place, dict):
        place[chance.choice(("", "x", "schema", "\ud800", "/a", "..", key * 2))] = place.pop(key)
    elif way == 2:
        place[key] = [place[key]]
    elif way == 3 and isinstance(place[key], str):
        place[key] = _odd_bytes(place[key].encode("utf-8", "surrogatepass"), (), chance).decode("utf-8", "replace")
    else:
        place[key] = chance.choice(VALUES)
    return document


def _spot(raw: bytes, chance: Random) -> int:
    return chance.randrange(len(raw) + 1)


def _span(raw: bytes, chance: Random) -> "tuple[int, int]":
    start = _spot(raw, chance)
    return start, min(len(raw), start + chance.choice((1, 2, 4, 16, 80, 512, 2000)))


def _odd_bytes(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    at = _spot(raw, chance)
    return raw[:at] + chance.choice(ODD) + raw[at + chance.choice((0, 0, 1, 5)) :]


def _flipped(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    if not raw:
        return raw
    at = chance.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :]


def _another_byte(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    at = _spot(raw, chance)
    return raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]


def _cut(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    return raw[: _spot(raw, chance)]


def _dropped(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    start, end = _span(raw, chance)
    return raw[:start] + raw[end:]


def _doubled(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    start, end = _span(raw, chance)
    return raw[:end] + raw[start:end] * chance.choice((1, 1, 2, 20)) + raw[end:]


def _pumped(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    at = _spot(raw, chance)
    return raw[:at] + chance.choice(PUMPED) * chance.choice((3, 50, 700, 3000)) + raw[at:]


def _spliced(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    if not others:
        return raw
    other = chance.choice(others)
    start, end = _span(other, chance)
    at = _spot(raw, chance)
    return raw[:at] + other[start:end] + raw[at:]


def _lines(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """Lines dropped, doubled, swapped, or one of another input put among them."""
    lines = raw.split(b"\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    way = chance.randrange(5)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines[at:at] = [lines[at]] * chance.choice((1, 3, 200))
    elif way == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 3:
        lines[at] = lines[at][: _spot(lines[at], chance)] + lines[other][_spot(lines[other], chance) :]
    elif others:
        lines.insert(at, chance.choice(chance.choice(others).split(b"\n")))
    return b"\n".join(lines)


def _word(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """One word of a line becomes another, or an odd one."""
    words = raw.split(b" ")
    at = chance.randrange(len(words))
    words[at] = chance.choice((chance.choice(words), chance.choice(ODD), b"", words[at] * 3))
    return b" ".join(words)


def _ended_otherwise(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    return raw.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"\0", b"\x0b", b" ")))


def _quoted(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    before = chance.choice((b"> ", b"  ", b"nim1: ", b"| ", b"# ", b"\t"))
    return before + raw.replace(b"\n", b"\n" + before)


def _encoded(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    way = chance.choice(("utf-16", "utf-8-sig", "utf-16-be"))
    return raw.decode("latin-1").encode(way)


def _other_case(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    return raw.upper() if chance.random() < 0.5 else raw.lower()


def _nested(raw: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    many = chance.choice((5, 500, 5000))
    at = _spot(raw, chance)
    return raw[:at] + chance.choice((b"[", b'{"a":', b"(")) * many + raw[at:]


Change = Callable[[bytes, Sequence[bytes], Random], bytes]
CHANGES: Sequence[Change] = (
    _odd_bytes, _odd_bytes, _flipped, _another_byte, _cut, _dropped, _doubled, _pumped, _spliced, _lines, _lines, _lines,
    _word, _word, _ended_otherwise, _quoted, _encoded, _other_case, _nested,
)  # fmt: skip
