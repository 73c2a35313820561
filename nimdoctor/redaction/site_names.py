"""What is known of a site: its names by kind, its addresses and numbers, and the pseudonym of each."""

import re
from ipaddress import IPv6Address
from operator import eq
from typing import Collection, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from nimdoctor.redaction.address_set import AddressSet
from nimdoctor.redaction.addresses import MANY, Addresses, is_special_4, is_special_6, number_4, numbers_4, printed_4
from nimdoctor.redaction.pseudonyms import PREFIXES, TAG, Pseudonyms
from nimdoctor.redaction.words import CERTIFICATE, USERS, vocabulary

KINDS = ("host", "object", "domain", "user", "name")
"""Of names, the strongest first: a word that is two things is taken for the first."""
HARDWARE = re.compile(r"[0-9a-f]{12}")
_TURNS, _MANY = 32, 2000
"""Drawings of the addresses that are tried, and addresses from which on only one is."""
_LABEL = re.compile(r"(?!\d+\Z)[^\W_](?:[\w-]*[^\W_])?", re.UNICODE)
_OBJECT = re.compile(r"(?!\d+\Z)[A-Za-z0-9_.@+-]{2,64}")
_DOTTED_USER = re.compile(r"[a-z][a-z0-9_-]{0,30}(?:\.[a-z][a-z0-9_-]{0,30}){1,3}")
_SERIAL = re.compile(r"(?=.*\d)[A-Z0-9]{6,20}")
_LIKE_SOFTWARE = re.compile(r"db2|sdd|sp[2-9]*\Z|snmp")
"""Pseudonyms behind which an address would be taken for a level, or a word for a password."""
_ADDRESS_LIKE = re.compile(r"[\d.]+\Z")


