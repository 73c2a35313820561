"""Pseudonyms by HMAC-SHA256: the same key and the same name give the same pseudonym, on whichever host."""

import hashlib
import hmac
import re
from typing import Callable, Dict, Set

ALPHABET = "bcdfghjkmnpqrstvwxz23456789"
"""Of tags: without vowels, so that no words arise, and without what is easily misread."""
TAG = 8
PREFIXES = {"host": "host", "user": "user"}
"""By kind; every other name (domains, NIM objects, organisations) is `name-...`, so that one word is one pseudonym."""
PSEUDONYM = rf"(?:host|name|user)-[{ALPHABET}]{{{TAG}}}"
TURNS = 64


class Exhausted(Exception):
    """No pseudonym is free: what is to be redacted is not what it seems."""


class Pseudonyms:
    """Draws pseudonyms; `taken` says which words really are in the evidence, so that none of them becomes one."""

    def __init__(self, key: bytes, taken: Callable[[str], bool]) -> None:
        self._key = key
        self._taken = taken
        self._given: Dict[str, str] = {}
        self._owner: Dict[str, str] = {}
        self._spellings: Set[str] = set()

    def word(self, word: str, kind: str) -> str:
        """Of one label or name: `host-k3vx7q2m`, in capitals where the name is."""
        found = self._of(f"word {word.lower()}", lambda turn: self._tag(word.lower(), turn), PREFIXES.get(kind, "name"))
        found = spelled_as(word, found)
        self._spellings.add(found)
        return found

    def cpu_id(self, digits: str) -> str:
        """Of twelve hexadecimal digits: a machine id keeps its frame (00......4C00), any other (a MAC) its first bit."""
        lower = digits.lower()
        if lower.startswith("00") and lower.endswith("4c00"):
            found = self._of(
                f"hex {lower}", lambda turn: f"00{self._permuted(int(lower[2:8], 16), 12, turn):06x}4c00", ""
            )
        else:
            found = self._of(f"hex {lower}", lambda turn: self._hardware(int(lower, 16), turn), "")
        return found.upper() if digits != lower else found

    def serial(self, serial: str) -> str:
        """Of a serial number: digits stay digits, letters letters."""
        return self._of(f"serial {serial.upper()}", lambda turn: self._like(serial.upper(), turn), "")

    def digest(self, digits: str) -> str:
        """Of a fingerprint or the number of a certificate: as many hexadecimal digits, the first of them not 0."""
        lower = digits.lower()
        if not lower.strip("0-"):
            return digits
        length = len(lower)

        def drawn(turn: int) -> str:
            raw = ""
            while len(raw) < length:
                raw += self._mac(f"digest {len(raw)}", lower, turn).hex()
            return ("123456789abcdef"[int(raw[0], 16) % 15] + raw[1:])[:length]

        return self._of(f"digest {lower}", drawn, "", free=length >= 6)

    def number(self, what: str) -> int:
        """A number drawn for that; not one to one."""
        return int.from_bytes(self._mac("number", what, 0)[:4], "big")

    def gave(self, found: str) -> bool:
        """Whether that is a pseudonym given to something, in any spelling."""
        return found in self._owner or found.lower() in self._owner or found.upper() in self._owner

    # -- drawing

    def _of(self, what: str, draw: Callable[[int], str], prefix: str, free: bool = True) -> str:
        known = self._given.get(what)
        if known is None:
            for turn in range(TURNS):
                known = f"{prefix}-{draw(turn)}" if prefix else draw(turn)
                if not free or (self._owner.get(known, what) == what and not self._taken(known)):
                    break
            else:
                raise Exhausted("no pseudonym is free")
            self._given[what] = known
            self._owner[known] = what
        return known

    def _mac(self, purpose: str, what: str, turn: int) -> bytes:
        content = f"{purpose}\0{turn}\0{what}".encode("utf-8", "surrogateescape")
        return hmac.new(self._key, content, hashlib.sha256).digest()

    def _tag(self, word: str, turn: int) -> str:
        number = int.from_bytes(self._mac("word", word, turn), "big")
        letters = []
        for _ in range(TAG):
            number, at = divmod(number, len(ALPHABET))
            letters.append(ALPHABET[at])
        return "".join(letters)

    def _like(self, serial: str, turn: int) -> str:
        drawn = self._mac("serial", serial, turn) + self._mac("serial more", serial, turn)
        kinds = {True: "0123456789", False: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
        return "".join(
            kinds[char.isdigit()][drawn[at % 64] % len(kinds[char.isdigit()])] if char.isalnum() else char
            for at, char in enumerate(serial)
        )

    def _hardware(self, value: int, turn: int) -> str:
        group = 1 << 40
        found = self._permuted(value, 24, turn)
        while found & group != value & group:
            found = self._permuted(found, 24, turn)
        return f"{found:012x}"

    def _permuted(self, value: int, half: int, turn: int) -> int:
        """A keyed permutation of numbers of twice that many bits: four rounds of a Feistel network."""
        mask = (1 << half) - 1
        left, right = value >> half, value & mask
        for step in range(4):
            drawn = int.from_bytes(self._mac(f"round {half} {step}", str(right), turn)[:4], "big")
            left, right = right, left ^ (drawn & mask)
        return left << half | right


def spelled_as(word: str, pseudonym: str) -> str:
    """In capitals where the word is, with a capital where it has one.

    >>> spelled_as("LPAR7", "host-k3vx"), spelled_as("Lpar7", "host-k3vx"), spelled_as("lpar7", "host-k3vx")
    ('HOST-K3VX', 'Host-k3vx', 'host-k3vx')
    """
    letters = re.sub(r"[^A-Za-z]", "", word)
    if not letters or letters.islower():
        return pseudonym
    return pseudonym.upper() if letters.isupper() else pseudonym.capitalize()
