"""What each thing found in a text becomes: the pseudonym of a name, a remark for a secret, or what it was."""

import re
from typing import Dict, List, Optional, Tuple

from nimdoctor.redaction import key_material, passwords
from nimdoctor.redaction.addresses import decimal_4, printed_4
from nimdoctor.redaction.expressions import Expressions
from nimdoctor.redaction.levels import WINDOW, is_level, names_software
from nimdoctor.redaction.shapes import Found
from nimdoctor.redaction.site_names import SiteNames
from nimdoctor.redaction.spellings import Spellings
from nimdoctor.redaction.words import USERS


class Replacements:
    """Replaces in a word or a line whatever the expressions find there; `software`, `gate` and `strict` as in `Rewriter`."""

    def __init__(self, known: SiteNames, expressions: Expressions, *, software: bool, gate: bool, strict: bool) -> None:
        self._known = known
        self._expressions = expressions
        self._software = software
        self._gate = gate
        self._strict = strict
        self._before = b""
        self._counting: Dict[str, int] = {}
        self._spellings = Spellings(known, gate=gate, strict=strict, count=self._count)

    def of_word(self, word: bytes, before: bytes = b"") -> Found:
        """What a word becomes behind `before`."""
        self._before = before
        found = self._of(self._expressions.of(word), word)
        self._before = b""
        return found

    def of_line(self, line: bytes) -> Found:
        """What a line becomes that only shows as a whole."""
        return self._of(self._expressions.line, line)

    def of_address(self, word: bytes) -> Optional[bytes]:
        """What an address becomes that is no level; None where it stays."""
        four = decimal_4(word)
        found = None if four is None else self._spellings.four(four)
        return None if found is None else printed_4(found).encode("ascii")

    def _of(self, expression: "re.Pattern[bytes]", text: bytes) -> Found:
        self._counting = {}
        found = expression.sub(self._replaced, text)
        return (None if found == text else found), tuple(self._counting.items())

    def _replaced(self, match: "re.Match[bytes]") -> bytes:
        # groups are named for the methods here and of Spellings
        how = match.lastgroup or ""
        if how == "value":
            how = "secret"
        if how == "pseudonym" and self._known.pseudonyms.gave(match.group().decode("latin-1").lower()):
            return match.group()
        replaced: Optional[bytes] = (getattr(self, "_" + how, None) or getattr(self._spellings, how))(match)
        if replaced is None or replaced == match.group():
            return match.group()
        return replaced

    def _within(self, raw: bytes) -> bytes:
        return self._expressions.within(raw).sub(self._replaced, raw)

    def _count(self, kind: str) -> None:
        self._counting[kind] = self._counting.get(kind, 0) + 1

    def _pseudonym(self, match: "re.Match[bytes]") -> bytes:
        return self._within_word(match.group())

    def _within_word(self, raw: bytes) -> bytes:
        # looks like a pseudonym, but nobody was given it: whatever is known in it counts
        return re.sub(rb"[A-Za-z0-9]+", lambda part: self._plain(part.group()), raw)

    def _plain(self, raw: bytes) -> bytes:
        return self._given_word(raw) if self._known.is_known(raw.decode("latin-1")) else raw

    def _secret(self, match: "re.Match[bytes]") -> bytes:
        value = match.group("value")
        if value.startswith((b"*REMOVED*", b'"*REMOVED*', b"'*REMOVED*")) or not value.strip(b"\"' \t\r"):
            return self._within(match.group())
        self._count("password")
        quote = value[:1] if value[:1] in (b'"', b"'") else b""
        closed = quote if quote and value.endswith(quote) and len(value) > 1 else b""
        ended = b"\r" if value.endswith(b"\r") else b""
        return self._within(match.group("secret")) + quote + passwords.REMOVED.encode() + closed + ended

    def _program(self, match: "re.Match[bytes]") -> bytes:
        parts = passwords.OPTION.split(match.group())
        for at in range(2, len(parts), 3):
            self._count("password")
            parts[at] = passwords.REMOVED.encode()
        return b"".join(
            part if at % 3 == 2 else self._expressions.part_of_line.sub(self._replaced, part)
            for at, part in enumerate(parts)
        )

    def _hashed(self, match: "re.Match[bytes]") -> bytes:
        self._count("password")
        return passwords.REMOVED.encode()

    def _inurl(self, match: "re.Match[bytes]") -> bytes:
        self._count("password")
        user = match.group().split(b":", 1)[0]
        return self._user(user) + b":" + passwords.REMOVED.encode()

    def _solid(self, match: "re.Match[bytes]") -> bytes:
        if key_material.is_key_like(match.group()):
            self._count(key_material.KIND)
            return key_material.REMOVED.encode()
        return self._within(match.group())

    def _email(self, match: "re.Match[bytes]") -> bytes:
        user, _, place = match.group().partition(b"@")
        text = place.decode("latin-1")
        if re.fullmatch(r"[\d.]+", text):
            return self._within(user) + b"@" + self._within(place)
        if not self._strict:
            return self._within(user) + b"@" + self._within(place)
        if self._gate:
            first, *others = text.split(".")
            mine = (self._is_mine(first) or bool(self._known.stays(first))) and all(map(self._is_mine, others))
            plain = user.lower().decode("latin-1") in USERS or self._is_mine(user.decode("latin-1"))
            if not (mine and plain):
                self._count("e-mail address")
            return self._within(user) + b"@" + self._within(place)
        self._count("e-mail address")
        return (
            self._user(user)
            + b"@"
            + self._known.name(text, "host" if self._is_host(text) else "domain").encode("latin-1")
        )

    def _user(self, user: bytes) -> bytes:
        name = user.decode("latin-1")
        if name.lower() in USERS:
            return user
        return self._known.word(name, "user").encode("latin-1")

    def _is_mine(self, word: str) -> bool:
        return self._known.pseudonyms.gave(word.lower())

    def _is_host(self, name: str) -> bool:
        return self._known.kinds.get(name.split(".")[0].lower()) == "host"

    def _hexadecimal(self, match: "re.Match[bytes]") -> bytes:
        found = self._spellings.hexadecimal(match)
        return self._expressions.serials.sub(self._replaced, match.group()) if found is None else found

    def _numbers(self, match: "re.Match[bytes]") -> Optional[bytes]:
        parts = match.group().split(b".")
        if len(parts) == 3:
            return self._beginning(match, parts)
        four = _four(parts)
        if four is None or (len(parts) == 5 and int(parts[4]) > 65535):
            return None
        known = four in self._known.ipv4
        if len(parts) > 5 and not known:
            return None
        start = match.start()
        if _letter_before(match.string, start) and not known:
            return None
        after = match.string[match.end() : match.end() + 13].lower()
        reverse = after == b".in-addr.arpa"
        if reverse:
            four = int.from_bytes(four.to_bytes(4, "big"), "little")
        found = self._four(four, *self._near(match))
        if found is None:
            return None
        if reverse:
            found = int.from_bytes(found.to_bytes(4, "big"), "little")
        return b".".join([printed_4(found).encode("ascii"), *parts[4:]])

    def _near(self, match: "re.Match[bytes]") -> Tuple[bytes, int]:
        """What stands before a match as far as it tells a level, with the match; and where that begins."""
        before = (self._before + match.string[max(0, match.start() - WINDOW) : match.start()])[-WINDOW:]
        return before + match.group(), len(before)

    def _beginning(self, match: "re.Match[bytes]", parts: List[bytes]) -> Optional[bytes]:
        """Three numbers, where they begin an address of this site."""
        four = _four([*parts, b"0"])
        if four is None or not self._known.ipv4.has_network(four >> 8):
            return None
        if is_level(*self._near(match), self._software, False):
            return None
        if _letter_before(match.string, match.start()):
            return None
        found = self._known.addresses.ipv4(four)
        if self._gate and self._known.gave_network(four >> 8):
            return None
        self._count("address")
        return b".".join(printed_4(found).encode("ascii").split(b".")[:3])

    def _dashed(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """An address of this site within a name: ip-10-1-1-7."""
        mark = b"-" if b"-" in match.group() else b"_"
        four = _four(match.group().split(mark))
        if four is None or four not in self._known.ipv4:
            return None
        self._count("address")
        return printed_4(self._known.ip4(four)).encode("ascii").replace(b".", mark)

    def _full(self, match: "re.Match[bytes]") -> Optional[bytes]:
        """A name that shows by the end of its domain."""
        text = match.group().decode("latin-1")
        if names_software(text) or self._software:
            return self._within_dots(match.group())
        if not self._strict and not self._known.is_known(text):
            return self._within_dots(match.group())
        if self._gate and all(self._is_mine(label) for label in text.split(".")[1:]):
            return self._within_dots(match.group())
        self._count("host")
        return self._known.name(text, "host").encode("latin-1")

    def _own(self, match: "re.Match[bytes]") -> Optional[bytes]:
        text = match.group().decode("latin-1")
        if self._gate and all(self._is_mine(label) for label in text.split(".")[1:]):
            return None
        domain = text.lower() in self._known.domains
        self._count("domain" if domain else "host")
        return self._known.name(text, "domain" if domain else "host").encode("latin-1")

    def _within_dots(self, raw: bytes) -> bytes:
        return re.sub(rb"[^.]+", lambda part: self._label(part.group()), raw)

    def _label(self, raw: bytes) -> bytes:
        return re.sub(rb"[A-Za-z0-9_-]+", lambda part: self._plain(part.group()), raw)

    def _known_name(self, match: "re.Match[bytes]") -> bytes:
        return self._given_word(match.group())

    _known_short = _known_name

    def _given_word(self, raw: bytes) -> bytes:
        text = _decoded(raw)
        kind = self._known.kinds.get(text.lower(), "name")
        self._count(kind)
        return self._known.word(text, kind).encode("utf-8", "surrogateescape")

    def _serial(self, match: "re.Match[bytes]") -> Optional[bytes]:
        text = match.group().decode("ascii")
        if self._gate and self._is_mine(text):
            return None
        self._count("serial")
        found = self._known.serial(text)
        return (found if text == text.upper() else found.lower()).encode("ascii")

    def _four(self, four: int, text: bytes, start: int) -> Optional[int]:
        """The pseudonym of an address that begins at `start`; None where it is none, or stays."""
        known = four in self._known.ipv4
        if is_level(text, start, self._software, known):
            return None
        found = self._spellings.four(four)
        if found is not None:
            self._count("address")
        return found


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _four(parts: List[bytes]) -> Optional[int]:
    numbers = [int(part) for part in parts[:4]]
    return int.from_bytes(bytes(numbers), "big") if max(numbers) < 256 else None


def _letter_before(text: bytes, start: int) -> bool:
    """Whether the word begins with letters, as versions do (`v1.2.3.4`); not with an escape."""
    if not start or not text[start - 1 : start].isalpha():
        return False
    return not re.search(rb"\\[nrtbf]\Z|\x1b\[[\d;]*m\Z", text[max(0, start - 10) : start])