class SiteNames:
    """Grows while evidence is read (`add_...`); from `settle` on pseudonyms are drawn."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.kinds: Dict[str, str] = {}
        """Names in small letters, each a label or a whole name of an object."""
        self.dotted: Set[str] = set()
        """Host names with their domain, and domains of two labels and more."""
        self.domains: Set[str] = set()
        """Those of them that are domains."""
        self.ipv4 = AddressSet()
        self.ipv6: Set[int] = set()
        self.hardware: Set[str] = set()
        """CPU ids and MAC addresses as twelve digits in small letters."""
        self.serials: Set[str] = set()
        self.digests: Set[str] = set()
        self.given: Dict[str, str] = {}
        """Original to pseudonym, of whatever was replaced or may be, but for IPv4 addresses."""
        self.given_by_kind: Dict[str, str] = {}
        self.pseudonyms = Pseudonyms(key, self._is_real)
        self._addresses: Optional[Addresses] = None
        self._replaced_4 = AddressSet()
        self._drawn_4 = AddressSet()
        self._all_drawn_4: Optional[AddressSet] = None
        self._drawn_networks: Set[int] = set()
        self._drawn_6: Set[int] = set()

    # -- learning

    @staticmethod
    def stays(word: str) -> Optional[str]:
        """Why a name stays where it stands alone; None for one that does not."""
        if word.isdigit():
            return "a number"
        if len(word) < 2:
            return "one character"
        return "a word of everybody" if word.lower() in vocabulary() else None

    def add(self, name: str, kind: str) -> None:
        """A name, with or without a domain; addresses, numbers and words of everybody are left out."""
        name = name.strip().strip(".").lower()
        if not name or len(name) > 255 or _ADDRESS_LIKE.match(name):
            return
        if kind in ("host", "domain") and "." in name:
            self._add_dotted(name, kind)
        elif (_OBJECT if kind == "object" else _LABEL).fullmatch(name):
            self._add_word(name, kind)

    def _add_dotted(self, name: str, kind: str) -> None:
        labels = name.split(".")
        if not all(_LABEL.fullmatch(label) or label.isdigit() for label in labels):
            return
        self.dotted.add(name)
        if kind == "host":
            self._add_word(labels[0], "host")
            labels = labels[1:]
        if len(labels) > 1:
            self.dotted.add(".".join(labels))
            self.domains.add(".".join(labels))
            for label in labels[:-1]:
                self._add_word(label, "domain")

    def _add_word(self, word: str, kind: str) -> None:
        if self.stays(word):
            return
        # a number in hexadecimal is one of the machine
        if HARDWARE.fullmatch(word) and re.search("[a-f]", word):
            self.hardware.add(word)
            return
        known = self.kinds.get(word)
        if known is None or KINDS.index(kind) < KINDS.index(known):
            self.kinds[word] = kind

    def add_user(self, name: str) -> None:
        """A user or group that is not one of the system's own."""
        name = name.strip(".").lower()
        if name in USERS or name.isdigit():
            return
        if _DOTTED_USER.fullmatch(name) and not _ADDRESS_LIKE.match(name):
            # jane.doe, who may be jane_doe or jane-doe elsewhere
            for mark in "._-":
                self.kinds.setdefault(name.replace(".", mark), "user")
        else:
            self.add(name, "user")

    def add_hardware(self, digits: str) -> None:
        """A CPU id or a MAC address in any form."""
        found = hardware_of(digits)
        if found and found.strip("0") and found.strip("f"):
            self.hardware.add(found)

    def add_serial(self, serial: str, *, sure: bool = False) -> None:
        """The number of a machine; one of letters alone only where it is `sure`, as in a code of a location."""
        serial = serial.strip().upper()
        if (_SERIAL.fullmatch(serial) or sure) and not HARDWARE.fullmatch(serial.lower()):
            self.serials.add(serial)

    def add_phrase(self, phrase: str) -> None:
        """What a certificate says of somebody: each word of it that is not everybody's."""
        for word in re.findall(r"[^\W_](?:[\w.-]*[^\W_])?", phrase):
            if len(word) > 2 and word.lower() not in CERTIFICATE:
                self.add(word, "host" if "." in word else "name")

    def add_address(self, text: str) -> None:
        """An address of either family, where it is one of a host."""
        try:
            if ":" in text:
                six = int(IPv6Address(text.split("%", 1)[0]))
                if not is_special_6(six):
                    self.ipv6.add(six)
            else:
                four = number_4(text)
                if four is not None and not is_special_4(four):
                    self.ipv4.add(four)
        except ValueError:
            return

    def add_addresses(self, texts: Collection[bytes]) -> None:
        """Many of either family at once."""
        fours = [text for text in texts if b":" not in text]
        found = numbers_4(fours) if len(fours) >= MANY else None
        if found is None or len(fours) < len(texts):
            for text in texts:
                self.add_address(text.decode("ascii"))
        else:
            self.ipv4.update([four for four in found if not is_special_4(four)])

    def is_known(self, name: str) -> bool:
        """Whether that is one of the names, whatever its case."""
        return name.lower() in self.kinds or name.lower() in self.dotted

    def is_number(self, digits: str) -> bool:
        """Whether these hexadecimal digits, in small letters, are one of the numbers that stood somewhere."""
        return digits in self.hardware or digits in self.digests or digits in self.given

    # -- pseudonyms

    def settle(self) -> None:
        """Chooses how addresses are drawn: so that none becomes one that really is there.

        Where there are so many that some always does, the first drawing serves: every real one is replaced all the same.
        """
        if self._addresses is None:
            many = self.ipv4.more_than(_MANY) or len(self.ipv6) > _MANY
            drawings = (Addresses(self._key, turn) for turn in range(0 if many else _TURNS))
            found = next((drawn for drawn in drawings if not self._meets(drawn)), None)
            self._addresses = found or Addresses(self._key)

    def _meets(self, addresses: Addresses) -> bool:
        return any(addresses.ipv4(real) in self.ipv4 for real in self.ipv4) or any(
            addresses.ipv6(real) in self.ipv6 for real in self.ipv6
        )

    def word(self, word: str, kind: str = "name") -> str:
        """The pseudonym of one label or object; its kind where it is known, else the one given."""
        found = self.pseudonyms.word(word, self.kinds.get(word.lower(), kind))
        self._note(word.lower(), found.lower(), self.kinds.get(word.lower(), kind))
        return found

    def name(self, name: str, kind: str = "host") -> str:
        """The pseudonym of a name with its domain: label by label."""
        labels = name.split(".")
        first = labels[0]
        is_host = kind == "host" and not self.is_domain(name)
        # a first label that is everybody's word stays one, as it does where it stands alone
        plain = is_host and bool(self.stays(first))
        head = first if plain else self.word(first, "host" if is_host else "domain")
        return ".".join([head, *(self.word(label, "domain") for label in labels[1:])])

    def is_domain(self, name: str) -> bool:
        """Whether a name with dots is a domain rather than a host's."""
        lower = name.lower()
        if lower in self.domains or lower in self.dotted:
            return lower in self.domains
        return lower.count(".") == 1 and self.kinds.get(lower.split(".")[0]) != "host"

    def ip4(self, address: int) -> int:
        """The pseudonym of an IPv4 address."""
        found = self.addresses.ipv4(address)
        if found != address:
            self._drawn_4.add(found)
            self._replaced_4.add(address)
        return found

    def ip4_of_all(self, addresses: Sequence[int]) -> List[int]:
        """The pseudonyms of many."""
        found = list(map(self.addresses.ipv4, addresses))
        if any(map(eq, found, addresses)):
            # what is no host's stays
            return [self.ip4(address) for address in addresses]
        self._drawn_4.update(found)
        self._replaced_4.update(addresses)
        return found

    def ip6(self, address: int) -> int:
        """The pseudonym of an IPv6 address."""
        found = self.addresses.ipv6(address)
        if found != address:
            self._drawn_6.add(found)
            self._note(str(IPv6Address(address)), str(IPv6Address(found)), "address")
        return found

    @property
    def addresses(self) -> Addresses:
        """How addresses are drawn."""
        if self._addresses is None:
            self.settle()
        assert self._addresses is not None
        return self._addresses

    def cpu_id(self, digits: str) -> str:
        """The pseudonym of a CPU id or MAC address of twelve digits."""
        found = self.pseudonyms.cpu_id(digits)
        self._note(digits.lower(), found.lower(), "hardware")
        return found

    def serial(self, serial: str) -> str:
        """The pseudonym of a serial number."""
        found = self.pseudonyms.serial(serial)
        self._note(serial.upper(), found, "serial")
        return found

    def digest(self, digits: str, kind: str = "fingerprint") -> str:
        """The pseudonym of a fingerprint, of a number of a certificate, or of a disk or port of storage."""
        found = self.pseudonyms.digest(digits)
        if len(digits) >= 6:
            self._note(digits.lower(), found, kind)
        return found

    def country(self, code: str) -> str:
        """One of the codes that no country has, XA to XZ; not one to one."""
        found = "X" + chr(ord("A") + self.pseudonyms.number(f"country {code.upper()}") % 26)
        self._note(f"c={code.lower()}", f"c={found.lower()}", "country")
        return found

    def gave_4(self, address: int) -> bool:
        """Whether that address is a pseudonym."""
        return address in self._drawn_4

    def gave_network(self, beginning: int) -> bool:
        """Whether a pseudonym of an address of this site begins with these 24 bits."""
        if self._all_drawn_4 is None:
            self._all_drawn_4 = AddressSet()
            for address in self.ipv4:
                self._all_drawn_4.add(self.addresses.ipv4(address))
        return self._all_drawn_4.has_network(beginning)

    def network(self, beginning: int) -> int:
        """The pseudonym of a network, by an address of zeros behind its beginning."""
        found = self.addresses.ipv4(beginning)
        self._drawn_networks.add(found)
        return found

    def gave_beginning(self, beginning: int) -> bool:
        """Whether that address of zeros is the pseudonym of a network."""
        return beginning in self._drawn_networks

    def gave_6(self, address: int) -> bool:
        """Whether that address is a pseudonym."""
        return address in self._drawn_6

    def replaced(self) -> Iterator[Tuple[str, str, str]]:
        """Original, pseudonym and kind of all that was replaced or may be."""
        for original, pseudonym in self.given.items():
            yield original, pseudonym, self.given_by_kind[original]
        for address in self._replaced_4:
            yield printed_4(address), printed_4(self.addresses.ipv4(address)), "address"

    def _note(self, original: str, pseudonym: str, kind: str) -> None:
        self.given[original] = pseudonym
        self.given_by_kind[original] = kind

    def _is_real(self, candidate: str) -> bool:
        """Whether a candidate is, or holds, what really is in the evidence."""
        lower = candidate.lower()
        tag = lower.split("-", 1)[-1] if lower.split("-", 1)[0] in (*PREFIXES, "name") else lower
        if lower in self.kinds or tag in self.kinds or lower in self.hardware or lower in self.digests:
            return True
        if candidate.upper() in self.serials or _LIKE_SOFTWARE.match(tag):
            return True
        if tag == lower:
            # within digits no name is read, and what of a number stays may spell one (4C00)
            return False
        # no longer name fits into a tag
        parts = (tag[at : at + length] for length in range(3, TAG + 1) for at in range(len(tag) - length + 1))
        return any(part in self.kinds for part in parts)


def hardware_of(text: str) -> Optional[str]:
    """Twelve digits in small letters of a CPU id, or of a MAC address with colons, dashes, AIX's dots or Cisco's.

    >>> hardware_of("00F6A1B24C00"), hardware_of("fa.16.3e.1b.22.1"), hardware_of("fa16.3e1b.2201"), hardware_of("10.1.1.7")
    ('00f6a1b24c00', 'fa163e1b2201', 'fa163e1b2201', None)
    """
    lower = text.strip().lower()
    if HARDWARE.fullmatch(lower):
        return lower
    parts = re.split(r"[:.-]", lower)
    if len(parts) == 6 and all(re.fullmatch(r"[0-9a-f]{1,2}", part) for part in parts):
        return "".join(part.zfill(2) for part in parts)
    if len(parts) == 3 and all(re.fullmatch(r"[0-9a-f]{4}", part) for part in parts):
        return "".join(parts)
    return None
