"""What one match becomes: numbers of machines, disks and ports, and addresses in other spellings than their own."""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Callable, List, Optional

from nimdoctor.redaction import key_material
from nimdoctor.redaction.addresses import decimal_4, is_special_4, printed_4
from nimdoctor.redaction.passwords import REMOVED
from nimdoctor.redaction.pseudonyms import spelled_as
from nimdoctor.redaction.site_names import SiteNames, hardware_of

_PRIVATE = ((10, 8), (172 << 4 | 1, 12), (192 << 8 | 168, 16))


class Spellings:
    """`count` takes the kind of what is replaced, or is left where `gate` says that nothing may be; None leaves a match.

    Without `strict` only what is known of the site counts, besides tokens and keys.
    """

    def __init__(self, known: SiteNames, *, gate: bool, strict: bool, count: Callable[[str], None]) -> None:
        self._known = known
        self._gate = gate
        self._strict = strict
        self._count = count

    # -- what goes

    def token(self, match: "re.Match[bytes]") -> bytes:
        """A token of a service."""
        self._count("token")
        return REMOVED.encode("ascii")

    def fingerprint(self, match: "re.Match[bytes]") -> bytes:
        """A fingerprint in base64, as ssh prints it."""
        self._count("fingerprint")
        return match.group().split(b":")[0] + b":" + REMOVED.encode("ascii")

    def public(self, match: "re.Match[bytes]") -> bytes:
        """A public key of ssh; its type stays."""
        self._count(key_material.KIND)
        return match.group().split()[0] + b" " + key_material.REMOVED.encode("ascii")

    def dump(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """A line of a dump."""
        if not key_material.is_dump(match.group()):
            return None
        self._count(key_material.KIND)
        return key_material.REMOVED.encode("ascii")

    # -- numbers

    def colons(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """A row of a key in hexadecimal, or a number of eight bytes and more."""
        text = match.group().decode("ascii")
        if text.endswith(":") or text.count(":") > 31:
            self._count(key_material.KIND)
            return key_material.REMOVED.encode("ascii") + (b":" if text.endswith(":") else b"")
        mark = text[2]
        digits = text.replace(mark, "")
        if len(digits) == 16 and not is_of_storage(digits) and not re.search("[a-fA-F]", digits):
            return None
        found = self._number(digits)
        return None if found is None else mark.join(_pairs(found)).encode("ascii")

    def uuid(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """The number of an LPAR."""
        text = match.group().decode("ascii")
        found = self._number(text.replace("-", ""))
        if found is None:
            return None
        parts = (found[:8], found[8:12], found[12:16], found[16:20], found[20:])
        return spelled_as(text, "-".join(parts)).encode("ascii")

    def mac(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """A MAC address in any form."""
        text = match.group().decode("ascii")
        digits = hardware_of(text)
        if digits is None or not digits.strip("0") or not digits.strip("f"):
            return None
        if not re.search("[a-f]", digits) and digits not in self._known.hardware:
            return None
        found = self._hex(digits, "hardware", self._known.cpu_id)
        if found is None:
            return None
        mark = re.sub("[0-9A-Fa-f]", "", text)[0]
        if len(text) == 14:
            parts = [found[:4], found[4:8], found[8:]]
        else:
            # AIX prints no leading zeros in its form with dots
            parts = [part.lstrip("0") or "0" for part in _pairs(found)] if mark == "." else _pairs(found)
        return spelled_as(text, mark.join(parts)).encode("ascii")

    def hexadecimal(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """By how many digits it has: an address, a CPU id or MAC address, a port or disk, a digest. Others stay."""
        text = match.group().decode("ascii")
        prefix, digits = (text[:2], text[2:]) if text[1:2] in "xX" else ("", text)
        length = len(digits)
        if length < 12:
            return self._single(prefix, digits)
        if length == 12:
            if not digits.strip("0") or not digits.lower().strip("f"):
                return None
            if digits.isdigit() and digits not in self._known.hardware:
                return None
            found = self._hex(digits, "hardware", self._known.cpu_id)
        elif length == 32 and digits.endswith("0" * 16) and is_of_storage(digits[:16]):
            # a disk's, as lspv and ODM print it
            found = self._number(digits[:16])
            found = None if found is None else found + "0" * 16
        elif length == 16:
            found = self._number(digits) if is_of_storage(digits) else None
        elif (length > 16 and re.search("[a-fA-F]", digits) and re.search("[0-9]", digits)) or length in (
            32,
            40,
            64,
            128,
        ):
            found = self._number(digits)
        else:
            return None
        if found is None:
            return None
        return (prefix + (found if digits == digits.lower() else found.upper())).encode("ascii")

    def _number(self, digits: str) -> Optional[str]:
        kind = "hardware" if len(digits) == 16 else "fingerprint"
        return self._hex(digits, kind, lambda number: self._known.digest(number, kind))

    def _hex(self, digits: str, kind: str, give: Callable[[str], str]) -> Optional[str]:
        if self._gate and self._known.pseudonyms.gave(digits.lower()):
            return None
        if not self._strict and not self._known.is_number(digits.lower()):
            return None
        self._count(kind)
        return give(digits)

    # -- addresses

    def _single(self, prefix: str, digits: str) -> Optional[bytes]:
        """An address of this site as one number; any other number stays."""
        if len(digits) == 8:
            four = int(digits, 16)
            if four in self._known.ipv4:
                found = self._four(four)
                spelled = None if found is None else f"{found:08x}" if digits == digits.lower() else f"{found:08X}"
                return None if spelled is None else (prefix + spelled).encode("ascii")
        if digits.isdigit() and not prefix and int(digits) in self._known.ipv4:
            found = self._four(int(digits))
            return None if found is None else str(found).encode("ascii")
        return None

    def four(self, address: int) -> Optional[int]:
        """The pseudonym of an address of IPv4, which is not counted; None where it stays, or is one."""
        if not (self._strict or address in self._known.ipv4) or (self._gate and self._known.gave_4(address)):
            return None
        found = self._known.ip4(address)
        return None if found == address else found

    def _four(self, address: int) -> Optional[int]:
        return self._counted(self.four(address))

    def _six(self, address: int) -> Optional[int]:
        if not (self._strict or address in self._known.ipv6) or (self._gate and self._known.gave_6(address)):
            return None
        found = self._known.ip6(address)
        return self._counted(None if found == address else found)

    def _counted(self, found: Optional[int]) -> Optional[int]:
        if found is not None:
            self._count("address")
        return found

    def defanged(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """An address with something else for its dots, or with numbers in hexadecimal."""
        text = match.group().decode("ascii")
        base = 16 if text[1:2] in "xX" else 10
        numbers = re.findall(r"(?:0[xX])?([0-9A-Fa-f]+)(?![A-Za-z])", text) if base == 16 else re.findall(r"\d+", text)
        parts = [int(number, base) for number in numbers]
        if len(parts) != 4 or max(parts) > 255:
            return None
        found = self._four(int.from_bytes(bytes(parts), "big"))
        if found is None:
            return None
        again = iter(found.to_bytes(4, "big"))
        if base == 16:
            return ".".join(f"0x{number:02x}" for number in again).encode("ascii")
        return re.sub(r"\d+", lambda _: str(next(again)), text).encode("ascii")

    def network(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """A network by its beginning and its bits: `172.29.4/22`. Private ones, and those of this site's addresses."""
        beginning, _, bits = match.group().partition(b"/")
        parts = [int(part) for part in beginning.split(b".")]
        length = int(bits)
        if max(parts) > 255 or not 8 < length <= 8 * len(parts):
            return None
        four = int.from_bytes(bytes([*parts, 0, 0])[:4], "big")
        private = any(four >> (32 - size) == start for start, size in _PRIVATE)
        if is_special_4(four) or not (private or self._known.ipv4.has_beginning(four >> (32 - length), length)):
            return None
        found = self._known.network(four)
        if not self._strict or (self._gate and self._known.gave_beginning(four)):
            return None
        self._count("address")
        return b".".join(printed_4(found).encode("ascii").split(b".")[: len(parts)]) + b"/" + bits

    def reversed(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """A zone of DNS: a network's numbers, or an address of IPv6, the last part first."""
        text = match.group().decode("ascii")
        if text.lower().endswith("in-addr.arpa"):
            numbers = [int(part) for part in text.split(".")[:-2]][::-1]
            if max(numbers) > 255:
                return None
            four = int.from_bytes(bytes([*numbers, 0, 0])[:4], "big")
            if is_special_4(four) or not self._strict or (self._gate and self._known.gave_beginning(four)):
                return None
            self._count("address")
            found = printed_4(self._known.network(four)).split(".")[: len(numbers)]
            return ".".join([*found[::-1], *text.split(".")[-2:]]).encode("ascii")
        digits = text.split(".")[:-2][::-1]
        six = self._six(int("".join(digits).ljust(32, "0"), 16))
        if six is None:
            return None
        return ".".join([*f"{six:032x}"[: len(digits)][::-1], *text.split(".")[-2:]]).encode("ascii")

    def ipv6(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """An address of IPv6; of one that ends with an address of IPv4 that alone, where nothing else tells of a site."""
        text = match.group().decode("ascii")
        head, _, tail = text.rpartition(":")
        try:
            address = int(IPv6Address(text))
        except AddressValueError:
            if "." not in tail:
                return None
            four = decimal_4(tail.encode("ascii"))
            found = None if four is None else self._four(four)
            return None if found is None else f"{head}:{printed_4(found)}".encode("ascii")
        if address >> 32 in (0, 0xFFFF, 0x64FF9B << 64) and address >> 16:
            found = self._four(address & 0xFFFFFFFF)
            if found is None:
                return None
            return (
                f"{head}:{printed_4(found)}".encode("ascii")
                if "." in tail
                else str(IPv6Address(address >> 32 << 32 | found)).encode("ascii")
            )
        six = self._six(address)
        return None if six is None else str(IPv6Address(six)).encode("ascii")


def is_of_storage(digits: str) -> bool:
    """Whether sixteen digits are the name of a port or disk of storage (WWPN, WWNN), or the number of a disk (PVID).

    >>> is_of_storage("C050760A1B2C0012"), is_of_storage("00f6a1b24c0012ab"), is_of_storage("10000000C9123456")
    (True, True, True)
    >>> is_of_storage("2514300014108c03"), is_of_storage("f1000e00012345b8")
    (False, False)
    >>> is_of_storage("2025031410050312"), is_of_storage("0000000000000000")
    (False, False)
    """
    lower = digits.lower()
    if lower[8:12] == "1410":
        # IBM's number in the name of an adapter's fileset (devices.pciex.2514300014108c03)
        return False
    if re.search("[a-f]", lower):
        return bool(re.match("1000|[2c].[05]0|[56]|00(?!0000)", lower))
    return bool(re.match(r"1000000|100000[1-9]|2\d000|500507", lower)) and bool(lower[7:].strip("0"))


def _pairs(digits: str) -> List[str]:
    return [digits[at : at + 2] for at in range(0, len(digits), 2)]
