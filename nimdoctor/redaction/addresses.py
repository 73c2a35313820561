"""Pseudonyms of addresses: keyed, one to one, and of equal beginnings for addresses of equal beginnings.

IPv4 and IPv6 are mapped bit by bit as Crypto-PAn does: whether a bit is turned depends on the key and on the bits
before it, so that two hosts of one subnet stay in one. The first bit that may be turned always is: no address is its
own pseudonym. What is no address of a host stays: 0/8, 127/8, and from 224 on (multicast, netmasks, broadcast). Private
ranges stay private, and the last byte stays 0 or 255 where it is.
"""

import hmac
import socket
import struct
from typing import Dict, List, Optional, Sequence, Tuple, TypeVar

_PREFIXES_4 = tuple(
    (int.from_bytes(bytes(map(int, net.split("."))), "big") >> (32 - bits), bits)
    for net, bits in (
        ("0.0.0.0", 8), ("10.0.0.0", 8), ("100.64.0.0", 10), ("127.0.0.0", 8), ("169.254.0.0", 16),
        ("172.16.0.0", 12), ("192.168.0.0", 16), ("224.0.0.0", 3),
    )
)  # fmt: skip
"""Beginnings that stay; those of special meaning and those of private networks."""

_HALF_PREFIXES = frozenset(start >> (bits - 8) for start, bits in _PREFIXES_4 if bits > 8)
"""First bytes of which only some second bytes have a meaning."""


_REMEMBERED = 16_384
"""Networks whose drawings are remembered."""
_PATHS = [tuple(1 << bit | byte >> (8 - bit) for bit in range(8)) for byte in range(256)]
"""Of a byte, the place of each of its bits in the tree of all bytes."""
_EDGES = sum(1 << node for node in {*_PATHS[0], *_PATHS[255]})

