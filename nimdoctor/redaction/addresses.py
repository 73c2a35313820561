"""Pseudonyms of addresses: keyed, one to one, and of equal beginnings for addresses of equal beginnings.

IPv4 and IPv6 are mapped bit by bit as Crypto-PAn does: whether a bit is turned depends on the key and on the bits
before it, so that two hosts of one subnet stay in one. The first bit that may be turned always is: no address is its
own pseudonym. What is no address of a host stays: 0/8, 127/8, and from 224 on (multicast, netmasks, broadcast). Private
ranges stay private, and the last byte stays 0 or 255 where it is.
"""

import hashlib
import hmac
from typing import Dict, Tuple

_KEPT_4 = tuple(
    (int.from_bytes(bytes(map(int, net.split("."))), "big") >> (32 - bits), bits)
    for net, bits in (
        ("0.0.0.0", 8), ("10.0.0.0", 8), ("100.64.0.0", 10), ("127.0.0.0", 8), ("169.254.0.0", 16),
        ("172.16.0.0", 12), ("192.168.0.0", 16), ("224.0.0.0", 3),
    )
)  # fmt: skip
"""Beginnings that stay; those of special meaning and those of private networks."""

_HALF_KEPT = frozenset(start >> (bits - 8) for start, bits in _KEPT_4 if bits > 8)
"""First bytes of which only some second bytes have a meaning."""


class Addresses:
    """`turn` is another drawing of all pseudonyms, for where the first one meets an address that really is there."""

    def __init__(self, key: bytes, turn: int = 0) -> None:
        self._key = key
        self._turn = turn.to_bytes(2, "big")
        self._bits: Dict[Tuple[int, bytes], bytes] = {}
        self._steps: Dict[Tuple[int, bytes], Tuple[bytes, bool]] = {}
        self._known: Dict[Tuple[int, int], int] = {}

    def ipv4(self, address: int) -> int:
        """The pseudonym of an IPv4 address, both as numbers."""
        return self._mapped(4, address, 32)

    def ipv6(self, address: int) -> int:
        """The pseudonym of an IPv6 address, both as numbers; what begins with 00 (::, ::1) or ff (multicast) stays."""
        return self._mapped(6, address, 128)

    def _mapped(self, family: int, address: int, length: int) -> int:
        known = self._known.get((family, address))
        if known is not None:
            return known
        raw = address.to_bytes(length // 8, "big")
        mapped = address
        if not (is_special_4(address) if family == 4 else is_special_6(address)):
            mapped = self._turned(family, raw)
        self._known[family, address] = mapped
        return mapped

    def _turned(self, family: int, raw: bytes) -> int:
        mapped, turned_one = b"", False
        for place in range(len(raw)):
            step = self._steps.get((family, raw[: place + 1]))
            if step is None:
                byte, turned_one = self._byte(family, raw, place, turned_one)
                step = mapped + bytes([byte]), turned_one
                if place + 1 < len(raw):
                    self._steps[family, raw[: place + 1]] = step
            mapped, turned_one = step
        return int.from_bytes(mapped, "big")

    def _byte(self, family: int, raw: bytes, place: int, turned_one: bool) -> Tuple[int, bool]:
        """One byte of the pseudonym, and whether any bit was turned up to there."""
        kept = _kept_bits_4(raw) if family == 4 else _kept_bits_6(raw)
        drawn = self._drawn(family, raw[:place])
        meaning = family == 4 and (place == 0 or (place == 1 and raw[0] in _HALF_KEPT))
        node, out = 1, 0
        for bit in range(8):
            own = raw[place] >> (7 - bit) & 1
            # the last byte of an IPv4 address stays 0 or 255, which are no hosts
            edge = family == 4 and place == 3 and node in ((1 << bit), (1 << (bit + 1)) - 1)
            if place * 8 + bit < kept or edge or (meaning and _on_the_way(raw, place * 8 + bit)):
                flip = 0
            elif turned_one:
                flip = drawn[node >> 3] >> (node & 7) & 1
            else:
                flip = 1
                turned_one = True
            out = out << 1 | (own ^ flip)
            node = node << 1 | own
        return out, turned_one

    def _drawn(self, family: int, before: bytes) -> bytes:
        """256 bits, one for each place in the tree of the next byte."""
        found = self._bits.get((family, before))
        if found is None:
            said = b"address%d" % family + self._turn + before
            found = self._bits[family, before] = hmac.new(self._key, said, hashlib.sha256).digest()
        return found


def is_special_4(address: int) -> bool:
    """Whether it is no host's: 0/8, 127/8, multicast, netmasks, broadcast."""
    first = address >> 24
    return first in (0, 127) or first >= 224


def is_special_6(address: int) -> bool:
    """Whether it is no host's: `::`, `::1`, mapped IPv4, multicast."""
    return address >> 120 in (0x00, 0xFF)


def _kept_bits_4(raw: bytes) -> int:
    value = int.from_bytes(raw, "big")
    return max((bits for start, bits in _KEPT_4 if value >> (32 - bits) == start), default=0)


def _kept_bits_6(raw: bytes) -> int:
    return 64 if raw[0] == 0xFE and raw[1] & 0xC0 == 0x80 else 8


def _on_the_way(raw: bytes, at: int) -> bool:
    """Whether turning that bit would bring an address into a beginning that has a meaning of its own, or out of it."""
    before = int.from_bytes(raw, "big") >> (32 - at)
    return any(bits > at and start >> (bits - at) == before for start, bits in _KEPT_4)
