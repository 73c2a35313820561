"""Text in, text without names out: one pass over each line, and a line that comes again costs nothing."""

import re
from collections import Counter
from itertools import compress, count, repeat
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from nimdoctor.redaction import key_material, passwords
from nimdoctor.redaction.addresses import MANY, decimal_4, numbers_4, printed_4, printed_all_4
from nimdoctor.redaction.expressions import Expressions, shows_in_whole
from nimdoctor.redaction.levels import WINDOW, is_level, may_name, names_software
from nimdoctor.redaction.shapes import KEPT, Counts, Found, Memo, Place, Plan, Shapes
from nimdoctor.redaction.site_names import SiteNames
from nimdoctor.redaction.spellings import Spellings
from nimdoctor.redaction.words import USERS

_STAMP = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d "
    rb"\d{4}[ \t]"
)
"""Begins a line of nimsh.log."""
_DOTS_BETWEEN_NUMBERS = re.compile(rb"\d\.\d")
_BARE = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}")
"""An address and nothing else."""

_DIGIT = re.compile(rb"\d")
_ALONE, _ADDRESS, _DEPENDS, _LINE, _OPEN = range(5)
"""What is at a place: a word, an address, a word that what stands before it makes another, or the whole line."""
_LARGE = 64 * 1024
"""Bytes of a text that make it worth while to compile expressions for shapes."""
_LONG_WORD, _LONG_MESSAGE = 128, 512