_SPECIAL_4 = frozenset({0, 127, *range(224, 256)})
"""First bytes of what is no host's address."""
MANY = 64
"""Addresses from which on it is worth while to take them at once."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Addresses:
    """`turn` is another drawing of all pseudonyms, for where the first one meets an address that really is there."""

    def __init__(self, key: bytes, turn: int = 0) -> None:
        self._key = key
        self._turn = turn.to_bytes(2, "big")
        self._bits: Dict[Tuple[int, bytes], bytes] = {}
        self._steps: Dict[Tuple[int, bytes], Tuple[bytes, bool]] = {}
        self._halves: Dict[int, Tuple[int, bytes]] = {}
        self._networks: Dict[int, Tuple[int, int]] = {}

    def ipv4(self, address: int) -> int:
        """The pseudonym of an IPv4 address, both as numbers."""
        if address >> 24 in _SPECIAL_4:
            return address
        network = self._networks.get(address >> 8)
        if network is None:
            network = _remembered(self._networks, address >> 8, self._network(address >> 8))
        beginning, drawn = network
        last = address & 0xFF
        one, two, three, four, five, six, seven, eight = _PATHS[last]
        return beginning << 8 | (
            last
            ^ (drawn >> one & 1) << 7
            ^ (drawn >> two & 1) << 6
            ^ (drawn >> three & 1) << 5
            ^ (drawn >> four & 1) << 4
            ^ (drawn >> five & 1) << 3
            ^ (drawn >> six & 1) << 2
            ^ (drawn >> seven & 1) << 1
            ^ drawn >> eight & 1
        )

    def ipv6(self, address: int) -> int:
        """The pseudonym of an IPv6 address, both as numbers; what begins with 00 (::, ::1) or ff (multicast) stays."""
        return address if is_special_6(address) else self._turned(6, address.to_bytes(16, "big"))

    def _network(self, beginning: int) -> Tuple[int, int]:
        """The three bytes that begin the pseudonym, and what is drawn for the last; that keeps 0 and 255."""
        half = self._halves.get(beginning >> 8)
        if half is None:
            half = _remembered(self._halves, beginning >> 8, self._half((beginning >> 8).to_bytes(2, "big")))
        start, thirds = half
        drawn = int.from_bytes(self._keyed(4, beginning.to_bytes(3, "big")), "little")
        return start << 8 | thirds[beginning & 0xFF], drawn & ~_EDGES

    def _half(self, raw: bytes) -> Tuple[int, bytes]:
        """The two bytes that begin the pseudonym, and the third of it for every third byte."""
        turned_one = False
        mapped = 0
        for place in (0, 1):
            byte, turned_one = self._byte(4, raw + b"\1\1", place, turned_one)
            mapped = mapped << 8 | byte
        drawn = int.from_bytes(self._drawn(4, raw), "little")
        # each bit by what is drawn for the bits before it; the first that may be turned always is
        turned = [drawn >> 1 & 1 if turned_one else 1]
        for bit in range(1, 8):
            turned = [turned[at >> 1] << 1 | drawn >> (1 << bit | at) & 1 for at in range(1 << bit)]
        return mapped, bytes(third ^ turned[third >> 1] for third in range(256))

    def _turned(self, family: int, raw: bytes) -> int:
        mapped, turned_one = b"", False
        for place in range(len(raw)):
            step = self._steps.get((family, raw[: place + 1]))
            if step is None:
                byte, turned_one = self._byte(family, raw, place, turned_one)
                step = mapped + bytes([byte]), turned_one
                if place + 1 < len(raw):
                    _remembered(self._steps, (family, raw[: place + 1]), step)
            mapped, turned_one = step
        return int.from_bytes(mapped, "big")

    def _byte(self, family: int, raw: bytes, place: int, turned_one: bool) -> Tuple[int, bool]:
        """One byte of the pseudonym, and whether any bit was turned up to there."""
        prefix = _prefix_4(raw) if family == 4 else _prefix_6(raw)
        drawn = self._drawn(family, raw[:place])
        meaning = family == 4 and (place == 0 or (place == 1 and raw[0] in _HALF_PREFIXES))
        node, out = 1, 0
        for bit in range(8):
            own = raw[place] >> (7 - bit) & 1
            if place * 8 + bit < prefix or (meaning and _on_the_way(raw, place * 8 + bit)):
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
            found = _remembered(self._bits, (family, before), self._keyed(family, before))
        return found

    def _keyed(self, family: int, before: bytes) -> bytes:
        return hmac.digest(self._key, b"address%d" % family + self._turn + before, "sha256")


def _remembered(cache: Dict[_Key, _Value], key: _Key, value: _Value) -> _Value:
    if len(cache) >= _REMEMBERED:
        cache.clear()
    cache[key] = value
    return value


def number_4(text: str) -> Optional[int]:
    """An address of four decimal numbers, none of which begins with 0; None for all else.

    >>> number_4("10.1.1.7"), number_4("10.1.1.07"), number_4("10.1.7")
    (167837959, None, None)
    """
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        return None
    if any(part[0] == "0" and part != "0" for part in parts):
        return None
    return decimal_4(text.encode("ascii"))


def decimal_4(raw: bytes) -> Optional[int]:
    """An address of four decimal numbers, as numbers may stand in a text; None where one of them is too large.

    >>> decimal_4(b"10.1.1.7"), decimal_4(b"010.1.1.7"), decimal_4(b"10.1.1.256")
    (167837959, 167837959, None)
    """
    numbers = [int(part) for part in raw.split(b".")]
    return int.from_bytes(bytes(numbers), "big") if max(numbers) < 256 else None


def printed_4(address: int) -> str:
    """An IPv4 address as it is written."""
    return f"{address >> 24}.{address >> 16 & 0xFF}.{address >> 8 & 0xFF}.{address & 0xFF}"


def numbers_4(texts: Sequence[bytes]) -> Optional[Sequence[int]]:
    """Many addresses at once as `number_4` takes them; None where one of the texts is none for it.

    >>> numbers_4([b"10.1.1.7", b"10.1.1.8"]), numbers_4([b"10.1.1.7", b"10.1.1.08"])
    ((167837959, 167837960), None)
    """
    # it takes longer to load than a few addresses to read
    printed = b" ".join(texts).decode("ascii").split(" ")
    try:
        raw = list(map(socket.inet_aton, printed))
    except OSError:
        return None
    # it takes 10.1, 0x10 and octal numbers too
    return struct.unpack(f">{len(raw)}I", b"".join(raw)) if list(map(socket.inet_ntoa, raw)) == printed else None


def printed_all_4(addresses: Sequence[int]) -> List[bytes]:
    """Many addresses as they are written."""
    raw = struct.pack(f">{len(addresses)}I", *addresses)
    return " ".join(map(socket.inet_ntoa, (raw[at : at + 4] for at in range(0, len(raw), 4)))).encode("ascii").split()


def is_special_4(address: int) -> bool:
    """Whether it is no host's: 0/8, 127/8, multicast, netmasks, broadcast."""
    return address >> 24 in _SPECIAL_4


def is_special_6(address: int) -> bool:
    """Whether it is no host's: `::`, `::1`, mapped IPv4, multicast."""
    return address >> 120 in (0x00, 0xFF)


def _prefix_4(raw: bytes) -> int:
    value = int.from_bytes(raw, "big")
    return max((bits for start, bits in _PREFIXES_4 if value >> (32 - bits) == start), default=0)


def _prefix_6(raw: bytes) -> int:
    return 64 if raw[0] == 0xFE and raw[1] & 0xC0 == 0x80 else 8


def _on_the_way(raw: bytes, at: int) -> bool:
    """Whether turning that bit would bring an address into a beginning that has a meaning of its own, or out of it."""
    before = int.from_bytes(raw, "big") >> (32 - at)
    return any(bits > at and start >> (bits - at) == before for start, bits in _PREFIXES_4)
