"""The checksum of POSIX `cksum`, which every host has: what change packages compare files by."""

from functools import lru_cache
from typing import Tuple

_POLYNOMIAL = 0x04C11DB7


@lru_cache(maxsize=1)
def _table() -> Tuple[int, ...]:
    rows = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = ((value << 1) ^ _POLYNOMIAL if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        rows.append(value)
    return tuple(rows)


def cksum(content: bytes) -> str:
    """Checksum and size in bytes, as `cksum < FILE` prints them.

    >>> cksum(b""), cksum(b"tftp\\n")
    ('4294967295 0', '4148735055 5')
    """
    table, value = _table(), 0
    length = len(content)
    tail = bytearray()
    while length:
        tail.append(length & 0xFF)
        length >>= 8
    for byte in content + bytes(tail):
        value = ((value << 8) & 0xFFFFFFFF) ^ table[(value >> 24) ^ byte]
    return f"{value ^ 0xFFFFFFFF} {len(content)}"