class Rewriter:
    """Rewrites text by what is known. `software` is for the output of commands that list levels of software.

    With `gate` nothing is meant to be left to replace: the text stays as it is, and what is left in it is counted.
    Without `strict` only what is known counts, besides passwords and keys. `second` is the gate's, which looks at
    whatever was rewritten: where it finds anything left, the whole becomes a remark.
    """

    def __init__(
        self,
        known: SiteNames,
        expressions: Expressions,
        *,
        second: "Optional[Rewriter]" = None,
        software: bool = False,
        gate: bool = False,
        strict: bool = True,
    ) -> None:
        self._known = known
        self._second = second
        self._software = software
        self._gate = gate
        self._strict = strict
        self._expressions = expressions
        self._shapes = Shapes(_STAMP, self._look)
        self._by_shape = False
        self._harmless: Set[bytes] = set()
        self._words = Memo(_LONG_WORD)
        self._messages = Memo(_LONG_MESSAGE)
        self._addresses: Dict[bytes, Optional[bytes]] = {}
        self._before = b""
        self._counting: Dict[str, int] = {}
        self._spellings = Spellings(known, gate=gate, strict=strict, count=self._count)

    def rewrite(self, raw: bytes, counts: "Counter[str]") -> bytes:
        """The text with pseudonyms; what was replaced is added to `counts` by kind. Lines keep their number."""
        if len(raw) > _LARGE and not self._by_shape:
            self._by_shape = True
            self._shapes.clear()
        lines = raw.split(b"\n")
        plans = self._shapes.plans(raw)
        words, messages = self._words.known, self._messages.known
        addresses: List[Tuple[int, int, int]] = []
        counted_each: List[Counts] = []
        opened: List[int] = []
        keys: List[int] = []
        for at, line, plan in compress(zip(count(), lines, plans), plans):
            start, end, what, base = plan[0]
            if len(plan) > 1 or what > _ADDRESS:
                start, end = base, len(line)
                message = line[base:]
                found, counted = messages.get(message) or self._message(message, plan)
                if plan[-1][2] == _OPEN:
                    opened.append(at)
            elif what == _ADDRESS:
                addresses.append((at, start, end))
                continue
            else:
                word = line[start:end]
                found, counted = words.get(word) or self._word(word)
            if counted:
                counted_each.append(counted)
                if counted[0][0] == key_material.KIND:
                    keys.append(at)
            if found is not None:
                lines[at] = line[:start] + found + line[end:]
        for counted, times in Counter(counted_each).items():
            for kind, number in counted:
                counts[kind] += number * times
        if addresses:
            self._replace_addresses(lines, addresses, counts)
        self._beyond(lines, opened, keys, counts)
        return raw if self._gate else b"\n".join(lines)

    def left(self, raw: bytes) -> Optional[str]:
        """The kind of what it finds in a text, None for nothing."""
        counts: Counter[str] = Counter()
        self.rewrite(raw, counts)
        return next(iter(counts), None)

    def _beyond(self, lines: List[bytes], opened: List[int], keys: List[int], counts: "Counter[str]") -> None:
        """What goes on beyond its line: a password that stands on the next one, the lines around one of a key."""
        for at in opened:
            number = next((near for near in range(at + 1, min(at + 4, len(lines))) if lines[near].strip()), at)
            stamp = _STAMP.match(lines[number])
            start = stamp.end() if stamp else 0
            found = None if number == at else passwords.without_password(lines[number][start:])
            if found is not None:
                counts["password"] += 1
                lines[number] = lines[number][:start] + found
        if keys:
            removed = key_material.without_the_rest(lines, keys)
            if removed:
                counts[key_material.KIND] += removed

    # -- where in a line something may be

    def _look(self, new: Sequence[Tuple[bytes, Plan]]) -> None:
        marks = passwords.marks_in(b"\n".join([shape for shape, _ in new]))
        for shape, plan in new:
            opened = bool(marks) and passwords.leaves_open(shape)
            if opened or shows_in_whole(shape, marks):
                plan.append((0, len(shape), _LINE, 0))
                if opened:
                    plan.append((len(shape), len(shape), _OPEN, 0))
            else:
                plan.extend(self._places(shape))

    def _places(self, shape: bytes) -> Iterator[Place]:
        """Word by word: most words are met again, and few hold anything at all."""
        start, depends = 0, False
        for word in shape.split(b" "):
            end = start + len(word)
            if word not in self._harmless and not self._is_harmless(word):
                # whether numbers are a level depends on what stands before
                numbers = _DOTS_BETWEEN_NUMBERS.search(word)
                near = shape[max(0, start - WINDOW) : end]
                depends = depends or self._software or bool(numbers and may_name(near))
                yield start, end, _DEPENDS if numbers and depends else _ADDRESS if _BARE.fullmatch(word) else _ALONE, 0
                # what stands there then shows only in the line
                depends = True
            start = end + 1

    def _is_harmless(self, shape: bytes) -> bool:
        """Whether nothing is found in any word of that shape."""
        if self._by_shape:
            harmless = not self._expressions.may_hold(shape)
        else:
            harmless = not _DIGIT.search(shape) and not self._expressions.of(shape).search(shape)
        if harmless and len(shape) <= _LONG_WORD and len(self._harmless) < KEPT:
            self._harmless.add(shape)
        return harmless

    # -- what stands there

    def _word(self, word: bytes) -> Found:
        """What a word becomes, whatever stands before it."""
        found = self._searched(word)
        if self._second and self._second._searched(word if found[0] is None else found[0])[1]:
            found = _refused(found)
        self._words.keep(word, found)
        return found

    def _searched(self, word: bytes) -> Found:
        self._counting = {}
        found = self._expressions.of(word).sub(self._replaced, word)
        return (None if found == word else found), tuple(self._counting.items())

    def _message(self, message: bytes, plan: Plan) -> Found:
        """What a line becomes, but for its stamp."""
        counting: Dict[str, int] = {}
        if plan[0][2] == _LINE:
            self._counting = counting
            changed = self._expressions.line.sub(self._replaced, message)
        else:
            changed = self._by_word(message, plan, counting)
        found = (None if changed == message else changed), tuple(counting.items())
        if self._second and self._second.left(changed):
            found = _refused(found)
        self._messages.keep(message, found)
        return found

    def _by_word(self, message: bytes, plan: Plan, counting: Dict[str, int]) -> bytes:
        before, done = b"", 0
        parts: List[bytes] = []
        for start, end, what, base in plan:
            word = message[start - base : end - base]
            between = message[done : start - base]
            before = (before + between)[-WINDOW:]
            if what == _DEPENDS and (self._software or may_name(before + word)):
                self._before = before
                found, counted = self._searched(word)
                self._before = b""
            else:
                found, counted = self._words.known.get(word) or self._word(word)
            new = word if found is None else found
            parts += between, new
            before = (before + new)[-WINDOW:]
            done = end - base
            for kind, number in counted:
                counting[kind] = counting.get(kind, 0) + number
        return b"".join(parts) + message[done:]

    def _replace_addresses(
        self, lines: List[bytes], places: Sequence[Tuple[int, int, int]], counts: "Counter[str]"
    ) -> None:
        """Those that stand there and are no levels, in these lines by number."""
        words = [lines[at][start:end] for at, start, end in places]
        new = set(words).difference(self._addresses)
        if len(self._addresses) + len(new) > KEPT:
            self._addresses.clear()
            new = set(words)
        if new:
            self._addresses.update(self._redrawn(list(new)))
        replaced = 0
        for (at, start, end), found in zip(places, map(self._addresses.__getitem__, words)):
            if found is not None:
                replaced += 1
                line = lines[at]
                lines[at] = line[:start] + found + line[end:]
        if replaced:
            counts["address"] += replaced

    def _redrawn(self, words: List[bytes]) -> Iterable[Tuple[bytes, Optional[bytes]]]:
        """Each with its pseudonym, None where it stays."""
        known = self._known
        numbers = numbers_4(words) if len(words) >= MANY else None
        if numbers is None:
            return [(word, self._address(word)) for word in words]
        if not self._gate:
            found = known.ip4_of_all(numbers)
            return zip(words, (new if new != word else None for word, new in zip(words, printed_all_4(found))))
        if all(map(known.gave_4, numbers)):
            return zip(words, repeat(None))
        return [(word, self._address(word)) for word in words]

    def _address(self, word: bytes) -> Optional[bytes]:
        """What an address becomes that is no level; None where it stays."""
        four = decimal_4(word)
        found = None if four is None else self._spellings.four(four)
        return None if found is None else printed_4(found).encode("ascii")

    def _four(self, four: int, text: bytes, start: int) -> Optional[int]:
        """The pseudonym of an address that begins at `start`; None where it is none, or stays."""
        known = four in self._known.ipv4
        if is_level(text, start, self._software, known):
            return None
        found = self._spellings.four(four)
        if found is not None:
            self._count("address")
        return found

    # -- one match

    def _replaced(self, match: "re.Match[bytes]") -> bytes:
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


def _refused(found: Found) -> Found:
    """A remark, in the place of what the gate would find anything left in."""
    return passwords.REMOVED.encode(), (*found[1], ("text that could not be redacted", 1))


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
