"""Many IPv4 addresses in little memory: a log may name all of 10/8."""

from typing import Dict, Iterable, Iterator, Set, Union

_RECENT = 32_768
_FEW = 64
_BITS = 65536 // 8


class AddressSet:
    """Addresses as numbers. Where there are many, each is one bit of the network of 16 bits that it is in."""

    def __init__(self) -> None:
        self._recent: Set[int] = set()
        self._pages: Dict[int, Union[Set[int], bytearray]] = {}

    def add(self, address: int) -> None:
        """Takes it in."""
        self._recent.add(address)
        if len(self._recent) > _RECENT:
            self._settle()

    def update(self, addresses: Iterable[int]) -> None:
        """Takes them in."""
        self._recent.update(addresses)
        if len(self._recent) > _RECENT:
            self._settle()

    def _settle(self) -> None:
        """Takes the recent ones to their networks."""
        pages = self._pages
        for address in self._recent:
            page = pages.get(address >> 16)
            low = address & 0xFFFF
            if isinstance(page, bytearray):
                page[low >> 3] |= 1 << (low & 7)
            elif page is None:
                pages[address >> 16] = {low}
            else:
                page.add(low)
                if len(page) > _FEW:
                    pages[address >> 16] = _as_bits(page)
        self._recent = set()

    def __contains__(self, address: int) -> bool:
        if address in self._recent:
            return True
        page = self._pages.get(address >> 16)
        if page is None:
            return False
        low = address & 0xFFFF
        return bool(page[low >> 3] >> (low & 7) & 1) if isinstance(page, bytearray) else low in page

    def __iter__(self) -> Iterator[int]:
        self._settle()
        for high, page in self._pages.items():
            lows = _of_bits(page) if isinstance(page, bytearray) else page
            for low in lows:
                yield high << 16 | low

    def more_than(self, number: int) -> bool:
        """Whether there are more than that."""
        return any(True for at, _ in enumerate(self) if at >= number)

    def has_network(self, beginning: int) -> bool:
        """Whether an address begins with these 24 bits."""
        self._settle()
        page = self._pages.get(beginning >> 8)
        if page is None:
            return False
        third = beginning & 0xFF
        if isinstance(page, bytearray):
            return any(page[third * 32 : third * 32 + 32])
        return any(low >> 8 == third for low in page)

    def has_beginning(self, beginning: int, bits: int) -> bool:
        """Whether an address begins with these bits, 8 to 24 of them."""
        self._settle()
        if bits <= 16:
            return any(high >> (16 - bits) == beginning for high in self._pages)
        more = 24 - bits
        return any(self.has_network(beginning << more | at) for at in range(1 << more))


def _as_bits(lows: Set[int]) -> bytearray:
    bits = bytearray(_BITS)
    for low in lows:
        bits[low >> 3] |= 1 << (low & 7)
    return bits


def _of_bits(bits: bytearray) -> Iterator[int]:
    for at, byte in enumerate(bits):
        if byte:
            yield from (at << 3 | bit for bit in range(8) if byte >> bit & 1)
