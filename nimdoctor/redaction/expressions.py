"""The expressions that find what is known and what shows by its shape, each compiled when it is first needed.

One for all would do, but takes ten times as long for a word that can hold a name at most. So a word is looked at by the
smallest that has all that can be in it; what each leaves out cannot be in such a word.
"""

import re
from functools import cache, cached_property
from typing import Iterable, List, Sequence

from nimdoctor.redaction import patterns
from nimdoctor.redaction.alternation import alternation
from nimdoctor.redaction.passwords import MARKS, SECRET, may_name_password
from nimdoctor.redaction.pseudonyms import ALPHABET, PSEUDONYM, TAG
from nimdoctor.redaction.shapes import shape_of
from nimdoctor.redaction.site_names import SiteNames

_PLAIN = re.compile(rb"(?!(?:[^_-]*[_-]){3})(?!.{0,36}MII)[^@{$.:\\%([\x1b]{1,39}\Z", re.DOTALL)
"""A word of letters and digits that holds no more than a name, a number of a machine or a pseudonym."""
_UNMARKED = re.compile(rb"[^@{$]*\Z", re.DOTALL)
"""A word that holds neither an e-mail address nor a password."""


@cache
def _of_lines() -> "re.Pattern[bytes]":
    return re.compile("|".join(patterns.OF_LINES).encode("latin-1"), re.IGNORECASE)


@cache
def _dump() -> "re.Pattern[bytes]":
    return re.compile(patterns.DUMP.encode("ascii"), re.IGNORECASE)


def shows_in_whole(message: bytes, marks: Sequence[bytes] = MARKS) -> bool:
    """Whether more than a word of that line shows that it holds something, with one of these marks if it is a password.

    Digits are all one to it.
    """
    if may_name_password(message.lower(), marks) and _of_lines().search(message):
        return True
    return bool(_dump().match(message))


class Expressions:
    """Of what is known now. With `gate` pseudonyms are found too, so that nothing is looked for in them."""

    def __init__(self, known: SiteNames, *, gate: bool) -> None:
        self._known = known
        self._gate = gate

    @cached_property
    def line(self) -> "re.Pattern[bytes]":
        """For a whole line: all there is."""
        return self._compiled([*patterns.OF_LINES, *self._marked()])

    @cached_property
    def part_of_line(self) -> "re.Pattern[bytes]":
        """For a part of the command line of a program: all there is but such a line."""
        return self._compiled([SECRET, *self._marked()])

    @cached_property
    def serials(self) -> "re.Pattern[bytes]":
        """For digits that are nothing else: numbers of machines, wherever they stand."""
        return self._compiled([self._serial(of_shapes=False)])

    def within(self, matched: bytes) -> "re.Pattern[bytes]":
        """For what stands within a match, of whatever length."""
        if b"@" in matched:
            return self._within_mail
        # nothing so short is a line of a key
        return self._unmarked_word if len(matched) < 20 else self._within

    @cached_property
    def _within(self) -> "re.Pattern[bytes]":
        return self._compiled(self._unmarked(of_shapes=False))

    @cached_property
    def _within_mail(self) -> "re.Pattern[bytes]":
        return self._compiled([patterns.EMAIL, *self._unmarked(of_shapes=False)])

    def of(self, word: bytes) -> "re.Pattern[bytes]":
        """For a word between blanks, of a line without a word for a password: finds what `line` would find in it."""
        if _PLAIN.match(word):
            return self._plain_word
        return self._unmarked_word if _UNMARKED.match(word) else self._marked_word

    def may_hold(self, shape: bytes) -> bool:
        """Whether `of` finds anything in any word of that shape; True where that cannot be told."""
        if _PLAIN.match(shape):
            return bool(self._plain_shape.search(shape))
        return not _UNMARKED.match(shape) or bool(self._unmarked_shape.search(shape))

    @cached_property
    def _plain_word(self) -> "re.Pattern[bytes]":
        return self._compiled(self._plain(of_shapes=False))

    @cached_property
    def _unmarked_word(self) -> "re.Pattern[bytes]":
        return self._compiled([patterns.SOLID, *self._unmarked(of_shapes=False)])

    @cached_property
    def _marked_word(self) -> "re.Pattern[bytes]":
        return self._compiled(self._marked())

    @cached_property
    def _plain_shape(self) -> "re.Pattern[bytes]":
        return self._compiled(self._plain(of_shapes=True), of_shapes=True)

    @cached_property
    def _unmarked_shape(self) -> "re.Pattern[bytes]":
        return self._compiled([patterns.SOLID, *self._unmarked(of_shapes=True)], of_shapes=True)

    def _compiled(self, parts: List[str], *, of_shapes: bool = False) -> "re.Pattern[bytes]":
        pseudonym = rf"(?:host|name|user)-[{ALPHABET}0]{{{TAG}}}" if of_shapes else PSEUDONYM
        own = [rf"(?P<pseudonym>(?<![A-Za-z0-9]){pseudonym}(?![A-Za-z0-9]))"] if self._gate else []
        return re.compile("|".join([*own, *parts]).encode("latin-1"), re.IGNORECASE)

    def _plain(self, *, of_shapes: bool) -> List[str]:
        names = self._names(of_shapes)
        return [
            self._serial(of_shapes),
            r"(?<![A-Za-z0-9])(?:" + "|".join([patterns.TOKEN, *names, patterns.HEXADECIMAL]) + ")",
        ]

    def _marked(self) -> List[str]:
        return [patterns.HASHED, patterns.IN_URL, patterns.SOLID, patterns.EMAIL, *self._unmarked(of_shapes=False)]

    def _unmarked(self, *, of_shapes: bool) -> List[str]:
        domains = alternation(_forms(self._known.dotted, of_shapes))
        own = [
            patterns.TOKEN,
            patterns.UUID,
            patterns.full_name_of(domains),
            *self._names(of_shapes),
            patterns.HEXADECIMAL,
        ]
        return [
            patterns.FINGERPRINT,
            patterns.COLONS,
            patterns.MAC,
            patterns.IPV6,
            patterns.DEFANGED,
            patterns.REVERSED,
            patterns.NETWORK,
            patterns.NUMBERS,
            patterns.DASHED,
            self._serial(of_shapes),
            patterns.FULL_NAME,
            f"{patterns.BEFORE}(?:{'|'.join(own)})",
        ]

    def _names(self, of_shapes: bool) -> List[str]:
        names = alternation(_forms((name for name in self._known.kinds if len(name) > 2), of_shapes))
        short = alternation(_forms((name for name in self._known.kinds if len(name) == 2), of_shapes))
        return [
            rf"(?P<known_name>{names}){patterns.AFTER}",
            rf"(?P<known_short>(?<!-){short}){patterns.AFTER}",
        ]

    def _serial(self, of_shapes: bool) -> str:
        return rf"(?P<serial>{alternation(_forms(self._known.serials, of_shapes))})"


def _forms(names: Iterable[str], of_shapes: bool) -> List[str]:
    """The names as they may stand in bytes, each byte a character; or the shapes of them."""
    found = set()
    for name in names:
        for form in (name, name.upper()) if not name.isascii() else (name,):
            found.add(form.encode("utf-8", "surrogateescape"))
            try:
                found.add(form.encode("latin-1"))
            except UnicodeEncodeError:
                pass
    return sorted({(shape_of(form) if of_shapes else form).decode("latin-1") for form in found})
